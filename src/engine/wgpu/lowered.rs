//! A program as plan and text.

use crate::engine::EngineError;
use crate::graph::{NodeId, Program};

use super::cut::{Blocking, Target};
use super::dispatch::Dispatch;
use super::kernel::{Kernel, KernelId};
use super::plan::GpuPlan;
use super::text::{self, KernelCode};

/// A program, ready to be compiled on a device.
pub(super) struct Lowered {
    pub plan: GpuPlan,
    /// Of each dispatch.
    pub code: Vec<KernelCode>,
    /// In the order in which they cross.
    pub crossings: Vec<Crossing>,
}

/// Sums over ranks that cross together.
pub(super) struct Crossing {
    /// How many dispatches come before.
    pub after: usize,
    /// The first dispatch that reads any; their number where none does.
    pub until: usize,
    /// What crosses, and what comes back.
    pub values: Vec<[NodeId; 2]>,
}

impl Lowered {
    /// `blocking` says how contractions through workgroup memory are cut, where
    /// it is not the target's choice.
    pub fn new(
        program: &Program,
        target: Target,
        blocking: &dyn Fn(KernelId) -> Option<Blocking>,
    ) -> Result<Self, EngineError> {
        let plan = GpuPlan::new(program, target, blocking);
        let mut code = Vec::new();
        // How many texts come before each dispatch, and after all.
        let mut starts = Vec::with_capacity(plan.dispatches.len() + 1);
        for dispatch in &plan.dispatches {
            starts.push(code.len());
            code.extend(text::write(program, &plan, dispatch)?);
        }
        starts.push(code.len());
        let crossings = crossings(program, &plan, &starts);
        Ok(Self { plan, code, crossings })
    }

    /// The same where nothing has been tuned.
    pub fn untuned(program: &Program, target: Target) -> Result<Self, EngineError> {
        Self::new(program, target, &|_| None)
    }
}

fn kernels<'a>(plan: &'a GpuPlan, dispatch: &'a Dispatch) -> impl Iterator<Item = &'a Kernel> {
    dispatch.kernels().iter().map(|id| &plan.kernels.list[id.index()])
}

fn crossings(program: &Program, plan: &GpuPlan, starts: &[usize]) -> Vec<Crossing> {
    let mut crossings = Vec::new();
    for (at, dispatch) in plan.dispatches.iter().enumerate() {
        let Dispatch::Ranks(_) = dispatch else { continue };
        let stores = kernels(plan, dispatch).flat_map(|kernel| &kernel.stores);
        let value = |back: NodeId| [program.graph.node(back).args[0], back];
        let values: Vec<[NodeId; 2]> = stores.map(|store| value(store.value)).collect();
        let reads = |later: &Dispatch| {
            let mut reads = kernels(plan, later).flat_map(|kernel| &kernel.reads);
            reads.any(|read| values.iter().any(|[_, back]| *back == read.value))
        };
        let later = plan.dispatches[at + 1..].iter().position(reads);
        let until = later.map_or(starts[starts.len() - 1], |later| starts[at + 1 + later]);
        crossings.push(Crossing { after: starts[at], until, values });
    }
    crossings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Spec;
    use crate::engine::share;
    use crate::engine::wgpu::completed::completed;
    use crate::engine::wgpu::kernel::Body;
    use crate::lower::{Form, Goal, Updates, program};

    const NET: &str = "net n(classes = 3) { input(2, 1, 1) -> conv(1x1, 512) -> bn -> relu -> conv(1x1, 512) -> bn \
        -> relu -> conv(1x1, 512) -> bn -> relu -> linear(classes) }";

    /// As one, every gradient is made of statistics of all ranks.
    #[test]
    fn weight_gradients_stay_among_the_passes_as_one_too() {
        let network = Spec::new("n", NET).compile().unwrap();
        let whole = program(&network, 8, Goal::Training(Updates::PAPER, Form::default()));
        let own = completed(&share::divided(&whole, 2).unwrap(), 0, 2).unwrap();
        let Lowered { plan, crossings, .. } = Lowered::untuned(&own, Target::default()).unwrap();
        let kernels = plan.kernels.list.iter();
        let of_weights: Vec<bool> =
            kernels.map(|kernel| matches!(kernel.body, Body::Weights(_))).collect();
        let first = of_weights.iter().position(|of_weights| *of_weights).unwrap();
        let kernels = plan.kernels.list.iter();
        let last = kernels.rev().position(|kernel| matches!(kernel.body, Body::Contract(_)));
        let last = of_weights.len() - 1 - last.unwrap();
        assert!(first < last, "{first}, {last}");
        // A gradient of a megabyte crosses before the last statistic of backward.
        let long = |crossing: &Crossing| {
            let len = |[_, back]: &[NodeId; 2]| own.graph.node(*back).ty.shape.len();
            crossing.values.iter().any(|values| len(values) >= 512 * 512)
        };
        let first = crossings.iter().find(|crossing| long(crossing)).unwrap();
        assert!(first.after < crossings[crossings.len() - 1].after);
    }

    #[test]
    fn gradients_cross_while_backward_goes_on_and_are_read_behind_it() {
        let network = Spec::new("n", NET).compile().unwrap();
        let form = Form { ranks: Some(2), ..Form::default() };
        let program = program(&network, 8, Goal::Training(Updates::PAPER, form));
        let Lowered { code, crossings, .. } =
            Lowered::untuned(&program, Target::default()).unwrap();
        let [_, .., last] = &crossings[..] else { panic!("{} crossings", crossings.len()) };
        assert!(crossings.is_sorted_by(|a, b| a.after < b.after), "each is a part of the step");
        assert!(crossings.iter().all(|crossing| crossing.until >= last.after));
        assert!(last.until < code.len());
    }
}
