//! Kernels that are alike are put off until somebody waits for one of them.

use std::collections::{HashMap, HashSet};

use crate::engine::wgpu::cut::TileCut;
use crate::engine::wgpu::kernel::{Body, Kernel, KernelId, Kernels};
use crate::graph::{InputId, NodeId, Op, Program};

use super::flat::likeness;

/// Partial sums that kernels together put off wait for at most: 32 MiB, a quarter of what every
/// adapter binds.
const MOST_PARTIALS: usize = 8 << 20;

/// Kernels that are put off together at most: a uniform buffer of 64 KiB then has 32 numbers for each.
const MOST_TOGETHER: usize = 512;

/// Kernels that run as one.
pub(super) enum Run {
    One(KernelId),
    /// Of one likeness, none of which waits for another.
    Alike(Vec<KernelId>),
    /// Sums over ranks, which cross together.
    Ranks(Vec<KernelId>),
}

/// Every kernel once, in an order in which each has what it reads, and overwrites nothing that
/// another still wants.
pub(super) fn runs(program: &Program, kernels: &Kernels, cuts: &[TileCut]) -> Vec<Run> {
    let mut schedule = Schedule::default();
    let over: HashMap<NodeId, InputId> =
        kernels.in_place.iter().map(|&(input, new)| (new, input)).collect();
    let totals = kernels.list.iter().filter(|kernel| matches!(kernel.body, Body::Total { .. }));
    let totalled: HashSet<KernelId> = totals.flat_map(Kernel::sources).copied().collect();
    let touched = |id| Touched::of(program, kernels, &over, id);
    let mut all = (0..kernels.list.len()).map(|at| KernelId(at as u32)).peekable();
    while let Some(id) = all.next() {
        let kernel = &kernels.list[id.index()];
        let mut touches = touched(id);
        if is_of_ranks(kernel) {
            let mut ids = vec![id];
            while let Some(next) = all.next_if(|next| {
                is_of_ranks(&kernels.list[next.index()]) && !touches.conflicts(&touched(*next))
            }) {
                touches.add(touched(next));
                ids.push(next);
            }
            schedule.run(|waiting| waiting.touched.conflicts(&touches));
            schedule.runs.push(Run::Ranks(ids));
            continue;
        }
        schedule.run(|waiting| waiting.touched.conflicts(&touches));
        match likeness(program, kernels, &over, id, totalled.contains(&id)) {
            None => schedule.runs.push(Run::One(id)),
            Some(likeness) => {
                let partials = partials(kernel, kernels, cuts);
                schedule.put_off(Waiting { likeness, ids: vec![id], touched: touches, partials });
            }
        }
    }
    schedule.run(|_| true);
    schedule.runs
}

fn is_of_ranks(kernel: &Kernel) -> bool {
    matches!(kernel.body, Body::Ranks(_))
}

/// The partial sums that a kernel adds up.
fn partials(kernel: &Kernel, kernels: &Kernels, cuts: &[TileCut]) -> usize {
    kernel.source().map_or(0, |of| cuts[of.index()].partials(&kernels.list[of.index()]))
}

/// Kernels of one likeness that have been put off.
struct Waiting {
    likeness: String,
    ids: Vec<KernelId>,
    touched: Touched,
    partials: usize,
}

#[derive(Default)]
struct Schedule {
    runs: Vec<Run>,
    waiting: Vec<Waiting>,
}

impl Schedule {
    /// Runs those that wait and are meant.
    fn run(&mut self, meant: impl Fn(&Waiting) -> bool) {
        let (now, later) = std::mem::take(&mut self.waiting).into_iter().partition(meant);
        self.waiting = later;
        let now: Vec<Waiting> = now;
        self.runs.extend(now.into_iter().map(|waiting| Run::Alike(waiting.ids)));
    }

    fn put_off(&mut self, new: Waiting) {
        let full = |known: &Waiting| {
            let many =
                known.ids.len() == MOST_TOGETHER || known.partials + new.partials > MOST_PARTIALS;
            known.likeness == new.likeness && many
        };
        self.run(full);
        match self.waiting.iter_mut().find(|known| known.likeness == new.likeness) {
            Some(known) => {
                known.ids.extend(new.ids);
                known.touched.add(new.touched);
                known.partials += new.partials;
            }
            None => self.waiting.push(new),
        }
    }
}

/// Something in memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Thing {
    Input(InputId),
    Value(NodeId),
    Partials(KernelId),
}

/// What kernels read and write.
struct Touched {
    read: HashSet<Thing>,
    written: HashSet<Thing>,
}

impl Touched {
    /// Of a kernel; `over` has the values that are written over inputs.
    fn of(
        program: &Program,
        kernels: &Kernels,
        over: &HashMap<NodeId, InputId>,
        id: KernelId,
    ) -> Self {
        let kernel = &kernels.list[id.index()];
        let read = kernel.reads.iter().map(|read| match program.graph.node(read.value).op {
            Op::Input(input) => Thing::Input(input),
            _ => Thing::Value(read.value),
        });
        let partials = kernel.sources().iter().copied().map(Thing::Partials);
        let read = read.chain(partials).collect();
        let mut written = HashSet::from([Thing::Partials(id)]);
        for store in &kernel.stores {
            match store.into {
                Some(input) => written.insert(Thing::Input(input)),
                None => written.insert(Thing::Value(store.value)),
            };
            written.extend(over.get(&store.value).map(|input| Thing::Input(*input)));
        }
        Self { read, written }
    }

    /// Whether it matters which of the two comes first.
    fn conflicts(&self, later: &Self) -> bool {
        let any = |some: &HashSet<Thing>, of: &HashSet<Thing>| some.iter().any(|t| of.contains(t));
        any(&later.read, &self.written)
            || any(&later.written, &self.written)
            || any(&later.written, &self.read)
    }

    fn add(&mut self, other: Self) {
        self.read.extend(other.read);
        self.written.extend(other.written);
    }
}
