//! Programs copied node by node into changed ones.

use super::{Graph, Node, NodeId, Output, Program, Type};

/// A copy that is being made.
#[derive(Debug)]
pub struct Copy<'a> {
    old: &'a Graph,
    new: Graph,
    /// What stands for each old node so far; none for one that is left out.
    at: Vec<Option<NodeId>>,
}

impl Copy<'_> {
    /// What stands for an old node that has been visited and was not left out.
    pub fn at(&self, old: NodeId) -> NodeId {
        self.at[old.index()].expect("a node that others need is not left out")
    }

    /// Type of a new node.
    pub fn ty(&self, new: NodeId) -> Type {
        self.new.node(new).ty
    }

    /// Appends a node, whose arguments are new ones.
    pub fn push(&mut self, node: Node) -> NodeId {
        self.new.nodes.push(node);
        NodeId(self.new.nodes.len() as u32 - 1)
    }

    /// Appends an old node as it is, on what stands for its arguments.
    pub fn keep(&mut self, old: NodeId) -> NodeId {
        let node = self.old.node(old);
        let args = node.args.iter().map(|&arg| self.at(arg)).collect();
        self.push(Node { args, ..node.clone() })
    }
}

/// A copy of `program`. `visit` is called for each node in order and says what stands for it:
/// one of the copy's nodes, or none if nothing that is kept needs it. Outputs and updates follow;
/// inputs stay declared, so that their ids stay valid.
///
/// Panics if a node that is kept, an output or an update needs one that was left out.
pub fn rewrite(
    program: &Program,
    mut visit: impl FnMut(&mut Copy, NodeId) -> Option<NodeId>,
) -> Program {
    let old = &program.graph;
    let new = Graph { nodes: Vec::new(), inputs: old.inputs.clone() };
    let mut copy = Copy { old, new, at: Vec::with_capacity(old.nodes.len()) };
    for id in old.ids() {
        let stands = visit(&mut copy, id);
        copy.at.push(stands);
    }
    let output = |output: &Output| Output { node: copy.at(output.node), ..*output };
    Program {
        outputs: program.outputs.iter().map(output).collect(),
        updates: program.updates.iter().map(|&(input, node)| (input, copy.at(node))).collect(),
        batch: program.batch,
        graph: copy.new,
    }
}
