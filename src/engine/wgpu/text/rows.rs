//! How many rows of the domain a tile has: the last of a kind may have fewer than the others.

use crate::engine::wgpu::cut::{Strip, StripBlocking, TileCut};

impl TileCut {
    /// How many rows a row tile has, as an f32.
    pub(super) fn rows_of(&self, tile: &str) -> String {
        let [rows, whole] = [self.rows, self.tile_rows()];
        match self.strip() {
            Some(strip) => format!("f32({})", pixels(&strip, tile)),
            None => format!("f32(min({whole}u, {rows}u - {tile} * {whole}u))"),
        }
    }
}

/// How many pixels the strip of this number has: an expression.
fn pixels(strip: &Strip, tile: &str) -> String {
    let StripBlocking { images, rows, columns, .. } = strip.blocking;
    let [n, h, w] = strip.pixels;
    let [_, down, across] = strip.tiles();
    let (rows, columns) = (rows * strip.classes, columns * strip.classes);
    let part = |each: usize, of: usize, first: String| {
        if of.is_multiple_of(each) {
            format!("{each}u")
        } else {
            format!("min({each}u, {of}u - {first} * {each}u)")
        }
    };
    [
        part(images, n, format!("{tile} / {}u", down * across)),
        part(rows, h, format!("({tile} / {across}u % {down}u)")),
        part(columns, w, format!("({tile} % {across}u)")),
    ]
    .join(" * ")
}
