//! Batch norm of an inference pass, folded: a factor for each channel of a convolution's result
//! becomes part of its weights, which are then multiplied once a run instead of every pixel.

use crate::graph::{Binary, Graph, Node, NodeId, Op, Program};

/// Moves factors into weights, wherever a convolution's result is used only with that factor.
pub fn factors_into_weights(program: Program) -> Program {
    let old = &program.graph;
    let users = old.users();
    let roots: Vec<NodeId> = program.roots().collect();
    let mut folded =
        Folding { graph: Graph { inputs: old.inputs.clone(), nodes: Vec::new() }, at: Vec::new() };
    for id in old.ids() {
        let mut node = old.node(id).clone();
        let once = |conv: NodeId| users[conv.index()].len() == 1 && !roots.contains(&conv);
        let at = match scaled_convolution(old, &node).filter(|&(conv, _)| once(conv)) {
            Some((conv, factor)) => folded.fold(old.node(conv), factor),
            None => {
                node.args.iter_mut().for_each(|arg| *arg = folded.at[arg.index()]);
                folded.push(node)
            }
        };
        folded.at.push(at);
    }
    let Folding { graph, at } = folded;
    let mut program = Program { graph, ..program.clone() };
    for output in &mut program.outputs {
        output.node = at[output.node.index()];
    }
    for (_, node) in &mut program.updates {
        *node = at[node.index()];
    }
    program
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

/// A graph being written, and where each old node stands in it.
struct Folding {
    graph: Graph,
    at: Vec<NodeId>,
}

impl Folding {
    fn push(&mut self, node: Node) -> NodeId {
        self.graph.nodes.push(node);
        NodeId(self.graph.nodes.len() as u32 - 1)
    }

    fn fold(&mut self, conv: &Node, factor: NodeId) -> NodeId {
        let [x, weights, factor] = [conv.args[0], conv.args[1], factor].map(|a| self.at[a.index()]);
        let op = Op::Binary(Binary::Mul);
        let ty = self.graph.node(weights).ty;
        let scaled = self.push(Node { op, args: vec![weights, factor], ty, origin: conv.origin });
        self.push(Node { args: vec![x, scaled], ..conv.clone() })
    }
}
