//! Averages of weights along a run: what files hold, what is measured, and runs that go on.

use safetensors::SafeTensors;

use crate::folder::Folder;

const TRAIN: &str = "run tiny.rnet --train cifar10 --data cifar --engine cpu --batch 16 --epochs 2 \
    --with checkpoint.steps=1 --with checkpoint.keep=20";
const BOTH: &str = "--with ema=0.8 --with lookahead.every=2 --with lookahead.alpha=0.25";

/// A tensor of a checkpoint.
fn tensor(folder: &Folder, run: &str, step: usize, name: &str) -> Vec<f32> {
    let path = folder.at(run).join(format!("checkpoints/step-{step:08}.safetensors"));
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let view = file.tensor(name).unwrap_or_else(|_| panic!("{name} in {:?}", file.names()));
    let numbers = view.data().chunks_exact(4);
    numbers.map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
}

/// `share` of one and the rest of the other.
fn mixed(share: f32, one: &[f32], other: &[f32]) -> Vec<f32> {
    one.iter().zip(other).map(|(x, y)| share * x + (1.0 - share) * y).collect()
}

#[track_caller]
fn near(found: &[f32], wanted: &[f32]) {
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() <= 1e-6 * wanted.abs().max(1.0), "{found} for {wanted}");
    }
}

/// Parameters and statistics alike: the moving average stands under the tensor's name.
#[test]
fn files_hold_the_average_under_the_weights_names() {
    let folder = Folder::new();
    let told = folder.expect(0, &format!("{TRAIN} {BOTH} --out r"));
    assert!(told.err.contains("the moving average of the weights (ema: 0.8)"), "{told:?}");
    for name in ["layers.conv.weight", "layers.bn.running_var", "layers.linear.bias"] {
        let at = |step, ending: &str| tensor(&folder, "r", step, &format!("{name}{ending}"));
        // Nothing of the first weights.
        assert_eq!(at(1, ""), at(1, ".fast"));
        for step in 2..=10 {
            near(&at(step, ""), &mixed(0.8, &at(step - 1, ""), &at(step, ".fast")));
            match step % 2 {
                0 => assert_eq!(at(step, ".fast"), at(step, ".slow")),
                _ => assert_eq!(at(step, ".slow"), at(step - 1, ".slow")),
            }
        }
        assert_ne!(at(10, ""), at(10, ".fast"));
        assert_ne!(at(9, ".fast"), at(9, ".slow"));
    }

    // What is measured is the average: the same without what else the file holds.
    let evaluated = |weights: &str| {
        let line =
            format!("run --eval --data cifar --engine cpu --format json --weights {weights}");
        let told: serde_json::Value = serde_json::from_str(&folder.expect(0, &line).out).unwrap();
        (told["loss"].clone(), told["error_percent"].clone())
    };
    let metrics = std::fs::read_to_string(folder.at("r/metrics.jsonl")).unwrap();
    let last: serde_json::Value =
        serde_json::from_str(metrics.lines().last().expect("an evaluation")).unwrap();
    let whole = evaluated("r");
    assert!(whole.0.is_number(), "{whole:?}");
    assert_eq!(whole, (last["test_loss"].clone(), last["test_error_percent"].clone()));
    folder.expect(0, "export r --state-dict rnetc -o plain.safetensors");
    let bytes = std::fs::read(folder.at("plain.safetensors")).unwrap();
    let plain = SafeTensors::deserialize(&bytes).unwrap();
    assert!(plain.names().iter().all(|name| !name.ends_with(".fast")), "{:?}", plain.names());
    folder.expect(0, "report r --engine cpu");
    folder.expect(
        0,
        "run tiny.rnet --train cifar10 --data cifar --engine cpu --steps 2 --weights r --out more",
    );
}

#[test]
fn a_run_with_averages_goes_on_to_the_same_weights() {
    let folder = Folder::new();
    for (run, keys) in [
        ("both", BOTH),
        ("slow", "--with lookahead.every=3 --with lookahead.power=3"),
        ("ema", "--with ema.decay=0.9 --with ema.warmup=true"),
    ] {
        folder.expect(0, &format!("{TRAIN} {keys} --seed 3 --out {run}"));
        let end = std::fs::read(folder.at(run).join("final.safetensors")).unwrap();
        // Between two steps of the slow weights.
        for step in 8..=10 {
            let file = format!("checkpoints/step-{step:08}.safetensors");
            std::fs::remove_file(folder.at(run).join(file)).unwrap();
        }
        std::fs::remove_file(folder.at(run).join("final.safetensors")).unwrap();
        let told = folder.expect(0, &format!("run --resume {run} --engine cpu"));
        assert!(told.err.contains("from step 7 on"), "{told:?}");
        assert_eq!(std::fs::read(folder.at(run).join("final.safetensors")).unwrap(), end, "{run}");
    }
}
