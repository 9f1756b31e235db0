//! Raw memory that several threads work in at once.

use std::alloc::{Layout, alloc_zeroed, dealloc};

use crate::engine::EngineError;
use crate::schedule::memory::ALIGNMENT;

/// Zeroed bytes, aligned for vectors.
pub struct Arena {
    start: *mut u8,
    layout: Layout,
}

// SAFETY: the arena is plain memory that it owns; who reads and writes which part at which time
// is settled by the memory plan (`allocate`), which keeps threads apart.
unsafe impl Send for Arena {}
// SAFETY: as above.
unsafe impl Sync for Arena {}

impl Arena {
    /// Allocates `size` bytes.
    pub fn new(size: usize) -> Result<Self, EngineError> {
        let refused = || {
            EngineError::OutOfMemory(format!(
                "{} MiB of memory could not be had; use a smaller --batch",
                size >> 20
            ))
        };
        let layout =
            Layout::from_size_align(size.max(ALIGNMENT), ALIGNMENT).map_err(|_| refused())?;
        // SAFETY: the layout has a non-zero size.
        let start = unsafe { alloc_zeroed(layout) };
        if start.is_null() { Err(refused()) } else { Ok(Self { start, layout }) }
    }

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
