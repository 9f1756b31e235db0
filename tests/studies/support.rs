//! Small nets, and the interpreter on them.

use std::collections::HashMap;

use rnetc::graph::interp::{self, Inputs};
use rnetc::graph::{InputId, OutputKind, Program, Role};
use rnetc::network::Network;
use rnetc::sema;
use rnetc::source::Source;

/// Compiles a text.
pub fn compile(text: &str) -> Network {
    let compiled = sema::compile(&Source::new("test", text), &[]);
    compiled.unwrap_or_else(|errors| panic!("{text}\n{errors:#?}")).network
}

/// A spec of the project under settings.
pub fn spec(name: &str, settings: &[(&str, &str)]) -> Network {
    let path = format!("{}/specs/{name}.rnet", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the spec is there");
    let settings: Vec<(String, String)> =
        settings.iter().map(|&(k, v)| (k.to_string(), v.to_string())).collect();
    sema::compile(&Source::new(name, text), &settings).expect("it compiles").network
}

/// Numbers in [−1, 1) that depend on a name and a position only (FNV-1a and SplitMix64).
pub fn numbers(name: &str, len: usize) -> Vec<f64> {
    let start = name.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (0..len as u64)
        .map(|i| {
            let z = start.wrapping_add((i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 40) as f64 / (1u64 << 23) as f64 - 1.0
        })
        .collect()
}

/// The value of a state tensor: the same for the same name in any net.
pub fn state(name: &str, len: usize) -> Vec<f64> {
    let spread = numbers(name, len);
    let around = |middle: f64, width: f64| spread.iter().map(|u| middle + width * u).collect();
    match name.rsplit('.').next() {
        Some("running_var") => around(1.0, 0.5),
        Some("running_mean") => around(0.0, 0.3),
        Some("bias") => around(0.0, 0.3),
        // Scales of batch norms have few elements and stand near 1.
        Some("weight") if name.contains("bn") => around(1.0, 0.4),
        _ => around(0.0, 0.5),
    }
}

/// What is given of a program's inputs.
pub type Given = HashMap<Role, Vec<f64>>;

/// Every input; probes that are not given are 1.
pub fn inputs(program: &Program, probes: &Given) -> Inputs {
    let value = |at: usize| {
        let input = &program.graph.inputs[at];
        let len = input.ty.shape.len();
        match input.role {
            Role::LossScale | Role::GoodSteps => vec![1024.0; len],
            Role::Filled(_) => vec![0.5; input.ty.shape.len()],
            Role::Probe(_) | Role::Cut => {
                probes.get(&input.role).cloned().unwrap_or(vec![1.0; len])
            }
            Role::Targets => {
                let classes = input.ty.shape.0[3];
                (0..len)
                    .map(|i| f64::from(u8::from(i % classes == i / classes % classes)))
                    .collect()
            }
            _ => state(&input.name, len),
        }
    };
    (0..program.graph.inputs.len()).map(|at| (InputId(at as u32), value(at))).collect()
}

/// An output of a program on those inputs.
pub fn output(program: &Program, probes: &Given, kind: OutputKind) -> Vec<f64> {
    let at = program.position(kind).expect("there is that output");
    interp::run(program, &inputs(program, probes)).0.swap_remove(at)
}

/// Largest difference, over the largest number.
pub fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    let scale = b.iter().fold(1e-300f64, |m, v| m.max(v.abs()));
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / scale
}
