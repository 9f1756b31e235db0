//! The CPU engine's bf16 precisions against the f64 interpreter.

use rnetc::engine::Precision;
use rnetc::engine::cpu::CpuEngine;
use rnetc::engine::cpu::simd::{ENVIRONMENT_VARIABLE, Isa, Unit};
use rnetc::graph::{OutputKind, interp};
use rnetc::lower;
use rnetc::network::Network;

use crate::support::{SPECS, compile, distance, inputs, load, with};

/// Relative errors of loss and logits, and of the worst gradient.
#[derive(Debug)]
struct Errors {
    loss: f64,
    logits: f64,
    gradient: f64,
}

fn errors(spec: &str, settings: &str, precision: Precision, seed: u32) -> Errors {
    network_errors(&with(spec, settings), precision, seed)
}

fn network_errors(network: &Network, precision: Precision, seed: u32) -> Errors {
    let program = lower::gradients(network, 3);
    let inputs = inputs(network, &program, seed);
    let (want, _) = interp::run(&program, &inputs);
    let engine = CpuEngine::new(Some(2), precision).expect("every machine has a CPU");
    let mut executable = load(&engine, &program, &inputs);
    executable.run().expect("runs");
    let mut errors = Errors { loss: 0.0, logits: 0.0, gradient: 0.0 };
    for (index, (output, want)) in program.outputs.iter().zip(&want).enumerate() {
        let error = distance(&executable.output(index).expect("an output"), want);
        match output.kind {
            OutputKind::Loss => errors.loss = error,
            OutputKind::Logits => errors.logits = error,
            _ => errors.gradient = errors.gradient.max(error),
        }
    }
    errors
}

/// Two parts leave 2⁻¹⁷ of an operand. A ReLU whose argument is rounded to the other side of zero
/// moves every gradient below it by up to 1e-2, so one draw of a few has to be free of that.
#[test]
fn two_parts_are_nearly_single_precision() {
    for (spec, settings) in SPECS {
        let draws = (1..=8).map(|seed| errors(spec, settings, Precision::Bf16x3, seed));
        let near = |e: &Errors| e.loss < 1e-5 && e.logits < 1e-4 && e.gradient < 2e-4;
        let mut seen = Vec::new();
        for draw in draws {
            seen.push(draw);
            if near(&seen[seen.len() - 1]) {
                break;
            }
        }
        assert!(near(&seen[seen.len() - 1]), "{spec}: {seen:?}");
    }
}

/// Images of an odd number of elements do not run into each other.
#[test]
fn odd_images_in_bf16() {
    let text = "
        unit u { F = conv(3x3, 5) -> bn -> tanh -> conv(3x3, 5) \n y = x + F(x) }
        net n { input(3, 7, 9) -> conv(3x3, 5) -> u -> bn -> tanh -> global_avg_pool -> linear(4) }";
    for text in [text.to_owned(), text.replace("bn ->", "bn(ghost: 2) ->")] {
        let network = compile("odd", &text, "");
        let errors = network_errors(&network, Precision::Bf16, 1);
        // Nothing changes sides here, so rounding is all there is.
        let near = errors.loss < 1e-2 && errors.logits < 2e-2 && errors.gradient < 5e-2;
        assert!(near, "{errors:?}");
    }
}

/// Pooling takes a convolution's input gradient as it is; tiles may reach beyond its last pixel.
#[test]
fn pooling_between_convolutions_in_bf16() {
    for (size, read, written) in
        [(8, 16, 16), (32, 16, 32), (16, 24, 40), (6, 64, 16), (7, 16, 16), (33, 16, 32)]
    {
        let text = format!(
            "net n {{ input(3, {size}, {size}) -> conv(3x3, {read}) -> tanh -> avg_pool(2)
                -> conv(3x3, {written}) -> tanh -> global_avg_pool -> linear(4) }}"
        );
        let network = compile("pooled", &text, "");
        let errors = network_errors(&network, Precision::Bf16, 1);
        let near = errors.loss < 1e-2 && errors.logits < 2e-2 && errors.gradient < 5e-2;
        assert!(near, "{size}, {read} → {written}: {errors:?}");
    }
}

/// One part leaves 2⁻⁹, and stored activations are rounded too: many ReLUs change sides. The
/// same rounding with f32 products gives gradients that are off by 0.1 to 0.4.
#[test]
fn one_part_is_near() {
    for (spec, settings) in SPECS {
        let errors = errors(spec, settings, Precision::Bf16, 1);
        let near = errors.loss < 1e-2 && errors.logits < 5e-2 && errors.gradient < 0.6;
        assert!(near, "{spec}: {errors:?}");
    }
}

/// Set for this program as it runs itself again.
const AGAIN: &str = "RNETC_TEST_PRECISIONS_AGAIN";

/// The same formats on every instruction set, most with f32 products; and the engine says so.
#[test]
fn precisions_on_every_instruction_set() {
    if std::env::var_os(AGAIN).is_some() {
        return;
    }
    let own = Isa::from_environment().expect("what this program runs on").name();
    for isa in Isa::available().into_iter().map(Isa::name).filter(|isa| *isa != own) {
        let tests = std::env::current_exe().expect("this program");
        let output = std::process::Command::new(tests)
            .arg("precision::")
            .env(ENVIRONMENT_VARIABLE, isa)
            .env(AGAIN, "")
            .output()
            .expect("it runs again");
        assert!(output.status.success(), "{isa}: {}", String::from_utf8_lossy(&output.stdout));
    }
}

/// Where a precision gains nothing, the engine says so, and whether it is multiplied in f32: of operands in
/// two parts AMX alone is worth its three products, and gains nothing by them.
#[test]
fn a_precision_that_gains_nothing_is_told() {
    let (in_f32, no_faster) = (Some("slow on this machine"), Some("no faster than f32"));
    let expected = |isa: &str| match isa {
        "amx" => [None, no_faster],
        "avx512bf16" => [None, in_f32],
        "portable" | "avx2" | "avx512" | "neon" => [in_f32, in_f32],
        other => panic!("no instruction set {other}"),
    };
    // Engines are opened here, not run: of units that this machine lacks, too.
    let widest = Isa::choose(None).expect("some instructions");
    let planned = Unit::ALL.into_iter().map(|unit| widest.planning(unit));
    for isa in Isa::available().into_iter().chain(planned) {
        let name = isa.name();
        let told = [Precision::F32, Precision::Bf16, Precision::Bf16x3]
            .map(|precision| CpuEngine::on(isa, Some(1), precision).expect("it opens").remark());
        assert_eq!(told[0], None, "{name}");
        for (told, expected) in told[1..].iter().zip(expected(name)) {
            assert_eq!(told.is_some(), expected.is_some(), "{name}: {told:?}");
            let told = told.as_deref().unwrap_or_default();
            assert!(told.starts_with(expected.unwrap_or_default()), "{name}: {told}");
            assert_eq!(told.ends_with("products are in f32"), expected == in_f32, "{name}: {told}");
        }
    }
}
