//! Raw memory that several threads work in at once.

use std::alloc::{Layout, alloc_zeroed, dealloc};

use super::offsets::ALIGNMENT;
use crate::engine::{EngineError, Shortage};

/// Bytes of a large page on x86-64 and on most AArch64 systems.
const HUGE_PAGE: usize = 2 << 20;

/// Zeroed bytes, aligned for vectors.
pub struct Arena {
    start: *mut u8,
    layout: Layout,
}

// SAFETY: the arena is plain memory that it owns; who reads and writes which part at which time
// is settled by the memory plan ([`super::MemoryPlan`]), which keeps threads apart.
unsafe impl Send for Arena {}
// SAFETY: as above.
unsafe impl Sync for Arena {}

impl Arena {
    /// Allocates `size` bytes.
    pub fn new(size: usize) -> Result<Self, EngineError> {
        let shortage = Shortage::Main { bytes: size };
        let refused = || EngineError::OutOfMemory { shortage: shortage.clone(), fits: None };
        let alignment = if size < HUGE_PAGE { ALIGNMENT } else { HUGE_PAGE };
        let layout =
            Layout::from_size_align(size.max(ALIGNMENT), alignment).map_err(|_| refused())?;
        // SAFETY: the layout has a non-zero size.
        let start = unsafe { alloc_zeroed(layout) };
        if start.is_null() {
            return Err(refused());
        }
        let arena = Self { start, layout };
        arena.ask_for_huge_pages();
        Ok(arena)
    }

    /// Fewer, larger pages: tensors are read once a phase, and each small page costs a search.
    #[cfg(target_os = "linux")]
    fn ask_for_huge_pages(&self) {
        if self.size() >= HUGE_PAGE {
            // SAFETY: advice about memory that this arena owns, from an aligned address; a kernel
            // that does not take it changes nothing.
            unsafe { libc::madvise(self.start.cast(), self.size(), libc::MADV_HUGEPAGE) };
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn ask_for_huge_pages(&self) {}

    /// Bytes.
    pub fn size(&self) -> usize {
        self.layout.size()
    }

    /// Address of a byte.
    pub fn at(&self, offset: usize) -> *mut f32 {
        debug_assert!(offset <= self.layout.size());
        // SAFETY: offsets come from the memory plan and lie inside the allocation.
        unsafe { self.start.add(offset).cast() }
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: allocated in `new` with this layout.
        unsafe { dealloc(self.start, self.layout) };
    }
}
