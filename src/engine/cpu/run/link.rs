//! Schedule, memory plan and compiled loops → executable.

use std::sync::Arc;

use rayon::ThreadPool;

use super::executable::{CpuExecutable, Shared};
use super::underway::Together;
use super::view::{Home, Place};
use crate::engine::cpu::jit::Jit;
use crate::engine::cpu::memory::{Arena, Leaves, MemoryPlan};
use crate::engine::cpu::plan::{self, Buffer, Extent, Needed, Schedule};
use crate::engine::cpu::simd::Isa;
use crate::engine::{EngineError, Precision};
use crate::graph::{NodeId, Op, Program};
use crate::ranks::Ranks;

/// What is to be compiled.
pub struct Job<'a> {
    /// The program of this rank.
    pub program: &'a Program,
    /// How its batch is divided.
    pub leaves: Leaves,
    /// The other ranks, and whether reductions over the batch are over their images too.
    pub ranks: Option<(Ranks, bool)>,
}

/// Schedules, plans memory, compiles loops and allocates.
pub fn compile(
    Job { program, leaves, ranks }: Job,
    isa: Isa,
    precision: Precision,
    pool: Arc<ThreadPool>,
) -> Result<CpuExecutable, EngineError> {
    let schedule = plan::schedule(program, isa, precision)?;
    let memory = MemoryPlan::new(program, &schedule, leaves);
    let mut jit = Jit::new(isa)?;
    schedule.loops.iter().try_for_each(|spec| jit.compile(spec))?;
    let (code, functions) = jit.finish()?;
    let scratch = (0..pool.current_num_threads())
        .map(|_| Arena::new(memory.scratch))
        .collect::<Result<Vec<_>, _>>()?;
    let linker = Linker { program, schedule: &schedule, memory: &memory };
    let phases = schedule.steps.phases.iter();
    let shared = Shared {
        arena: Arena::new(memory.arena)?,
        scratch,
        leaves,
        first: ranks.as_ref().map_or(0, |(ranks, _)| ranks.rank() * program.batch),
        together: ranks.map(|(ranks, divided)| Together {
            ranks,
            divided,
            needed: Needed::of(&schedule.steps),
        }),
        steps: schedule.steps.map(|extent| linker.place(extent)),
        isa,
        functions,
        costs: phases.map(|p| p.steps.iter().map(|s| s.cost(&schedule.loops)).collect()).collect(),
    };
    Ok(CpuExecutable {
        shared,
        inputs: linker.inputs(),
        outputs: program.outputs.iter().map(|output| linker.whole(output.node)).collect(),
        _code: code,
        pool,
    })
}

struct Linker<'a> {
    program: &'a Program,
    schedule: &'a Schedule,
    memory: &'a MemoryPlan,
}

impl Linker<'_> {
    fn place(&self, Extent { buffer, words }: Extent) -> Place {
        let stride = words * size_of::<f32>();
        let home = match buffer {
            Buffer::Tensor(node) if !self.program.graph.node(node).ty.batched => Home::Whole,
            Buffer::Packed(_) | Buffer::Work(_) => Home::Whole,
            Buffer::Tensor(_) | Buffer::Partial(_) => Home::Image(stride),
            Buffer::Sums(_) => Home::Chunk(stride),
            Buffer::Tile(_) => Home::Thread,
        };
        Place { offset: self.memory.offset(buffer), len: words, home }
    }

    /// All images of a tensor.
    fn whole(&self, node: NodeId) -> Place {
        let one = self.place(self.schedule.image(self.program, node));
        let batched = self.program.graph.node(node).ty.batched;
        one.all(if batched { self.program.batch } else { 1 })
    }

    fn inputs(&self) -> Vec<Option<Place>> {
        let graph = &self.program.graph;
        let mut places = vec![None; graph.inputs.len()];
        for id in graph.ids() {
            if let Op::Input(input) = graph.node(id).op {
                places[input.index()] = Some(self.whole(id));
            }
        }
        places
    }
}
