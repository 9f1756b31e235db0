//! Runs that go on: from their folder alone, to the same weights, or not at all.

use std::path::Path;

use crate::folder::Folder;

const TRAIN: &str = "run tiny.rnet --train cifar10 --data cifar --engine cpu --batch 16";

/// What a run ended with.
fn weights(folder: &Folder, run: &str) -> Vec<u8> {
    std::fs::read(folder.at(run).join("final.safetensors")).unwrap()
}

/// As if stopped after the first of two epochs.
fn stop(folder: &Folder, run: &str) {
    std::fs::remove_file(folder.at(run).join("checkpoints/step-00000010.safetensors")).unwrap();
    std::fs::remove_file(folder.at(run).join("final.safetensors")).unwrap();
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    std::fs::write(path, text.replace(from, to)).unwrap();
}

#[test]
fn a_run_goes_on_from_its_folder_alone_to_the_same_weights() {
    let folder = Folder::new();
    folder.expect(0, &format!("{TRAIN} --epochs 2 --seed 7 --out whole"));
    assert!(folder.expect(2, &format!("{TRAIN} --out whole")).err.contains("--resume"));
    folder.expect(3, &format!("{TRAIN} --out empty --resume"));
    folder.expect(3, "run --resume empty");
    folder.expect(2, "run --resume whole --out part");
    for resume in ["--resume part", "--resume --out part", "--train cifar10 --resume part"] {
        folder.expect(0, &format!("{TRAIN} --epochs 2 --seed 7 --out part"));
        stop(&folder, "part");
        // Neither spec nor settings, batch, seed or length are said again.
        folder.expect(0, &format!("run {resume} --engine cpu"));
        assert_eq!(weights(&folder, "part"), weights(&folder, "whole"), "{resume}");
        std::fs::remove_dir_all(folder.at("part")).unwrap();
    }
    let over = folder.expect(0, "run --resume whole --engine cpu");
    assert!(
        over.err.contains("all 10 steps are done, so nothing is trained; --epochs"),
        "{over:?}"
    );
}

#[test]
fn what_has_changed_is_shown_key_by_key_and_once() {
    let folder = Folder::new();
    folder.expect(0, &format!("{TRAIN} --epochs 2 --out r"));
    stop(&folder, "r");
    let seed = folder.expect(2, &format!("{TRAIN} --epochs 2 --resume r --seed 9"));
    assert!(seed.err.contains("\n  recipe.seed: 0  # now 9\n"), "{seed:?}");
    assert!(seed.err.len() < 300 && seed.err.lines().count() == 4, "{seed:?}");
    let more = folder.expect(2, "run --resume r --data cifar --engine cpu --batch 8 --set width=5");
    assert!(more.err.contains("  settings.width: absent  # now '5'"), "{more:?}");
    assert!(more.err.contains("  recipe.batch: 16  # now 8"), "{more:?}");
    let spec = std::fs::read_to_string(folder.at("tiny.rnet")).unwrap();
    std::fs::write(folder.at("tiny.rnet"), spec.replace("relu", "sigmoid")).unwrap();
    assert!(folder.expect(2, &format!("{TRAIN} --resume r")).err.contains("the spec's text"));

    // Older runs name no format and no contents; this program does not know what newer ones mean.
    let config = std::fs::read_to_string(folder.at("r/config.yaml")).unwrap();
    let write = |text: &str| std::fs::write(folder.at("r/config.yaml"), text).unwrap();
    write(&config.replace("format: 3\n", "format: 4\nanother: 3\n"));
    let newer = folder.expect(1, "run --resume r");
    assert!(newer.err.contains("config.yaml: it has format 4"), "{newer:?}");
    let (before, contents) = config.split_once("contents:\n").expect("they are recorded");
    let rest = contents.split_once("spec_text:").expect("the spec comes last").1;
    let old = format!("{before}spec_text:{rest}");
    write(old.strip_prefix("format: 3\n").expect("the format comes first"));
    folder.expect(0, "run --resume r --data cifar --engine cpu");
}

#[test]
fn a_run_can_be_asked_for_more_epochs_and_that_is_recorded() {
    let folder = Folder::new();
    folder.expect(0, &format!("{TRAIN} --epochs 2 --out r"));
    let more = "run --resume r --data cifar --engine cpu --epochs";
    let told = folder.expect(0, &format!("{more} 4"));
    assert!(told.err.contains("20 steps instead of 10"), "{told:?}");
    assert!(told.err.contains("the rate of step 11 is 0.01, that of the step before was 0.001"));
    assert!(told.out.contains("after 20 steps"), "{told:?}");
    let config = std::fs::read_to_string(folder.at("r/config.yaml")).unwrap();
    assert!(config.contains("replanned:\n- after: 10\n  from: 10\n"), "{config}");
    let fewer = folder.expect(2, &format!("{more} 1"));
    assert!(fewer.err.contains("20 steps are done already, more than the 5"), "{fewer:?}");
    // What was recorded stays.
    folder.expect(0, "run --resume r --data cifar --engine cpu");
    assert_eq!(std::fs::read_to_string(folder.at("r/config.yaml")).unwrap(), config);

    // While a longer run is under way, its newest weights are not those of its first end.
    let end = weights(&folder, "r");
    folder.expect(0, &format!("{more} 6"));
    std::fs::write(folder.at("r/final.safetensors"), end).unwrap();
    edit(&folder.at("r/manifest.json"), "\"file\": \"final.safetensors\"", "\"file\": \"x\"");
    let eval = folder.expect(0, "run --eval --data cifar --engine cpu --weights r");
    assert!(eval.err.contains("weights: r/checkpoints/step-00000030.safetensors"), "{eval:?}");
}

#[test]
fn checkpoints_that_are_gone_and_lists_that_are_damaged_are_told() {
    let folder = Folder::new();
    folder.expect(0, &format!("{TRAIN} --epochs 2 --out r"));
    std::fs::rename(folder.at("r/checkpoints"), folder.at("moved")).unwrap();
    std::fs::create_dir(folder.at("r/checkpoints")).unwrap();
    let resume = "run --resume r --data cifar --engine cpu";
    let gone = folder.expect(3, resume);
    assert!(gone.err.contains("checkpoints/step-00000005.safetensors"), "{gone:?}");
    std::fs::remove_dir(folder.at("r/checkpoints")).unwrap();
    std::fs::rename(folder.at("moved"), folder.at("r/checkpoints")).unwrap();
    let list = std::fs::read_to_string(folder.at("r/manifest.json")).unwrap();
    std::fs::write(folder.at("r/manifest.json"), &list[..40]).unwrap();
    for line in [resume, "run --eval --data cifar --weights r"] {
        let damaged = folder.expect(3, line);
        assert!(damaged.err.contains("manifest.json: damaged"), "{damaged:?}");
    }
    std::fs::remove_file(folder.at("r/manifest.json")).unwrap();

    // A configuration that was written over is not what the checkpoint was made with.
    edit(&folder.at("r/config.yaml"), "lr: 0.1\n", "lr: 0.5\n");
    let edited = folder.expect(0, resume);
    assert!(edited.err.contains("recipe.schedule.lr: 0.1  # now 0.5"), "{edited:?}");
}

/// Ten pictures of each of two classes, a part for training and one for testing.
fn pets(at: &Path) {
    for (part, class, count) in
        [("train", "ant", 8u8), ("train", "bee", 8), ("test", "ant", 4), ("test", "bee", 4)]
    {
        let folder = at.join(part).join(class);
        std::fs::create_dir_all(&folder).unwrap();
        for n in 0..count {
            let colour = image::Rgb([20 * n, class.as_bytes()[0], part.as_bytes()[1]]);
            image::RgbImage::from_pixel(32, 32, colour)
                .save(folder.join(format!("{n}.png")))
                .unwrap();
        }
    }
}

#[test]
fn pictures_may_move_and_may_not_change() {
    let folder = Folder::new();
    pets(&folder.at("pets"));
    let train = "run tiny.rnet --train pets --engine cpu --batch 4 --epochs 2 --out";
    folder.expect(0, &format!("{train} r"));
    std::fs::rename(folder.at("pets"), folder.at("elsewhere")).unwrap();
    let lost = folder.expect(3, "run --resume r --engine cpu");
    assert!(lost.err.contains("--data DIR"), "{lost:?}");
    folder.expect(0, "run --resume r --engine cpu --data elsewhere");
    // From then on they are known to be there.
    folder.expect(0, "run --resume r --engine cpu");
    folder.expect(0, "run --eval --weights r --engine cpu");

    let resume = "run --resume r --engine cpu";
    let (ant, bee) =
        (folder.at("elsewhere/train/ant/3.png"), folder.at("elsewhere/train/bee/3.png"));
    let swap = || {
        std::fs::rename(&ant, folder.at("aside.png")).unwrap();
        std::fs::rename(&bee, &ant).unwrap();
        std::fs::rename(folder.at("aside.png"), &bee).unwrap();
    };
    swap();
    let labels = folder.expect(2, resume);
    assert!(
        labels.err.contains("the training pictures, their labels or their order"),
        "{labels:?}"
    );
    swap();
    std::fs::remove_file(folder.at("elsewhere/test/ant/3.png")).unwrap();
    let fewer = folder.expect(2, resume);
    assert!(fewer.err.contains("  the test pictures"), "{fewer:?}");
    assert!(!fewer.err.contains("training pictures"), "{fewer:?}");
}

#[test]
fn another_instruction_set_is_told() {
    let folder = Folder::new();
    let line = format!("{TRAIN} --epochs 2 --out r");
    assert!(folder.command(&line).env("RNETC_CPU", "portable").output().unwrap().status.success());
    stop(&folder, "r");
    let resume = "run --resume r --data cifar --engine cpu";
    let same = folder.command(resume).env("RNETC_CPU", "portable").output().unwrap();
    assert!(!String::from_utf8_lossy(&same.stderr).contains("goes on on"), "{same:?}");
    stop(&folder, "r");
    let Some(other) = ["avx2", "avx512"].into_iter().find(|isa| {
        let mut devices = folder.command("devices");
        devices.env("RNETC_CPU", isa).output().unwrap().status.success()
    }) else {
        return;
    };
    let told = folder.command(resume).env("RNETC_CPU", other).output().unwrap();
    let told = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(told.contains("trained on cpu (portable) and goes on on cpu ("), "{told}");
}

/// What an optimiser keeps is saved under its own names, and a run goes on from it to the same bytes.
#[test]
fn runs_with_any_optimiser_go_on_to_the_same_weights() {
    let folder = Folder::new();
    let spec = "unit u(width) {\n    F = conv(3x3, width) -> bn\n    y = x + F(x)\n}\n\nnet tiny(width = 4, \
        classes = 10) {\n    input(3, 32, 32) -> conv(3x3, width, stride: 4) -> bn -> relu -> u(width)\n    -> \
        global_avg_pool -> linear(classes)\n}\n";
    std::fs::write(folder.at("tiny.rnet"), spec).unwrap();
    let recipe = rnetc::train::recipe::HE2016;
    let clipped = "clip: { norm: 0.5 }\ngroups: [{ match: [norms, biases], weight_decay: 0 }]\n";
    let plain = "  momentum: 0.9\n  weight_decay: 0.0001\n  decay: all       # every parameter, γ, β and biases too; or weights\n  nesterov: false\n";
    for (name, optimiser, kept) in [
        ("adamw", "kind: adamw, weight_decay: 0.01", &["first_moment", "second_moment"][..]),
        ("lion", "kind: lion, weight_decay: 0.1, layer_decay: 0.5", &["momentum"][..]),
        (
            "muon",
            "kind: muon, weight_decay: 0, otherwise: { kind: adamw, lr: 0.001, weight_decay: 0 }",
            &["momentum", "first_moment", "second_moment"][..],
        ),
    ] {
        let (_, rest) = recipe.split_once(plain).expect("its optimiser");
        let (before, _) = recipe.split_once("optimiser:\n").unwrap();
        let rest = rest.replace("lr: 0.1\n", "lr: 0.01\n").replace("lr: 0.01 }", "lr: 0.001 }");
        let text = format!("{before}optimiser: {{ {optimiser} }}\nfreeze: stem\n{rest}{clipped}");
        std::fs::write(folder.at(format!("{name}.yaml")), text).unwrap();
        let train = format!("{TRAIN} --recipe {name}.yaml --epochs 2");
        let whole = folder.expect(0, &format!("{train} --out {name}"));
        assert!(whole.err.contains("frozen: "), "{whole:?}");
        folder.expect(0, &format!("{train} --out {name}-part"));
        stop(&folder, &format!("{name}-part"));
        folder.expect(0, &format!("run --resume {name}-part --engine cpu --data cifar"));
        let bytes = weights(&folder, name);
        assert_eq!(weights(&folder, &format!("{name}-part")), bytes);
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let names = file.names();
        for slot in kept {
            let ends = format!(".weight.{slot}");
            assert!(names.iter().any(|name| name.ends_with(&ends)), "{slot} in {names:?}");
        }
        let slots = |name: &&&str| name.ends_with("moment") || name.ends_with("momentum");
        assert!(!names.iter().filter(slots).any(|name| name.starts_with("stem.")), "{names:?}");
        let filled = names.contains(&"optimiser.second_moment.filled");
        assert_eq!(filled, name != "lion");
        assert_eq!(
            whole.err.contains("optimisers: muon trains 144 parameters, adamw "),
            name == "muon"
        );
        // Others read the weights, and know no optimiser.
        folder.expect(0, &format!("run --eval --data cifar --engine cpu --weights {name}"));
        folder.expect(0, &format!("export {name} --onnx {name}.onnx"));
        let other = folder
            .expect(2, &format!("run --resume {name} --engine cpu --data cifar --recipe he2016"));
        assert!(other.err.contains("recipe.optimiser.kind: "), "{other:?}");
        assert!(other.err.contains("recipe.freeze: stem  # now absent"), "{other:?}");
    }
    let he = recipe.to_owned() + "freeze: [stem, stage9]\n";
    std::fs::write(folder.at("bad.yaml"), he).unwrap();
    let bad = folder.expect(1, &format!("{TRAIN} --recipe bad.yaml"));
    assert!(bad.err.contains("`stage9` matches no parameter of tiny"), "{bad:?}");
    assert!(bad.err.contains("did you mean stage1?"), "{bad:?}");
}
