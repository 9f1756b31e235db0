//! Contractions by cooperative matrices, where the adapter's are right.

use std::io::Write as _;

use rnetc::engine::Engine;
use rnetc::engine::wgpu::{MOST_CHOICES, Style, WgpuEngine};

use super::{ROUNDING, half, near};
use crate::compare::agree;
use crate::gpu::tuning::convolution;

/// None where the adapter's are not used, which it says.
fn by_matrices() -> Option<WgpuEngine> {
    let found = half()?.with_style(Style::Staged).with_matrices();
    // Past the test harness's capture, so that it is seen in every run.
    let told = |why| writeln!(std::io::stderr().lock(), "skipped: cooperative matrices: {why}");
    found.map_err(told).ok()
}

#[test]
fn every_blocking_by_matrices_is_right() {
    let Some(engine) = by_matrices() else { return };
    let one = |choice| {
        let engine = engine.clone().with_choice(choice);
        ("matrices", Box::new(engine) as Box<dyn Engine>)
    };
    let engines = (0..MOST_CHOICES).map(one).collect();
    // Operands and results have eleven bits; the sums of squares take each result in twice.
    agree("convolution", &convolution(3, 72, true), 4.0 * ROUNDING, engines);
}

#[test]
fn a_training_step_by_matrices_is_near() {
    let Some(engine) = by_matrices() else { return };
    assert!(engine.remark().is_some_and(|text| text.contains("cooperative matrices of")));
    near(&engine.with_subgroups().expect("matrices are of subgroups"));
}
