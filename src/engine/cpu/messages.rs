//! What a rank sends to others in a step.

use std::collections::BTreeMap;

use super::plan::{Extent, Merge, MergeKind, Needed, Schedule};

/// What is joined with other ranks' in one go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// So many f64 numbers, which the next phase waits for.
    Numbers(usize),
    /// So many f32 sums, which are awaited at the end of the step.
    Vector(usize),
}

impl Message {
    /// Bytes of it.
    pub fn bytes(self) -> usize {
        match self {
            Message::Numbers(len) => len * size_of::<f64>(),
            Message::Vector(len) => len * size_of::<f32>(),
        }
    }
}

/// Those of a program: what it adds up over all ranks, or, where all ranks run it as one, what its images
/// come to. What a phase leaves for another is one message.
pub fn messages(schedule: &Schedule) -> Vec<Message> {
    let phases = &schedule.steps.phases;
    let by_rank = phases.iter().any(|phase| !phase.totals.is_empty());
    let mut all = Vec::new();
    for (phase, needed) in phases.iter().zip(Needed::of(&schedule.steps)) {
        let (mut numbers, mut vectors) = (BTreeMap::new(), BTreeMap::new());
        for (total, by) in phase.totals.iter().zip(needed.totals) {
            *vectors.entry(by).or_insert(0) += total.part.words;
        }
        let merges = phase.merges.iter().zip(needed.merges);
        for (merge, by) in merges.filter(|_| !by_rank) {
            match sent(merge) {
                Message::Numbers(len) => *numbers.entry(by).or_insert(0) += len,
                Message::Vector(len) => *vectors.entry(by).or_insert(0) += len,
            }
        }
        all.extend(numbers.into_values().map(Message::Numbers));
        all.extend(vectors.into_values().map(Message::Vector));
    }
    all
}

/// A result's share.
fn sent(merge: &Merge<Extent>) -> Message {
    match &merge.kind {
        MergeKind::Sum | MergeKind::Max => Message::Numbers(merge.result.words),
        MergeKind::Moments { .. } => Message::Numbers(3 * merge.result.words),
        MergeKind::Weights(_) => Message::Vector(merge.parts.words),
    }
}
