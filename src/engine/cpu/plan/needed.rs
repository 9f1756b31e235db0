//! By when results must be whole that other ranks have a part in.

use std::collections::HashMap;

use super::{Buffer, Extent, Steps};

/// The phases by which results of a phase must be whole; one behind them all where only updates of state
/// read them.
pub struct Needed {
    /// Of its merges.
    pub merges: Vec<usize>,
    /// Of its totals.
    pub totals: Vec<usize>,
}

impl Needed {
    /// Of each phase of a program.
    pub fn of(steps: &Steps<Extent>) -> Vec<Self> {
        let mut readers: HashMap<Buffer, Vec<usize>> = HashMap::new();
        for (number, phase) in steps.phases.iter().enumerate() {
            phase.reads().for_each(|read| readers.entry(read.buffer).or_default().push(number));
        }
        let all = steps.phases.len();
        let first = |result: Extent, after: usize| {
            let readers = readers.get(&result.buffer).into_iter().flatten().copied();
            readers.filter(|&reader| reader > after).min().unwrap_or(all)
        };
        let phases = steps.phases.iter().enumerate();
        phases
            .map(|(number, phase)| Self {
                merges: phase.merges.iter().map(|merge| first(merge.result, number)).collect(),
                totals: phase.totals.iter().map(|total| first(total.result, number)).collect(),
            })
            .collect()
    }
}
