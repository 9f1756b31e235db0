//! Copies of a program with something changed: how bugs are planted.

use rnetc::graph::{
    Binary, Graph, InputId, Node, NodeId, Number, Op, Output, Program, Role, Shape, Type, Unary,
    infer,
};

/// The graph under construction, handed to a change.
pub struct Copy<'a> {
    old: &'a Program,
    graph: Graph,
}

impl Copy<'_> {
    /// Appends an operation on nodes of the new graph.
    pub fn emit(&mut self, op: Op, args: &[NodeId]) -> NodeId {
        let ty = match op {
            Op::Const(_) => Type { shape: Shape::SCALAR, batched: false },
            _ => {
                let types: Vec<Type> = args.iter().map(|&a| self.graph.node(a).ty).collect();
                infer::result(&op, &types).expect("a well-typed change")
            }
        };
        let node = Node { op, args: args.to_vec(), ty, origin: Default::default() };
        self.append(node)
    }

    /// The input that the old program calls `id`.
    pub fn input(&mut self, id: InputId) -> NodeId {
        let ty = self.graph.input(id).ty;
        self.append(Node { op: Op::Input(id), args: vec![], ty, origin: Default::default() })
    }

    /// Arguments of a node before it was copied.
    pub fn old_args(&self, id: NodeId) -> &[NodeId] {
        &self.old.graph.node(id).args
    }

    pub fn constant(&mut self, value: f64) -> NodeId {
        self.emit(Op::Const(Number(value)), &[])
    }

    pub fn unary(&mut self, op: Unary, x: NodeId) -> NodeId {
        self.emit(Op::Unary(op), &[x])
    }

    pub fn binary(&mut self, op: Binary, a: NodeId, b: NodeId) -> NodeId {
        self.emit(Op::Binary(op), &[a, b])
    }

    /// `x` times a number.
    pub fn scale(&mut self, x: NodeId, factor: f64) -> NodeId {
        let factor = self.constant(factor);
        self.binary(Binary::Mul, x, factor)
    }

    /// `x` repeated up to `ty`.
    pub fn broadcast(&mut self, x: NodeId, ty: Type) -> NodeId {
        if self.graph.node(x).ty == ty {
            return x;
        }
        self.append(Node { op: Op::Broadcast, args: vec![x], ty, origin: Default::default() })
    }

    fn append(&mut self, node: Node) -> NodeId {
        self.graph.nodes.push(node);
        NodeId(self.graph.nodes.len() as u32 - 1)
    }
}

/// Copies a program node by node. `change` sees each node's old id and the node with its new
/// arguments; where it yields a node, that one stands in for the copy. Panics if nothing
/// changed: a bug that was not planted proves nothing.
pub fn rebuild(
    program: &Program,
    mut change: impl FnMut(&mut Copy, NodeId, &Node) -> Option<NodeId>,
) -> Program {
    let graph = Graph { nodes: Vec::new(), inputs: program.graph.inputs.clone() };
    let mut copy = Copy { old: program, graph };
    let mut renamed: Vec<NodeId> = Vec::new();
    let mut changes = 0;
    for id in program.graph.ids() {
        let mut node = program.graph.node(id).clone();
        node.args = node.args.iter().map(|a| renamed[a.index()]).collect();
        let changed = change(&mut copy, id, &node);
        changes += usize::from(changed.is_some());
        renamed.push(changed.unwrap_or_else(|| copy.append(node)));
    }
    assert!(changes > 0, "the change found nothing to change");
    let rename = |id: NodeId| renamed[id.index()];
    Program {
        graph: copy.graph,
        outputs: program.outputs.iter().map(|o| Output { node: rename(o.node), ..*o }).collect(),
        updates: program.updates.iter().map(|&(i, n)| (i, rename(n))).collect(),
        batch: program.batch,
    }
}

/// Replaces every constant near `from` by `to`.
pub fn constants(program: &Program, from: f64, to: f64) -> Program {
    rebuild(program, |copy, _, node| match node.op {
        Op::Const(Number(v)) if (v - from).abs() < 1e-12 => Some(copy.constant(to)),
        _ => None,
    })
}

/// The nodes that inputs of a role are updated with.
pub fn updates_of(program: &Program, of: impl Fn(Role) -> bool) -> Vec<NodeId> {
    let of_role = |i: InputId| of(program.graph.input(i).role);
    program.updates.iter().filter(|(i, _)| of_role(*i)).map(|u| u.1).collect()
}

/// Whether a node is an input of this role times this number.
pub fn is_scaled_input(
    program: &Program,
    id: NodeId,
    of: impl Fn(Role) -> bool,
    factor: f64,
) -> bool {
    let graph = &program.graph;
    let node = graph.node(id);
    let is_input = |a: NodeId| match graph.node(a).op {
        Op::Input(input) => of(graph.input(input).role),
        _ => false,
    };
    let is_factor = |a: NodeId| match graph.node(a).op {
        Op::Const(Number(v)) => (v - factor).abs() < 1e-12,
        _ => false,
    };
    node.op == Op::Binary(Binary::Mul) && is_input(node.args[0]) && is_factor(node.args[1])
}
