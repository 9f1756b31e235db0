//! Trained networks taken apart: what happens when units are deleted, swapped, or followed one path
//! at a time (Veit et al. 2016), and the equations of He et al. (2016) on a real net.

pub mod anatomy;
pub mod journal;
mod layers;
pub mod lesion;
pub mod paths;
pub mod survival;
