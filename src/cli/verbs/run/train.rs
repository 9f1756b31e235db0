//! `rnetc run --train`: everything between the arguments and the training loop.

use std::path::Path;
use std::sync::Arc;

use crate::api::Spec;
use crate::cli::Failure;
use crate::cli::args::{EngineArgs, RunArgs};
use crate::cli::session::signals::Signals;
use crate::cli::session::spec::{self, NamedSpec};
use crate::cli::session::{download, engine};
use crate::cli::show::{output, progress, tui};
use crate::cli::verbs::run::resume::{self, Resumed};
use crate::data::batches::Loading;
use crate::data::folder::Splits;
use crate::data::locate::Found;
use crate::data::normalise::Normalisation;
use crate::data::{Dataset, Extent, Name, Pictures, Set};
use crate::engine::{Device, Engine, Precision};
use crate::lower::{self, Form, Goal};
use crate::network::{Chw, Network};
use crate::train::config::Config;
use crate::train::evaluate::MOST_BATCH;
use crate::train::init::initial;
use crate::train::lock::Lock;
use crate::train::recipe::{self, Normalise, Recipe};
use crate::train::run_folder::RunFolder;
use crate::train::runner::Runner;
use crate::train::schedule::{Length, StepPlan};
use crate::train::tensors;
use crate::train::trainer::{End, Observer, Session};

/// Where runs go that name no folder.
pub const RUNS: &str = "runs";
/// Epochs on `shapes10` where nothing says how long: enough to learn it, in a few minutes.
const SHAPES_EPOCHS: u64 = 4;

/// Trains.
pub fn train(args: &RunArgs, set: &Set, signals: &Signals) -> Result<(), Failure> {
    let resumed = match (&args.training.out, args.training.resume) {
        (_, true) => Some(resume::find(args)?),
        (Some(out), false) => {
            RunFolder::check_free(out)?;
            None
        }
        (None, false) => None,
    };
    let (recipe, length) = how_long(args, set, resumed.as_ref())?;
    let spec = match (&resumed, &args.spec) {
        (Some(resumed), None) => resumed.spec().with(&args.set),
        (Some(_) | None, path) => NamedSpec::find(path.as_deref(), &args.set)?,
    };
    let found = Found::find(set, args.data.as_deref(), None)?;
    let (spec, network) = spec.compile_for(found.classes())?;
    let network = recipe.applied(network)?;
    let on = computed_on(args, &recipe, resumed.as_ref());
    if let Some(resumed) = &resumed {
        // Before an engine is opened in vain.
        resumed.check(&Config { precision: on.precision(), ..resumed.config.clone() })?;
    }
    let opened = engine::open(&on)?;
    let dataset = download::load(&found, extent(&network), Splits::Both, signals)?;
    fits(&network, &dataset)?;
    let computed = Computed {
        device: opened.engine.device(),
        precision: on.precision(),
        recompute: args.training.recompute
            || resumed.as_ref().is_some_and(|resumed| resumed.config.recompute),
    };
    let config = configure(&spec, &dataset, recipe, length, &computed)?;
    if let Some(resumed) = &resumed {
        resumed.check(&config)?;
    }
    let (session, _lock) =
        assemble(&network, opened.engine.as_ref(), &dataset, config, || match &resumed {
            Some(resumed) => Ok((resumed.folder.clone(), Lock::take(resumed.folder.path())?)),
            None => fresh(args.training.out.as_deref(), &spec.name),
        })?;
    go(session, resumed.as_ref(), &network, signals, args.training.tui)
}

/// A folder of its own for a new run.
fn fresh(out: Option<&Path>, name: &str) -> Result<(RunFolder, Lock), Failure> {
    let folder = RunFolder::create(out, Path::new(RUNS), name)?;
    let lock = Lock::take(folder.path())?;
    // Another run may have begun and ended here while this one compiled.
    RunFolder::check_free(folder.path())?;
    Ok((folder, lock))
}

/// Where to compute: as the arguments say, else as the run did before, else as the recipe says.
fn computed_on(args: &RunArgs, recipe: &Recipe, resumed: Option<&Resumed>) -> EngineArgs {
    let mut on = args.engine.clone();
    let before = resumed.map(|resumed| resumed.config.precision);
    on.precision = on.precision.or(before).or(recipe.precision);
    on
}

/// A recipe file, or a recipe that is bundled.
pub fn named(path: &Path) -> Result<Recipe, Failure> {
    let bundled = path.to_str().filter(|_| !path.exists()).and_then(Recipe::bundled);
    match bundled {
        Some(recipe) => Ok(recipe?),
        None if !path.exists() => Err(Failure::File(format!(
            "reading {}: there is no such file, and the recipes that come with rnetc are {}",
            path.display(),
            recipe::BUNDLED.map(|(name, _)| name).join(", ")
        ))),
        None => Ok(Recipe::parse(&path.to_string_lossy(), &spec::read(path)?)?),
    }
}

/// The recipe with the arguments' changes, and how long to follow it.
fn how_long(
    args: &RunArgs,
    set: &Set,
    resumed: Option<&Resumed>,
) -> Result<(Recipe, Length), Failure> {
    let training = &args.training;
    let mut recipe = match (&training.recipe, resumed) {
        (Some(path), _) => named(path)?,
        (None, Some(resumed)) => resumed.config.recipe.clone(),
        (None, None) => Recipe::he2016()?,
    };
    recipe.batch = training.batch.unwrap_or(recipe.batch);
    recipe.seed = training.seed.unwrap_or(recipe.seed);
    let length = match (training.epochs, training.steps, resumed) {
        (Some(epochs), _, _) => Length::Epochs(epochs),
        (None, Some(steps), _) => Length::Steps(steps),
        (None, None, Some(resumed)) if training.recipe.is_none() => resumed.config.length,
        (None, None, _) if training.recipe.is_none() && *set == Set::Known(Name::Shapes10) => {
            Length::Epochs(SHAPES_EPOCHS)
        }
        (None, None, _) => Length::Recipe,
    };
    Ok((recipe, length))
}

/// Size of the pictures that a network reads.
pub fn extent(network: &Network) -> Extent {
    let Chw { c, h, w } = network.value(network.input).shape;
    Extent { rows: h, columns: w, channels: c }
}

/// Whether a network takes a set's pictures and has its classes.
pub fn fits(network: &Network, dataset: &Dataset) -> Result<(), Failure> {
    let (extent, input) = (dataset.train.extent(), network.value(network.input).shape);
    let pictures = Chw { c: extent.channels, h: extent.rows, w: extent.columns };
    if input != pictures {
        return Err(Failure::Wrong(format!(
            "the net {} reads {input}, and the pictures of {} are {pictures}; \
             write input({}, {}, {}) in the spec",
            network.name, dataset.name, pictures.c, pictures.h, pictures.w
        )));
    }
    let (told, there) = (network.classes(), dataset.classes.len());
    if told != there {
        let (net, set) = (&network.name, &dataset.name);
        let mend = match network.settings.iter().any(|(name, _)| name == Spec::CLASSES) {
            true => format!("say --set classes={there}"),
            false => format!("write linear({there}) in the spec"),
        };
        return Err(Failure::Wrong(format!(
            "the net {net} tells {told} classes apart, and {set} has {there}; {mend}"
        )));
    }
    Ok(())
}

/// On what a run is computed.
struct Computed {
    device: Device,
    precision: Precision,
    recompute: bool,
}

fn configure(
    spec: &NamedSpec,
    dataset: &Dataset,
    recipe: Recipe,
    length: Length,
    computed: &Computed,
) -> Result<Config, Failure> {
    let pictures = dataset.train.count();
    if pictures < recipe.batch {
        return Err(Failure::Wrong(format!(
            "{} has {pictures} training pictures, fewer than a batch of {}; say --batch N",
            dataset.name, recipe.batch
        )));
    }
    let plan = StepPlan::new(&recipe, length, (pictures / recipe.batch) as u64);
    let normalisation = match recipe.normalise {
        Normalise::PerChannel => Normalisation::measure(dataset.train.as_ref()),
        Normalise::PerPixel => Normalisation::measure_pixels(dataset.train.as_ref()),
    };
    Ok(Config {
        spec: spec.spec.source.name.to_string(),
        settings: spec.spec.settings.clone(),
        data: dataset.name.clone(),
        pictures,
        length,
        steps: plan.total,
        steps_per_epoch: plan.per_epoch,
        precision: computed.precision,
        recompute: computed.recompute,
        device: format!("{} ({})", computed.device.engine, computed.device.name),
        recipe,
        classes: dataset.classes.clone(),
        normalisation,
        spec_text: spec.spec.source.text.to_string(),
    })
}

/// Compiles both programs; only when that has worked is a folder made.
fn assemble(
    network: &Network,
    engine: &dyn Engine,
    dataset: &Dataset,
    config: Config,
    folder: impl FnOnce() -> Result<(RunFolder, Lock), Failure>,
) -> Result<(Session, Lock), Failure> {
    let batch = config.recipe.batch;
    let test_batch = batch.min(MOST_BATCH).min(dataset.test.count().max(1));
    let scaled = config.precision.scales_loss();
    let form = Form { recompute: config.recompute, scaled };
    let goal = Goal::Training(config.recipe.sgd(), form);
    let training = lower::program(network, batch, goal);
    let training = Runner::new(engine, &training)?;
    let inference = Runner::new(engine, &lower::inference(network, test_batch))?;
    let loading = |pictures: &Arc<dyn Pictures>, batch| Loading {
        pictures: pictures.clone(),
        normalisation: config.normalisation.clone(),
        batch,
        classes: network.classes(),
    };
    let (train, test) = (loading(&dataset.train, batch), loading(&dataset.test, test_batch));
    let plan = StepPlan::new(&config.recipe, config.length, config.steps_per_epoch);
    let (folder, lock) = folder()?;
    folder.write_config(&config)?;
    let mut tensors = tensors::of(network);
    tensors.extend(scaled.then(tensors::of_loss_scaling).into_iter().flatten());
    Ok((Session { training, inference, tensors, config, plan, train, test, folder }, lock))
}

fn go(
    mut session: Session,
    resumed: Option<&Resumed>,
    network: &Network,
    signals: &Signals,
    on_screen: bool,
) -> Result<(), Failure> {
    let (values, done) = match resumed {
        Some(resumed) => resumed.values(&session.tensors)?,
        None => (None, 0),
    };
    let values = values.unwrap_or_else(|| initial(&session.tensors, session.config.recipe.seed));
    let plan = &session.plan;
    output::note(format_args!(
        "training {} ({} parameters) on {}: {} steps of {}, {} an epoch{}; run folder {}",
        network.name,
        crate::text::thousands(network.parameters()),
        session.config.data,
        plan.total,
        session.config.recipe.batch,
        plan.per_epoch,
        if done > 0 { format!(", from step {done} on") } else { String::new() },
        session.folder.path().display()
    ));
    let mut shown: Box<dyn Observer> = match on_screen {
        true => Box::new(tui::Dashboard::open(&session, done, signals)?),
        false => Box::new(progress::Shown::new(plan, done, session.config.recipe.batch, signals)),
    };
    let end = session.run(&values, done, shown.as_mut());
    drop(shown);
    match end? {
        End::Finished(last) => {
            output::say(format_args!(
                "test error {:.2} % after {} steps; weights in {}",
                last.test_error_percent,
                last.step,
                session.folder.last_weights().display()
            ));
            Ok(())
        }
        End::Interrupted(step) => {
            output::note(format_args!(
                "stopped after step {step} and saved; go on with --resume --out {}",
                session.folder.path().display()
            ));
            Err(signals.failure().unwrap_or(Failure::Signal(2)))
        }
    }
}
