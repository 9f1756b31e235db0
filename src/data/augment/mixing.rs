//! How the pictures of a batch are mixed: mixup (Zhang et al. 2018) and CutMix (Yun et al. 2019), one
//! share a batch, each picture with the one before it, as torchvision does.

use super::super::Extent;
use super::super::random::{Draws, Purpose};
use crate::pixels::{Hole, Mix};

/// Which mixtures there are, by the α of the Beta(α, α) that shares are drawn from; 0 for none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mixing {
    /// Of values.
    pub mixup: f64,
    /// Of rectangles.
    pub cutmix: f64,
    /// The share of batches that are mixed.
    pub batches: f64,
}

impl Default for Mixing {
    fn default() -> Self {
        Self { mixup: 0.0, cutmix: 0.0, batches: 1.0 }
    }
}

impl Mixing {
    /// How the batch of a step is mixed. With both, each has half of the batches.
    pub fn draw(&self, extent: Extent, seed: u32, step: u64) -> Mix {
        let Self { mixup, cutmix, batches } = *self;
        if mixup == 0.0 && cutmix == 0.0 {
            return Mix::None;
        }
        let mut draws = Draws::new(seed, Purpose::Mix, step);
        if f64::from(draws.uniform()) >= batches {
            return Mix::None;
        }
        let blends = cutmix == 0.0 || (mixup > 0.0 && draws.coin());
        if blends {
            return Mix::Blend { share: beta(mixup, &mut draws) as f32 };
        }
        let share = beta(cutmix, &mut draws);
        let middle = [draws.below(extent.rows), draws.below(extent.columns)];
        Mix::Patch(patch(extent, share, middle))
    }
}

/// A rectangle around a pixel that leaves a picture the share of its own, but for what the border cuts.
pub fn patch(extent: Extent, share: f64, middle: [usize; 2]) -> Hole {
    let half = 0.5 * (1.0 - share).sqrt();
    let span = |side: usize, middle: usize| {
        let reach = (half * side as f64) as usize;
        [middle.saturating_sub(reach) as u32, (middle + reach).min(side) as u32]
    };
    Hole { rows: span(extent.rows, middle[0]), columns: span(extent.columns, middle[1]) }
}

/// A draw from Beta(α, α): of two from Gamma(α), the share of the first.
pub fn beta(alpha: f64, draws: &mut Draws) -> f64 {
    let [first, second] = [(); 2].map(|()| ln_gamma_draw(alpha, draws));
    1.0 / (1.0 + (second - first).exp())
}

/// The logarithm of a draw from Gamma(α), which may be too small to be written out (Marsaglia and
/// Tsang 2000; for α below 1, a draw from Gamma(α + 1) times U^(1/α)).
fn ln_gamma_draw(alpha: f64, draws: &mut Draws) -> f64 {
    let small = if alpha < 1.0 { open(draws).ln() / alpha } else { 0.0 };
    let d = if alpha < 1.0 { alpha + 1.0 } else { alpha } - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(draws);
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && open(draws).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return (d * v).ln() + small;
        }
    }
}

/// Uniform between 0 and 1, without both.
fn open(draws: &mut Draws) -> f64 {
    (f64::from(draws.bits()) + 0.5) / 4_294_967_296.0
}

/// Standard normal (Box and Muller 1958).
fn normal(draws: &mut Draws) -> f64 {
    let radius = (-2.0 * open(draws).ln()).sqrt();
    radius * (std::f64::consts::TAU * open(draws)).cos()
}
