//! The layers of a network as functions that build graph nodes.
//!
//! Where the papers are silent, the numbers are PyTorch's, so that weights and curves compare
//! one to one.

pub mod activation;
pub mod affine;
pub mod averages;
pub mod batch_norm;
pub mod channels;
pub mod dropout;
pub mod ghost;
pub mod image_norm;
pub mod loss;
pub mod loss_scaling;
pub mod mix;
pub mod optimiser;
pub mod option_a;
pub mod ranks;
pub mod windows;
