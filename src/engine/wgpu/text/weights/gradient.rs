//! The gradient of a strip's pixels into workgroup memory, run by run: zero where a run has no pixel.

use crate::engine::wgpu::cut::{Contraction, StripBlocking, Weights};

use super::super::ahead::Ahead;
use super::super::strip::fours::{Fours, Turns};
use super::super::strip::stage::put;
use super::super::writer::Writer;

pub(super) struct Gradient {
    cut: Weights,
    operand: Fours,
    ahead: Ahead,
    /// Units of a pixel.
    each: usize,
}

impl Gradient {
    pub fn new(writer: &Writer, it: &Contraction, cut: &Weights) -> Self {
        let outputs = cut.blocking.outputs;
        let eights = it.channels.is_multiple_of(8) && outputs.is_multiple_of(8);
        let count = if eights { 2 } else { 1 };
        let (node, channels) = (it.operands[1], (it.all_channels(), "COLS"));
        let ragged = !it.channels.is_multiple_of(outputs);
        let (width, grouped) = (if it.channels.is_multiple_of(4) { 4 } else { 1 }, false);
        let operand = Fours {
            node,
            names: ["gradient", "Gradient"],
            channels,
            count,
            ragged,
            width,
            grouped,
        };
        let ahead = operand.ahead(writer);
        Self { cut: *cut, operand, ahead, each: outputs / (4 * count) }
    }

    /// The functions that fetch and make a unit.
    pub fn functions(&self, writer: &mut Writer) -> String {
        let made = self.operand.functions(writer, &self.ahead, false);
        made + &put(&self.cut.strip, "gradient", "tile_b", self.cut.right().len)
    }

    /// Turns of the threads.
    fn turns(&self) -> usize {
        self.units().div_ceil(self.cut.threads())
    }

    fn units(&self) -> usize {
        self.cut.pixels() * self.each
    }

    /// Statements that find where each unit of a thread comes from, and where it goes.
    pub fn places(&self) -> String {
        (0..self.turns()).map(|turn| self.place(turn)).collect()
    }

    fn place(&self, turn: usize) -> String {
        let StripBlocking { images, columns, .. } = self.cut.strip.blocking;
        let (first, units, each) = (turn * self.cut.threads(), self.units(), self.each);
        let row = self.cut.strip.runs() * self.cut.strip.run;
        format!(
            "let unit_b{turn} = thread + {first}u;
let pixel_b{turn} = unit_b{turn} / {each}u;
let place_b{turn} = pixel_b{turn} % {row}u;
let n_b{turn} = first_image + place_b{turn} % {images}u;
let y_b{turn} = first_row + pixel_b{turn} / {row}u;
let x_b{turn} = first_column + place_b{turn} / {images}u;
let some_b{turn} = unit_b{turn} < {units}u;
let in_b{turn} = some_b{turn} && place_b{turn} < {}u && n_b{turn} < IMAGES && y_b{turn} < ROWS && x_b{turn} < COLUMNS;
let from_b{turn} = select(vec3<u32>(0u), vec3<u32>(n_b{turn}, y_b{turn}, x_b{turn}), in_b{turn});
let channel_b{turn} = unit_b{turn} % {each}u * {}u;
let at_b{turn} = pixel_b{turn} * {}u + channel_b{turn} / 4u;
",
            columns * images,
            4 * self.operand.count,
            self.cut.right().stride
        )
    }

    fn staging(&self) -> Turns<'_> {
        Turns { operand: &self.operand, ahead: &self.ahead, letter: 'b', count: self.turns() }
    }

    /// Declares what is asked for.
    pub fn declared(&self) -> String {
        self.staging().declared()
    }

    /// Asks for it.
    pub fn fetch(&self, declare: bool) -> String {
        self.staging().fetch(declare, "first_col")
    }

    /// Makes it.
    pub fn put(&self) -> String {
        self.staging().put("first_col", false)
    }
}
