//! What marks mean, in columns below a panel.

use super::svg::{FONT, fitting};
use super::{Mark, Panel, Size};
use crate::picture::Face;

/// Height of a line.
const LINE: f64 = 18.0;
/// Width of a sample and the room after it.
pub const SAMPLE: f64 = 33.0;
/// Between columns.
const BETWEEN: f64 = 14.0;

/// What one mark means.
pub struct Entry<'a> {
    /// The middle of the line's left end, from the legend's upper left corner.
    pub at: [f64; 2],
    /// What is explained.
    pub mark: &'a Mark,
    /// Its label, shortened where there is no room.
    pub label: String,
}

/// Lays a panel's legend out, in no more columns than its longest label leaves room for.
pub fn entries(panel: &Panel, size: Size) -> Vec<Entry<'_>> {
    let fits = |mark| fitting(label(mark), Face::Regular, FONT, size.width - SAMPLE);
    let labelled = panel.marks.iter().map(|mark| (mark, fits(mark)));
    let labelled: Vec<_> = labelled.filter(|(_, label)| !label.is_empty()).collect();
    let widths = labelled.iter().map(|(_, label)| Face::Regular.width(FONT, label));
    let column = SAMPLE + widths.fold(0.0, f64::max) + BETWEEN;
    let rows = labelled.len().div_ceil((((size.width + BETWEEN) / column) as usize).max(1));
    // Rows of equal length: the two lines of a run stay beside each other.
    let columns = labelled.len().div_ceil(rows.max(1)).max(1);
    let entry = |(k, (mark, label))| Entry {
        at: [column * (k % columns) as f64, LINE * ((k / columns) as f64 + 0.5)],
        mark,
        label,
    };
    labelled.into_iter().enumerate().map(entry).collect()
}

/// How high some entries stand together.
pub fn height(entries: &[Entry]) -> f64 {
    entries.last().map_or(0.0, |last| last.at[1] + LINE / 2.0)
}

fn label(mark: &Mark) -> &str {
    match mark {
        Mark::Line { label, .. }
        | Mark::Dots { label, .. }
        | Mark::Box { label, .. }
        | Mark::Level { label, .. } => label,
    }
}
