//! The training loop.

use std::ops::Range;
use std::time::{Duration, Instant};

use super::TrainError;
use super::config::Config;
use super::error::FirstBad;
use super::recipe::Recipe;
use super::record::checkpoint::About;
use super::record::format::FormatVersion;
use super::record::metrics::{Epoch, EpochSums, Evaluation, Step};
use super::record::run_folder::RunFolder;
use super::runner::{Runner, Snapshot};
use super::schedule::{Sides, StepPlan};
use super::stages::Programs;
use super::tensors::{Tensor, Values};
use crate::data::DataError;
use crate::data::batches::{Batch, Loading, Showing};
use crate::data::random::{Draws, Purpose};
use crate::engine::Pending;
use crate::graph::{EndId, OutputKind, Role};
use crate::nn::averages::fast_name;
use crate::nn::loss_scaling::MOST_LEFT_OUT;
use crate::ranks::Ranks;

mod choice;
mod measuring;
mod rates;
mod records;
mod together;

pub use choice::{Best, Choice};
use records::Records;

/// Is told how a run goes, and may stop it. `()` is told nothing and stops nothing.
pub trait Observer {
    /// After each step, with the share of its pictures classified wrongly, in %.
    fn step(&mut self, _step: &Step, _error_percent: f64) {}

    /// At an epoch's end, and before an evaluation: what the epoch has trained on so far.
    fn epoch(&mut self, _epoch: &Epoch) {}

    /// Before step number `step`, counted from 1, from which on training pictures have other rows and columns than
    /// before.
    fn resized(&mut self, _step: u64, _sides: [usize; 2]) {}

    /// Before an evaluation, which takes a while.
    fn evaluating(&mut self, _step: u64) {}

    /// After an evaluation.
    fn evaluation(&mut self, _evaluation: &Evaluation) {}

    /// When what a run has after a step is saved and durable, which may be some steps later.
    fn saved(&mut self, _step: u64) {}

    /// Whether the run should be saved and end.
    fn interrupted(&self) -> bool {
        false
    }
}

impl Observer for () {}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    /// After its last step; the last evaluation.
    Finished(Evaluation),
    /// Before it, since there was none better for as long as the recipe waits; the last evaluation.
    Stopped(Evaluation),
    /// Interrupted after so many steps, and saved.
    Interrupted(u64),
}

/// Everything a run needs.
pub struct Session {
    /// The training step, for pictures of the size that the plan begins with.
    pub training: Runner,
    /// What makes it for others, where the plan has such.
    pub programs: Option<Programs>,
    /// Inference on a batch of its own.
    pub inference: Runner,
    /// The network's state.
    pub tensors: Vec<Tensor>,
    /// What the run was asked to do.
    pub config: Config,
    /// Rates and length.
    pub plan: StepPlan,
    /// Training pictures.
    pub train: Loading,
    /// What the best state is chosen on, where that is set apart.
    pub validation: Option<Loading>,
    /// Test pictures.
    pub test: Loading,
    /// The best state so far.
    pub choice: Choice,
    /// Where everything is written, if anywhere; on the first of several ranks.
    pub folder: Option<RunFolder>,
    /// With which other processes it trains.
    pub ranks: Option<Ranks>,
}

/// A step that the engine has been given.
struct Underway {
    step: u64,
    rate: f64,
    labels: Vec<u8>,
    start: Instant,
    /// Loss, logits and, where the loss is scaled, whether the step was good.
    results: Pending,
    /// What it leaves, where that is to be saved.
    state: Option<Snapshot>,
}

/// What one step hands to the next.
struct Pace {
    /// When the step before was done.
    clock: Instant,
    /// Images and seconds of the last step, zero after something else.
    before: (f64, f64),
    /// Steps in a row that loss scaling left out.
    left_out: u32,
    /// The epoch so far.
    epoch: EpochSums,
    /// How long other ranks had been waited for.
    waited: Duration,
}

impl Pace {
    fn new(epoch: EpochSums, ranks: Option<&Ranks>) -> Self {
        let waited = ranks.map_or(Duration::ZERO, Ranks::waited);
        Self { clock: Instant::now(), before: (0.0, 0.0), left_out: 0, epoch, waited }
    }

    /// The share of a step of so many seconds that other ranks were waited for, in %.
    fn waiting(&mut self, ranks: &Ranks, seconds: f64) -> f64 {
        let waited = ranks.waited();
        let share = (waited - std::mem::replace(&mut self.waited, waited)).as_secs_f64() / seconds;
        (1000.0 * share.clamp(0.0, 1.0)).round() / 10.0
    }

    /// Leaves out of the steps' time what was done between them.
    fn restart(&mut self, ranks: Option<&Ranks>) {
        (self.clock, self.before) = (Instant::now(), (0.0, 0.0));
        self.waited = ranks.map_or(Duration::ZERO, Ranks::waited);
    }

    /// Images a second of a step and the one before it: two are under way, and a device may tell of
    /// both at once.
    fn rate(&mut self, images: f64, seconds: f64) -> f64 {
        let (before, took) = std::mem::replace(&mut self.before, (images, seconds));
        ((images + before) / (seconds + took).max(1e-9) * 10.0).round() / 10.0
    }

    /// Counts a step; an error where so many were left out that no scale can help.
    fn count(&mut self, step: u64, good: bool) -> Result<(), TrainError> {
        self.left_out = if good { 0 } else { self.left_out + 1 };
        if self.left_out < MOST_LEFT_OUT {
            return Ok(());
        }
        Err(TrainError::Overflow { step, left_out: self.left_out })
    }
}

impl Session {
    /// Trains from `values`, which are those after `done` steps, to the end of the plan.
    pub fn run(
        &mut self,
        values: &Values,
        done: u64,
        observer: &mut dyn Observer,
    ) -> Result<End, TrainError> {
        self.training.load(values)?;
        let keep = (self.config.recipe.checkpoint.keep, self.choice.part);
        let (mut records, past, epoch) =
            Records::open(self.folder.as_ref(), keep, done, &self.tensors)?;
        let past = self.begun_alike(values, done, past)?;
        self.choice.best = None;
        for evaluation in &past {
            self.choice.add(evaluation);
        }
        // Of a run that was to be longer, not all parts have been measured.
        let is_whole = |of: &Evaluation| done < self.plan.total || self.measures_no_more(of);
        let mut last = past.last().copied().filter(|of| of.step == done && is_whole(of));
        if done > 0 && last.is_none() && self.plan.evaluates(done) {
            // The run was stopped between a checkpoint and its evaluation.
            epoch.means().iter().for_each(|means| observer.epoch(means));
            last = self.evaluate(done, &mut records, observer)?;
        }
        let end = match last.filter(|_| self.choice.gives_up(done)) {
            Some(last) => self.end(last, &mut records, observer),
            None => self.steps(done, last, epoch, &mut records, observer),
        };
        // What was to be saved is, where a later step has failed too; what cannot be came first.
        records.close(observer).and(end)
    }

    /// All steps after the first `done`.
    fn steps(
        &mut self,
        done: u64,
        mut last: Option<Evaluation>,
        epoch: EpochSums,
        records: &mut Records,
        observer: &mut dyn Observer,
    ) -> Result<End, TrainError> {
        let mut pace = Pace::new(epoch, self.ranks.as_ref());
        for stage in self.plan.stages(done) {
            if self.turn(&stage, records, observer)? {
                pace.restart(self.ranks.as_ref());
            }
            if let Some(end) = self.stage(stage, &mut last, &mut pace, records, observer)? {
                return Ok(end);
            }
        }
        match last {
            Some(last) => self.end(last, records, observer),
            None => Ok(End::Interrupted(self.plan.total)),
        }
    }

    /// The steps of a part of the run whose pictures have one size; how the run ended, if it did before the
    /// part's last step was done, or with it.
    fn stage(
        &mut self,
        (steps, sides): (Range<u64>, Sides),
        last: &mut Option<Evaluation>,
        pace: &mut Pace,
        records: &mut Records,
        observer: &mut dyn Observer,
    ) -> Result<Option<End>, TrainError> {
        let train = self.train.clone();
        let showing = self.config.recipe.showing(train.pictures.as_ref(), train.classes);
        let showing = Showing { sides, share: self.share(), ..showing };
        let mut batches = train
            .training(showing, steps.clone(), self.training.takes())
            .map_err(TrainError::NoThread)?;
        let mut underway = None;
        for step in steps.clone() {
            let Some(batch) = batches.next_item() else {
                return Err(DataError::Ended.into());
            };
            let begun = self.begin(step, &batch)?;
            batches.recycle(batch);
            if let Some(before) = underway.replace(begun) {
                self.finish(before, true, pace, records, observer)?;
            }
            let done = step + 1;
            let due = done == steps.end || self.plan.evaluates(done);
            // All ranks wait for the same steps.
            let ready = underway.as_ref().is_some_and(|begun| begun.results.is_ready());
            let waits = due || ready || self.stops(observer)?;
            if let Some(begun) = underway.take_if(|_| waits) {
                self.finish(begun, false, pace, records, observer)?;
            }
            records.tell(observer)?;
            if underway.is_some() {
                continue;
            }
            if self.plan.evaluates(done) && !self.stops(observer)? {
                pace.epoch.means().iter().for_each(|means| observer.epoch(means));
                *last = self.evaluate(done, records, observer)?;
                pace.restart(self.ranks.as_ref());
            }
            if self.stops(observer)? {
                if records.lacks(done) {
                    let state = self.training.snapshot()?;
                    records.save(state, self.about(done));
                }
                return Ok(Some(End::Interrupted(done)));
            }
            if let Some(last) = last.filter(|last| last.step == done && self.choice.gives_up(done))
            {
                return self.end(last, records, observer).map(Some);
            }
        }
        Ok(None)
    }

    /// Has the training step be that for the pictures of a part of the run; whether it was another. Where there
    /// can be none, what has been trained so far is saved.
    fn turn(
        &mut self,
        (steps, sides): &(Range<u64>, Sides),
        records: &mut Records,
        observer: &mut dyn Observer,
    ) -> Result<bool, TrainError> {
        let Some(programs) = &mut self.programs else { return Ok(false) };
        match programs.turn(&mut self.training, *sides) {
            Ok(true) => {
                let seen = self.train.pictures.seen();
                observer.resized(steps.start + 1, sides.unwrap_or(seen.sides()));
                Ok(true)
            }
            Ok(false) => Ok(false),
            Err(error) => {
                if records.lacks(steps.start)
                    && let Ok(state) = self.training.snapshot()
                {
                    records.save(state, self.about(steps.start));
                }
                Err(error)
            }
        }
    }

    /// Saves what the run ends with, and measures the best that it had.
    fn end(
        &mut self,
        last: Evaluation,
        records: &mut Records,
        observer: &mut dyn Observer,
    ) -> Result<End, TrainError> {
        if records.are_kept() {
            // The others have nothing to do.
            records.wait(observer)?;
            let state = self.training.snapshot()?;
            records.last(state, self.about(last.step));
            self.test_best(records, observer)?;
        }
        let is_whole = last.step == self.plan.total;
        Ok(if is_whole { End::Finished(last) } else { End::Stopped(last) })
    }

    /// Hands a step to the engine, which may still be busy with the one before.
    fn begin(&mut self, step: u64, batch: &Batch) -> Result<Underway, TrainError> {
        self.begin_at(step, self.plan.rate(step), batch)
    }

    /// The same at a rate.
    fn begin_at(&mut self, step: u64, rate: f64, batch: &Batch) -> Result<Underway, TrainError> {
        let seed = Draws::new(self.config.recipe.seed, Purpose::Step, step).bits() >> 8;
        let start = Instant::now();
        self.training.write_images(&batch.images)?;
        self.training.write(Role::Targets, &batch.targets)?;
        self.training.write(Role::LearningRate, &[rate as f32])?;
        self.training.write(Role::Seed, &[seed as f32])?;
        for (end, open) in self.plan.open(step).enumerate() {
            let role = Role::Open(EndId(end as u32));
            self.training.write(role, &[f32::from(u8::from(open))])?;
        }
        self.write_averages(step + 1)?;
        let scaled = self.config.precision.scales_loss();
        let all = [OutputKind::Loss, OutputKind::Logits, OutputKind::Finite];
        let results = self.training.begin(&all[..if scaled { 3 } else { 2 }])?;
        let saves = self.folder.is_some() && self.plan.saves(step + 1);
        let state = saves.then(|| self.training.snapshot()).transpose()?;
        Ok(Underway { step, rate, labels: batch.labels.clone(), start, results, state })
    }

    /// Says what averages of weights take over at the step after which so many are done.
    fn write_averages(&mut self, steps: u64) -> Result<(), TrainError> {
        let Recipe { lookahead, ema, .. } = &self.config.recipe;
        if let Some(lookahead) = lookahead {
            let share = lookahead.share(steps, self.plan.total);
            self.training.write(Role::LookaheadShare, &[share as f32])?;
        }
        if let Some(ema) = ema {
            self.training.write(Role::EmaDecay, &[ema.kept(steps) as f32])?;
        }
        Ok(())
    }

    /// Waits for a step and records it. `overtaken` says whether another one has begun since.
    fn finish(
        &mut self,
        underway: Underway,
        overtaken: bool,
        pace: &mut Pace,
        records: &mut Records,
        observer: &mut dyn Observer,
    ) -> Result<(), TrainError> {
        let Underway { step, rate, labels, start, results, state } = underway;
        let mut results = results.wait()?.into_iter();
        let loss = results.next().and_then(|loss| loss.first().copied()).unwrap_or(f32::NAN);
        if !loss.is_finite() {
            let tensor = if overtaken { FirstBad::Overtaken } else { self.first_bad()? };
            return Err(TrainError::NonFinite { step: step + 1, loss, tensor });
        }
        let logits = results.next().unwrap_or_default();
        pace.count(step + 1, results.next().is_none_or(|good| good != [0.0]))?;
        let counts = self.counts(&logits, &labels)?;
        let seconds = start.max(pace.clock).elapsed().as_secs_f64();
        pace.clock = Instant::now();
        let images_per_s = pace.rate(counts[1], seconds);
        let (mut record, error_percent) = self.record((step, rate), loss, counts, images_per_s);
        record.waiting_percent = self.ranks.as_ref().map(|ranks| pace.waiting(ranks, seconds));
        records.step(&record)?;
        observer.step(&record, error_percent);
        pace.epoch.add(&record);
        let ends = step + 1 == self.plan.total || (step + 1).is_multiple_of(self.plan.per_epoch);
        if let Some(means) = pace.epoch.means().filter(|_| ends) {
            records.epoch(&means)?;
            observer.epoch(&means);
        }
        if let Some(state) = state {
            records.save(state, self.about(step + 1));
        }
        Ok(())
    }

    /// A step as it is recorded, with the share of its pictures classified wrongly, in %.
    fn record(
        &self,
        (step, rate): (u64, f64),
        loss: f32,
        [wrong, count]: [f64; 2],
        images_per_s: f64,
    ) -> (Step, f64) {
        let error_percent = 100.0 * wrong / count;
        let seen = self.train.pictures.seen();
        let now = self.programs.as_ref().map(|programs| programs.now);
        let record = Step {
            step: step + 1,
            epoch: self.plan.epoch(step),
            loss,
            error_percent: Some(error_percent),
            lr: rate,
            size: now.map(|now| now.unwrap_or(seen.sides())),
            images_per_s,
            waiting_percent: None,
        };
        (record, error_percent)
    }

    /// What is said of the state after a step.
    pub fn about(&self, step: u64) -> About {
        let (epoch, config) = (step / self.plan.per_epoch, self.config.clone());
        About { format: FormatVersion, step, epoch, config }
    }

    /// Where the forward pass first met a number that is none. Statistics tell, since they take
    /// part in no backward pass; of a net without any, the parameters.
    fn first_bad(&mut self) -> Result<FirstBad, TrainError> {
        if self.config.precision.scales_loss() {
            // Such a step has left all state as it was.
            return Ok(FirstBad::Half);
        }
        let values = self.training.values()?;
        let bad = |role| {
            let of_role = self.tensors.iter().filter(|t| t.role == role);
            let is_bad = |name: &str| {
                values.get(name).is_some_and(|all| all.iter().any(|value| !value.is_finite()))
            };
            // An average may not have taken it in.
            let either = |name: &&String| is_bad(name) || is_bad(&fast_name(name));
            of_role.map(|t| &t.name).find(either).cloned()
        };
        let found = bad(Role::Statistic).or_else(|| bad(Role::Parameter));
        Ok(FirstBad::Tensor(found.unwrap_or_else(|| "logits".into())))
    }
}

#[cfg(test)]
mod tests;
