//! A confusion matrix as a table of shaded cells.

use std::fmt::Write;

use crate::text::escape;

/// Most classes whose numbers and names are written out.
const MOST_NAMED: usize = 20;

/// Rows are what pictures show, columns what they were taken for; `counts` is row by row.
pub fn svg(classes: &[String], counts: &[u32]) -> String {
    let n = classes.len().max(1);
    let named = n <= MOST_NAMED;
    let (cell, left, top) = if named { (44.0, 100.0, 78.0) } else { (6.0, 10.0, 10.0) };
    let (width, height) = (left + cell * n as f64 + 10.0, top + cell * n as f64 + 10.0);
    let mut body = String::new();
    for (row, line) in counts.chunks_exact(n).enumerate() {
        let total = line.iter().sum::<u32>().max(1);
        for (column, &count) in line.iter().enumerate() {
            let (x, y) = (left + cell * column as f64, top + cell * row as f64);
            let share = f64::from(count) / f64::from(total);
            let (shade, ink) = shade(share, row == column);
            // Writing to a String cannot fail, here and below.
            let _ = writeln!(
                body,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{cell}\" height=\"{cell}\" fill=\"{shade}\" \
                 stroke=\"#fff\"/>"
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
    for (k, class) in classes.iter().enumerate().filter(|_| named) {
        let (at, class) = (cell * (k as f64 + 0.5), escape(class));
        let (y, x) = (top + at + 4.0, left + at + 4.0);
        let _ = writeln!(
            body,
            "<text x=\"{}\" y=\"{y}\" text-anchor=\"end\">{class}</text>",
            left - 6.0
        );
        let _ = writeln!(
            body,
            "<text transform=\"translate({x} {}) rotate(-60)\">{class}</text>",
            top - 6.0
        );
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n{body}</svg>\n"
    )
}

/// Blue where it is right, orange where it is wrong; the square root shows what is rare.
fn shade(share: f64, right: bool) -> (String, &'static str) {
    let strength = share.sqrt();
    let full = if right { [0.0, 114.0, 178.0] } else { [213.0, 94.0, 0.0] };
    let [r, g, b] = full.map(|full| (245.0 + (full - 245.0) * strength) as u8);
    (format!("#{r:02x}{g:02x}{b:02x}"), if strength > 0.6 { "#fff" } else { "#1b1b1b" })
}
