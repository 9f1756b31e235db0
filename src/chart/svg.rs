//! Panels as a picture.

use super::axis::Fitted;
use super::legend::{self, Entry, SAMPLE};
use super::{Dash, Mark, Panel, Side, Size, Stroke};
use crate::chart::quantiles::Five;
use crate::picture::{self, Anchor, At, Face, Paint, Picture, Shape, Text, Theme};

/// Size of the font.
pub const FONT: f64 = 12.0;
const TITLE_FONT: f64 = 13.0;
const TOP: f64 = 34.0;
/// For the numbers of the horizontal axis and its label.
const BOTTOM: f64 = 50.0;
const RIGHT: f64 = 20.0;
/// Length of the marks at an axis's numbers.
const TICK: f64 = 4.0;
/// From the frame to a vertical axis's numbers.
const GAP: f64 = 8.0;
/// From those numbers to the axis's label, and its height.
const LABEL: f64 = 26.0;
/// Between the frame and what is drawn in it, so that ends of lines and dots lie inside.
pub const INSET: f64 = 6.0;
/// Least room between two numbers of an axis.
const BETWEEN: f64 = 6.0;

/// Draws panels side by side as SVG, dark where the reader's screen is.
pub fn svg(panels: &[Panel], size: Size) -> String {
    picture::svg::svg(&picture(panels, size), Theme::Auto)
}

/// Draws panels side by side.
pub fn picture(panels: &[Panel], size: Size) -> Picture {
    let fitted: Vec<Drawn> = panels.iter().map(|panel| Drawn::new(panel, size)).collect();
    let left = fitted.iter().map(Drawn::left).fold(0.0, f64::max);
    let width = left + size.width + fitted.iter().map(Drawn::right).fold(RIGHT, f64::max);
    let legends: Vec<Vec<Entry>> =
        panels.iter().map(|panel| legend::entries(panel, size)).collect();
    let below = legends.iter().map(|entries| legend::height(entries)).fold(0.0, f64::max);
    let height = TOP + size.height + BOTTOM + below;
    let mut shapes = Vec::new();
    for (at, ((panel, legend), mut drawn)) in panels.iter().zip(&legends).zip(fitted).enumerate() {
        drawn.draw(panel, legend);
        let to = [at as f64 * width + left, TOP];
        shapes.extend(drawn.shapes.into_iter().map(|shape| shape.moved(to)));
    }
    let titles: Vec<&str> = panels.iter().map(|panel| panel.title.as_str()).collect();
    let title = titles.iter().find(|title| !title.is_empty()).copied().unwrap_or("figure");
    Picture { size: [width * panels.len().max(1) as f64, height], title: title.to_owned(), shapes }
}

/// A text, shortened where it is longer than there is room.
pub fn fitting(words: &str, face: Face, size: f64, room: f64) -> String {
    if face.width(size, words) <= room {
        return words.to_owned();
    }
    let mut kept = String::new();
    let mut width = face.width(size, "…");
    for (c, _, letter) in face.glyphs(words) {
        width += letter * size;
        if width > room {
            break;
        }
        kept.push(c);
    }
    kept + "…"
}

struct Drawn {
    size: Size,
    x: Fitted,
    y: Fitted,
    right: Option<Fitted>,
    shapes: Vec<Shape>,
}

impl Drawn {
    fn new(panel: &Panel, size: Size) -> Self {
        let of = |side| {
            let marks = panel.marks.iter().filter(move |mark| mark.side() == side);
            marks.flat_map(Mark::points).collect::<Vec<[f64; 2]>>()
        };
        let (left, right) = (of(Side::Left), of(Side::Right));
        let x = Fitted::new(&panel.x, left.iter().chain(&right).map(|p| p[0]));
        let y = Fitted::new(&panel.y, left.iter().map(|p| p[1]));
        let right = panel.right.as_ref().map(|axis| Fitted::new(axis, right.iter().map(|p| p[1])));
        Self { size, x, y, right, shapes: Vec::new() }
    }

    /// Room left of the frame.
    fn left(&self) -> f64 {
        GAP + widest(&self.y) + LABEL
    }

    /// Room right of the frame.
    fn right(&self) -> f64 {
        self.right.as_ref().map_or(RIGHT, |axis| GAP + widest(axis) + LABEL)
    }

    fn across(&self, value: f64) -> f64 {
        INSET + self.x.place(value) * (self.size.width - 2.0 * INSET)
    }

    fn down(&self, axis: &Fitted, value: f64) -> f64 {
        INSET + (1.0 - axis.place(value)) * (self.size.height - 2.0 * INSET)
    }

    fn at(&self, side: Side, [x, y]: [f64; 2]) -> At {
        let axis = match (side, &self.right) {
            (Side::Right, Some(right)) => right,
            (Side::Right, None) | (Side::Left, _) => &self.y,
        };
        [self.across(x), self.down(axis, y)]
    }

    fn write(&mut self, at: At, anchor: Anchor, words: String) {
        self.shapes.push(Shape::Text(text(at, anchor, words)));
    }

    fn line(&mut self, from: At, to: At, stroke: picture::Stroke) {
        self.shapes.push(Shape::Line { points: vec![from, to], stroke, bend: 0.0, tip: false });
    }

    fn draw(&mut self, panel: &Panel, legend: &[Entry]) {
        self.axes(panel);
        for mark in &panel.marks {
            self.mark(panel, mark);
        }
        let Size { width, height } = self.size;
        self.shapes.push(Shape::Rect {
            at: [0.0; 2],
            size: [width, height],
            round: 0.0,
            fill: None,
            stroke: Some(frame()),
        });
        for entry in legend {
            self.entry(entry);
        }
    }

    fn axes(&mut self, panel: &Panel) {
        let Size { width, height } = self.size;
        let grid = picture::Stroke::new(Paint::Grid, 1.0);
        // Of numbers that would lie on each other, the first stands.
        let mut end = f64::NEG_INFINITY;
        for (value, words) in self.x.ticks() {
            let x = self.across(value);
            self.line([x, 0.0], [x, height], grid);
            self.line([x, height], [x, height + TICK], frame());
            let half = Face::Regular.width(FONT, &words) / 2.0;
            if x - half >= end + BETWEEN {
                end = x + half;
                self.write([x, height + 17.0], Anchor::Middle, words);
            }
        }
        for value in self.x.between() {
            let x = self.across(value);
            self.line([x, height], [x, height + TICK / 2.0], frame());
        }
        for (value, words) in self.y.ticks() {
            let y = self.down(&self.y, value);
            self.line([0.0, y], [width, y], grid);
            self.line([-TICK, y], [0.0, y], frame());
            self.write([-GAP, y + 4.0], Anchor::End, words);
        }
        // A second grid would only confuse.
        let ticks = self.right.as_ref().map_or(Vec::new(), |axis| {
            let place = |(value, words)| (self.down(axis, value), words);
            axis.ticks().into_iter().map(place).collect()
        });
        for (y, words) in ticks {
            self.line([width, y], [width + TICK, y], frame());
            self.write([width + GAP, y + 4.0], Anchor::Start, words);
        }
        let label = |words: &str, room| fitting(words, Face::Regular, FONT, room);
        self.write([width / 2.0, height + 38.0], Anchor::Middle, label(&panel.x.label, width));
        let (left, right) = (-self.left() + 14.0, width + self.right() - 6.0);
        let sides = [(left, Some(&panel.y)), (right, panel.right.as_ref())];
        for (x, axis) in sides {
            let Some(axis) = axis else { continue };
            let words = label(&axis.label, height);
            let text = Text { turn: -90.0, ..text([x, height / 2.0], Anchor::Middle, words) };
            self.shapes.push(Shape::Text(text));
        }
        let words = fitting(&panel.title, Face::Bold, TITLE_FONT, width);
        let title = text([width / 2.0, -12.0], Anchor::Middle, words);
        let title = Text { face: Face::Bold, size: TITLE_FONT, ..title };
        self.shapes.push(Shape::Text(title));
    }

    fn mark(&mut self, panel: &Panel, mark: &Mark) {
        let y = match (mark.side(), &panel.right) {
            (Side::Right, Some(right)) => right,
            (Side::Right, None) | (Side::Left, _) => &panel.y,
        };
        let has_no_place = |p: &[f64; 2]| !panel.x.holds(p[0]) || !y.holds(p[1]);
        match mark {
            Mark::Line { points, stroke, side, label: _ } => {
                for part in points.split(has_no_place) {
                    let part: Vec<At> = part.iter().map(|&p| self.at(*side, p)).collect();
                    self.curve(part, *stroke);
                }
            }
            Mark::Dots { points, colour, label: _, hollow } => {
                for &point in points.iter().filter(|p| !has_no_place(p)) {
                    let at = self.at(Side::Left, point);
                    self.point(at, *colour, *hollow);
                }
            }
            Mark::Box { x, width, five, colour, label: _ } => {
                self.boxed(*x, *width, five, *colour);
            }
            Mark::Level { y, colour, label: _ } => {
                let [_, at] = self.at(Side::Left, [0.0, *y]);
                self.line([0.0, at], [self.size.width, at], level(*colour));
            }
        }
    }

    /// A line through places; a dot where there is one only.
    fn curve(&mut self, points: Vec<At>, stroke: Stroke) {
        match points.as_slice() {
            [] => {}
            [one] => self.dot(*one, stroke.colour),
            _ => {
                let paint = Paint::Series(stroke.colour);
                let stroke = match stroke.dash {
                    Dash::Dashed => dashed(paint, 1.1, [5.0, 3.0]),
                    Dash::Dotted => dashed(paint, 2.0, [2.0, 3.0]),
                    Dash::Solid => picture::Stroke::new(paint, 1.7),
                };
                self.shapes.push(Shape::Line { points, stroke, bend: 0.0, tip: false });
            }
        }
    }

    fn dot(&mut self, at: At, colour: usize) {
        self.point(at, colour, false);
    }

    /// A dot, or a ring.
    fn point(&mut self, at: At, colour: usize, hollow: bool) {
        let paint = Paint::Series(colour);
        let (radius, fill, stroke) = match hollow {
            true => (3.4, None, Some(picture::Stroke::new(paint, 1.6))),
            false => (2.6, Some(paint), None),
        };
        self.shapes.push(Shape::Circle { at, radius, fill, stroke });
    }

    fn boxed(&mut self, x: f64, width: f64, five: &Five, colour: Option<usize>) {
        let place = |drawn: &Self, x, y| drawn.at(Side::Left, [x, y]);
        let [left, q3] = place(self, x - width / 2.0, five.q3);
        let [right, q1] = place(self, x + width / 2.0, five.q1);
        let (left, right) = (left.min(right), left.max(right));
        let middle = (left + right) / 2.0;
        let cap = 4f64.min((right - left) / 2.0);
        for (quartile, end) in [(five.q1, five.min), (five.q3, five.max)] {
            let (from, to) = (place(self, x, quartile)[1], place(self, x, end)[1]);
            self.line([middle, from], [middle, to], frame());
            self.line([middle - cap, to], [middle + cap, to], frame());
        }
        let (at, size) = ([left, q3], [right - left, (q1 - q3).max(0.5)]);
        self.quartiles(at, size, colour);
        let median = place(self, x, five.median)[1];
        self.line([left, median], [right, median], median_line(colour));
    }

    fn quartiles(&mut self, at: At, size: At, colour: Option<usize>) {
        self.shapes.push(Shape::Rect {
            at,
            size,
            round: 0.0,
            fill: Some(Paint::Quartiles),
            stroke: Some(picture::Stroke::new(Paint::Series(colour.unwrap_or(0)), 1.0)),
        });
    }

    fn entry(&mut self, entry: &Entry) {
        let [x, y] = [entry.at[0], self.size.height + BOTTOM + entry.at[1]];
        let ends = [[x, y], [x + SAMPLE - 7.0, y]];
        let middle = [x + (SAMPLE - 7.0) / 2.0, y];
        match entry.mark {
            Mark::Line { stroke, .. } => self.curve(ends.to_vec(), *stroke),
            Mark::Dots { colour, hollow, .. } => self.point(middle, *colour, *hollow),
            Mark::Level { colour, .. } => self.line(ends[0], ends[1], level(*colour)),
            Mark::Box { colour, .. } => {
                self.quartiles([middle[0] - 7.0, y - 5.0], [14.0, 10.0], *colour);
                let ends = [-7.0, 7.0].map(|dx| [middle[0] + dx, y]);
                self.line(ends[0], ends[1], median_line(*colour));
            }
        }
        self.write([x + SAMPLE, y + 4.0], Anchor::Start, entry.label.clone());
    }
}

fn widest(axis: &Fitted) -> f64 {
    axis.ticks().iter().map(|(_, words)| Face::Regular.width(FONT, words)).fold(12.0, f64::max)
}

fn text(at: At, anchor: Anchor, words: String) -> Text {
    Text { at, anchor, turn: 0.0, words, face: Face::Regular, size: FONT, paint: Paint::Ink }
}

fn frame() -> picture::Stroke {
    picture::Stroke::new(Paint::Edge, 1.0)
}

fn dashed(paint: Paint, width: f64, dash: [f64; 2]) -> picture::Stroke {
    picture::Stroke { dash: Some(dash), ..picture::Stroke::new(paint, width) }
}

/// A level's line: grey, or its run's colour where there are several.
fn level(colour: Option<usize>) -> picture::Stroke {
    dashed(colour.map_or(Paint::Muted, Paint::Series), 1.0, [2.0, 3.0])
}

/// A median: in another colour than its box, except where boxes of several runs differ by theirs.
fn median_line(colour: Option<usize>) -> picture::Stroke {
    picture::Stroke::new(Paint::Series(colour.unwrap_or(1)), 2.0)
}
