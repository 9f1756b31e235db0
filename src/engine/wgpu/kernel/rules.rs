//! What decides, node by node, in which kernel a value is computed and beside what it is stored.

use crate::graph::{Axes, Class, Graph, Input, Node, Op, ReduceKind, Role, Shape, Type};

/// Whether a value lives in the buffer that all per-channel vectors and scalars share.
pub fn is_vector(ty: Type) -> bool {
    let Shape([a, b, c, _]) = ty.shape;
    !ty.batched && a * b * c == 1
}

/// Elements of the largest value that shares a buffer. All of ResNet-1001's parameters then take 40
/// of the 128 MiB that every adapter binds.
const SMALL: usize = 1 << 16;

/// A buffer that small values outside the batch share, so that one dispatch can compute many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    /// Of vectors and scalars; also of parameters, so that a contraction need not bind a buffer for
    /// its weights alone.
    Vectors,
    /// Of other state.
    State,
    /// Of what is computed.
    Values,
}

/// The buffer that an input shares.
pub fn shared_by_input(input: &Input) -> Option<Shared> {
    match input.role {
        Role::Parameter if is_small(input.ty) => Some(Shared::Vectors),
        _ if is_vector(input.ty) => Some(Shared::Vectors),
        _ => is_small(input.ty).then_some(Shared::State),
    }
}

/// The buffer that a value shares, if it is not written over an input.
pub fn shared_by_value(ty: Type) -> Option<Shared> {
    if is_vector(ty) { Some(Shared::Vectors) } else { is_small(ty).then_some(Shared::Values) }
}

fn is_small(ty: Type) -> bool {
    !ty.batched && ty.shape.len() <= SMALL
}

/// Whether a reduction is made from per-tile sums (rather than by a loop for each element).
pub(super) fn from_tiles(graph: &Graph, node: &Node) -> bool {
    let Op::Reduce(kind, Axes(reduced)) = node.op else { return false };
    let extents = graph.node(node.args[0]).ty.shape.0;
    let rows: usize = extents[..3].iter().product();
    let summed = (0..3).all(|a| reduced[a] || extents[a] == 1);
    match kind {
        ReduceKind::Sum | ReduceKind::M2 => summed && rows > 1,
        ReduceKind::Max => false,
    }
}

/// Whether a node needs a loop of its own. What moves elements needs none: whoever reads it reads
/// its argument at other indices.
pub fn is_anchor(op: &Op) -> bool {
    match op.class() {
        Class::Window | Class::Contraction | Class::Reduction => true,
        Class::Source | Class::Pointwise | Class::Move | Class::Order => false,
    }
}
