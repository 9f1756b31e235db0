//! ‖F‖/‖x‖: reports and `paths check` have one number, and it is what F adds to y beside x.

use std::collections::BTreeMap;

use rnetc::dissect::paths::check::{Check, Report};
use rnetc::engine::Precision;
use rnetc::engine::cpu::CpuEngine;
use rnetc::graph::interp;
use rnetc::lower::probes::{NONE, Part};
use rnetc::network::anatomy::{Site, sites};
use rnetc::network::{Network, ValueId};
use rnetc::report::measure::residuals;
use rnetc::train::tensors::{self, Values};
use rnetc::{graph, lower};

use super::support::*;

const BATCH: usize = 2;

/// Every bundled spec with units, small, by name.
fn specs() -> BTreeMap<String, Network> {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/specs")).expect("specs");
    let paths = folder.map(|entry| entry.expect("an entry").path());
    let specs = paths.filter(|path| path.extension().is_some_and(|ending| ending == "rnet"));
    let name = |path: std::path::PathBuf| path.file_stem().expect("one").to_string_lossy().into();
    let small = |name: &String| -> Vec<(&str, &str)> {
        match name.as_str() {
            "vgg" | "vgg_lesion" => vec![("width", "4")],
            "highway" => vec![("depth", "9")],
            "densenet_bc" => vec![("depth", "10")],
            "resnext29" => vec![("depth", "11"), ("groups", "2"), ("base", "8"), ("width", "4")],
            "mobilenetv2" => vec![("width", "0.25"), ("last", "16")],
            "wide" => vec![("depth", "10"), ("widen", "2"), ("width", "4")],
            "airbench94" | "airbench96" | "resnet9" | "preact_resnet18" | "fractal" => {
                vec![("width", "4")]
            }
            "resnet18" => vec![("pixels", "32"), ("width", "4"), ("classes", "10")],
            "resnet_gn" => {
                vec![("depth", "50"), ("pixels", "32"), ("width", "4"), ("groups", "2")]
            }
            name if name.starts_with("imagenet") || name == "resnet_d" => {
                vec![("depth", "50"), ("second", "4"), ("pixels", "32"), ("width", "4")]
            }
            "shakedrop" => vec![("depth", "14"), ("widen", "10")],
            "shake_shake" => vec![("depth", "14"), ("width", "4")],
            "se_preact" => vec![("width", "4"), ("reduction", "4")],
            "cbam" => {
                vec![("pixels", "32"), ("width", "4"), ("reduction", "4"), ("classes", "10")]
            }
            "revnet" => vec![("depth", "26"), ("width", "8"), ("last", "24")],
            name if name.starts_with("bottleneck") => vec![("depth", "20")],
            _ => vec![("depth", "14")],
        }
    };
    let network = |name: String| (name.clone(), spec(&name, &small(&name)));
    let networks = specs.map(name).map(network);
    networks.filter(|(_, network)| !network.units.is_empty()).collect()
}

fn values(network: &Network) -> Values {
    let value = |t: &tensors::Tensor| {
        let numbers = state(&t.name, t.shape.len());
        (t.name.clone(), numbers.iter().map(|&v| v as f32).collect())
    };
    tensors::of(network).iter().map(value).collect()
}

/// What `paths check` finds on one batch.
fn checked(
    engine: &CpuEngine,
    network: &Network,
    sites: &[Site],
    values: &Values,
    data: (&[f32], &[f32]),
) -> Report {
    let mut check = Check::new(engine, network, sites, values, BATCH).expect("it compiles");
    check.add(data, BATCH).expect("it runs");
    check.report()
}

/// ‖F‖/‖x‖ as the report has it, and as `paths check` has it.
fn both(network: &Network) -> [Vec<Option<f64>>; 2] {
    let engine = CpuEngine::new(Some(2), Precision::F32).expect("every machine has a CPU");
    let values = values(network);
    let pixels = BATCH * network.value(network.input).shape.len();
    let images: Vec<f32> = numbers("images", pixels).iter().map(|&v| v as f32).collect();
    let mut targets = vec![0.0; BATCH * network.classes()];
    (0..BATCH).for_each(|image| targets[image * network.classes()] = 1.0);
    let report = residuals(&engine, network, &values, &images).expect("it runs");
    let (sites, data) = (sites(network), (images.as_slice(), targets.as_slice()));
    let check = checked(&engine, network, &sites, &values, data);
    [report, check.units.iter().map(|unit| unit.residual_ratio).collect()]
}

fn agree(what: &str, report: &[Option<f64>], check: &[Option<f64>]) {
    assert_eq!(report.len(), check.len(), "{what}");
    for (report, check) in report.iter().zip(check) {
        match (report, check) {
            // Sums of squares in f32 here, of f32 values in f64 there.
            (Some(a), Some(b)) => {
                assert!((a / b - 1.0).abs() < 1e-4 && *b > 0.0, "{what}: {a} {b}")
            }
            _ => assert_eq!((report, check), (&None, &None), "{what}"),
        }
    }
}

#[test]
fn reports_and_checks_have_the_same_sizes_for_every_spec() {
    for (name, network) in specs() {
        let [report, check] = both(&network);
        assert_eq!(report.len(), network.units.len(), "{name}");
        agree(&name, &report, &check);
        // Nets without shortcuts have nothing to compare.
        if ["airbench96", "resnet9", "mobilenetv2"].contains(&name.as_str()) {
            // Some units have a shortcut and an F, and some do not.
            assert!(report.iter().any(Option::is_some) && report.iter().any(Option::is_none));
            continue;
        }
        let plain = ["airbench94", "plain", "vgg_lesion", "densenet_bc", "fractal"]
            .contains(&name.as_str());
        assert!(report.iter().all(|ratio| ratio.is_none() == plain), "{name}: {report:?}");
    }
}

#[test]
fn so_they_have_for_nested_units_and_differences() {
    for unit in [
        "y = x + (inner -> inner)(x)",
        "y = x + (cut -> cut)(x)",
        "y = x - F(x) / 2 + G(x)",
        "y = 2 * (F(x) - x)",
    ] {
        let network = compile(&format!(
            "// allow W0001 W0002 W0003: for a test
            unit inner {{ F = conv(3x3, 4)  y = x + F(x) }}
            unit cut {{ F = conv(3x3, 4)  y = x - F(x)  f = relu }}
            unit u {{ F = bn -> conv(3x3, 4)  G = conv(3x3, 4) -> tanh  {unit} }}
            net n {{ input(3, 6, 6) -> conv(3x3, 4) -> u * 2 -> global_avg_pool -> linear(2) }}"
        ));
        let [report, check] = both(&network);
        agree(unit, &report, &check);
        assert!(report.iter().all(Option::is_some), "{unit}");
    }
}

/// The norm of a value over the test's pictures, by the interpreter.
fn norm(network: &Network, value: ValueId) -> f64 {
    let part = Part { from: None, to: Some(value) };
    let program: graph::Program = lower::part(network, BATCH, part, &NONE);
    let (outputs, _) = interp::run(&program, &inputs_for_sizes(&program));
    outputs[0].iter().map(|v| v * v).sum::<f64>().sqrt()
}

fn inputs_for_sizes(program: &graph::Program) -> interp::Inputs {
    let mut all = inputs(program, &Default::default());
    for (at, input) in program.graph.inputs.iter().enumerate() {
        if input.role == graph::Role::Images {
            all.insert(graph::InputId(at as u32), numbers("images", input.ty.shape.len()));
        }
    }
    all
}

/// F's contribution is read off the spec's text here: the argument of y's addition.
#[test]
fn f_is_taken_as_it_is_added() {
    for (name, side) in
        [("original", 1), ("constant_scaling", 1), ("exclusive_gate", 1), ("highway", 0)]
    {
        let network = &specs()[name];
        let [report, _] = both(network);
        for (unit, ratio) in network.units.iter().zip(report) {
            let added = network.value(unit.sum).args[side];
            let want = norm(network, added) / norm(network, unit.input);
            let have = ratio.expect("a shortcut");
            assert!((have / want - 1.0).abs() < 1e-3, "{name}: {have}, not {want}");
        }
    }
}

/// Equation (4) holds for y = x − F(x) too, where what F adds is −F(x), and equation (5) with it.
#[test]
fn equations_mind_the_sign_of_f() {
    let engine = CpuEngine::new(Some(2), Precision::F32).expect("every machine has a CPU");
    let network = compile(
        "unit u { F = bn -> relu -> conv(3x3, 4)  y = x - 0.5 * F(x) }
         net n { input(3, 6, 6) -> conv(3x3, 4) -> u * 3 -> global_avg_pool -> linear(2) }",
    );
    let images: Vec<f32> = numbers("images", BATCH * 108).iter().map(|&v| v as f32).collect();
    let data = (images.as_slice(), &[1.0, 0.0, 0.0, 1.0][..]);
    let (sites, values) = (sites(&network), values(&network));
    let report = checked(&engine, &network, &sites, &values, data);
    assert!(report.stages[0].sum_error < 1e-5, "{:?}", report.stages);
    assert!(report.units.iter().all(|unit| unit.chain_error.unwrap() < 1e-5), "{:?}", report.units);
}
