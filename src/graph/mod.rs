//! The graph: a training step or an inference pass as a list of tensor operations.
//!
//! A [`Graph`] is a list of [`Node`]s in evaluation order: an operation ([`Op`]), its arguments,
//! which stand before it, the type of its result, and where it comes from. A [`Program`] adds
//! what is wanted of it: outputs, and inputs that take a node's value after a run. Forward pass,
//! adjoints and optimiser are all nodes of one program. Batch norm, gates, dropout, cross-entropy
//! and SGD are functions that build nodes ([`crate::nn`]); no pass and no engine knows them.
//!
//! A [`Type`] is a shape of four extents, channels last (N×H×W×C), and whether the first axis is
//! the batch. Weights of convolutions are Kh×Kw×(Ci/groups)×Co and not batched, as are per-channel vectors
//! (1×1×1×C) and scalars (1×1×1×1). A linear layer is a convolution whose window is the whole
//! image.
//!
//! Outside the batch a matrix of R rows is R×1×1×C where its rows are read one by one, and 1×1×R×C where
//! it is what they meet. Contractions of [`ConvGeometry::POINT`] are the products of such matrices: `Conv`
//! x·w, `ConvDx` g·wᵀ, `ConvDw` xᵀ·g. `Reshape` makes the one form of the other.
//!
//! # Operations
//!
//! | [`Op`] | [`Class`] | arguments | type | gradient |
//! |---|---|---|---|---|
//! | `Input` | source | | the input's | |
//! | `Const` | source | | scalar | |
//! | `Random` | source | seed | its own | |
//! | `Index` | source | | its own | |
//! | `Unary` | pointwise | x | x's | the function's [`Rule`] |
//! | `Binary` | pointwise | a, b | axes of length 1 repeated | the function's [`Rule`], summed to the argument |
//! | `Broadcast` | pointwise | x | its own; x's axes of length 1 repeated | sum over what was repeated |
//! | `Conv` | contraction | x: N×H×W×Ci, w | N×Ho×Wo×Co | x: `ConvDx`, w: `ConvDw` |
//! | `ConvDx` | contraction | g: N×Ho×Wo×Co, w | N×H×W×Ci | g: `Conv`, w: `ConvDw` |
//! | `ConvDw` | contraction | x, g | Kh×Kw×(Ci/groups)×Co, not batched | x: `ConvDx`, g: `Conv` |
//! | `Reduce` | reduction | x | reduced axes of length 1 | sum: g; max: g, shared by the elements that equal it; M2: 2g·(x − mean) |
//! | `Pool` | window | x | N×Ho×Wo×C | `PoolDx` |
//! | `PoolDx` | window | x, g | x's | none |
//! | `Remap` | move | x | lengths of its own | the inverse `Remap` |
//! | `Reshape` | move | x | its own, of as many elements an image or, outside the batch, in all | the inverse `Reshape` |
//! | `Total` | reduction | x, not batched | x's | the `Total` |
//! | `Detach` | order | x | x's | none |
//! | `After` | order | x, token | x's | x: g |
//!
//! Each fact stands once: classes, names and numbers of arguments in `op`, scalar functions with
//! values and gradients in `scalar`, type rules in [`infer`], gradients of the other operations in
//! [`autodiff`], what holds of every program in [`verify`]. [`interp`] computes a program in f64
//! and is what engines are compared with; [`text`] prints and reads one; [`rewrite`] makes changed
//! copies; [`placement`] says, for both engines, what is stored and when it is computed.

pub mod autodiff;
pub mod builder;
pub mod infer;
pub mod interp;
mod op;
pub mod placement;
mod program;
pub mod random;
pub mod rewrite;
mod scalar;
pub mod text;
mod types;
pub mod verify;

pub use op::*;
pub use program::*;
pub use scalar::{Binary, BinaryFacts, Rule, Unary, UnaryFacts};
pub use types::*;
