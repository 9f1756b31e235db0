//! Reverse-mode differentiation: appends adjoint nodes to the graph it differentiates.

use std::collections::HashMap;

use super::builder::Builder;
use super::{op::*, program::*, scalar::*, types::*};

/// What adjoints are multiplied by on their way from a node (first) to one of its arguments.
pub type Factors = HashMap<(NodeId, NodeId), NodeId>;

/// Appends the gradient of the scalar `of` with respect to each node of `wrt`. A node that `of`
/// does not depend on has a zero gradient.
pub fn gradient(b: &mut Builder, of: NodeId, wrt: &[NodeId]) -> Vec<NodeId> {
    gradient_along(b, of, wrt, &Factors::new())
}

/// As [`gradient`], with some adjoints multiplied on their way: with 0 and 1, the part of the
/// gradient that flows along chosen paths.
pub fn gradient_along(
    b: &mut Builder,
    of: NodeId,
    wrt: &[NodeId],
    factors: &Factors,
) -> Vec<NodeId> {
    let one = b.constant(1.0);
    gradient_from(b, (of, one), wrt, factors)
}

/// As [`gradient_along`], of the scalar `of` times `seed`.
pub fn gradient_from(
    b: &mut Builder,
    (of, seed): (NodeId, NodeId),
    wrt: &[NodeId],
    factors: &Factors,
) -> Vec<NodeId> {
    let needed = depends_on(b.graph(), wrt);
    let mut adjoint: Vec<Option<NodeId>> = vec![None; of.index() + 1];
    adjoint[of.index()] = Some(seed);
    for index in (0..=of.index()).rev() {
        let Some(g) = adjoint[index] else { continue };
        let id = NodeId(index as u32);
        let node = b.graph().node(id).clone();
        b.set_origin(node.origin);
        for (slot, &arg) in node.args.iter().enumerate() {
            if !needed[arg.index()] {
                continue;
            }
            let Some(part) = pull_back(b, id, &node, slot, g) else { continue };
            let part = match factors.get(&(id, arg)) {
                Some(&factor) => b.mul(part, factor),
                None => part,
            };
            adjoint[arg.index()] = Some(match adjoint[arg.index()] {
                Some(sum) => b.add(sum, part),
                None => part,
            });
        }
    }
    wrt.iter()
        .map(|&w| adjoint.get(w.index()).copied().flatten().unwrap_or_else(|| zero(b, w)))
        .collect()
}

fn zero(b: &mut Builder, like: NodeId) -> NodeId {
    let (zero, ty) = (b.constant(0.0), b.ty(like));
    b.broadcast(zero, ty)
}

fn depends_on(graph: &Graph, wrt: &[NodeId]) -> Vec<bool> {
    let mut needed = vec![false; graph.nodes.len()];
    for &w in wrt {
        needed[w.index()] = true;
    }
    for id in graph.ids() {
        if graph.node(id).args.iter().any(|a| needed[a.index()]) {
            needed[id.index()] = true;
        }
    }
    needed
}

/// What the adjoint `g` of `id` adds to the adjoint of its argument number `slot`.
fn pull_back(b: &mut Builder, id: NodeId, node: &Node, slot: usize, g: NodeId) -> Option<NodeId> {
    let arg = node.args[slot];
    let part = match node.op {
        Op::Input(_) | Op::Const(_) | Op::Random { .. } | Op::Index | Op::Detach => return None,
        Op::After => match slot {
            0 => g,
            _ => return None,
        },
        Op::Unary(op) => apply(b, &op.facts().adjoint?, (id, &node.args), g),
        Op::Binary(op) => {
            let part = apply(b, &op.facts().adjoints[slot], (id, &node.args), g);
            let part = b.broadcast(part, node.ty);
            let ty = b.ty(arg);
            b.sum_to(part, ty)
        }
        Op::Broadcast => {
            let ty = b.ty(arg);
            b.sum_to(g, ty)
        }
        Op::Conv(geometry) => match slot {
            0 => b.conv_dx(geometry, g, node.args[1]),
            _ => b.conv_dw(geometry, node.args[0], g),
        },
        // The adjoints of a convolution are linear in each argument too.
        Op::ConvDx(geometry) => match slot {
            0 => b.conv(geometry, g, node.args[1]),
            _ => b.conv_dw(geometry, g, node.args[0]),
        },
        Op::ConvDw(geometry) => match slot {
            0 => b.conv_dx(geometry, node.args[1], g),
            _ => b.conv(geometry, node.args[0], g),
        },
        Op::Reduce(kind, axes) => reduce(b, kind, axes, arg, id, g),
        // Each rank's x is in every rank's sum.
        Op::Total => b.total(g),
        Op::Pool(geometry) => b.pool_dx(geometry, arg, g),
        Op::PoolDx(_) => return None,
        Op::Reshape => {
            let shape = b.ty(arg).shape;
            b.reshape(g, shape)
        }
        Op::Remap(remap) => {
            let inverse = adjoint_map(&remap, b.ty(arg).shape);
            b.remap(inverse, g)
        }
    };
    let ty = b.ty(arg);
    Some(b.broadcast(part, ty))
}

/// The expression `rule` with adjoint `g` of the node `y` and its arguments.
fn apply(b: &mut Builder, rule: &Rule, (y, args): (NodeId, &[NodeId]), g: NodeId) -> NodeId {
    let at = (y, args);
    match *rule {
        Rule::G => g,
        Rule::Y => y,
        Rule::A => args[0],
        Rule::B => args[1],
        Rule::Number(value) => b.constant(value),
        Rule::Of(function, x) => {
            let x = apply(b, x, at, g);
            b.unary(function, x)
        }
        Rule::Both(function, x, z) => {
            let (x, z) = (apply(b, x, at, g), apply(b, z, at, g));
            b.binary(function, x, z)
        }
    }
}

fn reduce(
    b: &mut Builder,
    kind: ReduceKind,
    axes: Axes,
    x: NodeId,
    y: NodeId,
    g: NodeId,
) -> NodeId {
    match kind {
        ReduceKind::Sum => g,
        // Elements that tie for the largest share the gradient. They are found by comparing, so x must be
        // stored, as what an anchor made is.
        ReduceKind::Max => {
            let difference = b.sub(x, y);
            let below = b.unary(Unary::Neg, difference);
            let below = b.unary(Unary::Step, below);
            let one = b.constant(1.0);
            let mask = b.sub(one, below);
            let ties = b.reduce(ReduceKind::Sum, axes, mask);
            let share = b.binary(Binary::Div, g, ties);
            b.mul(share, mask)
        }
        ReduceKind::M2 => {
            let mean = mean(b, axes, x);
            let centred = b.sub(x, mean);
            let twice = b.scale(g, 2.0);
            b.mul(centred, twice)
        }
    }
}

/// Mean over `axes`.
pub fn mean(b: &mut Builder, axes: Axes, x: NodeId) -> NodeId {
    let count = b.ty(x).shape.len() / axes.reduce(b.ty(x).shape).len();
    let sum = b.reduce(ReduceKind::Sum, axes, x);
    b.scale(sum, 1.0 / count as f64)
}

/// The re-indexing that undoes `remap` on what it copied: `out[i] = in[(i·mul + offset)/div]`
/// becomes `in[j] = out[(j·div − offset)/mul]`.
fn adjoint_map(remap: &Remap, input: Shape) -> Remap {
    let mut axes = remap.axes;
    for (axis, extent) in axes.iter_mut().zip(input.0) {
        *axis = AxisMap { len: extent, mul: axis.div, offset: -axis.offset, div: axis.mul };
    }
    Remap { axes }
}
