//! Contraction kernels: convolution, its gradient with respect to its input, and its gradient with
//! respect to its weights, one image at a time on tiles that sit in L1 and L2.
//!
//! Channels are last, so the taps of one kernel row read one contiguous *run* of a tile: forward
//! and input gradient are the same sum of runs times packed weights over a `grid` of pixels.
//! `vectors` computes it in f32 with the inner loops in `kernels`, of which [`Isa`] picks those
//! of one instruction set at run time; `tiles` in bf16; `contraction` chooses and hides
//! the difference; `product` multiplies matrices outside the batch. [`peak`] measures what a core
//! could do at most.
//!
//! Vectors are fastest where they do not cross cache lines: begin packed weights, tiles of g, and
//! what is written on 64 bytes.
//!
//! Results depend on the operands, the plan and the instruction set only. Instruction sets
//! differ in the order in which they add.

mod contraction;
mod grid;
mod isa;
mod kernels;
pub mod peak;
mod product;
mod tiles;
mod turn;
mod vectors;

pub use contraction::{Contraction, Direction};
pub use isa::{ENVIRONMENT_VARIABLE, Isa};
pub use product::{Product, ProductKind};
pub use tiles::{Parts, Unit, configure as configure_thread};
pub use turn::{CHUNK, Turn};
