//! Batch norm of an inference pass, folded: a factor for each channel of a convolution's result
//! becomes part of its weights, which are then multiplied once a run instead of every pixel.

use crate::graph::rewrite::{Copy, rewrite};
use crate::graph::{Binary, Graph, Node, NodeId, Op, Program};

/// Moves factors into weights, wherever a convolution's result is used only with that factor.
pub fn factors_into_weights(program: &Program) -> Program {
    let graph = &program.graph;
    let users = graph.users();
    let roots: Vec<NodeId> = program.roots().collect();
    let once = |conv: NodeId| users[conv.index()].len() == 1 && !roots.contains(&conv);
    rewrite(program, |copy, id| {
        Some(match scaled_convolution(graph, graph.node(id)) {
            Some((conv, factor)) if once(conv) => fold(copy, graph.node(conv), factor),
            _ => copy.keep(id),
        })
    })
}

/// The convolution and the factor, where the node is conv(x, w)·s with one s a channel.
fn scaled_convolution(graph: &Graph, node: &Node) -> Option<(NodeId, NodeId)> {
    let (Op::Binary(Binary::Mul), &[a, b]) = (node.op, &node.args[..]) else { return None };
    [(a, b), (b, a)].into_iter().find(|&(conv, factor)| {
        let ty = graph.node(factor).ty;
        let [n, rows, columns, _] = ty.shape.0;
        matches!(graph.node(conv).op, Op::Conv(_)) && !ty.batched && n * rows * columns == 1
    })
}

/// conv(x, w·s)
fn fold(copy: &mut Copy, conv: &Node, factor: NodeId) -> NodeId {
    let [x, weights, factor] = [conv.args[0], conv.args[1], factor].map(|old| copy.at(old));
    let (op, ty) = (Op::Binary(Binary::Mul), copy.ty(weights));
    let scaled = copy.push(Node { op, args: vec![weights, factor], ty, origin: conv.origin });
    copy.push(Node { args: vec![x, scaled], ..conv.clone() })
}
