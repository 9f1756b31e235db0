//! A convolution planned for tiles.

use super::gradient::TileGradient;
use super::hardware;
use super::parts::Parts;
use super::product::DEPTH;
use super::sweep::{self, TileSweep};
use super::unit::Unit;
use crate::engine::cpu::operand::TileLayout;
use crate::engine::cpu::simd::grid::{dx, forward};
use crate::engine::cpu::simd::turn::Turn;
use crate::graph::ConvGeometry;

/// Products and layouts for one convolution and both its gradients, with operands in bf16 (in
/// one part or two) and results in f32.
pub struct TilePlan {
    unit: Unit,
    geometry: ConvGeometry,
    channels: [usize; 2],
    x: TileLayout,
    g: TileLayout,
    y: TileLayout,
    dx: TileLayout,
    parts: Parts,
    forward: TileSweep,
    backward: Vec<TileSweep>,
    dx_covers_input: bool,
    gradient: TileGradient,
}

/// Pixels below which a sixteen of them would be mostly empty.
const FEWEST_PIXELS: usize = 16;
/// Elements of a tile up to which those of eight images, in two parts, are numbered by 32 bits.
const MOST_ELEMENTS: usize = 1 << 27;

impl TilePlan {
    /// Plans a convolution from `ci` to `co` channels; `None` where tiles would be nearly empty.
    /// A plan is data: only its running needs the machine.
    pub fn new(
        geometry: ConvGeometry,
        [ci, co]: [usize; 2],
        parts: Parts,
        unit: Unit,
    ) -> Option<TilePlan> {
        let [rows, cols] = geometry.output();
        let groups = geometry.groups;
        // A group reads whole steps, so that no other's channels are multiplied.
        let fills = |channels: usize| groups == 1 || (channels / groups).is_multiple_of(DEPTH);
        if rows * cols < FEWEST_PIXELS || !fills(ci) || !fills(co) {
            return None;
        }
        let bordered =
            |image, channels, border| TileLayout { border, ..TileLayout::plain(image, channels) };
        let mut x = bordered(geometry.input, ci, forward::border(&geometry));
        let mut g = bordered([rows, cols], co, dx::border(&geometry));
        let forward_grids =
            |x: &TileLayout, y: &TileLayout| vec![forward::grid(&geometry, x, co, y)];
        let dx_grids = |g: &TileLayout, to: &TileLayout| dx::grids(&geometry, g, ci, to);
        let (mut y, y_rows) = sweep::layout(|y| forward_grids(&x, y), [rows, cols], co, 1, unit);
        let (mut to, dx_rows) =
            sweep::layout(|to| dx_grids(&g, to), geometry.input, ci, geometry.stride, unit);
        let make = |grids: Vec<_>, rows: usize, distance: usize| {
            let mut w = 0;
            let mut all: Vec<TileSweep> = Vec::new();
            for grid in grids {
                let sweep = TileSweep::new(grid, groups, rows, parts, distance, w);
                w = sweep.w_end();
                all.push(sweep);
            }
            all
        };
        // Without distance between the parts, both end where the first does.
        x = reaching(x, &make(forward_grids(&x, &y), y_rows, 0), parts);
        g = reaching(g, &make(dx_grids(&g, &to), dx_rows, 0), parts);
        let forward = make(forward_grids(&x, &y), y_rows, x.len()).pop()?;
        let backward = make(dx_grids(&g, &to), dx_rows, g.len());
        if x.len().max(g.len()) > MOST_ELEMENTS {
            return None;
        }
        let gradient = TileGradient::new(&geometry, &x, &g, parts, unit);
        y = y.reaching(written(std::slice::from_ref(&forward)));
        to = to.reaching(written(&backward));
        let dx_covers_input = dx::covers_input(&geometry);
        let channels = [ci, co];
        Some(TilePlan {
            unit,
            geometry,
            channels,
            x,
            g,
            y,
            dx: to,
            parts,
            forward,
            backward,
            dx_covers_input,
            gradient,
        })
    }

    /// Parts of the operands.
    pub fn parts(&self) -> Parts {
        self.parts
    }

    /// Layout of x, once for each part, its length apart.
    pub fn x_tile(&self) -> &TileLayout {
        &self.x
    }

    /// Layout of g, likewise.
    pub fn g_tile(&self) -> &TileLayout {
        &self.g
    }

    /// Layout of what forward writes, in f32.
    pub fn y_tile(&self) -> &TileLayout {
        &self.y
    }

    /// Layout of what the input gradient writes, in f32.
    pub fn dx_tile(&self) -> &TileLayout {
        &self.dx
    }

    /// bf16 numbers of forward's packed weights.
    pub fn packed_forward_len(&self) -> usize {
        self.forward.w_end() / 2
    }

    /// bf16 numbers of the input gradient's packed weights.
    pub fn packed_dx_len(&self) -> usize {
        self.backward.last().map_or(0, |sweep| sweep.w_end() / 2)
    }

    /// f32 numbers of the weight gradient's sums.
    pub fn dw_len(&self) -> usize {
        self.gradient.sums()
    }

    /// bf16 numbers of the tiles that the weight gradient keeps from image to image.
    pub fn dw_kept_len(&self) -> usize {
        self.gradient.kept_len()
    }

    /// bf16 numbers of the weight gradient's scratch.
    pub fn dw_scratch_len(&self) -> usize {
        self.gradient.scratch_len()
    }

    /// Packs weights (kernel rows × columns × ci/groups × co) for [`TilePlan::forward`].
    pub fn pack_forward(&self, w: &[f32], out: &mut [u16]) {
        self.pack(&self.forward, w, [self.channels[1], 1], out);
    }

    /// Packs weights (kernel rows × columns × ci/groups × co) for [`TilePlan::dx`].
    pub fn pack_dx(&self, w: &[f32], out: &mut [u16]) {
        for sweep in &self.backward {
            self.pack(sweep, w, [1, self.channels[1]], out);
        }
    }

    fn pack(&self, sweep: &TileSweep, w: &[f32], steps: [usize; 2], out: &mut [u16]) {
        let [ci, co] = self.channels;
        let ConvGeometry { kernel: [_, cols], groups, .. } = self.geometry;
        let first = |row: usize, col: usize| (row * cols + col) * (ci / groups) * co;
        sweep.pack(w, steps, co / groups, first, out);
    }

    /// y = conv(x). This thread has configured its unit.
    pub fn forward(&self, x: &[u16], packed: &[u16], y: &mut [f32]) {
        assert!(x.len() >= self.parts.count() * self.x.len());
        self.run(&self.forward, x, packed, y);
    }

    fn run(&self, sweep: &TileSweep, x: &[u16], packed: &[u16], y: &mut [f32]) {
        let packed = &packed[sweep.w() / 2..];
        let [a_end, b_end, c_end] = sweep.ends();
        assert!(a_end <= 2 * x.len() && b_end <= 2 * packed.len() && c_end <= 4 * y.len());
        let [a, b] = [x, packed].map(|operand| operand.as_ptr().cast::<u8>());
        let c = y.as_mut_ptr().cast::<u8>();
        hardware::expect(self.unit);
        for (product, skip) in sweep.products() {
            let (a, b, c) =
                (a.wrapping_add(skip[0]), b.wrapping_add(skip[1]), c.wrapping_add(skip[2]));
            // SAFETY: the machine has the unit, and threads of the engine configure it; the
            // operands reach far enough, as just checked, and y is borrowed alone.
            unsafe { product.run(self.unit, a, b, c) };
        }
    }

    /// The adjoint with respect to x. This thread has configured its unit.
    pub fn dx(&self, g: &[u16], packed: &[u16], dx: &mut [f32]) {
        assert!(g.len() >= self.parts.count() * self.g.len());
        if !self.dx_covers_input {
            dx.fill(0.0);
        }
        for sweep in &self.backward {
            self.run(sweep, g, packed, dx);
        }
    }

    /// Adds the adjoint with respect to the weights to sums that start at zero, once an image is
    /// the last of those that are added up together. This thread has configured its unit.
    pub fn dw(&self, turn: Turn, operands: [&[u16]; 2], memory: [&mut [u16]; 2], sums: &mut [f32]) {
        hardware::expect(self.unit);
        // SAFETY: machines with a unit have AVX-512, and threads of the engine configure it.
        unsafe { self.gradient.run(self.unit, turn, operands, memory, sums) };
    }

    /// Adds up sums, in their order, into kernel rows × columns × ci/groups × co.
    pub fn finish_dw<'a>(&self, all: impl IntoIterator<Item = &'a [f32]>, out: &mut [f32]) {
        self.gradient.finish(all, out);
    }
}

/// A tile with what the last sixteen pixels read beyond it. A second part begins on a cache line.
fn reaching(tile: TileLayout, sweeps: &[TileSweep], parts: Parts) -> TileLayout {
    let end = sweeps.iter().map(|s| s.ends()[0] / 2).max().unwrap_or(0);
    let len = end.max(tile.len());
    tile.reaching(match parts {
        Parts::One => len,
        Parts::Two => len.next_multiple_of(DEPTH),
    })
}

/// f32 numbers that sweeps touch.
fn written(sweeps: &[TileSweep]) -> usize {
    sweeps.iter().map(|s| s.ends()[2] / 4).max().unwrap_or(0)
}
