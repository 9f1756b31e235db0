//! Which pixels a strip has.

use crate::engine::wgpu::cut::{Strip, StripBlocking};

/// Where a workgroup's strip begins, as arguments.
pub(super) const FIRST: &str = "first_image, first_row, first_column";

/// Statements that say where a workgroup's strip begins.
pub(in crate::engine::wgpu::text) fn places(strip: &Strip) -> String {
    let StripBlocking { images, rows, columns, .. } = strip.blocking;
    let [_, down, across] = strip.tiles();
    format!(
        "let first_image = tile / {}u * {images}u;
let first_row = tile / {across}u % {down}u * {rows}u;
let first_column = tile % {across}u * {columns}u;
",
        down * across
    )
}

/// The function that finds the domain's row of a row of the tile; beyond the last where the run
/// reaches beyond the strip, or the strip beyond the pictures.
pub(super) fn pixel(strip: &Strip) -> String {
    let StripBlocking { images, rows, columns, .. } = strip.blocking;
    let [n, h, w] = strip.pixels;
    let (run, runs, classes) = (strip.run, strip.runs(), strip.classes);
    let (mut y, mut x) = (
        format!("first_row + run / {runs}u % {rows}u"),
        format!("first_column + place / {images}u"),
    );
    let mut parity = String::new();
    if classes > 1 {
        parity = format!("    let parity = run / {}u;\n", strip.class_runs());
        y = format!("({y}) * {classes}u + parity / {classes}u");
        x = format!("({x}) * {classes}u + parity % {classes}u");
    }
    format!(
        "fn pixel(row: u32, first_image: u32, first_row: u32, first_column: u32) -> u32 {{
    let run = row / {run}u;
{parity}    let place = run % {runs}u * {run}u + row % {run}u;
    let n = first_image + place % {images}u;
    let y = {y};
    let x = {x};
    let inside = n < {n}u && y < {h}u && x < {w}u && place < {}u;
    return select(ROWS, (n * {h}u + y) * {w}u + x, inside);
}}
",
        columns * images
    )
}
