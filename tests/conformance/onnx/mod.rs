//! ONNX's own node tests: inputs, one operator, and the outputs that its reference computed.

use std::collections::BTreeSet;

use rnetc::engine::Engine;
use rnetc::graph::{interp, verify};

use crate::support::engines;

mod draft;
mod layers;
mod losses;
mod pointwise;
mod read;

use draft::Draft;
use read::{Case, File};

/// Of each element, in f32, plus as much of one.
const TOLERANCE: f64 = 2e-6;

/// Their outputs stand in ONNX with four digits; this is its own tolerance.
const ROUNDED: [&str; 1] = ["test_averagepool_2d_ceil_last_window_starts_on_pad"];

/// The case as graph nodes.
fn draft(case: &Case) -> Draft {
    let mut draft = Draft::default();
    match case.op.as_str() {
        "Conv" => layers::conv(&mut draft, case),
        "ConvTranspose" => layers::conv_transpose(&mut draft, case),
        "BatchNormalization" => layers::batch_norm(&mut draft, case),
        "Gemm" => layers::gemm(&mut draft, case),
        "MatMul" => layers::matmul(&mut draft, case),
        "MaxPool" | "AveragePool" => layers::pool(&mut draft, case),
        "GlobalMaxPool" | "GlobalAveragePool" => layers::global_pool(&mut draft, case),
        "Pad" => layers::pad(&mut draft, case),
        "Slice" => layers::slice(&mut draft, case),
        "SoftmaxCrossEntropyLoss" | "NegativeLogLikelihoodLoss" => losses::loss(&mut draft, case),
        "Momentum" => losses::momentum(&mut draft, case),
        "Softmax" | "LogSoftmax" => pointwise::softmax(&mut draft, case),
        "Max" | "Sum" | "Mean" => pointwise::variadic(&mut draft, case),
        "Add" | "Sub" | "Mul" | "Div" => pointwise::binary(&mut draft, case),
        reduction if reduction.starts_with("Reduce") => pointwise::reduce(&mut draft, case),
        _ => pointwise::unary(&mut draft, case),
    }
    draft
}

fn check(
    on: &str,
    case: &Case,
    have: impl ExactSizeIterator<Item = f64>,
    want: &[f64],
) -> Result<(), String> {
    if have.len() != want.len() {
        return Err(format!("{} on {on}: {} elements, not {}", case.name, have.len(), want.len()));
    }
    let tolerance = if ROUNDED.contains(&case.name.as_str()) { 1e-3 } else { TOLERANCE };
    for (at, (have, want)) in have.zip(want).enumerate() {
        let near = (have - want).abs() <= tolerance * (1.0 + want.abs());
        if !near {
            return Err(format!("{} on {on}: element {at} is {have}, not {want}", case.name));
        }
    }
    Ok(())
}

fn run(case: &Case, engines: &[Box<dyn Engine>]) -> Result<(), String> {
    let (program, inputs, wanted) = draft(case).finish();
    verify::verify(&program).map_err(|broken| format!("{}: {broken:?}", case.name))?;
    let (outputs, _) = interp::run(&program, &inputs);
    for (have, want) in outputs.iter().zip(&wanted) {
        check("interpreter", case, have.iter().copied(), want)?;
    }
    for engine in engines {
        let on = engine.device().engine;
        let refused = |error| format!("{} on {on}: {error}", case.name);
        let mut executable = engine.compile(&program).map_err(refused)?;
        for (id, values) in &inputs {
            let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
            executable.write(*id, &values).map_err(refused)?;
        }
        executable.run().map_err(refused)?;
        for (index, want) in wanted.iter().enumerate() {
            let have = executable.output(index).map_err(refused)?;
            check(on, case, have.into_iter().map(f64::from), want)?;
        }
    }
    Ok(())
}

#[test]
fn every_case_passes_everywhere() {
    let engines = engines();
    let file = File::open();
    let failed: Vec<_> = file.cases.iter().filter_map(|case| run(case, &engines).err()).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(file.cases.len() >= 200, "only {} cases", file.cases.len());
}

/// No case has got lost: each is run above, or skipped for a reason.
#[test]
fn every_case_is_accounted_for() {
    let file = File::open();
    let skipped: Vec<_> = include_str!("skipped.txt").lines().collect();
    let mut seen = BTreeSet::new();
    for line in skipped {
        let (name, reason) = line.split_once(": ").expect("a name and a reason");
        assert!(!reason.trim().is_empty(), "{name} is skipped without a reason");
        assert!(seen.insert(name), "{name} stands there twice");
    }
    for case in &file.cases {
        assert!(seen.insert(&case.name), "{} is both run and skipped, or twice", case.name);
    }
    assert!(seen.iter().copied().eq(file.all.iter().map(String::as_str)));
}
