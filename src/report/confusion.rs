//! A confusion matrix as a table of shaded cells.

use std::fmt::Write;

use crate::chart::fitting;
use crate::picture::Face;
use crate::picture::svg::FONTS;
use crate::text::escape;

const FONT: f64 = 12.0;
/// Longest name written out.
const LONGEST: f64 = 140.0;

/// Most classes whose numbers and names are written out.
const MOST_NAMED: usize = 20;

/// Rows are what pictures show, columns what they were taken for; `counts` is row by row.
pub fn svg(classes: &[String], counts: &[u64]) -> String {
    let n = classes.len().max(1);
    let named = n <= MOST_NAMED;
    let names: Vec<String> =
        classes.iter().map(|class| fitting(class, Face::Regular, FONT, LONGEST)).collect();
    let widths = names.iter().map(|name| Face::Regular.width(FONT, name));
    let longest = if named { widths.fold(0.0, f64::max) } else { 0.0 };
    let cell = if named { 44.0 } else { 6.0 };
    // Names of columns rise to the right, at 60 degrees.
    let (left, top, right) = (longest + 16.0, 0.87 * longest + 20.0, 0.5 * longest + 4.0);
    let (width, height) = (left + cell * n as f64 + right, top + cell * n as f64 + 10.0);
    let mut body = String::new();
    for (row, line) in counts.chunks_exact(n).enumerate() {
        let total = line.iter().sum::<u64>().max(1);
        for (column, &count) in line.iter().enumerate() {
            let (x, y) = (left + cell * column as f64, top + cell * row as f64);
            let share = count as f64 / total as f64;
            let (shade, strength, ink) = shade(share, row == column);
            // Writing to a String cannot fail, here and below.
            let _ = writeln!(
                body,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{cell}\" height=\"{cell}\" fill=\"{shade}\" \
                 fill-opacity=\"{strength:.2}\" stroke=\"currentColor\" stroke-opacity=\".12\"/>"
            );
            if named && count > 0 {
                let (x, y) = (x + cell / 2.0, y + cell / 2.0 + 4.0);
                let _ = writeln!(
                    body,
                    "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\" fill=\"{ink}\">{count}</text>"
                );
            }
        }
    }
    for (k, class) in names.iter().enumerate().filter(|_| named) {
        let (at, class) = (cell * (k as f64 + 0.5), escape(class));
        let (y, x) = (top + at + 4.0, left + at + 4.0);
        let _ = writeln!(
            body,
            "<text x=\"{}\" y=\"{y}\" text-anchor=\"end\" fill=\"currentColor\">{class}</text>",
            left - 6.0
        );
        let _ = writeln!(
            body,
            "<text transform=\"translate({x} {}) rotate(-60)\" fill=\"currentColor\">{class}</text>",
            top - 6.0
        );
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"{FONTS}\" font-size=\"{FONT}\">\n{body}</svg>\n"
    )
}

/// Blue where it is right, orange where it is wrong, on light paper and on dark; the square root
/// shows what is rare.
fn shade(share: f64, right: bool) -> (&'static str, f64, &'static str) {
    let strength = share.sqrt();
    let shade = if right { "#0072b2" } else { "#d55e00" };
    (shade, strength, if strength > 0.6 { "#fff" } else { "currentColor" })
}
