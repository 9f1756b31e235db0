//! Training that begins with weights: what is taken, what is made new, what is refused.

use std::path::Path;

use safetensors::SafeTensors;

use crate::folder::Folder;

const ON: &str = "--engine cpu --batch 16";

/// Pictures of so many colours, a class each.
fn pets(folder: &Folder, name: &str, classes: &[&str]) {
    for (at, class) in classes.iter().enumerate() {
        for (part, pictures) in [("train", 0..12), ("test", 12..16)] {
            let path = folder.at(format!("{name}/{part}/{class}"));
            std::fs::create_dir_all(&path).unwrap();
            for k in pictures {
                let colour = image::Rgb([60 * at as u8 + k, 90 + k, 200 - 50 * at as u8]);
                let picture = image::RgbImage::from_pixel(32, 32, colour);
                picture.save(path.join(format!("{k}.png"))).unwrap();
            }
        }
    }
}

fn tensor(path: &Path, name: &str) -> (Vec<usize>, Vec<u8>) {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let view = file.tensor(name).unwrap();
    (view.shape().to_vec(), view.data().to_vec())
}

fn last(folder: &Folder, run: &str) -> std::path::PathBuf {
    folder.at(run).join("final.safetensors")
}

/// A run of two epochs on ten classes.
fn trained(folder: &Folder) {
    folder
        .expect(0, &format!("run tiny.rnet --train cifar10 --data cifar {ON} --epochs 2 --out a"));
}

/// A head that nobody has trained and nobody will is told; a key is taken away by nothing behind it.
#[test]
fn a_new_head_that_is_frozen_is_told() {
    let folder = Folder::new();
    trained(&folder);
    pets(&folder, "pets", &["cat", "dog", "horse"]);
    let begin =
        format!("run --train ./pets --weights a {ON} --steps 1 --with freeze=layers.linear");
    let told = folder.expect(0, &format!("{begin} --out b")).err;
    let both =
        "frozen, and new: layers.linear.weight and layers.linear.bias keep their first values";
    assert!(told.contains(both), "{told}");
    let frozen = rnetc::train::recipe::HE2016.to_owned() + "freeze: layers.linear\n";
    std::fs::write(folder.at("head.yaml"), frozen).unwrap();
    let begin = format!("run --train ./pets --weights a {ON} --steps 1 --recipe head.yaml");
    let told = folder.expect(0, &format!("{begin} --with freeze= --out c")).err;
    assert!(!told.contains("frozen"), "{told}");
}

#[test]
fn a_head_for_other_classes_is_new_and_all_else_is_taken() {
    let folder = Folder::new();
    trained(&folder);
    pets(&folder, "pets", &["cat", "dog", "horse"]);
    let frozen = rnetc::train::recipe::HE2016.to_owned() + "freeze: [layers.conv, layers.bn]\n";
    std::fs::write(folder.at("head.yaml"), frozen).unwrap();
    let begin = format!("run --train ./pets --weights a {ON} --recipe head.yaml --epochs 2");
    let said = folder.expect(0, &format!("{begin} --out b")).err;
    for told in [
        "spec: tiny.rnet, as the weights say",
        "classes = 3, as the data has",
        "begins with a/final.safetensors on cifar10, after 10 steps: 5 tensors of it",
        "pets has 3 classes, and the weights tell 10 apart: layers.linear.weight 3×4 (was \
         10×4), layers.linear.bias 3 (was 10)",
        "pictures are standardised as those that the weights were trained on",
        "frozen: 116 of 131 parameters stay as they are; 1 batch norm normalise",
    ] {
        assert!(said.contains(told), "{told} in {said}");
    }
    // What is frozen is what it was, statistics too, to the byte.
    for name in ["conv.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var"] {
        let name = format!("layers.{name}");
        assert_eq!(
            tensor(&last(&folder, "b"), &name),
            tensor(&last(&folder, "a"), &name),
            "{name}"
        );
    }
    assert_eq!(tensor(&last(&folder, "b"), "layers.linear.weight").0, [3, 4]);
    let config = std::fs::read_to_string(folder.at("b/config.yaml")).unwrap();
    for told in
        ["\nstart:\n  weights: /", "  data: cifar10\n  steps: 10\n  new:\n  - layers.linear.weight"]
    {
        assert!(config.contains(told), "{told} in {config}");
    }
    let mean = |run: &str| {
        let config = std::fs::read_to_string(folder.at(run).join("config.yaml")).unwrap();
        config.split_once("normalisation:").unwrap().1.split_once("contents:").unwrap().0.to_owned()
    };
    assert_eq!(mean("b"), mean("a"));
    folder.expect(0, &format!("run --eval --weights b {ON}"));

    // It goes on to the same bytes: from its checkpoint, and from nothing.
    let whole = std::fs::read(last(&folder, "b")).unwrap();
    for gone in ["step-00000004", "step-00000002"] {
        std::fs::remove_file(folder.at(format!("b/checkpoints/{gone}.safetensors"))).unwrap();
        let _ = std::fs::remove_file(last(&folder, "b"));
        if gone == "step-00000002" {
            let _ = std::fs::remove_file(folder.at("b/checkpoints/step-00000004.safetensors"));
            std::fs::remove_file(folder.at("b/manifest.json")).unwrap();
        }
        folder.expect(0, "run --resume b --engine cpu");
        assert_eq!(std::fs::read(last(&folder, "b")).unwrap(), whole, "{gone}");
    }
    // Without its first weights it cannot begin again.
    for entry in std::fs::read_dir(folder.at("b/checkpoints")).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    std::fs::remove_file(last(&folder, "b")).unwrap();
    std::fs::remove_file(folder.at("b/manifest.json")).unwrap();
    std::fs::copy(folder.at("a/checkpoints/step-00000005.safetensors"), last(&folder, "a"))
        .unwrap();
    std::fs::remove_file(folder.at("a/manifest.json")).unwrap();
    let other = folder.expect(3, "run --resume b --engine cpu").err;
    assert!(other.contains("not the weights that the run began with"), "{other}");
}

#[test]
fn classes_of_the_same_number_with_other_names_have_a_head_of_their_own() {
    let folder = Folder::new();
    pets(&folder, "pets", &["cat", "dog"]);
    pets(&folder, "animals", &["chat", "chien"]);
    folder.expect(0, &format!("run tiny.rnet --train ./pets {ON} --steps 2 --out a"));
    let begin = format!("run --train ./animals --weights a {ON} --steps 1");
    let new = folder.expect(0, &format!("{begin} --out b")).err;
    assert!(new.contains("animals has other classes than the weights tell apart"), "{new}");
    assert!(new.contains(": layers.linear.weight 2×4, layers.linear.bias 2\n"), "{new}");
    let same = folder.expect(0, &format!("{begin} --other-names --out c")).err;
    assert!(same.contains(": 7 tensors of it") && !same.contains("new, since"), "{same}");
    let again =
        folder.expect(0, &format!("run --train ./pets --weights a {ON} --steps 1 --out d")).err;
    assert!(again.contains(": 7 tensors of it") && !again.contains("new, since"), "{again}");
}

#[test]
fn what_fits_nowhere_is_refused_with_what_to_do() {
    let folder = Folder::new();
    trained(&folder);
    let wider =
        format!("run tiny.rnet --set width=5 --train cifar10 --data cifar {ON} --weights a");
    let said = folder.expect(1, &wider).err;
    assert!(
        said.contains(
            "layers.conv.weight: its shape is [4, 3, 3, 3], and the net's is [5, 3, 3, 3]"
        )
    );
    assert!(said.contains("only the layer that tells classes apart may differ"), "{said}");
    assert!(!folder.at("runs").exists(), "no folder is made for a run that cannot begin");
    let state = "tests/goldens/import_state.safetensors";
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(state), folder.at("s.safetensors"))
        .unwrap();
    let tiny = format!("run tiny.rnet --train cifar10 --data cifar {ON} --weights s.safetensors");
    let foreign = folder.expect(1, &tiny).err;
    assert!(foreign.contains("read by rnetc import SPEC STATE -o FILE first"), "{foreign}");
    folder.expect(3, &format!("run tiny.rnet --train cifar10 --data cifar {ON} --weights none"));
    let both = folder.expect(2, "run --resume a --weights a").err;
    assert!(both.contains("--weights") && both.contains("cannot be used with"), "{both}");
}

#[test]
fn keys_of_the_recipe_are_changed_on_the_command_line_and_recorded() {
    let folder = Folder::new();
    let train = format!("run tiny.rnet --train cifar10 --data cifar {ON}");
    let with = "--with schedule.lr=0.05 --with optimiser.kind=adamw --with epochs=4";
    folder.expect(0, &format!("{train} {with} --out a"));
    let config = std::fs::read_to_string(folder.at("a/config.yaml")).unwrap();
    for told in ["    kind: adamw\n", "    lr: 0.05\n", "  epochs: 4\n", "steps: 20\n"] {
        assert!(config.contains(told), "{told} in {config}");
    }
    std::fs::write(folder.at("mine.yaml"), "base: he2016\nschedule: { lr: 0.05 }\n").unwrap();
    folder.expect(0, &format!("{train} --recipe mine.yaml --steps 2 --out b"));
    let config = std::fs::read_to_string(folder.at("b/config.yaml")).unwrap();
    assert!(config.contains("    lr: 0.05\n") && config.contains("iterations: 64000"), "{config}");
    let near = folder.expect(1, &format!("{train} --with schedule.rl=1")).err;
    assert!(
        near.contains("recipe, with schedule.rl: ") && near.contains("did you mean `lr`?"),
        "{near}"
    );
    let near = folder.expect(1, &format!("{train} --with optimizer.momentum=1")).err;
    assert!(near.contains("did you mean `optimiser`?"), "{near}");
    let form = folder.expect(2, &format!("{train} --with lr")).err;
    assert!(form.contains("--with schedule.lr=0.05"), "{form}");
    let other =
        folder.expect(2, &format!("run --resume a {ON} --data cifar --with schedule.lr=1")).err;
    assert!(other.contains("\n  recipe.schedule.lr: 0.05  # now 1"), "{other}");
}
