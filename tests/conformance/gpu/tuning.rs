//! Every blocking is right, and tuning takes and keeps what it finds.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use rnetc::engine::Engine;
use rnetc::engine::profile::Tuned;
use rnetc::engine::wgpu::{MOST_CHOICES, Options, Style, Tune, WgpuEngine};
use rnetc::graph::builder::Builder;
use rnetc::graph::{Axes, ConvGeometry, Output, Program, ReduceKind, Role, Shape, Type};

use tempfile::TempDir;

use crate::compare::agree;
use crate::support::gpu;

/// A convolution of `images` pictures of 9×9 to `channels`, with both gradients if it is whole,
/// and the sums of its channels, which go by tiles.
pub fn convolution(images: usize, channels: usize, whole: bool) -> Program {
    let geometry = ConvGeometry {
        input: [9, 9],
        kernel: [3, 3],
        stride: 1,
        padding: [1, 1],
        ..ConvGeometry::POINT
    };
    let mut b = Builder::new();
    let batched = |channels| Type { shape: Shape([images, 9, 9, channels]), batched: true };
    let x = b.input("images", Role::Images, batched(8));
    let ty = Type { shape: Shape([3, 3, 8, channels]), batched: false };
    let weight = b.input("weight", Role::Parameter, ty);
    let y = b.conv(geometry, x, weight);
    let sums = b.reduce(ReduceKind::M2, Axes::BATCH_AND_SPACE, y);
    let mut nodes = vec![y, sums];
    if whole {
        let g = b.input("gradient", Role::Images, batched(channels));
        nodes.extend([b.conv_dx(geometry, g, weight), b.conv_dw(geometry, x, g)]);
    }
    let outputs = Output::quantities(nodes.iter().copied());
    Program { graph: b.finish(), outputs, updates: Vec::new(), batch: images }
}

#[test]
fn every_blocking_is_right() {
    let Some(engine) = gpu() else { return };
    let engine = engine.with_style(Style::Staged);
    let one = |choice| {
        let engine = engine.clone().with_choice(choice);
        ("wgpu", Box::new(engine) as Box<dyn Engine>)
    };
    let engines = (0..MOST_CHOICES).map(one).collect();
    agree("convolution", &convolution(3, 72, true), 2e-6, engines);
}

/// An engine that keeps what it finds in a folder of its own, and a small program to tune.
fn keeping() -> Option<(TempDir, WgpuEngine, Program)> {
    gpu()?;
    let folder = tempfile::tempdir().unwrap();
    let options = Options { pipelines: Some(folder.path().into()), ..Options::default() };
    let engine = WgpuEngine::open(&options).unwrap().with_style(Style::Staged);
    Some((folder, engine, convolution(2, 72, false)))
}

/// The files of the folder with this ending.
fn files(folder: &TempDir, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.to_string_lossy().ends_with(ending)).collect()
}

#[test]
fn what_tuning_found_is_kept_and_taken() {
    let Some((folder, engine, program)) = keeping() else { return };
    let memory = |engine: WgpuEngine| engine.compile(&program).unwrap().memory();
    let with = |tune| memory(engine.clone().with_tuning(tune));
    let files = || files(&folder, ".tuned");

    let untried = memory(engine.clone().with_choice(0));
    assert_eq!((with(Tune::Off), files()), (untried, Vec::new()));

    let found = with(Tune::Full);
    let [file] = files().try_into().expect("one file");
    let possible: Vec<_> =
        (0..MOST_CHOICES).map(|choice| memory(engine.clone().with_choice(choice))).collect();
    assert!(possible.contains(&found), "{found} is not among {possible:?}");

    let kept = std::fs::read(&file).unwrap();
    assert_eq!(with(Tune::Cached), found);
    assert_eq!(std::fs::read(&file).unwrap(), kept);

    // Another program's are added, and leave these.
    let other = convolution(3, 72, true);
    engine.clone().with_tuning(Tune::Full).compile(&other).unwrap();
    let both = std::fs::read(&file).unwrap();
    assert!(both.len() > kept.len());
    assert_eq!(with(Tune::Cached), found);
    assert_eq!(std::fs::read(&file).unwrap(), both);

    let damaged = &kept[..kept.len() - 1];
    std::fs::write(&file, damaged).unwrap();
    with(Tune::Cached);
    assert_ne!(std::fs::read(&file).unwrap(), damaged);
}

/// One contraction, in all its forms, of which the fastest is taken; for who has no GPU to read.
fn table_is_whole(tuned: &[Tuned]) {
    let [Tuned { candidates, chosen, .. }] = tuned else { panic!("{tuned:?}") };
    assert!(candidates.len() > 1 && candidates.len() <= MOST_CHOICES, "{candidates:?}");
    let fastest = candidates.iter().filter_map(|one| one.seconds).reduce(f64::min);
    assert!(fastest.is_some() && candidates[*chosen].seconds == fastest, "{tuned:?}");
    let json = serde_json::to_value(tuned).unwrap();
    assert_eq!(json[0]["candidates"][*chosen]["seconds"].as_f64(), fastest);
    assert!(json[0]["candidates"][0]["form"].is_string(), "{json}");
}

#[test]
fn processes_tune_one_after_the_other() {
    let Some((folder, engine, program)) = keeping() else { return };
    let timed = engine.clone().with_tuning(Tune::Full).compile(&program).unwrap();
    table_is_whole(timed.tuned());
    let found = |ending| files(&folder, ending).pop().unwrap();
    let (file, lock) = (found(".tuned"), File::open(found(".tuned.lock")).unwrap());
    let kept = std::fs::read(&file).unwrap();

    // Another process has its turn, and finds what this one is about to time.
    std::fs::remove_file(&file).unwrap();
    lock.lock().unwrap();
    std::thread::scope(|scope| {
        let tuning =
            scope.spawn(|| engine.clone().with_tuning(Tune::Cached).compile(&program).map(drop));
        std::thread::sleep(Duration::from_millis(300));
        assert!(!tuning.is_finished());
        std::fs::write(&file, &kept).unwrap();
        let written = std::fs::metadata(&file).unwrap().modified().unwrap();
        lock.unlock().unwrap();
        tuning.join().unwrap().unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().modified().unwrap(), written, "timed again");
    });
}
