//! Gradients against central finite differences in f64.

use rnetc::graph::interp::{self, Inputs};
use rnetc::graph::verify::verify;
use rnetc::graph::{InputId, OutputKind, Program};

use super::compare::largest;

/// The truncation error of a central difference is h²/6·f‴, about 2e-11·f‴; rounding adds about
/// 1e-16·f/h = 1e-11·f.
const STEP: f64 = 1e-5;
/// Relative to the largest element of the gradient.
const TOLERANCE: f64 = 1e-6;
/// Gradients smaller than this count as this large.
const FLOOR: f64 = 1e-3;

/// Checks each gradient against differences of the loss, at up to
/// `elements` places per input.
pub fn check(program: &Program, inputs: &Inputs, elements: usize) -> Result<(), String> {
    verify(program).map_err(|e| format!("{}: {}", e.node, e.reason))?;
    let (outputs, _) = interp::run(program, inputs);
    let loss = only_loss(program);
    let mut checked = 0;
    for (output, gradient) in program.outputs.iter().zip(&outputs) {
        let OutputKind::Gradient(input) = output.kind else { continue };
        let name = &program.graph.input(input).name;
        check_input(&loss, inputs, (name, input), gradient, elements)?;
        checked += 1;
    }
    if checked == 0 { Err("no gradient to check".into()) } else { Ok(()) }
}

fn check_input(
    loss: &Program,
    inputs: &Inputs,
    (name, input): (&str, InputId),
    gradient: &[f64],
    elements: usize,
) -> Result<(), String> {
    let mut inputs = inputs.clone();
    let scale = largest(gradient).max(FLOOR);
    for at in places(gradient.len(), elements) {
        let estimate = central(loss, &mut inputs, input, at);
        let error = (estimate - gradient[at]).abs() / scale.max(estimate.abs());
        if error.is_nan() || error > TOLERANCE {
            let got = gradient[at];
            return Err(format!(
                "the gradient of {name}[{at}] is {got}, differences give {estimate}"
            ));
        }
    }
    Ok(())
}

/// `(f(x + h) − f(x − h)) / 2h` along one element of one input.
fn central(loss: &Program, inputs: &mut Inputs, input: InputId, at: usize) -> f64 {
    let x = inputs[&input][at];
    let mut value = |x: f64| {
        if let Some(values) = inputs.get_mut(&input) {
            values[at] = x;
        }
        interp::run(loss, inputs).0[0][0]
    };
    let (above, below) = (x + STEP, x - STEP);
    let slope = (value(above) - value(below)) / (above - below);
    value(x);
    slope
}

/// Up to `limit` places spread over `0..len`, the first and the last among them.
fn places(len: usize, limit: usize) -> Vec<usize> {
    if len <= limit {
        return (0..len).collect();
    }
    (0..limit).map(|i| i * (len - 1) / (limit - 1)).collect()
}

/// The part of a program that computes its loss.
fn only_loss(program: &Program) -> Program {
    let mut loss = program.clone();
    loss.outputs.retain(|output| output.kind == OutputKind::Loss);
    assert_eq!(loss.outputs.len(), 1, "one loss");
    loss.updates.clear();
    rnetc::passes::run(rnetc::passes::Mode::Training, &loss)
}

/// The input of this name.
pub fn input_named(program: &Program, name: &str) -> Result<InputId, String> {
    let position = program.graph.inputs.iter().position(|i| i.name == name);
    position.map(|p| InputId(p as u32)).ok_or_else(|| format!("no input {name}"))
}
