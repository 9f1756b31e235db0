//! Panels as SVG.

use std::fmt::Write;

use super::axis::Fitted;
use super::legend::{self, Entry, SAMPLE};
use super::{Mark, Panel, Side, Size, Stroke};
use crate::chart::quantiles::Five;

const LEFT: f64 = 64.0;
const TOP: f64 = 34.0;
/// For the numbers of the horizontal axis and its label.
const BOTTOM: f64 = 50.0;
const RIGHT: f64 = 20.0;
/// The same beside a second vertical axis.
const RIGHT_AXIS: f64 = 64.0;

/// Colours that people with any colour vision tell apart (Okabe and Ito).
const COLOURS: [&str; 7] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555"];
const FRAME: &str = "fill=\"none\" stroke=\"#333\"";
const GRID: &str = "stroke=\"#e4e4e4\"";
const LEVEL: &str = "stroke=\"#555\" stroke-dasharray=\"2 3\"";
const BOX: &str = "fill=\"#cfdef3\" stroke=\"#0072b2\"";
const MEDIAN: &str = "stroke=\"#d55e00\" stroke-width=\"2\"";

/// Draws panels side by side.
pub fn svg(panels: &[Panel], size: Size) -> String {
    let two_axes = panels.iter().any(|panel| panel.right.is_some());
    let width = LEFT + size.width + if two_axes { RIGHT_AXIS } else { RIGHT };
    let legends: Vec<Vec<Entry>> =
        panels.iter().map(|panel| legend::entries(panel, size)).collect();
    let below = legends.iter().map(|entries| legend::height(entries)).fold(0.0, f64::max);
    let (total, height) = (width * panels.len().max(1) as f64, TOP + size.height + BOTTOM + below);
    // Writing to a String cannot fail, here and below.
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {total:.0} {height:.0}\" \
         width=\"{total:.0}\" height=\"{height:.0}\" font-family=\"Helvetica,Arial,sans-serif\" \
         font-size=\"12\" fill=\"#1b1b1b\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (at, (panel, legend)) in panels.iter().zip(&legends).enumerate() {
        let left = at as f64 * width + LEFT;
        let _ = writeln!(text, "<g transform=\"translate({left:.0},{TOP:.0})\">");
        Drawn::new(panel, size, &mut text).draw(panel, legend);
        text.push_str("</g>\n");
    }
    text + "</svg>\n"
}

struct Drawn<'a> {
    size: Size,
    x: Fitted,
    y: Fitted,
    right: Option<Fitted>,
    text: &'a mut String,
}

impl<'a> Drawn<'a> {
    fn new(panel: &Panel, size: Size, text: &'a mut String) -> Self {
        let of = |side| {
            let marks = panel.marks.iter().filter(move |mark| mark.side() == side);
            marks.flat_map(Mark::points).collect::<Vec<[f64; 2]>>()
        };
        let (left, right) = (of(Side::Left), of(Side::Right));
        let x = Fitted::new(&panel.x, left.iter().chain(&right).map(|p| p[0]));
        let y = Fitted::new(&panel.y, left.iter().map(|p| p[1]));
        let right = panel.right.as_ref().map(|axis| Fitted::new(axis, right.iter().map(|p| p[1])));
        Self { size, x, y, right, text }
    }

    fn at(&self, side: Side, [x, y]: [f64; 2]) -> [f64; 2] {
        let axis = match (side, &self.right) {
            (Side::Right, Some(right)) => right,
            (Side::Right, None) | (Side::Left, _) => &self.y,
        };
        [self.x.place(x) * self.size.width, (1.0 - axis.place(y)) * self.size.height]
    }

    fn write(&mut self, [x, y]: [f64; 2], attributes: &str, words: &str) {
        let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = writeln!(self.text, "<text x=\"{x:.1}\" y=\"{y:.1}\" {attributes}>{words}</text>");
    }

    fn line(&mut self, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2], look: &str) {
        let _ = writeln!(
            self.text,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" {look}/>"
        );
    }

    fn draw(mut self, panel: &Panel, legend: &[Entry]) {
        self.axes(panel);
        for mark in &panel.marks {
            self.mark(panel, mark);
        }
        let Size { width, height } = self.size;
        let _ = writeln!(self.text, "<rect width=\"{width}\" height=\"{height}\" {FRAME}/>");
        for entry in legend {
            self.entry(entry);
        }
    }

    fn axes(&mut self, panel: &Panel) {
        let Size { width, height } = self.size;
        let middle = "text-anchor=\"middle\"";
        for (value, words) in self.x.ticks() {
            let x = self.x.place(value) * width;
            self.line([x, 0.0], [x, height], GRID);
            self.write([x, height + 17.0], middle, &words);
        }
        for (value, words) in self.y.ticks() {
            let y = (1.0 - self.y.place(value)) * height;
            self.line([0.0, y], [width, y], GRID);
            self.write([-7.0, y + 4.0], "text-anchor=\"end\"", &words);
        }
        // A second grid would only confuse.
        let right = self.right.as_ref();
        let ticks = right.map_or(Vec::new(), |axis| {
            let place = |(value, words)| ((1.0 - axis.place(value)) * height, words);
            axis.ticks().into_iter().map(place).collect()
        });
        for (y, words) in ticks {
            self.line([width, y], [width + 5.0, y], FRAME);
            self.write([width + 8.0, y + 4.0], "", &words);
        }
        self.write([width / 2.0, height + 38.0], middle, &panel.x.label);
        let turned = format!("{middle} transform=\"rotate(-90)\"");
        self.write([-height / 2.0, -46.0], &turned, &panel.y.label);
        if let Some(right) = &panel.right {
            self.write([-height / 2.0, width + 50.0], &turned, &right.label);
        }
        let title = format!("{middle} font-weight=\"bold\" font-size=\"13\"");
        self.write([width / 2.0, -12.0], &title, &panel.title);
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
                    let part: Vec<[f64; 2]> = part.iter().map(|&p| self.at(*side, p)).collect();
                    self.curve(&part, *stroke);
                }
            }
            Mark::Dots { points, colour, label: _ } => {
                for &point in points.iter().filter(|p| !has_no_place(p)) {
                    let at = self.at(Side::Left, point);
                    self.dot(at, *colour);
                }
            }
            Mark::Box { x, width, five } => self.boxed(*x, *width, five),
            Mark::Level { y, label: _ } => {
                let [_, at] = self.at(Side::Left, [0.0, *y]);
                self.line([0.0, at], [self.size.width, at], LEVEL);
            }
        }
    }

    /// A line through places; a dot where there is one only.
    fn curve(&mut self, places: &[[f64; 2]], stroke: Stroke) {
        match places {
            [] => {}
            [one] => self.dot(*one, stroke.colour),
            places => {
                let points: Vec<String> =
                    places.iter().map(|[x, y]| format!("{x:.1},{y:.1}")).collect();
                let (colour, points) = (COLOURS[stroke.colour % COLOURS.len()], points.join(" "));
                let look = match stroke.dashed {
                    true => "stroke-width=\"1.1\" stroke-dasharray=\"5 3\"",
                    false => "stroke-width=\"1.7\"",
                };
                let _ = writeln!(
                    self.text,
                    "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" {look}/>"
                );
            }
        }
    }

    fn dot(&mut self, [x, y]: [f64; 2], colour: usize) {
        let colour = COLOURS[colour % COLOURS.len()];
        let _ = writeln!(
            self.text,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.6\" fill=\"{colour}\"/>"
        );
    }

    fn boxed(&mut self, x: f64, width: f64, five: &Five) {
        let place = |drawn: &Self, x, y| drawn.at(Side::Left, [x, y]);
        let [left, q3] = place(self, x - width / 2.0, five.q3);
        let [right, q1] = place(self, x + width / 2.0, five.q1);
        let (left, right) = (left.min(right), left.max(right));
        let middle = (left + right) / 2.0;
        for (quartile, end) in [(five.q1, five.min), (five.q3, five.max)] {
            let (from, to) = (place(self, x, quartile)[1], place(self, x, end)[1]);
            self.line([middle, from], [middle, to], FRAME);
            self.line([middle - 4.0, to], [middle + 4.0, to], FRAME);
        }
        let _ = writeln!(
            self.text,
            "<rect x=\"{left:.1}\" y=\"{q3:.1}\" width=\"{:.1}\" height=\"{:.1}\" {BOX}/>",
            right - left,
            (q1 - q3).max(0.5)
        );
        let median = place(self, x, five.median)[1];
        self.line([left, median], [right, median], MEDIAN);
    }

    fn entry(&mut self, entry: &Entry) {
        let [x, y] = [entry.at[0], self.size.height + BOTTOM + entry.at[1]];
        let ends = [[x, y], [x + SAMPLE - 7.0, y]];
        match entry.mark {
            Mark::Line { stroke, .. } => self.curve(&ends, *stroke),
            Mark::Dots { colour, .. } => self.dot([x + (SAMPLE - 7.0) / 2.0, y], *colour),
            Mark::Level { .. } => self.line(ends[0], ends[1], LEVEL),
            Mark::Box { .. } => {}
        }
        self.write([x + SAMPLE, y + 4.0], "", &entry.label);
    }
}
