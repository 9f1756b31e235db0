//! How a kernel's domain is cut into workgroups.

use crate::engine::wgpu::kernel::{Body, Kernel};
use crate::graph::{Graph, NodeId, Shape};

use super::contraction::{Contraction, ContractionKind};
use super::matrices::MatrixShare;
use super::style::Style;
use super::sums::Parts;
use super::target::Target;
use super::window::Window;
use super::workgroup::{DEPTH_STEP, THREADS};

/// Workgroups that a weight gradient is split into, if it has enough images.
const WEIGHT_GROUPS: usize = 128;
/// Threads of a weight gradient in registers, if it has enough images.
const WEIGHT_THREADS: usize = 512;

/// How a contraction's operands reach its threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Multiply {
    /// Through workgroup memory, each thread for its own elements; kernels that are no contraction
    /// have the same tiles.
    Scalars,
    /// Through workgroup memory, as matrices that subgroups hold together.
    Matrices(MatrixShare),
    /// From memory into registers.
    Sliding(Window),
}

/// A domain as rows × channels, and the tile of a workgroup: `lanes` threads side by side along
/// the channels, each with `width` of them, in `strips`, each thread with `per_thread` rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileCut {
    /// Rows of the domain.
    pub rows: usize,
    /// Channels of the domain.
    pub cols: usize,
    /// Neighbouring channels of a thread.
    pub width: usize,
    /// Threads side by side along the channels.
    pub lanes: usize,
    /// Threads one below the other.
    pub strips: usize,
    /// Rows of a thread, `strips` apart.
    pub per_thread: usize,
    /// How a contraction multiplies.
    pub multiply: Multiply,
    /// Ranges of images whose weight gradients are summed apart.
    pub splits: usize,
    /// Of a kernel that adds up what another leaves.
    pub parts: Option<Parts>,
}

impl TileCut {
    /// Of a kernel; the target's blocking is this kernel's.
    pub fn of(graph: &Graph, kernel: &Kernel, target: Target) -> Self {
        let Target { style, blocking, capabilities, .. } = target;
        let Shape([n, h, w, cols]) = kernel.domain.shape;
        let rows = n * h * w;
        let width = if cols.is_multiple_of(4) && rows > 1 { 4 } else { 1 };
        let contraction = match kernel.body {
            Body::Contract(node) | Body::Weights(node) => Some(node),
            Body::Map
            | Body::Fold(_)
            | Body::Gather(_)
            | Body::Merge { .. }
            | Body::Total { .. } => None,
        };
        let (least, most, per_thread) = match contraction {
            Some(_) => (4, blocking.lanes, blocking.rows),
            None => (1, THREADS, per_thread(kernel, style)),
        };
        let lanes = (cols / width).next_power_of_two().clamp(least, most);
        let strips = THREADS / lanes;
        let multiply = match contraction.and_then(|node| style.window(graph, node)) {
            Some(window) => Multiply::Sliding(window),
            None => capabilities
                .matrices
                .filter(|_| blocking.matrices && contraction.is_some())
                .and_then(|m| MatrixShare::of(m, strips * per_thread, lanes * width))
                .map_or(Multiply::Scalars, Multiply::Matrices),
        };
        let (splits, parts) = (1, None);
        let cut = Self { rows, cols, width, lanes, strips, per_thread, multiply, splits, parts };
        match kernel.body {
            Body::Weights(node) => Self { splits: cut.splits(graph, node), ..cut },
            Body::Map
            | Body::Contract(_)
            | Body::Fold(_)
            | Body::Gather(_)
            | Body::Merge { .. }
            | Body::Total { .. } => cut,
        }
    }

    fn splits(&self, graph: &Graph, node: NodeId) -> usize {
        let images = Contraction::of(graph, node).map_or(1, |it| it.images);
        let wanted = match self.multiply {
            Multiply::Scalars | Multiply::Matrices(_) => {
                WEIGHT_GROUPS.div_ceil(self.row_tiles() * self.col_tiles())
            }
            Multiply::Sliding(window) => WEIGHT_THREADS.div_ceil(window.weight_threads()),
        };
        images.div_ceil(images.div_ceil(wanted.clamp(1, images)))
    }

    /// Images of one range.
    pub fn split_images(&self, images: usize) -> usize {
        images.div_ceil(self.splits)
    }

    /// Products of a contraction that one range adds up.
    pub fn split_depth(&self, it: &Contraction) -> usize {
        let all = it.depth();
        match it.kind {
            ContractionKind::WeightGradient => all / it.images * self.split_images(it.images),
            ContractionKind::Forward | ContractionKind::PictureGradient => all,
        }
    }

    /// Rows of a workgroup.
    pub fn tile_rows(&self) -> usize {
        self.strips * self.per_thread
    }

    /// Tiles one below the other.
    pub fn row_tiles(&self) -> usize {
        self.rows.div_ceil(self.tile_rows())
    }

    /// Channels of a workgroup.
    pub fn tile_cols(&self) -> usize {
        self.lanes * self.width
    }

    /// Tiles side by side.
    pub fn col_tiles(&self) -> usize {
        self.cols.div_ceil(self.tile_cols())
    }

    /// How the subgroups share a tile, if they multiply matrices.
    pub fn share(&self) -> Option<MatrixShare> {
        match self.multiply {
            Multiply::Matrices(share) => Some(share),
            Multiply::Scalars | Multiply::Sliding(_) => None,
        }
    }

    /// Workgroups dispatched.
    pub fn workgroups(&self, kernel: &Kernel) -> usize {
        match (&kernel.body, self.multiply) {
            (Body::Weights(_), Multiply::Sliding(window)) => {
                (window.weight_threads() * self.splits).div_ceil(THREADS)
            }
            (_, Multiply::Sliding(window)) => {
                (self.rows / window.pixels()).div_ceil(THREADS) * window.side[0]
            }
            (_, Multiply::Scalars | Multiply::Matrices(_)) => {
                self.row_tiles() * self.col_tiles() * self.splits
            }
        }
    }

    /// Values that a kernel leaves in its buffer of partial sums.
    pub fn partials(&self, kernel: &Kernel) -> usize {
        match kernel.body {
            Body::Weights(_) => self.splits * kernel.domain.shape.len(),
            Body::Map
            | Body::Contract(_)
            | Body::Fold(_)
            | Body::Gather(_)
            | Body::Merge { .. }
            | Body::Total { .. } => self.row_tiles() * kernel.columns.len() * self.cols,
        }
    }

    /// Bytes of workgroup memory: operands and sums of a contraction, sums of columns.
    pub fn workgroup_memory(&self, kernel: &Kernel) -> usize {
        let [f16, f32] = [2, 4];
        let [rows, cols] = [self.tile_rows(), self.tile_cols()];
        let columns = if kernel.columns.is_empty() {
            0
        } else {
            f32 * self.width * (self.threads() + self.lanes)
        };
        let contracts = matches!(kernel.body, Body::Contract(_) | Body::Weights(_));
        let operands = match self.multiply {
            Multiply::Scalars if contracts => f32 * DEPTH_STEP * (rows + cols),
            Multiply::Matrices(_) => f16 * DEPTH_STEP * (rows + cols) + f32 * rows * cols,
            Multiply::Scalars | Multiply::Sliding(_) => 0,
        };
        columns + operands + self.joining_memory(kernel)
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
