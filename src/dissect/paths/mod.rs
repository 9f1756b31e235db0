//! Studies of the paths through a residual net.

pub mod check;
pub mod exact;
pub mod figure;
pub mod gradient;
pub mod lengths;
pub mod sampled;
