//! Weight gradients that stage once.
//!
//! A workgroup has a block of input channels, one of output channels, and several strips of output
//! pixels, one after the other. It stages what a strip sees of the pictures, as a forward convolution
//! does (see [`Strip`]), and beside it the gradient of the strip's pixels; all places of the kernel
//! read both there, while the next strip's loads are under way. Sums stay in registers from strip to
//! strip. A *unit*, which is a thread or a subgroup, has a few rows of the kernel, `down` blocks of input
//! channels and `across` blocks of output channels: a block is a matrix, or four channels of a thread.
//! Units of the same sums are *slices*, which take turns at the runs of pixels; in the end they are
//! added up in order, and what the workgroups of other strips have is a part for the kernel that gathers.
//!
//! Pixels are the depth of these products: those that a run has beyond its row, or a strip beyond the
//! pictures, have no gradient, and meet numbers.

use serde::{Deserialize, Serialize};

use super::contraction::Contraction;
use super::sight::Sight;
use super::strip::{Share, Staged, Strip, StripBlocking};
use super::target::Target;

/// How a weight gradient is cut: what tuning chooses among.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Hash)]
pub struct WeightBlocking {
    /// Images of a strip.
    pub images: usize,
    /// Its rows of output pixels.
    pub rows: usize,
    /// Its columns.
    pub columns: usize,
    /// Input channels of a workgroup.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// Its strips, one after the other.
    pub each: usize,
    /// Whether the next strip is asked for before this one is multiplied.
    pub ahead: bool,
    /// What a unit adds up.
    pub unit: Unit,
    /// Units of the same sums.
    pub slices: usize,
}

/// What a thread or a subgroup adds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Hash)]
pub struct Unit {
    /// Rows of the kernel.
    pub kernel_rows: usize,
    /// Blocks of input channels.
    pub down: usize,
    /// Blocks of output channels.
    pub across: usize,
    /// Neighbouring pixels that a thread takes at once; none where subgroups multiply matrices.
    pub pixels: Option<usize>,
}

/// A blocking applied to a weight gradient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Weights {
    /// How it is cut.
    pub blocking: WeightBlocking,
    /// What a workgroup stages at once: as of a forward convolution, whose chunk are the input channels.
    pub strip: Strip,
    /// Places of the kernel.
    pub kernel: [usize; 2],
    /// Strips of all pictures.
    pub tasks: usize,
    /// Groups of channels.
    pub groups: usize,
    /// Channels of the operands that a group has.
    pub channels: [usize; 2],
    /// Channels of a block.
    pub block: usize,
}

impl Weights {
    /// A blocking applied; none where it takes matrices that there are not.
    pub(super) fn of(
        it: &Contraction,
        sights: &[Sight; 2],
        blocking: WeightBlocking,
        target: &Target,
    ) -> Option<Self> {
        let WeightBlocking { images, rows, columns, inputs, outputs, ahead, unit, .. } = blocking;
        let share = match unit.pixels {
            Some(pixels) => Share::Pixels(pixels),
            None => Share::Matrices { down: 1, across: 1 },
        };
        let (channels, chunk, whole) = (outputs, inputs, true);
        let blocking_of_strip =
            StripBlocking { images, rows, columns, channels, chunk, whole, ahead, share };
        let strip = target.strip(it, sights, blocking_of_strip)?;
        let block = if strip.by_matrices() { strip.run } else { 4 };
        Some(Self {
            blocking,
            strip,
            kernel: it.geometry.kernel,
            tasks: strip.tiles().iter().product(),
            groups: it.groups,
            channels: [it.inner, it.channels],
            block,
        })
    }

    /// Units along the kernel's rows, the input channels and the output channels.
    pub fn units(&self) -> [usize; 3] {
        let WeightBlocking { inputs, outputs, unit, .. } = self.blocking;
        let Unit { kernel_rows, down, across, .. } = unit;
        let block = self.block;
        [self.kernel[0] / kernel_rows, inputs / (down * block), outputs / (across * block)]
    }

    /// Threads of a workgroup.
    pub fn threads(&self) -> usize {
        self.units().iter().product::<usize>() * self.blocking.slices * self.strip.subgroup
    }

    /// Sums of a unit, in blocks of input by output channels.
    pub fn sums(&self) -> usize {
        let Unit { kernel_rows, down, across, .. } = self.blocking.unit;
        kernel_rows * self.kernel[1] * down * across
    }

    /// Blocks of input and of output channels of a group.
    pub fn tiles(&self) -> [usize; 2] {
        let [inputs, outputs] = self.channels;
        [inputs.div_ceil(self.blocking.inputs), outputs.div_ceil(self.blocking.outputs)]
    }

    /// Workgroups whose sums are parts of the same.
    pub fn splits(&self) -> usize {
        self.tasks.div_ceil(self.blocking.each)
    }

    /// Pixels of a strip's runs.
    pub fn pixels(&self) -> usize {
        self.strip.class_runs() * self.strip.run
    }

    /// The staged gradient.
    pub fn right(&self) -> Staged {
        let padding = if self.strip.by_matrices() { 2 } else { 0 };
        let stride = self.blocking.outputs / 4 + padding;
        Staged { len: self.pixels() * stride, stride }
    }

    /// Fours of numbers through which slices are added up.
    pub fn joined(&self) -> usize {
        let threads = self.threads() / self.strip.subgroup;
        match self.strip.by_matrices() {
            true => threads * self.block * self.block / 4,
            false if self.blocking.slices > 1 => threads,
            false => 0,
        }
    }

    /// Bytes of workgroup memory.
    pub fn memory(&self) -> usize {
        let operands = self.strip.left().len + self.right().len;
        let each = if self.strip.by_matrices() { 8 * self.strip.parts } else { 16 };
        each * operands + 16 * self.joined()
    }

    /// Whether every staged pixel that a run reads has been staged.
    pub fn is_filled(&self) -> bool {
        let StripBlocking { images, columns, .. } = self.strip.blocking;
        let [_, planes, _] = self.strip.staged;
        let whole = self.blocking.inputs <= self.channels[0].next_multiple_of(4);
        whole && planes == 1 && self.strip.runs() * self.strip.run == images * columns
    }
}
