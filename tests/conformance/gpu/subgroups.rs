//! Sums that subgroups add up.

use rnetc::engine::Engine;
use rnetc::engine::wgpu::{Style, WgpuEngine};

use super::tuning::convolution;
use crate::compare::agree;
use crate::nets::Net;
use crate::support::gpu;

/// An engine with subgroups, or a line that the adapter has none.
pub fn subgroups() -> Option<WgpuEngine> {
    let name = gpu()?.adapter().name.clone();
    let engine = WgpuEngine::new().expect("the adapter that is there").with_subgroups();
    if engine.is_none() {
        eprintln!("skipped: {name} has no subgroups");
    }
    engine
}

fn one(engine: &WgpuEngine, style: Style) -> (&'static str, Box<dyn Engine>) {
    ("subgroups", Box::new(engine.clone().with_style(style)))
}

/// Forty images make enough tiles for every thread of a merging workgroup. Sixteen channels are
/// four threads side by side, less than any subgroup has; of 72 there are as many as in a small one.
#[test]
fn subgroups_add_up_what_is_added_up_without_them() {
    let Some(engine) = subgroups() else { return };
    for channels in [16, 72] {
        let engines = [Style::Staged, Style::Sliding].map(|style| one(&engine, style));
        agree("convolution", &convolution(40, channels, false), 2e-6, engines.into());
    }
}

#[test]
fn a_net_trains_with_subgroups() {
    let Some(engine) = subgroups() else { return };
    let mut net = Net::new(5);
    let x = net.images([8, 8, 3]);
    let x = net.conv(x, 8, 3, 1);
    let x = net.preact(x, 16, 2);
    agree("net", &net.trained(x, 10), 1e-4, vec![one(&engine, Style::Staged)]);
}
