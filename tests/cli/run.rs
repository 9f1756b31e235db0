//! Training, testing, asking and going on, on a net that takes milliseconds.

use std::time::{Duration, Instant};

use crate::folder::{Folder, outcome};

const TRAIN: &str = "run tiny.rnet --train cifar10 --data cifar --engine cpu --batch 16";

/// Values of a field over the lines of `metrics.jsonl` that have it.
fn metric(folder: &Folder, run: &str, field: &str) -> Vec<f64> {
    let text = std::fs::read_to_string(folder.at(run).join("metrics.jsonl")).unwrap();
    let lines = text.lines().map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap());
    lines.filter_map(|line| line.get(field).and_then(|v| v.as_f64())).collect()
}

#[test]
fn a_run_leaves_its_folder_and_eval_and_predict_read_it_back() {
    let folder = Folder::new();
    let trained = folder.expect(0, &format!("{TRAIN} --epochs 8 --out r"));
    assert!(trained.out.starts_with("test error "), "{trained:?}");
    assert_eq!(metric(&folder, "r", "loss").len(), 40);
    assert_eq!(metric(&folder, "r", "test_loss").len(), 8);
    let errors = metric(&folder, "r", "test_error_percent");
    assert_eq!(metric(&folder, "r", "step")[..3], [1.0, 2.0, 3.0]);
    let kept = std::fs::read_dir(folder.at("r/checkpoints")).unwrap().count();
    assert!((5..=6).contains(&kept), "the last five, and the best: {kept}");
    let config = std::fs::read_to_string(folder.at("r/config.yaml")).unwrap();
    assert!(config.contains("epochs: 8") && config.contains("net tiny"), "{config}");

    let weights = "--weights r/final.safetensors --engine cpu";
    let line = format!("run tiny.rnet --eval cifar10 --data cifar {weights}");
    let expected = format!("test error {:.2} %", errors[7]);
    for line in [line.clone(), line.replace("tiny.rnet ", ""), format!("{line} --batch 7")] {
        let tested = folder.expect(0, &line);
        assert!(tested.out.starts_with(&expected), "{tested:?} against {expected}");
    }

    image::RgbImage::from_pixel(40, 50, image::Rgb([20, 20, 20])).save(folder.at("a.png")).unwrap();
    let asked = folder.expect(0, &format!("run --predict a.png a.png {weights}"));
    assert_eq!(asked.out.lines().count(), 2);
    assert!(asked.out.starts_with("a.png: ") && asked.out.matches('%').count() == 6, "{asked:?}");
    folder.expect(3, &format!("run --predict none.png {weights}"));
    folder.expect(1, &format!("run --predict tiny.rnet {weights}"));
}

#[test]
fn weights_that_are_damaged_or_of_another_net_are_refused() {
    let folder = Folder::new();
    folder.expect(0, &format!("{TRAIN} --steps 1 --set width=6 --out r"));
    let eval = "run tiny.rnet --eval cifar10 --data cifar --engine cpu --weights";
    let other = folder.expect(1, &format!("{eval} r/final.safetensors"));
    assert!(other.err.contains("--set width=6"), "{other:?}");
    folder.expect(0, &format!("{eval} r/final.safetensors --set width=6"));
    let bytes = std::fs::read(folder.at("r/final.safetensors")).unwrap();
    for length in [0, 5, 40, bytes.len() - 1] {
        std::fs::write(folder.at("cut.safetensors"), &bytes[..length]).unwrap();
        folder.expect(3, &format!("{eval} cut.safetensors --set width=6"));
    }
    folder.expect(3, &format!("{eval} none.safetensors"));
}

#[test]
fn a_loss_that_is_no_number_exits_with_5() {
    let folder = Folder::new();
    let recipe = rnetc::train::recipe::HE2016.replace("lr: 0.1\n", "lr: 1.0e+38\n");
    std::fs::write(folder.at("r.yaml"), recipe).unwrap();
    let outcome = folder.expect(5, &format!("{TRAIN} --epochs 8 --recipe r.yaml --out r"));
    assert!(outcome.err.contains("at step "), "{outcome:?}");
    assert!(outcome.err.contains("the first bad tensor is layers.bn.running_"), "{outcome:?}");
}

#[test]
#[cfg(unix)]
fn signals_end_a_run_in_order() {
    for (signal, code) in [("INT", 130), ("TERM", 143), ("HUP", 129), ("USR1", 138)] {
        let folder = Folder::new();
        let child = folder
            .command(&format!("{TRAIN} --epochs 100000 --out r"))
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let begin = Instant::now();
        while !folder.at("r/metrics.jsonl").exists() {
            assert!(begin.elapsed() < Duration::from_secs(60), "the run does not begin");
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(200));
        let pid = child.id().to_string();
        let status = std::process::Command::new("kill").args(["-s", signal, &pid]).status();
        assert!(status.unwrap().success());
        let outcome = outcome(&child.wait_with_output().unwrap());
        assert_eq!(outcome.code, code, "{outcome:?}");
        assert!(outcome.err.contains("--resume"), "{outcome:?}");
        let steps = metric(&folder, "r", "loss").len();
        let saved = folder.at(format!("r/checkpoints/step-{steps:08}.safetensors"));
        assert!(saved.is_file(), "no checkpoint after step {steps}");
    }
}

#[test]
fn more_threads_than_cores_are_told() {
    let folder = Folder::new();
    let cores = std::thread::available_parallelism().unwrap().get();
    for (threads, told) in [(cores, false), (cores + 1, true)] {
        let line = format!("bench tiny.rnet --batch 8 --steps 1 --engine cpu --threads {threads}");
        let outcome = folder.expect(0, &line);
        let says = outcome.err.contains(&format!("threads: {threads} take turns on {cores} core"));
        assert_eq!(says, told, "{outcome:?}");
    }
}

#[test]
fn bench_prints_one_object_with_the_agreed_fields() {
    let folder = Folder::new();
    for mode in ["train", "infer"] {
        let line = format!("bench tiny.rnet --mode {mode} --batch 8 --steps 2 --engine cpu");
        let outcome = folder.expect(0, &format!("{line} --threads 1 --format json"));
        let value: serde_json::Value = serde_json::from_str(&outcome.out).unwrap();
        for field in [
            "system",
            "engine",
            "device",
            "precision",
            "mode",
            "spec",
            "batch",
            "threads",
            "params",
            "images_per_s",
            "warmup_s",
            "peak_rss_mib",
        ] {
            assert!(value.get(field).is_some(), "{field}: {value}");
        }
        assert_eq!((&value["params"], &value["threads"]), (&166.into(), &1.into()));
        assert!(value["images_per_s"].as_f64().unwrap() > 0.0);
    }
    let devices = folder.expect(0, "devices --format json");
    let lines = devices.out.lines().map(|line| serde_json::from_str(line).unwrap());
    let numbers: Vec<serde_json::Value> =
        lines.filter_map(|device: serde_json::Value| device.get("adapter").cloned()).collect();
    let expected: Vec<serde_json::Value> = (0..numbers.len()).map(Into::into).collect();
    assert_eq!(numbers, expected);
}

#[test]
fn an_adapter_that_is_not_there_is_told_and_has_no_place_on_the_cpu() {
    let folder = Folder::new();
    // With auto too: a number asks for the GPU engine.
    let none = folder.expect(4, "bench tiny.rnet --steps 1 --adapter 99");
    assert!(none.err.contains("adapter 99: there ") && none.err.contains("rnetc devices lists"));
    let cpu = folder.expect(2, "bench tiny.rnet --steps 1 --engine cpu --adapter 0");
    assert!(cpu.err.contains("--adapter is of the GPU engine"), "{cpu:?}");
    let narrow = folder.expect(2, "bench tiny.rnet --steps 1 --precision bf16 --adapter 0");
    assert!(narrow.err.contains("the wgpu engine computes in"), "{narrow:?}");
}

#[test]
fn bench_times_every_kernel_in_every_precision() {
    let folder = Folder::new();
    for precision in ["f32", "bf16x3", "bf16"] {
        let line = format!("bench tiny.rnet --batch 8 --steps 2 --precision {precision}");
        let outcome = folder.expect(0, &format!("{line} --engine cpu --profile --format json"));
        let value: serde_json::Value = serde_json::from_str(&outcome.out).unwrap();
        assert_eq!(value["precision"], precision);
        assert!(value["profile"]["limits"]["gflop_per_s"].as_f64().unwrap() > 0.0);
        let kernels = value["profile"]["kernels"].as_array().unwrap();
        let shares: f64 = kernels.iter().map(|k| k["share_percent"].as_f64().unwrap()).sum();
        assert!((shares - 100.0).abs() < 3.0, "{shares}");
        let has = |name: &str| kernels.iter().any(|k| k["kernel"].as_str().unwrap().contains(name));
        assert!(has("conv 3×3") && has("conv_dw") && has("loop"), "{kernels:?}");
        let loading = &value["loading"];
        assert!(loading["milliseconds"].as_f64().unwrap() > 0.0, "{loading}");
        assert!(loading["percent"].as_f64().unwrap() > 0.0, "{loading}");
        assert!(loading["fed_images_per_s"].as_f64().unwrap() > 0.0, "{loading}");
    }
    let text = folder.expect(0, "bench tiny.rnet --batch 8 --steps 1 --engine cpu --profile").out;
    assert!(text.contains("one thread's limits") && text.contains("of limit"), "{text}");
}

#[test]
fn an_augmentation_that_leaves_nothing_is_refused_and_a_short_warm_up_told() {
    let folder = Folder::new();
    let recipe = rnetc::train::recipe::HE2016;
    for (key, value, most) in [("pad", "32", "31"), ("cutout", "64", "63")] {
        let pad = if key == "pad" { "pad: 32".into() } else { format!("pad: 4\n  {key}: {value}") };
        std::fs::write(folder.at("r.yaml"), recipe.replace("pad: 4", &pad)).unwrap();
        let told = folder.expect(1, &format!("{TRAIN} --steps 1 --recipe r.yaml"));
        assert!(told.err.contains(&format!("augmentation.{key} is {value}")), "{told:?}");
        assert!(told.err.contains(&format!("at most {most}")), "{told:?}");
    }
    let told = folder.expect(0, &format!("{TRAIN} --steps 16"));
    assert!(told.err.contains("warm-up: 2 of the recipe's 400 steps"), "{told:?}");
}
