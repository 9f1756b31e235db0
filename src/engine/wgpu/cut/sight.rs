//! What a strip of a contraction's pixels sees of the left operand, along one axis.
//!
//! Pixels of the result are those of a *grid*: every pixel of a forward convolution; for a gradient
//! with respect to the pictures, the pixels of a *class*, which are `stride` apart and meet the same
//! places of the kernel. Classes share one grid and one piece of the left operand.

use super::contraction::{Contraction, ContractionKind};

/// One axis of a strip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// Pixels of the grid.
    pub grid: usize,
    /// Classes, each with a grid of its own.
    pub classes: usize,
    /// Staged pixels from one pixel of the grid to the next.
    pub stride: usize,
    /// Pixels of the left operand from one staged pixel to the next.
    pub step: usize,
    /// The left operand's pixel that the grid's first pixel sees first.
    pub origin: isize,
    /// Staged pixels that one pixel of the grid sees.
    pub span: usize,
    /// Where the kernel's places are met.
    pub taps: Vec<Tap>,
}

/// A place of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap {
    /// By pixels of which class.
    pub class: usize,
    /// The place.
    pub place: usize,
    /// Staged pixels from the first that a pixel of the grid sees.
    pub offset: usize,
}

impl Sight {
    /// Of rows (0) or columns (1).
    pub fn of(it: &Contraction, axis: usize) -> Self {
        let [kernel, padding] = [it.geometry.kernel[axis], it.geometry.padding[axis]];
        let (stride, input) = (it.geometry.stride, it.geometry.input[axis]);
        match it.kind {
            ContractionKind::PictureGradient => Self::turned(kernel, stride, padding, input),
            ContractionKind::Forward | ContractionKind::WeightGradient => {
                // Of a kernel of one place only what it stands on is staged.
                let (stride, step) = if kernel == 1 { (1, stride) } else { (stride, 1) };
                let tap = |place| Tap { class: 0, place, offset: place };
                Self {
                    grid: it.geometry.output()[axis],
                    classes: 1,
                    stride,
                    step,
                    origin: -(padding as isize),
                    span: kernel,
                    taps: (0..kernel).map(tap).collect(),
                }
            }
        }
    }

    /// Input pixel stride·u + class looks for the outputs that saw it.
    fn turned(kernel: usize, stride: usize, padding: usize, input: usize) -> Self {
        let [s, p] = [stride, padding].map(|v| v as isize);
        let places = (0..stride).flat_map(|class| (0..kernel).map(move |place| (class, place)));
        let met: Vec<_> = places
            .filter_map(|(class, place)| {
                let from = class as isize + p - place as isize;
                (from.rem_euclid(s) == 0).then(|| (class, place, from.div_euclid(s)))
            })
            .collect();
        let offsets = met.iter().map(|(_, _, offset)| *offset);
        let first = offsets.clone().min().unwrap_or(0);
        let last = offsets.max().unwrap_or(first);
        let tap = |(class, place, offset): (usize, usize, isize)| Tap {
            class,
            place,
            offset: (offset - first) as usize,
        };
        Self {
            grid: input.div_ceil(stride),
            classes: stride,
            stride: 1,
            step: 1,
            origin: first,
            span: (last - first) as usize + 1,
            taps: met.into_iter().map(tap).collect(),
        }
    }

    /// Staged pixels that so many neighbouring pixels of the grid see.
    pub fn staged(&self, pixels: usize) -> usize {
        (pixels - 1) * self.stride + self.span
    }
}
