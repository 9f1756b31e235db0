//! A convolution in f32, planned once for an instruction set.
//!
//! Forward and input gradient are the same [`pass`]: for each pixel of a grid a few runs times
//! packed weights, by the definition ([`sweep`]) or with fewer products ([`winograd`]). They differ
//! in strides and in the order of the packed weights ([`pack`]). The weight gradient keeps a
//! block of weights in registers and runs over pixels ([`patches`]), of x and g as they are ([`dw`]) or as
//! tiles with fewer products ([`winograd`]). [`partition`] puts any extent together
//! from the blocks that kernels compute. [`dense`] is the three of them; [`groups`] are that one after
//! another, or, where they are narrower than a vector, kernels of their own ([`narrow`]).

mod dense;
mod dw;
mod groups;
mod narrow;
mod pack;
mod partition;
mod pass;
mod patches;
mod scratch;
mod sweep;
mod winograd;

#[cfg(all(test, unix))]
mod guard_tests;
#[cfg(test)]
mod tests;

use dense::Dense;
use dw::WeightGradient;
use groups::{gather, scatter, with_room};
use pack::Weights;

use super::grid::{dx, forward};
use super::isa::Isa;
use super::turn::Turn;
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
    /// How often the kernels run, each time for the next group's channels: once if it is one group, or
    /// if they are of all.
    times: usize,
    /// The convolution of one time as the kernels see it.
    inner: ConvGeometry,
    /// The tiles of one time.
    inner_x: TileLayout,
    inner_g: TileLayout,
    kernels: Dense,
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
        let asked = g_border;
        let x_border = x_border.union(forward::border(&geometry));
        let x = TileLayout { border: x_border, ..TileLayout::plain(geometry.input, ci) };
        let g_border = g_border.union(dx::border(&geometry));
        let mut g = TileLayout { border: g_border, ..TileLayout::plain(geometry.output(), co) };
        check_memory(&geometry, &x, &g)?;
        let narrow = narrow::width(&geometry, [ci, co], isa);
        let times = if narrow.is_some() { 1 } else { geometry.groups };
        let slack = |channels| match narrow {
            None => WeightGradient::slack(channels, isa),
            Some(_) => 0,
        };
        let (mut inner, mut inner_x) = (geometry, TileLayout { channels: ci / times, ..x });
        if times > 1 {
            inner.groups = 1;
        } else {
            g.slack = slack(co);
            if let Some(one) = one_pixel(&geometry, &x) {
                (inner, inner_x) = one;
                g.border = asked;
            }
        }
        let channels = co / times;
        let inner_g = TileLayout { channels, slack: slack(channels), ..g };
        let kernels = Dense::new(&inner, &inner_x, &inner_g, narrow, isa);
        Ok(VectorPlan { geometry, ci, co, x, g, times, inner, inner_x, inner_g, kernels })
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
        self.times * self.kernels.packed_forward_len()
    }

    /// Elements that [`VectorPlan::pack_dx`] writes.
    pub fn packed_dx_len(&self) -> usize {
        self.times * self.kernels.packed_dx_len()
    }

    /// Elements of an accumulator of [`VectorPlan::dw`].
    pub fn dw_len(&self) -> usize {
        self.times * self.kernels.dw_len()
    }

    /// The weights of each time, with its part of packed ones.
    fn parts<'a>(
        &'a self,
        w: &'a [f32],
        packed: &'a mut [f32],
    ) -> impl Iterator<Item = (Weights<'a>, &'a mut [f32])> {
        // What a group reads, where kernels are of all.
        let read = self.inner_x.channels / self.inner.groups;
        let each = (packed.len() / self.times).max(1);
        let weights =
            move |time| Weights::new(&self.inner, [read, self.co], time * self.inner_g.channels, w);
        (0..self.times).map(weights).zip(packed.chunks_exact_mut(each))
    }

    /// Packs weights (kernel rows × columns × ci/groups × co) for [`VectorPlan::forward`].
    pub fn pack_forward(&self, w: &[f32], out: &mut [f32]) {
        assert_eq!(out.len(), self.packed_forward_len());
        for (weights, out) in self.parts(w, out) {
            self.kernels.pack_forward(&weights, out);
        }
    }

    /// Packs weights (kernel rows × columns × ci/groups × co) for [`VectorPlan::dx`].
    pub fn pack_dx(&self, w: &[f32], out: &mut [f32]) {
        assert_eq!(out.len(), self.packed_dx_len());
        for (weights, out) in self.parts(w, out) {
            self.kernels.pack_dx(&weights, out);
        }
    }

    /// y = conv(x). `x` is a tile of [`VectorPlan::x_tile`], `y` plain output rows × columns × co.
    pub fn forward(&self, x: &[f32], packed: &[f32], y: &mut [f32]) {
        assert_eq!(x.len(), self.x.len());
        assert_eq!(packed.len(), self.packed_forward_len());
        assert_eq!(y.len(), self.y_len());
        if self.times == 1 {
            return self.kernels.forward(x, packed, y);
        }
        let [read, written] = [self.inner_x.channels, self.inner_g.channels];
        with_room([self.inner_x.len(), self.y_len() / self.times], |own_x, own_y| {
            for (group, packed) in packed.chunks_exact(packed.len() / self.times).enumerate() {
                gather(x, self.ci, [group, read], own_x);
                self.kernels.forward(own_x, packed, own_y);
                scatter(own_y, [group, written], self.co, y);
            }
        });
    }

    /// The adjoint with respect to x. `g` is a tile of [`VectorPlan::g_tile`], `dx` plain input
    /// rows × columns × ci.
    pub fn dx(&self, g: &[f32], packed: &[f32], dx: &mut [f32]) {
        assert_eq!(g.len(), self.g.len());
        assert_eq!(packed.len(), self.packed_dx_len());
        assert_eq!(dx.len(), self.dx_len());
        if self.times == 1 {
            return self.kernels.dx(g, packed, dx);
        }
        let [read, written] = [self.inner_x.channels, self.inner_g.channels];
        let each = self.kernels.packed_dx_len();
        with_room([self.inner_g.len(), self.dx_len() / self.times], |own_g, own_dx| {
            for group in 0..self.times {
                gather(g, self.co, [group, written], own_g);
                self.kernels.dx(own_g, &packed[group * each..][..each], own_dx);
                scatter(own_dx, [group, read], self.ci, dx);
            }
        });
    }

    /// Elements that [`VectorPlan::dw`] keeps from image to image, and of its scratch.
    pub fn dw_memory(&self) -> [usize; 2] {
        let [kept, scratch] = self.kernels.dw_memory();
        [self.times * kept, scratch]
    }

    /// Adds the adjoint with respect to the weights to an accumulator, which starts at zero, at the
    /// latest once an image is the last.
    pub fn dw(
        &self,
        turn: Turn,
        [x, g]: [&[f32]; 2],
        [kept, scratch]: [&mut [f32]; 2],
        accumulator: &mut [f32],
    ) {
        assert_eq!(x.len(), self.x.len());
        assert_eq!(g.len(), self.g.len());
        assert_eq!(accumulator.len(), self.dw_len());
        if self.times == 1 {
            return self.kernels.dw(turn, [x, g], [kept, scratch], accumulator);
        }
        let [read, written] = [self.inner_x.channels, self.inner_g.channels];
        let each = self.kernels.dw_memory()[0];
        with_room([self.inner_x.len(), self.inner_g.len()], |own_x, own_g| {
            for (group, sums) in accumulator.chunks_exact_mut(self.kernels.dw_len()).enumerate() {
                gather(x, self.ci, [group, read], own_x);
                gather(g, self.co, [group, written], own_g);
                let kept = &mut kept[group * each..][..each];
                self.kernels.dw(turn, [own_x, own_g], [kept, scratch], sums);
            }
        });
    }

    /// Adds up accumulators of [`VectorPlan::dw`], in their order, into kernel rows × columns ×
    /// ci/groups × co.
    pub fn finish_dw<'a>(
        &self,
        accumulators: impl IntoIterator<Item = &'a [f32]>,
        out: &mut [f32],
    ) {
        assert_eq!(out.len(), self.w_len());
        let all: Vec<&[f32]> = accumulators.into_iter().collect();
        assert!(all.iter().all(|sums| sums.len() == self.dw_len()));
        let each = self.kernels.dw_len();
        out.fill(0.0);
        for group in 0..self.times {
            let sums: Vec<&[f32]> = all.iter().map(|sums| &sums[group * each..][..each]).collect();
            self.kernels.add_dw(&sums, (self.co, group * self.inner_g.channels), out);
        }
    }
}

/// A convolution whose kernel is the whole plain image is a product of one pixel with all the
/// image's elements as channels: the same operands, and no border around g.
fn one_pixel(geometry: &ConvGeometry, x: &TileLayout) -> Option<(ConvGeometry, TileLayout)> {
    let whole = geometry.kernel == geometry.input && x.border == Border::default();
    (whole && geometry.groups == 1)
        .then(|| (ConvGeometry::POINT, TileLayout { image: [1, 1], channels: x.len(), ..*x }))
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
