//! Pooling, re-indexing and tile borders: steps that need no compiling.

use std::ops::Range;

use super::operand::{NumberFormat, Operand, TileLayout};
use crate::graph::{AxisMap, PoolGeometry, PoolKind, Remap};

/// A step on plain images in f32.
#[derive(Clone, Debug)]
pub enum Window {
    /// x → y: window pooling.
    Pool {
        /// Windows.
        geometry: PoolGeometry,
        /// Channels.
        channels: usize,
    },
    /// x, gradient of y → gradient of x: the adjoint of window pooling.
    PoolDx {
        /// Windows.
        geometry: PoolGeometry,
        /// Channels.
        channels: usize,
    },
    /// x → y: re-indexing of one image, or of a tensor outside the batch.
    Remap {
        /// Index maps.
        map: Remap,
        /// Extents of x.
        from: [usize; 4],
    },
}

impl Window {
    /// Computes one image. Pooling is inlined, as [`Isa`](super::simd::Isa) compiles it for each instruction
    /// set; in loops, since closures' calls may stay calls.
    #[inline(always)]
    pub fn run(&self, operands: &[&[f32]], result: &mut [f32]) {
        match (self, operands) {
            (Window::Pool { geometry, channels }, [x]) => pool(geometry, *channels, x, result),
            (Window::PoolDx { geometry, channels }, [x, g]) => {
                pool_dx(geometry, *channels, x, g, result);
            }
            (Window::Remap { map, from }, [x]) => remap(map, *from, x, result),
            (Window::Pool { .. } | Window::PoolDx { .. } | Window::Remap { .. }, _) => {
                unreachable!("{self:?} does not read {} tensors", operands.len())
            }
        }
    }

    /// What it is, and the bytes of an image that it reads and writes.
    pub fn describe(&self) -> (String, usize) {
        let pooled = |name: &str, g: &PoolGeometry, channels: usize| {
            let pixels = |[rows, columns]: [usize; 2]| rows * columns;
            let bytes = 4 * channels * (pixels(g.input) + pixels(g.output()));
            let [[rows, columns], [down, right]] = [g.window, g.stride];
            let shown = if rows == columns && down == right {
                format!("{name} {rows}/{down}")
            } else {
                format!("{name} {rows}×{columns}/{down}×{right}")
            };
            (shown, bytes)
        };
        match self {
            Window::Pool { geometry, channels } => pooled("pool", geometry, *channels),
            Window::PoolDx { geometry, channels } => pooled("pool_dx", geometry, *channels),
            Window::Remap { from: from @ [_, rows, columns, channels], .. } => {
                let bytes = 8 * from.iter().product::<usize>();
                (format!("remap {rows}×{columns}×{channels}"), bytes)
            }
        }
    }
}

/// Zeroes what lies around an operand's image, in each of its parts.
pub fn clear_border(operand: &Operand, tile: &mut [f32]) {
    let layout = &operand.layout;
    match operand.format {
        NumberFormat::F32 => clear(layout, tile),
        NumberFormat::Bf16 => {
            let tile: &mut [u16] = bytemuck::cast_slice_mut(tile);
            clear(layout, &mut tile[..layout.len()]);
        }
        NumberFormat::Split { distance } => {
            let tile: &mut [u16] = bytemuck::cast_slice_mut(tile);
            let (high, low) = tile.split_at_mut(distance);
            clear(layout, &mut high[..layout.len()]);
            clear(layout, &mut low[..layout.len()]);
        }
    }
}

fn clear<T: Copy + Default>(layout: &TileLayout, tile: &mut [T]) {
    let zero = T::default();
    let (pitch, border) = (layout.pitch(), layout.border);
    tile[..border.top * pitch].fill(zero);
    tile[(border.top + layout.image[0]) * pitch..].fill(zero);
    for row in 0..layout.image[0] {
        let start = (border.top + row) * pitch;
        let right = layout.pixel(row, layout.image[1]);
        tile[start..layout.pixel(row, 0)].fill(zero);
        tile[right..start + pitch].fill(zero);
    }
}

/// Input rows and columns in the window of an output pixel, of which there is at least one.
#[inline(always)]
fn inside(g: &PoolGeometry, [row, column]: [usize; 2]) -> [Range<usize>; 2] {
    let span = |at: usize, a: usize| {
        let first = (at * g.stride[a]).saturating_sub(g.padding[a][0]);
        let end = (at * g.stride[a] + g.window[a]).saturating_sub(g.padding[a][0]);
        first..end.min(g.input[a])
    };
    [span(row, 0), span(column, 1)]
}

/// Pools one image; channels last.
#[inline(always)]
fn pool(g: &PoolGeometry, channels: usize, x: &[f32], y: &mut [f32]) {
    let (across, area) = (g.output()[1], g.area() as f32);
    for (pixel, out) in y.chunks_exact_mut(channels).enumerate() {
        let [rows, columns] = inside(g, [pixel / across, pixel % across]);
        out.fill(match g.kind {
            PoolKind::Max => f32::NEG_INFINITY,
            PoolKind::Avg => 0.0,
        });
        for row in rows {
            for column in columns.clone() {
                let values = &x[(row * g.input[1] + column) * channels..][..channels];
                match g.kind {
                    PoolKind::Max => {
                        for (channel, out) in out.iter_mut().enumerate() {
                            let v = values[channel];
                            *out = if v > *out || v.is_nan() { v } else { *out };
                        }
                    }
                    PoolKind::Avg => {
                        for (channel, out) in out.iter_mut().enumerate() {
                            *out += values[channel] / area;
                        }
                    }
                }
            }
        }
    }
}

/// Adjoint of [`pool`]; the first largest element of a window, or its first NaN, takes a
/// maximum's gradient.
#[inline(always)]
fn pool_dx(g: &PoolGeometry, channels: usize, x: &[f32], gradient: &[f32], dx: &mut [f32]) {
    dx.fill(0.0);
    match g.kind {
        PoolKind::Avg => share(g, channels, gradient, dx),
        PoolKind::Max => {
            let (mut largest, mut found) = (vec![0.0; channels], vec![0; channels]);
            give(g, x, gradient, dx, &mut largest, &mut found);
        }
    }
}

/// Every element of a window takes an equal part.
#[inline(always)]
fn share(g: &PoolGeometry, channels: usize, gradient: &[f32], dx: &mut [f32]) {
    let (across, area) = (g.output()[1], g.area() as f32);
    for (pixel, gradient) in gradient.chunks_exact(channels).enumerate() {
        let [rows, columns] = inside(g, [pixel / across, pixel % across]);
        for row in rows {
            for column in columns.clone() {
                let to = &mut dx[(row * g.input[1] + column) * channels..][..channels];
                for (channel, to) in to.iter_mut().enumerate() {
                    *to += gradient[channel] / area;
                }
            }
        }
    }
}

/// The first largest element of a window takes all. What is kept of a window comes from the caller, so
/// that the compiler knows it apart from what is read.
#[inline(always)]
fn give(
    g: &PoolGeometry,
    x: &[f32],
    gradient: &[f32],
    dx: &mut [f32],
    largest: &mut [f32],
    found: &mut [u32],
) {
    let (across, channels) = (g.output()[1], largest.len());
    let found = &mut found[..channels];
    for (pixel, gradient) in gradient.chunks_exact(channels).enumerate() {
        let [rows, columns] = inside(g, [pixel / across, pixel % across]);
        let first = rows.start * g.input[1] + columns.start;
        largest.copy_from_slice(&x[first * channels..][..channels]);
        found.fill(first as u32);
        for row in rows.clone() {
            for column in columns.clone() {
                let at = row * g.input[1] + column;
                let values = &x[at * channels..][..channels];
                for channel in 0..channels {
                    let (v, most) = (values[channel], largest[channel]);
                    let larger = ((v > most) | v.is_nan()) & !most.is_nan();
                    found[channel] = if larger { at as u32 } else { found[channel] };
                    largest[channel] = if larger { v } else { most };
                }
            }
        }
        for row in rows {
            for column in columns.clone() {
                let at = row * g.input[1] + column;
                let to = &mut dx[at * channels..][..channels];
                for channel in 0..channels {
                    let v = gradient[channel];
                    to[channel] += if found[channel] == at as u32 { v } else { 0.0 };
                }
            }
        }
    }
}

/// The one run of positions of an axis that have neighbouring sources: its start, its first source
/// and its length; `None` where there are several.
fn adjacent(axis: &AxisMap, extent: usize) -> Option<(usize, usize, usize)> {
    let sourced = |at: &usize| axis.source(*at, extent).is_some();
    let start = (0..axis.len).find(sourced).unwrap_or(0);
    let count = (start..axis.len).take_while(sourced).count();
    let first = axis.source(start, extent).unwrap_or(0);
    let in_order = (0..count).all(|i| axis.source(start + i, extent) == Some(first + i));
    let last = !(start + count..axis.len).any(|at| sourced(&at));
    (in_order && last).then_some((start, first, count))
}

/// Re-indexes a tensor of `from` images, rows, columns and channels.
fn remap(map: &Remap, from: [usize; 4], x: &[f32], y: &mut [f32]) {
    let [images, rows, columns, channels] = map.axes;
    let image = |x: usize| x * from[1] * from[2] * from[3];
    for (at, out) in y.chunks_exact_mut(rows.len * columns.len * channels.len).enumerate() {
        match images.source(at, from[0]) {
            Some(n) => remap_image([rows, columns, channels], from, &x[image(n)..], out),
            None => out.fill(0.0),
        }
    }
}

fn remap_image(map: [AxisMap; 3], from: [usize; 4], x: &[f32], y: &mut [f32]) {
    let ([rows, columns, channels], [_, height, width, depth]) = (map, from);
    // Channels that stay neighbours are copied together.
    let kept = adjacent(&channels, depth);
    for (at, out) in y.chunks_exact_mut(channels.len).enumerate() {
        out.fill(0.0);
        let row = rows.source(at / columns.len, height);
        let (Some(r), Some(c)) = (row, columns.source(at % columns.len, width)) else { continue };
        let pixel = &x[(r * width + c) * depth..][..depth];
        if let Some((to, first, count)) = kept {
            out[to..][..count].copy_from_slice(&pixel[first..][..count]);
            continue;
        }
        for (channel, to) in out.iter_mut().enumerate() {
            if let Some(source) = channels.source(channel, depth) {
                *to = pixel[source];
            }
        }
    }
}
