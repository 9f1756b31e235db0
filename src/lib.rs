//! rnetc: a compiler for residual networks.
//!
//! The modules stand in the order in which a spec passes through them.

pub mod chart;
pub mod cli;
pub mod data;
pub mod diagnostic;
pub mod dissect;
pub mod drawing;
pub mod engine;
pub mod export;
pub mod gradcheck;
pub mod graph;
pub mod lower;
pub mod lsp;
pub mod network;
pub mod nn;
pub mod passes;
pub mod protobuf;
pub mod report;
pub mod sema;
pub mod source;
pub mod study;
pub mod syntax;
pub mod text;
pub mod train;
