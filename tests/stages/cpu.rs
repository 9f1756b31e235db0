//! The CPU engine's phases and memory. The input is a spec whose first line names precision and
//! instruction set; what is left is a training step on two pictures.

use rnetc::engine::Precision;
use rnetc::engine::cpu::dump;
use rnetc::engine::cpu::simd::{Isa, Unit};
use rnetc::lower;
use rnetc::nn::optimiser::Sgd;

use crate::{compare, network};

/// `// bf16, tiles`
fn setting(input: &str) -> (Precision, Isa) {
    let line = input.lines().next().and_then(|line| line.strip_prefix("// "));
    let (precision, isa) = line.and_then(|line| line.split_once(", ")).expect("a first line");
    let precision = match precision {
        "f32" => Precision::F32,
        "bf16x3" => Precision::Bf16x3,
        "bf16" => Precision::Bf16,
        other => panic!("no precision {other}"),
    };
    let portable = Isa::choose(Some("portable")).expect("every machine has it");
    match isa {
        "portable" => (precision, portable),
        "tiles" => (precision, portable.planning(Unit::Matrices)),
        other => panic!("no instruction set {other}"),
    }
}

fn dumped(input: &str) -> String {
    let (precision, isa) = setting(input);
    let program = lower::training(&network("cpu", input, &[]), 2, &Sgd::PAPER);
    let phases = dump::phases(&program, isa, precision).expect("a schedule");
    let memory = dump::memory(&program, isa, precision).expect("a memory plan");
    format!("{phases}{memory}")
}

#[test]
fn phases_and_memory_are_as_written() {
    compare("cpu", dumped);
}
