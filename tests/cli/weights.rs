//! Weights as commands take them: a file, a run's folder, an import; and whose classes they tell.

use rnetc::train::record::checkpoint;
use rnetc::train::tensors;

use crate::folder::{Folder, TINY};

const TRAIN: &str = "run tiny.rnet --train cifar10 --data cifar --engine cpu --batch 16";

/// A net with a unit, in place of the one without.
fn with_a_unit(folder: &Folder) {
    let unit = "unit u(width) { F = conv(3x3, width)  y = x + F(x) }\n".to_string();
    let net = TINY.replace("-> global", "-> u(width) -> global");
    std::fs::write(folder.at("tiny.rnet"), unit + &net).unwrap();
}

/// A run's weights as another program would have saved them.
fn state_dict(folder: &Folder) {
    let text = std::fs::read_to_string(folder.at("tiny.rnet")).unwrap();
    let network = rnetc::Spec::new("tiny.rnet", text).compile().unwrap();
    let tensors = tensors::of(&network);
    let mut values = checkpoint::load(&folder.at("r/final.safetensors"), &tensors).unwrap();
    values.retain(|name, _| tensors.iter().any(|tensor| tensor.name == *name));
    checkpoint::save_imported(&folder.at("state.safetensors"), &tensors, &values, None).unwrap();
}

#[test]
fn a_runs_folder_stands_for_its_last_weights_and_knows_its_data() {
    let folder = Folder::new();
    folder.expect(0, &format!("{TRAIN} --epochs 2 --out r"));
    let file = "--data cifar --engine cpu --weights r/final.safetensors";
    let told = folder.expect(0, &format!("run --eval cifar10 {file}"));
    let run = folder.expect(0, "run --eval --data cifar --engine cpu --weights r");
    let error = |text: &str| {
        text.split("images/s").next().unwrap().rsplit_once("  ").unwrap().0.to_string()
    };
    assert_eq!(error(&run.out), error(&told.out));
    assert!(run.err.contains("weights: r/final.safetensors, the last of the run"), "{run:?}");
    assert!(run.err.contains("data: cifar10, as the weights say"), "{run:?}");
    // Where the set's files were when it was trained is known too.
    let known = folder.expect(0, "run --eval --engine cpu --weights r");
    assert_eq!(error(&known.out), error(&told.out));
    folder.expect(0, "report r --engine cpu");
    folder.expect(0, "export r --onnx net.onnx");
    let none = folder.expect(3, "run --eval --data cifar --weights cifar");
    assert!(none.err.contains("cifar holds no run"), "{none:?}");

    // As if the run had not ended, with the better checkpoint before the last.
    std::fs::remove_file(folder.at("r/final.safetensors")).unwrap();
    let list = std::fs::read_to_string(folder.at("r/manifest.json")).unwrap();
    let mut list: serde_json::Value = serde_json::from_str(&list).unwrap();
    for (entry, error) in
        list["checkpoints"].as_array_mut().unwrap().iter_mut().zip([12.5, 50.0, 50.0])
    {
        entry["test_error_percent"] = error.into();
    }
    std::fs::write(folder.at("r/manifest.json"), list.to_string()).unwrap();
    let run = folder.expect(0, "run --eval --data cifar --engine cpu --weights r");
    assert!(run.err.contains("weights: r/checkpoints/step-00000010"), "{run:?}");
    assert!(run.err.contains("12.50 %, was that of checkpoints/step-00000005"), "{run:?}");
}

#[test]
fn weights_are_not_measured_on_other_classes_without_a_word() {
    let folder = Folder::new();
    folder.expect(0, &format!("{TRAIN} --steps 1 --out r"));
    let eval = "run --eval shapes10 --engine cpu --weights r";
    let refused = folder.expect(1, eval);
    assert!(
        refused.err.contains("tell airplane, automobile, bird, … apart, and shapes10 has"),
        "{refused:?}"
    );
    assert!(refused.err.contains("--other-names"), "{refused:?}");
    assert!(folder.expect(0, &format!("{eval} --other-names")).out.contains("% ("));
}

#[test]
fn imported_weights_know_what_the_import_was_told() {
    let folder = Folder::new();
    with_a_unit(&folder);
    folder.expect(0, &format!("{TRAIN} --epochs 2 --out r"));
    state_dict(&folder);
    let import = "import tiny.rnet state.safetensors -o own.safetensors";
    let eval = |weights: &str| {
        let line = format!("run --eval cifar10 --data cifar --engine cpu --weights {weights}");
        let told = folder.expect(0, &line);
        (told.out.split("  ").take(2).collect::<String>(), told.err)
    };
    let (own, _) = eval("r");

    // Told nothing, they say so, and nothing that needs it guesses.
    let bare = folder.expect(0, import);
    assert!(bare.err.contains("neither classes nor standardisation"), "{bare:?}");
    let (error, told) = eval("own.safetensors");
    assert_eq!(error, own, "the set's own mean is the run's");
    assert!(told.contains("do not say how pictures were standardised"), "{told}");
    folder.expect(1, "run --predict a.png --weights own.safetensors");
    let lesion = "lesion own.safetensors --data cifar --engine cpu --delete each";
    assert!(folder.expect(1, lesion).err.contains("--trained-on DATA"));

    let known = format!("{import} --trained-on cifar10 --data cifar");
    let told = folder.expect(0, &known);
    assert!(told.err.contains("measured over the training pictures of cifar10"), "{told:?}");
    assert_eq!(eval("own.safetensors").0, own);
    folder.expect(0, lesion);
    assert!(folder.at("own/lesion/delete-each.csv").is_file());
    let of_run = folder.expect(0, "lesion r --data cifar --engine cpu --delete each");
    assert!(of_run.out.lines().count() > 1);
    let csv = |of: &str| std::fs::read_to_string(folder.at(of).join("lesion/delete-each.csv"));
    assert_eq!(csv("own").unwrap(), csv("r").unwrap());
    image::RgbImage::from_pixel(32, 32, image::Rgb([20, 20, 20])).save(folder.at("a.png")).unwrap();
    let predict = |weights: &str| {
        folder.expect(0, &format!("run --predict a.png --engine cpu --weights {weights}")).out
    };
    assert_eq!(predict("own.safetensors"), predict("r"));

    // The same mean and deviation in PyTorch's unit.
    let Some(origin) = checkpoint::describe(&folder.at("r/final.safetensors")).unwrap() else {
        panic!("a run's weights say what they are")
    };
    let normalisation = origin.normalisation().unwrap();
    let unit = |values: &[f64]| {
        values.iter().map(|v| (v / 255.0).to_string()).collect::<Vec<_>>().join(",")
    };
    let (mean, std) = (unit(&normalisation.mean), unit(&normalisation.std));
    let names = "ant,bee,cat,dog,eel,fox,gnu,hen,imp,jay";
    let named = format!("{import} --mean {mean} --std {std} --classes {names}");
    folder.expect(0, &named);
    let percent = |told: &str| {
        let numbers: String = told.chars().filter(|c| !c.is_ascii_alphabetic()).collect();
        numbers
    };
    assert_eq!(percent(&predict("own.safetensors")), percent(&predict("r")));
    let eval = "run --eval cifar10 --data cifar --engine cpu --weights own.safetensors";
    let other = folder.expect(1, eval);
    assert!(other.err.contains("tell ant, bee, cat, … apart"), "{other:?}");
    let own = folder.expect(2, "import tiny.rnet own.safetensors -o again.safetensors");
    assert!(own.err.contains("holds weights of rnetc already"), "{own:?}");
    folder.expect(1, &format!("{import} --classes ant,bee"));
    folder.expect(2, &format!("{import} --classes ant,ant"));
    folder.expect(2, &format!("{import} --mean 123.7,116.3,103.5 --std 58.4,57.1,57.4"));
    folder.expect(2, &format!("{import} --mean 0.5 --std 0.5"));
    folder.expect(2, &format!("{import} --mean 0.5,0.5,0.5"));
}

#[test]
fn weights_that_diverged_are_not_measured_asked_exported_or_gone_on_with() {
    let folder = Folder::new();
    folder.expect(0, &format!("{TRAIN} --epochs 2 --out r"));
    let last = folder.at("r/checkpoints/step-00000010.safetensors");
    let mut bytes = std::fs::read(&last).unwrap();
    let end = bytes.len();
    bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(&last, &bytes).unwrap();
    std::fs::write(folder.at("nan.safetensors"), &bytes).unwrap();
    std::fs::remove_file(folder.at("r/manifest.json")).unwrap();
    for line in [
        "run --eval --data cifar --engine cpu --weights nan.safetensors",
        "run --predict a.png --weights nan.safetensors",
        "export nan.safetensors --onnx n.onnx",
    ] {
        let told = folder.expect(5, line);
        assert!(told.err.contains("it holds what is no number"), "{told:?}");
    }
    let on = folder.expect(0, "run --resume r --data cifar --engine cpu");
    assert!(on.err.contains("warning: r/checkpoints/step-00000010"), "{on:?}");
}

/// A state dict says neither its net nor its classes; what would is named, and does.
#[test]
fn weights_that_say_nothing_lead_to_import() {
    let folder = Folder::new();
    folder.expect(
        0,
        "run tiny.rnet --train cifar10 --data cifar --engine cpu --batch 16 --steps 2 --out r",
    );
    let none = folder.expect(2, "export r");
    assert!(none.err.contains("<--onnx <FILE>|--state-dict <NAMES>>"), "{none:?}");
    let written = folder.expect(0, "export r --state-dict rnetc -o s.safetensors");
    assert_eq!(written.err.matches("weights: ").count(), 1, "{written:?}");
    let eval = "--eval cifar10 --data cifar --engine cpu --weights";
    let lost = folder.expect(1, &format!("run {eval} s.safetensors"));
    let hint = "The file does not say which net it is of: name its spec, or have rnetc import SPEC s.safetensors -o \
        FILE write weights that do\n";
    assert!(lost.err.ends_with(hint), "{lost:?}");
    std::fs::write(
        folder.at("other.rnet"),
        "net other(classes = 10) { input(3, 32, 32) -> conv(3x3, 7) -> global_avg_pool -> linear(classes) }",
    )
    .unwrap();
    let other = folder.expect(1, &format!("run other.rnet {eval} s.safetensors"));
    assert!(!other.err.contains("name its spec"), "it was named: {other:?}");
    let assumed = folder.expect(0, &format!("run tiny.rnet {eval} s.safetensors"));
    let hint = "rnetc import SPEC s.safetensors -o FILE writes weights that say both (--trained-on cifar10, or --mean, \
        --std and --classes)\n";
    assert!(assumed.err.contains(hint), "{assumed:?}");
    folder.expect(
        0,
        "import tiny.rnet s.safetensors -o own.safetensors --trained-on cifar10 --data cifar",
    );
    let own = folder.expect(0, &format!("run {eval} own.safetensors"));
    assert!(!own.err.contains("warning") && !own.err.contains("rnetc import"), "{own:?}");
    let error = |of: &str| of.split("  test loss").next().unwrap().to_owned();
    assert_eq!(error(&own.out), error(&assumed.out));
    let trained = folder.expect(0, &format!("run {eval} r"));
    assert!(!trained.err.contains("rnetc import"), "{trained:?}");
}
