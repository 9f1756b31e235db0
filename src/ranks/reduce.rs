//! Sums over all ranks, in one fixed tree: neighbours first, then neighbouring pairs, and so on; in each
//! pair the lower rank's values come first. Every rank ends with the same bits.
//!
//! Where their number is no power of two, the ranks beyond the largest power give their values to the
//! first ranks before, and are told afterwards.

use super::link::{Link, Lost};

/// How numbers of two neighbours become one's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// a + b
    Sum,
    /// The larger; a NaN stays.
    Max,
    /// Triples of a count, a mean and a sum of squares about it: those of both together.
    Moments,
}

/// Numbers in a row that follow one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Which.
    pub rule: Rule,
    /// How many numbers.
    pub len: usize,
}

impl Rule {
    /// Joins to the lower neighbour's numbers those of the higher.
    pub fn join(self, low: &mut [f64], high: &[f64]) {
        let pairs = low.iter_mut().zip(high);
        match self {
            Rule::Sum => pairs.for_each(|(a, b)| *a += b),
            Rule::Max => pairs.for_each(|(a, &b)| {
                if b > *a || b.is_nan() {
                    *a = b;
                }
            }),
            Rule::Moments => {
                let (low, _) = low.as_chunks_mut::<3>();
                let (high, _) = high.as_chunks::<3>();
                low.iter_mut().zip(high).for_each(|(a, b)| *a = moments(*a, *b));
            }
        }
    }
}

/// Count, mean and Σ (x − mean)² of two sets together (Chan, Golub and LeVeque 1979).
pub fn moments([n, mean, squares]: [f64; 3], [m, other, more]: [f64; 3]) -> [f64; 3] {
    let (all, delta) = (n + m, other - mean);
    let share = m / all;
    [all, mean + delta * share, squares + more + delta * delta * (n * share)]
}

/// Joins numbers of all ranks.
///
/// # Errors
/// As [`Link::exchange`].
pub fn numbers(link: &mut dyn Link, own: &mut [f64], runs: &[Run]) -> Result<(), Lost> {
    let mut other = vec![0.0; own.len()];
    let mut join = |own: &mut [f64], other: &mut [f64], own_first: bool| {
        let mut first = 0;
        for run in runs {
            let place = first..first + run.len;
            first = place.end;
            let (own, other) = (&mut own[place.clone()], &mut other[place]);
            if own_first {
                run.rule.join(own, other);
            } else {
                run.rule.join(other, own);
                own.copy_from_slice(other);
            }
        }
    };
    doubling(link, own, &mut other, &mut join)
}

/// Elements from which on a vector is added up in parts.
pub const LONG: usize = 1 << 14;

/// Whether vectors of so many elements are added up in parts.
pub fn goes_by_halves(ranks: usize, elements: usize) -> bool {
    ranks > 2 && ranks.is_power_of_two() && elements >= LONG
}

/// Adds up vectors of all ranks.
///
/// # Errors
/// As [`Link::exchange`].
pub fn vector(link: &mut dyn Link, own: &mut [f32]) -> Result<(), Lost> {
    let crowd = link.crowd();
    let mut other = vec![0.0; own.len()];
    if goes_by_halves(crowd.count, own.len()) {
        return halving(link, own, &mut other);
    }
    doubling(link, own, &mut other, &mut |own, other, _| add(own, other))
}

/// Of two numbers the order does not matter.
fn add(own: &mut [f32], other: &[f32]) {
    own.iter_mut().zip(other).for_each(|(a, b)| *a += b);
}

/// Joins what a partner has sent, which may come before or, if so said, behind.
type Join<'a, T> = dyn FnMut(&mut [T], &mut [T], bool) + 'a;

/// Exchanges everything with partners that are one, two, four … ranks away.
fn doubling<T: bytemuck::Pod>(
    link: &mut dyn Link,
    own: &mut [T],
    other: &mut [T],
    join: &mut Join<T>,
) -> Result<(), Lost> {
    let crowd = link.crowd();
    let rank = crowd.rank;
    let paired = 1 << crowd.count.ilog2();
    let nothing: &mut [u8] = &mut [];
    if rank >= paired {
        link.exchange(rank - paired, bytemuck::cast_slice(own), nothing)?;
        return link.exchange(rank - paired, &[], bytemuck::cast_slice_mut(own));
    }
    let beyond = Some(rank + paired).filter(|&beyond| beyond < crowd.count);
    if let Some(beyond) = beyond {
        link.exchange(beyond, &[], bytemuck::cast_slice_mut(other))?;
        join(own, other, true);
    }
    for partner in (0..paired.ilog2()).map(|bit| rank ^ (1 << bit)) {
        let (out, into) = (bytemuck::cast_slice(own), bytemuck::cast_slice_mut(other));
        link.exchange(partner, out, into)?;
        join(own, other, rank < partner);
    }
    match beyond {
        Some(beyond) => link.exchange(beyond, bytemuck::cast_slice(own), nothing),
        None => Ok(()),
    }
}

/// The same tree with fewer bytes (Rabenseifner 2004): each round adds up one half of what is left, then
/// the sums go back the same way.
fn halving(link: &mut dyn Link, own: &mut [f32], other: &mut [f32]) -> Result<(), Lost> {
    let crowd = link.crowd();
    let mut place = 0..own.len();
    let mut halves = Vec::new();
    for bit in 0..crowd.count.ilog2() {
        let middle = place.start + place.len() / 2;
        let (low, high) = (place.start..middle, middle..place.end);
        let is_low = crowd.rank >> bit & 1 == 0;
        let (kept, given) = if is_low { (low, high) } else { (high, low) };
        let partner = crowd.rank ^ (1 << bit);
        let out = bytemuck::cast_slice(&own[given.clone()]);
        link.exchange(partner, out, bytemuck::cast_slice_mut(&mut other[kept.clone()]))?;
        add(&mut own[kept.clone()], &other[kept.clone()]);
        halves.push((partner, kept.clone(), given));
        place = kept;
    }
    for (partner, kept, given) in halves.into_iter().rev() {
        let (out, into) = (&own[kept.clone()], &mut other[given.clone()]);
        link.exchange(partner, bytemuck::cast_slice(out), bytemuck::cast_slice_mut(into))?;
        own[given.clone()].copy_from_slice(&other[given]);
    }
    Ok(())
}
