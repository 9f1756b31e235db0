//! Trained networks taken apart: what happens when units are deleted, swapped, or followed one path
//! at a time (Veit et al. 2016), and the equations of He et al. (2016) on a real net.

pub mod journal;
pub mod lesion;
pub mod paths;
pub mod probes;
