//! What a device has beyond WebGPU's core.

/// What kernels may use beyond WebGPU's core, where a device has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Threads of a subgroup add up their sums without workgroup memory.
    pub subgroups: bool,
    /// Contractions in half precision as products of matrices that subgroups hold together.
    pub matrices: Option<Matrices>,
}

/// What a device multiplies: matrices of `edge` × `edge`, each by the `subgroup` threads of one
/// subgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matrices {
    /// Rows and columns of every matrix.
    pub edge: usize,
    /// Threads of every subgroup.
    pub subgroup: usize,
}
