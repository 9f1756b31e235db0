//! A program as plan and text.

use crate::engine::EngineError;
use crate::graph::{Op, Program};

use super::cut::{Blocking, Target};
use super::kernel::KernelId;
use super::plan::GpuPlan;
use super::text::{self, KernelCode};

/// A program, ready to be compiled on a device.
pub(super) struct Lowered {
    pub plan: GpuPlan,
    /// Of each dispatch.
    pub code: Vec<KernelCode>,
}

impl Lowered {
    /// `blocking` says how contractions through workgroup memory are cut, where
    /// it is not the target's choice.
    pub fn new(
        program: &Program,
        target: Target,
        blocking: &dyn Fn(KernelId) -> Option<Blocking>,
    ) -> Result<Self, EngineError> {
        let totals = program.graph.nodes.iter().any(|node| node.op == Op::Total);
        if totals {
            return Err(EngineError::NoRanks { engine: "wgpu" });
        }
        let plan = GpuPlan::new(program, target, blocking);
        let written = plan.dispatches.iter().map(|it| text::write(program, &plan, it));
        let code = written.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        Ok(Self { plan, code })
    }

    /// The same where nothing has been tuned.
    pub fn untuned(program: &Program, target: Target) -> Result<Self, EngineError> {
        Self::new(program, target, &|_| None)
    }
}
