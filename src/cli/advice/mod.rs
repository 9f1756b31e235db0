//! What to do about an error, in the words of the command line.
//!
//! The other rooms say what went wrong and where; flags are known to `cli` alone.

mod data;
mod engine;
pub mod habits;
mod lesion;
mod train;
mod weights;

/// An error that something can be done about.
pub trait Advice: std::error::Error {
    /// What to do, if anything is known to help.
    fn advice(&self) -> Option<String>;

    /// What went wrong, and what to do.
    fn told(&self) -> String {
        match self.advice() {
            Some(advice) => format!("{self}; {advice}"),
            None => self.to_string(),
        }
    }
}
