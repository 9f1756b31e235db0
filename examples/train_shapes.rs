//! Trains a small pre-activation net on pictures that rnetc draws itself, saves it, reads it again
//! and tests it.

use std::error::Error;

use rnetc::{
    Checkpoint, Dataset, EngineOptions, Evaluation, Length, Observer, Recipe, Spec, Step, Training,
};

/// Prints how the run goes.
struct Lines;

impl Observer for Lines {
    fn step(&mut self, step: &Step, error_percent: f64) {
        if step.step.is_multiple_of(10) {
            println!("step {}: loss {:.3}, error {error_percent:.0} %", step.step, step.loss);
        }
    }

    fn evaluation(&mut self, evaluation: &Evaluation) {
        if let Some(test) = evaluation.test {
            println!("test error {:.1} %", test.error_percent);
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let data = Dataset::shapes10().with_test_pictures(100);
    let spec = Spec::preact().set("depth", 8).for_classes(data.classes.len())?;
    let engine = EngineOptions::best().open()?;
    println!("on {}", engine.device());

    let recipe = Recipe { batch: 16, ..Recipe::he2016()? };
    let training = Training::new(&spec, spec.compile()?, recipe)?.length(Length::Steps(40));
    let mut run = training.prepare(&data, &engine)?;
    run.train(&mut Lines)?;

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("shapes.safetensors");
    run.model()?.save(&file)?;

    let checkpoint = Checkpoint::open(&file)?;
    let spec = checkpoint.spec().ok_or("rnetc's own weights know their spec")?;
    let model = checkpoint.load(spec.compile()?)?;
    let score = model.evaluate(&data, &engine, 50, &|| false)?.ok_or("nothing interrupts it")?;
    println!("read again: {} of {} wrong", score.wrong, score.count);
    Ok(())
}
