//! Panels as SVG.

use std::fmt::Write;

use super::axis::Fitted;
use super::{Mark, Panel, Stroke};

const WIDTH: f64 = 420.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 62.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 50.0;
const RIGHT: f64 = 20.0;
const COLOURS: [&str; 6] = ["#1f4e9c", "#c0392b", "#2e7d32", "#8e5ea2", "#d98200", "#555555"];
const STYLE: &str = "text{font:12px Helvetica,Arial,sans-serif;fill:#1b1b1b}.title{font-weight:bold;\
font-size:13px}.frame{fill:none;stroke:#333}.grid{stroke:#e4e4e4}.level{stroke:#555;\
stroke-dasharray:2 3}.box{fill:#cfdef3;stroke:#1f4e9c}.median{stroke:#c0392b;stroke-width:2}";

/// Draws panels side by side.
pub fn svg(panels: &[Panel]) -> String {
    let (width, height) = (LEFT + WIDTH + RIGHT, TOP + HEIGHT + BOTTOM);
    let total = width * panels.len().max(1) as f64;
    // Writing to a String cannot fail, here and below.
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {total:.0} {height:.0}\" \
         width=\"{total:.0}\" height=\"{height:.0}\">\n<style>{STYLE}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (at, panel) in panels.iter().enumerate() {
        let left = at as f64 * width + LEFT;
        let _ = writeln!(text, "<g transform=\"translate({left:.0},{TOP:.0})\">");
        Drawn::new(panel, &mut text).draw(panel);
        text.push_str("</g>\n");
    }
    text + "</svg>\n"
}

struct Drawn<'a> {
    x: Fitted,
    y: Fitted,
    text: &'a mut String,
    legend: usize,
}

impl<'a> Drawn<'a> {
    fn new(panel: &Panel, text: &'a mut String) -> Self {
        let points: Vec<[f64; 2]> = panel.marks.iter().flat_map(Mark::points).collect();
        let x = Fitted::new(&panel.x, points.iter().map(|p| p[0]));
        let y = Fitted::new(&panel.y, points.iter().map(|p| p[1]));
        Self { x, y, text, legend: 0 }
    }

    fn at(&self, [x, y]: [f64; 2]) -> (f64, f64) {
        (self.x.place(x) * WIDTH, (1.0 - self.y.place(y)) * HEIGHT)
    }

    fn write(&mut self, x: f64, y: f64, attributes: &str, words: &str) {
        let words = words.replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(self.text, "<text x=\"{x:.1}\" y=\"{y:.1}\" {attributes}>{words}</text>");
    }

    fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        let _ = writeln!(
            self.text,
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" class=\"{class}\"/>"
        );
    }

    fn draw(mut self, panel: &Panel) {
        self.axes(panel);
        for mark in &panel.marks {
            self.mark(panel, mark);
        }
        let _ =
            writeln!(self.text, "<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" class=\"frame\"/>");
    }

    fn axes(&mut self, panel: &Panel) {
        for (value, words) in self.x.ticks() {
            let x = self.x.place(value) * WIDTH;
            self.line((x, 0.0), (x, HEIGHT), "grid");
            self.write(x, HEIGHT + 17.0, "text-anchor=\"middle\"", &words);
        }
        for (value, words) in self.y.ticks() {
            let y = (1.0 - self.y.place(value)) * HEIGHT;
            self.line((0.0, y), (WIDTH, y), "grid");
            self.write(-7.0, y + 4.0, "text-anchor=\"end\"", &words);
        }
        let middle = "text-anchor=\"middle\"";
        self.write(WIDTH / 2.0, HEIGHT + 38.0, middle, &panel.x.label);
        let turned = format!("{middle} transform=\"rotate(-90)\"");
        self.write(-HEIGHT / 2.0, -46.0, &turned, &panel.y.label);
        self.write(WIDTH / 2.0, -12.0, "class=\"title\" text-anchor=\"middle\"", &panel.title);
    }

    fn mark(&mut self, panel: &Panel, mark: &Mark) {
        let held = |points: &[[f64; 2]]| -> Vec<[f64; 2]> {
            points.iter().copied().filter(|p| panel.x.holds(p[0]) && panel.y.holds(p[1])).collect()
        };
        match mark {
            Mark::Line { points, stroke, label } => self.curve(&held(points), *stroke, label),
            Mark::Dots { points, colour, label } => self.dots(&held(points), *colour, label),
            Mark::Box { x, width, five } => self.boxed(*x, *width, five),
            Mark::Level { y, label } => {
                let (_, at) = self.at([0.0, *y]);
                self.line((0.0, at), (WIDTH, at), "level");
                self.entry(label, "<line x1=\"0\" x2=\"20\" y1=\"0\" y2=\"0\" class=\"level\"/>");
            }
        }
    }

    fn curve(&mut self, points: &[[f64; 2]], stroke: Stroke, label: &str) {
        let places: Vec<String> = points
            .iter()
            .map(|&p| {
                let (x, y) = self.at(p);
                format!("{x:.1},{y:.1}")
            })
            .collect();
        let dash = if stroke.dashed { " stroke-dasharray=\"6 4\"" } else { "" };
        let look = format!(
            "fill=\"none\" stroke=\"{}\" stroke-width=\"1.6\"{dash}",
            COLOURS[stroke.colour % COLOURS.len()]
        );
        let _ = writeln!(self.text, "<polyline points=\"{}\" {look}/>", places.join(" "));
        self.entry(label, &format!("<line x1=\"0\" x2=\"20\" y1=\"0\" y2=\"0\" {look}/>"));
    }

    fn dots(&mut self, points: &[[f64; 2]], colour: usize, label: &str) {
        let colour = COLOURS[colour % COLOURS.len()];
        for &point in points {
            let (x, y) = self.at(point);
            let _ = writeln!(
                self.text,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.6\" fill=\"{colour}\"/>"
            );
        }
        self.entry(label, &format!("<circle cx=\"10\" cy=\"0\" r=\"2.6\" fill=\"{colour}\"/>"));
    }

    fn boxed(&mut self, x: f64, width: f64, five: &super::Five) {
        let (left, q3) = self.at([x - width / 2.0, five.q3]);
        let (right, q1) = self.at([x + width / 2.0, five.q1]);
        let (left, right) = (left.min(right), left.max(right));
        let middle = (left + right) / 2.0;
        for (quartile, end) in [(five.q1, five.min), (five.q3, five.max)] {
            let (from, to) = (self.at([x, quartile]).1, self.at([x, end]).1);
            self.line((middle, from), (middle, to), "frame");
            self.line((middle - 4.0, to), (middle + 4.0, to), "frame");
        }
        let _ = writeln!(
            self.text,
            "<rect x=\"{left:.1}\" y=\"{q3:.1}\" width=\"{:.1}\" height=\"{:.1}\" class=\"box\"/>",
            right - left,
            (q1 - q3).max(0.5)
        );
        let median = self.at([x, five.median]).1;
        self.line((left, median), (right, median), "median");
    }

    fn entry(&mut self, label: &str, sample: &str) {
        if label.is_empty() {
            return;
        }
        let y = 14.0 + 16.0 * self.legend as f64;
        self.legend += 1;
        let _ = writeln!(self.text, "<g transform=\"translate(10,{y:.1})\">{sample}</g>");
        self.write(36.0, y + 4.0, "", label);
    }
}
