//! Contraction kernels in f32: convolution, its gradient with respect to its input, and its
//! gradient with respect to its weights, one image at a time on tiles that sit in L1 and L2.
//!
//! Channels are last, so the taps of one kernel row read one contiguous *run* of a tile. Forward
//! and input gradient are therefore the same `sweep`: for each pixel written, a few runs times
//! packed weights. They differ in strides and in the order of the packed weights. The weight
//! gradient (`dw`) keeps a block of weights in registers and runs over pixels.
//!
//! `panel`, `slide` and `patch` hold the inner loops once, generic over `lanes::Lanes`;
//! `portable`, `avx2` and `avx512` instantiate them; [`Isa`] picks one of the three at run time.
//!
//! Vectors are fastest where they do not cross cache lines: begin packed weights, tiles of g, and
//! what is written on 64 bytes.
//!
//! Results depend on the operands, the plan and the instruction set only. Instruction sets
//! differ in the order in which they add.

mod contraction;
mod dw;
mod dx;
mod forward;
mod isa;
mod kernels;
mod lanes;
mod pack;
mod panel;
mod partition;
mod pass;
mod patch;
pub mod peak;
mod plan;
mod portable;
mod slide;
mod sweep;
mod winograd;

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod amx;
#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
#[path = "no_amx.rs"]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;

#[cfg(all(test, unix))]
mod guard_tests;
#[cfg(test)]
mod tests;

pub use amx::configure as configure_thread;
pub use contraction::{Contraction, Direction};
pub use isa::{ENVIRONMENT_VARIABLE, Isa};
pub use plan::ConvPlan;
