//! Results that wait for other ranks: they are sent on their way when this rank has its part, and awaited
//! by the first phase that reads them.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::merge::{self, Gathered};
use super::view::{Place, View};
use crate::engine::cpu::plan::{Merge, Needed, Total};
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

/// What is on its way, with where it goes.
enum Awaited<'a> {
    Numbers(Posted<Vec<f64>>, Vec<&'a Merge<Place>>, Vec<usize>),
    Vectors(Posted<Vec<f32>>, Vec<(usize, Goal<'a>)>),
}

/// What becomes of a vector that is added up.
#[derive(Clone, Copy)]
enum Goal<'a> {
    /// It is stored.
    Stored(Place),
    /// A weight gradient is made of it.
    Weights(&'a Merge<Place>),
}

impl Goal<'_> {
    /// # Safety
    /// Nothing else touches the result's place meanwhile.
    unsafe fn reach(self, view: View, sums: &[f32]) {
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Goal::Stored(place) => view.write(place).copy_from_slice(sums),
                Goal::Weights(merge) => merge::finish_weights(merge, view, sums),
            }
        }
    }
}

/// Numbers that are needed by the same phase.
#[derive(Default)]
struct Piece<'a> {
    numbers: Vec<f64>,
    runs: Vec<Run>,
    merges: Vec<&'a Merge<Place>>,
}

/// Vectors that are needed by the same phase.
#[derive(Default)]
struct Bucket<'a> {
    sums: Vec<f32>,
    goals: Vec<(usize, Goal<'a>)>,
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
        let each = each.map(|(total, &by)| (by, total.part, Goal::Stored(total.result)));
        self.vectors(together, each.collect(), view);
    }

    /// The same with what all images of a rank come to.
    pub fn merge(
        &mut self,
        together: &Together,
        phase: usize,
        merges: &'a [Merge<Place>],
        gathered: Vec<Gathered>,
        view: View,
    ) {
        let (mut sums, mut pieces) = (Vec::new(), BTreeMap::<usize, Piece>::new());
        let by = &together.needed[phase].merges;
        for ((merge, &by), gathered) in merges.iter().zip(by).zip(gathered) {
            match (gathered, merge::rule(&merge.kind)) {
                (Gathered::Sums(place), _) => sums.push((by, place, Goal::Weights(merge))),
                (Gathered::Numbers(numbers), Some(rule)) => {
                    let piece = pieces.entry(by).or_default();
                    piece.runs.push(Run { rule, len: numbers.len() });
                    piece.numbers.extend(numbers);
                    piece.merges.push(merge);
                }
                (Gathered::Numbers(_), None) => unreachable!("numbers have a rule"),
            }
        }
        for (by, Piece { numbers, runs, merges }) in pieces {
            let lens = runs.iter().map(|run| run.len).collect();
            let posted = together.ranks.join(numbers, runs);
            self.0.push((by, Awaited::Numbers(posted, merges, lens)));
        }
        self.vectors(together, sums, view);
    }

    fn vectors(&mut self, together: &Together, each: Vec<(usize, Place, Goal<'a>)>, view: View) {
        let mut buckets: BTreeMap<usize, Bucket> = BTreeMap::new();
        for (by, part, goal) in each {
            let bucket = buckets.entry(by).or_default();
            bucket.sums.extend_from_slice(view.read(part));
            bucket.goals.push((part.len, goal));
        }
        for (by, Bucket { sums, goals }) in buckets {
            self.0.push((by, Awaited::Vectors(together.ranks.add(sums), goals)));
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
                Awaited::Vectors(posted, goals) => {
                    let all = posted.wait()?;
                    let mut rest = &all[..];
                    let with_sums = |(len, goal)| {
                        let (own, others) = rest.split_at(len);
                        rest = others;
                        (goal, own)
                    };
                    let goals: Vec<(Goal, &[f32])> = goals.into_iter().map(with_sums).collect();
                    // SAFETY: the caller's promise; each has a place of its own.
                    let reach = |(goal, sums): (Goal, &[f32])| unsafe { goal.reach(view, sums) };
                    goals.into_par_iter().for_each(reach);
                }
            }
        }
        Ok(())
    }
}
