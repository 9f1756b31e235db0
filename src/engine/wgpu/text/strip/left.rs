//! The left operand into workgroup memory, once for all places of the kernel.

use crate::engine::wgpu::cut::{Contraction, Sight, Strip, StripBlocking};
use crate::engine::wgpu::kernel::Moment;

use super::super::ahead::Ahead;
use super::super::groups;
use super::super::writer::Writer;
use super::fours::{Fours, Turns};
use super::stage::put;

/// The left operand: units of four or eight neighbouring channels of a pixel.
pub(in crate::engine::wgpu::text) struct Left {
    strip: Strip,
    threads: usize,
    operand: Fours,
    ahead: Ahead,
    /// Channels of a chunk that there are; the others are zero.
    pub filled: usize,
    /// Units of a chunk.
    units: usize,
    sights: [Sight; 2],
    /// Whether a value is stored on the way.
    stores: bool,
    /// The condition that a workgroup has the first channels of its group.
    first: String,
}

impl Left {
    pub fn new(writer: &Writer, it: &Contraction, strip: &Strip) -> Self {
        let StripBlocking { images, rows, columns, chunk, .. } = strip.blocking;
        let filled = chunk.min(it.inner.next_multiple_of(4));
        let fours = if it.inner.is_multiple_of(8) && filled.is_multiple_of(8) { 2 } else { 1 };
        let sights = [0, 1].map(|axis| Sight::of(it, axis));
        let pixels = sights[0].staged(rows) * sights[1].staged(columns) * images;
        let (node, channels) = (it.operands[0], (it.inner, "INNER"));
        let ragged = !it.inner.is_multiple_of(filled);
        let names = ["left", "Left"];
        let grouped = it.groups > 1;
        let operand =
            Fours { node, names, channels, count: fours, ragged, width: it.a_width, grouped };
        Self {
            strip: *strip,
            threads: writer.cut.threads(),
            ahead: operand.ahead(writer),
            operand,
            filled,
            units: pixels * filled / (4 * fours),
            sights,
            stores: writer.kernel.stores.iter().any(|store| store.at == Moment::Prologue),
            first: groups::is_first(it),
        }
    }

    /// The functions that fetch and make a unit of the left operand.
    pub fn functions(&self, writer: &mut Writer) -> String {
        let made = self.operand.functions(writer, &self.ahead, self.stores);
        made + &put(&self.strip, "left", "tile_a", self.strip.left().len)
    }

    /// Statements that find where each unit of a thread comes from, and where it goes.
    pub fn places(&self) -> String {
        (0..self.turns()).map(|turn| self.place(turn)).collect()
    }

    fn turns(&self) -> usize {
        self.units.div_ceil(self.threads)
    }

    fn place(&self, turn: usize) -> String {
        let StripBlocking { images, columns, rows, .. } = self.strip.blocking;
        let Self {
            operand, filled, units, sights: [down, across], stores, first: is_first, ..
        } = self;
        let fours = operand.count;
        let each = filled / (4 * fours);
        let width = across.staged(columns);
        let [_, planes, plane] = self.strip.staged;
        let first = turn * self.threads;
        let stride = self.strip.left().stride;
        let seen = |sight: &Sight, first: &str, staged: &str| {
            let sign = if sight.origin < 0 { '-' } else { '+' };
            let text = format!("({first} * {}u + {staged}) * {}u", sight.stride, sight.step);
            format!("{text} {sign} {}u", sight.origin.unsigned_abs())
        };
        let y = seen(down, "first_row", &format!("row_a{turn}"));
        let x = seen(across, "first_column", &format!("column_a{turn}"));
        let position = if planes == 1 {
            format!("column_a{turn}")
        } else {
            format!("column_a{turn} % {planes}u * {plane}u + column_a{turn} / {planes}u")
        };
        let row = planes * plane;
        let mut out = format!(
            "let unit_a{turn} = thread + {first}u;
let pixel_a{turn} = unit_a{turn} / {each}u;
let row_a{turn} = pixel_a{turn} / {}u;
let column_a{turn} = pixel_a{turn} / {images}u % {width}u;
let n_a{turn} = first_image + pixel_a{turn} % {images}u;
let y_a{turn} = {y};
let x_a{turn} = {x};
let some_a{turn} = unit_a{turn} < {units}u;
let in_a{turn} = some_a{turn} && n_a{turn} < IMAGES && y_a{turn} < SOURCE_ROWS && x_a{turn} < SOURCE_COLUMNS;
let from_a{turn} = select(vec3<u32>(0u), vec3<u32>(n_a{turn}, y_a{turn}, x_a{turn}), in_a{turn});
let channel_a{turn} = unit_a{turn} % {each}u * {}u;
let at_a{turn} = ((row_a{turn} * {row}u + {position}) * {images}u + pixel_a{turn} % {images}u) * {stride}u + channel_a{turn} / 4u;
",
            images * width,
            4 * fours,
        );
        if *stores {
            out += &format!(
                "let own_a{turn} = in_a{turn} && {is_first} && y_a{turn} - first_row < {rows}u && x_a{turn} - first_column < {columns}u;\n"
            );
        }
        out
    }

    fn staging(&self) -> Turns<'_> {
        Turns { operand: &self.operand, ahead: &self.ahead, letter: 'a', count: self.turns() }
    }

    /// Declares what is asked for.
    pub fn declared(&self) -> String {
        self.staging().declared()
    }

    /// Asks for the left operand's channels from `k` on.
    pub fn fetch(&self, declare: bool, k: &str) -> String {
        self.staging().fetch(declare, k)
    }

    /// Makes the left operand's channels from `k` on.
    pub fn put(&self) -> String {
        self.staging().put("k", self.stores)
    }
}
