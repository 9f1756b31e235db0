//! Models for others, and weights from others.

use std::path::Path;
use std::process::Command;

use rnetc::data::random::{Draws, Purpose};
use rnetc::engine::Precision;
use rnetc::engine::cpu::CpuEngine;
use rnetc::export::onnx;
use rnetc::graph::{OutputKind, Role};
use rnetc::lower;
use rnetc::network::Network;
use rnetc::source::Source;
use rnetc::train::init::initial;
use rnetc::train::runner::Runner;
use rnetc::train::tensors::{self, Values};

mod families;
mod files;
mod names;
mod nets;

use crate::folder::Folder;

const BATCH: usize = 3;

/// Small settings of every spec.
fn settings(spec: &str) -> Vec<(String, String)> {
    let depth = |depth: &str| vec![("depth".to_string(), depth.to_string())];
    match spec {
        "vgg" => vec![("width".into(), "8".into())],
        "vgg_lesion" => vec![("width".into(), "8".into())],
        "highway" => depth("9"),
        "imagenet_original" | "imagenet_preact" | "resnet_d" | "resnet_gn" => {
            let mut all = depth("50");
            for (name, value) in
                [("second", "4"), ("pixels", "32"), ("width", "8"), ("classes", "10")]
            {
                all.push((name.into(), value.into()));
            }
            if spec == "resnet_gn" {
                all.push(("groups".into(), "4".into()));
            }
            all
        }
        "resnet18" => [("pixels", "32"), ("width", "8"), ("classes", "10")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        "densenet_bc" => [depth("10"), vec![("growth".into(), "6".into())]].concat(),
        "airbench94" | "airbench96" | "preact_resnet18" | "resnet9" | "fractal" => {
            vec![("width".into(), "8".into())]
        }
        "resnext29" => [("depth", "11"), ("groups", "4"), ("base", "8"), ("width", "8")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        "mobilenetv2" => [("width", "0.25"), ("last", "64")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        "pyramid" => [depth("14"), vec![("alpha".into(), "8".into())]].concat(),
        "revnet" => depth("26"),
        "shakedrop" => [depth("14"), vec![("widen".into(), "8".into())]].concat(),
        "shake_shake" => [depth("14"), vec![("width".into(), "8".into())]].concat(),
        "se_preact" => [("width", "8"), ("reduction", "4")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        "cbam" => [("pixels", "32"), ("width", "8"), ("reduction", "4"), ("classes", "10")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        "wide" => [depth("10"), vec![("widen".into(), "2".into())]].concat(),
        name if name.starts_with("bottleneck") => depth("20"),
        _ => depth("14"),
    }
}

fn network(path: &Path) -> Network {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let source = Source::new(name.as_str(), std::fs::read_to_string(path).unwrap());
    rnetc::sema::compile(&source, &settings(&name)).unwrap().network
}

/// First values, with statistics and shifts that are not those of the start.
fn values(network: &Network) -> Values {
    let tensors = tensors::of(network);
    let mut values = initial(&tensors, 5);
    for (at, tensor) in tensors.iter().enumerate() {
        let mut draws = Draws::new(9, Purpose::Initial, at as u64);
        let name = &tensor.name;
        let [low, high] = match name.rsplit('.').next() {
            Some("running_mean") => [-0.3, 0.3],
            Some("running_var") => [0.5, 2.0],
            _ => continue,
        };
        values.get_mut(name).unwrap().fill_with(|| draws.range(low, high));
    }
    values
}

/// The engine's logits, with the pictures in the order of ONNX.
fn logits(network: &Network, values: &Values) -> (Vec<f32>, Vec<f32>, [usize; 4]) {
    let shape = network.value(network.input).shape;
    let pixels = shape.h * shape.w;
    let mut draws = Draws::new(1, Purpose::DrawTest, 0);
    let images: Vec<f32> = (0..BATCH * pixels * shape.c).map(|_| draws.range(-2.0, 2.0)).collect();
    let engine = CpuEngine::new(Some(1), Precision::F32).unwrap();
    let mut program = Runner::new(&engine, &lower::inference(network, BATCH)).unwrap();
    program.load(values).unwrap();
    program.write(Role::Images, &images).unwrap();
    program.run().unwrap();
    let mut planes = vec![0.0; images.len()];
    for (at, value) in images.into_iter().enumerate() {
        let (pixel, channel) = (at / shape.c, at % shape.c);
        planes[((pixel / pixels) * shape.c + channel) * pixels + pixel % pixels] = value;
    }
    (program.output(OutputKind::Logits).unwrap(), planes, [BATCH, shape.c, shape.h, shape.w])
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

/// What tests/goldens/make_import.py trained: specs/original.rnet, narrow, with projections.
const NARROW: &str = "\
unit original(width, stride = 1) {
    F = conv(3x3, width, stride: stride) -> bn -> relu -> conv(3x3, width) -> bn
    h = shortcut(width, stride: stride, kind: project, bn: true)
    y = h(x) + F(x)
    f = relu
}
net narrow(classes = 5) {
    input(3, 16, 16) -> conv(3x3, 4) -> bn -> relu
    -> original(4) -> original(8, stride: 2) -> original(16, stride: 2)
    -> global_avg_pool -> linear(classes)
}
";

#[test]
fn a_net_that_pytorch_trained_has_pytorchs_logits() {
    let folder = Folder::new();
    std::fs::write(folder.at("narrow.rnet"), NARROW).unwrap();
    let goldens = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens");
    let line = format!("import narrow.rnet {goldens}/import_state.safetensors -o own.safetensors");
    folder.expect(0, &line);
    let network = rnetc::sema::compile(&Source::new("narrow", NARROW), &[]).unwrap().network;
    let tensors = tensors::of(&network);
    let values =
        rnetc::train::record::checkpoint::load(&folder.at("own.safetensors"), &tensors).unwrap();

    let bytes = std::fs::read(format!("{goldens}/import_logits.safetensors")).unwrap();
    let golden = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let (planes, expected) = (golden.tensor("images").unwrap(), golden.tensor("logits").unwrap());
    let &[batch, channels, rows, columns] = planes.shape() else { panic!() };
    let planes = floats(planes.data());
    let image = |at: usize| {
        let (pixel, channel) = (at / channels, at % channels);
        let (picture, place) = (pixel / (rows * columns), pixel % (rows * columns));
        planes[(picture * channels + channel) * rows * columns + place]
    };
    let images: Vec<f32> = (0..planes.len()).map(image).collect();
    let engine = CpuEngine::new(Some(1), Precision::F32).unwrap();
    let mut program = Runner::new(&engine, &lower::inference(&network, batch)).unwrap();
    program.load(&values).unwrap();
    program.write(Role::Images, &images).unwrap();
    program.run().unwrap();
    let (found, expected) = (program.output(OutputKind::Logits).unwrap(), floats(expected.data()));
    assert_eq!(found.len(), expected.len());
    assert!(expected.iter().any(|logit| logit.abs() > 1.0), "{expected:?}");
    for (a, b) in found.iter().zip(&expected) {
        assert!((a - b).abs() < 1e-4, "{found:?} {expected:?}");
    }
}

/// A Python that has some modules: `RNETC_ONNX_PYTHON=venv/bin/python` names one.
fn python(modules: &str) -> Option<String> {
    let python = std::env::var("RNETC_ONNX_PYTHON").unwrap_or("python3".into());
    let there = Command::new(&python).args(["-c", &format!("import {modules}")]).output();
    if there.is_ok_and(|there| there.status.success()) {
        return Some(python);
    }
    eprintln!("skipped: {python} has not all of {modules}");
    None
}

/// Option A with zero channels in front and behind.
const IN_FRONT: &str = "\
unit u(width, stride = 1) {
    F = conv(3x3, width, stride: stride) -> bn
    h = shortcut(width, stride: stride, before: 1)
    y = h(x) + F(x)
}
net in_front(depth = 1, classes = 5) {
    input(3, 8, 8) -> conv(3x3, 4) -> u(8, stride: 2) * depth -> global_avg_pool -> linear(classes)
}
";

/// Every function of elements.
const FUNCTIONS: &str = "\
unit u(width) {
    c = conv(3x3, width) -> bn
    a = gelu(c(x)) + gelu(c(x), approximate: true) + silu(c(x)) + leaky_relu(c(x), slope: 0.2)
    b = elu(c(x), alpha: 0.7) + softplus(c(x)) + hard_swish(c(x)) + hard_sigmoid(c(x)) + relu6(c(x))
    d = exp(-abs(c(x))) + log(1 + square(c(x))) + sqrt(2 + tanh(c(x)))
    map = (conv(3x3, 1) -> sigmoid)(concat(channel_mean(a), channel_max(b), x))
    y = max(x, map) + min(a, 1) + map * (b * d)
}
net functions(depth = 1, classes = 5) {
    input(3, 8, 8) -> conv(3x3, 4) -> u(4) * depth -> global_avg_pool -> linear(classes)
}
";

#[test]
fn onnx_runtime_computes_the_same_logits_for_every_spec() {
    let Some(python) = python("onnxruntime, numpy") else { return };
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let mut expected = Vec::new();
    let in_front = folder.path().join("in_front.rnet");
    std::fs::write(&in_front, IN_FRONT).unwrap();
    let functions = folder.path().join("functions.rnet");
    std::fs::write(&functions, FUNCTIONS).unwrap();
    let bundled = std::fs::read_dir(here.join("specs")).unwrap().map(|spec| spec.unwrap().path());
    for spec in bundled.chain([in_front, functions]) {
        if spec.extension().is_none_or(|ending| ending != "rnet") {
            continue;
        }
        let at = folder.path().join(spec.file_stem().unwrap());
        let network = network(&spec);
        let values = values(&network);
        let (logits, images, shape) = logits(&network, &values);
        let bytes: Vec<u8> = images.iter().flat_map(|v| v.to_le_bytes()).collect();
        std::fs::write(at.with_extension("onnx"), onnx::model(&network, &values, &vec![])).unwrap();
        std::fs::write(at.with_extension("in"), bytes).unwrap();
        std::fs::write(at.with_extension("shape"), shape.map(|n| n.to_string()).join(" ")).unwrap();
        expected.push((at, logits));
    }
    let run = Command::new(&python).arg(here.join("tests/onnx.py")).arg(folder.path()).output();
    let run = run.unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(expected.len() > 25);
    for (at, logits) in expected {
        let found = floats(&std::fs::read(at.with_extension("out")).unwrap());
        assert_eq!(found.len(), logits.len(), "{at:?}");
        let size = logits.iter().fold(0.0_f32, |size, v| size.max(v.abs()));
        let error = logits.iter().zip(&found).fold(0.0_f32, |e, (a, b)| e.max((a - b).abs()));
        assert!(error <= 1e-4 * size, "{at:?}: off by {error}, of {size}");
    }
}

#[test]
fn a_state_dict_with_other_names_becomes_weights() {
    let folder = Folder::new();
    let train =
        "run tiny.rnet --train cifar10 --data cifar --engine cpu --batch 16 --epochs 2 --out r";
    let trained = folder.expect(0, train);
    let bytes = std::fs::read(folder.at("r/final.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let renamed: Vec<(String, safetensors::tensor::TensorView)> = file
        .tensors()
        .into_iter()
        .filter(|(name, _)| !name.ends_with(".momentum"))
        .map(|(name, view)| {
            let name = name.replace("layers.conv", "conv1").replace("layers.bn", "bn1");
            (name.replace("layers.linear", "fc"), view)
        })
        .collect();
    std::fs::write(folder.at("torch.safetensors"), safetensors::serialize(renamed, None).unwrap())
        .unwrap();
    folder.expect(0, "import tiny.rnet torch.safetensors -o own.safetensors");
    let eval = "run tiny.rnet --eval cifar10 --data cifar --engine cpu --weights own.safetensors";
    let tested = folder.expect(0, eval);
    let error = |text: &str| text.split(" % ").next().unwrap().to_string();
    assert_eq!(error(&tested.out), error(&trained.out));
    let other = folder.expect(1, "import tiny.rnet torch.safetensors -o x --set width=5");
    assert!(other.err.contains("conv1.weight, taken for layers.conv.weight"), "{other:?}");
    folder.expect(3, "import tiny.rnet none.safetensors -o x");
    folder.expect(3, "import tiny.rnet tiny.rnet -o x");

    let model = folder.expect(0, "export r/final.safetensors --onnx m.onnx");
    assert!(model.out.contains("ONNX model in m.onnx"), "{model:?}");
    let model = std::fs::read(folder.at("m.onnx")).unwrap();
    for text in ["layers.conv.weight", "BatchNormalization", "images", "logits", "airplane"] {
        assert!(model.windows(text.len()).any(|window| window == text.as_bytes()), "{text}");
    }
    folder.expect(2, "export r/final.safetensors");
}

#[test]
fn an_exported_model_says_all_that_it_takes_to_ask_it() {
    let folder = Folder::new();
    let classes = ["golden retriever", "green, frog", "no \"one\""];
    let mut pictures = Vec::new();
    for (k, class) in classes.iter().enumerate() {
        for n in 0..6_u8 {
            let colour = image::Rgb([80 * k as u8 + n, 9 * n, 200 - 90 * k as u8]);
            let path = format!("pets/{class}/{n}.png");
            std::fs::create_dir_all(folder.at(&path).parent().unwrap()).unwrap();
            image::RgbImage::from_pixel(32, 32, colour).save(folder.at(&path)).unwrap();
            pictures.push(path);
        }
    }
    let train = "run tiny.rnet --train pets --engine cpu --batch 6 --epochs 3";
    folder.expect(0, &format!("{train} --out r"));
    folder.expect(0, "export r --onnx m.onnx");
    let model = std::fs::read(folder.at("m.onnx")).unwrap();
    let holds = |model: &[u8], text: &str| {
        model.windows(text.len()).any(|window| window == text.as_bytes())
    };
    let list = serde_json::to_string(&classes).unwrap();
    for text in
        [&list, "batch", "input_size", "[3,32,32]", "RGB", "\n\u{4}mean", "[0,255]", "BILINEAR"]
    {
        assert!(holds(&model, text), "{text}");
    }
    let state = "import tiny.rnet state.safetensors -o own.safetensors --set classes=3";
    let bytes = std::fs::read(folder.at("r/final.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let plain = file.tensors().into_iter().filter(|(name, _)| !name.ends_with(".momentum"));
    let plain = safetensors::serialize(plain.collect::<Vec<_>>(), None).unwrap();
    std::fs::write(folder.at("state.safetensors"), plain).unwrap();
    folder.expect(0, state);
    let said = folder.expect(0, "export own.safetensors --onnx own.onnx");
    assert!(said.out.contains("the weights do not say how they were standardised"), "{said:?}");
    assert!(said.out.contains("the weights do not name their classes"), "{said:?}");
    let own = std::fs::read(folder.at("own.onnx")).unwrap();
    assert!(holds(&own, "input_size") && !holds(&own, "golden") && !holds(&own, "\n\u{4}mean"));

    let Some(python) = python("onnxruntime, numpy, PIL") else { return };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/onnx_predict.py");
    let mut ask = folder.command("run --weights r --engine cpu --top 3 --format json --predict");
    let asked = ask.args(&pictures).output().unwrap();
    let asked = String::from_utf8(asked.stdout).unwrap();
    assert_eq!(asked.lines().count(), 18);
    for batch in ["1", "3", "17"] {
        let mut run = Command::new(&python);
        run.args([script, "m.onnx", batch]).args(&pictures).current_dir(folder.at(""));
        let run = run.output().unwrap();
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let run = String::from_utf8(run.stdout).unwrap();
        assert_eq!(run.lines().count(), 18);
        for (ours, theirs) in asked.lines().zip(run.lines()) {
            let ours: serde_json::Value = serde_json::from_str(ours).unwrap();
            let theirs: serde_json::Value = serde_json::from_str(theirs).unwrap();
            for one in ours["classes"].as_array().unwrap() {
                let theirs = theirs[one["class"].as_str().unwrap()].as_f64().unwrap();
                let off = (one["probability"].as_f64().unwrap() - theirs).abs();
                // Logits of a few units, whose f32 sums differ in order.
                assert!(off < 1e-4, "{ours} {theirs}");
            }
        }
    }
}
