//! What a rank sends to others in a step.

use std::collections::BTreeMap;

use super::plan::{Extent, Merge, MergeKind, Needed, Schedule};

/// What is joined with other ranks' in one go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// What it is.
    pub share: Share,
    /// The phase that waits for it; one behind them all where only updates of state read it.
    pub by: usize,
}

/// A rank's share of what is joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// So many f64 numbers.
    Numbers(usize),
    /// So many f32 sums.
    Vector(usize),
}

impl Share {
    /// Bytes of it.
    pub fn bytes(self) -> usize {
        match self {
            Share::Numbers(len) => len * size_of::<f64>(),
            Share::Vector(len) => len * size_of::<f32>(),
        }
    }
}

/// What a rank sends in a phase.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Before its images.
    pub first: Vec<Message>,
    /// After them.
    pub last: Vec<Message>,
}

/// By phase of a program: what it adds up over all ranks, or, where all ranks run it as one, what their images
/// come to. What a phase leaves for another is one message.
pub fn messages(schedule: &Schedule) -> Vec<Sent> {
    let phases = &schedule.steps.phases;
    let by_rank = phases.iter().any(|phase| !phase.totals.is_empty());
    let mut all = Vec::new();
    for (phase, needed) in phases.iter().zip(Needed::of(&schedule.steps)) {
        let [mut totals, mut numbers, mut vectors] = [0, 1, 2].map(|_| BTreeMap::new());
        for (total, by) in phase.totals.iter().zip(needed.totals) {
            *totals.entry(by).or_insert(0) += total.part.words;
        }
        let merges = phase.merges.iter().zip(needed.merges);
        for (merge, by) in merges.filter(|_| !by_rank) {
            match share(merge) {
                Share::Numbers(len) => *numbers.entry(by).or_insert(0) += len,
                Share::Vector(len) => *vectors.entry(by).or_insert(0) += len,
            }
        }
        let vector = |(by, len)| Message { share: Share::Vector(len), by };
        let numbers =
            numbers.into_iter().map(|(by, len)| Message { share: Share::Numbers(len), by });
        all.push(Sent {
            first: totals.into_iter().map(vector).collect(),
            last: numbers.chain(vectors.into_iter().map(vector)).collect(),
        });
    }
    all
}

/// A result's share.
fn share(merge: &Merge<Extent>) -> Share {
    match &merge.kind {
        MergeKind::Sum | MergeKind::Max => Share::Numbers(merge.result.words),
        MergeKind::Moments { .. } => Share::Numbers(3 * merge.result.words),
        MergeKind::Weights(_) => Share::Vector(merge.parts.words),
    }
}
