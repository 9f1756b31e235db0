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
            match sent(merge) {
                Message::Numbers(len) => *numbers.entry(by).or_insert(0) += len,
                Message::Vector(len) => *vectors.entry(by).or_insert(0) += len,
            }
        }
        let numbers = numbers.into_values().map(Message::Numbers);
        all.push(Sent {
            first: totals.into_values().map(Message::Vector).collect(),
            last: numbers.chain(vectors.into_values().map(Message::Vector)).collect(),
        });
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
