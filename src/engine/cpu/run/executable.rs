//! A compiled program and how it runs.

use std::ops::Range;
use std::sync::Arc;

use rayon::ThreadPool;
use rayon::prelude::*;

use super::clock::{Clock, PhaseClock};
use super::merge;
use super::underway::{Together, Underway};
use super::view::{Place, View};
use crate::engine::cpu::jit::{Code, LoopFn};
use crate::engine::cpu::memory::{Arena, Leaves};
use crate::engine::cpu::plan::{Cost, Loop, Phase, Step, Steps};
use crate::engine::cpu::simd::{Isa, Turn};
use crate::engine::cpu::windows::clear_border;
use crate::engine::profile::KernelTime;
use crate::engine::{EngineError, Executable};
use crate::graph::InputId;

/// A compiled program.
pub struct CpuExecutable {
    /// Keeps the loops' code mapped; dropped with the functions that point into it.
    pub(super) _code: Code,
    /// Worker threads.
    pub(super) pool: Arc<ThreadPool>,
    /// What the threads share.
    pub(super) shared: Shared,
    /// By input id; `None` where the program has no node for it.
    pub(super) inputs: Vec<Option<Place>>,
    /// Elements and place of each output.
    pub(super) outputs: Vec<Place>,
}

/// Memory and steps, read by every thread.
pub struct Shared {
    /// Everything that outlives an image.
    pub(super) arena: Arena,
    /// One a thread.
    pub(super) scratch: Vec<Arena>,
    /// The images.
    pub(super) leaves: Leaves,
    /// Images of the ranks before.
    pub(super) first: usize,
    /// The other ranks.
    pub(super) together: Option<Together>,
    /// What runs.
    pub(super) steps: Steps<Place>,
    /// The instructions that run them.
    pub(super) isa: Isa,
    /// The loops' code.
    pub(super) functions: Vec<LoopFn>,
    /// Of each phase's image steps.
    pub(super) costs: Vec<Vec<Cost>>,
}

impl Shared {
    /// Memory outside the batch.
    fn unbatched(&self) -> View<'_> {
        View { arena: &self.arena, scratch: None, image: 0, first: self.first, chunk: 0 }
    }

    fn run_unbatched(&self, step: &Loop<Place>) {
        self.unbatched().run_loop(step, &self.functions);
    }

    /// One step of an image.
    fn run_step(&self, view: &View, step: &Step<Place>) {
        // SAFETY (each `write` below): this thread alone works on the image, its scratch and its
        // chunk, and results do not overlap operands.
        match step {
            Step::ClearBorder { operand, tile } => {
                // SAFETY: see above.
                clear_border(operand, unsafe { view.write(*tile) });
            }
            Step::Loop(step) => view.run_loop(step, &self.functions),
            Step::Convolve { plan, direction, from, weights, to } => {
                let (from, weights) = (view.read(*from), view.read(*weights));
                // SAFETY: see above.
                plan.multiply(*direction, from, weights, unsafe { view.write(*to) });
            }
            Step::WeightGradient { plan, x, g, kept, scratch, sums } => {
                let operands = [*x, *g].map(|place| view.read(place));
                let memory = |place: &Option<Place>| match place {
                    None => &mut [][..],
                    // SAFETY: see above.
                    Some(place) => unsafe { view.write(*place) },
                };
                // SAFETY: see above.
                let sums = unsafe { view.write(*sums) };
                plan.dw(self.turn(view), operands, [kept, scratch].map(memory), sums);
            }
            Step::Product { plan, operands, work, result } => {
                let [left, right] = operands.map(|place| view.read(place));
                // SAFETY: see above.
                let (work, result) = unsafe { (view.write(*work), view.write(*result)) };
                plan.run(left, right, work, result);
            }
            Step::Window { window, operands, result } => {
                let mut read = [&[][..]; 2];
                for (slice, &place) in read.iter_mut().zip(operands) {
                    *slice = view.read(place);
                }
                // SAFETY: see above.
                let result = unsafe { view.write(*result) };
                self.isa.window(window, &read[..operands.len()], result);
            }
        }
    }

    /// An image's place in its chunk.
    fn turn(&self, view: &View) -> Turn {
        let images = self.leaves.chunk(view.chunk);
        Turn { number: view.image - images.start, last: view.image + 1 == images.end }
    }

    fn run_phase<'a>(&'a self, number: usize, clock: &PhaseClock, underway: &mut Underway<'a>) {
        let phase = &self.steps.phases[number];
        let view = self.unbatched();
        let before = || phase.before.iter().for_each(|step| self.run_step(&view, step));
        clock.unbatched.time(before);
        if let Some(together) = &self.together {
            underway.total(together, number, &phase.totals, view);
        }
        if phase.steps.is_empty() && phase.packs.is_empty() && phase.merges.is_empty() {
            return;
        }
        phase.packs.par_iter().with_max_len(1).for_each(|pack| {
            clock.packs.time(|| {
                // SAFETY: every pack has its own range.
                let to = unsafe { view.write(pack.packed) };
                pack.plan.pack(pack.direction, view.read(pack.weights), to);
            })
        });
        if !phase.steps.is_empty() {
            self.run_images(phase, clock);
        }
        let merges = phase.merges.par_iter().with_max_len(1);
        match &self.together {
            Some(together) if together.divided => {
                let gather = |step| {
                    // SAFETY: every merge reads and writes its own node's memory.
                    clock.merges.time(|| unsafe { merge::gather(step, view, self.leaves) })
                };
                let gathered = merges.map(gather).collect();
                underway.merge(together, number, &phase.merges, gathered, view);
            }
            Some(_) | None => merges.for_each(|step| {
                // SAFETY: as above.
                clock.merges.time(|| unsafe { merge::run(step, view, self.leaves) });
            }),
        }
    }

    fn run_images(&self, phase: &Phase<Place>, clock: &PhaseClock) {
        let by_chunk = phase.steps.iter().any(|step| matches!(step, Step::WeightGradient { .. }));
        let pieces = match by_chunk {
            true => self.leaves.chunks(),
            false => self.leaves.pieces(self.scratch.len()),
        };
        (0..pieces).into_par_iter().with_max_len(1).for_each(|number| match by_chunk {
            true => self.run_chunk(phase, clock, number),
            false => {
                let images = self.leaves.piece(number, pieces);
                self.run_piece(phase, clock, images, self.own(0));
            }
        });
    }

    /// Memory as this thread sees it.
    fn own(&self, chunk: usize) -> View<'_> {
        let worker = rayon::current_thread_index().unwrap_or(0);
        View { scratch: Some(&self.scratch[worker]), chunk, ..self.unbatched() }
    }

    fn run_chunk(&self, phase: &Phase<Place>, clock: &PhaseClock, chunk: usize) {
        let own = self.own(chunk);
        for step in &phase.steps {
            if let Step::WeightGradient { sums, .. } = step {
                // SAFETY: each chunk has its own sums, and one thread works on a chunk.
                unsafe { own.write(*sums) }.fill(0.0);
            }
        }
        self.run_piece(phase, clock, self.leaves.chunk(chunk), own);
    }

    fn run_piece(&self, phase: &Phase<Place>, clock: &PhaseClock, images: Range<usize>, own: View) {
        for image in images {
            let view = View { image, ..own };
            for (number, step) in phase.steps.iter().enumerate() {
                clock.step(number).time(|| self.run_step(&view, step));
            }
        }
    }

    fn run_all(&self, clock: &Clock) -> Result<(), EngineError> {
        let mut underway = Underway::default();
        for number in 0..self.steps.phases.len() {
            // SAFETY: nothing runs between phases.
            unsafe { underway.arrive(number, self.unbatched()) }?;
            self.run_phase(number, clock.phase(number), &mut underway);
        }
        // SAFETY: as above.
        unsafe { underway.arrive(self.steps.phases.len(), self.unbatched()) }?;
        let each = |run: &Vec<_>| run.iter().for_each(|step| self.run_unbatched(step));
        self.steps.last.par_iter().for_each(|run| clock.last.time(|| each(run)));
        let view = self.unbatched();
        for &[from, to] in &self.steps.copies {
            // SAFETY: an input's range is its own.
            unsafe { view.write(to) }.copy_from_slice(view.read(from));
        }
        Ok(())
    }
}

impl CpuExecutable {
    fn input(&self, input: InputId) -> Result<Place, EngineError> {
        let place = self.inputs.get(input.index()).copied().flatten();
        place.ok_or(EngineError::NotRead(input))
    }
}

impl Executable for CpuExecutable {
    fn write(&mut self, input: InputId, data: &[f32]) -> Result<(), EngineError> {
        let place = self.input(input)?;
        if place.len != data.len() {
            let (elements, given) = (place.len, data.len());
            return Err(EngineError::WrongLength { input, elements, given });
        }
        let view = self.shared.unbatched();
        // SAFETY: nothing runs between `run` calls.
        unsafe { view.write(place) }.copy_from_slice(data);
        Ok(())
    }

    fn run(&mut self) -> Result<(), EngineError> {
        let shared = &self.shared;
        self.pool.install(|| shared.run_all(&Clock::stopped()))
    }

    fn run_timed(&mut self) -> Result<Vec<KernelTime>, EngineError> {
        let shared = &self.shared;
        let clock = Clock::running(&shared.costs);
        self.pool.install(|| shared.run_all(&clock))?;
        Ok(clock.report(&shared.costs))
    }

    fn output(&mut self, index: usize) -> Result<Vec<f32>, EngineError> {
        let place = self.outputs.get(index).copied();
        let place = place.ok_or_else(|| EngineError::NotAsked(format!("number {index}")))?;
        Ok(self.shared.unbatched().read(place).to_vec())
    }

    fn state(&mut self, input: InputId) -> Result<Vec<f32>, EngineError> {
        let place = self.input(input)?;
        Ok(self.shared.unbatched().read(place).to_vec())
    }

    fn memory(&self) -> usize {
        self.shared.arena.size() + self.shared.scratch.iter().map(Arena::size).sum::<usize>()
    }
}
