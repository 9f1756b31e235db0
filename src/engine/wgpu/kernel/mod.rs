//! Kernels as data: what one dispatch computes, before any text is generated for it.
//!
//! A kernel walks a *domain* (the shape of what it stores) once. It may start from an anchor, a
//! value that needs a loop: a contraction, a window, a reduction. What the anchor reads is its
//! *prologue*, evaluated in place from stored values; a contraction may store what its prologue
//! evaluates. What is computed from the anchor's result
//! at the same index is its *epilogue*: values to store, and sums over batch and space of which
//! the kernel leaves one partial a tile; a merging kernel adds those up in a fixed order.
//!
//! [`form()`] groups nodes into kernels (`order` says in which order they are given to them, `former`
//! where each goes, `ranks` what crosses to other ranks together, `stored` which have a buffer, `total` which sums are one kernel), lets contractions
//! `absorb` pointwise kernels, and appends the copies that state `updates` need. `types` holds what comes out, `rules` what is asked of single nodes, `reach` finds
//! what an expression reads. `describe` has names for people.
//!
//! Architecture invariant: nothing here knows of batch normalisation, of gradients, or of WGSL.

mod absorb;
mod describe;
mod form;
mod former;
mod order;
mod ranks;
mod reach;
mod rules;
mod stored;
mod total;
mod types;
mod updates;

pub use describe::{fused, kind, name};
pub use form::form;
pub use rules::{Shared, is_anchor, is_vector, shared_by_input, shared_by_value};
pub use types::{Body, Column, Kernel, KernelId, KernelRead, KernelStore, Kernels, Moment};
