//! How partial sums are added up: the parts of a weight gradient, and what tiles leave for a channel.
//!
//! Both are sums of `count` numbers that lie an element's stride apart, for a few thousand elements
//! or a few dozen; what takes time is waiting for memory, not adding. So a workgroup has a few
//! neighbouring elements, whose parts are read side by side, and its other threads are `slices` that
//! share an element's parts; each asks for `ways` of them before it adds the first; then the slices
//! are joined in a fixed order, so that the bits are the same from run to run.
//!
//! Few parts a thread make short waits, few slices a short join, many workgroups use all of a chip:
//! of 128 to 264 parts of 2,304 elements, 8 elements a workgroup took 3 to 4 µs on an H200, of 64
//! parts of 36,864 elements 8 took 9 and 32 took 5.

use crate::engine::wgpu::kernel::{Body, Kernel};
use crate::graph::{Graph, Shape};

use super::style::Style;
use super::target::Target;
use super::tile::{Multiply, TileCut};
use super::workgroup::{THREADS, TOTAL_THREADS};

/// Threads of a workgroup, which every adapter has.
const MOST_THREADS: usize = 256;
/// Parts of a thread that are asked for together, if it has as many.
const WAYS: usize = 4;
/// Most of them, for threads with more than a few turns.
const MOST_WAYS: usize = 8;
/// Turns of a thread up to which that is so.
const TURNS: usize = 4;
/// Parts of a thread, if there are enough threads.
const SHARE: usize = 2 * WAYS;
/// Workgroups from which on each gets more elements instead.
const GROUPS: usize = 512;
/// Neighbouring elements that memory moves together: 32 bytes.
const SECTOR: usize = 8;

/// The partial sums of an element, and how threads share them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Parts {
    /// So many there are.
    pub count: usize,
    /// Threads that share them.
    pub slices: usize,
    /// Parts of a thread that are under way together.
    pub ways: usize,
}

impl Parts {
    fn shared(count: usize, slices: usize) -> Self {
        let share = count.div_ceil(slices);
        let ways = share.div_ceil(TURNS).clamp(WAYS, MOST_WAYS).min(share);
        Self { count, slices, ways }
    }

    fn alone(count: usize) -> Self {
        Self { count, slices: 1, ways: 1 }
    }

    /// Whether every thread has the same number of turns, of whole `ways`.
    pub fn is_even(&self) -> bool {
        self.ways == 1 || self.count.is_multiple_of(self.slices * self.ways)
    }
}

impl TileCut {
    /// Of a kernel that adds up what the kernel cut as `source` leaves.
    pub(super) fn of_sums(
        graph: &Graph,
        kernel: &Kernel,
        target: Target,
        source: &TileCut,
    ) -> Self {
        let cut = Self::of(graph, kernel, target, None);
        match (&kernel.body, target.style) {
            (Body::Gather(_), Style::Staged) if source.splits > 1 => {
                cut.gathered(kernel, source.splits)
            }
            (Body::Gather(_), _) => Self { parts: Some(Parts::alone(source.splits)), ..cut },
            (Body::Merge { .. }, style) => {
                // A reduction that also takes in the channels has a part for each tile and channel.
                let Shape([.., channels]) = kernel.domain.shape;
                cut.merged(source.row_tiles() * (source.cols / channels), style)
            }
            (
                Body::Map
                | Body::Contract(_)
                | Body::Fold(_)
                | Body::Weights(_)
                | Body::Total { .. }
                | Body::Ranks(_),
                _,
            ) => cut,
        }
    }

    fn gathered(self, kernel: &Kernel, count: usize) -> Self {
        let elements = (self.rows * self.cols / GROUPS).next_power_of_two().clamp(8, 128);
        let width = if elements >= 32 && self.cols.is_multiple_of(4) { 4 } else { 1 };
        let across = (elements / width).clamp(8, 32);
        let slices = (MOST_THREADS / across).min(below(count));
        let across = across.max(THREADS / slices);
        // What reads whole sectors of memory leaves few sums of columns to be merged.
        let most = if kernel.columns.is_empty() { across } else { SECTOR / width };
        let lanes = (self.cols / width).next_power_of_two().min(most);
        let parts = Some(Parts::shared(count, slices));
        Self { width, lanes, strips: across / lanes, per_thread: 1, parts, ..self }
    }

    fn merged(self, count: usize, style: Style) -> Self {
        // Software adapters read an element at a time: neighbours gain nothing, joining costs.
        let (threads, across) = match style {
            Style::Staged => {
                let slices = count.div_ceil(SHARE).next_power_of_two();
                (MOST_THREADS, (MOST_THREADS / slices.min(MOST_THREADS)).clamp(4, 32))
            }
            Style::Sliding => (THREADS, 1),
        };
        let lanes = self.cols.next_power_of_two().min(across);
        let slices = (threads / lanes).min(below(count));
        let parts = match style {
            Style::Staged => Parts::shared(count, slices),
            Style::Sliding => Parts { ways: 1, ..Parts::shared(count, slices) },
        };
        let (width, multiply) = (1, Multiply::Scalars);
        Self { width, lanes, strips: 1, per_thread: 1, multiply, parts: Some(parts), ..self }
    }

    /// Threads of a workgroup.
    pub fn threads(&self) -> usize {
        self.lanes * self.strips * self.slices()
    }

    /// Threads that share an element's parts.
    pub fn slices(&self) -> usize {
        self.parts.map_or(1, |parts| parts.slices)
    }

    /// Bytes of workgroup memory through which slices are joined.
    pub(super) fn joining_memory(&self, kernel: &Kernel) -> usize {
        let f32 = 4;
        match kernel.body {
            Body::Total { .. } => f32 * TOTAL_THREADS,
            _ if self.slices() == 1 => 0,
            Body::Gather(_) => f32 * self.width * self.threads(),
            // A sum, and the count, sum and squares of a moment.
            Body::Merge { .. } => 4 * f32 * self.threads(),
            Body::Map | Body::Contract(_) | Body::Fold(_) | Body::Weights(_) | Body::Ranks(_) => 0,
        }
    }
}

/// The largest power of two that is no larger.
fn below(count: usize) -> usize {
    1 << count.max(1).ilog2()
}
