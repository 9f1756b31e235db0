//! The paper's figures 3, 5 and 8: error by the unit dropped, by how many, by how far reordered; of
//! one run, or of several on shared axes.

use std::collections::BTreeMap;

use super::plan::Study;
use super::summary::{Outcome, baseline};
use crate::chart::quantiles::Five;
use crate::chart::{Axis, Mark, Panel, Size, svg};

/// Width of a bin of Kendall's τ.
const BIN: f64 = 0.02;
const ERROR: &str = "test error, %";

/// A run, and what a study found on it.
pub struct Found<'a> {
    /// What the figure calls it.
    pub name: String,
    /// All lesions.
    pub outcomes: &'a [Outcome],
    /// Numbers of the units that change the shape.
    pub reshaping: Vec<usize>,
}

/// Draws what a study found; a run's colour tells it from others.
pub fn draw(study: &Study, runs: &[Found]) -> String {
    let panel = match study {
        Study::Each | Study::Chosen(_) => each(runs),
        Study::Random { .. } => {
            let by = |o: &Outcome| Some(o.amount as f64);
            boxes(runs, by, Axis::count("units deleted"), 0.6)
        }
        Study::Reorder { .. } => {
            let bin = |tau: f64| (tau / BIN).round() * BIN;
            let taus = runs.iter().flat_map(|run| run.outcomes.iter().filter_map(|o| o.tau));
            let lowest = taus.map(bin).fold(f64::INFINITY, f64::min);
            let lowest = if lowest.is_finite() { lowest } else { 0.0 };
            boxes(runs, |o| o.tau.map(bin), tau_axis(lowest), 0.6 * BIN)
        }
    };
    svg(&[panel], Size::PANEL)
}

/// From 1, which no order exceeds, to a round number below the lowest τ.
fn tau_axis(lowest: f64) -> Axis {
    let end = (lowest * 20.0 - 0.5).floor() / 20.0;
    Axis::linear("Kendall's τ").between(end, 1.0).reversed()
}

/// A panel of one run has its name above, one of several below.
fn panel(runs: &[Found], what: &str, x: Axis, marks: Vec<Mark>) -> Panel {
    let title = match runs {
        [run] => format!("{}: {what}", run.name),
        _ => what.to_owned(),
    };
    Panel { title, x, y: Axis::linear(ERROR).between(0.0, 100.0), right: None, marks }
}

/// A run's colour and its label, where there are several.
fn told<'a>(runs: &'a [Found], at: usize) -> (Option<usize>, &'a str) {
    if runs.len() > 1 { (Some(at), runs[at].name.as_str()) } else { (None, "") }
}

/// The errors without a lesion.
fn bases(runs: &[Found]) -> Vec<Mark> {
    let base = |(at, run): (usize, &Found)| {
        let y = baseline(run.outcomes)?;
        let (colour, name) = told(runs, at);
        let whose = if name.is_empty() { String::new() } else { format!("{name}: ") };
        Some(Mark::Level { y, colour, label: format!("{whose}baseline, {y:.2} %") })
    };
    runs.iter().enumerate().filter_map(base).collect()
}

fn each(runs: &[Found]) -> Panel {
    let mut marks = bases(runs);
    for (at, run) in runs.iter().enumerate() {
        let label = told(runs, at).1.to_owned();
        marks.push(Mark::Dots { points: points(run, false), colour: at, label, hollow: false });
    }
    // One word for all runs: their colours tell them.
    let mut label = "the unit changes the shape".to_owned();
    for (at, run) in runs.iter().enumerate() {
        let points = points(run, true);
        if !points.is_empty() {
            let label = std::mem::take(&mut label);
            marks.push(Mark::Dots { points, colour: at, label, hollow: true });
        }
    }
    let units = runs.iter().flat_map(|run| run.outcomes.iter().flat_map(|o| o.deleted.iter()));
    let last = units.max().map_or(1.0, |last| *last as f64);
    let x = Axis::count("dropped unit").between(0.5, last + 0.5);
    panel(runs, "one unit deleted", x, marks)
}

/// Errors by the unit deleted, of units that change the shape or of the others.
fn points(run: &Found, reshaping: bool) -> Vec<[f64; 2]> {
    let point = |o: &Outcome| Some([*o.deleted.first()? as f64, o.test_error_percent]);
    let of = |o: &&Outcome| {
        o.deleted.first().is_some_and(|unit| run.reshaping.contains(unit) == reshaping)
    };
    run.outcomes.iter().filter(of).filter_map(point).collect()
}

/// Errors by a number, in its order.
fn groups(outcomes: &[Outcome], by: impl Fn(&Outcome) -> Option<f64>) -> Vec<(f64, Vec<f64>)> {
    let mut groups: BTreeMap<i64, (f64, Vec<f64>)> = BTreeMap::new();
    for outcome in outcomes.iter().filter(|o| o.amount > 0) {
        let Some(x) = by(outcome) else { continue };
        let group = groups.entry((x * 1e6).round() as i64).or_insert((x, Vec::new()));
        group.1.push(outcome.test_error_percent);
    }
    groups.into_values().collect()
}

/// Boxes of a run at each number, those of several beside each other.
fn boxes(runs: &[Found], by: impl Fn(&Outcome) -> Option<f64>, x: Axis, width: f64) -> Panel {
    let mut marks = bases(runs);
    let part = width / runs.len().max(1) as f64;
    for (at, run) in runs.iter().enumerate() {
        let (colour, name) = told(runs, at);
        let aside = (at as f64 + 0.5) * part - width / 2.0;
        for (k, (x, errors)) in groups(run.outcomes, &by).into_iter().enumerate() {
            let Some(five) = Five::of(&errors) else { continue };
            let label = if k == 0 { name.to_owned() } else { String::new() };
            marks.push(Mark::Box { x: x + aside, width: part, five, colour, label });
        }
    }
    let what = format!("error by {}", x.label);
    panel(runs, &what, x, marks)
}
