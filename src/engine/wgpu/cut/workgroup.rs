//! What every workgroup has, and the numbers of a dispatch.

/// Threads of every workgroup.
pub const THREADS: usize = 64;
/// Threads that add up a total, in one workgroup.
pub const TOTAL_THREADS: usize = 256;
/// Columns of the left operand staged at a time by a contraction.
pub const DEPTH_STEP: usize = 16;
/// The largest dispatch in one dimension; larger ones are folded into two.
const LARGEST_DISPATCH: usize = 65_535;

/// The dispatch of so many workgroups.
pub fn dispatch(workgroups: usize) -> [u32; 3] {
    [workgroups.min(LARGEST_DISPATCH) as u32, workgroups.div_ceil(LARGEST_DISPATCH) as u32, 1]
}
