//! Checkpoints are written while the run goes on, and told of when they are there.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::*;
use crate::train::record::manifest::{self, CheckpointList};

/// As [`StandIn`], but results come later, when the next step has begun; and where another thread waits
/// for a state, it comes after two further steps.
#[derive(Clone)]
struct Late(Arc<AtomicUsize>);

struct LateProgram {
    program: Box<dyn Executable>,
    runs: Arc<AtomicUsize>,
}

/// Steps of the runs here.
const STEPS: usize = 24;

impl Engine for Late {
    fn device(&self) -> Device {
        StandIn.device()
    }

    fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, EngineError> {
        let program = StandIn.compile(program)?;
        Ok(Box::new(LateProgram { program, runs: self.0.clone() }))
    }
}

impl Executable for LateProgram {
    fn write(&mut self, input: InputId, data: &[f32]) -> Result<(), EngineError> {
        self.program.write(input, data)
    }

    fn run(&mut self) -> Result<(), EngineError> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        self.program.run()
    }

    fn begin(&mut self, outputs: &[usize]) -> Result<Pending, EngineError> {
        self.run()?;
        let results: Result<Vec<_>, _> = outputs.iter().map(|&at| self.output(at)).collect();
        Ok(Pending::Later(Box::new(|| results)))
    }

    fn output(&mut self, index: usize) -> Result<Vec<f32>, EngineError> {
        self.program.output(index)
    }

    fn state(&mut self, input: InputId) -> Result<Vec<f32>, EngineError> {
        self.program.state(input)
    }

    fn snapshot(&mut self, inputs: &[InputId]) -> Result<Pending, EngineError> {
        let values = self.program.snapshot(inputs)?.wait()?;
        let (asked, runs) = (thread::current().id(), self.runs.clone());
        let until = (runs.load(Ordering::SeqCst) + 2).min(STEPS);
        Ok(Pending::Later(Box::new(move || {
            let begin = Instant::now();
            while thread::current().id() != asked && runs.load(Ordering::SeqCst) < until {
                if begin.elapsed() > Duration::from_secs(20) {
                    return Err(EngineError::NoAnswer { seconds: 20 });
                }
                thread::sleep(Duration::from_micros(50));
            }
            Ok(values)
        })))
    }

    fn memory(&self) -> usize {
        0
    }
}

/// Notes after how many steps it was told of which, and that they are there then.
#[derive(Default)]
struct Witness<'a> {
    folder: Option<&'a RunFolder>,
    steps: u64,
    told: Vec<(u64, u64)>,
}

impl Observer for Witness<'_> {
    fn step(&mut self, step: &Step, _: f64) {
        self.steps = step.step;
        // Disks are slower than these steps.
        if self.steps > 8 && self.told.is_empty() {
            thread::sleep(Duration::from_millis(200));
        }
    }

    fn saved(&mut self, step: u64) {
        let Some(folder) = self.folder else { return };
        let listed = CheckpointList::read(folder.path()).unwrap().checkpoints;
        assert!(listed.iter().any(|entry| entry.file == folder.checkpoint_name(step)), "{step}");
        manifest::verify(&folder.checkpoint(step)).unwrap();
        self.told.push((step, self.steps));
    }
}

/// Four epochs of six steps, saved after every so many steps.
fn saving(folder: &Path, steps: u64, rate: f64) -> Session {
    let mut session = session(folder, 4, rate);
    let recipe = &mut session.config.recipe;
    (recipe.checkpoint.epochs, recipe.checkpoint.steps) = (None, Some(steps));
    session.plan = StepPlan::new(recipe, Length::Epochs(4.into()), 6);
    session
}

#[test]
fn steps_do_not_wait_for_what_is_saved() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = saving(folder.path(), 5, 0.1);
    let late = Late(Arc::default());
    session.training = Runner::new(&late, &program(8, true)).unwrap();
    let run = session.folder.clone().unwrap();
    let mut witness = Witness { folder: Some(&run), ..Witness::default() };
    session.run(&first(), 0, &mut witness).unwrap();
    let by_plan: Vec<_> = witness.told.iter().filter(|(step, _)| step % 5 == 0).collect();
    assert_eq!(by_plan.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [5, 10, 15, 20]);
    assert!(by_plan.iter().all(|(step, after)| *after >= step + 2), "{by_plan:?}");
    assert!(by_plan[0].1 < STEPS as u64, "{by_plan:?}");
    // What was saved is what there was after that step, and not after those since.
    let [plain, again] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    saving(plain.path(), 5, 0.1).run(&first(), 0, &mut ()).unwrap();
    for file in ["checkpoints/step-00000020.safetensors", "final.safetensors"] {
        let bytes = [folder.path(), plain.path()].map(|run| std::fs::read(run.join(file)).unwrap());
        assert!(bytes[0] == bytes[1], "{file}");
    }
    let values = checkpoint::load(&run.checkpoint(15), &tensors()).unwrap();
    let mut session = saving(again.path(), 5, 0.1);
    session.run(&values, 15, &mut ()).unwrap();
    let last = |run: &Path| std::fs::read(run.join(RunFolder::LAST)).unwrap();
    assert!(last(again.path()) == last(plain.path()));
}

#[test]
fn a_checkpoint_that_cannot_be_written_ends_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = saving(folder.path(), 5, 0.1);
    let run = session.folder.clone().unwrap();
    std::fs::create_dir(folder.path().join("checkpoints/.step-00000010.safetensors.partial"))
        .unwrap();
    let mut witness = Witness { folder: Some(&run), ..Witness::default() };
    let error = session.run(&first(), 0, &mut witness).unwrap_err();
    assert!(matches!(error, TrainError::Writing { .. }), "{error}");
    assert!(error.to_string().contains("step-00000010"), "{error}");
    let told: Vec<u64> = witness.told.iter().map(|(step, _)| *step).collect();
    assert_eq!(told, [5, 6]);
    assert!(!run.last_weights().exists() && !run.checkpoint(15).exists());
}

#[test]
fn what_was_to_be_saved_is_though_a_later_step_fails() {
    let folder = tempfile::tempdir().unwrap();
    let mut session = saving(folder.path(), 1, 1e30);
    let run = session.folder.clone().unwrap();
    let mut witness = Witness { folder: Some(&run), ..Witness::default() };
    let error = session.run(&first(), 0, &mut witness).unwrap_err();
    // Whichever comes first: a loss that is no number, or a weight in a checkpoint.
    let fails = matches!(error, TrainError::NonFinite { .. } | TrainError::BadNumber { .. });
    assert!(fails, "{error}");
    let told: Vec<u64> = witness.told.iter().map(|(step, _)| *step).collect();
    assert_eq!(told, (1..=told.len() as u64).collect::<Vec<_>>());
    assert_eq!(run.latest_checkpoint().unwrap(), told.last().map(|&step| run.checkpoint(step)));
    assert!(!told.is_empty());
}
