//! What is shown of a run.

use super::series::Series;
use crate::cli::show::progress::Figures;
use crate::train::part::Part;
use crate::train::record::metrics::{Evaluation, History, Step};
use crate::train::schedule::StepPlan;

/// A run so far.
pub struct State {
    /// Net and data.
    pub title: String,
    /// Precision, device, folder.
    pub place: String,
    /// Length of the run, and the newest figures, smoothed.
    pub figures: Figures,
    /// Steps done.
    pub step: u64,
    /// The epoch of the last one.
    pub epoch: u64,
    /// Its learning rate.
    pub rate: f64,
    /// Training loss.
    pub loss: Series,
    /// Training error, smoothed, %.
    pub error: Series,
    /// What the best state is chosen on.
    pub part: Part,
    /// Error on that, %.
    pub test: Vec<[f64; 2]>,
    /// After which step the last checkpoint was written.
    pub saved: Option<u64>,
    /// Whether pictures are being classified to measure it.
    pub testing: bool,
    /// Lines to print when the screen is left.
    pub said: Vec<String>,
}

impl State {
    /// Before the first step of a run.
    pub fn new(
        title: String,
        place: String,
        (plan, part): (&StepPlan, Part),
        figures: Figures,
    ) -> Self {
        Self {
            part,
            title,
            place,
            figures,
            step: 0,
            epoch: 1,
            rate: plan.rate(0),
            loss: Series::default(),
            error: Series::default(),
            test: Vec::new(),
            saved: None,
            testing: false,
            said: Vec::new(),
        }
    }

    /// After so many steps, which earlier processes did.
    pub fn after(mut self, done: u64, past: &History) -> Self {
        for step in past.steps.iter().filter(|step| step.step <= done) {
            self.at(step);
            if let Some(error) = step.error_percent {
                let [_, error, _] = self.figures.step(step, error);
                self.error.push(step.step as f64, error);
            }
        }
        for evaluation in past.evaluations.iter().filter(|e| e.step <= done) {
            self.tested(evaluation);
        }
        self.saved = (done > 0).then_some(done);
        self
    }

    fn at(&mut self, step: &Step) {
        (self.step, self.epoch, self.rate) = (step.step, step.epoch, step.lr);
        self.loss.push(step.step as f64, f64::from(step.loss));
    }

    fn tested(&mut self, evaluation: &Evaluation) {
        if let Some(error) = evaluation.error_percent(self.part) {
            self.test.push([evaluation.step as f64, error]);
        }
    }

    /// A step has been done.
    pub fn step(&mut self, step: &Step, error_percent: f64) {
        let [_, error, _] = self.figures.step(step, error_percent);
        self.testing = false;
        self.at(step);
        self.error.push(step.step as f64, error);
    }

    /// It has been measured.
    pub fn evaluation(&mut self, evaluation: &Evaluation) {
        self.testing = false;
        self.tested(evaluation);
        self.said.push(self.figures.evaluation(evaluation));
    }

    /// The lowest error on the part, and after which step it was.
    pub fn lowest(&self) -> Option<[f64; 2]> {
        self.test.iter().copied().min_by(|a, b| a[1].total_cmp(&b[1]))
    }
}
