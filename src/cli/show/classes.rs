//! What became of each class's pictures, for programs.

use serde::Serialize;

use crate::train::tally::Tally;

/// A class, and what its pictures were taken for.
#[derive(Serialize)]
pub struct Class<'a> {
    /// Its name.
    pub class: &'a str,
    /// Its pictures.
    pub count: u64,
    /// Those that were taken for it.
    pub correct: u64,
    /// None where nothing was taken for it.
    pub precision: Option<f64>,
    /// None where it has no pictures.
    pub recall: Option<f64>,
    /// Its pictures that have it among the five largest scores.
    pub top5: u64,
}

/// All of them, by number.
pub fn of<'a>(tally: &'a Tally, names: &'a [String]) -> impl Iterator<Item = Class<'a>> {
    names.iter().enumerate().take(tally.counts.len()).map(|(at, name)| Class {
        class: name,
        count: tally.counts[at],
        correct: tally.correct(at),
        precision: tally.precision(at),
        recall: tally.recall(at),
        top5: tally.top5[at],
    })
}

/// A row a class, a column for what it was taken for.
pub fn confusion(tally: &Tally) -> impl Iterator<Item = &[u64]> {
    tally.confusion.chunks_exact(tally.counts.len().max(1))
}
