//! Studies: what is missing is run, what is there is not.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::folder::Folder;

const STUDY: &str = "title: tiny\nnote: two rows\ndata: cifar10\nrecipe: often.yaml\nepochs: 2\n\
    seeds: [0, 1]\nrows:\n- { label: four, spec: ../tiny.rnet, paper: '6.61' }\n\
    - { label: six, spec: ../tiny.rnet, set: { width: 6 }, batch: 20 }\n";

fn folder(study: &str) -> Folder {
    let folder = Folder::new();
    std::fs::create_dir(folder.at("s")).unwrap();
    let recipe = rnetc::train::recipe::HE2016
        .replace("checkpoint: { epochs: 1, keep: 5 }", "checkpoint: { steps: 3, keep: 2 }")
        .replace("batch: 128", "batch: 16");
    std::fs::write(folder.at("s/often.yaml"), recipe).unwrap();
    std::fs::write(folder.at("s/tiny.yaml"), study).unwrap();
    folder
}

const RUN: &str = "study s/tiny.yaml --data cifar --engine cpu --threads 1 --out t";

#[test]
fn a_study_runs_what_is_missing_and_prints_the_table() {
    let folder = folder(STUDY);
    let said = folder.expect(0, &format!("{RUN} --jobs 2"));
    assert!(said.err.contains("4 runs, 0 done, 4 to do"), "{said:?}");
    let rows: Vec<&str> = said.out.lines().filter(|line| line.contains("2 of 2")).collect();
    assert!(rows[0].starts_with("four") && rows[0].ends_with("6.61"), "{said:?}");
    assert!(rows[1].starts_with("six"), "{said:?}");
    for ending in ["txt", "csv", "md", "html"] {
        assert!(folder.at(format!("t/tiny.{ending}")).is_file());
    }
    // What the table says is what the runs say.
    let csv = std::fs::read_to_string(folder.at("t/tiny.csv")).unwrap();
    for line in csv.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let run = format!("t/{}-seed{}/metrics.jsonl", cells[0].trim_matches('"'), cells[1]);
        let metrics = std::fs::read_to_string(folder.at(run)).unwrap();
        let last: serde_json::Value =
            serde_json::from_str(metrics.lines().last().unwrap()).unwrap();
        assert_eq!(last["test_error_percent"].as_f64().unwrap(), cells[2].parse::<f64>().unwrap());
    }

    std::fs::remove_dir_all(folder.at("t/six-seed1")).unwrap();
    std::fs::remove_file(folder.at("t/four-seed0/final.safetensors")).unwrap();
    let again = folder.expect(0, RUN);
    assert!(again.err.contains("4 runs, 2 done, 2 to do"), "{again:?}");
    assert!(
        again.err.contains("four, seed 0: goes on") && again.err.contains("six, seed 1: begins")
    );
    assert_eq!(again.out, said.out);
    assert_eq!(std::fs::read_to_string(folder.at("t/tiny.csv")).unwrap(), csv);
    let markdown = folder.expect(0, &format!("{RUN} --table --format markdown"));
    assert!(markdown.out.contains("| four |"), "{markdown:?}");

    let held = rnetc::train::record::lock::Lock::take(&folder.at("t")).unwrap();
    assert!(folder.expect(3, RUN).err.contains("another process"));
    drop(held);

    let recipe = std::fs::read_to_string(folder.at("s/often.yaml")).unwrap();
    let slower = recipe.replace("momentum: 0.9", "momentum: 0.8");
    assert_ne!(recipe, slower);
    std::fs::write(folder.at("s/often.yaml"), slower).unwrap();
    let other = folder.expect(1, RUN);
    assert!(other.err.contains("another recipe:\n  optimiser."), "{other:?}");
    std::fs::write(folder.at("s/often.yaml"), recipe).unwrap();

    std::fs::write(folder.at("s/tiny.yaml"), STUDY.replace("epochs: 2", "epochs: 3")).unwrap();
    assert!(folder.expect(1, RUN).err.contains("another data set or length"));
}

#[test]
fn a_loss_that_is_no_number_is_a_result_and_other_failures_are_not() {
    let study = STUDY.replace("often.yaml", "wild.yaml");
    let folder = folder(&study);
    let often = std::fs::read_to_string(folder.at("s/often.yaml")).unwrap();
    let wild = often
        .replace("lr: 0.1\n", "lr: 1.0e+38\n")
        .replace("warmup: { iterations: 400, lr: 0.01 }", "");
    std::fs::write(folder.at("s/wild.yaml"), &wild).unwrap();
    let said = folder.expect(0, RUN);
    assert!(said.out.contains("2 of 2, 2 without numbers"), "{said:?}");
    assert!(folder.expect(0, RUN).err.contains("4 runs, 4 done, 0 to do"));

    std::fs::write(
        folder.at("s/tiny.yaml"),
        study.replace("titel", "title").replace("rows:", "row:"),
    )
    .unwrap();
    assert!(folder.expect(1, RUN).err.contains("did you mean `rows`?"));
    std::fs::write(folder.at("s/tiny.yaml"), study.replace("../tiny.rnet", "none.rnet")).unwrap();
    folder.expect(3, RUN);
    std::fs::write(folder.at("s/tiny.yaml"), &study).unwrap();
    std::fs::write(folder.at("s/wild.yaml"), wild.replace("pad: 4", "pad: 40")).unwrap();
    let failed = folder.expect(1, &RUN.replace("--out t", "--out u"));
    assert!(
        failed.err.contains("four, seed 0: failed")
            && failed.err.contains("augmentation.pad is 40"),
        "{failed:?}"
    );
}

#[test]
#[cfg(unix)]
fn a_stopped_study_goes_on() {
    let study = STUDY.replace("epochs: 2", "steps: 100000");
    let folder = folder(&study);
    let child = folder.command(RUN).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begin = Instant::now();
    while !folder.at("t/four-seed0/manifest.json").exists() {
        assert!(begin.elapsed() < Duration::from_secs(120), "the study does not begin");
        std::thread::sleep(Duration::from_millis(10));
    }
    let pid = child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-s", "INT", &pid]).status();
    assert!(sent.unwrap().success());
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    let log = std::fs::read_to_string(folder.at("t/four-seed0/log.txt")).unwrap();
    assert!(log.contains("stopped after step"), "{log}");
    let table = folder.expect(0, &format!("{RUN} --table"));
    assert!(table.out.contains("0 of 2"), "{table:?}");
}

#[test]
fn every_bundled_study_makes_sense() {
    let folder = Folder::new();
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/specs/studies");
    let mut found = 0;
    for file in std::fs::read_dir(here).unwrap() {
        let file = file.unwrap().path();
        let said = folder.expect(0, &format!("study {} --table", file.display()));
        assert!(said.out.contains("0 of "), "{said:?}");
        found += 1;
    }
    assert_eq!(found, 6);
}
