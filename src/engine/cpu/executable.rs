//! A compiled program and how it runs.

use std::sync::Arc;

use rayon::ThreadPool;
use rayon::prelude::*;

use super::allocate::{CHUNK, chunks};
use super::arena::Arena;
use super::clock::{Clock, PhaseClock};
use super::closing;
use super::jit::{Code, LoopFn};
use super::simd::{Contraction, Operand};
use super::windows;
use crate::engine::profile::KernelTime;
use crate::engine::{EngineError, Executable};
use crate::graph::{InputId, PoolGeometry, Remap};

const F32: usize = std::mem::size_of::<f32>();

/// A run of f32 words in the arena (moving on from image to image) or in a thread's scratch.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Bytes from the start.
    pub offset: usize,
    /// Bytes from one image to the next.
    pub stride: usize,
    /// f32 words (one image's, where batched).
    pub len: usize,
    /// Whether it lies in scratch.
    pub scratch: bool,
}

/// A compiled loop with its memory.
pub struct Loop {
    /// The code.
    pub function: LoopFn,
    /// One place a slot.
    pub slots: Vec<Place>,
}

/// An image step with its memory.
pub enum Step {
    /// Zero the border of a tile.
    Border(Operand, Place),
    /// Run a loop.
    Loop(Loop),
    /// x, packed weights → y.
    Forward(Arc<Contraction>, [Place; 3]),
    /// g, packed weights → dx.
    Dx(Arc<Contraction>, [Place; 3]),
    /// x, g → accumulator of the chunk (whose stride is a chunk's); and scratch.
    Dw(Arc<Contraction>, [Place; 3], Option<Place>),
    /// x → y.
    Pool(PoolGeometry, usize, [Place; 2]),
    /// x, g → dx.
    PoolDx(PoolGeometry, usize, [Place; 3]),
    /// x → y, of x's rows, columns and channels.
    Remap(Remap, [usize; 3], [Place; 2]),
}

/// Weights to pack.
pub struct PackStep {
    /// Kernels.
    pub plan: Arc<Contraction>,
    /// For the input gradient rather than forward.
    pub dx: bool,
    /// Weights, packed weights.
    pub places: [Place; 2],
}

/// A result to put together.
pub enum CloseStep {
    /// Partials (all images) → result.
    Fold {
        /// Largest rather than sum.
        max: bool,
        /// Partials, result.
        places: [Place; 2],
    },
    /// Partials (all images) → result.
    Moments {
        /// Elements an image adds.
        count: usize,
        /// Partials, result.
        places: [Place; 2],
    },
    /// Accumulators → weight gradient.
    Dw {
        /// Kernels.
        plan: Arc<Contraction>,
        /// Accumulator of the first chunk (its stride leads to the next), result.
        places: [Place; 2],
    },
}

/// One phase, ready to run.
#[derive(Default)]
pub struct PhaseRun {
    /// In order.
    pub before: Vec<Loop>,
    /// In any order.
    pub packs: Vec<PackStep>,
    /// In order, for each image.
    pub steps: Vec<Step>,
    /// Accumulators to zero for each chunk.
    pub accumulators: Vec<Place>,
    /// In any order.
    pub closings: Vec<CloseStep>,
    /// What each of `steps` is, and costs for one image.
    pub costs: Vec<Cost>,
}

/// What a step is called, and what one call costs.
#[derive(Clone, Debug)]
pub struct Cost {
    /// What it does.
    pub name: String,
    /// Floating-point operations of a contraction.
    pub flops: f64,
    /// Bytes of operands.
    pub bytes: f64,
}

/// A compiled program.
pub struct CpuExecutable {
    /// Keeps the loops' code mapped; dropped with the functions that point into it.
    pub(super) _code: Code,
    /// Worker threads.
    pub(super) pool: Arc<ThreadPool>,
    /// What the threads share.
    pub(super) shared: Shared,
    /// By input id; `None` where the program does not read it.
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
    /// Images.
    pub(super) batch: usize,
    /// In order.
    pub(super) phases: Vec<PhaseRun>,
    /// State updates, independent of each other.
    pub(super) last: Vec<Loop>,
    /// From, to.
    pub(super) copies: Vec<[Place; 2]>,
}

/// Where the places of one image (or of work outside the batch) are.
#[derive(Clone, Copy)]
struct View<'a> {
    arena: &'a Arena,
    scratch: Option<&'a Arena>,
    image: usize,
}

impl<'a> View<'a> {
    fn address(&self, place: Place) -> *mut f32 {
        match (place.scratch, self.scratch) {
            (true, Some(scratch)) => scratch.at(place.offset),
            (true, None) | (false, _) => self.arena.at(place.offset + self.image * place.stride),
        }
    }

    fn read(&self, place: Place) -> &'a [f32] {
        // SAFETY: the plan gives each live value its own range of the arena or of this thread's
        // scratch; nothing writes this one while the step runs.
        unsafe { std::slice::from_raw_parts(self.address(place), place.len) }
    }

    /// The same memory for writing.
    ///
    /// # Safety
    /// The caller's step must be the only one to touch the place while the slice lives: one
    /// thread works on an image, and a step's result overlaps none of its operands.
    unsafe fn write(&self, place: Place) -> &'a mut [f32] {
        // SAFETY: as `read`, and exclusive by this function's contract.
        unsafe { std::slice::from_raw_parts_mut(self.address(place), place.len) }
    }

    fn run_loop(&self, step: &Loop) {
        let mut table = [std::ptr::null_mut(); MAX_SLOTS];
        for (entry, &place) in table.iter_mut().zip(&step.slots) {
            *entry = self.address(place);
        }
        // SAFETY: the function was compiled for exactly these slots, with their extents; the
        // plan keeps them apart from what other threads touch.
        unsafe { (step.function)(table.as_ptr(), self.image as u32) };
    }
}

/// Most pointers that a loop takes.
pub const MAX_SLOTS: usize = 64;

fn run_step(view: &View, step: &Step, chunk: usize) {
    // SAFETY (each `write` below): this thread alone works on the image, its scratch and its
    // chunk, and results do not overlap operands.
    match step {
        Step::Border(operand, tile) => {
            // SAFETY: see above.
            windows::clear_border(operand, unsafe { view.write(*tile) });
        }
        Step::Loop(step) => view.run_loop(step),
        Step::Forward(plan, [x, weights, y]) => {
            let weights = view.read(*weights);
            // SAFETY: see above.
            plan.forward(view.read(*x), weights, unsafe { view.write(*y) });
        }
        Step::Dx(plan, [g, weights, dx]) => {
            let weights = view.read(*weights);
            // SAFETY: see above.
            plan.dx(view.read(*g), weights, unsafe { view.write(*dx) });
        }
        Step::Dw(plan, [x, g, accumulator], scratch) => {
            let own = View { image: chunk, ..*view };
            // SAFETY: see above.
            let scratch = scratch.map_or(&mut [][..], |place| unsafe { view.write(place) });
            // SAFETY: see above.
            plan.dw(view.read(*x), view.read(*g), scratch, unsafe { own.write(*accumulator) });
        }
        Step::Pool(geometry, channels, [x, y]) => {
            // SAFETY: see above.
            windows::pool(geometry, *channels, view.read(*x), unsafe { view.write(*y) });
        }
        Step::PoolDx(geometry, channels, [x, g, dx]) => {
            let (x, g) = (view.read(*x), view.read(*g));
            // SAFETY: see above.
            windows::pool_dx(geometry, *channels, x, g, unsafe { view.write(*dx) });
        }
        Step::Remap(map, from, [x, y]) => {
            // SAFETY: see above.
            windows::remap(map, *from, view.read(*x), unsafe { view.write(*y) });
        }
    }
}

impl Shared {
    fn outside(&self) -> View<'_> {
        View { arena: &self.arena, scratch: None, image: 0 }
    }

    fn run_phase(&self, phase: &PhaseRun, clock: &PhaseClock) {
        let outside = self.outside();
        clock.outside.time(|| phase.before.iter().for_each(|step| outside.run_loop(step)));
        if phase.steps.is_empty() && phase.packs.is_empty() && phase.closings.is_empty() {
            return;
        }
        phase.packs.par_iter().with_max_len(1).for_each(|pack| {
            clock.packs.time(|| {
                let [from, to] = pack.places;
                // SAFETY: every pack has its own range.
                let to = unsafe { outside.write(to) };
                if pack.dx {
                    pack.plan.pack_dx(outside.read(from), to);
                } else {
                    pack.plan.pack_forward(outside.read(from), to);
                }
            })
        });
        if !phase.steps.is_empty() {
            (0..chunks(self.batch))
                .into_par_iter()
                .with_max_len(1)
                .for_each(|chunk| self.run_chunk(phase, clock, chunk));
        }
        phase
            .closings
            .par_iter()
            .with_max_len(1)
            .for_each(|step| clock.closings.time(|| self.close(step)));
    }

    fn run_chunk(&self, phase: &PhaseRun, clock: &PhaseClock, chunk: usize) {
        let worker = rayon::current_thread_index().unwrap_or(0);
        let own = View { image: chunk, ..self.outside() };
        for &accumulator in &phase.accumulators {
            // SAFETY: each chunk has its own accumulators, and one thread works on a chunk.
            unsafe { own.write(accumulator) }.fill(0.0);
        }
        let images = chunk * CHUNK..self.batch.min((chunk + 1) * CHUNK);
        for image in images {
            let view = View { arena: &self.arena, scratch: Some(&self.scratch[worker]), image };
            for (number, step) in phase.steps.iter().enumerate() {
                clock.step(number).time(|| run_step(&view, step, chunk));
            }
        }
    }

    fn close(&self, step: &CloseStep) {
        let view = self.outside();
        match step {
            CloseStep::Fold { max, places: [partials, result] } => {
                // SAFETY: every closing writes its own node's tensor.
                closing::fold(view.read(*partials), result.len, *max, unsafe {
                    view.write(*result)
                });
            }
            CloseStep::Moments { count, places: [partials, result] } => {
                // SAFETY: as above.
                closing::moments(view.read(*partials), result.len, *count, unsafe {
                    view.write(*result)
                });
            }
            CloseStep::Dw { plan, places: [first, result] } => {
                let accumulators =
                    (0..chunks(self.batch)).map(|chunk| View { image: chunk, ..view }.read(*first));
                // SAFETY: as above.
                plan.finish_dw(accumulators, unsafe { view.write(*result) });
            }
        }
    }

    fn run_all(&self, clock: &Clock) {
        for (number, phase) in self.phases.iter().enumerate() {
            self.run_phase(phase, clock.phase(number));
        }
        let outside = self.outside();
        self.last.par_iter().for_each(|step| clock.last.time(|| outside.run_loop(step)));
        for &[from, to] in &self.copies {
            // SAFETY: an input's range is its own.
            unsafe { outside.write(to) }.copy_from_slice(outside.read(from));
        }
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
        let view = self.shared.outside();
        // SAFETY: nothing runs between `run` calls.
        unsafe { view.write(place) }.copy_from_slice(data);
        Ok(())
    }

    fn run(&mut self) -> Result<(), EngineError> {
        let shared = &self.shared;
        self.pool.install(|| shared.run_all(&Clock::stopped()));
        Ok(())
    }

    fn run_timed(&mut self) -> Result<Vec<KernelTime>, EngineError> {
        let shared = &self.shared;
        let clock = Clock::running(&shared.phases);
        self.pool.install(|| shared.run_all(&clock));
        Ok(clock.report(&shared.phases))
    }

    fn output(&mut self, index: usize) -> Result<Vec<f32>, EngineError> {
        let place = self.outputs.get(index).copied();
        let place = place.ok_or_else(|| EngineError::NotAsked(format!("number {index}")))?;
        Ok(self.shared.outside().read(place).to_vec())
    }

    fn state(&mut self, input: InputId) -> Result<Vec<f32>, EngineError> {
        let place = self.input(input)?;
        Ok(self.shared.outside().read(place).to_vec())
    }

    fn memory(&self) -> usize {
        self.shared.arena.size() + self.shared.scratch.iter().map(Arena::size).sum::<usize>()
    }
}

/// Elements of a buffer of this many bytes.
pub fn elements(bytes: usize) -> usize {
    bytes / F32
}
