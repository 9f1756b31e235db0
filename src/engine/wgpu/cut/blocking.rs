//! The candidates among which tuning chooses.

use super::capabilities::Capabilities;

/// Rows and lanes of every [`Blocking`].
const CUTS: [[usize; 2]; 4] = [[4, 8], [8, 8], [4, 16], [8, 16]];

/// How a contraction through workgroup memory is cut: what tuning chooses among.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocking {
    /// Rows of one thread.
    pub rows: usize,
    /// Most threads side by side along the channels.
    pub lanes: usize,
    /// Whether subgroups multiply matrices, where the device does and the tile has whole ones.
    pub matrices: bool,
}

impl Blocking {
    /// What there is to choose from, the one that is taken untried first. The largest has 128 rows
    /// by 16 columns of the depth by 4 lanes of four channels: in f32 these operands take 9 of the
    /// 16 KiB of workgroup memory that every adapter has; as matrices they take 5, and their sums 8.
    /// Sums of channels take one more.
    pub fn choices(capabilities: Capabilities) -> Vec<Blocking> {
        let with = |matrices| CUTS.map(|[rows, lanes]| Blocking { rows, lanes, matrices });
        let by_matrices = capabilities.matrices.map(|_| with(true).into_iter().rev());
        by_matrices.into_iter().flatten().chain(with(false)).collect()
    }

    /// Whether some device has this choice.
    pub fn is_known(self) -> bool {
        CUTS.contains(&[self.rows, self.lanes])
    }
}

impl Default for Blocking {
    fn default() -> Self {
        Self::choices(Capabilities::default())[0]
    }
}
