//! A picture as SVG.
//!
//! Colours stand as attributes, which every program reads; a style sheet only says what they are on
//! a dark screen, in names of its own, since figures may stand in a page.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::{Anchor, At, Bend, Face, Paint, Picture, Shape, Stroke, Text, Theme, bent};
use crate::text::escape;

/// Fonts as wide as the one that words were measured in.
pub const FONTS: &str = "Arimo,'Liberation Sans',Arial,Helvetica,sans-serif";

/// Writes a picture.
pub fn svg(picture: &Picture, theme: Theme) -> String {
    let mut body = Body { text: String::new(), theme, used: BTreeSet::new() };
    body.rect(([0.0; 2], picture.size), 0.0, Some(Paint::Paper), None);
    for shape in &picture.shapes {
        body.shape(shape);
    }
    let [width, height] = picture.size;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"rnetc\" width=\"{width:.0}\" \
         height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"{FONTS}\">\n\
         <title>{}</title>\n{}{}</svg>\n",
        escape(&picture.title),
        body.style(),
        body.text
    )
}

struct Body {
    text: String,
    theme: Theme,
    used: BTreeSet<(char, Paint)>,
}

// Writing to a String cannot fail, here and below.
impl Body {
    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Rect { at, size, round, fill, stroke } => {
                self.rect((*at, *size), *round, *fill, *stroke);
            }
            Shape::Circle { at: [x, y], radius, fill, stroke } => {
                let look = self.look(*fill, *stroke);
                let _ = writeln!(
                    self.text,
                    "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" {look}/>"
                );
            }
            Shape::Line { points, stroke, bend, tip } => self.line(points, *stroke, *bend, *tip),
            Shape::Text(text) => self.words(text),
        }
    }

    fn rect(
        &mut self,
        ([x, y], [width, height]): (At, At),
        round: f64,
        fill: Option<Paint>,
        stroke: Option<Stroke>,
    ) {
        let look = self.look(fill, stroke);
        let round = if round > 0.0 { format!(" rx=\"{round}\"") } else { String::new() };
        let _ = writeln!(
            self.text,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"{round} \
             {look}/>"
        );
    }

    fn line(&mut self, points: &[At], stroke: Stroke, bend: f64, tip: bool) {
        let look = self.look(None, Some(stroke));
        if bend == 0.0 && !tip {
            let points: Vec<String> =
                points.iter().map(|[x, y]| format!("{x:.1},{y:.1}")).collect();
            let _ = writeln!(self.text, "<polyline points=\"{}\" {look}/>", points.join(" "));
            return;
        }
        let ([x, y], steps, tip) = bent(points, bend, tip);
        let mut path = format!("M{x:.1} {y:.1}");
        for step in steps {
            let _ = match step {
                Bend::Line([x, y]) => write!(path, "L{x:.1} {y:.1}"),
                Bend::Curve([cx, cy], [x, y]) => write!(path, "Q{cx:.1} {cy:.1} {x:.1} {y:.1}"),
            };
        }
        let _ = writeln!(self.text, "<path d=\"{path}\" {look}/>");
        if let Some([a, b, c]) = tip {
            let look = self.look(Some(stroke.paint), None);
            let [a, b, c] = [a, b, c].map(|[x, y]| format!("{x:.1} {y:.1}"));
            let _ = writeln!(self.text, "<path d=\"M{a}L{b}L{c}z\" {look}/>");
        }
    }

    fn words(&mut self, text: &Text) {
        if text.words.is_empty() {
            return;
        }
        let [x, y] = text.at;
        let anchor = match text.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let face = match text.face {
            Face::Regular => "",
            Face::Bold => " font-weight=\"bold\"",
            Face::Italic => " font-style=\"italic\"",
        };
        let place = match text.turn {
            0.0 => format!("x=\"{x:.1}\" y=\"{y:.1}\""),
            turn => format!("transform=\"translate({x:.1} {y:.1}) rotate({turn})\""),
        };
        let look = self.look(Some(text.paint), None);
        let _ = writeln!(
            self.text,
            "<text {place} font-size=\"{}\"{anchor}{face} textLength=\"{:.1}\" \
             lengthAdjust=\"spacingAndGlyphs\" {look}>{}</text>",
            text.size,
            text.width(),
            escape(&text.words)
        );
    }

    /// Colours, as attributes and, where they may change, as classes.
    fn look(&mut self, fill: Option<Paint>, stroke: Option<Stroke>) -> String {
        let dark = self.theme == Theme::Dark;
        let mut classes = Vec::new();
        let mut look = match fill {
            Some(paint) => {
                classes.push(('f', paint));
                format!("fill=\"{}\"", paint.colour(dark))
            }
            None => "fill=\"none\"".to_owned(),
        };
        if let Some(stroke) = stroke {
            classes.push(('s', stroke.paint));
            let colour = stroke.paint.colour(dark);
            let _ = write!(look, " stroke=\"{colour}\" stroke-width=\"{}\"", stroke.width);
            if let Some([dash, gap]) = stroke.dash {
                let _ = write!(look, " stroke-dasharray=\"{dash} {gap}\"");
            }
        }
        if self.theme == Theme::Auto {
            let names: Vec<String> =
                classes.iter().map(|(which, paint)| format!("{which}-{}", paint.class())).collect();
            let _ = write!(look, " class=\"{}\"", names.join(" "));
            self.used.extend(classes);
        }
        look
    }

    /// What colours are on a dark screen.
    fn style(&self) -> String {
        if self.used.is_empty() {
            return String::new();
        }
        let rule = |&(which, paint): &(char, Paint)| {
            let property = if which == 'f' { "fill" } else { "stroke" };
            format!(".rnetc .{which}-{}{{{property}:{}}}", paint.class(), paint.colour(true))
        };
        let rules: String = self.used.iter().map(rule).collect();
        format!("<style>@media (prefers-color-scheme:dark){{{rules}}}</style>\n")
    }
}
