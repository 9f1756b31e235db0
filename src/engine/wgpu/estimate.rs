//! About how long a kernel takes on a chip that is not there.
//!
//! A dispatch takes [`DISPATCH`] and the longest of three:
//!
//! - *arithmetic*: the products of a contraction at the chip's rate,
//! - *memory*: every byte read and written once at the chip's rate,
//! - *waiting*: [`LOAD`] for each load that waits for the one before in a thread, as often as workgroups
//!   follow one another on a multiprocessor.
//!
//! A chip has its rates only while it is full: with fewer than [`FULL`] threads on each multiprocessor
//! they shrink in proportion. Then too few workgroups are what holds it. What a kernel spends on indices
//! and in barriers is not counted, so that most take longer.

use crate::graph::{Graph, NodeId, Op, Program};

use super::chips::Chip;
use super::cost::Cost;
use super::cut::{Contraction, DEPTH_STEP, Depthwise, Multiply, TOTAL_THREADS, TileCut};
use super::dispatch::Dispatch;
use super::kernel::{Body, Kernel};
use super::plan::GpuPlan;
use super::wgsl::{KernelText, WgslProgram};

/// Seconds of a dispatch that waits for the one before: 1.8 µs were read on an H200.
pub const DISPATCH: f64 = 1.8e-6;
/// Seconds of a load that waits for the one before: an H200 took 43 µs where a thread of a gather adds up
/// 43 parts of four elements, one after the other.
pub const LOAD: f64 = 0.25e-6;
/// Threads of a multiprocessor that have enough loads and products under way for its rates.
pub const FULL: usize = 512;
/// Loads of a loop that are under way together.
const UNROLLED: usize = 4;
/// Workgroups that a multiprocessor has at most.
const MOST_GROUPS: usize = 32;

/// What holds a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Products.
    Arithmetic,
    /// Bytes.
    Memory,
    /// Loads one after the other.
    Waiting,
    /// The chip is not full, so that products or bytes take longer.
    FewThreads,
    /// The dispatch itself.
    Dispatch,
}

impl Limit {
    /// In a word or two.
    pub fn name(self) -> &'static str {
        match self {
            Limit::Arithmetic => "arithmetic",
            Limit::Memory => "memory",
            Limit::Waiting => "waiting",
            Limit::FewThreads => "few threads",
            Limit::Dispatch => "dispatch",
        }
    }
}

/// Of one dispatch.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// What it does, on what shape.
    pub what: String,
    /// Floating-point operations of a contraction (a multiply-add is two).
    pub flops: f64,
    /// Bytes of what it reads and writes, each counted once.
    pub bytes: f64,
    /// Workgroups.
    pub groups: usize,
    /// Workgroups that a multiprocessor has room for.
    pub room: usize,
    /// What takes longest.
    pub limit: Limit,
    /// Seconds that it takes.
    pub seconds: f64,
}

/// Of each dispatch of a program, in order.
pub fn estimates(program: &Program, wgsl: &WgslProgram, chip: &Chip) -> Vec<Estimate> {
    let dispatches = wgsl.plan.dispatches.iter();
    let here = dispatches.filter(|dispatch| !matches!(dispatch, Dispatch::Ranks(_)));
    let all = here.zip(&wgsl.kernels);
    let one = |(dispatch, text): (&Dispatch, &KernelText)| {
        let groups = text.workgroups.iter().map(|&n| n as usize).product();
        let cost = Cost::of_all(program, &wgsl.plan, dispatch.kernels());
        estimate(chip, cost, groups, Work::of(&program.graph, &wgsl.plan, dispatch))
    };
    all.map(one).collect()
}

fn estimate(chip: &Chip, cost: Cost, groups: usize, work: Work) -> Estimate {
    let Cost { what, flops, bytes } = cost;
    let room = room(chip, work.threads, work.memory);
    let full = (groups * work.threads) as f64 / (chip.multiprocessors * FULL) as f64;
    let share = full.min(1.0);
    let products = if work.matrices { chip.matrix_tflops } else { chip.f32_tflops };
    let rounds = groups.div_ceil(chip.multiprocessors * room);
    let arithmetic = flops * work.products as f64 / (products * 1e12 * share);
    let memory = bytes / (chip.gbytes * 1e9 * share);
    let waiting = (rounds * work.turns) as f64 * LOAD;
    let longest = arithmetic.max(memory).max(waiting);
    let limit = if longest < DISPATCH {
        Limit::Dispatch
    } else if longest == waiting {
        Limit::Waiting
    } else if share < 1.0 {
        Limit::FewThreads
    } else if longest == arithmetic {
        Limit::Arithmetic
    } else {
        Limit::Memory
    };
    Estimate { what, flops, bytes, groups, room, limit, seconds: DISPATCH + longest }
}

/// Workgroups of so many threads and so much memory that a multiprocessor has at a time.
fn room(chip: &Chip, threads: usize, memory: usize) -> usize {
    let by_memory = (chip.memory << 10).checked_div(memory).unwrap_or(MOST_GROUPS);
    by_memory.min(chip.threads / threads).clamp(1, MOST_GROUPS)
}

/// What a workgroup is and does.
struct Work {
    threads: usize,
    /// Bytes of workgroup memory.
    memory: usize,
    /// Whether subgroups multiply matrices.
    matrices: bool,
    /// Products that stand for one.
    products: usize,
    /// Loads of a thread that wait for one another.
    turns: usize,
}

impl Work {
    fn of(graph: &Graph, plan: &GpuPlan, dispatch: &Dispatch) -> Self {
        match dispatch {
            Dispatch::One(id) => {
                let (kernel, cut) = (&plan.kernels.list[id.index()], &plan.cuts[id.index()]);
                let memory = cut.workgroup_memory(kernel);
                match plan.memory.totals.get(id) {
                    Some((_, entries)) => {
                        let turns = entries.div_ceil(TOTAL_THREADS * 2 * UNROLLED)
                            + TOTAL_THREADS.ilog2() as usize;
                        Self { threads: TOTAL_THREADS, memory, matrices: false, products: 1, turns }
                    }
                    None => Self {
                        threads: cut.threads(),
                        memory,
                        matrices: cut.by_matrices(),
                        products: products(cut),
                        turns: turns(graph, kernel, cut),
                    },
                }
            }
            // What the host does is no work of the device.
            Dispatch::Ranks(_) => {
                Self { threads: 1, memory: 0, matrices: false, products: 1, turns: 0 }
            }
            Dispatch::Flat(ids, cut) => {
                let sources = ids.iter().filter_map(|id| plan.kernels.list[id.index()].source());
                let parts = sources.map(|of| plan.cuts[of.index()].splits).max();
                Self {
                    threads: cut.threads(),
                    memory: cut.workgroup_memory(),
                    matrices: false,
                    products: 1,
                    turns: parts.unwrap_or(1).div_ceil(cut.slices * UNROLLED)
                        + cut.slices.ilog2() as usize,
                }
            }
        }
    }
}

fn turns(graph: &Graph, kernel: &Kernel, cut: &TileCut) -> usize {
    let rows = cut.per_thread.min(cut.rows);
    match kernel.body {
        Body::Map | Body::Total { .. } | Body::Ranks(_) => 1,
        Body::Contract(node) | Body::Weights(node) => {
            Contraction::of(graph, node).map_or(1, |it| contracted(&it, cut))
        }
        // Those of a loop without branches are asked for in fours.
        Body::Fold(ref nodes) => {
            let loops = nodes.iter().map(|&node| looped(graph, node).div_ceil(UNROLLED));
            loops.sum::<usize>() * rows
        }
        // Each thread takes its share of the parts, then threads join theirs by pairs.
        Body::Gather(_) | Body::Merge { .. } => cut.parts.map_or(1, |parts| {
            let share = parts.count.div_ceil(parts.slices * parts.ways);
            share * rows + parts.slices.ilog2() as usize
        }),
    }
}

/// Products that stand for one: three of operands in two parts.
fn products(cut: &TileCut) -> usize {
    match cut.multiply {
        Multiply::Strips(strip) => strip.products().len(),
        Multiply::Weights(weights) => weights.strip.products().len(),
        Multiply::Scalars
        | Multiply::Matrices(_)
        | Multiply::Sliding(_)
        | Multiply::Depthwise(_) => 1,
    }
}

/// Strips ask for all of a chunk, or of a strip, together, and for what becomes of the results; tiles
/// stage one step after the other.
fn contracted(it: &Contraction, cut: &TileCut) -> usize {
    match cut.multiply {
        Multiply::Strips(strip) => {
            let rows = if strip.blocking.whole { 1 } else { it.geometry.kernel[0] };
            it.inner.div_ceil(strip.blocking.chunk) * rows + 1
        }
        Multiply::Weights(weights) => weights.blocking.each + 1,
        Multiply::Depthwise(depthwise) => blocks(it, cut, &depthwise),
        Multiply::Scalars | Multiply::Matrices(_) | Multiply::Sliding(_) => {
            cut.split_depth(it).div_ceil(DEPTH_STEP) * staged(it, cut)
        }
    }
}

/// A thread asks for all that it sees of a block together, or of a row of it where there is a loop over
/// the kernel's; slices of a weight gradient then join theirs one after the other.
fn blocks(it: &Contraction, cut: &TileCut, depthwise: &Depthwise) -> usize {
    if depthwise.weights {
        return depthwise.all_blocks().div_ceil(cut.splits * depthwise.slices) + 1;
    }
    if depthwise.blocking.rows == 1 { it.geometry.kernel[0] + 1 } else { 2 }
}

/// Loads of a thread that stages [`DEPTH_STEP`] columns of both operands; each stands behind a branch.
fn staged(it: &Contraction, cut: &TileCut) -> usize {
    let left = (DEPTH_STEP * cut.tile_rows() / it.a_width).div_ceil(cut.threads());
    left + (DEPTH_STEP * cut.lanes).div_ceil(cut.threads())
}

/// Elements that a reduction or a window takes in.
fn looped(graph: &Graph, node: NodeId) -> usize {
    let of = graph.node(node);
    match of.op {
        Op::Pool(geometry) | Op::PoolDx(geometry) => geometry.area(),
        _ => graph.node(of.args[0]).ty.shape.len() / of.ty.shape.len().max(1),
    }
}
