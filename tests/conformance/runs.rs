//! Whole runs of a tiny net, on any engine.

use std::path::Path;
use std::sync::Arc;

use rnetc::data::Extent;
use rnetc::data::batches::Loading;
use rnetc::data::dataset::Stored;
use rnetc::data::normalise::Normalisation;
use rnetc::engine::{Engine, Precision};
use rnetc::lower;
use rnetc::network::Network;
use rnetc::nn::optimiser::Sgd;
use rnetc::ranks::Ranks;
use rnetc::train::config::Config;
use rnetc::train::part::Part;
use rnetc::train::recipe::Recipe;
use rnetc::train::record::metrics::{Evaluation, Step};
use rnetc::train::record::run_folder::RunFolder;
use rnetc::train::runner::Runner;
use rnetc::train::schedule::{Length, StepPlan};
use rnetc::train::tensors;
use rnetc::train::trainer::{Choice, Observer, Session};

use crate::support::compile;

/// The net.
pub fn tiny() -> Network {
    compile("tiny", "net n { input(1, 4, 4) -> conv(3x3, 2) -> relu -> linear(3) }", "")
}

fn loading(count: usize, batch: usize) -> Loading {
    let pixels = (0..count * 16).map(|i| (i * 37 % 251) as u8).collect();
    let labels = (0..count).map(|i| (i % 3) as u8).collect();
    let extent = Extent { rows: 4, columns: 4, channels: 1 };
    Loading {
        pictures: Arc::new(Stored::new(extent, pixels, labels).expect("pictures")),
        normalisation: Normalisation { mean: vec![120.0], std: vec![70.0] },
        batch,
        classes: 3,
    }
}

/// A run of eighteen steps in a folder of its own; with a scaled loss where the precision wants it.
pub fn session(engine: &dyn Engine, precision: Precision, folder: &Path) -> Session {
    session_of(tiny(), engine, precision, Some(folder), None)
}

/// The same of any net, by one of several ranks, as one.
pub fn session_of(
    network: Network,
    engine: &dyn Engine,
    precision: Precision,
    folder: Option<&Path>,
    ranks: Option<Ranks>,
) -> Session {
    let mut recipe = Recipe::he2016().expect("a recipe");
    recipe.batch = 8;
    let train = loading(48, 8);
    let length = Length::Epochs(3.into());
    let plan = StepPlan::new(&recipe, length, train.steps_per_epoch());
    let config = Config {
        format: Default::default(),
        spec: "tiny".into(),
        settings: Default::default(),
        data: "pixels".into(),
        files: None,
        pictures: 48,
        validation: None,
        length,
        steps: plan.total,
        steps_per_epoch: plan.per_epoch,
        precision,
        recompute: false,
        device: "any".into(),
        recipe,
        start: None,
        classes: ["a", "b", "c"].map(String::from).to_vec(),
        normalisation: train.normalisation.clone(),
        contents: Default::default(),
        replanned: Vec::new(),
        spec_text: String::new(),
    };
    let scaled = precision.scales_loss();
    let lower = if scaled { lower::scaled_training } else { lower::training };
    let program = lower(&network, 8, &Sgd::PAPER);
    let mut tensors = tensors::of(&network);
    tensors.extend(scaled.then(tensors::of_run).into_iter().flatten());
    Session {
        training: match &ranks {
            Some(_) => Runner::divided(engine, &program).expect("compiles"),
            None => Runner::new(engine, &program).expect("compiles"),
        },
        programs: None,
        inference: Runner::new(engine, &lower::inference(&network, 4)).expect("compiles"),
        tensors,
        config,
        plan,
        train,
        validation: None,
        test: loading(8, 4),
        choice: Choice::by(Part::Test, None),
        folder: folder
            .map(|folder| RunFolder::create(Some(folder), folder, "unused").expect("a folder")),
        ranks,
    }
}

/// Ends a run after so many steps.
pub struct Leaving {
    done: u64,
    after: u64,
}

impl Leaving {
    /// After `steps`.
    pub fn after(steps: u64) -> Self {
        Self { done: 0, after: steps }
    }
}

impl Observer for Leaving {
    fn step(&mut self, step: &Step, _: f64) {
        self.done = step.step;
    }
    fn evaluating(&mut self, _: u64) {}
    fn evaluation(&mut self, _: &Evaluation) {}
    fn saved(&mut self, _: u64) {}
    fn interrupted(&self) -> bool {
        self.done >= self.after
    }
}
