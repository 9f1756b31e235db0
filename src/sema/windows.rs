//! Windows over pictures of a known size.

use super::shapes::windowless;
use crate::diagnostic::Diagnostic;
use crate::network::{Chw, Slide};
use crate::source::Span;

/// What is put around a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// So many rows above and below, and columns left and right.
    Around([usize; 2]),
    /// So many that there is a window for every `stride`-th pixel; what is odd stands below and
    /// right (TensorFlow's "same").
    Same,
}

/// How a window moves, before the picture is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moves {
    /// Rows and columns of the window.
    pub window: [usize; 2],
    /// Step from window to window.
    pub stride: [usize; 2],
    /// What is put around the picture.
    pub padding: Padding,
    /// Step between the pixels of a window.
    pub dilation: [usize; 2],
    /// Whether a last window that begins inside may end outside (PyTorch's `ceil_mode`).
    pub ceil: bool,
}

/// Windows over one picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// How they move.
    pub slide: Slide,
    /// The padding that was asked for; `slide` has more where a last window ends outside.
    pub asked: [[usize; 2]; 2],
    /// Rows and columns of windows.
    pub output: [usize; 2],
}

impl Moves {
    /// The same step for rows and columns, and no more.
    pub fn even(window: [usize; 2], stride: usize, padding: [usize; 2]) -> Self {
        let padding = Padding::Around(padding);
        Self { window, stride: [stride; 2], padding, dilation: [1, 1], ceil: false }
    }

    /// The windows over a picture; an error where not one fits.
    pub fn over(&self, input: Chw, span: Span) -> Result<Placed, Diagnostic> {
        let extents = [input.h, input.w];
        let asked = [0, 1].map(|a| self.asked(extents[a], a));
        let padding = [0, 1].map(|a| [asked[a][0], asked[a][1] + self.overhang(extents[a], a)]);
        let slide = Slide { stride: self.stride, padding, dilation: self.dilation };
        let Some(output) = slide.output(extents, self.window) else {
            return Err(windowless(input, Slide::reach(self.window, self.dilation), asked, span));
        };
        Ok(Placed { slide, asked, output })
    }

    fn reach(&self, a: usize) -> usize {
        Slide::reach(self.window, self.dilation)[a]
    }

    fn asked(&self, extent: usize, a: usize) -> [usize; 2] {
        match self.padding {
            Padding::Around(sides) => [sides[a]; 2],
            Padding::Same => {
                let last = (extent.div_ceil(self.stride[a]) - 1) * self.stride[a];
                let total = (last + self.reach(a)).saturating_sub(extent);
                [total / 2, total - total / 2]
            }
        }
    }

    /// Rows or columns that the last window has beyond what was asked for.
    fn overhang(&self, extent: usize, a: usize) -> usize {
        let [before, after] = self.asked(extent, a);
        let (padded, stride) = (before + extent + after, self.stride[a]);
        let Some(rest) = padded.checked_sub(self.reach(a)).filter(|_| self.ceil) else { return 0 };
        let begins = rest.div_ceil(stride) * stride;
        if begins < before + extent { begins - rest } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(moves: Moves, extent: usize) -> (usize, [usize; 2], [usize; 2]) {
        let placed = moves.over(Chw { c: 1, h: extent, w: 64 }, Span::default()).unwrap();
        (placed.output[0], placed.asked[0], placed.slide.padding[0])
    }

    /// torch.nn.MaxPool2d(k, s, p, ceil_mode=True), one row a case: extent, k, s, p, windows.
    #[test]
    fn a_last_window_begins_inside() {
        let cases = [
            [5, 2, 2, 0, 3],
            [5, 3, 2, 1, 3],
            [6, 3, 2, 1, 4],
            [6, 2, 3, 0, 2],
            [4, 2, 3, 1, 2],
            [7, 3, 3, 0, 3],
            [3, 2, 2, 1, 2],
        ];
        for [extent, window, stride, padding, windows] in cases {
            let moves = Moves::even([window, 1], stride, [padding, 0]);
            let found = rows(Moves { stride: [stride, 1], ceil: true, ..moves }, extent);
            assert_eq!(found.0, windows, "{extent} {window} {stride} {padding}");
            assert_eq!(found.1, [padding; 2]);
        }
    }

    /// tf.nn.conv2d(padding="SAME"): the odd one below.
    #[test]
    fn same_has_a_window_for_each_step() {
        for (extent, window, stride, dilation, padding) in [
            (32usize, 3, 2, 1, [0, 1]),
            (33, 3, 2, 1, [1, 1]),
            (8, 2, 1, 1, [0, 1]),
            (8, 1, 3, 1, [0, 0]),
            (9, 3, 1, 2, [2, 2]),
        ] {
            let moves = Moves { padding: Padding::Same, ..Moves::even([window, 1], 1, [0, 0]) };
            let moves = Moves { stride: [stride, 1], dilation: [dilation, 1], ..moves };
            let expected = (extent.div_ceil(stride), padding, padding);
            assert_eq!(rows(moves, extent), expected, "{extent} {window} {stride}");
        }
    }

    #[test]
    fn windows_are_counted() {
        // Counted by hand: rows 0, 2, 4 and columns 0, 2.
        let input = Chw { c: 1, h: 7, w: 5 };
        let placed = Moves::even([3, 3], 2, [0, 0]).over(input, Span::default()).unwrap();
        assert_eq!(placed.output, [3, 2]);
        assert!(Moves::even([8, 1], 1, [0, 0]).over(input, Span::default()).is_err());
    }
}
