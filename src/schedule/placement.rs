//! When each value is computed and where it lives.
//!
//! Anchors (contractions, pooling, reductions) are computed once. Everything else is pointwise
//! or a re-indexing and may be recomputed wherever it is needed, from values that are stored.
//!
//! A *phase* ends where a reduction over the batch must be complete; inside a phase, images are
//! independent. Inside a phase, *rank* r counts the anchors that come before: the pointwise work
//! of rank r reads what anchors of rank r − 1 wrote and prepares what anchors of rank r read.

/// When a value is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stage {
    /// Number of batch-wide synchronisations before.
    pub phase: u32,
    /// Number of anchors before, inside the phase.
    pub rank: u32,
}

/// Where a value lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// Nowhere: recomputed where it is used.
    Inline,
    /// For one image, while its phase runs (the GPU engine keeps the whole tensor).
    Tile,
    /// The whole tensor, for later phases or as a result.
    Tensor,
}
