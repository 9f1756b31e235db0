//! Sums over ranks in the middle of a step.
//!
//! Where values are to cross, what has been recorded so far is submitted, with a copy of them into a buffer
//! that the host reads. What comes next and does not read their sums is submitted too before the host waits for
//! that copy, so that the device computes while ranks talk. Before the first dispatch that reads them, the sums
//! are written where the plan has them.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;

use crate::engine::EngineError;
use crate::graph::{NodeId, Program};
use crate::ranks::{Posted, Ranks};

use super::device::adapter::Gpu;
use super::device::buffers::Buffers;
use super::device::readback::{Arriving, Staging, numbers};
use super::lowered::Crossing;
use super::memory::{BufferPlace, MemoryPlan};

/// One value of a crossing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    from: BufferPlace,
    to: BufferPlace,
    len: usize,
}

/// A crossing of a program, with where its values live.
#[derive(Debug)]
pub(super) struct Placed {
    after: usize,
    until: usize,
    parts: Vec<Part>,
}

/// Where the crossings' values live.
pub(super) fn placed(
    program: &Program,
    memory: &MemoryPlan,
    crossings: &[Crossing],
) -> Result<Vec<Placed>, EngineError> {
    let place = |node: NodeId| {
        let place = memory.nodes[node.index()];
        place.ok_or_else(|| EngineError::Internal(format!("{node} crosses and has no buffer")))
    };
    let one = |crossing: &Crossing| {
        let part = |&[from, to]: &[NodeId; 2]| {
            let len = program.graph.node(to).ty.shape.len();
            Ok(Part { from: place(from)?, to: place(to)?, len })
        };
        let parts = crossing.values.iter().map(part).collect::<Result<_, EngineError>>()?;
        Ok(Placed { after: crossing.after, until: crossing.until, parts })
    };
    crossings.iter().map(one).collect()
}

/// The parts of a step of so many dispatches, each of which is submitted as a whole.
pub(super) fn segments(crossings: &[Placed], dispatches: usize) -> Vec<Range<usize>> {
    let ends = crossings.iter().flat_map(|crossing| [crossing.after, crossing.until]);
    let ends: BTreeSet<usize> = ends.chain([dispatches]).collect();
    let mut begin = 0;
    let segment = |end| std::mem::replace(&mut begin, end)..end;
    ends.into_iter().map(segment).collect()
}

impl Placed {
    /// Whether it begins behind so many dispatches.
    pub fn begins(&self, after: usize) -> bool {
        self.after == after
    }

    /// Copies what crosses to a buffer of `staging`.
    pub fn copied(
        &self,
        gpu: &Gpu,
        buffers: &Buffers,
        staging: &Staging,
        encoder: &mut wgpu::CommandEncoder,
    ) -> wgpu::Buffer {
        let len: usize = self.parts.iter().map(|part| part.len).sum();
        let target = staging.take(gpu, 4 * len as u64);
        let mut end = 0;
        for part in &self.parts {
            let (buffer, start) = buffers.at(part.from);
            let bytes = 4 * part.len as u64;
            encoder.copy_buffer_to_buffer(buffer, 4 * start as u64, &target, end, bytes);
            end += bytes;
        }
        target
    }

    /// Writes what has come back, before whatever is submitted next.
    fn write(&self, gpu: &Gpu, buffers: &Buffers, sums: &[f32]) {
        let mut rest = sums;
        for part in &self.parts {
            let (own, others) = rest.split_at(part.len);
            rest = others;
            let (buffer, start) = buffers.at(part.to);
            gpu.queue.write_buffer(buffer, 4 * start as u64, bytemuck::cast_slice(own));
        }
    }
}

/// What is on its way.
enum Way {
    /// To the host.
    Down(Arriving),
    /// Among the ranks.
    Across(Posted<Vec<f32>>),
}

/// All that is on its way, in order.
pub(super) struct Underway<'a> {
    ranks: &'a Ranks,
    staging: &'a Staging,
    all: VecDeque<(&'a Placed, Way)>,
}

impl<'a> Underway<'a> {
    pub fn new(ranks: &'a Ranks, staging: &'a Staging) -> Self {
        Self { ranks, staging, all: VecDeque::new() }
    }

    /// Takes up what a submission copies.
    pub fn begin(&mut self, crossing: &'a Placed, arriving: Arriving) {
        self.all.push_back((crossing, Way::Down(arriving)));
    }

    /// Hands the ranks what comes down before that which begins behind so many dispatches.
    pub fn hand_on(&mut self, after: usize) -> Result<(), EngineError> {
        let before = self.all.iter().position(|(crossing, _)| crossing.begins(after));
        self.hand(before.unwrap_or(self.all.len()))
    }

    /// Hands the ranks the first so many, in order.
    fn hand(&mut self, count: usize) -> Result<(), EngineError> {
        for (crossing, way) in std::mem::take(&mut self.all) {
            let way = match way {
                Way::Down(arriving) if self.all.len() < count => {
                    let bytes = arriving.bytes(self.staging)?;
                    Way::Across(self.ranks.add(numbers(&bytes)))
                }
                way => way,
            };
            self.all.push_back((crossing, way));
        }
        Ok(())
    }

    /// Waits for all that a dispatch reads, and writes it.
    pub fn arrive(
        &mut self,
        dispatch: usize,
        gpu: &Gpu,
        buffers: &Buffers,
    ) -> Result<(), EngineError> {
        let due = |(crossing, _): &(&Placed, Way)| crossing.until <= dispatch;
        let Some(last) = self.all.iter().rposition(due) else { return Ok(()) };
        // All ranks are asked in one order.
        self.hand(last + 1)?;
        for (crossing, way) in std::mem::take(&mut self.all) {
            match way {
                Way::Across(posted) if crossing.until <= dispatch => {
                    crossing.write(gpu, buffers, &posted.wait()?);
                }
                way => self.all.push_back((crossing, way)),
            }
        }
        Ok(())
    }

    /// Whether anything is on its way.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_cut_where_values_cross_and_where_their_sums_are_read() {
        let placed = |after, until| Placed { after, until, parts: Vec::new() };
        let ends = |crossings: &[Placed], dispatches| {
            let segments = segments(crossings, dispatches).into_iter();
            segments.map(|segment| [segment.start, segment.end]).collect::<Vec<_>>()
        };
        assert_eq!(ends(&[], 5), [[0, 5]]);
        let crossings = [placed(2, 7), placed(4, 6), placed(6, 9)];
        assert_eq!(ends(&crossings, 9), [[0, 2], [2, 4], [4, 6], [6, 7], [7, 9]]);
        // What nobody reads is whole behind all.
        assert_eq!(ends(&[placed(9, 9)], 9), [[0, 9]]);
    }
}
