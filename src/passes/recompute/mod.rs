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
use crate::graph::rewrite::{Copy, rewrite};
use crate::graph::{Graph, Node, NodeId, Op, Program};
use segments::Segments;

/// Rewrites a training step; one whose forward pass has no cut stays as it is.
pub fn recompute(program: &Program) -> Program {
    let placement = Placement::new(program);
    let Some(segments) = Segments::new(program, &placement) else { return program.clone() };
    let tokens = tokens(program, &placement, &segments);
    let graph = &program.graph;
    let mut again = Again { graph, segments: &segments, tokens: &tokens, made: HashMap::new() };
    rewrite(program, |copy, id| {
        if !segments.backward[id.index()] {
            return Some(copy.keep(id));
        }
        let node = graph.node(id);
        let args = node.args.iter().map(|&arg| again.read(copy, arg)).collect();
        Some(copy.push(Node { args, ..node.clone() }))
    })
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

/// What backward reads of the forward pass, computed again.
struct Again<'a> {
    graph: &'a Graph,
    segments: &'a Segments,
    tokens: &'a [Option<NodeId>],
    /// Second copies, by old node and the segment they are for.
    made: HashMap<(NodeId, usize), NodeId>,
}

impl Again<'_> {
    /// The value of `id` for backward.
    fn read(&mut self, copy: &mut Copy, id: NodeId) -> NodeId {
        let segment = self.segments.of[id.index()];
        match segment.and_then(|segment| self.tokens[segment].map(|token| (segment, token))) {
            Some((segment, token)) => self.compute(copy, id, segment, copy.at(token)),
            None => copy.at(id),
        }
    }

    /// A second copy of `root` and of what it is computed from inside its segment. What comes
    /// from before the segment is read not before `token`.
    fn compute(&mut self, copy: &mut Copy, root: NodeId, segment: usize, token: NodeId) -> NodeId {
        let mut stack = vec![root];
        while let Some(&id) = stack.last() {
            if self.made.contains_key(&(id, segment)) {
                stack.pop();
                continue;
            }
            let node = self.graph.node(id);
            let inside = self.segments.of[id.index()] == Some(segment);
            let unknown = |arg: &&NodeId| {
                let batched = self.graph.node(**arg).ty.batched;
                inside && batched && !self.made.contains_key(&(**arg, segment))
            };
            let missing: Vec<NodeId> = node.args.iter().filter(unknown).copied().collect();
            if !missing.is_empty() {
                stack.extend(missing);
                continue;
            }
            let again = if inside {
                let value = |arg: &NodeId| match self.made.get(&(*arg, segment)) {
                    Some(&again) => again,
                    None => copy.at(*arg),
                };
                Node { args: node.args.iter().map(value).collect(), ..node.clone() }
            } else {
                Node { op: Op::After, args: vec![copy.at(id), token], ..node.clone() }
            };
            self.made.insert((id, segment), copy.push(again));
        }
        self.made[&(root, segment)]
    }
}
