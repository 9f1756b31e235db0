//! Appends nodes to a graph, with types inferred, equal nodes shared, and products kept in a
//! normal form that reductions can take factors out of.

use std::collections::HashMap;

use super::infer;
use super::{op::*, program::*, scalar::*, types::*};

/// What two nodes share if they are equal.
type Key = (Op, Vec<NodeId>, Type);

/// Builds a [`Graph`].
#[derive(Debug, Default)]
pub struct Builder {
    graph: Graph,
    shared: HashMap<Key, NodeId>,
    origin: Origin,
}

impl Builder {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// The graph so far.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The finished graph.
    pub fn finish(self) -> Graph {
        self.graph
    }

    /// Nodes made from now on come from here.
    pub fn set_origin(&mut self, origin: Origin) {
        self.origin = origin;
    }

    /// Type of a node.
    pub fn ty(&self, id: NodeId) -> Type {
        self.graph.node(id).ty
    }

    fn shape(&self, id: NodeId) -> Shape {
        self.ty(id).shape
    }

    fn push(&mut self, op: Op, args: Vec<NodeId>, ty: Type) -> NodeId {
        let key = (op, args.clone(), ty);
        if let Some(&id) = self.shared.get(&key) {
            return id;
        }
        let id = NodeId(self.graph.nodes.len() as u32);
        self.graph.nodes.push(Node { op, args, ty, origin: self.origin });
        self.shared.insert(key, id);
        id
    }

    fn infer(&mut self, op: Op, args: Vec<NodeId>) -> NodeId {
        let types: Vec<Type> = args.iter().map(|&a| self.ty(a)).collect();
        let ty = infer::result(&op, &types).expect("operands were checked by sema");
        self.push(op, args, ty)
    }

    /// A value from outside; every call makes a new input.
    pub fn input(&mut self, name: impl Into<String>, role: Role, ty: Type) -> NodeId {
        let id = InputId(self.graph.inputs.len() as u32);
        self.graph.inputs.push(Input { name: name.into(), role, ty });
        self.push(Op::Input(id), Vec::new(), ty)
    }

    /// Gives an input another name.
    pub fn rename(&mut self, id: InputId, name: String) {
        self.graph.inputs[id.index()].name = name;
    }

    /// The node of an input that there is already.
    pub fn input_node(&mut self, id: InputId) -> NodeId {
        let ty = self.graph.input(id).ty;
        self.push(Op::Input(id), Vec::new(), ty)
    }

    /// A number.
    pub fn constant(&mut self, value: f64) -> NodeId {
        self.push(
            Op::Const(Number(value)),
            Vec::new(),
            Type { shape: Shape::SCALAR, batched: false },
        )
    }

    fn as_constant(&self, id: NodeId) -> Option<f64> {
        match self.graph.node(id).op {
            Op::Const(Number(v)) => Some(v),
            _ => None,
        }
    }

    /// Repeats `x` up to `ty`.
    pub fn broadcast(&mut self, x: NodeId, ty: Type) -> NodeId {
        let inner = self.unbroadcast(x);
        if self.ty(inner) == ty { inner } else { self.push(Op::Broadcast, vec![inner], ty) }
    }

    fn unbroadcast(&self, x: NodeId) -> NodeId {
        match self.graph.node(x).op {
            Op::Broadcast => self.graph.node(x).args[0],
            _ => x,
        }
    }

    /// A scalar function of each element.
    pub fn unary(&mut self, op: Unary, x: NodeId) -> NodeId {
        if let Op::Broadcast = self.graph.node(x).op {
            let (inner, ty) = (self.unbroadcast(x), self.ty(x));
            let inner = self.unary(op, inner);
            return self.broadcast(inner, ty);
        }
        self.infer(Op::Unary(op), vec![x])
    }

    /// A scalar function of two elements, broadcasting; repeated operands are not repeated in
    /// memory when the other one has the full shape already.
    pub fn binary(&mut self, op: Binary, a: NodeId, b: NodeId) -> NodeId {
        let ty = infer::broadcast(self.ty(a), self.ty(b)).expect("operands were checked by sema");
        let (sa, sb) = (self.unbroadcast(a), self.unbroadcast(b));
        if (sa, sb) != (a, b) {
            let inner = self.binary(op, sa, sb);
            return self.broadcast(inner, ty);
        }
        match op {
            Binary::Mul => self.product(a, b),
            Binary::Add => self.sum(a, b),
            Binary::Sub | Binary::Div | Binary::Max => self.infer(Op::Binary(op), vec![a, b]),
        }
    }

    fn sum(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let ty = infer::broadcast(self.ty(a), self.ty(b)).expect("checked by the caller");
        match (self.as_constant(a), self.as_constant(b)) {
            (Some(x), Some(y)) => return self.constant(x + y),
            (Some(0.0), None) if self.ty(b) == ty => return b,
            (None, Some(0.0)) if self.ty(a) == ty => return a,
            _ => {}
        }
        let args = self.commute(a, b);
        self.infer(Op::Binary(Binary::Add), args)
    }

    fn commute(&self, a: NodeId, b: NodeId) -> Vec<NodeId> {
        let order = |id: NodeId| (std::cmp::Reverse(self.shape(id).len()), id);
        if order(a) <= order(b) { vec![a, b] } else { vec![b, a] }
    }

    /// Products are kept as `full · small`: factors with fewer elements than the result are
    /// multiplied with each other first, so that reductions can take them out and engines
    /// compute them once a channel rather than once an element.
    fn product(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let ty = infer::broadcast(self.ty(a), self.ty(b)).expect("checked by the caller");
        match (self.as_constant(a), self.as_constant(b)) {
            (Some(x), Some(y)) => return self.constant(x * y),
            (Some(1.0), None) if self.ty(b) == ty => return b,
            (None, Some(1.0)) if self.ty(a) == ty => return a,
            _ => {}
        }
        let (fa, ca) = self.split(a, ty);
        let (fb, cb) = self.split(b, ty);
        let Some(full) = self.full_product(fa, fb) else {
            // An outer product: the result is larger than either factor.
            let args = self.commute(a, b);
            return self.infer(Op::Binary(Binary::Mul), args);
        };
        let small = match (ca, cb) {
            (Some(x), Some(y)) => Some(self.product(x, y)),
            (x, y) => x.or(y),
        };
        match small {
            None => full,
            Some(small) if self.as_constant(small) == Some(1.0) => full,
            Some(small) => self.infer(Op::Binary(Binary::Mul), vec![full, small]),
        }
    }

    fn full_product(&mut self, a: Option<NodeId>, b: Option<NodeId>) -> Option<NodeId> {
        match (a, b) {
            (Some(x), Some(y)) => {
                let args = self.commute(x, y);
                Some(self.infer(Op::Binary(Binary::Mul), args))
            }
            (x, y) => x.or(y),
        }
    }

    /// Splits a factor of a product of type `ty` into its full-size part and its small part.
    fn split(&self, x: NodeId, ty: Type) -> (Option<NodeId>, Option<NodeId>) {
        if ty.shape == Shape::SCALAR && !ty.batched {
            return (Some(x), None);
        }
        if self.ty(x) != ty {
            return (None, Some(x));
        }
        let node = self.graph.node(x);
        match node.op {
            Op::Binary(Binary::Mul)
                if self.ty(node.args[0]) == ty && self.ty(node.args[1]) != ty =>
            {
                (Some(node.args[0]), Some(node.args[1]))
            }
            _ => (Some(x), None),
        }
    }

    /// Reduces over `axes`. Factors that do not vary along them are taken out of sums.
    pub fn reduce(&mut self, kind: ReduceKind, axes: Axes, x: NodeId) -> NodeId {
        if kind == ReduceKind::Sum {
            let node = self.graph.node(x);
            match (node.op, node.args.as_slice()) {
                (Op::Binary(Binary::Mul), &[a, b]) if self.constant_along(b, axes) => {
                    let inner = self.reduce(kind, axes, a);
                    return self.mul(inner, b);
                }
                (Op::Unary(Unary::Neg), &[a]) => {
                    let inner = self.reduce(kind, axes, a);
                    return self.unary(Unary::Neg, inner);
                }
                (Op::Broadcast, &[a]) if self.constant_along(a, axes) => {
                    let ty = infer::result(&Op::Reduce(kind, axes), &[self.ty(x)])
                        .expect("a reduction takes any operand");
                    let count = self.shape(x).len() / ty.shape.len();
                    let inner = self.scale(a, count as f64);
                    return self.broadcast(inner, ty);
                }
                _ => {}
            }
        }
        self.infer(Op::Reduce(kind, axes), vec![x])
    }

    fn constant_along(&self, x: NodeId, axes: Axes) -> bool {
        let ty = self.ty(x);
        (0..4).all(|a| !axes.0[a] || ty.shape.0[a] == 1) && !(axes.0[0] && ty.batched)
    }

    /// Sums `x` down to `ty`: the adjoint of broadcasting.
    pub fn sum_to(&mut self, x: NodeId, ty: Type) -> NodeId {
        let from = self.ty(x);
        if from == ty {
            return x;
        }
        let mut axes = Axes([false; 4]);
        for (axis, reduced) in axes.0.iter_mut().enumerate() {
            *reduced = from.shape.0[axis] != ty.shape.0[axis]
                || (axis == 0 && from.batched && !ty.batched);
        }
        self.reduce(ReduceKind::Sum, axes, x)
    }

    /// a + b
    pub fn add(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.binary(Binary::Add, a, b)
    }

    /// a − b
    pub fn sub(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.binary(Binary::Sub, a, b)
    }

    /// a · b
    pub fn mul(&mut self, a: NodeId, b: NodeId) -> NodeId {
        self.binary(Binary::Mul, a, b)
    }

    /// a · number
    pub fn scale(&mut self, a: NodeId, factor: f64) -> NodeId {
        let factor = self.constant(factor);
        self.mul(a, factor)
    }

    /// Convolution of `x` with `w`.
    pub fn conv(&mut self, geometry: ConvGeometry, x: NodeId, w: NodeId) -> NodeId {
        self.infer(Op::Conv(geometry), vec![x, w])
    }

    /// Its adjoint with respect to x.
    pub fn conv_dx(&mut self, geometry: ConvGeometry, g: NodeId, w: NodeId) -> NodeId {
        self.infer(Op::ConvDx(geometry), vec![g, w])
    }

    /// Its adjoint with respect to w.
    pub fn conv_dw(&mut self, geometry: ConvGeometry, x: NodeId, g: NodeId) -> NodeId {
        self.infer(Op::ConvDw(geometry), vec![x, g])
    }

    /// Window pooling.
    pub fn pool(&mut self, geometry: PoolGeometry, x: NodeId) -> NodeId {
        self.infer(Op::Pool(geometry), vec![x])
    }

    /// Its adjoint.
    pub fn pool_dx(&mut self, geometry: PoolGeometry, x: NodeId, g: NodeId) -> NodeId {
        self.infer(Op::PoolDx(geometry), vec![x, g])
    }

    /// Re-indexing.
    pub fn remap(&mut self, remap: Remap, x: NodeId) -> NodeId {
        self.infer(Op::Remap(remap), vec![x])
    }

    /// The same elements under another shape; in the batch the first extent stays.
    pub fn reshape(&mut self, x: NodeId, shape: Shape) -> NodeId {
        let ty = Type { shape, ..self.ty(x) };
        debug_assert!(infer::reshapes(self.ty(x), ty));
        if ty == self.ty(x) { x } else { self.push(Op::Reshape, vec![x], ty) }
    }

    /// Uniform numbers of type `ty`.
    pub fn random(&mut self, stream: u32, seed: NodeId, ty: Type) -> NodeId {
        self.push(Op::Random { stream }, vec![seed], ty)
    }

    /// The linear indices of type `ty`, which has no more elements than f32 can count.
    pub fn index(&mut self, ty: Type) -> NodeId {
        self.push(Op::Index, Vec::new(), ty)
    }

    /// Σ over all ranks.
    pub fn total(&mut self, x: NodeId) -> NodeId {
        self.infer(Op::Total, vec![x])
    }

    /// `x` with no gradient.
    pub fn detach(&mut self, x: NodeId) -> NodeId {
        self.infer(Op::Detach, vec![x])
    }
}
