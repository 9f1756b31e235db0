//! What threads of a subgroup tell each other.

use std::rc::Rc;

use naga::{CollectiveOperation, Expression, GatherMode, Handle, SubgroupOperation};

use super::Fault;
use super::layout::Kind;
use super::scalar::{self, OfTwo};
use super::value::{Lanes, Value};
use super::workgroup::{Frame, Workgroup};

impl<'a> Workgroup<'a, '_> {
    /// Each thread has another's value. That one has to be there.
    pub fn gather(
        &mut self,
        frame: &mut Frame<'a>,
        mode: GatherMode,
        argument: Handle<Expression>,
        mask: &[bool],
    ) -> Result<Value, Fault> {
        let size = self.subgroup_size()?;
        let by = match mode {
            GatherMode::BroadcastFirst => None,
            GatherMode::Broadcast(by)
            | GatherMode::Shuffle(by)
            | GatherMode::ShuffleDown(by)
            | GatherMode::ShuffleUp(by)
            | GatherMode::ShuffleXor(by) => Some(self.value(frame, by, mask)?.single()?.clone()),
            other => return Err(format!("{other:?} is not interpreted")),
        };
        let by = by.unwrap_or_else(|| self.lanes(|_| 0));
        let value = self.value(frame, argument, mask)?;
        let mut from: Vec<usize> = (0..mask.len()).collect();
        for (t, _) in mask.iter().enumerate().filter(|(_, on)| **on) {
            let (first, lane, by) = (t / size * size, t % size, by[t] as usize);
            let other = match mode {
                GatherMode::BroadcastFirst => {
                    mask[first..].iter().position(|on| *on).unwrap_or(lane)
                }
                GatherMode::Broadcast(_) | GatherMode::Shuffle(_) => by,
                GatherMode::ShuffleDown(_) => lane + by,
                GatherMode::ShuffleUp(_) => lane.wrapping_sub(by),
                _ => lane ^ by,
            };
            from[t] = first + other;
            if other >= size || !mask.get(from[t]).is_some_and(|on| *on) {
                return Err(format!("thread {lane} of a subgroup of {size} asks number {other}"));
            }
        }
        let moved = |lanes: &Lanes| from.iter().map(|&t| lanes[t]).collect();
        Ok(Value::Plain(value.plain()?.iter().map(moved).collect()))
    }

    /// All threads of a subgroup together, or those up to each.
    pub fn collect(
        &mut self,
        frame: &mut Frame<'a>,
        op: SubgroupOperation,
        how: CollectiveOperation,
        argument: Handle<Expression>,
        mask: &[bool],
    ) -> Result<Value, Fault> {
        let size = self.subgroup_size()?;
        let inner = self.inner(frame, argument);
        let kind = self.cells(inner)?.first().ok_or("a sum of nothing")?.kind;
        let f = joining(op, kind)?;
        let value = self.value(frame, argument, mask)?;
        let mut out = Vec::new();
        for lanes in value.plain()? {
            let mut result = lanes.to_vec();
            for first in (0..mask.len()).step_by(size) {
                let threads = first..(first + size).min(mask.len());
                let active: Vec<usize> = threads.filter(|&t| mask[t]).collect();
                for (at, &t) in active.iter().enumerate() {
                    let parts = match how {
                        CollectiveOperation::Reduce => &active[..],
                        CollectiveOperation::InclusiveScan => &active[..=at],
                        CollectiveOperation::ExclusiveScan => &active[..at],
                    };
                    let parts = parts.iter().map(|&t| lanes[t]);
                    result[t] = parts.reduce(&f).ok_or("an exclusive scan is not interpreted")?;
                }
            }
            out.push(Rc::from(result));
        }
        Ok(Value::Plain(out))
    }
}

fn joining(op: SubgroupOperation, kind: Kind) -> Result<OfTwo, Fault> {
    use naga::{BinaryOperator as Op, MathFunction as Fun};
    let binary = |op| scalar::binary(op, kind);
    let math = |fun| {
        let f = scalar::math(fun, kind)?;
        Ok(Box::new(move |a, b| f([a, b, 0])) as OfTwo)
    };
    match op {
        SubgroupOperation::All => binary(Op::LogicalAnd),
        SubgroupOperation::Any => binary(Op::LogicalOr),
        SubgroupOperation::Add => binary(Op::Add),
        SubgroupOperation::Mul => binary(Op::Multiply),
        SubgroupOperation::Min => math(Fun::Min),
        SubgroupOperation::Max => math(Fun::Max),
        SubgroupOperation::And => binary(Op::And),
        SubgroupOperation::Or => binary(Op::InclusiveOr),
        SubgroupOperation::Xor => binary(Op::ExclusiveOr),
    }
}
