//! The gradient of a strip's pixels into workgroup memory, run by run: zero where a run has no pixel.

use crate::engine::wgpu::cut::{Contraction, StripBlocking, Weights};

use super::super::ahead::Ahead;
use super::super::strip::fours::Fours;
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
        let (node, channels) = (it.operands[1], (it.channels, "COLS"));
        let ragged = !it.channels.is_multiple_of(outputs);
        let operand = Fours { node, names: ["gradient", "Gradient"], channels, count, ragged };
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

    /// Declares what is asked for.
    pub fn declared(&self) -> String {
        if self.ahead.is_empty() {
            return String::new();
        }
        let one = |turn| format!("var ahead_b{turn}: {};\n", self.ahead.type_name());
        (0..self.turns()).map(one).collect()
    }

    /// Asks for it.
    pub fn fetch(&self, declare: bool) -> String {
        if self.ahead.is_empty() {
            return String::new();
        }
        let word = if declare { "let " } else { "" };
        let one = |turn| {
            let from = ["x", "y", "z"].map(|axis| format!("from_b{turn}.{axis}")).join(", ");
            format!("{word}ahead_b{turn} = fetch_gradient({from}, first_col + channel_b{turn});\n")
        };
        (0..self.turns()).map(one).collect()
    }

    /// Makes it.
    pub fn put(&self) -> String {
        let asked = |turn: usize| {
            if self.ahead.is_empty() { String::new() } else { format!(", ahead_b{turn}") }
        };
        let one = |turn: usize| {
            let from = ["x", "y", "z"].map(|axis| format!("from_b{turn}.{axis}")).join(", ");
            let put = |four| {
                format!(
                    "    put_gradient(at_b{turn} + {four}u, select(vec4<f32>(0.0), made.v{four}, in_b{turn}));\n"
                )
            };
            format!(
                "if (some_b{turn}) {{\n    let made = gradient({from}, first_col + channel_b{turn}{});\n{}}}\n",
                asked(turn),
                (0..self.operand.count).map(put).collect::<String>()
            )
        };
        (0..self.turns()).map(one).collect()
    }
}
