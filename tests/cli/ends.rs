//! Runs that end inside an epoch, and parameters whose training ends before the run.

use safetensors::SafeTensors;

use crate::folder::Folder;

const TRAIN: &str = "run tiny.rnet --train cifar10 --data cifar --engine cpu --batch 16 \
    --with checkpoint.steps=1 --with checkpoint.keep=20";

fn file(folder: &Folder, step: usize) -> Vec<u8> {
    std::fs::read(folder.at(format!("r/checkpoints/step-{step:08}.safetensors"))).unwrap()
}

/// Bytes of a tensor of a checkpoint.
fn tensor(folder: &Folder, step: usize, name: &str) -> Vec<u8> {
    SafeTensors::deserialize(&file(folder, step)).unwrap().tensor(name).unwrap().data().to_vec()
}

#[test]
fn a_part_of_an_epoch_is_an_epoch_that_ends_early() {
    let folder = Folder::new();
    // Five steps an epoch: 1.5 epochs are eight steps, as 7.5 end in the eighth.
    let told = folder.expect(0, &format!("{TRAIN} --epochs 1.5 --out r"));
    assert!(told.err.contains("8 steps of 16, 5 an epoch"), "{told:?}");
    assert!(told.err.contains("epoch 2/2"), "{told:?}");
    assert!(told.err.contains("(of 3 of 5 steps)"), "{told:?}");
    let config = std::fs::read_to_string(folder.at("r/config.yaml")).unwrap();
    assert!(config.contains("length:\n  epochs: 1.5\nsteps: 8\n"), "{config}");
    let metrics = std::fs::read_to_string(folder.at("r/metrics.jsonl")).unwrap();
    let evaluated: Vec<u64> = metrics
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|line| line.get("test_error_percent").is_some())
        .map(|line| line["step"].as_u64().unwrap())
        .collect();
    assert_eq!(evaluated, [5, 8]);
    let end = file(&folder, 8);
    for step in 6..=8 {
        std::fs::remove_file(folder.at(format!("r/checkpoints/step-{step:08}.safetensors")))
            .unwrap();
    }
    std::fs::remove_file(folder.at("r/final.safetensors")).unwrap();
    folder.expect(0, "run --resume r --engine cpu");
    assert_eq!(file(&folder, 8), end);
    // Whole lengths are written as before there were others.
    folder.expect(0, &format!("{TRAIN} --epochs 1 --out whole"));
    let config = std::fs::read_to_string(folder.at("whole/config.yaml")).unwrap();
    assert!(config.contains("length:\n  epochs: 1\nsteps: 5\n"), "{config}");
    for wrong in ["0", "-1", "nan", "inf", "2000000", "two"] {
        let told = folder.expect(2, &format!("{TRAIN} --epochs={wrong} --out no"));
        assert!(told.err.contains("a number above 0, at most 1000000: 30, or 9.9"), "{told:?}");
    }
}

#[test]
fn what_ends_is_left_alone_with_all_that_is_kept_of_it() {
    let folder = Folder::new();
    let recipe = "base: he2016\nepochs: 2\nschedule: { points: [[0, 0.2], [0.23, 1], [1, 0.07]] }\n\
        groups:\n- { match: layers.linear.bias, lr_factor: 64, until: 1 }\n";
    std::fs::write(folder.at("mine.yaml"), recipe).unwrap();
    let told = folder.expect(0, &format!("{TRAIN} --recipe mine.yaml --out r"));
    assert!(told.err.contains("trained for 1 epoch: 10 of 166 parameters"), "{told:?}");
    for name in ["layers.linear.bias", "layers.linear.bias.momentum"] {
        let at = |step| tensor(&folder, step, name);
        assert_ne!(at(4), at(5), "{name}");
        (6..=10).for_each(|step| assert_eq!(at(step), at(5), "{name}, step {step}"));
    }
    let weight = |step| tensor(&folder, step, "layers.linear.weight");
    (5..10).for_each(|step| assert_ne!(weight(step), weight(step + 1)));
}
