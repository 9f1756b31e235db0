//! Results that wait for other ranks: they are sent on their way when this rank has its part, and awaited
//! by the first phase that reads them.

use std::collections::{BTreeMap, HashMap};

use super::merge;
use super::view::{Place, View};
use crate::engine::cpu::plan::{Buffer, Extent, Merge, Steps, Total};
use crate::ranks::{Lost, Posted, Ranks, Run};

/// The other ranks, as a program meets them.
pub struct Together {
    /// All of them.
    pub ranks: Ranks,
    /// Whether reductions over the batch are over the images of all ranks.
    pub divided: bool,
    /// By phase.
    pub needed: Vec<Needed>,
}

/// The phases by which results of a phase must be whole; one behind them all where only updates of state
/// read them.
pub struct Needed {
    merges: Vec<usize>,
    totals: Vec<usize>,
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

/// What is on its way, with where it goes.
enum Awaited<'a> {
    Numbers(Posted<Vec<f64>>, Vec<&'a Merge<Place>>, Vec<usize>),
    Vectors(Posted<Vec<f32>>, Vec<Place>),
}

/// Numbers that are needed by the same phase.
#[derive(Default)]
struct Piece<'a> {
    numbers: Vec<f64>,
    runs: Vec<Run>,
    merges: Vec<&'a Merge<Place>>,
}

/// All that is on its way, with the phase that needs it.
#[derive(Default)]
pub struct Underway<'a>(Vec<(usize, Awaited<'a>)>);

impl<'a> Underway<'a> {
    /// Sends totals on their way, those that are needed together in one piece.
    pub fn total(
        &mut self,
        together: &Together,
        phase: usize,
        totals: &[Total<Place>],
        view: View,
    ) {
        let each = totals.iter().zip(&together.needed[phase].totals);
        self.vectors(together, each.map(|(total, &by)| (by, total.part, total.result)), view);
    }

    /// The same with what all images of a rank come to: numbers of the merges that have any, and what the
    /// others have written.
    pub fn merge(
        &mut self,
        together: &Together,
        phase: usize,
        merges: &'a [Merge<Place>],
        gathered: Vec<Option<Vec<f64>>>,
        view: View,
    ) {
        let by = &together.needed[phase].merges;
        let written = merges.iter().zip(by).zip(&gathered).filter(|(_, numbers)| numbers.is_none());
        let written = written.map(|((merge, &by), _)| (by, merge.result, merge.result));
        self.vectors(together, written, view);
        let mut pieces: BTreeMap<usize, Piece> = BTreeMap::new();
        for ((merge, &by), numbers) in merges.iter().zip(by).zip(gathered) {
            let (Some(numbers), Some(rule)) = (numbers, merge::rule(&merge.kind)) else { continue };
            let piece = pieces.entry(by).or_default();
            piece.runs.push(Run { rule, len: numbers.len() });
            piece.numbers.extend(numbers);
            piece.merges.push(merge);
        }
        for (by, Piece { numbers, runs, merges }) in pieces {
            let lens = runs.iter().map(|run| run.len).collect();
            let posted = together.ranks.join(numbers, runs);
            self.0.push((by, Awaited::Numbers(posted, merges, lens)));
        }
    }

    fn vectors(
        &mut self,
        together: &Together,
        each: impl Iterator<Item = (usize, Place, Place)>,
        view: View,
    ) {
        let mut buckets: BTreeMap<usize, (Vec<f32>, Vec<Place>)> = BTreeMap::new();
        for (by, part, result) in each {
            let (all, results) = buckets.entry(by).or_default();
            all.extend_from_slice(view.read(part));
            results.push(result);
        }
        for (by, (all, results)) in buckets {
            self.0.push((by, Awaited::Vectors(together.ranks.add(all), results)));
        }
    }

    /// Waits for what a phase needs, and writes it.
    ///
    /// # Safety
    /// Nothing else runs meanwhile.
    ///
    /// # Errors
    /// Another rank has ended.
    pub unsafe fn arrive(&mut self, phase: usize, view: View) -> Result<(), Lost> {
        let (due, rest) = std::mem::take(&mut self.0).into_iter().partition(|(by, _)| *by <= phase);
        self.0 = rest;
        for (_, awaited) in due {
            match awaited {
                Awaited::Numbers(posted, merges, lens) => {
                    let all = posted.wait()?;
                    let mut rest = &all[..];
                    for (merge, len) in merges.into_iter().zip(lens) {
                        let (own, others) = rest.split_at(len);
                        rest = others;
                        // SAFETY: the caller's promise.
                        unsafe { merge::finish(merge, view, own) };
                    }
                }
                Awaited::Vectors(posted, results) => {
                    let all = posted.wait()?;
                    let mut rest = &all[..];
                    for place in results {
                        let (own, others) = rest.split_at(place.len);
                        rest = others;
                        // SAFETY: the caller's promise.
                        unsafe { view.write(place) }.copy_from_slice(own);
                    }
                }
            }
        }
        Ok(())
    }
}
