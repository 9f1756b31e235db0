//! Whole nets with contractions planned for AMX tiles, on any machine with AVX-512: where there
//! are no tiles, `simd::tiles::tests` multiplies in their place.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::sync::Arc;

use rayon::ThreadPoolBuilder;

use super::run;
use super::simd::{Isa, Unit, configure_thread};
use crate::engine::{Executable, Precision};
use crate::gradcheck::random_inputs;
use crate::graph::{OutputKind, interp, random};
use crate::lower;
use crate::network::Network;
use crate::sema;
use crate::source::Source;

fn network(text: &str) -> Network {
    let compiled = sema::compile(&Source::new("net", text), &[]);
    compiled.unwrap_or_else(|errors| panic!("{text}: {errors:#?}")).network
}

/// ‖have − want‖ / ‖want‖.
fn distance(have: &[f32], want: &[f64]) -> f64 {
    assert_eq!(have.len(), want.len());
    let off: f64 = have.iter().zip(want).map(|(&h, w)| (f64::from(h) - w).powi(2)).sum();
    (off / want.iter().map(|w| w * w).sum::<f64>()).sqrt()
}

/// Runs a training step's forward and backward pass on tiles and compares all that it leaves.
/// Nothing in these nets changes sides, so rounding of operands is all there is.
fn check_on_tiles(text: &str, batch: usize, precision: Precision) {
    let network = network(text);
    let program = lower::gradients(&network, batch);
    let mut inputs = random_inputs(&network, &program, 1);
    inputs.values_mut().flatten().for_each(|v| *v = f64::from(*v as f32));
    let (want, _) = interp::run(&program, &inputs);
    let pool = ThreadPoolBuilder::new()
        .num_threads(1)
        .start_handler(|_| configure_thread())
        .build()
        .expect("a thread");
    let leaves = super::memory::Leaves::of(program.batch);
    let job = run::Job { program: &program, leaves, ranks: None };
    let isa = Isa::choose(None).expect("the widest").planning(Unit::Matrices);
    let mut executable =
        run::compile(job, isa, precision, Arc::new(pool)).expect("a net that compiles");
    for (id, values) in &inputs {
        let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
        executable.write(*id, &values).expect("an input");
    }
    executable.run().expect("it runs");
    let norm = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>().sqrt();
    let largest = want.iter().map(|want| norm(want)).fold(0.0, f64::max);
    for (index, (output, want)) in program.outputs.iter().zip(&want).enumerate() {
        let most = match (precision, output.kind) {
            (Precision::Bf16x3, _) => 1e-3,
            (_, OutputKind::Gradient(_)) => 5e-2,
            (_, _) => 2e-2,
        };
        // What is small beside the rest is its rounding.
        let share = (norm(want) / (1e-2 * largest)).min(1.0);
        let error = distance(&executable.output(index).expect("an output"), want) * share;
        assert!(error < most, "{:?} is off by {error:.1e} in {precision:?}:\n{text}", output.kind);
    }
}

/// Contractions that read, with nothing between, what a contraction on tiles has left: some reach
/// beyond the last pixel, some keep to the vector kernels, which take exactly an image.
const CHAINS: [&str; 8] = [
    "input(3, 6, 5) -> conv(1x1, 32) -> conv(3x3, 144, padding: 0)",
    "input(3, 6, 5) -> conv(1x1, 32) -> linear(20)",
    "input(3, 5, 5) -> conv(1x1, 16) -> conv(3x3, 24, stride: 2)",
    "input(3, 7, 7) -> conv(3x3, 16) -> avg_pool(2) -> conv(3x3, 16, padding: 0)",
    "input(3, 7, 5) -> conv(1x1, 48) -> max_pool(3, stride: 1, padding: 1)",
    "input(3, 9, 3) -> conv(3x1, 40) -> conv(1x3, 16, padding: 0) -> conv(9x1, 16, padding: 0)",
    "input(3, 6, 6) -> conv(1x1, 32) -> conv(1x1, 20) -> conv(4x4, 16, padding: 0)",
    "input(16, 5, 7) -> conv(1x1, 17) -> conv(2x2, 33, stride: 3)",
];

#[path = "../../../tests/conformance/random/chains.rs"]
mod chains;

/// A text and the number that it is drawn from.
fn drawn(seed: u32) -> chains::Chain {
    let (key, mut drawn) = (random::key(seed, 101), 0);
    chains::chain(&mut |n: usize| {
        drawn += 1;
        ((random::uniform(key, drawn) * n as f32) as usize).min(n - 1)
    })
}

fn check_drawn(seeds: std::ops::Range<u32>, precisions: &[Precision]) {
    if !is_x86_feature_detected!("avx512bw") {
        eprintln!("skipped: this machine has no AVX-512");
        return;
    }
    for seed in seeds {
        let chains::Chain { text, batch } = drawn(seed);
        precisions.iter().for_each(|&precision| check_on_tiles(&text, batch, precision));
    }
}

#[test]
fn forty_random_chains_on_tiles() {
    check_drawn(0..40, &[Precision::Bf16, Precision::Bf16x3]);
}

/// As `as_many_chains_as_are_asked_for` of the conformance tests, on tiles. In two parts only: among so
/// many nets are some whose sums cancel, of which one part leaves rounding.
#[test]
#[ignore = "takes a quarter of a minute in release, minutes in debug"]
fn a_thousand_random_chains_on_tiles() {
    check_drawn(40..1040, &[Precision::Bf16x3]);
}

#[test]
fn contractions_read_each_other_on_tiles() {
    if !is_x86_feature_detected!("avx512bw") {
        eprintln!("skipped: this machine has no AVX-512");
        return;
    }
    for chain in CHAINS {
        let text = format!("net n {{ {chain} -> tanh -> global_avg_pool -> linear(4) }}");
        check_on_tiles(&text, 3, Precision::Bf16);
        check_on_tiles(&text, 3, Precision::Bf16x3);
    }
}
