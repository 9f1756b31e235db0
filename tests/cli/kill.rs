//! Runs that are killed, and folders that cannot be written.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::folder::Folder;

/// Thirty steps of a net that trains in milliseconds, saved after every third.
const RUN: &str = "run tiny.rnet --train cifar10 --data cifar --engine cpu --threads 1 --batch 16 \
    --recipe often.yaml --steps 30 --out";

const EVAL: &str = "run --eval cifar10 --data cifar --engine cpu --weights";

fn folder() -> Folder {
    let folder = Folder::new();
    let recipe = rnetc::train::recipe::HE2016
        .replace("checkpoint: { epochs: 1, keep: 5 }", "checkpoint: { steps: 3, keep: 2 }");
    std::fs::write(folder.at("often.yaml"), recipe).unwrap();
    folder
}

/// Begins a run, or goes on with one, its messages going to a file.
fn start(folder: &Folder, run: &str) -> Child {
    let resume = if folder.at(run).join("config.yaml").exists() { "--resume" } else { "" };
    let log = std::fs::File::options().create(true).append(true).open(folder.at("log")).unwrap();
    let mut command = folder.command(&format!("{RUN} {run} {resume}"));
    command.stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

fn lines(folder: &Folder, run: &str) -> usize {
    let text = std::fs::read_to_string(folder.at(run).join("metrics.jsonl")).unwrap_or_default();
    text.lines().count()
}

/// The largest step that a line of the log names after some words.
fn reported(folder: &Folder, words: &str) -> u64 {
    let log = std::fs::read_to_string(folder.at("log")).unwrap_or_default();
    let after = log.lines().filter_map(|line| line.split_once(words));
    let number = |rest: &str| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok();
    after.filter_map(|(_, rest)| number(rest)).max().unwrap_or(0)
}

/// The oldest checkpoint of at least so many steps: later ones may have been saved, and its own
/// given up for them, by runs that were killed before they could say so.
fn oldest(folder: &Folder, least: u64) -> u64 {
    let files = std::fs::read_dir(folder.at("part/checkpoints")).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let step =
        |name: String| name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().ok();
    names.filter_map(step).filter(|step| *step >= least).min().expect("what was saved is there")
}

/// All but times of the metrics, and the last weights.
fn result(folder: &Folder, run: &str) -> (Vec<serde_json::Value>, Vec<u8>) {
    let text = std::fs::read_to_string(folder.at(run).join("metrics.jsonl")).unwrap();
    let record = |line: &str| {
        let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
        value.as_object_mut().unwrap().remove("images_per_s");
        value
    };
    let weights = std::fs::read(folder.at(run).join("final.safetensors")).unwrap();
    (text.lines().map(record).collect(), weights)
}

/// Kills without warning, unless the run is over.
fn kill(mut child: Child) {
    let _ = child.kill();
    let _ = child.wait();
}

#[test]
fn a_run_killed_at_ten_places_ends_as_if_it_had_not_been() {
    let folder = folder();
    folder.expect(0, &format!("{RUN} whole"));
    let whole = result(&folder, "whole");
    // Steps and evaluations: in the middle of epochs of five steps, at their ends, around writes.
    for place in [1, 3, 4, 6, 8, 12, 17, 18, 24, 33] {
        let mut child = start(&folder, "part");
        let begin = Instant::now();
        while lines(&folder, "part") < place && child.try_wait().unwrap().is_none() {
            assert!(begin.elapsed() < Duration::from_secs(120), "no line {place}");
            std::thread::sleep(Duration::from_micros(200));
        }
        kill(child);
    }
    // As a kill in the middle of a write leaves it.
    let partial = folder.at("part/checkpoints/.step-00000030.safetensors.partial");
    std::fs::write(partial, &whole.1[..100]).unwrap();
    let mut last = start(&folder, "part");
    assert!(last.wait().unwrap().success());
    assert_eq!(result(&folder, "part"), whole);
}

/// `RNETC_KILLS=250 cargo test --release --test cli random_instants` kills as many times.
#[test]
fn kills_at_random_instants_lose_nothing_that_was_reported_saved() {
    let kills = std::env::var("RNETC_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(40);
    let folder = folder();
    folder.expect(0, &format!("{RUN} whole"));
    let whole = result(&folder, "whole");
    let mut random = std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
    for number in 0..kills {
        random = rnetc::graph::random::mix(random.wrapping_add(number));
        let mut child = start(&folder, "part");
        // From before the folder is there to after the end.
        let instant = Instant::now() + Duration::from_micros(u64::from(random % 150_000));
        while Instant::now() < instant && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_micros(100));
        }
        kill(child);
        let saved = reported(&folder, "saved after step ");
        if saved > 0 {
            let step = oldest(&folder, saved);
            let file = format!("part/checkpoints/step-{step:08}.safetensors");
            folder.expect(0, &format!("{EVAL} {file}"));
        }
        if folder.at("part/final.safetensors").exists() {
            assert_eq!(result(&folder, "part"), whole, "after kill {number}");
            std::fs::remove_dir_all(folder.at("part")).unwrap();
            std::fs::remove_file(folder.at("log")).unwrap();
        }
    }
    let mut last = start(&folder, "part");
    assert!(last.wait().unwrap().success());
    assert_eq!(result(&folder, "part"), whole);
}

#[test]
fn damaged_checkpoints_are_passed_over_with_a_warning() {
    let folder = folder();
    folder.expect(0, &format!("{RUN} whole"));
    let whole = result(&folder, "whole");
    let newest = folder.at("whole/checkpoints/step-00000030.safetensors");
    let mut bytes = std::fs::read(&newest).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&newest, &bytes).unwrap();
    let on = folder.expect(0, &format!("{RUN} whole --resume"));
    assert!(on.err.contains("warning:") && on.err.contains("step-00000030"), "{on:?}");
    assert!(on.err.contains("from step 27 on"), "{on:?}");
    assert_eq!(result(&folder, "whole"), whole);
    std::fs::write(folder.at("whole/final.safetensors"), &bytes).unwrap();
    assert!(
        folder.expect(3, &format!("{EVAL} whole/final.safetensors")).err.contains("manifest.json")
    );
    for file in std::fs::read_dir(folder.at("whole/checkpoints")).unwrap() {
        std::fs::write(file.unwrap().path(), "").unwrap();
    }
    let on = folder.expect(3, &format!("{RUN} whole --resume"));
    assert!(on.err.contains("no checkpoint in whole is whole"), "{on:?}");
}

#[test]
fn two_runs_do_not_share_a_folder() {
    let folder = folder();
    let child = folder
        .command("run tiny.rnet --train cifar10 --data cifar --engine cpu --epochs 99999 --out r --batch 16")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while lines(&folder, "r") == 0 {
        assert!(begin.elapsed() < Duration::from_secs(120), "the run does not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = folder.run(
        &format!("{RUN} r --resume --epochs 99999")
            .replace("--steps 30", "")
            .replace("--recipe often.yaml", ""),
    );
    kill(child);
    assert_eq!(second.code, 3, "{second:?}");
    assert!(second.err.contains("another process"), "{second:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_and_a_folder_that_cannot_be_made_are_said_and_nothing_is_lost() {
    let folder = folder();
    // A file that is always full, where the checkpoint after step 9 is written.
    std::fs::create_dir_all(folder.at("r/checkpoints")).unwrap();
    let full = folder.at("r/checkpoints/.step-00000009.safetensors.partial");
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    assert_eq!(start(&folder, "r").wait().unwrap().code(), Some(3));
    let log = std::fs::read_to_string(folder.at("log")).unwrap();
    assert!(log.contains("No space left") && log.contains("free some space"), "{log}");
    assert!(folder.at("r/checkpoints/step-00000006.safetensors").is_file());
    assert!(start(&folder, "r").wait().unwrap().success());
    folder.expect(0, &format!("{RUN} whole"));
    assert_eq!(result(&folder, "r"), result(&folder, "whole"));

    std::fs::write(folder.at("file"), "").unwrap();
    let outcome = folder.expect(3, &format!("{RUN} file/r"));
    assert!(outcome.err.contains("file/r"), "{outcome:?}");
    assert!(folder.expect(3, &format!("{RUN} /proc/r")).err.contains("/proc/r"));
}
