//! Paths by enumeration, and the formulas by counting.

use rnetc::data::dataset::Stored;
use rnetc::data::normalise::Normalisation;
use rnetc::data::{Extent, Pictures};
use rnetc::dissect::paths::check::{self, Check};
use rnetc::dissect::paths::gradient::{Along, Gradients, forks};
use rnetc::dissect::paths::{exact, lengths, sampled};
use rnetc::dissect::probes::{branch, branches};
use rnetc::engine::Precision;
use rnetc::engine::cpu::CpuEngine;
use rnetc::graph::{OutputKind, QuantityId, Role};
use rnetc::lower::probes::{NONE, Pass};
use rnetc::lower::{self, Wanted};
use rnetc::network::Network;
use rnetc::network::anatomy::sites;
use rnetc::train::tensors::{self, Values};
use std::collections::HashMap;

use super::support::*;

const UNITS: [(&str, &str); 4] = [
    (
        "pre-activation",
        "F = bn -> relu -> conv(3x3, w, stride: s) -> bn -> relu -> conv(3x3, w)
        h = shortcut(w, stride: s)  y = h(x) + F(x)",
    ),
    (
        "original",
        "F = conv(3x3, w, stride: s) -> bn -> relu -> conv(3x3, w) -> bn
        h = shortcut(w, stride: s)  y = h(x) + F(x)  f = relu",
    ),
    (
        "gated",
        "F = conv(3x3, w, stride: s) -> tanh  h = shortcut(w, stride: s)
        g = conv(1x1, w, stride: s, bias: -1) -> sigmoid
        y = (1 - g(x)) * h(x) + g(x) * F(x)",
    ),
    (
        "shared activation",
        "a = (bn -> relu)(x)  F = conv(3x3, w, stride: s)
        h = shortcut(w, stride: s)  y = h(a) - F(a)",
    ),
];

fn net(unit: &str) -> Network {
    compile(&format!(
        "// allow W0002 W0003: for a test
        unit u(w, stride = 1) {{ let s = stride {unit} }}
        net n {{ input(3, 6, 6) -> conv(3x3, 4) -> u(4) * 2 -> u(5, stride: 2) -> u(5)
            -> global_avg_pool -> linear(3) }}"
    ))
}

fn values(network: &Network) -> Values {
    let value = |t: &tensors::Tensor| {
        let numbers = state(&t.name, t.shape.len());
        (t.name.clone(), numbers.iter().map(|&v| v as f32).collect())
    };
    tensors::of(network).iter().map(value).collect()
}

fn pictures(extent: Extent, count: usize) -> (Stored, Normalisation) {
    let pixels: Vec<u8> = numbers("pixels", count * extent.bytes())
        .iter()
        .map(|u| (128.0 + 127.0 * u) as u8)
        .collect();
    let labels = (0..count).map(|n| (n % 3) as u8).collect();
    let channels = extent.channels;
    let normalisation = Normalisation { mean: vec![128.0; channels], std: vec![64.0; channels] };
    (Stored::new(extent, pixels, labels).expect("they fit"), normalisation)
}

#[test]
fn gradients_along_all_paths_add_up_in_f64() {
    for (name, unit) in UNITS {
        let network = net(unit);
        let sites = sites(&network);
        let wanted =
            Wanted { gradients: vec![(QuantityId(0), network.input)], ..Wanted::default() };
        let plain = lower::forward_and_backward(&network, 1, &NONE, &wanted);
        let real = output(&plain, &HashMap::new(), OutputKind::Quantity(QuantityId(0)));
        // One image of the batch a path.
        let probes = branches(&sites, Pass::Backward);
        let masked = lower::forward_and_backward(&network, 1, &probes, &wanted);
        let mut sum = vec![0.0; real.len()];
        for path in 0..1usize << sites.len() {
            let mut masks = HashMap::new();
            for site in 0..sites.len() {
                let through = f64::from(path as u8 >> site & 1);
                let [residual, shortcut] = branch(site).map(Role::Probe);
                masks.insert(residual, vec![through]);
                masks.insert(shortcut, vec![1.0 - through]);
            }
            let part = output(&masked, &masks, OutputKind::Quantity(QuantityId(0)));
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        assert!(distance(&sum, &real) < 1e-12, "{name}: {:.1e}", distance(&sum, &real));
        // The forward pass is as ever, whatever the masks are.
        let zero = HashMap::from([(Role::Probe(branch(1)[0]), vec![0.0])]);
        assert_eq!(
            output(&masked, &zero, OutputKind::Logits),
            output(&plain, &HashMap::new(), OutputKind::Logits)
        );
        assert!(
            distance(&output(&masked, &zero, OutputKind::Quantity(QuantityId(0))), &real) > 1e-6,
            "{name}"
        );
    }
}

#[test]
fn the_engine_finds_the_same_sum_and_a_boost_changes_nothing() {
    let engine = CpuEngine::new(Some(2), Precision::F32).expect("every machine has a CPU");
    let extent = Extent { rows: 6, columns: 6, channels: 3 };
    let (stored, normalisation) = pictures(extent, 4);
    for (name, unit) in UNITS {
        let network = net(unit);
        let (sites, values) = (sites(&network), values(&network));
        assert_eq!(forks(&sites).len(), 4, "{name}");
        let of = (&stored as &dyn Pictures, &normalisation);
        let mut gradients =
            Gradients::new(&engine, &network, &sites, &values, of, 6).expect("it compiles");
        let exact = exact::gradient(&mut gradients, 2, &|| false).unwrap().unwrap();
        assert!(exact.relative_error < 1e-4, "{name}: {:.1e}", exact.relative_error);
        assert!(exact.norm > 1e-3 && exact.by_length.len() == 5, "{name}");
        let long = [true, true, false, true];
        let path = [Along { picture: 1, through: Some(&long) }];
        let before = gradients.norms(&path).unwrap()[0];
        gradients.boost(5);
        let after = gradients.norms(&path).unwrap()[0];
        assert!((before - after).abs() < 1e-5, "{name}: {before} {after}");
    }
}

#[test]
fn sampled_lengths_meet_enumeration() {
    let engine = CpuEngine::new(Some(2), Precision::F32).expect("every machine has a CPU");
    let extent = Extent { rows: 6, columns: 6, channels: 3 };
    let (stored, normalisation) = pictures(extent, 1);
    let network = net(UNITS[0].1);
    let (sites, values) = (sites(&network), values(&network));
    let of = (&stored as &dyn Pictures, &normalisation);
    let mut gradients = Gradients::new(&engine, &network, &sites, &values, of, 16).unwrap();
    let exact = exact::gradient(&mut gradients, 0, &|| false).unwrap().unwrap();
    gradients.calibrate(0).unwrap();
    let paths = [1.0, 4.0, 6.0, 4.0, 1.0];
    for (length, &paths) in paths.iter().enumerate() {
        let asked = (length, 400);
        let found = sampled::measure(&mut gradients, asked, 1, &|| false).unwrap().unwrap();
        assert_eq!(found.samples, 400);
        let mean = 10f64.powf(found.log10_mean.unwrap());
        let want = exact.by_length[length][0] / paths;
        // Lengths 0 and 4 have one path; the others are drawn from 4 or 6.
        let tolerance = if paths == 1.0 { 1e-4 } else { 0.25 };
        assert!((mean / want - 1.0).abs() < tolerance, "{length}: {mean} {want}");
    }
}

#[test]
fn a_linear_net_is_the_sum_of_its_paths() {
    let engine = CpuEngine::new(Some(2), Precision::F32).expect("every machine has a CPU");
    let error = |unit: &str| {
        let network = net(unit);
        let (sites, values) = (sites(&network), values(&network));
        let x: Vec<f32> = numbers("x", 4 * 6 * 6).iter().map(|&v| v as f32).collect();
        exact::forward(&engine, &network, &sites, &values, &x, &|| false).unwrap().unwrap()
    };
    let linear = "F = conv(3x3, w, stride: s) -> conv(1x1, w)  h = shortcut(w, stride: s)
        y = h(x) + F(x)";
    let affine = "F = bn -> conv(3x3, w, stride: s, bias: 1) -> bn  h = shortcut(w, stride: s)
        y = h(x) + F(x)";
    assert!(error(linear) < 1e-5, "{}", error(linear));
    assert!(error(affine) < 1e-5, "{}", error(affine));
    assert!(error(UNITS[0].1) > 1e-2, "{}", error(UNITS[0].1));
}

#[test]
fn formulas_meet_counting() {
    for n in 0..=12usize {
        let mut by_length = vec![0u32; n + 1];
        for path in 0..1u32 << n {
            by_length[path.count_ones() as usize] += 1;
        }
        for (x, &count) in by_length.iter().enumerate() {
            let share = f64::from(count) / f64::from(1u32 << n);
            assert!((lengths::share(n, x) - share).abs() < 1e-12);
            for d in 0..=n {
                // A path is left if it avoids F in the first d units, whichever d are deleted.
                let left = (0..1u32 << n)
                    .filter(|p| p.count_ones() as usize == x && p & ((1 << d) - 1) == 0)
                    .count();
                let want = left as f64 / f64::from(count);
                assert!((lengths::left(n, d, x) - want).abs() < 1e-12, "{n} {d} {x}");
            }
        }
    }
}

#[test]
fn the_papers_figures_for_54_units() {
    let [mean, deviation] = lengths::moments(54);
    assert_eq!(mean, 27.0);
    assert!((deviation - 3.67).abs() < 0.01);
    assert!((lengths::share_between(54, 19..=35) - 0.980).abs() < 1e-3);
    assert!((lengths::share_between(54, 5..=17) - 0.0045).abs() < 1e-4);
    let table =
        [(5, [0.907, 0.343, 0.088]), (11, [0.796, 0.080, 0.0030]), (17, [0.685, 0.0146, 5e-5])];
    for (x, want) in table {
        for (d, want) in [1, 10, 20].into_iter().zip(want) {
            let have = lengths::left(54, d, x);
            assert!((have / want - 1.0).abs() < 0.1, "{x} {d}: {have}, not {want}");
        }
    }
    assert_eq!(lengths::paths(54), "2^54");
    assert_eq!(lengths::paths(3), "8");
}

/// The report on one unit definition over so many pictures, in batches of so many.
fn report_in(unit: &str, pictures: usize, batch: usize) -> check::Report {
    let engine = CpuEngine::new(Some(2), Precision::F32).expect("every machine has a CPU");
    let network = net(unit);
    let (sites, values) = (sites(&network), values(&network));
    let mut check = Check::new(&engine, &network, &sites, &values, batch).expect("it compiles");
    let all: Vec<f32> = numbers("images", pictures * 108).iter().map(|&v| v as f32).collect();
    for (number, own) in all.chunks(batch * 108).enumerate() {
        let mut images = own.to_vec();
        // What fills the last batch up must not count.
        images.resize(batch * 108, 3.0);
        let count = own.len() / 108;
        let mut targets = vec![0.0; batch * 3];
        (0..count).for_each(|n| targets[n * 3 + (number * batch + n) * 2 % 3] = 1.0);
        check.add((&images, &targets), count).expect("it runs");
    }
    check.report()
}

/// The report on one unit definition.
fn report(unit: &str) -> check::Report {
    report_in(unit, 2, 2)
}

#[test]
fn batches_add_up_to_what_one_batch_of_all_pictures_gives() {
    let scaled = "F = bn -> relu -> conv(3x3, w, stride: s)  h = shortcut(w, stride: s)
         y = 0.5 * h(x) + F(x)";
    for unit in UNITS.map(|(_, unit)| unit).into_iter().chain([scaled]) {
        let [whole, parts] = [7, 3].map(|batch| report_in(unit, 7, batch));
        let near = |a: f64, b: f64| (a - b).abs() < 1e-4 * b.abs() + 2e-6;
        let both = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => near(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        for (a, b) in parts.units.iter().zip(&whole.units) {
            let same = both(a.residual_ratio, b.residual_ratio)
                && both(a.cut_off, b.cut_off)
                && both(a.lambda, b.lambda)
                && both(a.weighted_term, b.weighted_term)
                && both(a.cosine, b.cosine)
                && both(a.chain_error, b.chain_error)
                && near(a.gradient, b.gradient)
                && near(a.gradient_through_residuals, b.gradient_through_residuals)
                && (0..3).all(|k| both(a.gate.map(|g| g[k]), b.gate.map(|g| g[k])));
            assert!(same, "{unit}\n{a:?}\n{b:?}");
        }
        for (a, b) in parts.stages.iter().zip(&whole.stages) {
            let same = near(a.sum_error, b.sum_error)
                && near(a.lambda_product, b.lambda_product)
                && near(a.direct_term, b.direct_term);
            assert!(same, "{unit}\n{a:?}\n{b:?}");
        }
        // Elsewhere each batch has λ of its own.
        if unit == scaled || unit == UNITS[0].1 {
            let errors = |report: &check::Report| report.stages[0].scaled_sum_error;
            assert!(near(errors(&parts), errors(&whole)), "{unit}");
        }
    }
}

#[test]
fn equations_4_and_5_hold_with_identities_and_not_with_a_relu() {
    let clean = report(UNITS[0].1);
    assert_eq!(clean.stages.iter().map(|s| s.units).collect::<Vec<_>>(), [[1, 2], [4, 4]]);
    assert_eq!(clean.clean, 3);
    for stage in &clean.stages {
        assert!(stage.sum_error < 1e-5, "{stage:?}");
        assert!((stage.lambda_product - 1.0).abs() < 1e-5);
    }
    for unit in clean.units.iter().filter(|unit| unit.unit != 3) {
        assert!(unit.chain_error.unwrap() < 1e-5, "{unit:?}");
        assert!(unit.residual_ratio.unwrap() > 0.0 && unit.cut_off.is_none());
        assert!(unit.gradient_through_residuals > 0.0);
    }
    let cut = report(UNITS[1].1);
    assert!(cut.stages.iter().any(|stage| stage.sum_error > 1e-2), "{:?}", cut.stages);
    assert!(cut.units.iter().all(|unit| unit.cut_off.unwrap() > 0.0));
    assert!(cut.units.iter().any(|unit| unit.chain_error.is_some_and(|e| e > 1e-2)));
    assert_eq!(cut.clean, 0);
}

#[test]
fn equation_6_holds_with_scaled_shortcuts() {
    let scaled = report(
        "F = bn -> relu -> conv(3x3, w, stride: s)  h = shortcut(w, stride: s)
         y = 0.5 * h(x) + F(x)",
    );
    let [first, _] = scaled.stages.as_slice() else { panic!("{:?}", scaled.stages) };
    assert!((first.lambda_product - 0.25).abs() < 1e-5);
    assert!(first.scaled_sum_error < 1e-5 && first.sum_error > 1e-2, "{first:?}");
    // Gates that start at σ(−1): two a stage and one where the shape changes.
    let gated = report(UNITS[2].1);
    let open = 1.0 / (1.0 + (-1f64).exp());
    assert!((gated.initial_gates.unwrap() - open.powi(4)).abs() < 1e-12);
}

#[test]
fn equation_9_an_activation_on_fs_side_alone_is_pre_activation() {
    let preact = net(UNITS[0].1);
    let asymmetric =
        net("a = (bn -> relu)(x)  F = conv(3x3, w, stride: s) -> bn -> relu -> conv(3x3, w)
         h = shortcut(w, stride: s)  y = h(x) + F(a)");
    let (p, a) = (lower::inference(&preact, 2), lower::inference(&asymmetric, 2));
    // The same tensors in the same order, under other names.
    let values = inputs(&p, &HashMap::new());
    let shapes = |program: &rnetc::graph::Program| -> Vec<_> {
        program.graph.inputs.iter().map(|input| input.ty).collect()
    };
    let order = |network: &Network, program: &rnetc::graph::Program| -> Vec<usize> {
        // By where each module is first used.
        let mut seen = Vec::new();
        for value in &network.values {
            use rnetc::network::Layer;
            if let Layer::Conv { module, .. }
            | Layer::BatchNorm { module, .. }
            | Layer::Linear { module } = value.layer
            {
                let name = format!("{}.", network.module(module).name);
                for (at, input) in program.graph.inputs.iter().enumerate() {
                    if input.name.starts_with(&name) && !seen.contains(&at) {
                        seen.push(at);
                    }
                }
            }
        }
        seen
    };
    let mut shared = inputs(&a, &HashMap::new());
    for (from, to) in order(&preact, &p).into_iter().zip(order(&asymmetric, &a)) {
        assert_eq!(shapes(&p)[from], shapes(&a)[to]);
        let value = values[&rnetc::graph::InputId(from as u32)].clone();
        shared.insert(rnetc::graph::InputId(to as u32), value);
    }
    let one = rnetc::graph::interp::run(&p, &values).0.swap_remove(0);
    let other = rnetc::graph::interp::run(&a, &shared).0.swap_remove(0);
    assert_eq!(one, other);
}
