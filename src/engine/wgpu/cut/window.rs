//! Contractions without workgroup memory: which pixels and channels a thread has, and what it
//! sees of the left operand.

use crate::graph::{ConvGeometry, Graph, NodeId};

use super::contraction::{Contraction, ContractionKind};

/// Most pixels of a thread: all sums of a step are written out, and compiled.
const PIXELS: usize = 16;
/// Most pixels that one step of a weight gradient adds up.
const WEIGHT_PIXELS: usize = 8;
/// Most sums of four channels that a thread of a weight gradient has.
const WEIGHT_SUMS: usize = 64;

/// What one thread computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Window {
    /// Pixels side by side in a row.
    pub across: usize,
    /// Rows; more than one only of whole rows.
    pub down: usize,
    /// Groups of four channels of the result.
    pub blocks: usize,
    /// Threads side by side: along the result's channels and, for weights, along the inputs.
    pub side: [usize; 2],
}

impl Window {
    /// For a contraction that such windows fill without a rest.
    pub fn of(graph: &Graph, node: NodeId) -> Option<Self> {
        let it = Contraction::of(graph, node)?;
        let (geometry, channels) = (it.geometry, it.channels);
        if it.groups > 1 || !channels.is_multiple_of(4) || geometry.kernel[1] > PIXELS {
            return None;
        }
        match it.kind {
            ContractionKind::PictureGradient => {
                Self::over(geometry.input, geometry.stride, PIXELS, channels)
            }
            ContractionKind::WeightGradient => Self::over_weights(&it),
            ContractionKind::Forward => {
                Self::over(geometry.output(), 1, at_once(PIXELS, geometry), channels)
            }
        }
    }

    fn over([h, w]: [usize; 2], multiple: usize, most: usize, channels: usize) -> Option<Self> {
        let fits = |across: &usize| w.is_multiple_of(*across) && across.is_multiple_of(multiple);
        let across = [16, 8, 4].into_iter().filter(|across| *across <= most).find(fits)?;
        let rows = if across == w { most / across } else { 1 };
        let down = (1..=rows).rev().find(|down| h.is_multiple_of(*down))?;
        let blocks = blocks(2, channels);
        Some(Self { across, down, blocks, side: [channels / (4 * blocks), 1] })
    }

    fn over_weights(it: &Contraction) -> Option<Self> {
        let (geometry, channels) = (it.geometry, it.channels);
        let [_, w] = geometry.output();
        let most = at_once(WEIGHT_PIXELS, geometry);
        let across = [most, 4].into_iter().find(|across| w.is_multiple_of(*across))?;
        let sums = geometry.kernel.iter().product::<usize>() * it.a_width;
        let blocks = blocks(if sums < 8 { 4 } else { 1 }, channels);
        let side = [channels / (4 * blocks), it.inner / it.a_width];
        (sums <= WEIGHT_SUMS).then_some(Self { across, down: 1, blocks, side })
    }

    /// Pixels of a thread.
    pub fn pixels(&self) -> usize {
        self.across * self.down
    }

    /// Threads that share the weights' gradient over one range of images.
    pub fn weight_threads(&self) -> usize {
        self.side.iter().product()
    }
}

/// Half of the most pixels where there is a stride: these contractions are few, and load twice as
/// many numbers for a pixel, in text that is compiled for each load.
fn at_once(most: usize, geometry: ConvGeometry) -> usize {
    if geometry.stride > 1 { most / 2 } else { most }
}

/// As many groups of four channels as divide them, up to `most`.
fn blocks(most: usize, channels: usize) -> usize {
    (1..=most).rev().find(|blocks| channels.is_multiple_of(4 * blocks)).unwrap_or(1)
}

/// Which pixels of the left operand a thread sees.
pub struct WindowReach {
    /// The convolution.
    pub geometry: ConvGeometry,
    /// Whether windows are turned round: an input pixel looks for the outputs that saw it.
    pub adjoint: bool,
    /// Rows and columns of the left operand.
    pub source: [usize; 2],
    /// The first column that the last thread of a row sees.
    last: usize,
}

impl WindowReach {
    /// Of a contraction's threads.
    pub fn of(it: &Contraction, window: Window) -> Self {
        Self::along(it, 1, window.across)
    }

    /// Of threads with so many neighbouring pixels along an axis: if that is 0, rows and columns have
    /// changed places.
    pub fn along(it: &Contraction, axis: usize, pixels: usize) -> Self {
        let placed = |[rows, columns]: [usize; 2]| {
            if axis == 1 { [rows, columns] } else { [columns, rows] }
        };
        let ConvGeometry { input, kernel, padding, .. } = it.geometry;
        let [input, kernel, padding] = [input, kernel, padding].map(placed);
        let geometry = ConvGeometry { input, kernel, padding, ..it.geometry };
        if it.kind == ContractionKind::PictureGradient {
            let last = (geometry.input[1] - pixels) / geometry.stride;
            return Self { geometry, adjoint: true, source: geometry.output(), last };
        }
        let last = (geometry.output()[1] - pixels) * geometry.stride;
        Self { geometry, adjoint: false, source: geometry.input, last }
    }

    /// The column that a thread's pixel sees at place `j` of a kernel's row, counted from
    /// the thread's first; none where no stride leads there.
    pub fn column(&self, pixel: usize, j: usize) -> Option<isize> {
        let ConvGeometry { stride, padding, .. } = self.geometry;
        let [pixel, j, stride, padding] = [pixel, j, stride, padding[1]].map(|v| v as isize);
        if !self.adjoint {
            return Some(pixel * stride + j - padding);
        }
        let from = pixel + padding - j;
        (from.rem_euclid(stride) == 0).then(|| from.div_euclid(stride))
    }

    /// Every column that a thread sees, in order.
    pub fn columns(&self, across: usize) -> Vec<isize> {
        let places = (0..self.geometry.kernel[1]).flat_map(|j| (0..across).map(move |p| (p, j)));
        let mut all: Vec<isize> = places.filter_map(|(p, j)| self.column(p, j)).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether every thread of a row that sees column `column` from its first on sees one there.
    pub fn is_inside(&self, column: isize) -> bool {
        column >= 0 && self.last as isize + column < self.source[1] as isize
    }
}
