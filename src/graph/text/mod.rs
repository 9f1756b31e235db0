//! Programs as text, and back: what one prints reads as the same program.
//!
//! One line says one thing; empty lines and lines that begin with `#` say nothing. In this order:
//!
//! ```text
//! batch 2
//! in0: 2×4×4×3 batched = images "images"           inputs: type = role "name"
//! in1: 3×3×3×8 = parameter "conv.weight"
//! in2: 3×3×3×8 = momentum in1 "conv.weight.momentum"
//! %0: 2×4×4×3 batched = input in0                  nodes: type = operation arguments
//! %1: 3×3×3×8 = input in1
//! %2: 2×2×2×8 batched = conv 3×3/2 pad 1 %0, %1  @120..134 r0
//! output logits = %2
//! update in1 = %1
//! ```
//!
//! After a node may stand its place in the spec (`@120..134`, in bytes) and its region (`r0`).
//!
//! | operation | text |
//! |---|---|
//! | number | `const 0.1`, or its bits: `const 0x7ff8000000000000` |
//! | random numbers | `random 3 %seed`: stream 3 |
//! | scalar function | its name: `relu %0`, `mul %0, %1` |
//! | convolution, adjoints | `conv 3×3/2 pad 1 %x, %w`: kernel, stride; `pad 1×0`: rows, columns; `groups 8` behind them |
//! | reduction | `reduce m2 nhw %0`; `none` for no axis |
//! | pooling, adjoint | `pool max 3/2 pad 1 %0`: window, stride |
//! | re-indexing | `remap [i, 2i-1, (i+1)/2, i] %0`: for each axis, the source of element i |
//! | others | the name alone |
//!
//! Rows and columns that a convolution or a pooling reads are those of its argument x, or for an
//! adjoint with respect to x its own; an axis of a re-indexing is as long as the node's.

mod parse;
mod print;

pub use parse::ParseError;
