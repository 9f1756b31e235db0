//! Products of matrices outside the batch, in f32 whatever the precision of the rest: an optimiser's
//! step is computed from them.
//!
//! They are contractions of single pixels, and the rows of the left matrix are the pixels. Threads share
//! them in parts of some rows each, which follow from the matrices alone, and so do the results. What lies
//! between operands and result takes no more than twice the memory of the operands.

use rayon::prelude::*;

use super::contraction::{Contraction, Direction};
use super::isa::Isa;
use super::turn::Turn;
use crate::engine::{EngineError, Precision};
use crate::graph::ConvGeometry;

/// Which of the three products of x, w and g = x·w.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProductKind {
    /// x·w
    Forward,
    /// g·wᵀ
    Backward,
    /// xᵀ·g
    Weights,
}

/// Rows of a part that are wished for.
const PART: usize = 48;
/// Most parts of xᵀ·g, each of which has sums of its own.
const MOST_SUMS: usize = 16;

/// A planned product of matrices.
pub struct Product {
    kind: ProductKind,
    /// Of the left matrix.
    rows: usize,
    /// Of each part but the last.
    part: usize,
    /// Channels of x and of g.
    channels: [usize; 2],
    /// Whether the left matrix is the transpose of what is given.
    turned: bool,
    plan: Contraction,
    /// Of the last part, if it has fewer rows: kernels may want weights packed otherwise.
    last: Option<Contraction>,
}

impl Product {
    /// Plans a product of x, of `rows` rows and `ci` channels, w, and g of as many rows and `co` channels.
    pub fn new(
        kind: ProductKind,
        rows: usize,
        [ci, co]: [usize; 2],
        isa: Isa,
    ) -> Result<Self, EngineError> {
        // Sums that are larger than the operands would be most of a step's memory: then xᵀ is written down.
        let sums = rows.div_ceil(PART).min(MOST_SUMS) * ci * co;
        if kind == ProductKind::Weights && sums > rows * (ci + co) {
            let turned = Self::by_rows(ProductKind::Forward, ci, [rows, co], isa)?;
            return Ok(Self { turned: true, ..turned });
        }
        Self::by_rows(kind, rows, [ci, co], isa)
    }

    fn by_rows(
        kind: ProductKind,
        rows: usize,
        [ci, co]: [usize; 2],
        isa: Isa,
    ) -> Result<Self, EngineError> {
        let part = match kind {
            ProductKind::Forward | ProductKind::Backward => even(rows, PART),
            ProductKind::Weights => even(rows, PART.max(rows.div_ceil(MOST_SUMS))),
        };
        let of_rows = |rows| {
            let geometry = ConvGeometry { input: [rows, 1], ..ConvGeometry::POINT };
            Contraction::new(geometry, ci, co, isa, Precision::F32)
        };
        let rest = rows % part;
        let last = if rest > 0 { Some(of_rows(rest)?) } else { None };
        Ok(Self { kind, rows, part, channels: [ci, co], turned: false, plan: of_rows(part)?, last })
    }

    /// Multiply-adds.
    pub fn multiply_adds(&self) -> usize {
        self.rows * self.channels.iter().product::<usize>()
    }

    /// Elements of both operands and of the result.
    pub fn elements(&self) -> usize {
        let [ci, co] = self.channels;
        self.rows * (ci + co) + ci * co
    }

    fn plan(&self, part: usize) -> &Contraction {
        let whole = (part + 1) * self.part <= self.rows;
        if whole { &self.plan } else { self.last.as_ref().unwrap_or(&self.plan) }
    }

    /// Words of memory for what lies between operands and result.
    pub fn work_words(&self) -> usize {
        self.work().iter().sum()
    }

    /// Words of packed weights, or of the sums of all parts, of g if kernels touch what lies behind it or of
    /// what is turned, and of weights packed for the last part.
    fn work(&self) -> [usize; 3] {
        let g = match self.slack() {
            0 => 0,
            slack => self.rows * self.channels[1] + slack,
        };
        let packed = |direction| {
            let last = self.last.as_ref().map_or(0, |last| last.packed_words(direction));
            [self.plan.packed_words(direction), last]
        };
        match self.kind {
            ProductKind::Forward => {
                let [all, last] = packed(Direction::Forward);
                [all, if self.turned { self.rows * self.channels[0] } else { 0 }, last]
            }
            ProductKind::Backward => {
                let [all, last] = packed(Direction::Backward);
                [all, g, last]
            }
            ProductKind::Weights => [self.rows.div_ceil(self.part) * self.plan.dw_words(), g, 0],
        }
    }

    /// Elements behind g that kernels touch.
    fn slack(&self) -> usize {
        self.plan.g().layout.slack
    }

    /// Computes it; `right` is w or, of xᵀ·g, g.
    pub fn run(&self, left: &[f32], right: &[f32], work: &mut [f32], out: &mut [f32]) {
        let [first, g, _] = self.work();
        let (first, rest) = work.split_at_mut(first);
        let (g, last) = rest.split_at_mut(g);
        match self.kind {
            ProductKind::Forward => {
                let left = if self.turned { turned(left, self.channels[0], g) } else { left };
                self.multiply(Direction::Forward, left, right, [first, last], out)
            }
            ProductKind::Backward => {
                let left = with_slack(left, g);
                self.multiply(Direction::Backward, left, right, [first, last], out);
            }
            ProductKind::Weights => {
                let right = with_slack(right, g);
                self.add_up(left, right, first, out);
            }
        }
    }

    fn multiply(
        &self,
        direction: Direction,
        left: &[f32],
        w: &[f32],
        packed: [&mut [f32]; 2],
        out: &mut [f32],
    ) {
        let [all, last] = packed;
        self.plan.pack(direction, w, all);
        if let Some(plan) = &self.last {
            plan.pack(direction, w, last);
        }
        let [ci, co] = self.channels;
        let (read, written, slack) = match direction {
            Direction::Forward => (ci, co, 0),
            Direction::Backward => (co, ci, self.slack()),
        };
        let (all, last): (&[f32], &[f32]) = (all, last);
        let parts = out.par_chunks_mut(self.part * written).enumerate().with_max_len(1);
        parts.for_each(|(part, out)| {
            let rows = out.len() / written;
            let read = &left[part * self.part * read..][..rows * read + slack];
            let packed = if rows < self.part { last } else { all };
            self.plan(part).multiply(direction, read, packed, out);
        });
    }

    fn add_up(&self, x: &[f32], g: &[f32], sums: &mut [f32], out: &mut [f32]) {
        let [ci, co] = self.channels;
        let each = self.plan.dw_words();
        sums.par_chunks_mut(each).enumerate().with_max_len(1).for_each(|(part, sums)| {
            let first = part * self.part;
            let rows = self.part.min(self.rows - first);
            let x = &x[first * ci..][..rows * ci];
            let g = &g[first * co..][..rows * co + self.slack()];
            sums.fill(0.0);
            let turn = Turn { number: 0, last: true };
            self.plan(part).dw(turn, [x, g], [&mut [], &mut []], sums);
        });
        self.plan.finish_dw(sums.chunks_exact(each), out);
    }
}

/// g, or where there is room a copy with some zeros behind it.
fn with_slack<'a>(g: &'a [f32], room: &'a mut [f32]) -> &'a [f32] {
    if room.is_empty() {
        return g;
    }
    let (copy, slack) = room.split_at_mut(g.len());
    copy.copy_from_slice(g);
    slack.fill(0.0);
    room
}

/// Rows of a transpose that are written together: one line of the cache of what they are read from.
const TOGETHER: usize = 16;

/// The transpose of a matrix of so many rows.
fn turned<'a>(x: &[f32], rows: usize, into: &'a mut [f32]) -> &'a [f32] {
    let columns = x.len() / rows;
    into.par_chunks_mut(TOGETHER * rows).enumerate().with_max_len(1).for_each(|(part, into)| {
        for (row, x) in x.chunks_exact(columns).enumerate() {
            let column = x[part * TOGETHER..].iter();
            into.chunks_exact_mut(rows).zip(column).for_each(|(into, &x)| into[row] = x);
        }
    });
    into
}

/// About `wished` rows, and a divisor of all of them if there is one near.
fn even(rows: usize, wished: usize) -> usize {
    let near = wished.div_ceil(2)..=2 * wished;
    let divisors = near.filter(|part| rows.is_multiple_of(*part));
    divisors.min_by_key(|part| part.abs_diff(wished)).unwrap_or(wished.min(rows))
}

/// `2304×256·256×256`
impl std::fmt::Display for Product {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ([ci, co], rows) = (self.channels, self.rows);
        match self.kind {
            ProductKind::Forward => write!(f, "{rows}×{ci}·{ci}×{co}"),
            ProductKind::Backward => write!(f, "{rows}×{co}·{co}×{ci}"),
            ProductKind::Weights => write!(f, "{ci}×{rows}·{rows}×{co}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::random;

    /// What vectors that are not full take.
    const SLACK: usize = 8192;

    /// Large matrices have no room for sums of their parts; results of 16 parts fit beside tall ones.
    #[test]
    fn what_lies_between_is_no_larger_than_the_operands() {
        for [rows, ci, co] in
            [[2304, 256, 256], [1024, 1024, 1024], [4096, 4096, 4096], [512, 2048, 64]]
        {
            for isa in Isa::available() {
                for kind in [ProductKind::Forward, ProductKind::Backward, ProductKind::Weights] {
                    let product = Product::new(kind, rows, [ci, co], isa).unwrap();
                    let words = product.work_words();
                    assert!(
                        words <= 2 * product.elements(),
                        "{product} on {}: {words}",
                        isa.name()
                    );
                    let tall = kind == ProductKind::Weights && rows == 2304;
                    assert!(
                        !tall || !product.turned,
                        "{product}: its parts are summed side by side"
                    );
                }
            }
        }
    }

    /// Rows that leave a part of their own and rows that do not, channels that fill vectors and that do not,
    /// against sums in f64; a NaN where the matrices end would show.
    #[test]
    fn every_product_is_the_definition_on_every_instruction_set() {
        for [rows, ci, co] in [
            [1, 1, 1],
            [5, 3, 7],
            [49, 20, 33],
            [96, 64, 64],
            [97, 16, 1],
            [1000, 5, 3],
            [96, 70, 97],
        ] {
            let draw = |seed, len: usize| -> Vec<f32> {
                (0..len as u32).map(|i| random::uniform(random::key(seed, 1), i) - 0.5).collect()
            };
            let [x, w, g] = [draw(1, rows * ci), draw(2, ci * co), draw(3, rows * co)];
            for isa in Isa::available() {
                for kind in [ProductKind::Forward, ProductKind::Backward, ProductKind::Weights] {
                    let at = |row: usize, column: usize| -> f64 {
                        let mul = |a: f32, b: f32| f64::from(a) * f64::from(b);
                        match kind {
                            ProductKind::Forward => {
                                (0..ci).map(|k| mul(x[row * ci + k], w[k * co + column])).sum()
                            }
                            ProductKind::Backward => {
                                (0..co).map(|k| mul(g[row * co + k], w[column * co + k])).sum()
                            }
                            ProductKind::Weights => {
                                (0..rows).map(|k| mul(x[k * ci + row], g[k * co + column])).sum()
                            }
                        }
                    };
                    let (left, right, written, deep) = match kind {
                        ProductKind::Forward => (&x, &w, [rows, co], ci),
                        ProductKind::Backward => (&g, &w, [rows, ci], co),
                        ProductKind::Weights => (&x, &g, [ci, co], rows),
                    };
                    let product = Product::new(kind, rows, [ci, co], isa).unwrap();
                    let words = product.work_words();
                    assert!(words <= 2 * product.elements() + SLACK, "{product}: {words}");
                    let mut work = vec![f32::NAN; words];
                    let mut out = vec![f32::NAN; written[0] * written[1]];
                    product.run(left, right, &mut work, &mut out);
                    // Each of `deep` sums of numbers below a quarter is rounded once.
                    let most = deep as f64 * 0.25 * f64::from(f32::EPSILON) * (deep as f64).sqrt();
                    for (i, have) in out.iter().enumerate() {
                        let want = at(i / written[1], i % written[1]);
                        let off = (f64::from(*have) - want).abs();
                        assert!(
                            off <= most,
                            "{product} on {}: {i} is off by {off:.1e}",
                            isa.name()
                        );
                    }
                }
            }
        }
    }
}
