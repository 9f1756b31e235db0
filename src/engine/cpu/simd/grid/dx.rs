//! The adjoint with respect to x, as one grid for each class of input pixels.
//!
//! With stride s, kernel row r carries output row o to input row i = s·o + r − padding. Input
//! rows with equal (i + padding) mod s = a meet the same kernel rows r = a, a + s, a + 2s, …;
//! written i + padding = s·q + a, row r = a + s·j reads output row q − j. Columns alike. So no
//! zeros are inserted and none are multiplied, and neighbours in a class read neighbours in g.

use super::{Grid, Taps};
use crate::engine::cpu::operand::{Border, TileLayout};
use crate::graph::ConvGeometry;

/// Along one axis: the input positions that meet the same kernel positions.
#[derive(Clone, Debug)]
struct Class {
    /// First input position; the next is a stride further.
    first: usize,
    /// Input positions.
    count: usize,
    /// Kernel positions, in the order in which the output positions they read lie in g.
    taps: Vec<usize>,
    /// Output position that the first input position reads first; may lie in the border.
    reads: isize,
}

/// The classes of an axis that meet any kernel position.
fn classes(geometry: &ConvGeometry, axis: usize) -> Vec<Class> {
    let (stride, padding) = (geometry.stride, geometry.padding[axis]);
    let (input, kernel) = (geometry.input[axis], geometry.kernel[axis]);
    let class = |a: usize| {
        let first = (a + stride - padding % stride) % stride;
        let taps: Vec<usize> = (a..kernel).step_by(stride).rev().collect();
        let reads = ((first + padding) / stride) as isize - (taps.len() as isize - 1);
        let count = input.saturating_sub(first).div_ceil(stride);
        Class { first, count, taps, reads }
    };
    (0..stride.min(kernel)).map(class).filter(|class| class.count > 0).collect()
}

/// Zeros to put before and after g along an axis.
fn border_along(geometry: &ConvGeometry, axis: usize) -> (usize, usize) {
    let output = geometry.output()[axis] as isize;
    let (mut before, mut after) = (0, 0);
    for class in classes(geometry, axis) {
        let reads_last = class.reads + (class.count + class.taps.len()) as isize - 2;
        before = before.max(-class.reads);
        after = after.max(reads_last + 1 - output);
    }
    (before as usize, after as usize)
}

/// Zeros that the grids read around g.
pub fn border(geometry: &ConvGeometry) -> Border {
    let (top, bottom) = border_along(geometry, 0);
    let (left, right) = border_along(geometry, 1);
    Border { top, left, bottom, right }
}

/// Whether every input pixel is in some grid.
pub fn covers_input(geometry: &ConvGeometry) -> bool {
    let covered = |axis| {
        classes(geometry, axis).iter().map(|class| class.count).sum::<usize>()
            == geometry.input[axis]
    };
    covered(0) && covered(1)
}

/// Pixels and taps of each class, from tile g to a result. Input pixels that no kernel position
/// meets are in none.
pub fn grids(
    geometry: &ConvGeometry,
    g: &TileLayout,
    written: usize,
    dx: &TileLayout,
) -> Vec<(Grid, Taps)> {
    let columns = classes(geometry, 1);
    let class = |rows: &Class, cols: &Class| {
        let taps =
            Taps { rows: rows.taps.clone(), cols: cols.taps.clone(), read: g.channels, written };
        (grid(geometry, g, dx, rows, cols), taps)
    };
    classes(geometry, 0)
        .iter()
        .flat_map(|rows| columns.iter().map(|cols| class(rows, cols)).collect::<Vec<_>>())
        .collect()
}

fn grid(
    geometry: &ConvGeometry,
    g: &TileLayout,
    dx: &TileLayout,
    rows: &Class,
    cols: &Class,
) -> Grid {
    let row = g.border.top.saturating_add_signed(rows.reads);
    let col = g.border.left.saturating_add_signed(cols.reads);
    Grid {
        rows: rows.count,
        cols: cols.count,
        x_origin: row * g.pitch() + col * g.channels,
        x_row: g.pitch(),
        x_pixel: g.channels,
        x_run: g.pitch(),
        y_origin: rows.first * dx.pitch() + cols.first * dx.channels,
        y_row: geometry.stride * dx.pitch(),
        y_pixel: geometry.stride * dx.channels,
    }
}
