//! Memory as the work on one image sees it.

use crate::engine::cpu::jit::LoopFn;
use crate::engine::cpu::loops::MAX_SLOTS;
use crate::engine::cpu::memory::Arena;
use crate::engine::cpu::plan::Loop;

/// What a place moves on with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// Nothing: it lies in the arena.
    Whole,
    /// The image: it lies in the arena, so many bytes from one to the next.
    Image(usize),
    /// The chunk of images, likewise.
    Chunk(usize),
    /// The thread: it lies in scratch.
    Thread,
}

/// A run of f32 words.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Bytes from the start.
    pub offset: usize,
    /// f32 words: one image's, one chunk's or the whole.
    pub len: usize,
    /// Where, and what it moves on with.
    pub home: Home,
}

impl Place {
    /// What lies at `count` images or chunks one after another.
    pub fn all(self, count: usize) -> Place {
        Place { len: self.len * count, home: Home::Whole, ..self }
    }
}

/// Where the places of one image, or of work outside the batch, are.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// What the threads share.
    pub arena: &'a Arena,
    /// This thread's; work outside the batch has none.
    pub scratch: Option<&'a Arena>,
    /// Which image of this rank.
    pub image: usize,
    /// Images of the ranks before.
    pub first: usize,
    /// Which chunk of images; 0 where nothing is kept by chunk.
    pub chunk: usize,
}

impl<'a> View<'a> {
    /// What a place is for this image and chunk, on its own.
    pub fn place(&self, place: Place) -> Place {
        let moved = match place.home {
            Home::Whole | Home::Thread => 0,
            Home::Image(stride) => self.image * stride,
            Home::Chunk(stride) => self.chunk * stride,
        };
        Place { offset: place.offset + moved, ..place }
    }

    fn address(&self, place: Place) -> *mut f32 {
        match place.home {
            Home::Whole => self.arena.at(place.offset),
            Home::Image(stride) => self.arena.at(place.offset + self.image * stride),
            Home::Chunk(stride) => self.arena.at(place.offset + self.chunk * stride),
            Home::Thread => match self.scratch {
                Some(scratch) => scratch.at(place.offset),
                None => unreachable!("only image steps use tiles"),
            },
        }
    }

    /// What a place holds.
    pub fn read(&self, place: Place) -> &'a [f32] {
        // SAFETY: the plan gives each live value its own range of the arena or of this thread's
        // scratch; nothing writes this one while the step runs.
        unsafe { std::slice::from_raw_parts(self.address(place), place.len) }
    }

    /// The same memory for writing.
    ///
    /// # Safety
    /// The caller's step must be the only one to touch the place while the slice lives: one
    /// thread works on an image, and a step's result overlaps none of its operands.
    pub unsafe fn write(&self, place: Place) -> &'a mut [f32] {
        // SAFETY: as `read`, and exclusive by this function's contract.
        unsafe { std::slice::from_raw_parts_mut(self.address(place), place.len) }
    }

    /// Runs a loop, given the code of all.
    pub fn run_loop(&self, step: &Loop<Place>, functions: &[LoopFn]) {
        let mut table = [std::ptr::null_mut(); MAX_SLOTS];
        for (entry, slot) in table.iter_mut().zip(&step.slots) {
            *entry = self.address(slot.memory);
        }
        // SAFETY: the function was compiled for exactly these slots, with their extents; the
        // plan keeps them apart from what other threads touch.
        unsafe { (functions[step.code.0])(table.as_ptr(), (self.first + self.image) as u32) };
    }
}
