//! Activation functions made of the graph's scalar functions, in forms that neither overflow nor
//! lose a NaN, with their limits at ±∞.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, SQRT_2};

use crate::graph::builder::Builder;
use crate::graph::{Binary, NodeId, Unary};

/// Below −`FAR` the functions that vanish there are 0 in f32, and below 1e-53 in f64; without a
/// bound their product of x and 0 is no number at −∞.
const FAR: f64 = 128.0;

/// x Φ(x) with Φ of the normal distribution, (1 + erf(x/√2)) / 2 (Hendrycks and Gimpel 2016).
pub fn gelu(b: &mut Builder, x: NodeId) -> NodeId {
    let scaled = b.scale(x, FRAC_1_SQRT_2);
    let erf = b.unary(Unary::Erf, scaled);
    let one = b.constant(1.0);
    let twice = b.add(erf, one);
    let x = at_least(b, x, -FAR);
    let product = b.mul(x, twice);
    b.scale(product, 0.5)
}

/// x (1 + tanh u) / 2 with u = √(2/π) (x + 0.044715 x³), which is x σ(2u).
pub fn gelu_tanh(b: &mut Builder, x: NodeId) -> NodeId {
    const CUBIC: f64 = 0.044715;
    let square = b.mul(x, x);
    let cubic = b.scale(square, CUBIC);
    let one = b.constant(1.0);
    let factor = b.add(cubic, one);
    let sum = b.mul(x, factor);
    // 2 √(2/π) = √2 · 2/√π
    let twice = b.scale(sum, SQRT_2 * FRAC_2_SQRT_PI);
    gated(b, x, twice)
}

/// x σ(x) (Elfwing et al. 2017).
pub fn silu(b: &mut Builder, x: NodeId) -> NodeId {
    gated(b, x, x)
}

/// x σ(z), where z → −∞ as x does.
fn gated(b: &mut Builder, x: NodeId, z: NodeId) -> NodeId {
    let gate = b.unary(Unary::Sigmoid, z);
    let x = at_least(b, x, -FAR);
    b.mul(x, gate)
}

/// x above 0, else `slope` · x; 0 ≤ `slope` < 1, which is its slope at 0 too (Maas et al. 2013).
pub fn leaky_relu(b: &mut Builder, x: NodeId, slope: f64) -> NodeId {
    if slope == 0.0 {
        return b.unary(Unary::Relu, x);
    }
    let scaled = b.scale(x, slope);
    b.binary(Binary::Max, x, scaled)
}

/// x above 0, else `alpha` (eˣ − 1); its slope at 0 is `alpha` (Clevert et al. 2015). Just below 0 the
/// difference has an absolute error of an ulp of 1, not a relative one.
pub fn elu(b: &mut Builder, x: NodeId, alpha: f64) -> NodeId {
    let zero = b.constant(0.0);
    let negated = b.unary(Unary::Neg, x);
    // A tie goes to the second.
    let size_below = b.binary(Binary::Max, zero, negated);
    let below = b.unary(Unary::Neg, size_below);
    let exponential = b.unary(Unary::Exp, below);
    let one = b.constant(1.0);
    let below = b.sub(exponential, one);
    let below = b.scale(below, alpha);
    let above = b.unary(Unary::Relu, x);
    b.add(above, below)
}

/// ln(1 + eˣ) = max(x, 0) + ln(1 + e^−|x|); where eˣ is less than an ulp of 1, 0.
pub fn softplus(b: &mut Builder, x: NodeId) -> NodeId {
    let negated = b.unary(Unary::Neg, x);
    // At 0 its slope is −1, that of max(x, 0) is 0, and the whole has 1/2.
    let size = b.binary(Binary::Max, x, negated);
    let below = b.unary(Unary::Neg, size);
    let exponential = b.unary(Unary::Exp, below);
    let one = b.constant(1.0);
    let sum = b.add(exponential, one);
    let log = b.unary(Unary::Log, sum);
    let above = b.unary(Unary::Relu, x);
    b.add(above, log)
}

/// min(max(x, 0), 6).
pub fn relu6(b: &mut Builder, x: NodeId) -> NodeId {
    let above = b.unary(Unary::Relu, x);
    let six = b.constant(6.0);
    smaller(b, above, six)
}

/// min(max(x + 3, 0), 6) / 6 (Howard et al. 2019).
pub fn hard_sigmoid(b: &mut Builder, x: NodeId) -> NodeId {
    let three = b.constant(3.0);
    let shifted = b.add(x, three);
    let clipped = relu6(b, shifted);
    b.scale(clipped, 1.0 / 6.0)
}

/// x times its hard sigmoid (Howard et al. 2019).
pub fn hard_swish(b: &mut Builder, x: NodeId) -> NodeId {
    let gate = hard_sigmoid(b, x);
    let x = at_least(b, x, -3.0);
    b.mul(x, gate)
}

/// |x|; its slope at 0 is 0.
pub fn abs(b: &mut Builder, x: NodeId) -> NodeId {
    let negated = b.unary(Unary::Neg, x);
    let below = b.unary(Unary::Relu, negated);
    let above = b.unary(Unary::Relu, x);
    b.add(above, below)
}

/// The smaller of a and b, the second of equals; a NaN if either is one.
pub fn smaller(b: &mut Builder, x: NodeId, y: NodeId) -> NodeId {
    let (x, y) = (b.unary(Unary::Neg, x), b.unary(Unary::Neg, y));
    let larger = b.binary(Binary::Max, x, y);
    b.unary(Unary::Neg, larger)
}

fn at_least(b: &mut Builder, x: NodeId, least: f64) -> NodeId {
    let least = b.constant(least);
    b.binary(Binary::Max, x, least)
}
