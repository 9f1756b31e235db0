//! One suite for both engines: every operation, every spec and ONNX's node tests,
//! each in the f64 interpreter, on the CPU and on the GPU, whatever adapter there is. Then
//! what only one of the engines promises.

mod compare;
mod functions;
mod fusion;
mod gpu;
mod half;
mod learned;
mod nan;
mod nets;
mod networks;
mod onnx;
mod ops;
mod planted;
mod precision;
mod random;
mod ranks;
mod recompute;
mod runs;
mod stages;
mod steps;
mod support;
mod updates;
mod wgsl;
mod wide;
