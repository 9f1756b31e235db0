//! Contraction kernels.
