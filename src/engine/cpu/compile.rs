//! Program → executable.

use std::collections::HashMap;
use std::sync::Arc;

use rayon::ThreadPool;

use super::allocate::{self, Plan};
use super::arena::Arena;
use super::executable::{
    CloseStep, CpuExecutable, Loop, MAX_SLOTS, PackStep, PhaseRun, Place, Shared, Step, elements,
};
use super::jit::{Jit, LoopFn};
use super::phases::PhaseBuilder;
use super::program::{Closing, CpuProgram, ImageStep, LoopStep, Packing, Phase};
use super::simd::Isa;
use super::{explain, outside};
use crate::engine::cpu::fuse::Buffer;
use crate::engine::cpu::loops::{Format, LoopSpec};
use crate::engine::{EngineError, Precision};
use crate::graph::placement::{Home, Placement, closes_phase};
use crate::graph::{AxisMap, NodeId, Op, Program, ReduceKind};

/// Refuses what no layer of the language lowers to and the engine therefore has no step for:
/// second moments that are not over the batch, re-indexing along the batch or outside it.
fn check(program: &Program) -> Result<(), EngineError> {
    let graph = &program.graph;
    for id in graph.ids() {
        let node = graph.node(id);
        let refused = match node.op {
            Op::Reduce(ReduceKind::M2, _) => !closes_phase(graph, id),
            Op::Remap(map) => {
                let identity = AxisMap::identity(node.ty.shape.0[0]);
                !node.ty.batched || map.axes[0] != identity
            }
            _ => false,
        };
        if refused {
            let operation = format!("{:?}", node.op);
            return Err(EngineError::NoStep { node: id, operation });
        }
    }
    Ok(())
}

/// Arranges a program into phases.
pub fn schedule(
    program: &Program,
    isa: Isa,
    precision: Precision,
) -> Result<CpuProgram, EngineError> {
    check(program)?;
    let graph = &program.graph;
    let placement = Placement::new(program);
    let outside = outside::sort(program, &placement);
    let mut ready = outside::ready(program, &placement);
    let mut by_phase: Vec<Vec<NodeId>> = vec![Vec::new(); placement.phases as usize];
    for id in graph.ids() {
        let node = graph.node(id);
        let in_batch = node.ty.batched || closes_phase(graph, id);
        if in_batch && !matches!(node.op, Op::Input(_)) {
            by_phase[placement.stage(id).phase as usize].push(id);
        }
    }
    let formats = formats(program, &placement, precision);
    let mut builder = PhaseBuilder::new(graph, &placement, &formats, (isa, precision));
    let mut cpu = CpuProgram::default();
    for (nodes, before) in by_phase.iter().zip(&outside.before) {
        let before = outside::loops(graph, &mut ready, before);
        cpu.phases.push(Phase { before, ..builder.build(nodes)? });
    }
    let mut last = Vec::new();
    for run in &outside.last {
        last.extend(outside::loops(graph, &mut ready, run));
    }
    cpu.copies = outside::update(program, &mut last);
    cpu.last = last;
    cpu.formats = formats;
    Ok(cpu)
}

/// How each node's tensor is stored: in bf16 where that is asked for, there are pixels, and an
/// image's elements fill whole words, so that images do not share one. Outputs are read as f32.
fn formats(program: &Program, placement: &Placement, precision: Precision) -> Vec<Format> {
    let graph = &program.graph;
    let format = |id: NodeId| {
        let node = graph.node(id);
        let [_, rows, columns, channels] = node.ty.shape.0;
        let activation = node.ty.batched
            && rows * columns > 1
            && (rows * columns * channels).is_multiple_of(2)
            && placement.home(id) == Home::Tensor
            && !matches!(node.op, Op::Input(_))
            && program.outputs.iter().all(|output| output.node != id);
        match precision {
            Precision::Bf16 if activation => Format::Bf16,
            Precision::F32 | Precision::Bf16x3 | Precision::Bf16 | Precision::F16 => Format::F32,
        }
    };
    graph.ids().map(format).collect()
}

/// Schedules, plans memory, compiles loops and allocates.
pub fn compile(
    program: &Program,
    isa: Isa,
    precision: Precision,
    pool: Arc<ThreadPool>,
) -> Result<CpuExecutable, EngineError> {
    let cpu = schedule(program, isa, precision)?;
    let plan = allocate::plan(program, &cpu);
    let functions = functions(&cpu, isa)?;
    let linker =
        Linker { program, plan: &plan, formats: &cpu.formats, functions: &functions.by_spec };
    let phases = cpu
        .phases
        .iter()
        .enumerate()
        .map(|(index, phase)| linker.phase(index, phase))
        .collect::<Result<Vec<_>, _>>()?;
    let last = cpu.last.iter().map(|step| linker.run(None, step)).collect::<Result<Vec<_>, _>>()?;
    let scratch = (0..pool.current_num_threads())
        .map(|_| Arena::new(plan.scratch))
        .collect::<Result<Vec<_>, _>>()?;
    let shared = Shared {
        arena: Arena::new(plan.size)?,
        scratch,
        batch: program.batch,
        phases,
        last,
        copies: cpu.copies.iter().map(|c| [linker.whole(c.from), linker.whole(c.to)]).collect(),
    };
    Ok(CpuExecutable {
        shared,
        inputs: linker.inputs(),
        outputs: program.outputs.iter().map(|o| linker.whole(o.node)).collect(),
        _code: functions.code,
        pool,
    })
}

struct Functions {
    code: super::jit::Code,
    by_spec: HashMap<LoopSpec, LoopFn>,
}

fn functions(cpu: &CpuProgram, isa: Isa) -> Result<Functions, EngineError> {
    let mut jit = Jit::new(isa)?;
    let mut ids = HashMap::new();
    let image_loops = cpu.phases.iter().flat_map(|p| &p.steps).filter_map(|s| match s {
        ImageStep::Loop(step) => Some(step),
        _ => None,
    });
    let outside = cpu.phases.iter().flat_map(|p| &p.before).chain(&cpu.last);
    for step in image_loops.chain(outside) {
        if step.spec.slots > MAX_SLOTS {
            let (tensors, most) = (step.spec.slots, MAX_SLOTS);
            return Err(EngineError::TooManyTensors { tensors, most });
        }
        if !ids.contains_key(&step.spec) {
            ids.insert(step.spec.clone(), jit.compile(&step.spec)?);
        }
    }
    let (code, address) = jit.finish()?;
    let by_spec = ids.into_iter().map(|(spec, id)| (spec, address(id))).collect();
    Ok(Functions { code, by_spec })
}

struct Linker<'a> {
    program: &'a Program,
    plan: &'a Plan,
    formats: &'a [Format],
    functions: &'a HashMap<LoopSpec, LoopFn>,
}

impl Linker<'_> {
    /// One image of a tensor, or a tensor outside the batch.
    fn tensor(&self, node: NodeId) -> Place {
        let ty = self.program.graph.node(node).ty;
        let [batch, rows, columns, channels] = ty.shape.0;
        let bytes = self.formats[node.index()].bytes();
        let image = rows * columns * channels * bytes / size_of::<f32>();
        let offset = self.plan.tensors[&node];
        if ty.batched {
            Place { offset, stride: image * size_of::<f32>(), len: image, scratch: false }
        } else {
            Place { offset, stride: 0, len: batch * image, scratch: false }
        }
    }

    fn whole(&self, node: NodeId) -> Place {
        let len = self.program.graph.node(node).ty.shape.len();
        let len = len * self.formats[node.index()].bytes() / size_of::<f32>();
        Place { stride: 0, len, ..self.tensor(node) }
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

    /// A buffer as seen from a phase (whose tiles it may name).
    fn place(&self, phase: Option<(usize, &Phase)>, buffer: Buffer) -> Place {
        match (buffer, phase) {
            (Buffer::Tile(tile), Some((index, phase))) => Place {
                offset: self.plan.tiles[index][tile],
                stride: 0,
                len: phase.tiles[tile].words,
                scratch: true,
            },
            (Buffer::Tensor(node), _) => self.tensor(node),
            (Buffer::Partial(node), _) => {
                let stride = allocate::partial_stride(&self.program.graph, node);
                let offset = self.plan.partials[&node];
                Place { offset, stride, len: elements(stride), scratch: false }
            }
            (Buffer::Tile(_), None) => unreachable!("only image steps use tiles"),
        }
    }

    fn run(&self, phase: Option<(usize, &Phase)>, step: &LoopStep) -> Result<Loop, EngineError> {
        let slots = step.buffers.iter().map(|&b| self.place(phase, b)).collect();
        let function = *self
            .functions
            .get(&step.spec)
            .ok_or_else(|| EngineError::Internal("a loop was not compiled".to_owned()))?;
        Ok(Loop { function, slots })
    }

    fn phase(&self, index: usize, phase: &Phase) -> Result<PhaseRun, EngineError> {
        let mut run = PhaseRun::default();
        for step in &phase.before {
            run.before.push(self.run(None, step)?);
        }
        for (number, pack) in phase.packs.iter().enumerate() {
            let packed = self.packed(index, phase, number);
            run.packs.push(PackStep {
                plan: pack.plan.clone(),
                dx: pack.packing == Packing::Dx,
                places: [self.tensor(pack.weights), packed],
            });
        }
        for step in &phase.steps {
            if let ImageStep::Dw { node, plan, .. } = step {
                run.accumulators.push(self.accumulator(*node, plan.dw_words()));
            }
            run.steps.push(self.step(index, phase, step)?);
            run.costs.push(explain::cost(step));
        }
        run.closings = phase.closings.iter().map(|c| self.closing(c)).collect();
        Ok(run)
    }

    fn packed(&self, index: usize, phase: &Phase, number: usize) -> Place {
        let offset = self.plan.packs[index][number];
        Place { offset, stride: 0, len: phase.packs[number].len(), scratch: false }
    }

    fn accumulator(&self, node: NodeId, len: usize) -> Place {
        let offset = self.plan.accumulators[&node];
        Place { offset, stride: len * size_of::<f32>(), len, scratch: false }
    }

    fn step(&self, index: usize, phase: &Phase, step: &ImageStep) -> Result<Step, EngineError> {
        let at = |buffer: Buffer| self.place(Some((index, phase)), buffer);
        Ok(match step {
            ImageStep::Border(tile) => match phase.tiles[*tile].operand {
                Some(operand) => Step::Border(operand, at(Buffer::Tile(*tile))),
                None => unreachable!("only operands have borders"),
            },
            ImageStep::Loop(step) => Step::Loop(self.run(Some((index, phase)), step)?),
            ImageStep::Forward { plan, x, weights, y } => {
                let packed = self.packed(index, phase, *weights);
                Step::Forward(plan.clone(), [at(*x), packed, at(*y)])
            }
            ImageStep::Dx { plan, g, weights, dx } => {
                let packed = self.packed(index, phase, *weights);
                Step::Dx(plan.clone(), [at(*g), packed, at(*dx)])
            }
            ImageStep::Dw { plan, x, g, scratch, node } => {
                let accumulator = self.accumulator(*node, plan.dw_words());
                let scratch = scratch.map(|tile| at(Buffer::Tile(tile)));
                Step::Dw(plan.clone(), [at(*x), at(*g), accumulator], scratch)
            }
            ImageStep::Pool { geometry, channels, x, y } => {
                Step::Pool(*geometry, *channels, [at(*x), at(*y)])
            }
            ImageStep::PoolDx { geometry, channels, x, g, dx } => {
                Step::PoolDx(*geometry, *channels, [at(*x), at(*g), at(*dx)])
            }
            ImageStep::Remap { remap, from, x, y } => Step::Remap(*remap, *from, [at(*x), at(*y)]),
        })
    }

    fn closing(&self, closing: &Closing) -> CloseStep {
        let result = self.whole(closing.node());
        let partials = |node: NodeId| {
            let one = self.place(None, Buffer::Partial(node));
            Place { len: one.len * self.program.batch, ..one }
        };
        match closing {
            Closing::Fold { node, max } => {
                CloseStep::Fold { max: *max, places: [partials(*node), result] }
            }
            Closing::Moments { node, count } => {
                CloseStep::Moments { count: *count, places: [partials(*node), result] }
            }
            Closing::Dw { node, plan } => CloseStep::Dw {
                plan: plan.clone(),
                places: [self.accumulator(*node, plan.dw_words()), result],
            },
        }
    }
}
