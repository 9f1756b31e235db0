//! What deleting a unit means: the net with the unit deleted is another spec, written by hand.

use std::collections::HashMap;

use rnetc::dissect::probes::{deletions, keep};
use rnetc::engine::cpu::CpuEngine;
use rnetc::engine::{Engine, Precision};
use rnetc::graph::{InputId, OutputKind, Program, Role};
use rnetc::lower;
use rnetc::lower::probes::{NONE, Part};
use rnetc::network::Network;
use rnetc::network::anatomy::{Body, sites};

use super::support::*;

const BATCH: usize = 2;

/// A unit, and what is left of it.
struct Case {
    name: &'static str,
    unit: &'static str,
    left: &'static str,
    /// Whether a unit that changes the shape can go too.
    changes: bool,
}

const CASES: [Case; 8] = [
    Case {
        name: "pre-activation",
        unit: "F = bn -> relu -> conv(3x3, w, stride: s) -> bn -> relu -> conv(3x3, w)
               h = shortcut(w, stride: s)  y = h(x) + F(x)",
        left: "h = shortcut(w, stride: s)  y = h(x)",
        changes: true,
    },
    Case {
        name: "original with projection",
        unit: "F = conv(3x3, w, stride: s) -> bn -> relu -> conv(3x3, w) -> bn
               h = shortcut(w, stride: s, kind: project, bn: true)  y = F(x) + h(x)  f = relu",
        left: "h = shortcut(w, stride: s, kind: project, bn: true)  y = h(x)  f = relu",
        changes: true,
    },
    Case {
        name: "shared activation",
        unit: "a = (bn -> relu)(x)  F = conv(3x3, w, stride: s) -> bn -> relu -> conv(3x3, w)
               h = shortcut(w, stride: s)  y = h(a) + F(a)",
        left: "a = (bn -> relu)(x)  h = shortcut(w, stride: s)  y = h(a)",
        changes: true,
    },
    Case {
        name: "constant scaling",
        unit: "F = conv(3x3, w, stride: s) -> bn  h = shortcut(w, stride: s)
               y = 0.5 * h(x) + 0.25 * F(x)  f = relu",
        left: "h = shortcut(w, stride: s)  y = 0.5 * h(x)  f = relu",
        changes: true,
    },
    Case {
        // One gate for both: it is closed.
        name: "exclusive gate",
        unit: "F = conv(3x3, w, stride: s) -> bn  h = shortcut(w, stride: s)
               g = conv(1x1, w, stride: s, bias: -1) -> sigmoid
               y = (1 - g(x)) * h(x) + g(x) * F(x)  f = relu",
        left: "h = shortcut(w, stride: s)  y = h(x)  f = relu",
        changes: true,
    },
    Case {
        // A gate that F does not have stays.
        name: "shortcut-only gate",
        unit: "F = conv(3x3, w, stride: s) -> bn  h = shortcut(w, stride: s)
               g = conv(1x1, w, stride: s, bias: -1) -> sigmoid
               y = (1 - g(x)) * h(x) + F(x)",
        left: "h = shortcut(w, stride: s)  g = conv(1x1, w, stride: s, bias: -1) -> sigmoid
               y = (1 - g(x)) * h(x)",
        changes: true,
    },
    Case {
        name: "two branches",
        unit: "F = conv(3x3, w, stride: s) -> bn  G = conv(1x1, w, stride: s) -> tanh
               h = shortcut(w, stride: s)  y = G(x) + h(x) - F(x)",
        left: "h = shortcut(w, stride: s)  y = h(x)",
        changes: true,
    },
    Case {
        name: "plain",
        unit: "F = conv(3x3, w, stride: s) -> bn  y = F(x)  f = relu",
        left: "y = x  f = relu",
        changes: false,
    },
];

/// Three units, the second of them another one.
fn net(case: &Case, place: Option<usize>) -> Network {
    let calls = ["(4)", "(4)", "(6, stride: 2)"];
    let chain: Vec<String> = (0..3)
        .map(|at| format!("{}{}", if place == Some(at) { "left" } else { "whole" }, calls[at]))
        .collect();
    let unused = if place.is_none() { "whole" } else { "left" };
    compile(&format!(
        "// allow W0001 W0002 W0003: {unused}
        unit whole(w, s2 = 1, stride = 1) {{ let s = stride {} }}
        unit left(w, stride = 1) {{ let s = stride {} }}
        net small {{ input(3, 8, 8) -> conv(3x3, 4) -> bn -> relu -> {}
            -> global_avg_pool -> linear(3) }}",
        case.unit,
        case.left,
        chain.join(" -> ")
    ))
}

fn probed(network: &Network) -> Program {
    lower::part(network, BATCH, Part::WHOLE, &deletions(network, &sites(network), 0))
}

fn gone(site: usize) -> Given {
    HashMap::from([(Role::Probe(keep(site)), vec![0.0; BATCH])])
}

#[test]
fn a_deleted_unit_leaves_its_shortcut() {
    for case in &CASES {
        let network = net(case, None);
        let program = probed(&network);
        let plain = lower::inference(&network, BATCH);
        let none = HashMap::new();
        let whole = output(&plain, &none, OutputKind::Logits);
        assert_eq!(
            output(&program, &none, OutputKind::Logits),
            whole,
            "{}: nothing deleted",
            case.name
        );
        for place in 0..if case.changes { 3 } else { 2 } {
            let want = output(
                &lower::inference(&net(case, Some(place)), BATCH),
                &none,
                OutputKind::Logits,
            );
            let have = output(&program, &gone(place), OutputKind::Logits);
            let what = format!("{} without unit {}", case.name, place + 1);
            assert!(distance(&have, &want) < 1e-12, "{what}: {have:?}, not {want:?}");
            assert!(distance(&have, &whole) > 1e-6, "{what}: makes no difference");
        }
    }
}

#[test]
fn each_image_of_a_batch_has_its_own_lesion() {
    let network = net(&CASES[0], None);
    let program = probed(&network);
    let mixed = HashMap::from([
        (Role::Probe(keep(0)), vec![0.0, 1.0]),
        (Role::Probe(keep(1)), vec![1.0, 0.0]),
    ]);
    let mixed = output(&program, &mixed, OutputKind::Logits);
    assert!(distance(&mixed[..3], &output(&program, &gone(0), OutputKind::Logits)[..3]) < 1e-12);
    assert!(distance(&mixed[3..], &output(&program, &gone(1), OutputKind::Logits)[3..]) < 1e-12);
}

#[test]
fn what_changes_the_shape_without_a_shortcut_cannot_go() {
    let network = net(&CASES[7], None);
    let sites = sites(&network);
    assert!(sites.iter().all(|site| site.body == Body::Chain));
    let deletable: Vec<bool> = sites.iter().map(|site| site.deletable(&network)).collect();
    assert_eq!(deletable, [true, true, false]);
    assert_eq!(deletions(&network, &sites, 0).ids, [keep(0), keep(1)]);
}

#[test]
fn a_net_without_units_loses_layers() {
    let net = |middle: &str| {
        compile(&format!(
            "net vgg {{ input(3, 8, 8) -> conv(3x3, 4, bias: 0) -> bn -> relu {middle}
                -> max_pool(2) -> conv(3x3, 6) -> relu -> linear(3) }}"
        ))
    };
    let layer = "-> conv(3x3, 4, bias: 0) -> bn -> relu";
    let network = net(layer);
    let sites = sites(&network);
    let deletable: Vec<bool> = sites.iter().map(|site| site.deletable(&network)).collect();
    assert_eq!(deletable, [false, true, false]);
    // Names count layers, so the shorter net's tensors have others: take them in order.
    let program = lower::inference(&net(""), BATCH);
    let mut values = inputs(&program, &HashMap::new());
    let kept = |name: &&String| !name.contains("conv2.") && !name.contains("bn2.");
    let whole = probed(&network);
    let names: Vec<&String> = whole.graph.inputs.iter().map(|i| &i.name).collect();
    for (at, name) in names.into_iter().filter(kept).enumerate().take(program.graph.inputs.len()) {
        let len = program.graph.inputs[at].ty.shape.len();
        if program.graph.inputs[at].role != Role::Images {
            values.insert(InputId(at as u32), state(name, len));
        }
    }
    let want = rnetc::graph::interp::run(&program, &values).0.swap_remove(0);
    let have = output(&probed(&network), &gone(1), OutputKind::Logits);
    assert!(distance(&have, &want) < 1e-12);
}

#[test]
fn every_spec_with_shortcuts_has_one_in_each_unit() {
    let residual = [
        "original",
        "preact",
        "bottleneck_original",
        "bottleneck_preact",
        "constant_scaling",
        "exclusive_gate",
        "shortcut_gate",
        "conv_shortcut",
        "dropout_shortcut",
        "bn_after_addition",
        "relu_before_addition",
        "relu_only_preact",
        "one_layer",
        "one_layer_preact",
        "stochastic_depth",
        "highway",
        "bottleneck_exclusive_gate",
        "bottleneck_conv_shortcut",
    ];
    for name in residual {
        let depth = if name.starts_with("bottleneck") { "20" } else { "14" };
        let depth = if name == "highway" { "12" } else { depth };
        for kind in ["pad", "project"] {
            let chosen = [("depth", depth), ("kind", kind)];
            let has_kind = matches!(name, "original" | "preact");
            let network = spec(name, &chosen[..if has_kind { 2 } else { 1 }]);
            let sites = sites(&network);
            assert_eq!(sites.len(), network.units.len(), "{name}");
            for site in &sites {
                let Some(found) = site.residual() else {
                    panic!("{name}: {} has no shortcut", site.name);
                };
                let counts = (found.shortcut.terms.len(), found.branches.len());
                assert_eq!(counts, (1, 1), "{name}: {}", site.name);
            }
        }
    }
}

/// Runs on the CPU engine.
fn run(program: &Program, probes: &Given) -> Vec<f64> {
    let engine = CpuEngine::new(Some(2), Precision::F32).expect("every machine has a CPU");
    let mut executable = engine.compile(program).expect("it compiles");
    for (id, data) in inputs(program, probes) {
        let data: Vec<f32> = data.iter().map(|&v| v as f32).collect();
        executable.write(id, &data).expect("it is read");
    }
    executable.run().expect("it runs");
    executable.output(0).expect("there is one").iter().map(|&v| f64::from(v)).collect()
}

#[test]
fn the_engine_deletes_as_the_interpreter_does() {
    for case in &CASES {
        let program = probed(&net(case, None));
        let lesion = HashMap::from([
            (Role::Probe(keep(0)), vec![1.0, 0.0]),
            (Role::Probe(keep(1)), vec![0.0, 0.0]),
        ]);
        let distance =
            distance(&run(&program, &lesion), &output(&program, &lesion, OutputKind::Logits));
        assert!(distance < 1e-5, "{}: {distance:.1e}", case.name);
    }
}

#[test]
fn two_parts_are_the_whole() {
    let network = net(&CASES[0], None);
    let cut = sites(&network)[1].input;
    let whole = output(&lower::inference(&network, BATCH), &HashMap::new(), OutputKind::Logits);
    let first = lower::part(&network, BATCH, Part { from: None, to: Some(cut) }, &NONE);
    let held = output(&first, &HashMap::new(), OutputKind::Cut);
    let probes = deletions(&network, &sites(&network), 1);
    let second = lower::part(&network, BATCH, Part { from: Some(cut), to: None }, &probes);
    let given = HashMap::from([(Role::Cut, held)]);
    assert!(distance(&output(&second, &given, OutputKind::Logits), &whole) < 1e-12);
    assert!(distance(&run(&second, &given), &whole) < 1e-5);
}

#[test]
fn without_probes_a_program_is_the_plain_one() {
    let network = spec("preact", &[("depth", "14")]);
    let plain = format!("{:?}", lower::inference(&network, BATCH));
    let part = format!("{:?}", lower::part(&network, BATCH, Part::WHOLE, &NONE));
    assert_eq!(plain, part);
}
