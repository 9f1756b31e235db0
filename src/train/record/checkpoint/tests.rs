//! Files that are right, damaged, and of other networks.

use super::*;
use crate::data::normalise::Normalisation;
use crate::engine::Precision;
use crate::graph::{Role, Shape};
use crate::network::Init;
use crate::nn::loss_scaling::{SCALE, STREAK};
use crate::train::config::Config;
use crate::train::init::initial;
use crate::train::layout::Kind;
use crate::train::recipe::Recipe;
use crate::train::schedule::Length;
use crate::train::tensors::of_run;

fn tensor(name: &str, kind: Kind, shape: [usize; 4], role: Role) -> Tensor {
    let init = Init::Uniform { bound: 1.0 };
    Tensor { name: name.into(), role, shape: Shape(shape), kind, init }
}

fn tensors() -> Vec<Tensor> {
    vec![
        tensor("conv.weight", Kind::Convolution, [3, 3, 2, 4], Role::Parameter),
        tensor("bn.running_mean", Kind::Vector, [1, 1, 1, 4], Role::Statistic),
        tensor("fc.weight", Kind::Linear, [2, 2, 4, 5], Role::Parameter),
    ]
}

fn about() -> About {
    let config = Config {
        format: Default::default(),
        spec: "a.rnet".into(),
        settings: [("depth".to_string(), "20".to_string())].into(),
        data: "cifar10".into(),
        files: None,
        validation: None,
        pictures: 50_000,
        length: Length::Epochs(2.into()),
        steps: 780,
        steps_per_epoch: 390,
        precision: Precision::F32,
        recompute: false,
        device: "cpu (stand-in)".into(),
        recipe: Recipe::he2016().unwrap(),
        start: None,
        classes: vec!["ä\"\n".into()],
        normalisation: Normalisation { mean: vec![0.1], std: vec![1.0 / 3.0] },
        contents: Default::default(),
        replanned: Vec::new(),
        spec_text: "net a() {}\n".into(),
    };
    About { format: Default::default(), step: 390, epoch: 1, config }
}

fn saved() -> (tempfile::TempDir, std::path::PathBuf, Values) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    let mut values = initial(&tensors(), 3);
    let momenta = ["conv.weight", "fc.weight"].map(|name| (name, vec![0.25; values[name].len()]));
    values.extend(momenta.map(|(name, momentum)| (format!("{name}.momentum"), momentum)));
    save(&path, &tensors(), &values, &about()).unwrap();
    (folder, path, values)
}

#[test]
fn what_is_saved_loads_to_the_bit() {
    let (folder, path, values) = saved();
    assert_eq!(load(&path, &tensors()).unwrap(), values);
    assert_eq!(describe(&path).unwrap(), Some(Origin::Run(about())));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let bytes = std::fs::read(&path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(file.tensor("conv.weight").unwrap().shape(), [4, 2, 3, 3]);
    assert_eq!(file.tensor("fc.weight.momentum").unwrap().shape(), [5, 16]);
    assert_eq!(file.tensor("bn.running_mean").unwrap().shape(), [4]);
    assert_eq!(file.len(), 5);
    save(&path, &tensors(), &values, &about()).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "the same bytes each time");
}

#[test]
fn numbers_of_a_configuration_come_back_to_the_bit() {
    let (_folder, path, values) = saved();
    let mut about = about();
    let numbers = (1..400).map(|k| f64::from(k) * 0.317_238_918_231_7 / 7.3);
    about.config.normalisation.mean = numbers.collect();
    save(&path, &tensors(), &values, &about).unwrap();
    assert_eq!(describe(&path).unwrap(), Some(Origin::Run(about)));
}

#[test]
fn a_file_cut_short_or_damaged_is_refused() {
    let (_folder, path, _) = saved();
    let bytes = std::fs::read(&path).unwrap();
    for length in [0, 7, 8, 100, bytes.len() / 2, bytes.len() - 1] {
        std::fs::write(&path, &bytes[..length]).unwrap();
        let error = load(&path, &tensors()).unwrap_err();
        assert!(matches!(error, TrainError::NotWhole { .. }), "{length}: {error}");
        if length <= 100 {
            assert!(matches!(describe(&path), Err(TrainError::NotWhole { .. })), "{length}");
        }
    }
    let mut huge = bytes.clone();
    huge[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    std::fs::write(&path, &huge).unwrap();
    assert!(matches!(describe(&path), Err(TrainError::NotWhole { .. })));
    assert!(matches!(load(&path, &tensors()), Err(TrainError::NotWhole { .. })));
    let mut garbled = bytes;
    garbled[9] = b'?';
    std::fs::write(&path, &garbled).unwrap();
    assert!(matches!(describe(&path), Err(TrainError::NotWhole { .. })));
}

#[test]
fn the_scale_of_a_loss_comes_back_to_the_bit_or_starts_anew() {
    let (folder, plain, weights) = saved();
    let mut scaled = tensors();
    scaled.extend(of_run());
    let mut values = weights.clone();
    values.extend([(SCALE.to_string(), vec![4096.0]), (STREAK.to_string(), vec![1234.0])]);
    let path = folder.path().join("scaled.safetensors");
    save(&path, &scaled, &values, &about()).unwrap();
    assert_eq!(load(&path, &scaled).unwrap(), values);
    // Whoever wants the weights alone finds them, and a run without a scale begins with one.
    assert_eq!(load(&path, &tensors()).unwrap(), weights);
    assert_eq!(load(&plain, &scaled).unwrap(), weights);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(4).position(|four| four == 4096f32.to_le_bytes()).unwrap();
    bytes[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&path, bytes).unwrap();
    let error = load(&path, &scaled).unwrap_err().to_string();
    assert!(error.contains("loss_scale: it holds what is no number"), "{error}");
}

#[test]
fn weights_that_are_no_numbers_are_refused_by_name() {
    let (_folder, path, _) = saved();
    let mut bytes = std::fs::read(&path).unwrap();
    let last = bytes.len() - 4;
    for bad in [f32::NAN, f32::INFINITY] {
        bytes[last..].copy_from_slice(&bad.to_le_bytes());
        std::fs::write(&path, &bytes).unwrap();
        let error = load(&path, &tensors()).unwrap_err().to_string();
        assert!(error.contains("fc.weight.momentum: it holds what is no number"), "{error}");
    }
}

#[test]
fn variances_below_zero_are_refused() {
    let (_folder, path, _) = saved();
    let negative = tensor("bn.running_var", Kind::Vector, [1, 1, 1, 4], Role::Statistic);
    let tensors = [tensors(), vec![negative]].concat();
    let mut values = initial(&tensors, 3);
    values.insert("bn.running_var".into(), vec![1.0, 0.5, 0.0, 1.0]);
    save(&path, &tensors, &values, &about()).unwrap();
    assert_eq!(load(&path, &tensors).unwrap(), values);
    values.insert("bn.running_var".into(), vec![1.0, -1e-3, 0.0, 1.0]);
    save(&path, &tensors, &values, &about()).unwrap();
    let error = load(&path, &tensors).unwrap_err().to_string();
    assert!(error.contains("bn.running_var: it holds negative variances"), "{error}");
    let begun = load_to_begin(&path, &tensors, &|_| false, false).unwrap_err().to_string();
    assert!(begun.contains("bn.running_var: it holds negative variances"), "{begun}");
}

#[test]
fn what_is_no_finite_number_is_never_written() {
    let (folder, _, weights) = saved();
    let names: Vec<String> = weights.keys().cloned().collect();
    for name in &names {
        for bad in [f32::NAN, -f32::INFINITY] {
            let mut values = weights.clone();
            *values.get_mut(name).unwrap().last_mut().unwrap() = bad;
            let path = folder.path().join("bad.safetensors");
            let error = save(&path, &tensors(), &values, &about()).unwrap_err();
            let TrainError::BadNumber { tensor, .. } = &error else { panic!("{error}") };
            assert_eq!(tensor, name);
            assert!(!path.exists());
        }
    }
}

#[test]
fn the_weights_of_another_net_are_refused_by_name() {
    let (_folder, path, _) = saved();
    let error = |change: &dyn Fn(&mut Vec<Tensor>)| {
        let mut tensors = tensors();
        change(&mut tensors);
        let error = load(&path, &tensors).unwrap_err();
        assert!(matches!(error, TrainError::Misfit { .. }), "{error}");
        error.to_string()
    };
    let shape = error(&|t| t[0].shape = Shape([1, 1, 2, 4]));
    assert!(shape.contains("conv.weight") && shape.contains("[4, 2, 1, 1]"), "{shape}");
    assert!(error(&|t| t[1].name = "bn2.running_mean".into()).contains("missing"));
    assert!(error(&|t| drop(t.remove(1))).contains("bn.running_mean"));
}

#[test]
fn an_older_version_is_read_and_a_newer_one_refused() {
    let (_folder, path, _) = saved();
    let bytes = std::fs::read(&path).unwrap();
    let written = b"\\\"format\\\":3,";
    let mut places = bytes.windows(written.len());
    let at = places.position(|bytes| bytes == written).expect("the version comes first");
    let doctored = |version: &[u8; 13]| {
        let mut changed = bytes.clone();
        changed[at..at + 13].copy_from_slice(version);
        std::fs::write(&path, changed).unwrap();
        describe(&path)
    };
    // As long as the number, and nothing that JSON reads.
    let before = doctored(b"             ").unwrap();
    assert_eq!(before, Some(Origin::Run(about())), "files of before had none");
    let error = doctored(b"\\\"format\\\":4,").unwrap_err();
    assert!(matches!(error, TrainError::Newer { format: 4, known: 3, .. }), "{error}");
}
