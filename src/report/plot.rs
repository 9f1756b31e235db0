//! Curves over a common horizontal axis, as SVG without styles of the page.

use std::fmt::Write;

use super::axis::Axis;
pub use super::axis::Scale;
use super::escape;

/// Colours that people with any colour vision tell apart (Okabe and Ito).
pub const COLOURS: [&str; 7] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555"];

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 380.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 64.0;
const TOP: f64 = 16.0;
const BOTTOM: f64 = 48.0;
/// Height of a line of the legend.
const LINE: f64 = 18.0;

/// To which vertical axis a curve belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The left one.
    Left,
    /// The right one.
    Right,
}

/// A curve.
#[derive(Clone, Debug)]
pub struct Curve {
    /// In the legend.
    pub label: String,
    /// Which of [`COLOURS`], round and round.
    pub colour: usize,
    /// Dashed rather than solid.
    pub dashed: bool,
    /// Its axis.
    pub side: Side,
    /// What it goes through.
    pub points: Vec<(f64, f64)>,
}

/// A figure.
#[derive(Clone, Debug)]
pub struct Plot {
    /// Under the horizontal axis.
    pub x: String,
    /// Beside the left axis.
    pub left: (String, Scale),
    /// Beside the right axis; linear, from zero on.
    pub right: Option<String>,
    /// The curves.
    pub curves: Vec<Curve>,
}

impl Plot {
    /// Draws it.
    pub fn svg(&self) -> String {
        let of = |side| self.curves.iter().filter(move |c| c.side == side);
        let ys = |side| of(side).flat_map(|c| c.points.iter().map(|p| p.1));
        let xs = self.curves.iter().flat_map(|c| c.points.iter().map(|p| p.0));
        let x = Axis::over(Scale::Linear, xs);
        let left = Axis::over(self.left.1, ys(Side::Left));
        let right = Axis::over(Scale::Linear, ys(Side::Right)).to_zero();
        let mut body = String::new();
        self.frame(&mut body, &x, &left, self.right.is_some().then_some(&right));
        for curve in &self.curves {
            let y = match curve.side {
                Side::Left => &left,
                Side::Right => &right,
            };
            draw(&mut body, curve, &x, y);
        }
        self.legend(&mut body);
        let height = HEIGHT + LINE * self.curves.len().div_ceil(2) as f64;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
             viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\" \
             fill=\"#1b1b1b\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#fff\"/>\n\
             {body}</svg>\n"
        )
    }

    fn frame(&self, body: &mut String, x: &Axis, left: &Axis, right: Option<&Axis>) {
        let (bottom, end) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        for (value, text) in x.marks() {
            let at = across(x.place(value));
            line(body, (at, bottom), (at, bottom + 5.0), "#444");
            words(body, (at, bottom + 19.0), "middle", &text);
        }
        for (value, text) in left.marks() {
            let at = up(left.place(value));
            line(body, (LEFT, at), (end, at), "#e4e4e4");
            words(body, (LEFT - 7.0, at + 4.0), "end", &text);
        }
        for (value, text) in right.map(Axis::marks).unwrap_or_default() {
            let at = up(right.map_or(0.0, |axis| axis.place(value)));
            line(body, (end, at), (end + 5.0, at), "#444");
            words(body, (end + 8.0, at + 4.0), "start", &text);
        }
        let (wide, high) = (end - LEFT, bottom - TOP);
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(
            body,
            "<rect x=\"{LEFT}\" y=\"{TOP}\" width=\"{wide}\" height=\"{high}\" fill=\"none\" \
             stroke=\"#444\"/>"
        );
        words(body, (LEFT + wide / 2.0, bottom + 38.0), "middle", &self.x);
        upright(body, 14.0, &self.left.0);
        if let Some(text) = &self.right {
            upright(body, WIDTH - 8.0, text);
        }
    }

    /// Two columns below the figure.
    fn legend(&self, body: &mut String) {
        for (at, curve) in self.curves.iter().enumerate() {
            let left = if at % 2 == 0 { LEFT } else { WIDTH / 2.0 };
            let y = HEIGHT + LINE * (at / 2) as f64 + 4.0;
            let from_to = [(left, y - 4.0), (left + 26.0, y - 4.0)];
            path(body, curve, &from_to);
            words(body, (left + 33.0, y), "start", &curve.label);
        }
    }
}

fn across(share: f64) -> f64 {
    LEFT + share * (WIDTH - LEFT - RIGHT)
}

fn up(share: f64) -> f64 {
    HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
}

/// A curve; it is broken where a point has no place.
fn draw(body: &mut String, curve: &Curve, x: &Axis, y: &Axis) {
    let placed = curve.points.iter().map(|&(a, b)| (across(x.place(a)), up(y.place(b))));
    let placed: Vec<(f64, f64)> = placed.collect();
    for part in placed.split(|(a, b)| !a.is_finite() || !b.is_finite()) {
        match part {
            [] => {}
            [(a, b)] => {
                let colour = COLOURS[curve.colour % COLOURS.len()];
                let _ = writeln!(
                    body,
                    "<circle cx=\"{a:.1}\" cy=\"{b:.1}\" r=\"3\" fill=\"{colour}\"/>"
                );
            }
            part => path(body, curve, part),
        }
    }
}

fn path(body: &mut String, curve: &Curve, points: &[(f64, f64)]) {
    let colour = COLOURS[curve.colour % COLOURS.len()];
    let dashes = if curve.dashed { " stroke-dasharray=\"5 3\" stroke-width=\"1.1\"" } else { "" };
    let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let _ = writeln!(
        body,
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\"{}/>",
        points.join(" "),
        if curve.dashed { dashes } else { " stroke-width=\"2\"" }
    );
}

fn line(body: &mut String, from: (f64, f64), to: (f64, f64), colour: &str) {
    let _ = writeln!(
        body,
        "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{colour}\"/>",
        from.0, from.1, to.0, to.1
    );
}

fn words(body: &mut String, (x, y): (f64, f64), anchor: &str, text: &str) {
    let text = escape(text);
    let _ =
        writeln!(body, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>");
}

fn upright(body: &mut String, x: f64, text: &str) {
    let (y, text) = ((HEIGHT - BOTTOM + TOP) / 2.0, escape(text));
    let _ = writeln!(
        body,
        "<text transform=\"translate({x} {y}) rotate(-90)\" text-anchor=\"middle\">{text}</text>"
    );
}
