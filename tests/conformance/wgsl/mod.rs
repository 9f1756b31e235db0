//! An interpreter of the WGSL that the GPU engine writes: every kernel on any machine, for adapters that
//! nobody here has. It walks naga's form of a module, all threads of a workgroup in lockstep.
//!
//! | file | what it holds |
//! |---|---|
//! | `layout` | what values are made of, and where that stands in memory |
//! | `memory` | buffers and workgroup memory, with who touched what since the last barrier |
//! | `scalar` | functions of one component |
//! | `value` | what an expression has been evaluated to, of all threads |
//! | `module` | a text, parsed and validated with no more than its adapter has |
//! | `workgroup` | one workgroup: statements and masks |
//! | `expression` | expressions |
//! | `matrix` | cooperative matrices, whole subgroups at a time |
//! | `subgroup` | what threads of a subgroup tell each other |
//! | `engine` | a program's kernels in order, as an engine like the others |
//! | `faults` | tests: what it sees |
//! | `adapters` | tests: what runs on it |
//!
//! It is stricter than a device: it is a fault to leave a buffer, to reach a barrier in divergent flow, to
//! touch what another thread has touched since the last barrier, to shuffle from a thread that is not
//! there, or to hand matrices to half a subgroup. Memory that nobody has written is NaN, and
//! subgroups number their threads in another order than `local_invocation_index` does. What no kernel
//! uses is refused by name.

mod adapters;
mod engine;
mod expression;
mod faults;
mod groups;
mod layout;
mod matrix;
mod memory;
mod module;
mod scalar;
mod subgroup;
mod value;
mod workgroup;

pub use engine::Emulator;

/// What is wrong with a kernel, or with its run.
pub type Fault = String;
