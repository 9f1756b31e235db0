//! What the GPU engine promises beside right results.

mod runs;
mod text;
