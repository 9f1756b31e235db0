//! Dropout of single elements and of whole branches (stochastic depth).

use crate::graph::builder::Builder;
use crate::graph::{NodeId, Shape, Type, Unary};

/// 1 with probability `1 − p`, else 0, of type `ty`.
fn keep_mask(b: &mut Builder, p: f64, stream: u32, seed: NodeId, ty: Type) -> NodeId {
    let uniform = b.random(stream, seed, ty);
    // u is a multiple of 2⁻²⁴, so u ≥ p exactly when u exceeds the last multiple below p. That
    // multiple, and its difference from u, are exact in f32.
    let steps = f64::from(1u32 << 24);
    let threshold = b.constant(((p * steps).ceil() - 1.0) / steps);
    let above = b.sub(uniform, threshold);
    b.unary(Unary::Step, above)
}

/// Training: zeroes elements with probability `p`; `inverted` divides what is kept by 1 − p.
pub fn train(b: &mut Builder, x: NodeId, p: f64, inverted: bool, draw: (u32, NodeId)) -> NodeId {
    let ty = b.ty(x);
    let mask = keep_mask(b, p, draw.0, draw.1, ty);
    let kept = b.mul(x, mask);
    if inverted { b.scale(kept, 1.0 / (1.0 - p)) } else { kept }
}

/// Evaluation: identity if training divided, else times 1 − p.
pub fn infer(b: &mut Builder, x: NodeId, p: f64, inverted: bool) -> NodeId {
    if inverted { x } else { b.scale(x, 1.0 - p) }
}

/// Where numbers are drawn: the stream, the seed, and of which type they are.
pub type Drawn = (u32, NodeId, Type);

/// Training: a draw for the whole mini-batch keeps or drops `x` (Huang et al. 2016), or one for each
/// image, by the type of what is drawn; `inverted` divides what is kept by 1 − p.
pub fn drop_path(
    b: &mut Builder,
    x: NodeId,
    (p, inverted): (f64, bool),
    (stream, seed, ty): Drawn,
) -> NodeId {
    let mask = keep_mask(b, p, stream, seed, ty);
    let kept = b.mul(x, mask);
    if inverted { b.scale(kept, 1.0 / (1.0 - p)) } else { kept }
}

/// Uniform numbers between two others.
pub fn uniform(b: &mut Builder, [low, high]: [f64; 2], (stream, seed, ty): Drawn) -> NodeId {
    let drawn = b.random(stream, seed, ty);
    let spread = b.scale(drawn, high - low);
    let low = b.constant(low);
    b.add(spread, low)
}

/// 1 with probability `p`, else 0.
pub fn coin(b: &mut Builder, p: f64, (stream, seed, ty): Drawn) -> NodeId {
    keep_mask(b, 1.0 - p, stream, seed, ty)
}

/// Whether the next of `left` units is among the `units` that a mini-batch keeps, `so_far` of which
/// have been drawn: 1 with probability (units − so_far) / left, so that exactly `units` are kept and
/// every choice is as likely (selection sampling, Knuth's algorithm S).
pub fn live(
    b: &mut Builder,
    so_far: NodeId,
    (units, left): (usize, usize),
    (stream, seed): (u32, NodeId),
) -> NodeId {
    // Streams from the top, away from those of the layers that draw numbers.
    let ty = Type { shape: Shape::SCALAR, batched: false };
    let uniform = b.random(u32::MAX - stream, seed, ty);
    let units = b.constant(units as f64);
    let wanted = b.sub(units, so_far);
    // u·left is below left by at least half a unit in its last place, so where all that are left
    // are wanted, the next one is kept, in f32 too.
    let share = b.scale(uniform, left as f64);
    let above = b.sub(wanted, share);
    b.unary(Unary::Step, above)
}
