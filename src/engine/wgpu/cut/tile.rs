//! How a kernel's domain is cut into workgroups.

use crate::engine::wgpu::kernel::{Body, Kernel};
use crate::graph::{Graph, Shape};

use super::blocking::{Blocking, TileBlocking};
use super::candidates::candidates;
use super::contraction::{Contraction, ContractionKind};
use super::depthwise::{self, Depthwise, DepthwiseBlocking};
use super::matrices::MatrixShare;
use super::sight::Sight;
use super::strip::Strip;
use super::style::Style;
use super::sums::Parts;
use super::target::Target;
use super::weights::Weights;
use super::window::Window;
use super::workgroup::{DEPTH_STEP, THREADS};

/// Workgroups that a weight gradient is split into, if it has enough images.
const WEIGHT_GROUPS: usize = 128;
/// Threads of a weight gradient in registers, if it has enough images.
const WEIGHT_THREADS: usize = 512;

/// How a contraction's operands reach its threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Multiply {
    /// Through workgroup memory, each thread for its own elements; kernels that are no contraction
    /// have the same tiles.
    Scalars,
    /// Through workgroup memory, as matrices that subgroups hold together.
    Matrices(MatrixShare),
    /// Staged once.
    Strips(Strip),
    /// A weight gradient whose operands are staged once.
    Weights(Weights),
    /// From memory into registers.
    Sliding(Window),
    /// The same of groups of one channel.
    Depthwise(Depthwise),
}

/// A domain as rows × channels, and the tile of a workgroup: `lanes` threads side by side along
/// the channels, each with `width` of them, in `strips`, each thread with `per_thread` rows.
/// A tile's rows are neighbours in the domain, but those of a [`Strip`] are what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TileCut {
    /// Rows of the domain.
    pub rows: usize,
    /// Channels of the domain.
    pub cols: usize,
    /// Equal parts of the channels, of which a tile has one's alone.
    pub groups: usize,
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
    /// Of a kernel; a contraction as it is `blocked`, else as the target chooses.
    pub fn of(graph: &Graph, kernel: &Kernel, target: Target, blocked: Option<Blocking>) -> Self {
        let Some(it) = super::contraction(graph, kernel) else {
            return Self::of_threads(kernel, 1, [1, THREADS], per_thread(kernel, target.style));
        };
        let target = target.of(&it);
        if let Some(window) = target.style.window(graph, it.node) {
            let cut = Self {
                multiply: Multiply::Sliding(window),
                ..Self::of_threads(kernel, 1, [4, 8], 4)
            };
            return cut.split(&it);
        }
        let blocking = blocked.or_else(|| {
            let all = Self::candidates(graph, kernel, target);
            all.get(target.choice).or(all.last()).copied()
        });
        let sights = || [0, 1].map(|axis| Sight::of(&it, axis));
        let tiles = |blocking| Self::of_tiles(kernel, &it, target, blocking).split(&it);
        let staged = match blocking {
            Some(Blocking::Strip(blocking)) => {
                let strip = target.strip(&it, &sights(), blocking);
                strip.map(|strip| Self::of_strips(kernel, &it, strip))
            }
            Some(Blocking::Weights(blocking)) => Weights::of(&it, &sights(), blocking, &target)
                .map(|weights| Self::of_weights(kernel, &it, weights)),
            Some(Blocking::Tile(blocking)) => return tiles(blocking),
            Some(Blocking::Depthwise(blocking)) => {
                return Self::of_depthwise(kernel, &it, blocking);
            }
            None => None,
        };
        staged.unwrap_or_else(|| tiles(TileBlocking::default()))
    }

    /// What there is to choose from for a kernel; nothing where it is no contraction, or slides.
    pub fn candidates(graph: &Graph, kernel: &Kernel, target: Target) -> Vec<Blocking> {
        let tuned = |it: &Contraction| target.style.window(graph, it.node).is_none();
        let Some(it) = super::contraction(graph, kernel).filter(tuned) else { return Vec::new() };
        let sums = if kernel.columns.is_empty() { 0 } else { 4 * width(kernel, it.groups) };
        candidates(&it, &target.of(&it), sums)
    }

    /// As rows × channels, with this least and largest number of threads side by side.
    fn of_threads(
        kernel: &Kernel,
        groups: usize,
        [least, most]: [usize; 2],
        per_thread: usize,
    ) -> Self {
        let Shape([n, h, w, cols]) = kernel.domain.shape;
        let width = width(kernel, groups);
        let lanes = (cols / groups / width).next_power_of_two().clamp(least, most);
        Self {
            rows: n * h * w,
            cols,
            groups,
            width,
            lanes,
            strips: THREADS / lanes,
            per_thread,
            multiply: Multiply::Scalars,
            splits: 1,
            parts: None,
        }
    }

    /// A contraction as a matrix product.
    fn of_tiles(kernel: &Kernel, it: &Contraction, target: Target, blocking: TileBlocking) -> Self {
        let TileBlocking { rows, lanes, matrices } = blocking;
        let cut = Self::of_threads(kernel, it.groups, [4, lanes], rows);
        let offered = target.capabilities.matrices.filter(|_| matrices);
        let share = offered.and_then(|m| MatrixShare::of(m, cut.tile_rows(), cut.tile_cols()));
        Self { multiply: share.map_or(Multiply::Scalars, Multiply::Matrices), ..cut }
    }

    /// A contraction by strips.
    fn of_strips(kernel: &Kernel, it: &Contraction, strip: Strip) -> Self {
        let cut = Self::of_threads(kernel, it.groups, [1, THREADS], 1);
        let lanes = strip.blocking.channels / strip.width;
        let strips = strip.threads() / lanes;
        let per_thread = strip.tile_rows() / strips;
        Self {
            width: strip.width,
            lanes,
            strips,
            per_thread,
            multiply: Multiply::Strips(strip),
            ..cut
        }
    }

    /// A weight gradient by strips: its threads are numbered in one row.
    fn of_weights(kernel: &Kernel, it: &Contraction, weights: Weights) -> Self {
        let cut = Self::of_threads(kernel, it.groups, [1, THREADS], 1);
        Self {
            lanes: weights.threads(),
            strips: 1,
            multiply: Multiply::Weights(weights),
            splits: weights.splits(),
            ..cut
        }
    }

    /// A contraction of single channels, of which a thread's groups are neighbours.
    fn of_depthwise(kernel: &Kernel, it: &Contraction, blocking: DepthwiseBlocking) -> Self {
        let cut = Self::of_threads(kernel, 1, [1, THREADS], 1);
        let most = depthwise::lanes(cut.cols / cut.width);
        let (depthwise, lanes) = Depthwise::of(it, blocking, most);
        let cut = Self { lanes, multiply: Multiply::Depthwise(depthwise), ..cut };
        if depthwise.weights {
            let strips = depthwise.parts * depthwise.slices;
            let cut = Self { strips, ..cut };
            return Self { splits: depthwise.splits(cut.col_tiles()), ..cut };
        }
        let per_thread = blocking.rows * blocking.columns;
        Self { strips: THREADS / lanes, per_thread, ..cut }
    }

    /// The same with ranges of images, if it is a weight gradient.
    fn split(self, it: &Contraction) -> Self {
        match it.kind {
            ContractionKind::WeightGradient => Self { splits: self.splits(it.images), ..self },
            ContractionKind::Forward | ContractionKind::PictureGradient => self,
        }
    }

    fn splits(&self, images: usize) -> usize {
        let wanted = match self.multiply {
            Multiply::Scalars
            | Multiply::Matrices(_)
            | Multiply::Strips(_)
            | Multiply::Weights(_)
            | Multiply::Depthwise(_) => WEIGHT_GROUPS.div_ceil(self.row_tiles() * self.col_tiles()),
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

    /// Tiles one below the other, or strips.
    pub fn row_tiles(&self) -> usize {
        match self.multiply {
            Multiply::Strips(strip) => strip.tiles().iter().product(),
            Multiply::Weights(weights) => weights.tiles()[0],
            Multiply::Depthwise(depthwise) if depthwise.weights => 1,
            Multiply::Scalars
            | Multiply::Matrices(_)
            | Multiply::Sliding(_)
            | Multiply::Depthwise(_) => self.rows.div_ceil(self.tile_rows()),
        }
    }

    /// Channels of a workgroup.
    pub fn tile_cols(&self) -> usize {
        self.lanes * self.width
    }

    /// Channels of a group.
    pub fn group_cols(&self) -> usize {
        self.cols / self.groups
    }

    /// Tiles side by side over the channels of a group.
    pub fn group_tiles(&self) -> usize {
        match self.multiply {
            Multiply::Weights(weights) => weights.tiles()[1],
            Multiply::Scalars
            | Multiply::Matrices(_)
            | Multiply::Strips(_)
            | Multiply::Sliding(_)
            | Multiply::Depthwise(_) => self.group_cols().div_ceil(self.tile_cols()),
        }
    }

    /// Tiles side by side.
    pub fn col_tiles(&self) -> usize {
        self.groups * self.group_tiles()
    }

    /// How the subgroups share a tile, if they multiply matrices.
    pub fn share(&self) -> Option<MatrixShare> {
        match self.multiply {
            Multiply::Matrices(share) => Some(share),
            Multiply::Scalars
            | Multiply::Strips(_)
            | Multiply::Weights(_)
            | Multiply::Sliding(_)
            | Multiply::Depthwise(_) => None,
        }
    }

    /// The strip of a workgroup, if it has one.
    pub fn strip(&self) -> Option<Strip> {
        match self.multiply {
            Multiply::Strips(strip) => Some(strip),
            Multiply::Scalars
            | Multiply::Matrices(_)
            | Multiply::Weights(_)
            | Multiply::Sliding(_)
            | Multiply::Depthwise(_) => None,
        }
    }

    /// Whether each element of a thread is a row of the domain that only what multiplies knows: else
    /// they lie `strips` apart.
    pub fn names_rows(&self) -> bool {
        matches!(self.multiply, Multiply::Strips(_) | Multiply::Depthwise(_))
    }

    /// Whether subgroups multiply matrices.
    pub fn by_matrices(&self) -> bool {
        match self.multiply {
            Multiply::Matrices(_) => true,
            Multiply::Strips(strip) => strip.by_matrices(),
            Multiply::Weights(weights) => weights.strip.by_matrices(),
            Multiply::Scalars | Multiply::Sliding(_) | Multiply::Depthwise(_) => false,
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
            (
                _,
                Multiply::Scalars
                | Multiply::Matrices(_)
                | Multiply::Strips(_)
                | Multiply::Weights(_)
                | Multiply::Depthwise(_),
            ) => self.row_tiles() * self.col_tiles() * self.splits,
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
            | Body::Total { .. }
            | Body::Ranks(_) => self.row_tiles() * kernel.columns.len() * self.cols,
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
            Multiply::Strips(strip) => strip.memory(),
            Multiply::Weights(weights) => weights.memory(),
            Multiply::Depthwise(depthwise) if depthwise.weights => {
                f32 * self.width * self.threads()
            }
            Multiply::Scalars | Multiply::Sliding(_) | Multiply::Depthwise(_) => 0,
        };
        columns + operands + self.joining_memory(kernel)
    }
}

/// Neighbouring channels of a thread, all of one group.
fn width(kernel: &Kernel, groups: usize) -> usize {
    let Shape([n, h, w, cols]) = kernel.domain.shape;
    if (cols / groups).is_multiple_of(4) && n * h * w > 1 { 4 } else { 1 }
}

/// Rows that one thread computes, outside contractions. Where they are not in a loop, software
/// adapters compile each.
fn per_thread(kernel: &Kernel, style: Style) -> usize {
    match style {
        Style::Sliding if !kernel.columns.is_empty() => 2,
        Style::Sliding | Style::Staged => 4,
    }
}
