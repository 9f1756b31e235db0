//! Work outside the batch: per-channel coefficients before each phase, state updates at the end.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::buffer::{Buffer, Extent, Stored};
use super::fuse::{LoopBuilder, LoopTable, extent};
use super::schedule::Total;
use super::step::{Loop, Step};
use super::tensors::Tensors;
use crate::engine::EngineError;
use crate::engine::cpu::loops::Accumulate;
use crate::engine::cpu::simd::{Isa, Product, ProductKind};
use crate::engine::cpu::windows::Window;
use crate::graph::placement::{Home, Placement, closes_phase, is_anchor};
use crate::graph::{AxisMap, Class, Graph, NodeId, Op, Program, ReduceKind, Remap};

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
    let wide = wide(graph, placement, &late);
    wide.iter().for_each(|id| late[id.index()] = false);
    let stored = |id: NodeId| {
        let node = graph.node(id);
        let stored = placement.home(id) == Home::Tensor && !node.ty.batched;
        let given = closes_phase(graph, id) || matches!(node.op, Op::Input(_));
        stored && !given || wide.contains(&id)
    };
    let last: Vec<NodeId> = graph.ids().filter(|&id| late[id.index()] && stored(id)).collect();
    let Runs { runs: last, common } = Runs::of(graph, &late, &last);
    common.into_iter().for_each(|id| late[id.index()] = false);
    let mut before = vec![Vec::new(); placement.phases as usize];
    for id in graph.ids().filter(|&id| stored(id) && !late[id.index()]) {
        before[placement.stage(id).phase as usize].push(id);
    }
    Unbatched { before, last }
}

/// Most tensors that an expression reads before part of it is stored: a loop has room for several.
const MOST_READ: usize = 32;

/// Values that would be computed wherever they are read, but read too many tensors for that, such as
/// the norm of all gradients. What depends on an update is left where it is.
fn wide(graph: &Graph, placement: &Placement, late: &[bool]) -> HashSet<NodeId> {
    let mut wide = HashSet::new();
    let mut reads: Vec<Vec<NodeId>> = Vec::with_capacity(graph.nodes.len());
    for id in graph.ids() {
        let node = graph.node(id);
        let mut read = Vec::new();
        for &arg in node.args.iter().filter(|_| !node.ty.batched) {
            let stored = placement.home(arg) == Home::Tensor || wide.contains(&arg);
            if stored { read.push(arg) } else { read.extend(&reads[arg.index()]) }
        }
        read.sort_unstable();
        read.dedup();
        let inlined = placement.home(id) == Home::Inline && !is_anchor(graph, id);
        let known = read.iter().all(|at| !late[at.index()] || wide.contains(at));
        if inlined && known && read.len() > MOST_READ {
            wide.insert(id);
        }
        reads.push(read);
    }
    wide
}

/// Late nodes by what reads what: a parameter's momentum and the parameter. Runs are computed side by
/// side, so none reads what another computes; equal ones become equal loops, compiled once.
struct Runs {
    /// Each in order.
    runs: Vec<Vec<NodeId>>,
    /// Values that several runs read, which are known before: a rate times a decay, say.
    common: Vec<NodeId>,
}

impl Runs {
    fn of(graph: &Graph, late: &[bool], nodes: &[NodeId]) -> Self {
        let stored: HashMap<NodeId, usize> =
            nodes.iter().enumerate().map(|(at, &id)| (id, at)).collect();
        let reads: Vec<Vec<usize>> =
            nodes.iter().map(|&id| reads(graph, (&stored, late), id)).collect();
        let given = given(graph);
        let given: Vec<bool> = nodes.iter().map(|id| given[id.index()]).collect();
        let mut run: Vec<usize> = (0..nodes.len()).collect();
        for (at, args) in reads.iter().enumerate().filter(|(at, _)| !given[*at]) {
            args.iter().filter(|arg| !given[**arg]).for_each(|&arg| join(&mut run, at, arg));
        }
        let mut readers = vec![Vec::new(); nodes.len()];
        for (at, args) in reads.iter().enumerate() {
            args.iter().for_each(|&arg| readers[arg].push(at));
        }
        let mut common = vec![false; nodes.len()];
        for at in (0..nodes.len()).rev().filter(|&at| given[at]) {
            let readers: &[usize] = &readers[at];
            let of: HashSet<usize> = readers.iter().map(|&reader| root(&run, reader)).collect();
            common[at] = of.len() > 1 || readers.iter().any(|&reader| common[reader]);
            if let (false, Some(&reader)) = (common[at], readers.first()) {
                join(&mut run, at, reader);
            }
        }
        let mut places: HashMap<usize, usize> = HashMap::new();
        let mut runs: Vec<Vec<NodeId>> = Vec::new();
        for at in (0..nodes.len()).filter(|&at| !common[at]) {
            let place = *places.entry(root(&run, at)).or_insert_with(|| {
                runs.push(Vec::new());
                runs.len() - 1
            });
            runs[place].push(nodes[at]);
        }
        let common = nodes.iter().zip(common).filter(|(_, common)| *common);
        Self { runs, common: common.map(|(&id, _)| id).collect() }
    }
}

fn root(run: &[usize], mut at: usize) -> usize {
    while run[at] != at {
        at = run[at];
    }
    at
}

/// Makes two runs one, under the later node, so that few steps lead to it.
fn join(run: &mut [usize], a: usize, b: usize) {
    let (a, b) = (root(run, a), root(run, b));
    run[a.min(b)] = a.max(b);
}

/// The stored late nodes that `id` reads, through values that are not stored. What is not late reads none.
fn reads(
    graph: &Graph,
    (stored, late): (&HashMap<NodeId, usize>, &[bool]),
    id: NodeId,
) -> Vec<usize> {
    let (mut found, mut seen) = (Vec::new(), HashSet::new());
    let mut pending = vec![id];
    while let Some(at) = pending.pop() {
        for &arg in graph.node(at).args.iter().filter(|arg| seen.insert(**arg)) {
            match stored.get(&arg) {
                Some(&place) => found.push(place),
                None if late[arg.index()] => pending.push(arg),
                None => {}
            }
        }
    }
    found
}

/// Of each value, whether it needs no weight gradient that is still being added up: what it is made from
/// are inputs and whole reductions.
fn given(graph: &Graph) -> Vec<bool> {
    let mut given: Vec<bool> = Vec::with_capacity(graph.nodes.len());
    for id in graph.ids() {
        let is_known = |arg: &NodeId| {
            matches!(graph.node(*arg).op, Op::Reduce(..))
                || !is_anchor(graph, *arg) && given[arg.index()]
        };
        let of_known = graph.node(id).args.iter().all(is_known);
        given.push(of_known);
    }
    given
}

/// What is stored outside the batch from the start, or put together when a phase closes.
pub fn ready(
    program: &Program,
    placement: &Placement,
    tensors: &Tensors,
) -> HashMap<NodeId, Stored> {
    let graph = &program.graph;
    graph
        .ids()
        .filter(|&id| {
            let node = graph.node(id);
            let given = matches!(node.op, Op::Input(_)) || closes_phase(graph, id);
            given && !node.ty.batched && placement.home(id) == Home::Tensor
        })
        .map(|id| (id, tensors.at(id)))
        .collect()
}

/// Arranges nodes into loops, with a step of its own for each product and each re-indexing; afterwards they
/// are ready.
pub fn steps(
    tensors: &Tensors,
    ready: &mut HashMap<NodeId, Stored>,
    nodes: &[NodeId],
    loops: &mut LoopTable,
    isa: Isa,
) -> Result<Vec<Step<Extent>>, EngineError> {
    let graph = tensors.graph;
    let looped = |id: NodeId| match graph.node(id).op.class() {
        Class::Move | Class::Contraction => false,
        Class::Source | Class::Pointwise | Class::Window | Class::Reduction | Class::Order => true,
    };
    let mut steps = Vec::new();
    for run in nodes.chunk_by(|&a, &b| looped(a) && looped(b)) {
        if looped(run[0]) {
            let fused = fuse(tensors, ready, run, loops);
            steps.extend(fused.into_iter().map(Step::Loop));
            continue;
        }
        steps.extend(single(tensors, run[0], isa)?);
        ready.insert(run[0], tensors.at(run[0]));
    }
    Ok(steps)
}

/// The step of a node that no loop computes; none where its memory holds it already.
fn single(tensors: &Tensors, id: NodeId, isa: Isa) -> Result<Option<Step<Extent>>, EngineError> {
    let graph = tensors.graph;
    let node = graph.node(id);
    let from = |at: usize| graph.node(node.args[at]).ty.shape.0;
    let channels = |at: usize| from(at)[3];
    let (kind, channels) = match node.op {
        Op::Remap(map) => return Ok(Some(moved(tensors, id, map, from(0)))),
        Op::Reshape if tensors.is_shared(id) => return Ok(None),
        Op::Reshape => {
            let map = Remap { axes: node.ty.shape.0.map(AxisMap::identity) };
            return Ok(Some(moved(tensors, id, map, node.ty.shape.0)));
        }
        Op::Conv(_) => (ProductKind::Forward, [channels(0), channels(1)]),
        Op::ConvDx(_) => (ProductKind::Backward, [node.ty.shape.0[3], channels(0)]),
        Op::ConvDw(_) => (ProductKind::Weights, [channels(0), channels(1)]),
        Op::Input(_)
        | Op::Const(_)
        | Op::Unary(_)
        | Op::Binary(_)
        | Op::Broadcast
        | Op::Random { .. }
        | Op::Index
        | Op::Reduce(..)
        | Op::Total
        | Op::Pool(_)
        | Op::PoolDx(_)
        | Op::Detach
        | Op::After => unreachable!("a loop computes {id}"),
    };
    let rows = from(0)[0];
    let plan = Arc::new(Product::new(kind, rows, channels, isa)?);
    Ok(Some(Step::Product {
        operands: [0, 1].map(|at| tensors.at(node.args[at]).extent()),
        work: Extent { buffer: Buffer::Work(id), words: plan.work_words() },
        result: tensors.at(id).extent(),
        plan,
    }))
}

/// A sum over all ranks.
pub fn total(tensors: &Tensors, id: NodeId) -> Total<Extent> {
    let part = tensors.graph.node(id).args[0];
    Total { part: tensors.at(part).extent(), result: tensors.at(id).extent() }
}

/// A re-indexing of a node's argument, whose elements lie as those of an image of extents `from`.
fn moved(tensors: &Tensors, id: NodeId, map: Remap, from: [usize; 4]) -> Step<Extent> {
    Step::Window {
        window: Window::Remap { map, from },
        operands: vec![tensors.at(tensors.graph.node(id).args[0]).extent()],
        result: tensors.at(id).extent(),
    }
}

/// Fuses nodes into loops, one for each run of equal extents; afterwards they are ready.
pub fn fuse(
    tensors: &Tensors,
    ready: &mut HashMap<NodeId, Stored>,
    nodes: &[NodeId],
    loops: &mut LoopTable,
) -> Vec<Loop<Extent>> {
    let graph = tensors.graph;
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
        let mut step = fused(tensors, ready, group, shape);
        while step.is_too_wide() && group.len() > 1 {
            group = &group[..group.len().div_ceil(2)];
            step = fused(tensors, ready, group, shape);
        }
        steps.push(step.finish(loops));
        ready.extend(group.iter().map(|&id| (id, tensors.at(id))));
        rest = &rest[group.len()..];
    }
    steps
}

/// One loop that stores some nodes of one extent, or reduces one.
fn fused<'a>(
    tensors: &Tensors<'a>,
    ready: &'a HashMap<NodeId, Stored>,
    group: &[NodeId],
    shape: [usize; 3],
) -> LoopBuilder<'a> {
    let graph = tensors.graph;
    let mut builder = LoopBuilder::new(graph, ready, shape);
    for &id in group {
        let node = graph.node(id);
        let at = tensors.at(id);
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
pub fn update(
    program: &Program,
    tensors: &Tensors,
    last: &mut [Vec<Loop<Extent>>],
) -> Vec<[Extent; 2]> {
    let mut last: Vec<&mut Loop<Extent>> = last.iter_mut().flatten().collect();
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
    // What a loop only reads stays where it is, and so does what becomes two states.
    let written: HashSet<Buffer> = (last.iter().flat_map(|step| &step.slots))
        .filter(|slot| slot.written)
        .map(|slot| slot.memory.buffer)
        .collect();
    let mut wanted: HashMap<NodeId, usize> = HashMap::new();
    program.updates.iter().for_each(|(_, from)| *wanted.entry(*from).or_default() += 1);
    let mut copies = Vec::new();
    for &(input, from) in &program.updates {
        let Some(&to) = input_node.get(&input) else { continue };
        match users_of(from) {
            [at] if (users_of(to).is_empty() || users_of(to) == [*at])
                && written.contains(&Buffer::Tensor(from))
                && wanted[&from] == 1 =>
            {
                for slot in &mut last[*at].slots {
                    if slot.memory.buffer == Buffer::Tensor(from) {
                        slot.memory.buffer = Buffer::Tensor(to);
                    }
                }
            }
            _ if from == to => {}
            _ => copies.push([from, to].map(|id| tensors.at(id).extent())),
        }
    }
    copies
}
