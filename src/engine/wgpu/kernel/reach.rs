//! Which stored values an expression reads.

use crate::graph::{Class, Graph, NodeId, Op, Type};

use super::rules::is_anchor;
use super::types::{KernelId, KernelRead};

/// Where evaluation of a value ends.
enum Stop {
    /// In a buffer.
    Stored,
    /// In the kernel itself.
    Here,
    /// Not at all: it is recomputed.
    Open,
}

/// Stored values behind `roots` for a kernel at position `here`; each root says whether it is
/// evaluated at the domain's own index. Values that the kernel itself makes are left out unless
/// they are read at another index; the second result tells whether there is such a one, which no
/// kernel can have.
pub(super) fn reads(
    graph: &Graph,
    made_in: &[Option<KernelId>],
    here: KernelId,
    roots: &[(NodeId, bool)],
) -> (Vec<KernelRead>, bool) {
    let mut found: Vec<KernelRead> = Vec::new();
    let mut crossed = false;
    let mut seen = std::collections::HashSet::new();
    let mut stack: Vec<(NodeId, bool)> = roots.iter().rev().copied().collect();
    while let Some((id, pointwise)) = stack.pop() {
        if !seen.insert((id, pointwise)) {
            continue;
        }
        let node = graph.node(id);
        let anchor = is_anchor(&node.op);
        match stop(&node.op, made_in[id.index()], here) {
            Stop::Stored => add(&mut found, KernelRead { value: id, pointwise }),
            Stop::Here if !pointwise => crossed = true,
            Stop::Here if anchor => {}
            Stop::Here | Stop::Open => {
                for &arg in node.args.iter().rev() {
                    let same = keeps_index(&node.op) && graph.node(arg).ty.shape == node.ty.shape;
                    stack.push((arg, pointwise && same));
                }
            }
        }
    }
    (found, crossed)
}

/// Stored values behind the argument of a reduction to `domain`, for a kernel at position `here` that
/// has computed others. None if it would need what that kernel makes of another element: that it makes
/// of its own is reached through pointwise values only.
pub(super) fn reads_along(
    graph: &Graph,
    made_in: &[Option<KernelId>],
    here: KernelId,
    arg: NodeId,
    domain: Type,
) -> Option<Vec<KernelRead>> {
    let mut found: Vec<KernelRead> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    let mut stack = vec![(arg, true)];
    while let Some((id, own)) = stack.pop() {
        if !seen.insert((id, own)) {
            continue;
        }
        let node = graph.node(id);
        match stop(&node.op, made_in[id.index()], here) {
            Stop::Stored => add(&mut found, KernelRead { value: id, pointwise: false }),
            Stop::Here if !own || node.ty != domain => return None,
            Stop::Here if is_anchor(&node.op) => {}
            Stop::Open if is_anchor(&node.op) => return None,
            Stop::Here | Stop::Open => {
                let own = own && keeps_index(&node.op);
                stack.extend(node.args.iter().rev().map(|&arg| (arg, own)));
            }
        }
    }
    Some(found)
}

fn stop(op: &Op, made: Option<KernelId>, here: KernelId) -> Stop {
    match (op, made) {
        (Op::Input(_), _) => Stop::Stored,
        (_, Some(made)) if made < here => Stop::Stored,
        (_, Some(made)) if made == here => Stop::Here,
        (_, Some(_) | None) => Stop::Open,
    }
}

fn keeps_index(op: &Op) -> bool {
    match op.class() {
        Class::Pointwise | Class::Order => true,
        Class::Source | Class::Window | Class::Contraction | Class::Reduction | Class::Move => {
            false
        }
    }
}

/// Adds a read; a value read in both ways counts as read at other indices.
pub(super) fn add(reads: &mut Vec<KernelRead>, read: KernelRead) {
    match reads.iter_mut().find(|r| r.value == read.value) {
        Some(known) => known.pointwise &= read.pointwise,
        None => reads.push(read),
    }
}
