//! The candidates among which tuning chooses.

use serde::{Deserialize, Serialize};

use super::depthwise::DepthwiseBlocking;
use super::strip::StripBlocking;
use super::weights::WeightBlocking;

/// How a contraction through workgroup memory is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Blocking {
    /// As a matrix product, whose left operand is made anew for each place of the kernel.
    Tile(TileBlocking),
    /// By strips of pixels, which are staged once.
    Strip(StripBlocking),
    /// A weight gradient by such strips.
    Weights(WeightBlocking),
    /// Of single channels, by blocks of pixels in registers.
    Depthwise(DepthwiseBlocking),
}

/// A tile of a matrix product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TileBlocking {
    /// Rows of one thread.
    pub rows: usize,
    /// Most threads side by side along the channels.
    pub lanes: usize,
    /// Whether subgroups multiply matrices, where the device does and the tile has whole ones.
    pub matrices: bool,
}

impl TileBlocking {
    /// What there is to choose from, the one that is taken untried first. The largest has 128 rows
    /// by 16 columns of the depth by 4 lanes of four channels: in f32 these operands take 9 of the
    /// 16 KiB of workgroup memory that every adapter has; as matrices they take 5, and their sums 8.
    /// Sums of channels take one more.
    pub fn all(matrices: bool) -> impl Iterator<Item = Self> {
        const CUTS: [[usize; 2]; 4] = [[4, 8], [8, 8], [4, 16], [8, 16]];
        let with = |matrices| CUTS.map(|[rows, lanes]| Self { rows, lanes, matrices });
        let by_matrices = matrices.then(|| with(true).into_iter().rev());
        by_matrices.into_iter().flatten().chain(with(false))
    }
}

impl Default for TileBlocking {
    fn default() -> Self {
        Self { rows: 4, lanes: 8, matrices: false }
    }
}
