//! Which pixels a contraction writes and which each reads, whatever computes them: forward
//! ([`forward`]) and, in classes of pixels that meet the same kernel positions, the input gradient
//! ([`dx`]).

pub mod dx;
pub mod forward;

/// Which pixels are written, and what each reads; distances in elements.
#[derive(Clone, Copy, Debug)]
pub struct Grid {
    /// Rows of pixels written; at least 1.
    pub rows: usize,
    /// Pixels written in a row; at least 1.
    pub cols: usize,
    /// First element that the first pixel reads.
    pub x_origin: usize,
    /// From a row of pixels to the next, in x.
    pub x_row: usize,
    /// From a pixel to the next, in x.
    pub x_pixel: usize,
    /// From a run to the next, in x.
    pub x_run: usize,
    /// First element written.
    pub y_origin: usize,
    /// From a row of pixels to the next, in y.
    pub y_row: usize,
    /// From a pixel to the next, in y.
    pub y_pixel: usize,
}

impl Grid {
    /// The same pixels in one row, where the distances allow it.
    pub fn flattened(self) -> Grid {
        let flat = self.x_row == self.cols * self.x_pixel && self.y_row == self.cols * self.y_pixel;
        match flat {
            true => Grid { rows: 1, cols: self.rows * self.cols, ..self },
            false => self,
        }
    }
}

/// The kernel taps that a sweep applies, in the order in which x holds what they read.
#[derive(Clone, Debug)]
pub struct Taps {
    /// Kernel rows, one a run.
    pub rows: Vec<usize>,
    /// Kernel columns, side by side in a run.
    pub cols: Vec<usize>,
    /// Channels of x.
    pub read: usize,
    /// Channels of y.
    pub written: usize,
}
