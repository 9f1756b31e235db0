//! Less memory for more time: what backward needs of the forward pass is computed again, segment
//! by segment, instead of being kept.
//!
//! The forward pass is cut where a single tensor carries everything on (between units). Only the
//! tensors at the cuts are kept; a segment's others are computed again, from its cut, when
//! backward comes to it. Batch statistics are not: they are vectors, and known, so that a whole
//! segment is computed again in one phase. The last segment is kept, since backward starts there.

mod cuts;
mod segments;

use std::collections::HashMap;

use crate::graph::placement::{Placement, closes_phase};
use crate::graph::verify::verify;
use crate::graph::{Graph, Node, NodeId, Op, Program};
use segments::Segments;

/// Rewrites a training step; one whose forward pass has no cut stays as it is.
pub fn recompute(program: Program) -> Program {
    let placement = Placement::new(&program);
    let Some(segments) = Segments::new(&program, &placement) else { return program };
    let tokens = tokens(&program, &placement, &segments);
    let rewriter = Rewriter::new(&program.graph, &segments, &tokens);
    let program = super::dead::eliminate(rewriter.run(&program));
    debug_assert_eq!(verify(&program), Ok(()));
    program
}

/// For each segment a vector that backward computes just before it comes to the segment; none
/// for a segment that is kept.
fn tokens(program: &Program, placement: &Placement, segments: &Segments) -> Vec<Option<NodeId>> {
    let graph = &program.graph;
    let mut first: Vec<Option<u32>> = vec![None; segments.count];
    let mut known: HashMap<u32, NodeId> = HashMap::new();
    for id in graph.ids().filter(|id| segments.backward[id.index()]) {
        let phase = placement.stage(id).phase;
        if closes_phase(graph, id) {
            known.entry(phase + 1).or_insert(id);
        }
        for arg in &graph.node(id).args {
            if let Some(segment) = segments.of[arg.index()] {
                let at = first[segment].get_or_insert(phase);
                *at = phase.min(*at);
            }
        }
    }
    let last = segments.count - 1;
    first[..last]
        .iter()
        .map(|phase| phase.and_then(|phase| known.get(&phase).copied()))
        .chain([None])
        .collect()
}

/// Copies a graph, with second copies of forward nodes for backward to read.
struct Rewriter<'a> {
    old: &'a Graph,
    segments: &'a Segments,
    tokens: &'a [Option<NodeId>],
    new: Graph,
    /// Where each old node stands.
    copied: Vec<NodeId>,
    /// Second copies, by old node and the segment they are for.
    again: HashMap<(NodeId, usize), NodeId>,
}

impl<'a> Rewriter<'a> {
    fn new(old: &'a Graph, segments: &'a Segments, tokens: &'a [Option<NodeId>]) -> Self {
        let new = Graph { nodes: Vec::new(), inputs: old.inputs.clone() };
        Self { old, segments, tokens, new, copied: Vec::new(), again: HashMap::new() }
    }

    fn run(mut self, program: &Program) -> Program {
        for id in self.old.ids() {
            let mut node = self.old.node(id).clone();
            let backward = self.segments.backward[id.index()];
            for arg in &mut node.args {
                *arg = if backward { self.read_again(*arg) } else { self.copied[arg.index()] };
            }
            let copy = self.push(node);
            self.copied.push(copy);
        }
        let mut rewritten = Program { graph: self.new, ..program.clone() };
        for output in &mut rewritten.outputs {
            output.node = self.copied[output.node.index()];
        }
        for (_, node) in &mut rewritten.updates {
            *node = self.copied[node.index()];
        }
        rewritten
    }

    fn push(&mut self, node: Node) -> NodeId {
        self.new.nodes.push(node);
        NodeId(self.new.nodes.len() as u32 - 1)
    }

    /// The value of `id` for backward.
    fn read_again(&mut self, id: NodeId) -> NodeId {
        let copied = self.copied[id.index()];
        match self.segments.of[id.index()] {
            Some(segment) => match self.tokens[segment] {
                Some(token) => self.compute_again(id, segment, self.copied[token.index()]),
                None => copied,
            },
            None => copied,
        }
    }

    /// A second copy of `root` and of what it is computed from inside its segment. What comes
    /// from before the segment is read not before `token`.
    fn compute_again(&mut self, root: NodeId, segment: usize, token: NodeId) -> NodeId {
        let mut stack = vec![root];
        while let Some(&id) = stack.last() {
            if self.again.contains_key(&(id, segment)) {
                stack.pop();
                continue;
            }
            let node = self.old.node(id);
            let inside = self.segments.of[id.index()] == Some(segment);
            let missing: Vec<NodeId> = if inside {
                let unknown =
                    |a: &NodeId| self.batched(*a) && !self.again.contains_key(&(*a, segment));
                node.args.iter().copied().filter(unknown).collect()
            } else {
                Vec::new()
            };
            if !missing.is_empty() {
                stack.extend(missing);
                continue;
            }
            let again = if inside {
                let value = |a: &NodeId| match self.again.get(&(*a, segment)) {
                    Some(&again) => again,
                    None => self.copied[a.index()],
                };
                Node { args: node.args.iter().map(value).collect(), ..node.clone() }
            } else {
                let args = vec![self.copied[id.index()], token];
                Node { op: Op::After, args, ty: node.ty, origin: node.origin }
            };
            let again = self.push(again);
            self.again.insert((id, segment), again);
        }
        self.again[&(root, segment)]
    }

    fn batched(&self, id: NodeId) -> bool {
        self.old.node(id).ty.batched
    }
}
