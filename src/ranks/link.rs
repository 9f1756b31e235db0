//! What carries bytes between ranks.

/// Which rank this is, and among how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowd {
    /// From 0.
    pub rank: usize,
    /// Of all.
    pub count: usize,
    /// Of those on this machine.
    pub here: usize,
    /// Which of those on this machine, from 0.
    pub place: usize,
}

/// A connection to all other ranks.
pub trait Link {
    /// Which rank this is.
    fn crowd(&self) -> Crowd;

    /// Sends bytes to a rank, and receives as many from it as there is room for. The other does the same
    /// meanwhile; one of the two sides may be empty.
    ///
    /// # Errors
    /// The other rank has ended, or the connection has.
    fn exchange(&mut self, with: usize, out: &[u8], into: &mut [u8]) -> Result<(), Lost>;
}

/// Why ranks cannot go on together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// Another rank is gone.
    #[error("rank {0} has ended")]
    Gone(usize),
    /// The connection has ended.
    #[error("the connection between the ranks has ended")]
    Ended,
    /// The ranks do not do the same.
    #[error("rank {rank} sent {sent} bytes where {room} were awaited")]
    Apart {
        /// Which.
        rank: usize,
        /// Bytes that came.
        sent: usize,
        /// Bytes there was room for.
        room: usize,
    },
    /// It does not open.
    #[error("no connection between the ranks: {0}")]
    Unopened(String),
}
