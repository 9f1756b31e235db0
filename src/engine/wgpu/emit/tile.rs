//! How a kernel's domain is cut into workgroups of 64 threads.

use crate::engine::wgpu::kernel::{Body, Column, Kernel};
use crate::graph::{Graph, Shape};

use super::matrices::Share;
use super::window::Window;
use super::{Extras, Layout, Style};

/// Threads of every workgroup.
pub(super) const THREADS: usize = 64;
/// Columns of the left operand staged at a time by a contraction.
pub(super) const DEPTH_STEP: usize = 16;
/// Workgroups that a weight gradient is split into, if it has enough images.
const WEIGHT_GROUPS: usize = 128;
/// Threads of a weight gradient in registers, if it has enough images.
const WEIGHT_THREADS: usize = 512;
/// The largest dispatch in one dimension; larger ones are folded into two.
pub(super) const LARGEST_DISPATCH: usize = 65_535;

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
    pub fn choices(extras: Extras) -> Vec<Blocking> {
        let with = |matrices| CUTS.map(|[rows, lanes]| Blocking { rows, lanes, matrices });
        let by_matrices = extras.matrices.map(|_| with(true).into_iter().rev());
        by_matrices.into_iter().flatten().chain(with(false)).collect()
    }

    /// Whether some device has this choice.
    pub fn is_known(self) -> bool {
        CUTS.contains(&[self.rows, self.lanes])
    }
}

impl Default for Blocking {
    fn default() -> Self {
        Self::choices(Extras::default())[0]
    }
}

/// A domain as rows × channels, and the tile of a workgroup: `lanes` threads side by side along
/// the channels, each with `width` of them, in `strips`, each thread with `per_thread` rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::wgpu) struct Tile {
    pub rows: usize,
    pub cols: usize,
    pub width: usize,
    pub lanes: usize,
    pub strips: usize,
    pub per_thread: usize,
    /// How a contraction is cut instead, if it goes without workgroup memory.
    pub window: Option<Window>,
    /// How subgroups share a contraction's tile, if they multiply matrices.
    pub share: Option<Share>,
    /// Ranges of images whose weight gradients are summed apart.
    pub splits: usize,
}

impl Tile {
    pub fn of(graph: &Graph, kernel: &Kernel, layout: Layout, blocking: Blocking) -> Self {
        let Shape([n, h, w, cols]) = kernel.domain.shape;
        let rows = n * h * w;
        let width = if cols.is_multiple_of(4) && rows > 1 { 4 } else { 1 };
        let contraction = match kernel.body {
            Body::Contract(node) | Body::Weights(node) => Some(node),
            Body::Map | Body::Fold(_) | Body::Gather(_) | Body::Merge { .. } => None,
        };
        let (least, most, per_thread) = match contraction {
            Some(_) => (4, blocking.lanes, blocking.rows),
            None => (1, THREADS, per_thread(kernel, layout.style)),
        };
        let lanes = (cols / width).next_power_of_two().clamp(least, most);
        let window = contraction.and_then(|node| layout.style.window(graph, node));
        let strips = THREADS / lanes;
        let matrices = layout
            .extras
            .matrices
            .filter(|_| blocking.matrices && contraction.is_some() && window.is_none());
        let share = matrices.and_then(|m| m.share(strips * per_thread, lanes * width));
        let tile = Self { rows, cols, width, lanes, strips, per_thread, window, share, splits: 1 };
        Self { splits: tile.splits(graph, kernel), ..tile }
    }

    fn splits(&self, graph: &Graph, kernel: &Kernel) -> usize {
        let Body::Weights(node) = kernel.body else { return 1 };
        let images = graph.node(graph.node(node).args[0]).ty.shape.0[0];
        let wanted = match self.window {
            None => WEIGHT_GROUPS.div_ceil(self.row_tiles() * self.col_tiles()),
            Some(window) => WEIGHT_THREADS.div_ceil(window.weight_threads()),
        };
        images.div_ceil(images.div_ceil(wanted.clamp(1, images)))
    }

    /// Images of one range.
    pub fn split_images(&self, images: usize) -> usize {
        images.div_ceil(self.splits)
    }

    /// Rows of a workgroup.
    pub fn tile_rows(&self) -> usize {
        self.strips * self.per_thread
    }

    pub fn row_tiles(&self) -> usize {
        self.rows.div_ceil(self.tile_rows())
    }

    pub fn col_tiles(&self) -> usize {
        self.cols.div_ceil(self.lanes * self.width)
    }

    /// Values that `kernel` leaves in its buffer of partial sums.
    pub fn partials(&self, kernel: &Kernel) -> usize {
        match kernel.body {
            Body::Weights(_) => self.splits * kernel.domain.shape.len(),
            Body::Map
            | Body::Contract(_)
            | Body::Fold(_)
            | Body::Gather(_)
            | Body::Merge { .. } => self.row_tiles() * kernel.columns.len() * self.cols,
        }
    }

    /// Where partial sum `column` of row tile `tile` starts: [tile][column][channel].
    pub fn partial_at(&self, kernel: &Kernel, tile: &str, column: usize) -> String {
        let (columns, cols) = (kernel.columns.len(), self.cols);
        format!("({tile} * {columns}u + {column}u) * {cols}u")
    }
}

/// Rows that one thread computes, outside contractions. Where they are not in a loop, software
/// adapters compile each.
fn per_thread(kernel: &Kernel, style: Style) -> usize {
    match style {
        Style::Sliding if !kernel.columns.is_empty() => 2,
        Style::Sliding | Style::Staged => 4,
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
