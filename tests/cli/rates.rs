//! `run --train DATA --find-rate`.

use crate::folder::Folder;

const FIND: &str = "run tiny.rnet --train cifar10 --data cifar --engine cpu --batch 16 --find-rate";

fn listed(folder: &Folder, path: &str) -> Vec<String> {
    let entries = std::fs::read_dir(folder.at(path)).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn rates_are_tried_named_and_drawn_and_no_run_is_kept() {
    let folder = Folder::new();
    let said = folder.expect(0, FIND);
    assert!(
        said.err.contains("rates from 1e-5 to 1e1 over 200 steps of 16, 5 an epoch"),
        "{said:?}"
    );
    assert!(said.out.contains("     rate       loss   smoothed\n"), "{said:?}");
    assert!(
        said.out.contains("┌smoothed loss ") && said.out.contains("evenly by their logarithm┘")
    );
    assert!(said.out.contains("steepest descent at a rate of "), "{said:?}");
    assert!(said.out.contains("; a tenth of it is ") && said.out.contains("--with schedule.lr="));
    assert_eq!(listed(&folder, "runs"), ["tiny-rates"]);
    assert_eq!(listed(&folder, "runs/tiny-rates"), ["rates.csv", "rates.svg"]);
    let csv = std::fs::read_to_string(folder.at("runs/tiny-rates/rates.csv")).unwrap();
    assert!(csv.starts_with("step,rate,loss,smoothed\n1,1e-5,"), "{csv}");
    // A spec that weights name stands in a folder of its own.
    std::fs::create_dir(folder.at("specs")).unwrap();
    std::fs::rename(folder.at("tiny.rnet"), folder.at("specs/tiny.rnet")).unwrap();
    folder.expect(0, "run specs/tiny.rnet --train cifar10 --data cifar --engine cpu --batch 16 --steps 1 --out w");
    let found = "run --train cifar10 --data cifar --weights w --engine cpu --batch 16 --find-rate";
    std::fs::remove_dir_all(folder.at("runs")).unwrap();
    folder.expect(0, found);
    assert_eq!(listed(&folder, "runs"), ["tiny-rates"]);
    std::fs::rename(folder.at("specs/tiny.rnet"), folder.at("tiny.rnet")).unwrap();
    // Nothing is there to go on with.
    let said = folder.expect(1, "run tiny.rnet --resume --engine cpu");
    assert!(said.err.contains("no run of tiny"), "{said:?}");
    folder.expect(3, "run --resume runs/tiny-rates --engine cpu");

    // The same again, to the byte; and as a run would begin.
    let again = folder.expect(0, &format!("{FIND} --format csv"));
    assert_eq!(again.out, csv);
    let run =
        "run tiny.rnet --train cifar10 --data cifar --engine cpu --batch 16 --steps 1 --out r";
    folder.expect(0, run);
    let metrics = std::fs::read_to_string(folder.at("r/metrics.jsonl")).unwrap();
    let first: serde_json::Value = serde_json::from_str(metrics.lines().next().unwrap()).unwrap();
    let loss: f64 = csv.lines().nth(1).unwrap().split(',').nth(2).unwrap().parse().unwrap();
    assert_eq!(first["loss"].as_f64().map(|loss| loss as f32), Some(loss as f32));
}

#[test]
fn other_rates_and_steps_are_told_to_programs() {
    let folder = Folder::new();
    let said =
        folder.expect(0, &format!("{FIND} --rates 1e-3..1 --steps 31 --format json --out x"));
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let tried = json["tried"].as_array().unwrap();
    assert_eq!((json["from"].as_f64(), json["to"].as_f64()), (Some(1e-3), Some(1.0)));
    let rate = |at: usize| tried[at]["rate"].as_f64().unwrap();
    assert!((rate(10) / rate(0) - 10.0).abs() < 1e-9, "{said:?}");
    assert!(json["lowest"]["rate"].is_number() && json["fall"]["scatter"].is_number());
    assert_eq!(listed(&folder, "x"), ["rates.csv", "rates.svg"]);
    assert!(json["by_chance"].is_boolean(), "{said:?}");
    // Rates at which nothing moves; what the recipe leaves as it is.
    let still =
        format!("{FIND} --rates 1e-12..1e-11 --steps 20 --with freeze=layers.conv --format json");
    let said = folder.expect(0, &still);
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(json["by_chance"], true, "{said:?}");
    assert!(said.err.contains("frozen: 108 of 166 parameters stay as they are"), "{said:?}");
    let told = ["chance may have chosen these rates", "the loss fell at none of these rates"];
    assert!(told.iter().any(|told| said.err.contains(told)), "{said:?}");
    let said = folder.expect(0, &format!("{FIND} --epochs 5 --format json"));
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(json["tried"].as_array().map(Vec::len), Some(25));
}

#[test]
fn a_loss_that_grows_too_far_ends_it() {
    let folder = Folder::new();
    let said = folder.expect(0, &format!("{FIND} --rates 1e-2..1e6 --format json"));
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(json["diverged"], true, "{said:?}");
    assert!(json["tried"].as_array().unwrap().len() < 200);
    let said = folder.expect(0, &format!("{FIND} --rates 1e-2..1e6"));
    assert!(said.err.contains("since the loss grew fourfold or to no number"), "{said:?}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let folder = Folder::new();
    for (more, told) in [
        ("--steps 19", "needs 20 steps or more"),
        ("--epochs 1", "these are 5; say --steps"),
        ("--rates 1..1e-5", "write two rates above 0, the lower first: 1e-5..10"),
        ("--rates 0..1", "write two rates above 0"),
        ("--resume r", "cannot be used with"),
    ] {
        let said = folder.expect(2, &format!("{FIND} {more}"));
        assert!(said.err.contains(told), "{more}: {said:?}");
        // Nothing is compiled before.
        assert!(!said.err.contains("rates from"), "{more}: {said:?}");
    }
    let run = "run tiny.rnet --train cifar10 --data cifar --engine cpu --steps 1 --out r";
    folder.expect(0, run);
    let said = folder.expect(2, &format!("{FIND} --out r"));
    assert!(said.err.contains("r holds a run already"), "{said:?}");
}
