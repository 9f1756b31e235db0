//! The paper's figures 3, 5 and 8: error by the unit dropped, by how many, by how far reordered.

use std::collections::BTreeMap;

use super::plan::Study;
use super::summary::{Outcome, baseline};
use crate::chart::quantiles::Five;
use crate::chart::{Axis, Mark, Panel, Size, svg};

/// Width of a bin of Kendall's τ.
const BIN: f64 = 0.02;
const ERROR: &str = "test error, %";

/// Draws what a study found.
pub fn draw(study: &Study, outcomes: &[Outcome], net: &str) -> String {
    let panel = match study {
        Study::Each => each(outcomes, net),
        Study::Random { .. } => {
            let by = groups(outcomes, |o| Some(o.amount as f64));
            boxes(outcomes, by, Axis::count("units deleted"), 0.6, net)
        }
        Study::Reorder { .. } => {
            let bin = |tau: f64| (tau / BIN).round() * BIN;
            let by = groups(outcomes, |o| o.tau.map(bin));
            let lowest = by.first().map_or(0.0, |&(tau, _)| tau);
            boxes(outcomes, by, tau_axis(lowest), 0.6 * BIN, net)
        }
    };
    svg(&[panel], Size::PANEL)
}

/// From 1, which no order exceeds, to a round number below the lowest τ.
fn tau_axis(lowest: f64) -> Axis {
    let end = (lowest * 20.0 - 0.5).floor() / 20.0;
    Axis::linear("Kendall's τ").between(end, 1.0).reversed()
}

fn base(outcomes: &[Outcome]) -> Option<Mark> {
    let y = baseline(outcomes)?;
    Some(Mark::Level { y, label: format!("baseline, {y:.2} %") })
}

fn each(outcomes: &[Outcome], net: &str) -> Panel {
    let point = |o: &Outcome| Some([*o.deleted.first()? as f64, o.test_error_percent]);
    let points: Vec<[f64; 2]> = outcomes.iter().filter_map(point).collect();
    let dots = Mark::Dots { points, colour: 0, label: String::new() };
    Panel {
        title: format!("{net}: one unit deleted"),
        x: Axis::count("dropped unit"),
        y: Axis::linear(ERROR).between(0.0, 100.0),
        right: None,
        marks: base(outcomes).into_iter().chain([dots]).collect(),
    }
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

fn boxes(
    outcomes: &[Outcome],
    groups: Vec<(f64, Vec<f64>)>,
    x: Axis,
    width: f64,
    net: &str,
) -> Panel {
    let boxed =
        |(x, errors): (f64, Vec<f64>)| Some(Mark::Box { x, width, five: Five::of(&errors)? });
    let boxes = groups.into_iter().filter_map(boxed);
    Panel {
        title: format!("{net}: error by {}", x.label),
        x,
        y: Axis::linear(ERROR).between(0.0, 100.0),
        right: None,
        marks: base(outcomes).into_iter().chain(boxes).collect(),
    }
}
