//! Checks what every later stage relies on.
//!
//! Invariants of a graph: arguments come before their users; the number of arguments fits the
//! operation; a node's type is what [`super::infer`] gives (for `Input`, the input's own; for
//! `Broadcast` and `Random`, one that the argument broadcasts to; for `Const`, a scalar);
//! no extent is zero. Of a program: an update has its input's type.

use super::infer;
use super::types::*;

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
    for &(input, id) in &program.updates {
        let (want, have) = (graph.input(input).ty, graph.node(id).ty);
        if want != have {
            let reason =
                format!("updates {} of type {want:?} with {have:?}", graph.input(input).name);
            return Err(Broken { node: id, reason });
        }
    }
    Ok(())
}

fn node(graph: &Graph, id: NodeId) -> Result<(), String> {
    let node = graph.node(id);
    if let Some(arg) = node.args.iter().find(|a| a.index() >= id.index()) {
        return Err(format!("argument {arg} does not come before"));
    }
    if node.ty.shape.is_empty() {
        return Err(format!("shape {} has no element", node.ty.shape));
    }
    let types: Vec<Type> = node.args.iter().map(|&a| graph.node(a).ty).collect();
    let fits = match (&node.op, types.as_slice()) {
        (Op::Input(input), []) => graph.input(*input).ty == node.ty,
        (Op::Const(_), []) => node.ty == Type { shape: Shape::SCALAR, batched: false },
        (Op::Broadcast, &[x]) => infer::broadcast(x, node.ty) == Some(node.ty),
        (Op::Random { .. }, &[seed]) => seed.shape == Shape::SCALAR,
        (op, types) => infer::result(op, types) == Some(node.ty),
    };
    if fits { Ok(()) } else { Err(format!("{:?} of {types:?} is not {:?}", node.op, node.ty)) }
}
