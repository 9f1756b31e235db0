//! The CPU engine: Cranelift-compiled loops around contraction kernels, one image at a time.
//!
//! A program becomes a schedule (`plan`): phases, each of which runs its steps for every image,
//! on tiles that sit in a core's cache, and then puts results of the batch together. `memory`
//! gives every buffer its place, `jit` compiles the loops, `run` links the three and runs them:
//! threads take chunks of images, and every reduction has a fixed tree, so that results are the
//! same bits for any number of threads. [`explain`] and [`dump`] show a schedule and its memory,
//! [`footprint`] says how much that will be, [`messages`] what ranks send each other.
//!
//! Below stand `operand` (how numbers lie in memory, and how far they reach), `loops` (what is
//! compiled), `windows` (pooling and re-indexing, which need no compiling) and [`simd`]
//! (contractions). Each imports only from those before it: operand, loops, windows, simd, plan, memory, jit,
//! run, messages, explain, dump and footprint;
//! jit knows neither plan nor memory.

pub mod dump;
pub mod explain;
pub mod footprint;
mod jit;
mod loops;
mod memory;
pub mod messages;
mod operand;
mod plan;
mod run;
pub mod simd;
#[cfg(test)]
mod tests;
mod windows;

use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuilder};

use self::memory::Leaves;
use self::simd::Parts;
use super::profile::Limits;
use super::{Device, Engine, EngineError, Executable, Precision, share};
use crate::graph::Program;
use crate::ranks::Ranks;

/// Runs programs on this machine's cores.
pub struct CpuEngine {
    isa: simd::Isa,
    precision: Precision,
    pool: Arc<ThreadPool>,
    /// With which others it computes.
    ranks: Option<Ranks>,
}

impl CpuEngine {
    /// An engine with this many threads, or one a core, and the instructions that the environment
    /// asks for.
    pub fn new(threads: Option<usize>, precision: Precision) -> Result<Self, EngineError> {
        Self::on(simd::Isa::from_environment()?, threads, precision)
    }

    /// The same with these instructions.
    pub fn on(
        isa: simd::Isa,
        threads: Option<usize>,
        precision: Precision,
    ) -> Result<Self, EngineError> {
        Self::check(precision)?;
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads.unwrap_or(0))
            .thread_name(|index| format!("rnetc-cpu-{index}"))
            .start_handler(|_| simd::configure_thread())
            .build()
            .map_err(|e| EngineError::NoThreads(e.to_string()))?;
        Ok(Self { isa, precision, pool: Arc::new(pool), ranks: None })
    }

    /// The same as one of several ranks.
    #[must_use]
    pub fn with_ranks(self, ranks: Ranks) -> Self {
        Self { ranks: Some(ranks), ..self }
    }

    fn linked(&self, job: run::Job) -> Result<Box<dyn Executable>, EngineError> {
        Ok(Box::new(run::compile(job, self.isa, self.precision, self.pool.clone())?))
    }

    /// Refuses a precision that this engine does not compute in.
    pub fn check(precision: Precision) -> Result<(), EngineError> {
        match precision {
            Precision::F32 | Precision::Bf16x3 | Precision::Bf16 => Ok(()),
            Precision::F16x3 | Precision::F16 => Err(EngineError::UnsupportedPrecision {
                engine: "cpu",
                precision,
                offered: &[Precision::F32, Precision::Bf16x3, Precision::Bf16],
            }),
        }
    }

    /// What is to be said of the precision, if anything: that it is slow on this machine, or no faster
    /// than f32.
    pub fn remark(&self) -> Option<String> {
        let isa = self.isa.name();
        match (self.isa.products(self.precision), self.isa.unit()) {
            (Some((_, Parts::One)), _) => None,
            // Measured on whole nets: 0.97 of f32's images a second.
            (Some((_, Parts::Two)), _) => Some(format!(
                "no faster than f32 on this machine, as three products of {isa} take as long as one \
                 in f32"
            )),
            (None, unit) => products(isa, self.precision).map(|_| match unit {
                None => format!(
                    "slow on this machine, as {isa} has no bf16 products; products are in f32"
                ),
                Some(_) => format!(
                    "slow on this machine, as three products of {isa} take longer than one in f32; \
                     products are in f32"
                ),
            }),
        }
    }

    /// Number of worker threads.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }
}

/// What contractions multiply in on the instructions of that name, where it is not what the precision
/// says.
pub fn products(isa: &str, precision: Precision) -> Option<Precision> {
    match precision {
        Precision::Bf16 | Precision::Bf16x3 => {
            let narrow = simd::Unit::named(isa).and_then(|unit| unit.parts(precision));
            narrow.is_none().then_some(Precision::F32)
        }
        Precision::F32 | Precision::F16x3 | Precision::F16 => None,
    }
}

impl Engine for CpuEngine {
    fn device(&self) -> Device {
        let name = self.isa.name().to_string();
        let products = products(&name, self.precision);
        Device { engine: "cpu", name, threads: Some(self.threads()), products }
    }

    fn limits(&self) -> Option<Limits> {
        let isa = self.isa;
        // All threads at once: they may share what they are measured on.
        let one = |_: rayon::BroadcastContext| {
            let flops = match isa.products(self.precision) {
                None => simd::peak::f32_operations(isa),
                Some((unit, Parts::One)) => simd::peak::bf16_operations(unit),
                // Three products for one.
                Some((unit, Parts::Two)) => simd::peak::bf16_operations(unit) / 3.0,
            };
            Limits { flops, bytes: simd::peak::bytes_read() }
        };
        let all = self.pool.broadcast(one);
        let mean = |of: &dyn Fn(&Limits) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        Some(Limits { flops: mean(&|l| l.flops), bytes: mean(&|l| l.bytes) })
    }

    fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, EngineError> {
        let Some(ranks) = &self.ranks else {
            share::is_of_one(program)?;
            return self.linked(run::Job {
                program,
                leaves: Leaves::of(program.batch),
                ranks: None,
            });
        };
        let program = &share::own_indices(program, ranks.rank() * program.batch);
        let ranks = Some((ranks.clone(), false));
        self.linked(run::Job { program, leaves: Leaves::of(program.batch), ranks })
    }

    fn compile_divided(&self, program: &Program) -> Result<Box<dyn Executable>, EngineError> {
        let Some(ranks) = self.ranks.clone() else { return self.compile(program) };
        let leaves = Leaves::of(program.batch).of_rank(ranks.count());
        let program = &share::divided(program, ranks.count())?;
        self.linked(run::Job { program, leaves, ranks: Some((ranks, true)) })
    }
}
