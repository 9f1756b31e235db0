//! How many dispatches a step takes: each waits for the one before, whatever it does.

use std::collections::BTreeMap;

use rnetc::engine::wgpu::kernel::kind;
use rnetc::engine::wgpu::{DeviceLimits, GpuPlan, NumberFormat, Target, wgsl};
use rnetc::graph::Program;
use rnetc::lower;
use rnetc::nn::optimiser::Sgd;

use crate::support::with;

/// Of each kind of kernel, and all.
fn counted(program: &Program, activations: NumberFormat) -> (BTreeMap<&'static str, usize>, usize) {
    let plan = GpuPlan::untuned(program, Target { activations, ..Target::default() });
    let mut kinds = BTreeMap::new();
    for dispatch in &plan.dispatches {
        let kernel = &plan.kernels.list[dispatch.kernels()[0].index()];
        *kinds.entry(kind(program, kernel)).or_default() += 1;
    }
    (kinds, plan.dispatches.len())
}

/// All but contractions and merges is a handful, however deep the net; gathers wait for 32 MiB of
/// partial sums, of which a cut may leave more or less.
#[test]
fn a_step_takes_few_dispatches() {
    for (spec, settings, most) in [
        ("preact", "depth=20", [105, 108]),
        ("preact", "depth=110", [560, 563]),
        ("bottleneck_preact", "depth=164", [842, 845]),
    ] {
        let network = with(spec, settings);
        let plain = lower::training(&network, 128, &Sgd::PAPER);
        let scaled = lower::scaled_training(&network, 128, &Sgd::PAPER);
        let both = [(plain, NumberFormat::F32), (scaled, NumberFormat::F16)];
        for ((program, format), most) in both.into_iter().zip(most) {
            let (kinds, all) = counted(&program, format);
            assert!(all <= most, "{spec}, {settings} in {format:?}: {all} dispatches, {kinds:?}");
        }
    }
}

/// What is planned as one dispatch has one text.
#[test]
fn kernels_that_are_alike_have_equal_text() {
    let network = with("preact", "depth=20");
    for program in
        [lower::training, lower::scaled_training].map(|step| step(&network, 128, &Sgd::PAPER))
    {
        let written = wgsl(&program, DeviceLimits::Adapter, Target::default()).expect("text");
        assert_eq!(written.kernels.len(), written.plan.dispatches.len());
    }
}
