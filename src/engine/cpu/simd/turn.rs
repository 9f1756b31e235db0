//! Weight gradients of several images at once.

/// Most images that one thread takes in a row, and so most that are added up at once.
pub const CHUNK: usize = 8;

/// An image's place among those whose gradients are added up one after another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Its number, from zero.
    pub number: usize,
    /// Whether none follows.
    pub last: bool,
}

impl Turn {
    /// Its place among so many that are added up at once.
    pub fn slot(self, together: usize) -> usize {
        self.number % together
    }

    /// Whether those up to it are added up now.
    pub fn closes(self, together: usize) -> bool {
        self.last || self.slot(together) + 1 == together
    }
}

/// Sums up to so many bytes stay in a core's second cache, and need no images together.
pub const CACHED: usize = 512 << 10;
