//! The weight gradient by tiles of F(2×2, 3×3): the adjoint of y = Aᵀ·(Σ u ∘ d)·A with respect to
//! w, from u = G·w·Gᵀ.
//!
//! For each of the sixteen positions and each pair of channels Σ d·e over all tiles, with
//! e = A·g·Aᵀ; what comes of it, sixteen sums u', is w' = Gᵀ·u'·G. Sums that do not stay in a
//! core's cache are read and written once for several images.

use super::super::patches::{Area, Patches};
use super::super::scratch::LINE;
use super::{POSITIONS, pays};
use crate::engine::cpu::operand::TileLayout;
use crate::engine::cpu::simd::grid::forward;
use crate::engine::cpu::simd::isa::Isa;
use crate::engine::cpu::simd::kernels::winograd::Transform;
use crate::engine::cpu::simd::turn::{CACHED, CHUNK, Turn};
use crate::graph::ConvGeometry;

/// Tiles whose products are added up at once: enough that sums are seldom read.
const TILES: usize = 256;

/// A planned weight gradient. Sums are kept as positions × channels of x × channels of g.
pub struct WinogradGradient {
    isa: Isa,
    x: TileLayout,
    g: TileLayout,
    x_origin: usize,
    /// Rows and columns of tiles of an image.
    tiles: [usize; 2],
    /// Rows of tiles that are added up at once, of one image, or
    down: usize,
    /// images.
    together: usize,
    patches: Patches,
}

impl WinogradGradient {
    /// Plans the gradient from tiles x and g; `None` where that is no 3×3 convolution with stride
    /// 1 over an even number of rows and columns, in enough whole vectors of channels.
    pub fn new(geometry: &ConvGeometry, x: &TileLayout, g: &TileLayout, isa: Isa) -> Option<Self> {
        let output = geometry.output();
        let three = geometry.kernel == [3, 3] && geometry.stride == 1 && geometry.groups == 1;
        if !(three && pays(output, [x.channels, g.channels], isa)) {
            return None;
        }
        let tiles = output.map(|n| n / 2);
        let patches = Patches::new(x.channels, g.channels, isa);
        let sums = POSITIONS * patches.len() * size_of::<f32>();
        let together = match sums <= CACHED {
            true => 1,
            false => (TILES / (tiles[0] * tiles[1])).clamp(1, CHUNK),
        };
        let down = (TILES / tiles[1]).clamp(1, tiles[0]);
        let x_origin = forward::origin(geometry, x);
        Some(Self { isa, x: *x, g: *g, x_origin, tiles, down, together, patches })
    }

    /// Elements of an accumulator.
    pub fn len(&self) -> usize {
        POSITIONS * self.patches.len()
    }

    /// Whether tiles are kept from image to image.
    pub fn keeps(&self) -> bool {
        self.together > 1
    }

    /// Elements of transformed tiles.
    pub fn memory_len(&self) -> usize {
        POSITIONS * self.positions().iter().sum::<usize>()
    }

    /// Elements from a tile to the next, of x and of g: an odd number of lines, so that tiles do not
    /// share a few sets of a cache.
    fn pitches(&self) -> [usize; 2] {
        [self.x.channels, self.g.channels].map(|channels| (channels.div_ceil(LINE) | 1) * LINE)
    }

    /// Elements from a position to the next, likewise.
    fn positions(&self) -> [usize; 2] {
        let [rows, across] = self.tiles;
        let tiles = match self.together {
            1 => self.down * across,
            images => images * rows * across,
        };
        self.pitches().map(|pitch| ((tiles * pitch / LINE) | 1) * LINE)
    }

    /// Adds an image's gradient to the sums, or keeps its tiles until an image whose turn it is.
    pub fn run(&self, turn: Turn, x: &[f32], g: &[f32], memory: &mut [f32], sums: &mut [f32]) {
        let [rows, across] = self.tiles;
        let x_end = self.x_origin + (2 * rows + 1) * self.x.pitch();
        assert!(x.len() >= x_end + (2 * across + 2) * self.x.channels);
        assert!(g.len() >= self.g.pixel(2 * rows - 1, 2 * across - 1) + self.g.channels);
        let memory = &mut memory[..self.memory_len()];
        if self.together == 1 {
            for first in (0..rows).step_by(self.down) {
                let end = rows.min(first + self.down);
                self.transform(first..end, 0, [x, g], memory);
                self.add((end - first) * across, memory, sums);
            }
            return;
        }
        let slot = turn.slot(self.together);
        self.transform(0..rows, slot * rows * across, [x, g], memory);
        if turn.closes(self.together) {
            self.add((slot + 1) * rows * across, memory, sums);
        }
    }

    /// Transforms rows of tiles, the first of which has a number.
    fn transform(
        &self,
        rows: std::ops::Range<usize>,
        number: usize,
        [x, g]: [&[f32]; 2],
        memory: &mut [f32],
    ) {
        let [x_position, g_position] = self.positions();
        let [x_pitch, g_pitch] = self.pitches();
        let (d, e) = memory.split_at_mut(POSITIONS * x_position);
        let across = self.tiles[1];
        let kernels = self.isa.kernels();
        for (at, row) in rows.enumerate() {
            let tile = number + at * across;
            let tiles =
                |tile: &TileLayout, from: &[f32], to: &mut [f32], [pitch, position]: [usize; 2]| {
                    Transform {
                        from: from.as_ptr(),
                        to: to.as_mut_ptr(),
                        tiles: across,
                        channels: tile.channels,
                        row: tile.pitch(),
                        pixel: tile.channels,
                        tile: pitch,
                        position,
                    }
                };
            let from = &x[self.x_origin + 2 * row * self.x.pitch()..];
            let x = tiles(&self.x, from, &mut d[tile * x_pitch..], [x_pitch, x_position]);
            let from = &g[self.g.pixel(2 * row, 0)..];
            let g = tiles(&self.g, from, &mut e[tile * g_pitch..], [g_pitch, g_position]);
            // SAFETY: an `Isa` is only made where the machine has it; x and g reach as far as the
            // last tile's last pixel, as `run` has checked, and memory holds all tiles.
            unsafe {
                (kernels.transform_x)(&x);
                (kernels.transform_g)(&g);
            }
        }
    }

    /// Adds the products of the first tiles to the sums.
    fn add(&self, tiles: usize, memory: &[f32], sums: &mut [f32]) {
        let [x_position, g_position] = self.positions();
        let (d, e) = memory.split_at(POSITIONS * x_position);
        let area = Area { rows: 1, cols: tiles, row: [0, 0], pixel: self.pitches() };
        let positions = d.chunks_exact(x_position).zip(e.chunks_exact(g_position));
        for ((d, e), sums) in positions.zip(sums.chunks_exact_mut(self.patches.len())) {
            for column in self.patches.columns() {
                self.patches.run(column, &area, d, e, sums);
            }
        }
    }

    /// Adds accumulators, in their order, to weights (3 × 3 × channels of x × `pitch`), of which
    /// they have the channels from `first` on.
    pub fn add_all(&self, all: &[&[f32]], (pitch, first): (usize, usize), out: &mut [f32]) {
        let (ci, co, packed) = (self.x.channels, self.g.channels, self.patches.packed());
        let [mut total, mut half] = [POSITIONS, 12].map(|rows| vec![0.0; rows * co]);
        let mut taps = vec![0.0; 9 * co];
        for channel in 0..ci {
            for (position, total) in total.chunks_exact_mut(co).enumerate() {
                let at = position * self.patches.len() + channel * packed;
                total.fill(0.0);
                for sums in all {
                    total.iter_mut().zip(&sums[at..]).for_each(|(total, v)| *total += v);
                }
            }
            // Along columns, whose results are the rows of `half`, then along rows.
            for col in 0..4 {
                let of = [0, 1, 2, 3].map(|row| &total[(4 * row + col) * co..][..co]);
                kernel_of_u(of, &mut half[3 * col * co..][..3 * co]);
            }
            for row in 0..3 {
                let of = [0, 1, 2, 3].map(|col| &half[(3 * col + row) * co..][..co]);
                kernel_of_u(of, &mut taps[3 * row * co..][..3 * co]);
            }
            for (tap, values) in taps.chunks_exact(co).enumerate() {
                let out = &mut out[(tap * ci + channel) * pitch + first..][..co];
                out.iter_mut().zip(values).for_each(|(out, value)| *out += value);
            }
        }
    }
}

/// Gᵀ of four numbers, for each channel: three rows of channels.
fn kernel_of_u([a, b, c, d]: [&[f32]; 4], to: &mut [f32]) {
    let channels = a.len();
    let (first, rest) = to.split_at_mut(channels);
    let (second, third) = rest.split_at_mut(channels);
    let (b, c, d) = (&b[..channels], &c[..channels], &d[..channels]);
    let third = &mut third[..channels];
    for lane in 0..channels {
        let half = (b[lane] + c[lane]) / 2.0;
        first[lane] = a[lane] + half;
        second[lane] = (b[lane] - c[lane]) / 2.0;
        third[lane] = half + d[lane];
    }
}
