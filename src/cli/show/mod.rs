//! What is printed, and drawn on the terminal. Results go to standard output, all else to
//! standard error.

pub mod batches;
pub mod changes;
pub mod classes;
pub mod diagnostics;
pub mod messages;
pub mod mistakes;
pub mod output;
pub mod progress;
pub mod study_progress;
pub mod tui;
