//! Both engines against the f64 interpreter on whole networks.

use rnetc::engine::cpu::CpuEngine;
use rnetc::engine::{Engine, Executable};
use rnetc::gradcheck;
use rnetc::graph::{InputId, Program, interp};
use rnetc::lower;
use rnetc::sema;
use rnetc::sema::network::Network;
use rnetc::source::Source;

fn network(spec: &str, depth: usize) -> Network {
    let path = format!("specs/{spec}.rnet");
    let text = std::fs::read_to_string(&path).expect("the spec is there");
    let settings = [("depth".to_string(), depth.to_string())];
    sema::compile(&Source::new(path, text), &settings).expect("the spec is right").network
}

fn load(executable: &mut dyn Executable, inputs: &interp::Inputs) {
    for (input, values) in inputs {
        let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
        // Inputs that the program does not read are refused, and do not matter.
        let _ = executable.write(*input, &values);
    }
}

/// Inputs rounded to f32, so that interpreter and engine start from the same numbers.
fn inputs(network: &Network, program: &Program) -> interp::Inputs {
    let mut inputs = gradcheck::random_inputs(network, program, 3);
    inputs.values_mut().flatten().for_each(|v| *v = f64::from(*v as f32));
    inputs
}

fn relative(have: &[f32], want: &[f64]) -> f64 {
    let difference: f64 = have.iter().zip(want).map(|(&h, w)| (f64::from(h) - w).powi(2)).sum();
    let norm: f64 = want.iter().map(|w| w * w).sum();
    (difference / norm.max(1e-30)).sqrt()
}

#[test]
fn resnet_20() {
    let network = network("preact", 20);
    let program = lower::gradients(&network, 4);
    let inputs = inputs(&network, &program);
    let (want, _) = interp::run(&program, &inputs);
    let mut executable =
        CpuEngine::new(Some(2)).expect("a CPU").compile(&program).expect("compiles");
    load(executable.as_mut(), &inputs);
    executable.run().expect("runs");
    let mut worst = 0.0f64;
    for (index, (output, want)) in program.outputs.iter().zip(&want).enumerate() {
        let have = executable.output(index).expect("an output");
        let error = relative(&have, want);
        if index < 2 || error > worst {
            println!("{} {error:.2e}", output.name);
        }
        worst = worst.max(error);
    }
    let _ = InputId(0);
    println!("worst {worst:e}");
}

#[test]
fn grads() {
    for spec in ["preact", "original", "plain", "exclusive_gate"] {
        let n = network(spec, 8);
        let t = std::time::Instant::now();
        let worst = gradcheck::check(&n, 2, 1)
            .into_iter()
            .max_by(|a, b| a.relative_error().total_cmp(&b.relative_error()))
            .unwrap();
        println!("{spec} {:?} {:e} {:?}", worst, worst.relative_error(), t.elapsed());
    }
}
