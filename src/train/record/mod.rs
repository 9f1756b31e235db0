//! What a run leaves on disk, and how it stays whole: its folder and lock, checkpoints and the list of
//! them, measurements as lines and as event files. Every file is written beside its place and moved, or
//! grows by whole lines; each says the version of its format. `writer` is the thread that saves while a run
//! goes on.

pub mod atomic;
pub mod checkpoint;
pub mod evaluation;
pub mod format;
pub mod json_lines;
pub mod keeper;
pub mod lock;
pub mod manifest;
pub mod metrics;
pub mod run_folder;
pub mod tensorboard;
pub mod writer;
