//! Generated text, without a device: valid, within WebGPU's limits, and as fused as it should be.

use std::collections::HashSet;

use naga::valid::{ValidationFlags, Validator};
use rnetc::engine::wgpu::dispatch::Dispatch;
use rnetc::engine::wgpu::{
    Access, Capabilities, DeviceLimits, GpuPlan, KernelText, MOST_CHOICES, Matrices, NumberFormat,
    Style, Target, WgslProgram, kernels, validate, wgsl,
};
use rnetc::graph::{NodeId, Op, Program};
use rnetc::lower::{self, Form, Goal, Updates};
use rnetc::network::Network;
use rnetc::nn::averages::Averages;
use rnetc::nn::optimiser::{AdamW, Muon, Rule, Sgd};

use crate::nets::Net;
use crate::support::{SMALL, SPECS, with};

/// What makes half precision part of a module.
const HALF: &str = "enable f16;";

/// Parses and validates a module, with nothing beyond WebGPU's core but what it enables.
fn accepted(name: &str, wgsl: &str) -> naga::Module {
    validate(wgsl).unwrap_or_else(|fault| panic!("{name}: {fault}"))
}

/// Bytes of workgroup memory.
fn workgroup_memory(module: &naga::Module) -> u32 {
    let shared = module.global_variables.iter();
    let shared = shared.filter(|(_, v)| v.space == naga::AddressSpace::WorkGroup);
    shared.map(|(_, v)| module.types[v.ty].inner.size(module.to_ctx())).sum()
}

#[test]
fn skeletons_are_valid_as_they_are() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("shaders");
    let library = std::fs::read_to_string(folder.join("library.wgsl")).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mut text = std::fs::read_to_string(&path).unwrap();
        if path.ends_with("half.wgsl") {
            // It calls functions of the library, and stands before it since it enables f16.
            text += &library;
        }
        accepted(&path.display().to_string(), &text);
    }
}

/// One more unit.
type Unit = fn(&mut Net, NodeId) -> NodeId;

/// A net with this many units of one kind.
fn units(unit: Unit, count: usize) -> Program {
    let mut net = Net::new(4);
    let x = net.images([8, 8, 3]);
    let mut x = net.conv(x, 16, 3, 1);
    for _ in 0..count {
        x = unit(&mut net, x);
    }
    net.trained(x, 10)
}

/// A pre-activation net with this many units of one width.
fn preact(count: usize) -> Program {
    units(|net, x| net.preact(x, 16, 1), count)
}

/// Which of the programs has one channel.
const NARROW: usize = 1;

/// A training step of every spec, of a small net and of a narrow one.
fn programs(step: fn(&Network, usize, &Sgd) -> Program) -> Vec<Program> {
    let mut narrow = Net::new(2);
    let x = narrow.images([5, 5, 1]);
    let x = narrow.conv(x, 1, 3, 1);
    let specs = SPECS.iter().chain(&SMALL);
    let steps = specs.map(|(spec, settings)| step(&with(spec, settings), 128, &Sgd::PAPER));
    [preact(2), narrow.trained(x, 2)].into_iter().chain(steps).collect()
}

/// Bytes of workgroup memory that the plan says.
fn planned(plan: &GpuPlan, text: &KernelText) -> usize {
    let id = text.kernels[0];
    let dispatch = plan.dispatches.iter().find(|all| all.kernels().contains(&id));
    match dispatch.expect("a dispatch") {
        Dispatch::One(_) => plan.cuts[id.index()].workgroup_memory(&plan.kernels.list[id.index()]),
        Dispatch::Flat(_, cut) => cut.workgroup_memory(),
        Dispatch::Ranks(_) => 0,
    }
}

/// Every text of a program that was not seen before: valid, of no more workgroups and workgroup memory
/// than every adapter has, of as much memory as its cut says.
fn checked(wgsl: &WgslProgram, seen: &mut HashSet<String>) -> Vec<(KernelText, naga::Module)> {
    let new = wgsl.kernels.iter().filter(|text| seen.insert(text.wgsl.clone()));
    let check = |text: &KernelText| {
        let module = accepted(&text.name, &text.wgsl);
        let memory = workgroup_memory(&module);
        assert!(memory <= 16 << 10, "{} has {memory} bytes of workgroup memory", text.name);
        assert_eq!(memory as usize, planned(&wgsl.plan, text), "{}\n{}", text.name, text.wgsl);
        let dispatched = text.workgroups.iter().all(|&n| (1..=65_535).contains(&n));
        assert!(dispatched, "{}: {:?}", text.name, text.workgroups);
        (text.clone(), module)
    };
    new.map(check).collect()
}

#[test]
fn kernels_keep_within_webgpus_default_limits() {
    let mut seen = HashSet::new();
    for program in programs(lower::training) {
        let wgsl = wgsl(&program, DeviceLimits::Adapter, Target::default()).unwrap();
        for (kernel, module) in checked(&wgsl, &mut seen) {
            let threads: u32 = module.entry_points[0].workgroup_size.iter().product();
            assert!(threads <= 256);
            let storage = kernel.bindings.iter().filter(|(name, _)| name != "starts").count();
            assert!(storage <= 8, "{} binds {storage} storage buffers", kernel.name);
            let buffers: HashSet<_> = kernel.bindings.iter().map(|(name, _)| name).collect();
            assert_eq!(buffers.len(), kernel.bindings.len(), "{} binds one twice", kernel.name);
            assert!(kernel.bindings.iter().any(|(_, access)| *access == Access::ReadWrite));
        }
    }
}

/// A weight too large to share a buffer, with all that is kept of one: moments and averages.
#[test]
fn updates_of_large_weights_keep_within_webgpus_default_limits() {
    let network = with("preact_resnet18", "");
    let adamw = Rule::AdamW(AdamW { betas: [0.9, 0.999], eps: 1e-8 });
    let muon = Rule::Muon(Muon { steps: 2, normalise_weights: true, ..Muon::JORDAN });
    for (rule, scaled) in [(adamw, false), (adamw, true), (muon, true)] {
        let averages = Averages { lookahead: true, ema: true };
        let updates = Updates { rule, averages, ..Updates::of(Sgd::PAPER) };
        let form = Form { scaled, ..Form::default() };
        let program = lower::program(&network, 8, Goal::Training(&updates, form));
        let wgsl = wgsl(&program, DeviceLimits::Adapter, Target::default()).unwrap();
        for kernel in &wgsl.kernels {
            let storage = kernel.bindings.iter().filter(|(name, _)| name != "starts").count();
            assert!(storage <= 8, "{} binds {storage} storage buffers", kernel.name);
        }
    }
}

/// Half precision on machines whose adapter lacks it: the text, if not its numbers.
#[test]
fn half_precision_is_valid_and_halves_what_is_stored() {
    let programs = programs(lower::scaled_training);
    let mut seen = HashSet::new();
    for (at, program) in programs.iter().enumerate() {
        let with = |activations| Target { activations, ..Target::default() };
        let wgsl = |format| wgsl(program, DeviceLimits::Adapter, with(format)).unwrap();
        let (single, half) = (wgsl(NumberFormat::F32), wgsl(NumberFormat::F16));
        // What has one channel stays in f32, and this program has nothing else.
        let halves = at != NARROW;
        assert!(half.bytes < single.bytes || !halves, "{} and {}", half.bytes, single.bytes);
        assert!(half.bytes == single.bytes || halves, "{} and {}", half.bytes, single.bytes);
        assert!(single.kernels.iter().all(|kernel| !kernel.wgsl.contains("f16")));
        let some = half.kernels.iter().any(|kernel| kernel.wgsl.contains(HALF));
        assert_eq!(some, halves, "kernels that read or write half precision");
        for (kernel, module) in checked(&half, &mut seen) {
            assert_eq!(needs_half(&module), kernel.wgsl.contains(HALF), "{}", kernel.wgsl);
        }
    }
}

/// Every way to write contractions but the one of the other tests.
fn targets() -> Vec<Target> {
    let blocked = [1, 4, MOST_CHOICES - 1].map(|choice| Target { choice, ..Target::default() });
    let sliding = [NumberFormat::F32, NumberFormat::F16].map(|activations| Target {
        activations,
        style: Style::Sliding,
        ..Target::default()
    });
    // Each program is written for each of these: a fifth of the choices keeps that to minutes.
    blocked.into_iter().chain(sliding).chain(by_matrices().step_by(5)).collect()
}

/// With subgroups that add up and multiply matrices, as NVIDIA's and as lavapipe's.
fn by_matrices() -> impl Iterator<Item = Target> {
    let devices = [Matrices { edge: 16, subgroup: 32 }, Matrices { edge: 8, subgroup: 8 }];
    devices.into_iter().flat_map(|matrices| {
        let capabilities =
            Capabilities { subgroups: true, matrices: Some(matrices), ..Capabilities::default() };
        (0..MOST_CHOICES).map(move |choice| {
            let activations = NumberFormat::F16;
            Target { activations, capabilities, choice, ..Target::default() }
        })
    })
}

#[test]
fn contractions_of_every_kind_keep_within_webgpus_default_limits() {
    let mut seen = HashSet::new();
    for (spec, settings) in SMALL {
        let program = lower::training(&with(spec, settings), 128, &Sgd::PAPER);
        for target in targets() {
            checked(&wgsl(&program, DeviceLimits::Adapter, target).unwrap(), &mut seen);
        }
    }
}

#[test]
fn what_has_whole_matrices_goes_by_matrices() {
    for target in by_matrices() {
        let kernels = wgsl(&preact(2), DeviceLimits::Adapter, target).unwrap().kernels;
        let by_matrices = |what: &str, channels: &str| {
            let layers = kernels.iter().filter(|k| k.name.ends_with(what));
            let mut layers = layers.filter(|k| k.wgsl.contains(channels)).peekable();
            assert!(layers.peek().is_some(), "{what} of {channels}");
            layers.all(|k| k.wgsl.contains("coopMultiplyAdd"))
        };
        for what in ["_conv", "_conv_dx"] {
            assert!(by_matrices(what, "const COLS = 16u;"), "{what} of {target:?}");
        }
    }
}

/// Whether a module is valid only where shaders have 16-bit floats.
fn needs_half(module: &naga::Module) -> bool {
    Validator::new(ValidationFlags::all(), naga::valid::Capabilities::empty())
        .validate(module)
        .is_err()
}

#[test]
fn equal_units_have_equal_text() {
    let distinct = |units| {
        let kernels = kernels(&preact(units)).unwrap();
        kernels.into_iter().map(|k| k.wgsl).collect::<HashSet<_>>().len()
    };
    assert_eq!(distinct(8), distinct(4));
}

/// Whole batched tensors that one more unit reads and writes, forward and backward, in tensors of
/// `width` channels.
fn passes_per_unit(unit: Unit, width: usize) -> usize {
    let total = |count| {
        let program = units(unit, count);
        let channels = |node: &NodeId| {
            let ty = program.graph.node(*node).ty;
            if ty.batched && ty.shape.0[1] > 1 { ty.shape.0[3] } else { 0 }
        };
        let moved = |kernel: &KernelText| {
            kernel.reads.iter().chain(&kernel.writes).map(channels).sum::<usize>()
        };
        kernels(&program).unwrap().iter().map(moved).sum::<usize>()
    };
    (total(5) - total(4)) / width
}

#[test]
fn units_are_fused() {
    // Unfused: 44, 44 and 138.
    let unit: [(&str, Unit, usize, usize); 3] = [
        ("pre-activation", |net, x| net.preact(x, 16, 1), 16, 20),
        ("post-activation", |net, x| net.original(x, 16, 1), 16, 22),
        ("bottleneck", |net, x| net.bottleneck(x, 4), 4, 62),
    ];
    let passes = unit.map(|(name, unit, width, most)| (name, passes_per_unit(unit, width), most));
    assert!(passes.iter().all(|(_, passes, most)| passes <= most), "{passes:?}");
}

#[test]
fn state_is_updated_in_place() {
    let program = preact(2);
    let copies = kernels(&program).unwrap().into_iter().filter(|k| {
        k.writes.len() == 1
            && k.reads == k.writes
            && !matches!(program.graph.node(k.writes[0]).op, Op::Input(_))
    });
    assert_eq!(copies.count(), 0);
}

#[test]
fn memory_does_not_grow_with_every_value() {
    let program = preact(6);
    let stored = GpuPlan::untuned(&program, Target::default()).memory.elements();
    let all: usize = program.graph.nodes.iter().map(|n| n.ty.shape.len()).sum();
    assert!(stored * 4 < all, "{stored} of {all} elements");
}
