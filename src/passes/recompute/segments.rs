//! Which cuts are used, and to which segment each node belongs.

use super::cuts::{Cut, cuts};
use crate::graph::placement::Placement;
use crate::graph::{Graph, NodeId, Op, Program, Role};

/// The forward pass, cut into segments.
#[derive(Debug)]
pub struct Segments {
    /// How many.
    pub count: usize,
    /// The segment of each value that can be computed again. None for inputs, for what is not
    /// batched, for tensors at cuts, and for backward.
    pub of: Vec<Option<usize>>,
    /// What depends on the targets: the loss and backward.
    pub backward: Vec<bool>,
}

impl Segments {
    /// Cuts so that the tensors at cuts and those of the largest segment together are smallest.
    pub fn new(program: &Program, placement: &Placement) -> Option<Self> {
        let graph = &program.graph;
        let backward = backward(graph);
        let loss = backward.iter().position(|&b| b)?;
        let forward: Vec<bool> = (0..graph.nodes.len()).map(|i| i < loss).collect();
        let (all, rest) = cuts(program, placement, &forward);
        let chosen = choose(&all, rest);
        if chosen.is_empty() {
            return None;
        }
        let of = assign(graph, &chosen, &backward, loss);
        Some(Self { count: chosen.len() + 1, of, backward })
    }
}

fn backward(graph: &Graph) -> Vec<bool> {
    let mut backward = vec![false; graph.nodes.len()];
    for id in graph.ids() {
        let node = graph.node(id);
        backward[id.index()] = match node.op {
            Op::Input(input) => graph.input(input).role == Role::Targets,
            _ => node.args.iter().any(|a| backward[a.index()]),
        };
    }
    backward
}

/// The cuts that keep least. `rest` is what backward reads after the last of `all`.
fn choose(all: &[Cut], rest: usize) -> Vec<NodeId> {
    let whole = all.iter().map(|c| c.bytes + c.before).sum::<usize>() + rest;
    let mut best = (whole, Vec::new());
    // Few lengths differ by more than a little: try a limit for each eighth of an octave.
    let mut limit = whole as f64;
    while limit >= 1.0 && best.1.len() < all.len() {
        let (kept, chosen) = greedy(all, rest, limit as usize);
        if kept < best.0 {
            best = (kept, chosen);
        }
        limit /= 2f64.powf(0.125);
    }
    best.1
}

/// Segments as long as fit into `limit` bytes; what is kept at most at one time.
fn greedy(all: &[Cut], rest: usize, limit: usize) -> (usize, Vec<NodeId>) {
    let (mut chosen, mut at_cuts, mut largest) = (Vec::new(), 0, 0);
    let mut length = 0;
    for (index, cut) in all.iter().enumerate() {
        length += cut.before;
        let next = all.get(index + 1).map_or(rest, |c| c.before);
        if length + cut.bytes + next > limit {
            chosen.push(cut.node);
            at_cuts += cut.bytes;
            largest = largest.max(length);
            length = 0;
        } else {
            length += cut.bytes;
        }
    }
    (at_cuts + largest.max(length + rest), chosen)
}

fn assign(graph: &Graph, cuts: &[NodeId], backward: &[bool], loss: usize) -> Vec<Option<usize>> {
    let mut of: Vec<Option<usize>> = vec![None; graph.nodes.len()];
    for id in graph.ids() {
        let node = graph.node(id);
        let kept = matches!(node.op, Op::Input(_)) || cuts.binary_search(&id).is_ok();
        if !node.ty.batched || backward[id.index()] || kept {
            continue;
        }
        of[id.index()] = if id.index() < loss {
            Some(cuts.partition_point(|&cut| cut < id))
        } else {
            // Made for backward alone, such as a ReLU's mask.
            node.args.iter().filter_map(|a| of[a.index()]).max()
        };
    }
    of
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(node: u32, before: usize) -> Cut {
        Cut { node: NodeId(node), bytes: 10, before }
    }

    #[test]
    fn a_chain_of_equal_parts_is_cut_near_the_root_of_its_length() {
        // 100 parts of 10 kept bytes and a cut of 10: at segments of k parts, 1000/k + 20·k.
        let all: Vec<Cut> = (0..100).map(|i| cut(i, 10)).collect();
        let chosen = choose(&all, 10);
        let brute = (1..100)
            .map(|k| {
                let used = all.iter().skip(k - 1).step_by(k).count();
                10 * used + 20 * (k - 1) + 10
            })
            .min()
            .expect("some length");
        let mut largest = 0;
        let mut from = 0;
        for node in chosen.iter().map(|c| c.index()).chain([100]) {
            largest = largest.max(20 * (node - from) + 10);
            from = node + 1;
        }
        let kept = 10 * chosen.len() + largest;
        assert!(kept as f64 <= 1.1 * brute as f64, "{kept} against {brute}");
    }

    #[test]
    fn nothing_is_cut_where_that_saves_nothing() {
        assert_eq!(choose(&[], 100), []);
        assert_eq!(choose(&[cut(1, 0)], 0), []);
    }
}
