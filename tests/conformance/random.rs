//! Small nets drawn at random, the same ones in each run: forward, and for every fourth the
//! gradients of Σ y² (a software adapter takes long to compile many kernels).

use rnetc::engine::Engine;
use rnetc::graph::interp::{self, Inputs};
use rnetc::graph::{InputId, NodeId, PoolGeometry, Program, Unary, random, verify};
use rnetc::sema::network::PoolKind;

use crate::compare::start;
use crate::nets::Net;
use crate::support::engines;

/// Nets of a run.
const NETS: u32 = 200;
/// f32 after a few layers, of the larger of a result and a millionth of the largest one.
const TOLERANCE: f64 = 1e-4;

/// Numbers drawn from a seed, one after another.
struct Dice {
    key: u32,
    drawn: u32,
}

impl Dice {
    fn new(seed: u32) -> Self {
        Self { key: random::key(seed, 99), drawn: 0 }
    }

    fn below(&mut self, n: usize) -> usize {
        self.drawn += 1;
        ((random::uniform(self.key, self.drawn) * n as f32) as usize).min(n - 1)
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// One more layer, as it fits what comes before.
fn layer(net: &mut Net, dice: &mut Dice, x: NodeId) -> NodeId {
    let [n, h, w, c] = net.b.ty(x).shape.0;
    // Batch norm over a few elements would blow up rounding.
    let normalises = n * h * w >= 12;
    match dice.below(9) {
        0 | 1 => {
            let (width, kernel) = (dice.one_of(&[1, 3, 4, 5, 8, 12]), dice.one_of(&[1, 3, 5]));
            let stride = dice.one_of(&[1, 1, 2]);
            net.conv(x, width, kernel, stride)
        }
        2 if normalises => net.bn_relu(x),
        3 if normalises => net.preact(x, c, 1),
        4 if normalises && h > 2 && w > 2 => net.preact(x, 2 * c, 2),
        5 if normalises => net.gated(x, c),
        6 => {
            let kind = dice.one_of(&[PoolKind::Max, PoolKind::Avg]);
            let window = dice.one_of(&[2, 3]).min(h).min(w);
            let (stride, padding) = (dice.one_of(&[1, 2]), window / 2);
            let geometry = PoolGeometry { kind, input: [h, w], window, stride, padding };
            net.b.pool(geometry, x)
        }
        7 => {
            let y = net.b.unary(dice.one_of(&[Unary::Tanh, Unary::Sigmoid, Unary::Relu]), x);
            net.b.add(x, y)
        }
        _ => {
            let (a, b) = (net.conv(x, c, 1, 1), net.conv(x, c, 3, 1));
            net.b.mul(a, b)
        }
    }
}

fn drawn(seed: u32) -> Program {
    let mut dice = Dice::new(seed);
    let mut net = Net::new(dice.one_of(&[1, 1, 2, 3, 5]));
    let [rows, columns] = [0, 1].map(|_| dice.one_of(&[1, 3, 4, 5, 7]));
    let channels = dice.one_of(&[1, 1, 2, 3, 4, 6]);
    let mut x = net.images([rows, columns, channels]);
    for _ in 0..=dice.below(2) {
        x = layer(&mut net, &mut dice, x);
    }
    if seed.is_multiple_of(4) { net.differentiated(x) } else { net.forward(x) }
}

fn norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|v| v * v).sum::<f64>().sqrt()
}

fn agrees(seed: u32, program: &Program, engine: &dyn Engine) -> Result<(), String> {
    let first = start(program);
    let double = |v: &Vec<f32>| v.iter().map(|&v| f64::from(v)).collect();
    let inputs: Inputs =
        first.iter().enumerate().map(|(at, v)| (InputId(at as u32), double(v))).collect();
    let (outputs, updates) = interp::run(program, &inputs);
    let on = engine.device().engine;
    let failed = |error| format!("net {seed} on {on}: {error}");
    let mut executable = engine.compile(program).map_err(failed)?;
    for (at, values) in first.iter().enumerate() {
        executable.write(InputId(at as u32), values).map_err(failed)?;
    }
    executable.run().map_err(failed)?;
    let mut pairs = Vec::new();
    for (index, want) in outputs.iter().enumerate() {
        pairs.push((executable.output(index).map_err(failed)?, want));
    }
    for (input, want) in &updates {
        pairs.push((executable.state(*input).map_err(failed)?, want));
    }
    let largest = pairs.iter().map(|(_, want)| norm(want.iter().copied())).fold(0.0, f64::max);
    for (at, (have, want)) in pairs.into_iter().enumerate() {
        let apart = norm(have.iter().zip(want).map(|(&h, w)| f64::from(h) - w));
        let size = norm(want.iter().copied()).max(1e-6 * largest);
        let near = have.len() == want.len() && apart <= TOLERANCE * size;
        if !near {
            return Err(format!("net {seed} on {on}: result {at} is off by {apart:.1e} of {size}"));
        }
    }
    Ok(())
}

#[test]
fn two_hundred_nets() {
    let engines = engines();
    let mut failed = Vec::new();
    for seed in 0..NETS {
        let program = drawn(seed);
        verify::verify(&program).expect("a valid program");
        let errors = engines.iter().filter_map(|e| agrees(seed, &program, e.as_ref()).err());
        failed.extend(errors);
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
