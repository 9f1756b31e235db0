//! y = conv(x) as a grid of output pixels.

use super::{Grid, Taps};
use crate::engine::cpu::operand::{Border, TileLayout};
use crate::graph::ConvGeometry;

/// Zeros that the convolution reads around its image.
pub fn border(geometry: &ConvGeometry) -> Border {
    let [rows, cols] = geometry.padding;
    Border { top: rows, left: cols, bottom: rows, right: cols }
}

/// First element that the first output pixel reads.
pub fn origin(geometry: &ConvGeometry, x: &TileLayout) -> usize {
    let row = x.border.top - geometry.padding[0];
    let col = x.border.left - geometry.padding[1];
    row * x.pitch() + col * x.channels
}

/// Pixels and taps from tile x to a result.
pub fn grid(
    geometry: &ConvGeometry,
    x: &TileLayout,
    written: usize,
    y: &TileLayout,
) -> (Grid, Taps) {
    let [rows, cols] = geometry.output();
    let grid = Grid {
        rows,
        cols,
        x_origin: origin(geometry, x),
        x_row: geometry.stride * x.pitch(),
        x_pixel: geometry.stride * x.channels,
        x_run: x.pitch(),
        y_origin: 0,
        y_row: y.pitch(),
        y_pixel: y.channels,
    };
    let [kernel_rows, kernel_cols] = geometry.kernel;
    let taps = Taps {
        rows: (0..kernel_rows).collect(),
        cols: (0..kernel_cols).collect(),
        read: x.channels,
        written,
    };
    (grid, taps)
}
