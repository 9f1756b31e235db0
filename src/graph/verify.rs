//! Checks what every later stage relies on.
//!
//! Invariants of a graph: arguments come before their users; the number of arguments fits the
//! operation; a node's type is what [`super::infer`] gives (for `Input`, the input's own; for
//! `Broadcast` and `Random`, one that the argument broadcasts to; for `Const`, a scalar; for `Index`,
//! one whose elements f32 can count); no extent is zero. Of a program: outputs and updates name nodes that exist; no two outputs are
//! the same and no input is updated twice; a gradient and an update have their input's type.

use std::collections::HashSet;

use super::infer;
use super::{op::*, program::*, types::*};

/// Most elements that are numbered: f32 has all whole numbers below.
const MOST_INDICES: usize = 1 << 24;

/// A broken invariant: the node and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Where.
    pub node: NodeId,
    /// What.
    pub reason: String,
}

/// Checks a program.
pub fn verify(program: &Program) -> Result<(), Broken> {
    let graph = &program.graph;
    for id in graph.ids() {
        node(graph, id).map_err(|reason| Broken { node: id, reason })?;
    }
    for root in program.roots() {
        if root.index() >= graph.nodes.len() {
            return Err(Broken { node: root, reason: "is wanted but does not exist".into() });
        }
    }
    let mut kinds = HashSet::new();
    for &Output { kind, node } in &program.outputs {
        output(graph, kind, node).map_err(|reason| Broken { node, reason })?;
        if !kinds.insert(kind) {
            return Err(Broken { node, reason: format!("two outputs are {kind}") });
        }
    }
    let mut updated = HashSet::new();
    for &(input, node) in &program.updates {
        update(graph, input, node).map_err(|reason| Broken { node, reason })?;
        if !updated.insert(input) {
            return Err(Broken { node, reason: format!("{input} is updated twice") });
        }
    }
    Ok(())
}

fn output(graph: &Graph, kind: OutputKind, node: NodeId) -> Result<(), String> {
    let OutputKind::Gradient(input) = kind else { return Ok(()) };
    let have = graph.node(node).ty;
    match graph.inputs.get(input.index()) {
        Some(declared) if declared.ty == have => Ok(()),
        Some(declared) => Err(format!("{kind} of type {} is {have}", declared.ty)),
        None => Err(format!("{kind} is of an input that does not exist")),
    }
}

fn update(graph: &Graph, input: InputId, id: NodeId) -> Result<(), String> {
    let Some(declared) = graph.inputs.get(input.index()) else {
        return Err(format!("updates {input}, which does not exist"));
    };
    let (want, have) = (declared.ty, graph.node(id).ty);
    if want == have {
        Ok(())
    } else {
        Err(format!("updates {} of type {want} with {have}", declared.name))
    }
}

fn node(graph: &Graph, id: NodeId) -> Result<(), String> {
    let node = graph.node(id);
    if let Some(arg) = node.args.iter().find(|a| a.index() >= id.index()) {
        return Err(format!("argument {arg} does not come before"));
    }
    if node.ty.shape.is_empty() {
        return Err(format!("shape {} has no element", node.ty.shape));
    }
    let arity = node.op.arity();
    if node.args.len() != arity {
        return Err(format!("{} takes {arity} arguments, not {}", node.op.name(), node.args.len()));
    }
    let types: Vec<Type> = node.args.iter().map(|&a| graph.node(a).ty).collect();
    let fits = match (&node.op, types.as_slice()) {
        (Op::Input(input), []) => graph.inputs.get(input.index()).is_some_and(|i| i.ty == node.ty),
        (Op::Const(_), []) => node.ty == Type { shape: Shape::SCALAR, batched: false },
        (Op::Broadcast, &[x]) => infer::broadcast(x, node.ty) == Some(node.ty),
        (Op::Reshape, &[x]) => infer::reshapes(x, node.ty),
        (Op::Index, []) => node.ty.shape.len() <= MOST_INDICES,
        (Op::Random { .. }, &[seed]) => seed.shape == Shape::SCALAR,
        (op, types) => infer::result(op, types) == Some(node.ty),
    };
    if fits {
        Ok(())
    } else {
        let types: Vec<String> = types.iter().map(Type::to_string).collect();
        Err(format!("{} of ({}) is not {}", node.op, types.join(", "), node.ty))
    }
}
