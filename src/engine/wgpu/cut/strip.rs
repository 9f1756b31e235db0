//! Contractions that stage their left operand once.
//!
//! A workgroup has a *strip*: some rows and columns of the grid (see [`Sight`]) of some images, with
//! a block of the result's channels. It stages what the strip sees of the left operand, halo
//! included and prologue applied, a few channels at a time, in the numbers in which they are
//! multiplied; all places of the kernel read it there. Weights of these channels lie beside it.
//!
//! Staged pixels lie row by row; in a row those `stride` apart are neighbours, so that neighbouring
//! pixels of the grid are neighbours there; the pixels of the strip's images lie beside each other.
//! The grid's pixels are taken in *runs* along a row: the rows of a matrix, or the pixels of a thread.

use super::capabilities::Matrices;
use super::contraction::{Contraction, ContractionKind};
use super::sight::Sight;

/// How the strips of a contraction are cut: what tuning chooses among.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, Hash,
)]
pub struct StripBlocking {
    /// Images of a strip.
    pub images: usize,
    /// Rows of the grid.
    pub rows: usize,
    /// Columns of the grid.
    pub columns: usize,
    /// Channels of the result.
    pub channels: usize,
    /// Channels of the left operand staged at a time.
    pub chunk: usize,
    /// Whether the weights of all rows of the kernel are staged at once, or of one.
    pub whole: bool,
    /// Whether the next channels are asked for before these are multiplied.
    pub ahead: bool,
    /// What a thread or subgroup multiplies.
    pub share: Share,
}

/// What a thread or a subgroup of a workgroup multiplies.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, Hash,
)]
pub enum Share {
    /// A thread: so many neighbouring pixels by four channels, or by one where they do not divide.
    Pixels(usize),
    /// A subgroup: matrices one below the other, of each class, by matrices side by side.
    Matrices {
        /// Runs of pixels.
        down: usize,
        /// Blocks of channels.
        across: usize,
    },
}

/// A blocking applied to a contraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Strip {
    /// How it is cut.
    pub blocking: StripBlocking,
    /// Images, rows and columns of the result.
    pub pixels: [usize; 3],
    /// Rows and columns of the grid.
    pub grid: [usize; 2],
    /// Classes along each axis.
    pub classes: usize,
    /// Pixels of a run.
    pub run: usize,
    /// Threads of a subgroup that multiplies matrices, one where threads multiply.
    pub subgroup: usize,
    /// Parts in which an operand of matrices is held.
    pub parts: usize,
    /// Staged rows, planes of a row, pixels of a plane.
    pub staged: [usize; 3],
    /// Staged rows from one row of the grid to the next.
    pub row_stride: usize,
    /// Places of the kernel whose weights are staged at once.
    pub places: usize,
    /// Whether weights lie along the channels that are added up, as for a gradient with respect to
    /// the pictures.
    pub adjoint: bool,
    /// Neighbouring channels of a thread.
    pub width: usize,
}

/// How an operand lies in workgroup memory: in fours of neighbouring channels, but weights that
/// threads multiply one channel at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Staged {
    /// Elements of one part.
    pub len: usize,
    /// Elements from one pixel, or one row of weights, to the next.
    pub stride: usize,
}

impl Strip {
    /// A blocking applied, with operands of matrices in so many parts, and so many neighbouring
    /// channels a thread; none where it takes matrices that there are not.
    pub(super) fn of(
        it: &Contraction,
        [rows, columns]: &[Sight; 2],
        blocking: StripBlocking,
        matrices: Option<Matrices>,
        [parts, width]: [usize; 2],
    ) -> Option<Self> {
        let (run, subgroup, parts) = match (blocking.share, matrices) {
            (Share::Pixels(pixels), _) => (pixels, 1, 1),
            (Share::Matrices { .. }, Some(Matrices { edge, subgroup })) => (edge, subgroup, parts),
            (Share::Matrices { .. }, None) => return None,
        };
        let across = columns.staged(blocking.columns);
        let kernel = it.geometry.kernel;
        Some(Self {
            blocking,
            pixels: it.pixels(),
            grid: [rows.grid, columns.grid],
            classes: rows.classes,
            run,
            subgroup,
            parts,
            staged: [rows.staged(blocking.rows), columns.stride, across.div_ceil(columns.stride)],
            row_stride: rows.stride,
            places: if blocking.whole { kernel[0] * kernel[1] } else { kernel[1] },
            adjoint: it.kind == ContractionKind::PictureGradient,
            width,
        })
    }

    /// Whether matrices are multiplied.
    pub fn by_matrices(&self) -> bool {
        matches!(self.blocking.share, Share::Matrices { .. })
    }

    /// Whether weights are staged with the channels that are added up side by side: matrices are
    /// read in either order.
    pub fn turned(&self) -> bool {
        self.adjoint && self.by_matrices()
    }

    /// Runs of a row of the strip.
    pub fn runs(&self) -> usize {
        (self.blocking.columns * self.blocking.images).div_ceil(self.run)
    }

    /// Runs of a class.
    pub fn class_runs(&self) -> usize {
        self.blocking.rows * self.runs()
    }

    /// Pixels of all runs, those beyond a row's end included.
    pub fn tile_rows(&self) -> usize {
        self.classes * self.classes * self.class_runs() * self.run
    }

    /// Subgroups that multiply matrices, side by side along the channels.
    pub fn side(&self) -> usize {
        match self.blocking.share {
            Share::Pixels(_) => 1,
            Share::Matrices { across, .. } => self.blocking.channels / self.run / across,
        }
    }

    /// Staged elements from one staged row to the next.
    pub fn pitch(&self) -> usize {
        let [_, planes, plane] = self.staged;
        planes * plane * self.blocking.images * self.left().stride
    }

    /// From the first pixel that one of the grid sees to the one at an offset of rows and columns: in
    /// staged elements.
    pub fn reach(&self, [down, across]: [usize; 2]) -> usize {
        let [_, planes, plane] = self.staged;
        let pixels = across % planes * plane + across / planes;
        down * self.pitch() + pixels * self.blocking.images * self.left().stride
    }

    /// The parts of both operands that are multiplied, the smallest products first.
    pub fn products(&self) -> &'static [[usize; 2]] {
        if self.parts == 2 { &[[1, 0], [0, 1], [0, 0]] } else { &[[0, 0]] }
    }

    /// Threads of a workgroup.
    pub fn threads(&self) -> usize {
        match self.blocking.share {
            Share::Pixels(_) => self.class_runs() * (self.blocking.channels / self.width),
            Share::Matrices { down, .. } => self.class_runs() / down * self.side() * self.subgroup,
        }
    }

    /// Strips along images, rows and columns.
    pub fn tiles(&self) -> [usize; 3] {
        let StripBlocking { images: each, rows, columns, .. } = self.blocking;
        let [h, w] = self.grid;
        [self.pixels[0].div_ceil(each), h.div_ceil(rows), w.div_ceil(columns)]
    }

    /// The staged piece of the left operand.
    pub fn left(&self) -> Staged {
        let padding = if self.by_matrices() { 2 } else { 1 };
        let stride = self.blocking.chunk / 4 + padding;
        let StripBlocking { images, columns, .. } = self.blocking;
        // The last run of the last row may reach beyond it.
        let beyond = self.runs() * self.run - columns * images;
        let pixels = self.staged.iter().product::<usize>() * images + beyond;
        Staged { len: pixels * stride, stride }
    }

    /// The staged weights.
    pub fn right(&self) -> Staged {
        let StripBlocking { channels, chunk, .. } = self.blocking;
        let (rows, stride) = match (self.by_matrices(), self.adjoint) {
            (true, false) => (chunk, channels / 4 + 2),
            (true, true) => (channels, chunk / 4 + 2),
            (false, _) => (chunk, channels / self.width),
        };
        Staged { len: self.places * rows * stride, stride }
    }

    /// Bytes of workgroup memory for operands and sums.
    pub fn memory(&self) -> usize {
        let [left, right] = [self.left().len, self.right().len];
        if !self.by_matrices() {
            return 16 * left + 4 * self.width * right;
        }
        8 * self.parts * (left + right) + 4 * self.tile_rows() * self.blocking.channels
    }
}
