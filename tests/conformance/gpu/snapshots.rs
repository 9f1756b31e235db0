//! How typical programs are cut, and the text of typical kernels, for a person to read. With
//! `RNETC_BLESS=1` they are written anew.

use std::collections::BTreeMap;
use std::path::Path;

use rnetc::engine::wgpu::dispatch::Dispatch;
use rnetc::engine::wgpu::{
    Capabilities, DeviceLimits, GpuPlan, Matrices, NumberFormat, Style, Target, dump, validate,
    wgsl,
};
use rnetc::graph::builder::Builder;
use rnetc::graph::{NodeId, Output, PoolGeometry, PoolKind, Program, Role, Shape, Type};
use rnetc::lower;
use rnetc::nn::optimiser::Sgd;

use crate::nets::Net;
use crate::support;

/// The text is what stands in a file beside this one.
fn blessed(file: &str, text: &str) {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/gpu/snapshots"));
    let path = path.join(file);
    if std::env::var_os("RNETC_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, text).expect("a file");
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(known == text, "{} is not as blessed; now:\n{text}", path.display());
}

/// As NVIDIA's devices.
fn by_matrices() -> Target {
    let matrices = Some(Matrices { edge: 16, subgroup: 32 });
    let capabilities = Capabilities { subgroups: true, matrices, memory: 48 << 10, threads: 512 };
    let activations = NumberFormat::F16;
    Target { activations, capabilities, ..Target::default() }
}

fn sliding() -> Target {
    Target { style: Style::Sliding, ..Target::default() }
}

fn subgroups() -> Target {
    let capabilities = Capabilities { subgroups: true, ..Capabilities::default() };
    Target { capabilities, ..Target::default() }
}

/// A training step of a convolution and what follows.
fn unit([pixels, from]: [usize; 2], unit: impl Fn(&mut Net, NodeId) -> NodeId) -> Program {
    let mut net = Net::new(4);
    let x = net.images([pixels, pixels, 3]);
    let x = net.conv(x, from, 3, 1);
    let x = unit(&mut net, x);
    net.trained(x, 10)
}

/// Overlapping windows and their gradient.
fn pooled(kind: PoolKind) -> Program {
    let geometry = PoolGeometry::square(kind, [9, 9], [3, 2, 1]);
    let mut b = Builder::new();
    let [h, w] = geometry.output();
    let ty = |h, w| Type { shape: Shape([2, h, w, 8]), batched: true };
    let x = b.input("images", Role::Images, ty(9, 9));
    let g = b.input("gradient", Role::Images, ty(h, w));
    let nodes = [b.pool(geometry, x), b.pool_dx(geometry, x, g)];
    Program { graph: b.finish(), outputs: Output::quantities(nodes), updates: Vec::new(), batch: 2 }
}

/// The first kernel of a program whose name or text holds a word.
fn kernel(program: &Program, target: Target, word: &str) -> String {
    let kernels = wgsl(program, DeviceLimits::Adapter, target).expect("text").kernels;
    let found = kernels.into_iter().find(|k| k.name.ends_with(word) || k.wgsl.contains(word));
    found.unwrap_or_else(|| panic!("no kernel with {word}")).wgsl
}

#[test]
fn typical_kernels_are_written_as_blessed() {
    let plain = Target::default();
    let small = unit([4, 4], |net, x| net.preact(x, 4, 2));
    let preact = unit([8, 16], |net, x| net.preact(x, 16, 2));
    let original = unit([8, 16], |net, x| {
        let x = net.original(x, 16, 1);
        net.original(x, 16, 1)
    });
    let scaled = lower::scaled_training(&support::small("preact", "depth=8"), 2, &Sgd::PAPER);
    let large = unit([4, 96], |net, x| net.preact(x, 96, 1));
    let [max, average] = [PoolKind::Max, PoolKind::Avg].map(pooled);
    let half = Target { activations: NumberFormat::F16, ..plain };
    let kernels = [
        ("map", &preact, plain, "_map"),
        ("map_half", &preact, half, "_map"),
        // Its prologue joins a unit's branches and stores the sum.
        ("conv", &original, plain, "first_col == 0u &&"),
        ("conv_matrices", &preact, by_matrices(), "coopMultiplyAdd"),
        ("conv_sliding", &small, sliding(), "_conv"),
        ("conv_dx_strided", &preact, plain, "_conv_dx"),
        ("conv_dx_sliding", &small, sliding(), "_conv_dx"),
        ("conv_dw", &preact, plain, "_conv_dw"),
        ("conv_dw_sliding", &small, sliding(), "_conv_dw"),
        ("gather", &large, plain, "_gather"),
        ("gather_subgroups", &large, subgroups(), "_gather"),
        ("gather_sliding", &large, sliding(), "_gather"),
        ("flat", &preact, plain, "_gather"),
        ("flat_sliding", &preact, sliding(), "_gather"),
        ("merge", &preact, plain, "struct Moments"),
        ("merge_sliding", &preact, sliding(), "struct Moments"),
        ("merge_subgroups", &preact, subgroups(), "struct Moments"),
        ("reduce", &preact, plain, "_reduce"),
        ("pool_max", &max, plain, "_pool"),
        ("pool_average", &average, plain, "_pool"),
        ("pool_dx_max", &max, plain, "_pool_dx"),
        ("finite", &scaled, plain, "finite"),
    ];
    for (name, program, target, word) in kernels {
        let text = kernel(program, target, word);
        validate(&text).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        blessed(&format!("{name}.wgsl"), &text);
    }
}

/// Kernels of one kind, domain and cut are one line, with how many they are.
#[test]
fn resnet_20_is_cut_as_blessed() {
    let program = lower::scaled_training(&support::with("preact", "depth=20"), 128, &Sgd::PAPER);
    let mut text = String::new();
    for (name, target) in
        [("staged", Target::default()), ("by matrices", by_matrices()), ("sliding", sliding())]
    {
        let plan = GpuPlan::untuned(&program, target);
        let mut cuts: BTreeMap<String, usize> = BTreeMap::new();
        for dispatch in &plan.dispatches {
            let id = dispatch.kernels()[0];
            let kernel = &plan.kernels.list[id.index()];
            let kind = rnetc::engine::wgpu::kernel::kind(&program, kernel);
            let cut = match dispatch {
                Dispatch::One(_) => dump::cut(kernel, &plan.cuts[id.index()]),
                Dispatch::Flat(ids, cut) => dump::flat_cut(&plan, ids, cut, id),
                Dispatch::Ranks(ids) => dump::ranks(&plan, ids, id),
            };
            *cuts.entry(format!("{kind:<8} {cut}")).or_default() += 1;
        }
        let (kernels, dispatches) = (plan.cuts.len(), plan.dispatches.len());
        text += &format!("{name}: {kernels} kernels in {dispatches} dispatches\n");
        cuts.iter().for_each(|(cut, count)| text += &format!("{count:>4} {cut}\n"));
    }
    blessed("resnet_20.txt", &text);
}
