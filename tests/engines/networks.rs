//! Loss, logits, gradients and predictions of every spec.

use rnetc::gradcheck;
use rnetc::graph::interp;
use rnetc::lower;

use crate::support::{SPECS, calm_inputs, distance, engines, inputs, load, network};

/// f32 against f64 where no ReLU changes sides.
const GRADIENT: f64 = 1e-4;
const LOGITS: f64 = 1e-4;
const LOSS: f64 = 1e-5;

fn forward_and_backward(spec: &str, depth: usize, batch: usize) {
    let network = network(spec, depth);
    let program = lower::gradients(&network, batch);
    let inputs = calm_inputs(&network, &program);
    let (want, _) = interp::run(&program, &inputs);
    for engine in engines() {
        let mut executable = load(engine.as_ref(), &program, &inputs);
        executable.run().expect("runs");
        for (index, (output, want)) in program.outputs.iter().zip(&want).enumerate() {
            let error = distance(&executable.output(index).expect("an output"), want);
            let bound = match output.name.as_str() {
                "loss" => LOSS,
                "logits" => LOGITS,
                _ => GRADIENT,
            };
            let device = engine.device();
            assert!(error < bound, "{spec} on {device:?}: {} is off by {error:.1e}", output.name);
        }
    }
}

#[test]
fn resnet_20() {
    forward_and_backward("preact", 20, 4);
}

#[test]
fn every_spec() {
    for (spec, depth) in SPECS {
        // An odd number of images: no multiple of any tile.
        forward_and_backward(spec, depth, 3);
    }
}

#[test]
fn inference() {
    for (spec, depth) in SPECS {
        let network = network(spec, depth);
        let program = lower::inference(&network, 5);
        let inputs = inputs(&network, &program, 3);
        let (want, _) = interp::run(&program, &inputs);
        for engine in engines() {
            let mut executable = load(engine.as_ref(), &program, &inputs);
            executable.run().expect("runs");
            let error = distance(&executable.output(0).expect("logits"), &want[0]);
            assert!(error < LOGITS, "{spec} on {:?}: {error:.1e}", engine.device());
        }
    }
}

/// The interpreter's own gradients, against finite differences in f64.
#[test]
fn gradients_of_every_spec() {
    std::thread::scope(|scope| {
        for (spec, depth) in SPECS {
            scope.spawn(move || {
                for check in gradcheck::check(&network(spec, depth), 2, 1) {
                    let error = check.relative_error();
                    // A ReLU that changes sides between the two losses costs this much at most;
                    // the checks of single operations are tighter.
                    assert!(error < 1e-3, "{spec}: {check:?} is off by {error:.1e}");
                }
            });
        }
    });
}
