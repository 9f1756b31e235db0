//! A convolution in f32, planned once for an instruction set.
//!
//! Forward and input gradient are the same [`pass`]: for each pixel of a grid a few [`runs`] times
//! packed weights, by the definition ([`sweep`]) or with fewer products ([`winograd`]). Groups are
//! one pass after another, each over its channels of the pixels, or, where they are narrower than a
//! vector, one pass ([`narrow`]). They differ
//! in strides and in the order of the packed weights ([`pack`]). The weight gradient ([`dw`]) keeps
//! a block of weights in registers and runs over pixels. [`partition`] puts any extent together
//! from the blocks that kernels compute.

mod dw;
mod narrow;
mod pack;
mod partition;
mod pass;
mod runs;
mod sweep;
mod winograd;

#[cfg(all(test, unix))]
mod guard_tests;
#[cfg(test)]
mod tests;

use dw::WeightGradient;
use narrow::NarrowGradient;
use pack::Weights;
use pass::Pass;

use super::grid::{dx, forward};
use super::isa::Isa;
use crate::engine::cpu::operand::{Border, TileLayout};
use crate::engine::{EngineError, Shortage};
use crate::graph::ConvGeometry;

/// Kernels, loop orders and layouts for one convolution and both its gradients.
///
/// Tiles are one image each. Forward and weight gradient share the tile of x, both gradients the
/// tile of g; the layouts say which borders must be zero.
pub struct VectorPlan {
    geometry: ConvGeometry,
    ci: usize,
    co: usize,
    x: TileLayout,
    g: TileLayout,
    /// The same convolution as the kernels see it.
    inner: ConvGeometry,
    /// Channels of the kernels' convolution that a group reads and writes.
    group: [usize; 2],
    /// How often passes run, each time for the next group's channels: once if they are of all groups.
    times: usize,
    forward: Pass,
    dx: Vec<Pass>,
    dx_covers_input: bool,
    dw: Gradient,
}

/// How the weight gradient is computed.
enum Gradient {
    /// Of one group after another.
    Patches(WeightGradient),
    /// Of groups narrower than a vector.
    Narrow(NarrowGradient),
}

impl VectorPlan {
    /// Plans a convolution from `ci` to `co` channels with the narrowest borders.
    pub fn new(
        geometry: ConvGeometry,
        ci: usize,
        co: usize,
        isa: Isa,
    ) -> Result<VectorPlan, EngineError> {
        VectorPlan::with_borders(geometry, ci, co, isa, Border::default(), Border::default())
    }

    /// The same for tiles whose borders hold at least `x_border` and `g_border`, so that
    /// convolutions of different padding can share a tile.
    pub fn with_borders(
        geometry: ConvGeometry,
        ci: usize,
        co: usize,
        isa: Isa,
        x_border: Border,
        g_border: Border,
    ) -> Result<VectorPlan, EngineError> {
        check_extents(&geometry, ci, co, x_border, g_border)?;
        let x_border = x_border.union(forward::border(&geometry));
        let narrow = narrow::width(&geometry, [ci, co], isa);
        let x = TileLayout { border: x_border, ..TileLayout::plain(geometry.input, ci) };
        let mut g = TileLayout {
            image: geometry.output(),
            channels: co,
            border: g_border.union(dx::border(&geometry)),
            slack: match narrow {
                None => WeightGradient::slack(co / geometry.groups, isa),
                Some(_) => 0,
            },
        };
        check_memory(&geometry, &x, &g)?;
        let one_pixel = one_pixel(&geometry, &x);
        let (inner, tile) = one_pixel.unwrap_or((geometry, x));
        if one_pixel.is_some() {
            g.border = g_border;
        }
        let group = [tile.channels, co].map(|channels| channels / geometry.groups);
        Ok(VectorPlan {
            geometry,
            ci,
            co,
            x,
            g,
            inner,
            group,
            times: if narrow.is_some() { 1 } else { geometry.groups },
            forward: forward_pass(&inner, &tile, (co, narrow), isa),
            dx: dx_passes(&inner, &g, (tile.channels, narrow), isa),
            dx_covers_input: dx::covers_input(&inner),
            dw: match narrow {
                None => Gradient::Patches(WeightGradient::new(&inner, &tile, &g, isa)),
                Some(width) => Gradient::Narrow(NarrowGradient::new(&inner, &tile, &g, width, isa)),
            },
        })
    }

    /// The geometry.
    pub fn geometry(&self) -> &ConvGeometry {
        &self.geometry
    }

    /// Layout of what [`VectorPlan::forward`] and [`VectorPlan::dw`] read as x.
    pub fn x_tile(&self) -> &TileLayout {
        &self.x
    }

    /// Layout of what [`VectorPlan::dx`] and [`VectorPlan::dw`] read as g.
    pub fn g_tile(&self) -> &TileLayout {
        &self.g
    }

    /// Elements that [`VectorPlan::forward`] writes.
    pub fn y_len(&self) -> usize {
        let [rows, cols] = self.geometry.output();
        rows * cols * self.co
    }

    /// Elements that [`VectorPlan::dx`] writes.
    pub fn dx_len(&self) -> usize {
        let [rows, cols] = self.geometry.input;
        rows * cols * self.ci
    }

    /// Elements of the weights as the graph holds them.
    pub fn w_len(&self) -> usize {
        let [rows, cols] = self.geometry.kernel;
        rows * cols * self.ci / self.geometry.groups * self.co
    }

    /// Multiply-adds of each of the three contractions, for one image.
    pub fn multiply_adds(&self) -> usize {
        let [rows, cols] = self.geometry.output();
        rows * cols * self.w_len()
    }

    /// Elements that [`VectorPlan::pack_forward`] writes.
    pub fn packed_forward_len(&self) -> usize {
        self.times * self.forward.w_end()
    }

    /// Elements that [`VectorPlan::pack_dx`] writes.
    pub fn packed_dx_len(&self) -> usize {
        self.times * self.one_dx_len()
    }

    /// Those of one time.
    fn one_dx_len(&self) -> usize {
        self.dx.last().map_or(0, Pass::w_end)
    }

    /// The weights of each time that passes run, with their part of packed ones.
    fn parts<'a>(
        &'a self,
        w: &'a [f32],
        packed: &'a mut [f32],
    ) -> impl Iterator<Item = (Weights<'a>, &'a mut [f32])> {
        let [read, written] = self.group;
        let each = packed.len() / self.times;
        let weights = move |group| Weights::new(&self.inner, [read, self.co], group * written, w);
        (0..self.times).map(weights).zip(packed.chunks_exact_mut(each.max(1)))
    }

    /// Elements of an accumulator of [`VectorPlan::dw`].
    pub fn dw_len(&self) -> usize {
        match &self.dw {
            Gradient::Patches(patches) => patches.len(),
            Gradient::Narrow(narrow) => narrow.len(),
        }
    }

    /// Packs weights (kernel rows × columns × ci × co) for [`VectorPlan::forward`].
    pub fn pack_forward(&self, w: &[f32], out: &mut [f32]) {
        assert_eq!(out.len(), self.packed_forward_len());
        for (weights, out) in self.parts(w, out) {
            weights.pack_forward(&self.forward, out);
        }
    }

    /// Packs weights (kernel rows × columns × ci × co) for [`VectorPlan::dx`].
    pub fn pack_dx(&self, w: &[f32], out: &mut [f32]) {
        assert_eq!(out.len(), self.packed_dx_len());
        for (weights, out) in self.parts(w, out) {
            for pass in &self.dx {
                weights.pack_dx(pass, out);
            }
        }
    }

    /// y = conv(x). `x` is a tile of [`VectorPlan::x_tile`], `y` plain output rows × columns × co.
    pub fn forward(&self, x: &[f32], packed: &[f32], y: &mut [f32]) {
        assert_eq!(x.len(), self.x.len());
        assert_eq!(packed.len(), self.packed_forward_len());
        assert_eq!(y.len(), self.y_len());
        let [read, written] = self.group;
        for (group, packed) in packed.chunks_exact(self.forward.w_end()).enumerate() {
            self.forward.run(&x[group * read..], packed, &mut y[group * written..]);
        }
    }

    /// The adjoint with respect to x. `g` is a tile of [`VectorPlan::g_tile`], `dx` plain input
    /// rows × columns × ci.
    pub fn dx(&self, g: &[f32], packed: &[f32], dx: &mut [f32]) {
        assert_eq!(g.len(), self.g.len());
        assert_eq!(packed.len(), self.packed_dx_len());
        assert_eq!(dx.len(), self.dx_len());
        if !self.dx_covers_input {
            dx.fill(0.0);
        }
        let [read, written] = self.group;
        for (group, packed) in packed.chunks_exact(self.one_dx_len().max(1)).enumerate() {
            for pass in &self.dx {
                pass.run(&g[group * written..], packed, &mut dx[group * read..]);
            }
        }
    }

    /// Adds the adjoint with respect to the weights to an accumulator, which starts at zero.
    pub fn dw(&self, x: &[f32], g: &[f32], accumulator: &mut [f32]) {
        assert_eq!(x.len(), self.x.len());
        assert_eq!(g.len(), self.g.len());
        assert_eq!(accumulator.len(), self.dw_len());
        match &self.dw {
            Gradient::Patches(patches) => patches.run(x, g, accumulator),
            Gradient::Narrow(narrow) => narrow.run(x, g, accumulator),
        }
    }

    /// Adds up accumulators of [`VectorPlan::dw`], in their order, into kernel rows × columns × ci
    /// × co.
    pub fn finish_dw<'a>(
        &self,
        accumulators: impl IntoIterator<Item = &'a [f32]>,
        out: &mut [f32],
    ) {
        assert_eq!(out.len(), self.w_len());
        match &self.dw {
            Gradient::Patches(patches) => patches.finish(accumulators, out),
            Gradient::Narrow(narrow) => narrow.finish(accumulators, out),
        }
    }
}

/// The pass from tile x to a plain y.
fn forward_pass(
    geometry: &ConvGeometry,
    x: &TileLayout,
    (written, narrow): (usize, Option<usize>),
    isa: Isa,
) -> Pass {
    let y = TileLayout::plain(geometry.output(), written);
    let at_once = if narrow.is_some() { 1 } else { geometry.groups };
    let channels = [x.channels, written].map(|channels| channels / at_once);
    let (grid, taps) = forward::grid(geometry, x, channels, &y);
    Pass::new(grid, taps, narrow, isa, 0)
}

/// The passes from tile g to a plain dx.
fn dx_passes(
    geometry: &ConvGeometry,
    g: &TileLayout,
    (written, narrow): (usize, Option<usize>),
    isa: Isa,
) -> Vec<Pass> {
    let dx = TileLayout::plain(geometry.input, written);
    let mut w_origin = 0;
    let mut found: Vec<Pass> = Vec::new();
    let at_once = if narrow.is_some() { 1 } else { geometry.groups };
    let channels = [g.channels, written].map(|channels| channels / at_once);
    for (grid, taps) in dx::grids(geometry, g, channels, &dx) {
        let pass = Pass::new(grid, taps, narrow, isa, w_origin);
        w_origin = pass.w_end();
        found.push(pass);
    }
    found
}

/// A convolution whose kernel is the whole plain image is a product of one pixel with all the
/// image's elements as channels: the same operands, and no border around g.
fn one_pixel(geometry: &ConvGeometry, x: &TileLayout) -> Option<(ConvGeometry, TileLayout)> {
    let whole = geometry.kernel == geometry.input && x.border == Border::default();
    (whole && geometry.groups == 1).then(|| {
        let inner = ConvGeometry::POINT;
        (inner, TileLayout { image: [1, 1], channels: x.len(), ..*x })
    })
}

/// The largest extent; keeps sums and products of two extents far from overflow.
const MAX_EXTENT: usize = 1 << 20;

/// The largest operand, in elements.
const MAX_ELEMENTS: u128 = 1 << if usize::BITS >= 64 { 36 } else { 28 };

/// Room for channels rounded up to whole vectors, in [`check_memory`].
const MAX_LANES: usize = 64;

fn check_extents(
    geometry: &ConvGeometry,
    ci: usize,
    co: usize,
    x_border: Border,
    g_border: Border,
) -> Result<(), EngineError> {
    let ConvGeometry { input, kernel, stride, padding, groups } = *geometry;
    let positive = [input[0], input[1], kernel[0], kernel[1], stride, groups, ci, co];
    let around = [x_border, g_border].map(|b| [b.top, b.left, b.bottom, b.right]).concat();
    let fits = |axis: usize| kernel[axis] <= input[axis] + 2 * padding[axis];
    let too_large = |n: &usize| *n > MAX_EXTENT;
    if positive.iter().chain(&padding).chain(&around).any(too_large) {
        return Err(uncountable(geometry, [ci, co]));
    }
    let divides = |channels: usize| channels.is_multiple_of(groups);
    if positive.contains(&0) || !fits(0) || !fits(1) || !divides(ci) || !divides(co) {
        return Err(EngineError::NoOutput { geometry: *geometry, channels: [ci, co] });
    }
    Ok(())
}

fn check_memory(
    geometry: &ConvGeometry,
    x: &TileLayout,
    g: &TileLayout,
) -> Result<(), EngineError> {
    let tile = |t: &TileLayout| {
        let rows = t.border.top + t.image[0] + t.border.bottom;
        let cols = t.border.left + t.image[1] + t.border.right;
        rows as u128 * cols as u128 * t.channels as u128
    };
    let [rows, cols] = geometry.kernel.map(|n| n as u128);
    let channels = |t: &TileLayout| (t.channels / geometry.groups + MAX_LANES) as u128;
    let weights = geometry.groups as u128 * rows * cols * channels(x) * channels(g);
    match tile(x).max(tile(g)).max(weights) > MAX_ELEMENTS {
        false => Ok(()),
        true => Err(uncountable(geometry, [x.channels, g.channels])),
    }
}

fn uncountable(geometry: &ConvGeometry, channels: [usize; 2]) -> EngineError {
    let shortage = Shortage::Convolution { geometry: *geometry, channels };
    EngineError::OutOfMemory { shortage, fits: None }
}
