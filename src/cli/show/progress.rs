//! How a training run is shown: a bar on a terminal, a line now and then elsewhere.

use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use crate::cli::session::signals::Signals;
use crate::cli::show::output;
use crate::train::record::metrics::{Epoch, Evaluation, Step};
use crate::train::schedule::StepPlan;
use crate::train::trainer::{Observer, Session};

/// Time between lines where there is no terminal.
const PAUSE: Duration = Duration::from_secs(10);
/// Weight of the newest step in the figures shown.
const NEWEST: f64 = 0.05;

/// What is told of a run.
pub struct Figures {
    /// Steps of the whole run.
    pub total: u64,
    /// Epochs of the whole run.
    pub epochs: u64,
    batch: usize,
    /// Smoothed loss, error in % and pictures a second.
    pub recent: Option<[f64; 3]>,
    /// What the newest epoch has trained on.
    pub epoch: Option<Epoch>,
    plan: StepPlan,
    /// The share of the time that other ranks are waited for, smoothed, in %; none of one process.
    pub waiting: Option<f64>,
    /// Rows and columns of pictures that have the net's own size.
    seen: [usize; 2],
    /// Those of the newest step, where they change on the way.
    size: Option<[usize; 2]>,
}

impl Figures {
    /// Of a run of this plan, before its first step; `seen` are rows and columns of what the net reads.
    pub fn new(plan: &StepPlan, batch: usize, seen: [usize; 2]) -> Self {
        let epochs = plan.total.div_ceil(plan.per_epoch);
        let (recent, epoch, size, waiting) = (None, None, None, None);
        let (total, plan) = (plan.total, plan.clone());
        Self { total, epochs, batch, recent, epoch, plan, waiting, seen, size }
    }

    /// Of a run.
    pub fn of(session: &Session) -> Self {
        let seen = session.train.pictures.seen();
        Self::new(&session.plan, session.config.recipe.batch, seen.sides())
    }

    /// Rows and columns of the newest step's pictures, where they change on the way.
    pub fn size(&self) -> Option<[usize; 2]> {
        self.size
    }

    /// Takes a step in; loss, error and pictures a second, smoothed.
    pub fn step(&mut self, step: &Step, error_percent: f64) -> [f64; 3] {
        let new = [f64::from(step.loss), error_percent, step.images_per_s];
        let mut old = self.recent.unwrap_or(new);
        if self.size != step.size {
            self.size = step.size;
            old[2] = step.images_per_s;
        }
        self.waiting = step.waiting_percent.map(|now| {
            let before = self.waiting.unwrap_or(now);
            before + NEWEST * (now - before)
        });
        let mixed = std::array::from_fn(|k| old[k] + NEWEST * (new[k] - old[k]));
        *self.recent.insert(mixed)
    }

    /// How long the rest takes at a speed; steps on pictures of another size take as much longer as they have
    /// more pixels.
    pub fn left(&self, step: u64, images_per_s: f64) -> String {
        let pixels = |[rows, columns]: [usize; 2]| rows as f64 * columns as f64;
        let now = pixels(self.size.unwrap_or(self.seen));
        let stages = self.plan.stages(step).into_iter();
        let left = stages.map(|(steps, sides)| {
            (steps.end - steps.start) as f64 * pixels(sides.unwrap_or(self.seen)) / now
        });
        let left = left.sum::<f64>() * self.batch as f64;
        let seconds = (left / images_per_s.max(1e-9)).clamp(0.0, 1e9);
        format!("{:#} left", HumanDuration(Duration::from_secs_f64(seconds)))
    }

    /// A line about an evaluation, with the means of the epoch in training.
    pub fn evaluation(&self, evaluation: &Evaluation) -> String {
        let measured = evaluation.measured().map(|(part, measure)| {
            let loss = measure.loss.map_or_else(|| "none".into(), |loss| format!("{loss:.4}"));
            format!("  {part} error {:.2} %  {part} loss {loss}", measure.error_percent)
        });
        let measured: String = measured.collect();
        let train = self.epoch.map_or_else(String::new, |epoch| {
            let (loss, error) = (epoch.train_loss, epoch.train_error_percent);
            let part = match epoch.steps {
                all if all == self.plan.per_epoch => String::new(),
                some => format!(" (of {some} of {} steps)", self.plan.per_epoch),
            };
            format!("  training loss {loss:.4}  training error {error:.2} %{part}")
        });
        format!("epoch {}/{}{measured}{train}", evaluation.epoch, self.epochs)
    }
}

/// A line about pictures of another size.
pub fn resized(step: u64, [rows, columns]: [usize; 2]) -> String {
    format!("pictures of {rows}×{columns} pixels from step {step} on")
}

/// Shows a run until it is dropped.
pub struct Shown {
    bar: Option<ProgressBar>,
    signals: Signals,
    figures: Figures,
    /// The last evaluation, in few words.
    tested: String,
    last_line: Instant,
}

impl Shown {
    /// For a run of this plan that has done some steps already.
    pub fn new(session: &Session, done: u64, signals: &Signals) -> Self {
        let plan = &session.plan;
        let bar = output::is_watched().then(|| {
            let bar = ProgressBar::new(plan.total).with_position(done);
            let template = "{wide_bar} {pos}/{len} {msg}";
            bar.with_style(
                ProgressStyle::with_template(template)
                    .unwrap_or_else(|_| ProgressStyle::default_bar()),
            )
        });
        Self {
            bar,
            signals: signals.clone(),
            figures: Figures::of(session),
            tested: String::new(),
            last_line: Instant::now(),
        }
    }

    fn message(&self, step: &Step, [loss, error, speed]: [f64; 3]) -> String {
        let left = self.figures.left(step.step, speed);
        let test = &self.tested;
        let size = self.figures.size().map(|[rows, columns]| format!(" at {rows}×{columns}"));
        let size = size.unwrap_or_default();
        let waiting = self.figures.waiting.map(|share| format!(", {share:.0} % waiting"));
        let waiting = waiting.unwrap_or_default();
        format!(
            "epoch {}/{}{size}  loss {loss:.3}  error {error:.1} %{test}  {speed:.0} images/s{waiting}  {left}",
            step.epoch, self.figures.epochs
        )
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Shown {
    fn step(&mut self, step: &Step, error_percent: f64) {
        let figures = self.figures.step(step, error_percent);
        match &self.bar {
            Some(bar) => {
                bar.set_message(self.message(step, figures));
                bar.set_position(step.step);
            }
            None if self.last_line.elapsed() >= PAUSE => {
                self.last_line = Instant::now();
                let message = self.message(step, figures);
                output::note(format_args!("step {}/{}  {message}", step.step, self.figures.total));
            }
            None => {}
        }
    }

    fn epoch(&mut self, epoch: &Epoch) {
        self.figures.epoch = Some(*epoch);
    }

    fn resized(&mut self, step: u64, sides: [usize; 2]) {
        let line = resized(step, sides);
        match &self.bar {
            Some(bar) => bar.println(line),
            None => output::note(line),
        }
    }

    fn evaluating(&mut self, _step: u64) {
        if let Some(bar) = &self.bar {
            bar.set_message("testing");
            bar.tick();
        }
    }

    fn evaluation(&mut self, evaluation: &Evaluation) {
        let told =
            evaluation.measured().map(|(part, of)| format!(", {part} {:.2} %", of.error_percent));
        self.tested = told.collect();
        let line = self.figures.evaluation(evaluation);
        match &self.bar {
            Some(bar) => bar.println(line),
            None => output::note(line),
        }
    }

    fn saved(&mut self, step: u64) {
        if self.bar.is_none() {
            output::note(format_args!("saved after step {step}"));
        }
    }

    fn interrupted(&self) -> bool {
        self.signals.came()
    }
}

/// Shows nothing: another process does.
pub struct Silent(Signals);

impl Silent {
    /// Stops with a signal still.
    pub fn new(signals: &Signals) -> Self {
        Self(signals.clone())
    }
}

impl Observer for Silent {
    fn interrupted(&self) -> bool {
        self.0.came()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::recipe::{HE2016, Recipe};
    use crate::train::schedule::Length;

    #[test]
    fn larger_pictures_take_longer() {
        let text = HE2016.to_owned() + "sizes: [{ size: 16, until: 3200 }]\n";
        let recipe = Recipe::parse("r", &text).unwrap();
        // Ten steps on a quarter of the pixels, and ten on all.
        let plan = StepPlan::new(&recipe, Length::Steps(20), 10);
        let mut figures = Figures::new(&plan, 10, [32, 32]);
        let step = |step, size, images_per_s| Step {
            step,
            epoch: 1,
            loss: 1.0,
            error_percent: None,
            lr: 0.1,
            size: Some(size),
            images_per_s,
            waiting_percent: None,
        };
        let [.., speed] = figures.step(&step(4, [16, 16], 10.0), 50.0);
        assert_eq!((speed, figures.left(4, speed)), (10.0, "46s left".to_owned()));
        // The speed of the smaller ones says nothing of these.
        let [.., speed] = figures.step(&step(12, [32, 32], 2.5), 50.0);
        assert_eq!((speed, figures.left(12, speed)), (2.5, "32s left".to_owned()));
        assert_eq!(figures.size(), Some([32, 32]));
    }
}
