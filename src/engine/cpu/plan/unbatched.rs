//! Work outside the batch: per-channel coefficients before each phase, state updates at the end.

use std::collections::{HashMap, HashSet};

use super::buffer::{Buffer, Extent, Stored};
use super::fuse::{LoopBuilder, LoopTable, extent, plain};
use super::step::{Loop, Step};
use crate::engine::cpu::loops::Accumulate;
use crate::engine::cpu::windows::Window;
use crate::graph::placement::{Home, Placement, closes_phase, is_anchor};
use crate::graph::{Graph, NodeId, Op, Program, ReduceKind};

/// Nodes outside the batch that are computed before each phase, and those left for the end.
pub struct Unbatched {
    /// By phase, in order.
    pub before: Vec<Vec<NodeId>>,
    /// State updates that nothing else reads, in order.
    pub last: Vec<Vec<NodeId>>,
}

/// Sorts the stored values outside the batch by when they are computed.
pub fn sort(program: &Program, placement: &Placement) -> Unbatched {
    let graph = &program.graph;
    let users = graph.users();
    let updates: HashSet<NodeId> = program.updates.iter().map(|u| u.1).collect();
    let outputs: HashSet<NodeId> = program.outputs.iter().map(|o| o.node).collect();
    // Late: nothing but state updates depends on it, and it needs no step of its own.
    let mut late = vec![false; graph.nodes.len()];
    for id in graph.ids().rev() {
        let own_step = is_anchor(graph, id) || matches!(graph.node(id).op, Op::Input(_));
        let readers = &users[id.index()];
        late[id.index()] = !own_step
            && !outputs.contains(&id)
            && (updates.contains(&id) || !readers.is_empty())
            && readers.iter().all(|u| late[u.index()]);
    }
    let mut sorted =
        Unbatched { before: vec![Vec::new(); placement.phases as usize], last: Vec::new() };
    let mut last = Vec::new();
    for id in graph.ids() {
        let node = graph.node(id);
        let stored = placement.home(id) == Home::Tensor && !node.ty.batched;
        if !stored || closes_phase(graph, id) || matches!(node.op, Op::Input(_)) {
            continue;
        }
        if late[id.index()] {
            last.push(id);
        } else {
            sorted.before[placement.stage(id).phase as usize].push(id);
        }
    }
    sorted.last = runs(graph, &last);
    sorted
}

/// Splits late nodes into runs that read each other: a parameter's momentum and the parameter.
/// Equal runs become equal loops, compiled once.
fn runs(graph: &Graph, nodes: &[NodeId]) -> Vec<Vec<NodeId>> {
    let stored: HashSet<NodeId> = nodes.iter().copied().collect();
    let mut runs: Vec<Vec<NodeId>> = Vec::new();
    for &id in nodes {
        match runs.last_mut() {
            Some(run) if reads(graph, &stored, run, id) => run.push(id),
            _ => runs.push(vec![id]),
        }
    }
    runs
}

/// Whether `id` reads a member of `run`, through values that are not stored.
fn reads(graph: &Graph, stored: &HashSet<NodeId>, run: &[NodeId], id: NodeId) -> bool {
    let mut pending = vec![id];
    while let Some(at) = pending.pop() {
        for &arg in &graph.node(at).args {
            if run.contains(&arg) {
                return true;
            }
            let inside = arg.index() > run[0].index() && !stored.contains(&arg);
            if inside && !is_anchor(graph, arg) {
                pending.push(arg);
            }
        }
    }
    false
}

/// A node's tensor.
fn tensor(graph: &Graph, id: NodeId) -> Stored {
    Stored { buffer: Buffer::Tensor(id), operand: plain(graph.node(id).ty) }
}

/// What is stored outside the batch from the start, or put together when a phase closes.
pub fn ready(program: &Program, placement: &Placement) -> HashMap<NodeId, Stored> {
    let graph = &program.graph;
    graph
        .ids()
        .filter(|&id| {
            let node = graph.node(id);
            let given = matches!(node.op, Op::Input(_)) || closes_phase(graph, id);
            given && !node.ty.batched && placement.home(id) == Home::Tensor
        })
        .map(|id| (id, tensor(graph, id)))
        .collect()
}

/// Arranges nodes into loops, with a step of its own for each re-indexing; afterwards they are ready.
pub fn steps(
    graph: &Graph,
    ready: &mut HashMap<NodeId, Stored>,
    nodes: &[NodeId],
    loops: &mut LoopTable,
) -> Vec<Step<Extent>> {
    let moves = |id: NodeId| matches!(graph.node(id).op, Op::Remap(_));
    let mut steps = Vec::new();
    for run in nodes.chunk_by(|&a, &b| !moves(a) && !moves(b)) {
        let node = graph.node(run[0]);
        let Op::Remap(map) = node.op else {
            steps.extend(fuse(graph, ready, run, loops).into_iter().map(Step::Loop));
            continue;
        };
        let from = graph.node(node.args[0]).ty.shape.0;
        let [operand, result] = [node.args[0], run[0]].map(|id| tensor(graph, id));
        steps.push(Step::Window {
            window: Window::Remap { map, from },
            operands: vec![operand.extent()],
            result: result.extent(),
        });
        ready.insert(run[0], result);
    }
    steps
}

/// Fuses nodes into loops, one for each run of equal extents; afterwards they are ready.
pub fn fuse(
    graph: &Graph,
    ready: &mut HashMap<NodeId, Stored>,
    nodes: &[NodeId],
    loops: &mut LoopTable,
) -> Vec<Loop<Extent>> {
    let mut steps = Vec::new();
    let mut rest = nodes;
    while let Some(&first) = rest.first() {
        let extent_of = |id: NodeId| {
            let node = graph.node(id);
            extent(if is_anchor(graph, id) { graph.node(node.args[0]).ty } else { node.ty })
        };
        let shape = extent_of(first);
        let count = if is_anchor(graph, first) {
            1
        } else {
            rest.iter().take_while(|&&n| !is_anchor(graph, n) && extent_of(n) == shape).count()
        };
        // As many as a loop has slots for.
        let mut group = &rest[..count];
        let mut step = fused(graph, ready, group, shape);
        while step.is_too_wide() && group.len() > 1 {
            group = &group[..group.len().div_ceil(2)];
            step = fused(graph, ready, group, shape);
        }
        steps.push(step.finish(loops));
        ready.extend(group.iter().map(|&id| (id, tensor(graph, id))));
        rest = &rest[group.len()..];
    }
    steps
}

/// One loop that stores some nodes of one extent, or reduces one.
fn fused<'a>(
    graph: &'a Graph,
    ready: &'a HashMap<NodeId, Stored>,
    group: &[NodeId],
    shape: [usize; 3],
) -> LoopBuilder<'a> {
    let mut builder = LoopBuilder::new(graph, ready, shape);
    for &id in group {
        let node = graph.node(id);
        let at = tensor(graph, id);
        match node.op {
            Op::Reduce(kind, _) => {
                let kind = match kind {
                    ReduceKind::Sum => Accumulate::Sum,
                    ReduceKind::M2 => unreachable!("{id} closes a phase, or was refused"),
                    ReduceKind::Max => Accumulate::Max,
                };
                builder.reduce(kind, node.args[0], at, node.ty);
            }
            _ => builder.store(id, at),
        }
    }
    builder
}

/// Lets the last loops write state in place where no other loop reads the old value (they run in
/// any order); what remains is copied afterwards.
pub fn update(program: &Program, last: &mut [Loop<Extent>]) -> Vec<[Extent; 2]> {
    let graph = &program.graph;
    let mut input_node = HashMap::new();
    for id in graph.ids() {
        if let Op::Input(input) = graph.node(id).op {
            input_node.insert(input, id);
        }
    }
    let mut users: HashMap<Buffer, Vec<usize>> = HashMap::new();
    for (index, step) in last.iter().enumerate() {
        for slot in &step.slots {
            users.entry(slot.memory.buffer).or_default().push(index);
        }
    }
    let users_of =
        |id: NodeId| users.get(&Buffer::Tensor(id)).map(Vec::as_slice).unwrap_or_default();
    let mut copies = Vec::new();
    for &(input, from) in &program.updates {
        let Some(&to) = input_node.get(&input) else { continue };
        match users_of(from) {
            [at] if users_of(to).is_empty() || users_of(to) == [*at] => {
                for slot in &mut last[*at].slots {
                    if slot.memory.buffer == Buffer::Tensor(from) {
                        slot.memory.buffer = Buffer::Tensor(to);
                    }
                }
            }
            _ if from == to => {}
            _ => copies.push([from, to].map(|id| tensor(graph, id).extent())),
        }
    }
    copies
}
