//! All that is decided of a program before text is written.

use crate::graph::Program;
use crate::graph::placement::Placement;

use super::cut::{Blocking, Target, TileCut, bare, cut};
use super::dispatch::{Dispatch, dispatches};
use super::kernel::{KernelId, Kernels, form};
use super::memory::MemoryPlan;

/// Kernels, how each is cut, and where what they store lives.
#[derive(Clone, Debug)]
pub struct GpuPlan {
    /// For what it is planned.
    pub target: Target,
    /// What is computed together.
    pub kernels: Kernels,
    /// Which kernels run as one, in order of execution.
    pub dispatches: Vec<Dispatch>,
    /// How the domain of each kernel is cut.
    pub cuts: Vec<TileCut>,
    /// Where everything is stored.
    pub memory: MemoryPlan,
}

impl GpuPlan {
    /// Plans a program. `blocking` says how contractions through workgroup memory are cut, where
    /// it is not the target's choice.
    pub fn new(
        program: &Program,
        target: Target,
        blocking: &dyn Fn(KernelId) -> Option<Blocking>,
    ) -> Self {
        let bare = bare(&program.graph, target.style);
        let kernels = form(program, &Placement::new(program), &bare);
        let cuts = cut(program, &kernels, target, blocking);
        let dispatches = dispatches(program, &kernels, &cuts, target.style);
        let mut partials: Vec<usize> =
            cuts.iter().zip(&kernels.list).map(|(cut, kernel)| cut.partials(kernel)).collect();
        for dispatch in &dispatches {
            let Dispatch::Flat(ids, cut) = dispatch else { continue };
            for id in ids.iter().map(|id| id.index()) {
                let kernel = &kernels.list[id];
                partials[id] = kernel.columns.len() * cut.workgroups(kernel.domain.shape.len());
            }
        }
        let formats = target.activations;
        let memory = MemoryPlan::new(program, &kernels, &dispatches, formats, &partials);
        Self { target, kernels, dispatches, cuts, memory }
    }

    /// The same where nothing has been tuned.
    pub fn untuned(program: &Program, target: Target) -> Self {
        Self::new(program, target, &|_| None)
    }

    /// The number of each kernel.
    pub fn ids(&self) -> impl Iterator<Item = KernelId> + use<> {
        (0..self.kernels.list.len()).map(|at| KernelId(at as u32))
    }
}
