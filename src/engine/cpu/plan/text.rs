//! A schedule as text: `%7` are tensors, `t3` tiles, `l2` loops; the layouts of tiles and the code
//! of loops follow at the end.

use std::fmt::{self, Display, Formatter};

use super::buffer::{Buffer, Extent};
use super::schedule::{Merge, MergeKind, Pack, Schedule, Tile, Total};
use super::step::{Accesses, Loop, LoopId, Slot, Step};
use crate::engine::cpu::operand::{Border, NumberFormat, Operand};

impl Display for Schedule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (number, phase) in self.steps.phases.iter().enumerate() {
            writeln!(f, "phase {number}")?;
            section(f, "before", phase.before.iter().map(|step| self.step(step)))?;
            section(f, "totals", phase.totals.iter().map(|total| self.total(total)))?;
            section(f, "packs", phase.packs.iter().map(|pack| self.pack(pack)))?;
            section(f, "images", phase.steps.iter().map(|step| self.step(step)))?;
            section(f, "merges", phase.merges.iter().map(|merge| self.merge(merge)))?;
        }
        writeln!(f, "last")?;
        section(f, "loops", self.steps.last.iter().flatten().map(|step| self.one_loop(step)))?;
        let copy =
            |[from, to]: &[Extent; 2]| format!("{} -> {}", self.buffer(from), self.buffer(to));
        section(f, "copies", self.steps.copies.iter().map(copy))?;
        for (number, tile) in self.tiles.iter().enumerate() {
            writeln!(f, "t{number} = {tile}")?;
        }
        for (number, spec) in self.loops.iter().enumerate() {
            write!(f, "{} = {spec}", LoopId(number))?;
        }
        Ok(())
    }
}

/// A heading with its lines, if there are any.
fn section(
    f: &mut Formatter<'_>,
    heading: &str,
    lines: impl Iterator<Item = String>,
) -> fmt::Result {
    for (number, line) in lines.enumerate() {
        if number == 0 {
            writeln!(f, "  {heading}")?;
        }
        writeln!(f, "    {line}")?;
    }
    Ok(())
}

impl Schedule {
    /// Its name and, where it is not f32, its format.
    fn buffer(&self, taken: &Extent) -> String {
        match taken.buffer {
            Buffer::Tensor(node) if self.formats[node.index()] != NumberFormat::F32 => {
                format!("{node}:{}", self.formats[node.index()])
            }
            buffer => buffer.to_string(),
        }
    }

    /// `reads -> writes`.
    fn accesses(&self, Accesses { reads, writes }: &Accesses<Extent>) -> String {
        let names = |all: &[Extent]| {
            let names: Vec<_> = all.iter().map(|taken| self.buffer(taken)).collect();
            names.join(", ")
        };
        format!("{} -> {}", names(reads), names(writes))
    }

    /// `l4(%7, t0, out t1)`, in the order of its code's slots.
    fn one_loop(&self, step: &Loop<Extent>) -> String {
        let slot = |slot: &Slot<Extent>| {
            let out = if slot.written { "out " } else { "" };
            format!("{out}{}", self.buffer(&slot.memory))
        };
        let slots: Vec<_> = step.slots.iter().map(slot).collect();
        format!("{}({})", step.code, slots.join(", "))
    }

    fn total(&self, total: &Total<Extent>) -> String {
        format!("{} -> {}", self.buffer(&total.part), self.buffer(&total.result))
    }

    fn pack(&self, pack: &Pack<Extent>) -> String {
        let (from, to) = (self.buffer(&pack.weights), self.buffer(&pack.packed));
        format!("{from} -> {to}, {} words", pack.packed.words)
    }

    fn step(&self, step: &Step<Extent>) -> String {
        match step {
            Step::ClearBorder { tile, .. } => format!("clear border {}", self.buffer(tile)),
            Step::Loop(step) => self.one_loop(step),
            Step::Convolve { .. }
            | Step::WeightGradient { .. }
            | Step::Product { .. }
            | Step::Window { .. } => {
                let name = step.cost(&self.loops).name;
                format!("{name}: {}", self.accesses(&step.accesses()))
            }
        }
    }

    fn merge(&self, merge: &Merge<Extent>) -> String {
        let (parts, result) = (self.buffer(&merge.parts), self.buffer(&merge.result));
        let how = match &merge.kind {
            MergeKind::Sum => "sum".to_owned(),
            MergeKind::Max => "max".to_owned(),
            MergeKind::Moments { count } => format!("moments of {count}"),
            MergeKind::Weights(_) => "weights".to_owned(),
        };
        format!("{how}: {parts} -> {result}")
    }
}

impl Display for Tile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Tile::Image(operand) => write!(f, "{operand}, {} words", operand.words()),
            Tile::Scratch { words } => write!(f, "{words} words"),
        }
    }
}

impl Display for LoopId {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "l{}", self.0)
    }
}

/// `32×32×16 bf16, border 1 1 1 1, slack 32`: the border above, left, below and right.
impl Display for Operand {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let layout = &self.layout;
        let [rows, columns] = layout.image;
        write!(f, "{rows}×{columns}×{} {}", layout.channels, self.format)?;
        let Border { top, left, bottom, right } = layout.border;
        if layout.border != Border::default() {
            write!(f, ", border {top} {left} {bottom} {right}")?;
        }
        match layout.slack {
            0 => Ok(()),
            slack => write!(f, ", slack {slack}"),
        }
    }
}
