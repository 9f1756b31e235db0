//! Contractions without workgroup memory: which pixels and channels a thread has, and what it
//! sees of the left operand.

use crate::graph::{ConvGeometry, Graph, NodeId, Op};

use super::contract::Contraction;
use super::writer::Writer;

/// Most pixels of a thread: all sums of a step are written out, and compiled.
const PIXELS: usize = 16;
/// Most pixels that one step of a weight gradient adds up.
const WEIGHT_PIXELS: usize = 8;
/// Most sums of four channels that a thread of a weight gradient has.
const WEIGHT_SUMS: usize = 64;

/// What one thread computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::wgpu) struct Window {
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
        let node = graph.node(node);
        let (Op::Conv(geometry) | Op::ConvDx(geometry) | Op::ConvDw(geometry)) = node.op else {
            return None;
        };
        let channels = node.ty.shape.0[3];
        if !channels.is_multiple_of(4) || geometry.kernel[1] > PIXELS {
            return None;
        }
        match node.op {
            Op::ConvDx(_) => Self::over(geometry.input, geometry.stride, PIXELS, channels),
            Op::ConvDw(_) => {
                let inputs = graph.node(node.args[0]).ty.shape.0[3];
                Self::over_weights(geometry, inputs, channels)
            }
            _ => Self::over(geometry.output(), 1, at_once(PIXELS, geometry), channels),
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

    fn over_weights(geometry: ConvGeometry, inputs: usize, channels: usize) -> Option<Self> {
        let [_, w] = geometry.output();
        let most = at_once(WEIGHT_PIXELS, geometry);
        let across = [most, 4].into_iter().find(|across| w.is_multiple_of(*across))?;
        let inputs_at_once = if inputs.is_multiple_of(4) { 4 } else { 1 };
        let sums = geometry.kernel.iter().product::<usize>() * inputs_at_once;
        let blocks = blocks(if sums < 8 { 4 } else { 1 }, channels);
        let side = [channels / (4 * blocks), inputs / inputs_at_once];
        (sums <= WEIGHT_SUMS).then_some(Self { across, down: 1, blocks, side })
    }

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
pub(super) struct Reach {
    geometry: ConvGeometry,
    /// Whether windows are turned round: an input pixel looks for the outputs that saw it.
    adjoint: bool,
    /// Rows and columns of the left operand.
    source: [usize; 2],
    /// The first column that the last thread of a row sees.
    last: usize,
}

impl Reach {
    pub fn of(it: &Contraction, window: Window) -> Self {
        let geometry = it.geometry;
        if it.is_adjoint() {
            let last = (geometry.input[1] - window.across) / geometry.stride;
            return Self { geometry, adjoint: true, source: geometry.output(), last };
        }
        let last = (geometry.output()[1] - window.across) * geometry.stride;
        Self { geometry, adjoint: false, source: geometry.input, last }
    }

    /// The column that a thread's pixel sees at place `j` of a kernel's row, counted from
    /// [`Self::first`]; none where no stride leads there.
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

    /// A name for the column from which a thread whose first pixel is `x` counts.
    pub fn first(&self, writer: &mut Writer, x: &str) -> String {
        let stride = self.geometry.stride;
        writer.bind(if self.adjoint {
            format!("{x} / {stride}u")
        } else {
            format!("{x} * {stride}u")
        })
    }

    /// The row that row `y` sees at place `i` of the kernel, zero if there is none, and the
    /// condition that there is one.
    pub fn row(&self, writer: &mut Writer, y: &str, i: &str) -> Seen {
        let ConvGeometry { stride, padding: [padding, _], .. } = self.geometry;
        // Unsigned wrap-around turns what lies before the first row into what lies after the last.
        let (row, mut condition) = if self.adjoint {
            let from = writer.bind(format!("{y} + {padding}u - {i}"));
            let exact = (stride > 1).then(|| format!("{from} % {stride}u == 0u && "));
            (writer.bind(format!("{from} / {stride}u")), exact.unwrap_or_default())
        } else {
            (writer.bind(format!("{y} * {stride}u + {i} - {padding}u")), String::new())
        };
        condition += &format!("{row} < {}u", self.source[0]);
        let inside = writer.bind(condition);
        let index = writer.bind(format!("select(0u, {row}, {inside})"));
        Seen { index, inside }
    }

    /// Column `column` of a thread that counts from `first`, in a row that it sees.
    pub fn pixel(&self, writer: &mut Writer, first: &str, column: isize, row: &Seen) -> Seen {
        let sign = if column < 0 { '-' } else { '+' };
        let index = writer.bind(format!("{first} {sign} {}u", column.unsigned_abs()));
        let within = self.source[1] as isize;
        if column >= 0 && self.last as isize + column < within {
            return Seen { index, inside: row.inside.clone() };
        }
        let inside = writer.bind(format!("{} && {index} < {within}u", row.inside));
        Seen { index: writer.bind(format!("select(0u, {index}, {inside})")), inside }
    }
}

/// A row or a pixel that may lie outside: an index that can be read in any case, and the name of
/// the condition that what is read counts. Branches around loads cost as much as the loads.
pub(super) struct Seen {
    pub index: String,
    pub inside: String,
}
