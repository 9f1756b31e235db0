//! Drawings on a page: the net with all kinds of its units, or one unit.

use super::kinds::{Kind, kinds};
use super::overview::overview;
use super::parts::{self, Block};
use super::unit::unit;
use crate::network::{Network, UnitId};
use crate::picture::{Anchor, Face, Paint, Picture, Shape, Text};
use crate::text::thousands;

/// Around everything.
const MARGIN: f64 = 20.0;
/// What drawings are wrapped to.
const WIDTH: f64 = 1160.0;
/// Size of the page's title.
const TITLE: f64 = 16.0;
/// Height of the page's title.
const HEAD: f64 = 34.0;
/// Height of a unit's two lines of title.
const LINES: f64 = 46.0;
/// Between units.
const APART: [f64; 2] = [44.0, 34.0];

/// Draws a network: its stages, then each kind of unit.
pub fn picture(network: &Network) -> Picture {
    let (kinds, of) = kinds(network);
    let title = format!("{}: {} parameters", network.name, thousands(network.parameters()));
    let mut page = Page::new(&title);
    page.add(overview(network, &of, WIDTH));
    page.break_row();
    for kind in &kinds {
        let count = match kind.members.len() {
            1 => String::new(),
            n => format!(" × {}", thousands(n)),
        };
        page.add(titled(network, kind, &count));
    }
    page.finish(&title)
}

/// Draws one unit alone.
pub fn one(network: &Network, id: UnitId) -> Picture {
    let name = &network.units[id.index()].definition;
    let mut page = Page { x: 0.0, y: 0.0, tallest: 0.0, size: [0.0; 2], shapes: Vec::new() };
    page.add(titled(network, &Kind { members: vec![id] }, ""));
    page.finish(&format!("{name} of {}", network.name))
}

/// A unit below its name and shapes.
fn titled(network: &Network, kind: &Kind, count: &str) -> Block {
    let instance = &network.units[kind.first().index()];
    let [from, to] = [instance.input, instance.output].map(|v| network.value(v).shape);
    let [name, shapes] = [format!("{}{count}", instance.definition), format!("{from} → {to}")];
    let line =
        |y, face, paint, words: &str| parts::line([0.0, y], Anchor::Start, face, paint, words);
    let lines = [
        line(10.0, Face::Bold, Paint::Ink, &name),
        line(28.0, Face::Regular, Paint::Muted, &shapes),
    ];
    let drawn = unit(network, kind.first());
    let width = lines.iter().map(Text::width).fold(drawn.size[0], f64::max);
    let below = drawn.shapes.into_iter().map(|shape| shape.moved([0.0, LINES]));
    let shapes = lines.into_iter().map(Shape::Text).chain(below).collect();
    Block { size: [width, LINES + drawn.size[1]], shapes }
}

/// Blocks in rows.
struct Page {
    x: f64,
    y: f64,
    tallest: f64,
    size: [f64; 2],
    shapes: Vec<Shape>,
}

impl Page {
    fn new(title: &str) -> Self {
        let line = parts::line([0.0, 14.0], Anchor::Start, Face::Bold, Paint::Ink, title);
        let line = Text { size: TITLE, ..line };
        let size = [line.width(), HEAD];
        Self { x: 0.0, y: HEAD, tallest: 0.0, size, shapes: vec![Shape::Text(line)] }
    }

    fn add(&mut self, block: Block) {
        let [width, height] = block.size;
        if self.x > 0.0 && self.x + width > WIDTH {
            self.break_row();
        }
        let at = [self.x, self.y];
        self.shapes.extend(block.shapes.into_iter().map(|shape| shape.moved(at)));
        self.tallest = self.tallest.max(height);
        self.size = [self.size[0].max(self.x + width), self.size[1].max(self.y + height)];
        self.x += width + APART[0];
    }

    fn break_row(&mut self) {
        self.y += self.tallest + APART[1];
        (self.x, self.tallest) = (0.0, 0.0);
    }

    fn finish(self, title: &str) -> Picture {
        let size = self.size.map(|side| (side + 2.0 * MARGIN).ceil());
        let shapes = self.shapes.into_iter().map(|shape| shape.moved([MARGIN; 2])).collect();
        Picture { size, title: title.to_owned(), shapes }
    }
}
