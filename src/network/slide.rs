//! How windows move over pictures.

/// How a window moves over rows and columns, rows first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slide {
    /// Step from window to window.
    pub stride: [usize; 2],
    /// Rows above and below the picture, then columns left and right of it.
    pub padding: [[usize; 2]; 2],
    /// Step between the pixels of a window; 1 for neighbours.
    pub dilation: [usize; 2],
}

impl Slide {
    /// One step for both axes, the same padding before and after, no dilation.
    pub fn even(stride: usize, padding: [usize; 2]) -> Self {
        Self { stride: [stride; 2], padding: padding.map(|n| [n, n]), dilation: [1, 1] }
    }

    /// The step and the padding, where they are as [`Slide::even`] makes them.
    pub fn as_even(&self) -> Option<(usize, [usize; 2])> {
        let (stride, padding) = (self.stride[0], self.padding.map(|[before, _]| before));
        (*self == Self::even(stride, padding)).then_some((stride, padding))
    }

    /// A number for rows and one for columns, in texts: one where they are the same.
    pub fn pair([rows, columns]: [usize; 2]) -> String {
        if rows == columns { rows.to_string() } else { format!("{rows}×{columns}") }
    }

    /// Pixels from the first to the last of a window.
    pub fn reach(window: [usize; 2], dilation: [usize; 2]) -> [usize; 2] {
        [0, 1].map(|a| (window[a] - 1) * dilation[a] + 1)
    }

    /// Rows and columns of windows, of `window` pixels each, over `input`; `None` where not one
    /// fits.
    pub fn output(&self, input: [usize; 2], window: [usize; 2]) -> Option<[usize; 2]> {
        let reach = Self::reach(window, self.dilation);
        let count = |a: usize| {
            let padded = input[a] + self.padding[a].iter().sum::<usize>();
            Some(padded.checked_sub(reach[a])? / self.stride[a] + 1)
        };
        Some([count(0)?, count(1)?])
    }
}
