//! A convolution planned for tiles.

use super::gradient::TileGradient;
use super::hardware;
use super::parts::Parts;
use super::product::DEPTH;
use super::sweep::{self, TileSweep};
use super::unit::Unit;
use crate::engine::cpu::operand::TileLayout;
use crate::engine::cpu::simd::grid::{dx, forward};
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
        if rows * cols < FEWEST_PIXELS {
            return None;
        }
        let bordered =
            |image, channels, border| TileLayout { border, ..TileLayout::plain(image, channels) };
        let mut x = bordered(geometry.input, ci, forward::border(&geometry));
        let mut g = bordered([rows, cols], co, dx::border(&geometry));
        let forward_grids =
            |x: &TileLayout, y: &TileLayout| vec![forward::grid(&geometry, x, co, y)];
        let dx_grids = |g: &TileLayout, to: &TileLayout| dx::grids(&geometry, g, ci, to);
        let mut y = sweep::layout(|y| forward_grids(&x, y), [rows, cols], co, 1);
        let mut to = sweep::layout(|to| dx_grids(&g, to), geometry.input, ci, geometry.stride);
        let make = |grids: Vec<_>, distance: usize| {
            let mut w = 0;
            let mut all: Vec<TileSweep> = Vec::new();
            for (grid, taps) in grids {
                let sweep = TileSweep::new(grid, taps, parts, distance, w);
                w = sweep.w_end();
                all.push(sweep);
            }
            all
        };
        // Without distance between the parts, both end where the first does.
        x = reaching(x, &make(forward_grids(&x, &y), 0), parts);
        g = reaching(g, &make(dx_grids(&g, &to), 0), parts);
        let forward = make(forward_grids(&x, &y), x.len()).pop()?;
        let backward = make(dx_grids(&g, &to), g.len());
        let gradient = TileGradient::new(&geometry, &x, &g, parts, [x.len(), g.len()]);
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

    /// bf16 numbers of the weight gradient's scratch.
    pub fn dw_scratch_len(&self) -> usize {
        self.gradient.scratch_len()
    }

    /// Packs weights (kernel rows × columns × ci × co) for [`TilePlan::forward`].
    pub fn pack_forward(&self, w: &[f32], out: &mut [u16]) {
        self.forward.pack(w, 1, |row, col, read| self.weight(row, col, read, 0), out);
    }

    /// Packs weights (kernel rows × columns × ci × co) for [`TilePlan::dx`].
    pub fn pack_dx(&self, w: &[f32], out: &mut [u16]) {
        for sweep in &self.backward {
            sweep.pack(w, self.channels[1], |row, col, read| self.weight(row, col, 0, read), out);
        }
    }

    /// Where the graph holds a weight.
    fn weight(&self, row: usize, col: usize, ci: usize, co: usize) -> usize {
        let [reads, writes] = self.channels;
        ((row * self.geometry.kernel[1] + col) * reads + ci) * writes + co
    }

    /// y = conv(x). This thread has configured its unit.
    pub fn forward(&self, x: &[u16], packed: &[u16], y: &mut [f32]) {
        assert!(x.len() >= self.parts.count() * self.x.len());
        self.run(&self.forward, x, packed, y);
    }

    fn run(&self, sweep: &TileSweep, x: &[u16], packed: &[u16], y: &mut [f32]) {
        let product = sweep.product();
        let packed = &packed[sweep.w() / 2..];
        assert!(product.a_end() <= 2 * x.len());
        assert!(product.b_end() <= 2 * packed.len());
        assert!(product.c_end() <= 4 * y.len());
        let (a, b, c) = (x.as_ptr(), packed.as_ptr(), y.as_mut_ptr());
        hardware::expect(self.unit);
        // SAFETY: the machine has the unit, and threads of the engine configure it; the operands
        // reach far enough, as just checked, and y is borrowed alone.
        unsafe { product.run(self.unit, a.cast(), b.cast(), c.cast()) };
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

    /// Adds the adjoint with respect to the weights to sums that start at zero. This thread has
    /// configured its unit.
    pub fn dw(&self, x: &[u16], g: &[u16], scratch: &mut [u16], sums: &mut [f32]) {
        hardware::expect(self.unit);
        // SAFETY: machines with a unit have AVX-512, and threads of the engine configure it.
        unsafe { self.gradient.run(self.unit, x, g, scratch, sums) };
    }

    /// Adds up sums, in their order, into kernel rows × columns × ci × co.
    pub fn finish_dw<'a>(&self, all: impl IntoIterator<Item = &'a [f32]>, out: &mut [f32]) {
        self.gradient.finish(all, out);
    }
}

/// A tile with what the last sixteen pixels read beyond it. A second part begins on a cache line.
fn reaching(tile: TileLayout, sweeps: &[TileSweep], parts: Parts) -> TileLayout {
    let end = sweeps.iter().map(|s| s.product().a_end() / 2).max().unwrap_or(0);
    let len = end.max(tile.len());
    tile.reaching(match parts {
        Parts::One => len,
        Parts::Two => len.next_multiple_of(DEPTH),
    })
}

/// f32 numbers that sweeps touch.
fn written(sweeps: &[TileSweep]) -> usize {
    sweeps.iter().map(|s| s.product().c_end() / 4).max().unwrap_or(0)
}
