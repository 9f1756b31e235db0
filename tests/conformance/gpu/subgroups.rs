//! Sums that subgroups add up.

use rnetc::engine::Engine;
use rnetc::engine::wgpu::Style;

use super::tuning::convolution;
use crate::compare::agree;
use crate::support::{gpu, subgroups};

/// Forty images make enough tiles for every thread of a merging workgroup. Sixteen channels are
/// four threads side by side, less than any subgroup has; of 72 there are as many as in a small one.
#[test]
fn subgroups_add_up_what_is_added_up_without_them() {
    let Some(plain) = gpu() else { return };
    let Some(engine) = subgroups() else {
        eprintln!("skipped: {} has no subgroups", plain.adapter().name);
        return;
    };
    let one = |style| ("subgroups", Box::new(engine.clone().with_style(style)) as Box<dyn Engine>);
    for channels in [16, 72] {
        let engines = [Style::Staged, Style::Sliding].map(one);
        agree("convolution", &convolution(40, channels, false), 2e-6, engines.into());
    }
}
