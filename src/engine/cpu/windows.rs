//! Pooling, re-indexing and tile borders: steps that need no compiling.

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
    /// Computes one image.
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

/// Input pixels of the window of output pixel (row, column).
fn window(
    g: &PoolGeometry,
    row: usize,
    column: usize,
) -> impl Iterator<Item = usize> + Clone + use<> {
    let span = |at: usize, a: usize| {
        let first = (at * g.stride[a]).saturating_sub(g.padding[a][0]);
        let end = (at * g.stride[a] + g.window[a]).saturating_sub(g.padding[a][0]);
        first..end.min(g.input[a])
    };
    let (rows, columns, width) = (span(row, 0), span(column, 1), g.input[1]);
    rows.flat_map(move |y| columns.clone().map(move |x| y * width + x))
}

/// Pools one image; channels last.
fn pool(g: &PoolGeometry, channels: usize, x: &[f32], y: &mut [f32]) {
    let columns = g.output()[1];
    let area = g.area() as f32;
    for (pixel, out) in y.chunks_exact_mut(channels).enumerate() {
        let inside = window(g, pixel / columns, pixel % columns);
        match g.kind {
            PoolKind::Max => {
                out.fill(f32::NEG_INFINITY);
                for at in inside {
                    let values = &x[at * channels..][..channels];
                    out.iter_mut().zip(values).for_each(|(o, &v)| {
                        *o = if v > *o || v.is_nan() { v } else { *o };
                    });
                }
            }
            PoolKind::Avg => {
                out.fill(0.0);
                for at in inside {
                    let values = &x[at * channels..][..channels];
                    out.iter_mut().zip(values).for_each(|(o, &v)| *o += v / area);
                }
            }
        }
    }
}

/// Adjoint of [`pool`]; the first largest element of a window, or its first NaN, takes a
/// maximum's gradient.
fn pool_dx(g: &PoolGeometry, channels: usize, x: &[f32], gradient: &[f32], dx: &mut [f32]) {
    let columns = g.output()[1];
    let area = g.area() as f32;
    let (mut largest, mut found) = (vec![0.0; channels], vec![0; channels]);
    dx.fill(0.0);
    for (pixel, gradient) in gradient.chunks_exact(channels).enumerate() {
        let inside = window(g, pixel / columns, pixel % columns);
        match g.kind {
            PoolKind::Avg => {
                for at in inside {
                    let to = &mut dx[at * channels..][..channels];
                    to.iter_mut().zip(gradient).for_each(|(d, &v)| *d += v / area);
                }
            }
            PoolKind::Max => {
                first_largest(inside.clone(), x, &mut largest, &mut found);
                for at in inside {
                    let to = &mut dx[at * channels..][..channels];
                    let sources = gradient.iter().zip(&found);
                    to.iter_mut().zip(sources).for_each(|(d, (&v, &found))| {
                        *d += if found == at as u32 { v } else { 0.0 };
                    });
                }
            }
        }
    }
}

/// For each channel the largest element among `pixels` of x, a NaN if there is one, and the first
/// pixel that has it.
fn first_largest(
    mut pixels: impl Iterator<Item = usize>,
    x: &[f32],
    largest: &mut [f32],
    found: &mut [u32],
) {
    let channels = largest.len();
    let values = |at: usize| &x[at * channels..][..channels];
    let Some(first) = pixels.next() else { return };
    largest.copy_from_slice(values(first));
    found.fill(first as u32);
    for at in pixels {
        let places = largest.iter_mut().zip(&mut *found);
        places.zip(values(at)).for_each(|((largest, found), &v)| {
            let larger = v > *largest || v.is_nan() && !largest.is_nan();
            *found = if larger { at as u32 } else { *found };
            *largest = if larger { v } else { *largest };
        });
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
