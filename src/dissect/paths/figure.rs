//! The paper's figures 6 and 7: paths, gradients and their product by length; paths left after
//! deletions.

use super::check::{Report, Unit};
use super::lengths::{left, share};
use super::sampled::{Length, log10_total};
use crate::chart::{Axis, Mark, Panel, Size, Stroke, svg};

/// Deletions shown.
pub const DELETED: [usize; 3] = [1, 10, 20];

/// Path count, gradient norm, and their product, by length.
pub fn gradients(n: usize, lengths: &[Length], net: &str) -> String {
    let x = || Axis::count("path length").between(0.0, n as f64);
    let line = |points: Vec<[f64; 2]>, stroke| Mark::line("", stroke, points);
    let counts = (0..=n).map(|k| [k as f64, share(n, k)]).collect();
    let norms = |which: usize| -> Vec<[f64; 2]> {
        lengths.iter().map(|l| [l.length as f64, power(l.log10_quartiles[which])]).collect()
    };
    let means = lengths.iter().map(|l| [l.length as f64, power(l.log10_mean)]);
    // No gradient, −∞ as a logarithm, is no share.
    let totals: Vec<(usize, f64)> = lengths
        .iter()
        .map(|l| (l.length, log10_total(n, l).unwrap_or(f64::NEG_INFINITY)))
        .collect();
    let most = totals.iter().map(|t| t.1).fold(f64::NEG_INFINITY, f64::max);
    let relative: Vec<(f64, f64)> =
        totals.iter().map(|&(k, log)| (k as f64, 10f64.powf(log - most))).collect();
    let all: f64 = relative.iter().map(|t| t.1).sum();
    let product = relative.iter().map(|&(k, t)| [k, t / all]).collect();
    let panel = |title: &str, y: Axis, marks: Vec<Mark>| Panel {
        title: title.into(),
        x: x(),
        y,
        right: None,
        marks,
    };
    let quartile = |which| {
        Mark::line(if which == 0 { "quartiles" } else { "" }, Stroke::dashed(0), norms(which))
    };
    let mean = Mark::line("mean", Stroke::solid(1), means.collect());
    let panels = [
        panel(
            &format!("{net}: paths by length"),
            Axis::linear("share of all paths"),
            vec![line(counts, Stroke::solid(0))],
        ),
        panel(
            "gradient at the input by path length",
            Axis::log("gradient norm"),
            vec![mean, quartile(0), quartile(2)],
        ),
        panel(
            "paths × gradient, by length",
            Axis::linear("share of the total"),
            vec![line(product, Stroke::solid(2))],
        ),
    ];
    svg(&panels, Size::PANEL)
}

/// A number from its logarithm; where there is none, there is no place.
fn power(log10: Option<f64>) -> f64 {
    log10.map_or(f64::NAN, |log10| 10f64.powf(log10))
}

/// Share of paths left by length, after 1, 10 and 20 deletions.
pub fn deletions(n: usize, net: &str) -> String {
    let line = |(colour, d): (usize, &usize)| {
        let points = (0..=n).map(|x| [x as f64, left(n, *d, x)]).collect();
        Mark::line(&format!("{d} deleted"), Stroke::solid(colour), points)
    };
    let shown = DELETED.iter().filter(|d| **d <= n).enumerate();
    let panel = Panel {
        title: format!("{net}: paths left after deletions"),
        x: Axis::count("path length").between(0.0, n as f64),
        y: Axis::linear("share of paths left").between(0.0, 1.0),
        right: None,
        marks: shown.map(line).collect(),
    };
    svg(&[panel], Size::PANEL)
}

/// What [`super::check`] found, by unit: ‖F‖/‖x‖, gradients with and without shortcuts, and both
/// terms of equation (5).
pub fn equations(report: &Report, net: &str) -> String {
    let points = |of: &dyn Fn(&Unit) -> Option<f64>| -> Vec<[f64; 2]> {
        // Where a unit has no value, a gap.
        report.units.iter().map(|unit| [unit.unit as f64, of(unit).unwrap_or(f64::NAN)]).collect()
    };
    let line = |colour, label: &str, points| Mark::line(label, Stroke::solid(colour), points);
    let direct = |unit: &Unit| {
        let inside = |stage: &&super::check::Stage| {
            stage.units[0] <= unit.unit && unit.unit <= stage.units[1]
        };
        report.stages.iter().find(inside).map(|stage| stage.direct_term)
    };
    let panel = |title: String, y: Axis, marks: Vec<Mark>| Panel {
        title,
        x: Axis::count("unit"),
        y,
        right: None,
        marks,
    };
    let panels = [
        panel(
            format!("{net}: ‖F‖ / ‖x‖, F as added to y"),
            Axis::linear("‖F‖ / ‖x‖"),
            vec![line(0, "", points(&|unit| unit.residual_ratio))],
        ),
        panel(
            "gradient at each unit's input".into(),
            Axis::log("‖∂E/∂x‖"),
            vec![
                line(0, "as it is", points(&|unit| Some(unit.gradient))),
                line(1, "through F only", points(&|unit| Some(unit.gradient_through_residuals))),
            ],
        ),
        panel(
            "equation (5): both terms".into(),
            Axis::linear("norm"),
            vec![
                line(0, "direct", points(&direct)),
                line(2, "weighted", points(&|unit| unit.weighted_term)),
            ],
        ),
    ];
    svg(&panels, Size::PANEL)
}
