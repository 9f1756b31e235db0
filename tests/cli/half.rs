//! Runs in half precision: refused where nothing has it, and what they leave is read anywhere.

use rnetc::engine::Precision;
use rnetc::engine::wgpu::{Options, WgpuEngine};
use rnetc::train::recipe::HE2016;

use crate::folder::{Folder, Outcome, outcome};

const NET: &str = "\
unit u(width) {
    F = bn -> relu -> conv(3x3, width)
    y = x + F(x)
}
net units { input(3, 32, 32) -> conv(3x3, 4, stride: 4) -> u(4) -> u(4) -> bn -> relu
    -> global_avg_pool -> linear(10) }
";
const TRAIN: &str = "run units.rnet --train cifar10 --data cifar --batch 8 --steps 3";

fn folder() -> Folder {
    let folder = Folder::new();
    std::fs::write(folder.at("units.rnet"), NET).unwrap();
    folder
}

/// The program where no driver gives it an adapter.
fn without_adapters(folder: &Folder, line: &str) -> Outcome {
    let mut command = folder.command(line);
    command.env("VK_DRIVER_FILES", "/nowhere").env("VK_ICD_FILENAMES", "/nowhere");
    outcome(&command.output().unwrap())
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_gpu_f16_is_refused_with_the_reason() {
    let folder = folder();
    let told = without_adapters(&folder, &format!("{TRAIN} --precision f16"));
    assert_eq!(told.code, 4, "{told:?}");
    assert!(told.err.contains("f16 is a precision of GPUs, and there is none"), "{told:?}");
    assert!(told.err.contains("--precision f32, bf16x3 or bf16"), "{told:?}");
    assert!(!folder.at("runs").exists(), "nothing is left");
}

/// Where no matrices multiply its parts, f16x3 is f32, and says so.
#[test]
fn without_matrices_f16x3_computes_in_f32_and_says_so() {
    if std::env::var_os("RNETC_REQUIRE_WGPU").is_none() && WgpuEngine::new().is_err() {
        return;
    }
    let folder = folder();
    let line = format!("{TRAIN} --engine wgpu --limits webgpu-default");
    let told = folder.expect(0, &format!("{line} --precision f16x3 --out a"));
    let all = told.out.clone() + &told.err;
    assert!(all.contains("contractions without cooperative matrices, in f32: WebGPU"), "{all}");
    let told = folder.expect(2, &format!("{TRAIN} --engine cpu --precision f16x3"));
    assert!(told.err.contains("f32, bf16x3 and bf16, not in f16x3; say"), "{told:?}");
}

#[test]
fn recipes_and_studies_take_f16_and_the_cpu_engine_does_not() {
    let folder = folder();
    std::fs::write(folder.at("half.yaml"), format!("{HE2016}precision: f16\n")).unwrap();
    let told = folder.expect(2, &format!("{TRAIN} --recipe half.yaml --engine cpu"));
    assert!(told.err.contains("f32, bf16x3 and bf16, not in f16; say"), "{told:?}");
    // What the command line says goes before the recipe.
    folder.expect(0, &format!("{TRAIN} --recipe half.yaml --engine cpu --precision f32"));
    let study = "title: t\nnote: n\ndata: cifar10\nrecipe: he2016\nsteps: 2\nseeds: [0]\n\
        precision: f16\nrows:\n- { label: a, spec: units.rnet, batch: 8 }\n";
    std::fs::write(folder.at("t.yaml"), study).unwrap();
    let table = folder.expect(0, "study t.yaml --table --out t");
    assert!(table.out.contains("0 of 1"), "{table:?}");
    let told = folder.expect(2, "study t.yaml --data cifar --engine cpu --out t");
    assert!(told.err.contains("f32, bf16x3 and bf16, not in f16; say"), "{told:?}");
}

#[test]
fn a_run_goes_on_in_its_precision_only() {
    let folder = folder();
    folder.expect(0, &format!("{TRAIN} --engine cpu --out r"));
    let resume = "run --train cifar10 --data cifar --resume --out r";
    let told = folder.expect(2, &format!("{resume} --precision f16"));
    assert!(told.err.contains("precision: f32  # now f16"), "{told:?}");
    let config = std::fs::read_to_string(folder.at("r/config.yaml")).unwrap();
    let half = config.replace("precision: f32", "precision: f16");
    assert_ne!(half, config);
    std::fs::write(folder.at("r/config.yaml"), half).unwrap();
    let told = folder.expect(2, &format!("{resume} --engine cpu --precision f32"));
    assert!(told.err.contains("precision: f16  # now f32"), "{told:?}");
    let told = folder.expect(2, &format!("{resume} --engine cpu"));
    assert!(told.err.contains("take --engine wgpu"), "{told:?}");
}

/// Whether the adapter here computes in f16, or a visible line that it does not.
pub fn has_half() -> bool {
    let options = Options { precision: Precision::F16, ..Options::default() };
    match WgpuEngine::open(&options) {
        Ok(_) => true,
        Err(error) => {
            // Past the test harness's capture, so that it is seen in every run.
            use std::io::Write as _;
            let _ = writeln!(std::io::stderr().lock(), "skipped: {error}");
            false
        }
    }
}

#[test]
fn what_an_f16_run_leaves_is_read_on_the_cpu() {
    if !has_half() {
        return;
    }
    let folder = folder();
    folder.expect(0, &format!("{TRAIN} --engine wgpu --precision f16 --out h"));
    let on = "--data cifar --engine cpu --threads 1";
    let eval = "run --eval cifar10 --weights h/final.safetensors --batch 8";
    let tested = |on: &str| {
        let out = folder.expect(0, &format!("{eval} {on}")).out;
        out.split("  test loss").next().unwrap_or_default().to_owned()
    };
    assert_eq!(tested(on), tested("--data cifar --engine wgpu --precision f16"));
    let lesion = folder.expect(0, &format!("lesion h --delete each --batch 8 {on}"));
    assert!(lesion.out.contains("without    2"), "{lesion:?}");
    folder.expect(0, &format!("paths h --samples 4 --batch 4 {on}"));
    folder.expect(0, &format!("paths check h --batch 4 {on}"));
    let told = folder.expect(0, "report h --data cifar --engine cpu");
    assert!(told.err.contains("trained in f16, measured in f32"), "{told:?}");
    assert!(std::fs::read_to_string(folder.at("h/report.html")).unwrap().contains("f16"));
    let onnx = folder.expect(0, "export h/final.safetensors --onnx h.onnx");
    assert!(onnx.out.contains("ONNX model"), "{onnx:?}");
}
