//! The loop around a stand-in engine.

use std::sync::Arc;

use super::*;
use crate::data::Extent;
use crate::data::augment::Flip;
use crate::data::dataset::Stored;
use crate::data::normalise::Normalisation;
use crate::engine::{Device, Engine, EngineError, Executable, Precision};
use crate::graph::{InputId, Program};
use crate::train::init::initial;
use crate::train::part::Part;
use crate::train::recipe::Recipe;
use crate::train::record::checkpoint::{self, Origin};
use crate::train::record::keeper::Keeper;
use crate::train::schedule::Length;
use crate::train::stand_in::{CLASSES, PIXELS, StandIn, program, tensors};

mod choosing;
mod saving;
mod turning;

/// Notes what it is told; stops after a number of steps.
#[derive(Default)]
struct Notes {
    losses: Vec<f32>,
    evaluations: Vec<Evaluation>,
    errors: Vec<f64>,
    epochs: Vec<Epoch>,
    stop_after: Option<usize>,
}

impl Observer for Notes {
    fn step(&mut self, step: &Step, error_percent: f64) {
        self.losses.push(step.loss);
        self.errors.push(error_percent);
    }

    fn epoch(&mut self, epoch: &Epoch) {
        self.epochs.push(*epoch);
    }

    fn evaluating(&mut self, _step: u64) {}

    fn evaluation(&mut self, evaluation: &Evaluation) {
        self.evaluations.push(*evaluation);
    }

    fn saved(&mut self, _step: u64) {}

    fn interrupted(&self) -> bool {
        self.stop_after.is_some_and(|n| self.losses.len() >= n)
    }
}

/// 2×2 pictures whose brightest pixel is their class.
fn pictures(count: usize) -> Arc<Stored> {
    let label = |k: usize| k * 7 % CLASSES;
    let pixels = (0..count).flat_map(|k| (0..4).map(move |p| if p == label(k) { 200 } else { 40 }));
    let labels = (0..count).map(|k| label(k) as u8);
    let extent = Extent { rows: 2, columns: 2, channels: 1 };
    Arc::new(Stored::new(extent, pixels.collect(), labels.collect()).unwrap())
}

fn session(folder: &std::path::Path, epochs: u32, rate: f64) -> Session {
    let mut recipe = Recipe::he2016().unwrap();
    (recipe.batch, recipe.schedule.lr, recipe.schedule.warmup) = (8, rate, None);
    (recipe.augmentation.pad, recipe.augmentation.flip) = (0.into(), Flip::Never);
    let normalisation = Normalisation { mean: vec![80.0], std: vec![70.0] };
    let loading = |count, batch| Loading {
        pictures: pictures(count),
        normalisation: normalisation.clone(),
        batch,
        classes: CLASSES,
    };
    let train = loading(50, 8);
    let plan = StepPlan::new(&recipe, Length::Epochs(epochs.into()), train.steps_per_epoch());
    let config = Config {
        format: Default::default(),
        spec: "regression".into(),
        settings: Default::default(),
        data: "pixels".into(),
        files: None,
        pictures: 50,
        validation: None,
        length: Length::Epochs(epochs.into()),
        steps: plan.total,
        steps_per_epoch: plan.per_epoch,
        precision: Precision::F32,
        recompute: false,
        device: "cpu (stand-in)".into(),
        recipe,
        start: None,
        classes: vec!["a".into(), "b".into(), "c".into()],
        normalisation: normalisation.clone(),
        contents: Default::default(),
        replanned: Vec::new(),
        spec_text: String::new(),
    };
    Session {
        training: Runner::new(&StandIn, &program(8, true)).unwrap(),
        programs: None,
        inference: Runner::new(&StandIn, &program(5, false)).unwrap(),
        tensors: tensors(),
        config,
        plan,
        train,
        validation: None,
        test: loading(12, 5),
        choice: Choice::by(Part::Test, None),
        folder: Some(RunFolder::create(Some(folder), folder, "unused").unwrap()),
        ranks: None,
    }
}

thread_local!(static FETCHED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) });

/// As [`StandIn`], but it learns nothing, and counts how often its state is fetched.
struct Idle;

struct Counting(Box<dyn Executable>);

impl Engine for Idle {
    fn device(&self) -> Device {
        StandIn.device()
    }

    fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, EngineError> {
        Ok(Box::new(Counting(StandIn.compile(program)?)))
    }
}

impl Executable for Counting {
    fn write(&mut self, input: InputId, data: &[f32]) -> Result<(), EngineError> {
        self.0.write(input, data)
    }

    fn run(&mut self) -> Result<(), EngineError> {
        Ok(())
    }

    fn output(&mut self, index: usize) -> Result<Vec<f32>, EngineError> {
        match self.0.output(index)? {
            logits if logits.is_empty() => Ok(vec![0.0; 8 * CLASSES]),
            loss => Ok(loss),
        }
    }

    fn state(&mut self, input: InputId) -> Result<Vec<f32>, EngineError> {
        FETCHED.with(|fetched| fetched.set(fetched.get() + 1));
        self.0.state(input)
    }

    fn memory(&self) -> usize {
        0
    }
}

fn first() -> Values {
    initial(&tensors(), 0)
}

#[test]
fn a_run_learns_and_leaves_what_it_should() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session(folder.path(), 4, 0.1);
    let mut notes = Notes::default();
    let end = session.run(&first(), 0, &mut notes).unwrap();
    let End::Finished(last) = end else { panic!("{end:?}") };
    assert_eq!((last.step, last.epoch, last.error_percent(Part::Test)), (24, 4, Some(0.0)));
    assert!(notes.losses[0] > 1.0 && notes.losses[23] < 0.5, "{:?}", notes.losses);
    assert_eq!(notes.evaluations.len(), 4);
    let lines = std::fs::read_to_string(session.folder.as_ref().unwrap().metrics()).unwrap();
    assert_eq!(lines.lines().count(), 24 + 4 + 4);
    for step in [6, 12, 18, 24] {
        assert!(session.folder.as_ref().unwrap().checkpoint(step).is_file());
    }
    let last = session.folder.as_ref().unwrap().last_weights();
    let Some(Origin::Run(about)) = checkpoint::describe(&last).unwrap() else { panic!() };
    assert_eq!((about.step, about.epoch), (24, 4));
    assert_eq!(about.config, session.config);
    let saved =
        checkpoint::load(&session.folder.as_ref().unwrap().last_weights(), &tensors()).unwrap();
    assert_eq!(saved, session.training.values().unwrap());
}

#[test]
fn an_interrupted_run_goes_on_as_if_it_had_not_been() {
    let folder = tempfile::tempdir().unwrap();
    let whole_folder = tempfile::tempdir().unwrap();
    let mut whole = Notes::default();
    session(whole_folder.path(), 3, 0.1).run(&first(), 0, &mut whole).unwrap();
    for stop in [1, 6, 8] {
        let _ = std::fs::remove_dir_all(folder.path());
        let mut head = Notes { stop_after: Some(stop), ..Notes::default() };
        let mut session_1 = session(folder.path(), 3, 0.1);
        let end = session_1.run(&first(), 0, &mut head).unwrap();
        assert_eq!(end, End::Interrupted(stop as u64));
        let path = session_1.folder.as_ref().unwrap().latest_checkpoint().unwrap().unwrap();
        assert_eq!(path, session_1.folder.as_ref().unwrap().checkpoint(stop as u64));
        let values = checkpoint::load(&path, &tensors()).unwrap();
        let mut tail = Notes::default();
        session(folder.path(), 3, 0.1).run(&values, stop as u64, &mut tail).unwrap();
        assert_eq!([head.losses, tail.losses].concat(), whole.losses);
        assert_eq!([head.evaluations, tail.evaluations].concat(), whole.evaluations);
        let metrics = session_1.folder.as_ref().unwrap().metrics();
        let lines = std::fs::read_to_string(&metrics).unwrap();
        assert_eq!(lines.lines().count(), 18 + 3 + 3);
        // The means of an epoch that was cut are those of the whole.
        let epochs = |text: &str| -> Vec<String> {
            text.lines().filter(|line| line.contains("train_loss")).map(str::to_owned).collect()
        };
        let whole = std::fs::read_to_string(whole_folder.path().join("metrics.jsonl")).unwrap();
        assert_eq!(epochs(&lines), epochs(&whole), "stopped after {stop}");
    }
}

#[test]
fn a_loss_that_is_no_number_stops_the_run_and_names_the_step() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session(folder.path(), 3, 1e30);
    let error = session.run(&first(), 0, &mut Notes::default()).unwrap_err();
    let TrainError::NonFinite { step, .. } = error else { panic!("{error}") };
    assert!((2..6).contains(&step), "{step}");
    assert_eq!(session.folder.as_ref().unwrap().latest_checkpoint().unwrap(), None);
}

#[test]
fn steps_that_are_left_out_for_good_end_the_run() {
    let epoch = EpochSums::default();
    let mut pace = Pace::new(epoch, None);
    let most = u64::from(MOST_LEFT_OUT);
    for step in 1..most {
        pace.count(step, false).unwrap();
    }
    pace.count(most, true).unwrap();
    for step in most + 1..2 * most {
        pace.count(step, false).unwrap();
    }
    let error = pace.count(2 * most, false).unwrap_err();
    let said = error.to_string();
    assert!(said.contains(&format!("step {}, {most} steps", 2 * most)), "{said}");
}

#[test]
fn a_run_without_a_folder_ends_the_same_and_writes_nothing() {
    let [kept, free] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let mut with = session(kept.path(), 2, 0.1);
    let mut without = Session { folder: None, ..session(free.path(), 2, 0.1) };
    let end = with.run(&first(), 0, &mut ()).unwrap();
    assert_eq!(without.run(&first(), 0, &mut ()).unwrap(), end);
    assert_eq!(without.training.values().unwrap(), with.training.values().unwrap());
    assert!(kept.path().join("metrics.jsonl").is_file());
    assert_eq!(std::fs::read_dir(free.path().join("checkpoints")).unwrap().count(), 0);
    assert_eq!(std::fs::read_dir(free.path()).unwrap().count(), 1);
}

#[test]
fn an_epoch_is_told_by_its_own_means() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session(folder.path(), 3, 0.1);
    let mut notes = Notes::default();
    session.run(&first(), 0, &mut notes).unwrap();
    // At its end, and before it is tested.
    assert_eq!(notes.epochs.len(), 6);
    for (at, pair) in notes.epochs.chunks(2).enumerate() {
        let mean = |values: &[f64]| values[6 * at..6 * at + 6].iter().sum::<f64>() / 6.0;
        let losses: Vec<f64> = notes.losses.iter().map(|&loss| f64::from(loss)).collect();
        let (train_loss, train_error_percent) = (mean(&losses), mean(&notes.errors));
        let (step, epoch) = (6 * at as u64 + 6, at as u64 + 1);
        let means = Epoch { step, epoch, steps: 6, train_loss, train_error_percent };
        assert_eq!(pair, [means, means]);
    }
    assert!(notes.epochs[0].train_loss > notes.epochs[5].train_loss);
}

#[test]
fn nothing_is_saved_that_holds_what_is_no_number() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = session(folder.path(), 1, 0.0);
    let mut values = first();
    // A momentum is read by no forward pass: the losses stay numbers.
    values.insert("fc.weight.momentum".into(), vec![f32::INFINITY; PIXELS * CLASSES]);
    session.training = Runner::new(&Idle, &program(8, true)).unwrap();
    let error = session.run(&values, 0, &mut ()).unwrap_err();
    let TrainError::BadNumber { tensor, value, .. } = &error else { panic!("{error}") };
    assert_eq!((tensor.as_str(), *value), ("fc.weight.momentum", f32::INFINITY));
    assert_eq!(
        session.folder.as_ref().unwrap().checkpoints().unwrap(),
        Vec::<std::path::PathBuf>::new()
    );
    assert!(!folder.path().join("final.safetensors").exists());
}

#[test]
fn a_run_without_a_folder_fetches_its_state_for_tests_only() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = Session { folder: None, ..session(folder.path(), 2, 0.1) };
    session.training = Runner::new(&Idle, &program(8, true)).unwrap();
    FETCHED.with(|fetched| fetched.set(0));
    session.run(&first(), 0, &mut ()).unwrap();
    // Weights and momenta, for each of two evaluations.
    assert_eq!(FETCHED.with(std::cell::Cell::get), 2 * 2);
}

#[test]
fn what_a_resumed_run_passed_over_is_made_again_and_judged_anew() {
    let folder = tempfile::tempdir().unwrap();
    let mut session_1 = session(folder.path(), 3, 0.1);
    session_1.run(&first(), 0, &mut ()).unwrap();
    let run = session_1.folder.clone().unwrap();
    let values = checkpoint::load(&run.checkpoint(6), &tensors()).unwrap();
    let damaged = run.checkpoint(12);
    std::fs::write(&damaged, b"no weights").unwrap();
    let keeper = Keeper::new(&run, 5, Part::Test, 6).unwrap();
    assert!(keeper.has(6) && !keeper.has(12));
    // Nothing saves at its step but that it is the best.
    let mut session_2 = session(folder.path(), 3, 0.1);
    session_2.folder = Some(run.clone());
    session_2.run(&values, 6, &mut ()).unwrap();
    assert!(checkpoint::load(&damaged, &tensors()).is_ok());
}

#[test]
fn steps_that_are_told_at_once_share_their_time() {
    let mut pace = Pace::new(EpochSums::default(), None);
    let rates = [(64.0, 0.5), (64.0, 1.0), (64.0, 0.0), (32.0, 0.5)].map(|(n, s)| pace.rate(n, s));
    assert_eq!(rates, [128.0, 85.3, 128.0, 192.0]);
    pace.restart(None);
    assert_eq!(pace.rate(64.0, 0.5), 128.0);
}
