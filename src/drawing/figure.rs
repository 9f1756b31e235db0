//! Boxes, arrows and words, as SVG.

use std::fmt::Write;

use crate::text::escape;

/// Distance between columns, in pixels.
pub const COLUMN: f64 = 150.0;
/// Distance between rows.
pub const ROW: f64 = 44.0;
/// Width of a layer's box.
pub const BOX_WIDTH: f64 = 118.0;
/// Height of every box.
pub const BOX_HEIGHT: f64 = 26.0;

const MARGIN: f64 = 20.0;

const STYLE: &str = "\
text{font:13px sans-serif;fill:#1b1b1b}\
.title{font-weight:bold}\
.note{font-style:italic;fill:#555}\
rect{stroke:#444;rx:5;fill:#fff}\
.unit{fill:#dfeaf7}.input{fill:#f1f1f1}.sum{fill:#fbe8c8}\
polyline{stroke:#999;stroke-width:1.1;fill:none}\
path{stroke:#444;stroke-width:1.3;fill:none;marker-end:url(#tip)}";

/// A picture being drawn.
pub struct Figure {
    body: String,
}

impl Figure {
    /// An empty picture.
    pub fn new() -> Self {
        Self { body: String::new() }
    }

    fn text(&mut self, (x, y): (f64, f64), class: &str, anchor: &str, text: &str) {
        let text = escape(text);
        // Writing to a String cannot fail.
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\" text-anchor=\"{anchor}\">{text}</text>"
        );
    }

    /// A heading above a column.
    pub fn title(&mut self, left: f64, text: &str) {
        self.text((left, BOX_HEIGHT * 0.7), "title", "start", text);
    }

    /// A word beside a box.
    pub fn note(&mut self, at: (f64, f64), text: &str) {
        self.text((at.0, at.1 - BOX_HEIGHT / 2.0 + 4.0), "note", "start", text);
    }

    /// A box with a word in it.
    pub fn boxed(&mut self, (x, y): (f64, f64), width: f64, text: &str, class: &str) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width}\" height=\"{BOX_HEIGHT}\" \
             class=\"{class}\"/>"
        );
        let middle = (x + width / 2.0, y + BOX_HEIGHT / 2.0 + 4.5);
        self.text(middle, "", "middle", text);
    }

    /// An arrow along corners, which are rounded.
    pub fn arrow(&mut self, corners: &[(f64, f64)]) {
        let [first, inner @ .., last] = corners else { return };
        let mut path = format!("M{:.1} {:.1}", first.0, first.1);
        let mut before = *first;
        for (i, &at) in inner.iter().enumerate() {
            let next = inner.get(i + 1).unwrap_or(last);
            let (enter, leave) = (near(at, before), near(at, *next));
            let _ = write!(
                path,
                "L{:.1} {:.1}Q{:.1} {:.1} {:.1} {:.1}",
                enter.0, enter.1, at.0, at.1, leave.0, leave.1
            );
            before = at;
        }
        let _ = writeln!(self.body, "<path d=\"{path}L{:.1} {:.1}\"/>", last.0, last.1 - 3.0);
    }

    /// A line along points, without an arrow's tip.
    pub fn line(&mut self, points: &[(f64, f64)]) {
        let points: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(self.body, "<polyline points=\"{}\"/>", points.join(" "));
    }

    /// The finished document.
    pub fn finish(self, width: f64, height: f64, title: &str) -> String {
        let (w, h) = (width + 2.0 * MARGIN, height + 2.0 * MARGIN);
        let title = escape(title);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w:.0}\" height=\"{h:.0}\" \
             viewBox=\"{0} {0} {w:.0} {h:.0}\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
             <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"6\" refY=\"4\" markerWidth=\"7\" \
             markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" \
             style=\"fill:#444;stroke:none;marker-end:none\"/></marker></defs>\n\
             <rect x=\"{0}\" y=\"{0}\" width=\"{w:.0}\" height=\"{h:.0}\" \
             style=\"fill:#fff;stroke:none\"/>\n{1}</svg>\n",
            -MARGIN, self.body
        )
    }
}

/// The point on the way from a corner where its rounding ends.
fn near((x, y): (f64, f64), (to_x, to_y): (f64, f64)) -> (f64, f64) {
    const RADIUS: f64 = 5.0;
    let length = (to_x - x).hypot(to_y - y).max(1e-9);
    let part = (RADIUS / length).min(0.5);
    (x + (to_x - x) * part, y + (to_y - y) * part)
}
