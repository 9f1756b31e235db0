//! How a kernel's domain is cut into workgroups of 64 threads.

use crate::graph::{Graph, Op, Shape};
use crate::schedule::kernel::{Body, Column, Kernel};

/// Threads of every workgroup.
pub(super) const THREADS: usize = 64;
/// Rows that one thread computes.
pub(super) const PER_THREAD: usize = 4;
/// Columns of the left operand staged at a time by a contraction.
pub(super) const DEPTH_STEP: usize = 16;
/// Workgroups that a weight gradient is split into, if it has enough images.
const WEIGHT_GROUPS: usize = 128;
/// The largest dispatch in one dimension; larger ones are folded into two.
pub(super) const LARGEST_DISPATCH: usize = 65_535;

/// A domain as rows × channels, and the tile of a workgroup: `lanes` threads side by side along
/// the channels, each with `width` of them, in `strips`, each thread with [`PER_THREAD`] rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    pub rows: usize,
    pub cols: usize,
    pub width: usize,
    pub lanes: usize,
    pub strips: usize,
}

impl Tile {
    pub fn of(kernel: &Kernel) -> Self {
        let Shape([n, h, w, cols]) = kernel.domain.shape;
        let rows = n * h * w;
        let width = if cols.is_multiple_of(4) && rows > 1 { 4 } else { 1 };
        // A contraction stages its rows: 64 of them, by 16 of the depth, fill a quarter of the
        // workgroup memory that every adapter has.
        let (least, most) = match kernel.body {
            Body::Contract(_) | Body::Weights(_) => (4, 8),
            Body::Map | Body::Fold(_) | Body::Gather(_) | Body::Merge { .. } => (1, THREADS),
        };
        let lanes = (cols / width).next_power_of_two().clamp(least, most);
        Self { rows, cols, width, lanes, strips: THREADS / lanes }
    }

    /// Rows of a workgroup.
    pub fn tile_rows(&self) -> usize {
        self.strips * PER_THREAD
    }

    pub fn row_tiles(&self) -> usize {
        self.rows.div_ceil(self.tile_rows())
    }

    pub fn col_tiles(&self) -> usize {
        self.cols.div_ceil(self.lanes * self.width)
    }

    /// Values that `kernel` leaves in its buffer of partial sums.
    pub fn partials(graph: &Graph, kernel: &Kernel) -> usize {
        let tile = Tile::of(kernel);
        match kernel.body {
            Body::Weights(_) => splits(graph, kernel) * kernel.domain.shape.len(),
            Body::Map
            | Body::Contract(_)
            | Body::Fold(_)
            | Body::Gather(_)
            | Body::Merge { .. } => tile.row_tiles() * kernel.columns.len() * tile.cols,
        }
    }

    /// Where partial sum `column` of row tile `tile` starts: [tile][column][channel].
    pub fn partial_at(&self, kernel: &Kernel, tile: &str, column: usize) -> String {
        let (columns, cols) = (kernel.columns.len(), self.cols);
        format!("({tile} * {columns}u + {column}u) * {cols}u")
    }
}

/// Ranges of images whose weight gradients are summed apart.
pub(super) fn splits(graph: &Graph, kernel: &Kernel) -> usize {
    let Body::Weights(node) = kernel.body else { return 1 };
    let tile = Tile::of(kernel);
    let images = graph.node(graph.node(node).args[0]).ty.shape.0[0];
    let wanted = WEIGHT_GROUPS.div_ceil(tile.row_tiles() * tile.col_tiles()).min(images);
    images.div_ceil(images.div_ceil(wanted.max(1)))
}

/// Depth of a contraction, and of the part that one split has.
pub(super) fn depth(graph: &Graph, kernel: &Kernel) -> (usize, usize) {
    let (Body::Contract(node) | Body::Weights(node)) = kernel.body else { return (0, 0) };
    let extents = |arg: usize| graph.node(graph.node(node).args[arg]).ty.shape.0;
    match graph.node(node).op {
        Op::ConvDw(geometry) => {
            let images = extents(0)[0];
            let pixels: usize = geometry.output().iter().product();
            (images * pixels, images.div_ceil(splits(graph, kernel)) * pixels)
        }
        Op::ConvDx(geometry) => {
            let [_, _, _, outputs] = extents(1);
            let depth = geometry.kernel.iter().product::<usize>() * outputs;
            (depth, depth)
        }
        _ => {
            let [kh, kw, inputs, _] = extents(1);
            (kh * kw * inputs, kh * kw * inputs)
        }
    }
}

/// Position of a column among a kernel's columns.
pub(super) fn column_index(kernel: &Kernel, column: Column) -> Option<usize> {
    kernel.columns.iter().position(|c| *c == column)
}

/// The dispatch of `groups` workgroups.
pub(super) fn dispatch(groups: usize) -> [u32; 3] {
    [groups.min(LARGEST_DISPATCH) as u32, groups.div_ceil(LARGEST_DISPATCH) as u32, 1]
}
