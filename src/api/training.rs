//! Training a network.

use std::path::Path;
use std::sync::Arc;

use super::{Checkpoint, Diagnostics, Model, OpenEngine, Spec};
use crate::data::batches::Loading;
use crate::data::normalise::Normalisation;
use crate::data::{Dataset, Pictures};
use crate::engine::Precision;
use crate::engine::cpu::footprint::footprint;
use crate::graph::Program;
use crate::lower::{self, Form, Goal};
use crate::network::Network;
use crate::ranks::Ranks;
#[cfg(feature = "cli")]
use crate::train::config::Replanned;
use crate::train::config::{Config, Contents};
use crate::train::evaluate::MOST_BATCH;
use crate::train::init::initial;
use crate::train::rates::{Rates, Sweep};
use crate::train::recipe::{Normalise, Recipe};
use crate::train::record::checkpoint::Origin;
use crate::train::record::format::FormatVersion;
use crate::train::record::lock::Lock;
use crate::train::record::run_folder::RunFolder;
use crate::train::runner::Runner;
use crate::train::schedule::{Length, StepPlan};
use crate::train::sharing::{self, Sharing};
use crate::train::size_misfit::SizeMisfit;
use crate::train::stages::{self, Networks, Programs};
use crate::train::start::Begun;
use crate::train::tensors::{self, Values};
use crate::train::trainer::{Best, Choice, End, Observer, Session};
use crate::train::whiten;
use crate::train::{TrainError, fit, updates};

/// What to train, and how.
///
/// ```
/// use rnetc::{Dataset, EngineOptions, Length, Recipe, Spec, Training};
///
/// let spec = Spec::new("tiny.rnet", "net tiny(classes = 10) {
///     input(3, 32, 32) -> conv(3x3, 4, stride: 4) -> bn -> relu -> global_avg_pool
///     -> linear(classes)
/// }");
/// let recipe = Recipe { batch: 4, ..Recipe::he2016()? };
/// let training = Training::new(&spec, spec.compile()?, recipe)?.length(Length::Steps(2));
///
/// let engine = EngineOptions::cpu().open()?;
/// let data = Dataset::shapes10().with_test_pictures(8);
/// let mut run = training.prepare(&data, &engine)?;
/// run.train(&mut ())?;
/// let score = run.model()?.evaluate(&data, &engine, 8, &|| false)?.expect("not interrupted");
/// assert_eq!(score.count, 8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Training {
    spec: Spec,
    network: Network,
    /// The network at the recipe's other sizes.
    others: Networks,
    recipe: Recipe,
    length: Length,
    recompute: bool,
    begun: Option<Begun>,
    /// Steps that need not be compiled for: a run that goes on has done them.
    done: u64,
}

impl Training {
    /// A spec's network by a recipe, for as long as the recipe says.
    ///
    /// # Errors
    /// A number of the recipe makes no sense, it drops units that the network does not have, or the network
    /// cannot be trained on pictures of its sizes.
    pub fn new(spec: &Spec, network: Network, recipe: Recipe) -> Result<Self, TrainError> {
        recipe.check()?;
        let network = recipe.applied(network)?;
        updates::of(&recipe, &network)?;
        fit::check_recipe(&recipe, &network)?;
        let others = at_other_sizes(spec, &network, &recipe)?;
        let (spec, length) = (spec.clone(), Length::Recipe);
        Ok(Self { spec, network, others, recipe, length, recompute: false, begun: None, done: 0 })
    }

    /// The same for another length; the recipe's schedule stretches.
    #[must_use]
    pub fn length(self, length: Length) -> Self {
        Self { length, ..self }
    }

    /// The same with fewer activations kept, and the others computed again in the backward pass.
    #[must_use]
    pub fn recompute(self, recompute: bool) -> Self {
        Self { recompute, ..self }
    }

    /// The same from weights that are there, for the classes of a data set: fine-tuning. The layer that
    /// tells classes apart is made new where the weights were trained for others. Pictures are
    /// standardised as those that the weights were trained on.
    ///
    /// # Errors
    /// The weights do not fit the network otherwise, or cannot be read.
    pub fn start_from(self, weights: &Checkpoint, data: &Dataset) -> Result<Self, TrainError> {
        self.start_from_named(weights, data, false)
    }

    /// The same where classes with other names may mean the same in the same order.
    ///
    /// # Errors
    /// As [`Training::start_from`].
    pub fn start_from_named(
        self,
        weights: &Checkpoint,
        data: &Dataset,
        other_names: bool,
    ) -> Result<Self, TrainError> {
        let origin = weights.origin.as_ref();
        let begun = Begun::with(weights.path(), origin, &self.network, data, other_names)?;
        Ok(Self { begun: Some(begun), ..self })
    }

    /// The weights that it begins with, unless they are drawn.
    pub fn begun(&self) -> Option<&Begun> {
        self.begun.as_ref()
    }

    /// The same as a run that was begun, which goes on from its own checkpoints, the newest after so many steps.
    #[cfg(feature = "cli")]
    pub(crate) fn going_on(self, config: &Config, done: u64) -> Self {
        let begun = config.start.clone().map(|start| Begun {
            start,
            values: Values::new(),
            normalisation: Some(config.normalisation.clone()),
            renewed: Vec::new(),
        });
        Self { begun, done, ..self }
    }

    /// How it is trained.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// The network, with what the recipe puts on its units.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Bytes of tensors that a run holds on the CPU engine with so many threads: those of its largest step
    /// and, beside them, of inference.
    ///
    /// # Errors
    /// What the engine cannot compute.
    pub fn footprint(&self, precision: Precision, threads: usize) -> Result<usize, TrainError> {
        let form =
            Form { recompute: self.recompute, scaled: precision.scales_loss(), ..Form::default() };
        let updates = updates::of(&self.recipe, &self.network)?;
        let bytes = |program: &Program| Ok(footprint(program, precision)?.bytes(threads));
        let step = |network: &Network| {
            bytes(&lower::program(network, self.recipe.batch, Goal::Training(&updates, form)))
        };
        let steps: Vec<usize> = [&self.network]
            .into_iter()
            .chain(self.others.values())
            .map(step)
            .collect::<Result<_, TrainError>>()?;
        let tests = lower::inference(&self.network, self.recipe.batch.min(MOST_BATCH));
        Ok(steps.into_iter().max().unwrap_or(0) + bytes(&tests)?)
    }

    /// A data set with the validation part that the recipe asks for, drawn from its training pictures.
    /// One that has such a part is left as it is.
    ///
    /// # Errors
    /// The recipe asks for more pictures than there are, or a picture's file cannot be read.
    pub fn divided(&self, data: &Dataset) -> Result<Dataset, TrainError> {
        Ok(match (self.recipe.validation, &data.validation) {
            (Some(amount), None) => data.divided(amount, self.recipe.seed)?,
            (Some(_), Some(_)) | (None, _) => data.clone(),
        })
    }

    /// All that a run on this data and engine is asked to do, resolved. Where there are fewer
    /// training pictures than a batch takes, a batch is all of them.
    ///
    /// # Errors
    /// The set's pictures or classes are not the network's, or there are no training pictures.
    pub fn config(&self, data: &Dataset, engine: &OpenEngine) -> Result<Config, TrainError> {
        fit::check(&self.network, data)?;
        let data = &self.divided(data)?;
        fit::check_choice(&self.recipe, data)?;
        fit::check_weights_of_classes(&self.recipe, self.network.classes())?;
        fit::check_augmentation(&self.recipe, data.train.seen())?;
        fit::check_resize(&self.recipe, data)?;
        let pictures = data.train.count();
        if pictures == 0 {
            return Err(TrainError::NoPictures { data: data.name.clone() });
        }
        let ranks = engine.ranks.as_ref().map_or(1, Ranks::count);
        let batch = self.recipe.batch.min(pictures);
        if !batch.is_multiple_of(ranks) {
            return Err(TrainError::Uneven { batch, ranks });
        }
        let recipe = Recipe { batch, ..self.recipe.clone() };
        let plan = StepPlan::new(&recipe, self.length, (pictures / batch) as u64);
        let begun = self.begun.as_ref();
        let known = begun.and_then(|begun| begun.normalisation.clone());
        let train = data.train.as_ref();
        let normalisation = match (self.recipe.normalise, known) {
            (Normalise::Imagenet, _) => Normalisation::imagenet(),
            (Normalise::PerChannel | Normalise::PerPixel, Some(known)) => known,
            (Normalise::PerChannel, None) => Normalisation::measure(train),
            (Normalise::PerPixel, None) => Normalisation::measure_pixels(train),
        };
        let sides: Vec<_> = self.others.keys().copied().collect();
        fit::check_sizes(&self.recipe, &sides, &normalisation, data.train.seen())?;
        let device = engine.device();
        // Ranks that are as one change nothing either, where sums are the same bits.
        let by = match Sharing::of(&recipe, &self.network, ranks) {
            Sharing::Alone => String::new(),
            Sharing::AsOne(ranks) if !engine.is_exact() => format!(", {ranks} ranks"),
            Sharing::AsOne(_) => String::new(),
            Sharing::ByRank(ranks) => format!(", batch norms of {ranks} ranks"),
        };
        Ok(Config {
            format: FormatVersion,
            spec: self.spec.source.name.to_string(),
            settings: self.spec.settings.clone(),
            data: data.name.clone(),
            files: None,
            pictures,
            validation: data.validation.as_ref().map(|part| part.count()),
            length: self.length,
            steps: plan.total,
            steps_per_epoch: plan.per_epoch,
            precision: engine.precision,
            recompute: self.recompute,
            // Threads change nothing in the weights, and files of equal weights are equal.
            device: format!("{} ({}){by}", device.engine, device.name),
            recipe,
            start: begun.map(|begun| begun.start.clone()),
            classes: data.classes.clone(),
            normalisation,
            contents: Contents {
                train: data.train.digest(),
                validation: data.validation.as_ref().and_then(|part| part.digest()),
                test: data.test.digest(),
            },
            replanned: Vec::new(),
            spec_text: self.spec.source.text.to_string(),
        })
    }

    /// Compiles it for an engine.
    ///
    /// # Errors
    /// As [`Training::config`], and what the engine cannot compile.
    pub fn prepare(&self, data: &Dataset, engine: &OpenEngine) -> Result<Run, TrainError> {
        let data = self.divided(data)?;
        self.prepare_as(self.config(&data, engine)?, &data, engine)
    }

    /// The same with a configuration that has been looked at.
    ///
    /// # Errors
    /// What the engine cannot compile.
    pub fn prepare_as(
        &self,
        config: Config,
        data: &Dataset,
        engine: &OpenEngine,
    ) -> Result<Run, TrainError> {
        let (network, data) = (&self.network, self.divided(data)?);
        if let Some(ranks) = &engine.ranks {
            sharing::check_devices(ranks, &config.device)?;
        }
        let batch = config.recipe.batch;
        let test_batch = batch.min(MOST_BATCH).min(data.test.count().max(1));
        let scaled = config.precision.scales_loss();
        let form = Form { recompute: config.recompute, scaled, ranks: None };
        let ranks = engine.ranks.clone();
        let sharing = Sharing::of(&config.recipe, network, ranks.as_ref().map_or(1, Ranks::count));
        let updates = updates::of(&config.recipe, network)?;
        let plan = StepPlan::new(&config.recipe, config.length, config.steps_per_epoch);
        let mut programs = Programs {
            engine: engine.engine.clone(),
            network: network.clone(),
            others: self.others.clone(),
            updates,
            form,
            batch,
            sharing,
            now: None,
        };
        // Inference stands beside each of the steps: what has room without it may have none with it.
        let inference =
            Runner::new(engine.engine.as_ref(), &lower::inference(network, test_batch))?;
        let training = programs.first(&plan, self.done)?;
        let loading = |pictures: &Arc<dyn Pictures>, batch| Loading {
            pictures: pictures.clone(),
            normalisation: config.normalisation.clone(),
            batch,
            classes: network.classes(),
        };
        let mut tensors = tensors::of(network);
        tensors.extend(tensors::of_run().filter(|tensor| training.has_input(&tensor.name)));
        let patience =
            config.recipe.stop.map(|stop| stop.after.saturating_mul(config.steps_per_epoch));
        let session = Session {
            choice: Choice::by(config.chosen_on(), patience),
            validation: data.validation.as_ref().map(|part| loading(part, test_batch)),
            training,
            programs: (!self.others.is_empty()).then_some(programs),
            inference,
            tensors,
            plan,
            train: loading(&data.train, batch),
            test: loading(&data.test, test_batch),
            folder: None,
            ranks,
            config,
        };
        let begun = self.begun.as_ref().map(|begun| begun.values.clone()).unwrap_or_default();
        Ok(Run { network: network.clone(), session, begun, done: 0, lock: None })
    }
}

/// A spec's network for pictures of a recipe's other sizes.
fn at_other_sizes(spec: &Spec, network: &Network, recipe: &Recipe) -> Result<Networks, TrainError> {
    let at = |sides| {
        let unbuilt = |why: Diagnostics| SizeMisfit::Unbuilt { sides, what: why.to_string() };
        let other = recipe.applied(spec.compile_for_pictures(sides).map_err(unbuilt)?)?;
        stages::check(network, &other)?;
        Ok((sides, other))
    };
    stages::sides(recipe, network)?.into_iter().map(at).collect()
}

/// A run that is ready: its programs are compiled.
pub struct Run {
    network: Network,
    session: Session,
    /// First values that are not drawn.
    begun: Values,
    done: u64,
    lock: Option<Lock>,
}

impl Run {
    /// Keeps metrics and checkpoints in a folder, which must not hold a run yet.
    ///
    /// # Errors
    /// The folder holds a run, another process works in it, or it cannot be written.
    pub fn keep_in(&mut self, path: impl AsRef<Path>) -> Result<(), TrainError> {
        let (folder, lock) = RunFolder::begin(Some(path.as_ref()), path.as_ref(), "")?;
        self.keep(folder, lock)
    }

    /// The same in a folder that is held already.
    pub(crate) fn keep(&mut self, folder: RunFolder, lock: Lock) -> Result<(), TrainError> {
        folder.write_config(&self.session.config)?;
        (self.session.folder, self.lock) = (Some(folder), Some(lock));
        Ok(())
    }

    /// What it is asked to do.
    pub fn config(&self) -> &Config {
        &self.session.config
    }

    /// Records when it was asked for another length.
    #[cfg(feature = "cli")]
    pub(crate) fn record_replanned(&mut self, replanned: Vec<Replanned>) {
        self.session.config.replanned = replanned;
    }

    /// What is run.
    #[cfg(feature = "cli")]
    pub(crate) fn session(&self) -> &Session {
        &self.session
    }

    /// Has a run that saved nothing begin again with the weights that it began with.
    ///
    /// # Errors
    /// Their file is gone, or another one now.
    #[cfg(feature = "cli")]
    pub(crate) fn begin_again(&mut self) -> Result<(), TrainError> {
        if let Some(start) = &self.session.config.start {
            self.begun = Begun::again(start, &self.network)?;
        }
        Ok(())
    }

    /// Trains from the recipe's first values, or the weights that it begins with, to the end, or until the observer stops it.
    ///
    /// # Errors
    /// The engine fails, the loss is no number any more, or a file cannot be written.
    pub fn train(&mut self, observer: &mut dyn Observer) -> Result<End, TrainError> {
        let first = self.first();
        self.train_from(&first, 0, observer)
    }

    /// The losses of growing rates, from the same first values, over as many steps as the run has
    /// (Smith 2017, section 3.3). Nothing is kept of it.
    ///
    /// # Errors
    /// The engine fails, or the first loss is no number.
    pub fn find_rate(
        mut self,
        sweep: Sweep,
        observer: &mut dyn Observer,
    ) -> Result<Rates, TrainError> {
        let first = self.first();
        self.session.sweep(&first, sweep, observer)
    }

    /// The first values.
    fn first(&self) -> Values {
        let Session { tensors, config, train, .. } = &self.session;
        let mut first = initial(tensors, config.recipe.seed);
        let made = tensors.iter().filter(|tensor| !self.begun.contains_key(&tensor.name));
        let pictures = train.pictures.as_ref();
        first.extend(whiten::filters(made, pictures, &config.normalisation));
        first.extend(self.begun.clone());
        first
    }

    /// The same from the values that there were after `done` steps, what the optimiser keeps among them.
    ///
    /// # Errors
    /// As [`Run::train`].
    pub fn train_from(
        &mut self,
        values: &Values,
        done: u64,
        observer: &mut dyn Observer,
    ) -> Result<End, TrainError> {
        let end = self.session.run(values, done, observer)?;
        self.done = match end {
            End::Finished(last) | End::Stopped(last) => last.step,
            End::Interrupted(step) => step,
        };
        Ok(end)
    }

    /// The best state that it has had, and what it came to.
    pub fn best(&self) -> Option<Best> {
        self.session.choice.best
    }

    /// The network with its weights as they are now.
    ///
    /// # Errors
    /// The engine fails.
    pub fn model(&mut self) -> Result<Model, TrainError> {
        let values = self.session.training.values()?;
        let origin = Some(Origin::Run(self.session.about(self.done)));
        let views = self.session.config.recipe.views;
        Ok(Model { network: self.network.clone(), values, origin, views })
    }
}
