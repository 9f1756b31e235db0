//! Lesion studies (Veit et al. 2016, sections 4.1 to 4.3): delete units of a trained net, or swap
//! them, and measure the test error. Nothing is trained, and batch statistics stay as they are.

pub mod figure;
pub mod measure;
pub mod plan;
pub mod rewire;
pub mod summary;
