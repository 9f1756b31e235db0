//! What a pixel of a sweep reads, and in which pieces.

use crate::engine::cpu::simd::grid::{Grid, Taps};

/// Sets of runs of neighbouring elements.
#[derive(Clone, Copy, Debug)]
pub struct Runs {
    pub sets: usize,
    /// From a set to the next, in x.
    pub x_set: usize,
    /// Runs of a set.
    pub runs: usize,
    /// From a run to the next, in x.
    pub x_run: usize,
    /// Elements of a run.
    pub len: usize,
}

/// A piece of the reduction: some whole sets of runs, some runs of a set, or a part of one.
#[derive(Clone, Copy, Debug)]
pub struct Chunk {
    /// First element read, from the pixel's first.
    pub x: usize,
    /// First row of packed weights, from the strip's first.
    pub element: usize,
    pub sets: usize,
    pub runs: usize,
    pub len: usize,
}

impl Runs {
    /// What taps read. Where a kernel row's columns follow on each other without a gap, it is a run;
    /// where there are other channels between, it is a set of runs. Rows without a gap are one run.
    pub fn new(taps: &Taps, grid: &Grid) -> Runs {
        let [rows, cols, read] = [taps.rows.len(), taps.cols.len(), taps.read];
        let Grid { x_run, x_column, .. } = *grid;
        if x_column != read && cols > 1 {
            return Runs { sets: rows, x_set: x_run, runs: cols, x_run: x_column, len: read };
        }
        let len = cols * read;
        let (runs, len) = if x_run == len { (1, rows * len) } else { (rows, len) };
        Runs { sets: 1, x_set: 0, runs, x_run, len }
    }

    /// Elements of all.
    pub fn elements(&self) -> usize {
        self.sets * self.runs * self.len
    }

    /// Pieces of about `limit` elements.
    pub fn chunks(&self, limit: usize) -> Vec<Chunk> {
        let Runs { sets, x_set, runs, x_run, len } = *self;
        let set = runs * len;
        if set <= limit {
            let chunk = |(first, sets)| {
                let (x, element) = (first * x_set, first * set);
                Chunk { x, element, sets, runs, len }
            };
            return shares(sets, limit / set).map(chunk).collect();
        }
        let of_set = |at: usize| {
            let (x, element) = (at * x_set, at * set);
            let whole = shares(runs, (limit / len).max(1)).map(move |(first, runs)| Chunk {
                x: x + first * x_run,
                element: element + first * len,
                sets: 1,
                runs,
                len,
            });
            let parts = move |run: Chunk| {
                shares(len, limit).map(move |(first, len)| Chunk {
                    x: run.x + first,
                    element: run.element + first,
                    len,
                    ..run
                })
            };
            match len <= limit {
                true => whole.collect::<Vec<_>>(),
                false => whole.flat_map(parts).collect(),
            }
        };
        (0..sets).flat_map(of_set).collect()
    }
}

/// So many things in equal shares of at most `most`: the first of each, and how many.
fn shares(count: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let pieces = count.div_ceil(most);
    let first = move |i: usize| i * count / pieces;
    (0..pieces).map(move |i| (first(i), first(i + 1) - first(i)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every element is in one chunk, with the weights of its place.
    #[test]
    fn chunks_hold_every_element_once() {
        for (sets, runs, len) in [(1, 3, 7), (3, 3, 5), (2, 1, 9), (1, 1, 30), (5, 2, 1)] {
            let (x_run, x_set) = (len + 3, 100);
            let all = Runs { sets, x_set, runs, x_run, len };
            for limit in [1, 4, 5, 6, 10, 15, 16, 1000] {
                let mut seen = vec![None; all.elements()];
                for chunk in all.chunks(limit) {
                    let mut element = chunk.element;
                    assert!(chunk.sets * chunk.runs * chunk.len <= limit.max(1));
                    for (set, run) in
                        (0..chunk.sets).flat_map(|s| (0..chunk.runs).map(move |r| (s, r)))
                    {
                        for at in 0..chunk.len {
                            let x = chunk.x + set * x_set + run * x_run + at;
                            assert_eq!(seen[element].replace(x), None);
                            element += 1;
                        }
                    }
                }
                for (element, x) in seen.into_iter().enumerate() {
                    let (run, at) = (element / len, element % len);
                    assert_eq!(x, Some(run / runs * x_set + run % runs * x_run + at));
                }
            }
        }
    }
}
