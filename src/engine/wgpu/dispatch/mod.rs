//! Which kernels run as one dispatch.
//!
//! A dispatch that waits for the one before costs some two microseconds, however little it does, and
//! a training step has hundreds of kernels that do little: sums of a weight gradient's parts, updates
//! of weights, of vectors, of statistics. They go through their elements one by one, and differ only in
//! where what they read and write begins, in how many elements there are, and in constants. `flat`
//! tells such kernels, and which are alike; their values share buffers, so that a dispatch can have any
//! number of them as its *instances*, each with its own numbers. `schedule` puts a kernel off until
//! somebody waits for what it makes, and then runs all that are alike together.
//!
//! Kernels keep their numbers; the list of dispatches is the order in which they run.

mod flat;
mod schedule;

use crate::engine::wgpu::cut::{Style, TileCut};
use crate::engine::wgpu::kernel::{Body, KernelId, Kernels};
use crate::graph::Program;

/// Kernels that run as one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dispatch {
    /// A kernel, cut as it is by itself.
    One(KernelId),
    /// Kernels that are alike, element by element, none of which waits for another.
    Flat(Vec<KernelId>, FlatCut),
    /// Sums over ranks, which cross together.
    Ranks(Vec<KernelId>),
}

/// Threads of a workgroup of a flat dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlatCut {
    /// Neighbouring elements.
    pub across: usize,
    /// Threads that share an element's parts.
    pub slices: usize,
    /// Whether a workgroup leaves the sum of its elements' values.
    pub sums: bool,
}

/// Most threads of a workgroup, which every adapter has.
const MOST_THREADS: usize = 256;
/// Parts of a thread, if there are enough threads.
const TURNS: usize = 8;

impl Dispatch {
    /// What it runs, in order of their numbers.
    pub fn kernels(&self) -> &[KernelId] {
        match self {
            Dispatch::One(id) => std::slice::from_ref(id),
            Dispatch::Flat(ids, _) | Dispatch::Ranks(ids) => ids,
        }
    }
}

impl FlatCut {
    /// For these kernels.
    fn of(kernels: &Kernels, cuts: &[TileCut], ids: &[KernelId], style: Style) -> Self {
        let kernels = ids.iter().map(|id| &kernels.list[id.index()]);
        let most = kernels.clone().map(|kernel| kernel.domain.shape.len()).max().unwrap_or(1);
        let across = most.next_power_of_two();
        let sums = kernels.clone().any(|kernel| !kernel.columns.is_empty());
        let parts = kernels.map(|kernel| match kernel.body {
            Body::Gather(of) => cuts[of.index()].splits,
            _ => 1,
        });
        let slices = match style {
            Style::Staged => parts.max().unwrap_or(1).div_ceil(TURNS).next_power_of_two().min(8),
            // Software adapters gain nothing from neighbours, and joining costs.
            Style::Sliding => 1,
        };
        Self { across: across.clamp(32, MOST_THREADS / slices), slices, sums }
    }

    /// Threads of a workgroup.
    pub fn threads(&self) -> usize {
        self.across * self.slices
    }

    /// Workgroups of an instance with so many elements.
    pub fn workgroups(&self, elements: usize) -> usize {
        elements.div_ceil(self.across)
    }

    /// Bytes of workgroup memory, through which slices and sums are joined.
    pub fn workgroup_memory(&self) -> usize {
        if self.slices > 1 || self.sums { 4 * self.threads() } else { 0 }
    }
}

/// The dispatches of a program's kernels, in order.
pub fn dispatches(
    program: &Program,
    kernels: &Kernels,
    cuts: &[TileCut],
    style: Style,
) -> Vec<Dispatch> {
    let runs = schedule::runs(program, kernels, cuts);
    let dispatch = |run| match run {
        schedule::Run::One(id) => Dispatch::One(id),
        schedule::Run::Alike(ids) => {
            let cut = FlatCut::of(kernels, cuts, &ids, style);
            Dispatch::Flat(ids, cut)
        }
        schedule::Run::Ranks(ids) => Dispatch::Ranks(ids),
    };
    runs.into_iter().map(dispatch).collect()
}
