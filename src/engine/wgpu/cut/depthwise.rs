//! Contractions whose groups are single channels, which are no matrix products: what counts is memory.
//!
//! Each thread has a block of pixels, in rows and columns, of a few neighbouring channels. It has in
//! registers what its block sees, each row once. Of a weight gradient a thread has a few rows of the
//! kernel, and goes over blocks of one row; threads of the same sums, which take turns at the blocks,
//! are *slices*.
//!
//! Blocks divide the pictures, so that every thread with pixels has as many.

use serde::{Deserialize, Serialize};

use super::contraction::{Contraction, ContractionKind};
use super::style::Style;
use super::target::Target;

/// Pixels of a thread.
const MOST_PIXELS: usize = 16;
/// Places of a kernel all of whose rows are written out; of a larger one there is a loop over rows.
const MOST_PLACES: usize = 25;
/// Sums of a thread of a weight gradient.
const MOST_SUMS: usize = 25;
/// Threads of a workgroup of a weight gradient.
const WEIGHT_THREADS: usize = 256;
/// Workgroups of a weight gradient, if there are enough pixels.
const WEIGHT_GROUPS: usize = 512;
/// Threads that fill a device.
const FULL: f64 = 65_536.0;

/// How such a contraction is cut: what tuning chooses among.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Hash)]
pub struct DepthwiseBlocking {
    /// Rows of a thread: of the result, or of the kernel for a weight gradient.
    pub rows: usize,
    /// Neighbouring pixels of a row.
    pub columns: usize,
}

/// A blocking applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Depthwise {
    /// How it is cut.
    pub blocking: DepthwiseBlocking,
    /// Images, rows and columns over which windows stand.
    pub pixels: [usize; 3],
    /// Parts of the kernel's rows, one where the result has pixels.
    pub parts: usize,
    /// Threads of the same sums.
    pub slices: usize,
    /// Whether a weight gradient is computed.
    pub weights: bool,
}

impl Depthwise {
    /// Whether a contraction is one of these: what has more kernel rows than a workgroup has threads
    /// is not.
    pub(super) fn suits(it: &Contraction) -> bool {
        it.groups > 1
            && it.inner == 1
            && it.channels == 1
            && it.geometry.kernel[0] <= WEIGHT_THREADS
    }

    /// A blocking applied, with so many threads side by side along the channels at most; and how many
    /// there are.
    pub(super) fn of(it: &Contraction, blocking: DepthwiseBlocking, most: usize) -> (Self, usize) {
        let pixels = it.pixels();
        if it.kind != ContractionKind::WeightGradient {
            return (Self { blocking, pixels, parts: 1, slices: 1, weights: false }, most);
        }
        let parts = it.geometry.kernel[0] / blocking.rows;
        let lanes = most.min(1 << (WEIGHT_THREADS / parts).ilog2());
        let slices = WEIGHT_THREADS / (lanes * parts);
        (Self { blocking, pixels, parts, slices, weights: true }, lanes)
    }

    /// Rows of pixels of a block.
    pub fn rows(&self) -> usize {
        if self.weights { 1 } else { self.blocking.rows }
    }

    /// Blocks of an image, below and beside each other.
    pub fn blocks(&self) -> [usize; 2] {
        let [_, h, w] = self.pixels;
        [h / self.rows(), w / self.blocking.columns]
    }

    /// Blocks of all images.
    pub fn all_blocks(&self) -> usize {
        self.pixels[0] * self.blocks().iter().product::<usize>()
    }

    /// Ranges of blocks that are workgroups of a weight gradient, where the channels are so many
    /// workgroups: each slice has at least two.
    pub(super) fn splits(&self, workgroups: usize) -> usize {
        let most = self.all_blocks().div_ceil(2 * self.slices);
        let each = self.all_blocks().div_ceil((WEIGHT_GROUPS / workgroups).clamp(1, most));
        self.all_blocks().div_ceil(each)
    }
}

/// Threads side by side for so many fours, or channels: few without any.
pub(super) fn lanes(all: usize) -> usize {
    let whole = 1 << all.trailing_zeros().min(4);
    whole.max(all.next_power_of_two().min(4))
}

/// The blockings of a contraction, the most promising first.
pub(super) fn ranked(it: &Contraction, target: &Target) -> Vec<DepthwiseBlocking> {
    let [_, h, w] = it.pixels();
    let columns = widths(it, w);
    let weights = it.kind == ContractionKind::WeightGradient;
    let rows: Vec<usize> = match (weights, target.style) {
        (true, _) => kernel_rows(it),
        (false, Style::Sliding) => vec![1],
        (false, Style::Staged) => heights(it, h),
    };
    let all = rows
        .iter()
        .flat_map(|&rows| columns.iter().map(move |&columns| DepthwiseBlocking { rows, columns }));
    let mut all: Vec<_> = all.filter(|b| weights || b.rows * b.columns <= MOST_PIXELS).collect();
    all.sort_by(|a, b| cost(it, *a).total_cmp(&cost(it, *b)).then(a.cmp(b)));
    all
}

/// Pixels of a row that divide it: whole strides of a gradient with respect to the pictures.
fn widths(it: &Contraction, w: usize) -> Vec<usize> {
    let all = (2..=MOST_PIXELS)
        .filter(|columns| w.is_multiple_of(*columns) && columns.is_multiple_of(step(it)));
    let all: Vec<_> = all.collect();
    if all.is_empty() { vec![1] } else { all }
}

/// Rows that divide a picture.
fn heights(it: &Contraction, h: usize) -> Vec<usize> {
    let places = it.geometry.kernel.iter().product::<usize>();
    let several = [2, 4].into_iter().filter(|rows| {
        places <= MOST_PLACES && h.is_multiple_of(*rows) && rows.is_multiple_of(step(it))
    });
    [1].into_iter().chain(several).collect()
}

/// Pixels of the result from one that meets a place of the kernel to the next.
fn step(it: &Contraction) -> usize {
    match it.kind {
        ContractionKind::PictureGradient => it.geometry.stride,
        ContractionKind::Forward | ContractionKind::WeightGradient => 1,
    }
}

/// All rows of the kernel, if a thread has so many sums, and one.
fn kernel_rows(it: &Contraction) -> Vec<usize> {
    let [kh, kw] = it.geometry.kernel;
    if kh > 1 && kh * kw <= MOST_SUMS { vec![kh, 1] } else { vec![1] }
}

/// What a pixel costs, in loads of one from memory: it is read and written once, and each load of what
/// a block sees takes a part of that; too few threads wait.
fn cost(it: &Contraction, DepthwiseBlocking { rows, columns }: DepthwiseBlocking) -> f64 {
    let geometry = it.geometry;
    let stride = geometry.stride;
    let seen = |pixels: usize, kernel: usize| match it.kind {
        ContractionKind::PictureGradient => (pixels + kernel - 1).div_ceil(stride),
        ContractionKind::Forward | ContractionKind::WeightGradient => {
            (pixels - 1) * stride + kernel
        }
    };
    let [kh, kw] = geometry.kernel;
    let pixels = it.pixels().iter().product::<usize>() as f64;
    let channels = it.groups as f64 / if it.groups.is_multiple_of(4) { 4.0 } else { 1.0 };
    if it.kind == ContractionKind::WeightGradient {
        let loads = (kh * seen(columns, kw) + kh / rows * columns) as f64 / columns as f64;
        let crowded = if columns > 8 { 1.5 } else { 1.0 };
        return (2.0 + 0.15 * loads) * crowded;
    }
    let down = if rows == 1 { kh } else { seen(rows, kh) };
    let block = (rows * columns) as f64;
    let loads = (down * seen(columns, kw)) as f64 / block;
    let waiting = (FULL * block / (pixels * channels)).max(1.0);
    // What a block sees is in registers.
    let crowded = if block > 8.0 { 1.1 } else { 1.0 };
    (2.0 + 0.15 * loads) * waiting * crowded
}
