//! `rnetc run --train`: everything between the arguments and the training loop.

use std::path::Path;

use serde::Serialize;

use crate::api::{Run, Training};
use crate::cli::Failure;
use crate::cli::args::{EngineArgs, ResultFormat, RunArgs};
use crate::cli::session::signals::Signals;
use crate::cli::session::spec::NamedSpec;
use crate::cli::session::{RUNS, download, engine, hold, launched, recipe, recorded, start};
use crate::cli::show::{batches, output, progress, tui};
use crate::cli::verbs::run::chosen::{self, Chosen};
use crate::cli::verbs::run::resume::{self, Resumed};
use crate::cli::verbs::run::{rates, said};
use crate::data::folder::Splits;
use crate::data::locate::Found;
use crate::data::{Name, Set};
use crate::engine::{EngineError, Precision};
use crate::network::Network;
use crate::ranks::Ranks;
use crate::text::thousands;
use crate::train::config::Config;
use crate::train::fit;
use crate::train::part::Part;
use crate::train::recipe::{Recipe, WarmupCurve};
use crate::train::record::metrics::Evaluation;
use crate::train::record::run_folder::RunFolder;
use crate::train::schedule::Length;
use crate::train::sharing::Sharing;
use crate::train::tensors::Values;
use crate::train::trainer::{End, Observer};

/// Epochs on `shapes10` where nothing says how long: enough to learn it, in a few minutes.
const SHAPES_EPOCHS: u32 = 4;

/// What a run ends with that all ranks end at the same step: a signal's failure, where one of them was
/// given a signal.
type Ended = Option<Failure>;

/// Trains in this process alone.
pub fn alone(args: &RunArgs, signals: &Signals) -> Result<(), Failure> {
    train_with(None, args, signals)?.map_or(Ok(()), Err)
}

/// Trains, with the other processes that were started together.
pub fn train(args: &RunArgs, signals: &Signals) -> Result<(), Failure> {
    let Some(ranks) = launched::ranks()? else { return alone(args, signals) };
    if !ranks.is_first() {
        output::silence();
    }
    let done = match args.training.find_rate {
        true => Err(Failure::Usage("--find-rate tries rates in one process: start it once".into())),
        false => train_with(Some(&ranks), args, signals),
    };
    match done {
        Ok(ended) => {
            let ended = match signal(&ranks, signals) {
                Some(number) if ended.is_some() => Some(Failure::Signal(number)),
                Some(_) | None => ended,
            };
            ended.map_or(Ok(()), Err)
        }
        Err(failure) => {
            if let Some(text) = failure.text() {
                output::error(text);
            }
            ranks.abort(failure.code());
            Err(Failure::Shown(failure.code()))
        }
    }
}

/// The signal that any rank was given, once all have come here: a launcher ends the others when one ends with
/// an error, which is not to be before all is written, and takes its exit code from whichever is first.
fn signal(ranks: &Ranks, signals: &Signals) -> Option<u8> {
    let own = match signals.failure() {
        Some(Failure::Signal(number)) => number,
        _ => 0,
    };
    let all = ranks.largest(f64::from(own)).ok()?;
    Some(all as u8).filter(|&number| number > 0)
}

fn train_with(ranks: Option<&Ranks>, args: &RunArgs, signals: &Signals) -> Result<Ended, Failure> {
    let resumed = resume::find(args)?;
    if let (Some(out), None) = (&args.training.out, &resumed) {
        RunFolder::check_free(out)?;
    }
    let set = match (&args.train, &resumed) {
        (Some(set), _) => set.clone(),
        (None, Some(resumed)) => recorded::set(&resumed.config.data, args.data.as_deref())?,
        (None, None) => return Err(Failure::Usage("say --train DATA".into())),
    };
    let (recipe, length) = how_long(args, &set, resumed.as_ref())?;
    let weights = start::open(args)?;
    let spec = match (&resumed, &args.spec, &weights) {
        (Some(resumed), None, _) => resumed.spec().with(&args.set),
        (None, _, Some(weights)) => start::spec(args, weights)?,
        (_, path, _) => NamedSpec::find(path.as_deref(), &args.set)?,
    };
    let files = resumed.as_ref().and_then(|resumed| resumed.config.files.as_deref());
    let official = recorded::official(&set, args.data.as_deref(), files);
    let found = Found::find(&set, official.as_deref(), None)?;
    let (spec, network) = spec.compile_for(found.classes())?;
    let on = computed_on(args, &recipe, resumed.as_ref());
    let recompute = args.training.recompute || resumed.as_ref().is_some_and(|r| r.config.recompute);
    let asked = recipe.batch;
    let training = Training::new(&spec.spec, network, recipe)
        .inspect_err(|error| said::made_for(error, args.training.recipe.as_deref()))?
        .length(length)
        .recompute(recompute);
    if let Some(resumed) = &resumed {
        // Before an engine is opened in vain.
        resumed.check(&Config { precision: on.precision(), ..resumed.config.clone() })?;
    }
    let engine = engine::open_with(&on, ranks)?;
    let sizing = fit::sizing(training.network(), training.recipe().resize);
    let mut whole = download::load(&found, sizing, Splits::Both, signals)?;
    if resumed.as_ref().is_some_and(|resumed| resumed.config.validation.is_none()) {
        // It was begun without such a part, or before there were any.
        whole.validation = None;
    }
    let data = training.divided(&whole)?;
    let training = match (&resumed, &weights) {
        (Some(resumed), _) => {
            training.going_on(&resumed.config, resumed.folder.latest_step()?.unwrap_or(0))
        }
        (None, Some(weights)) => start::with(training, weights, &data, args.other_names)?,
        (None, None) => training,
    };
    let config = training.config(&data, &engine)?;
    let config = Config { files: recorded::files(official.as_ref()), ..config };
    if let Some(resumed) = &resumed {
        resumed.check(&config)?;
    }
    chosen::begin(&whole, &data, &config);
    batches::say(asked, &config);
    spec.warn_of_batch(training.network(), config.recipe.batch);
    if args.training.find_rate {
        // Before anything is compiled in vain.
        rates::check(&config)?;
    }
    let mut run = training.prepare_as(config, &data, &engine)?;
    if args.training.find_rate {
        return rates::find(run, training.network(), &spec.name, args, signals).map(|()| None);
    }
    let is_first = ranks.is_none_or(Ranks::is_first);
    let held = match &resumed {
        Some(resumed) if is_first => {
            Some((resumed.folder.clone(), hold::take(resumed.folder.path())?))
        }
        Some(_) | None => None,
    };
    let (values, done) = match &resumed {
        Some(resumed) => go_on(&mut run, resumed)?,
        None => (None, 0),
    };
    if let Some(ranks) = ranks {
        // All have read what is there before the first begins to write.
        ranks.sums(&[0.0]).map_err(EngineError::Lost)?;
    }
    if !is_first {
        return follow(run, (values, done), signals);
    }
    if let Some(ranks) = ranks {
        let recipe = &run.config().recipe;
        let sharing = Sharing::of(recipe, training.network(), ranks.count());
        output::note(said::ranks(ranks, sharing, engine.is_exact()));
    }
    // Only when the programs are compiled is a folder made.
    let (folder, lock) = match held {
        Some(held) => held,
        None => RunFolder::begin(args.training.out.as_deref(), Path::new(RUNS), &spec.name)?,
    };
    hold::warn(&lock, folder.path());
    run.keep(folder.clone(), lock)?;
    go(run, &folder, (values, done), training.network(), signals, args)
}

/// Trains as a rank that writes nothing.
fn follow(
    mut run: Run,
    (values, done): (Option<Values>, u64),
    signals: &Signals,
) -> Result<Ended, Failure> {
    let mut quiet = progress::Silent::new(signals);
    let end = match &values {
        Some(values) => run.train_from(values, done, &mut quiet),
        None => run.train(&mut quiet),
    };
    match end? {
        End::Finished(_) | End::Stopped(_) => Ok(None),
        End::Interrupted(_) => Ok(Some(signals.failure().unwrap_or(Failure::Signal(2)))),
    }
}

/// Where a run goes on; what it was before stays recorded.
fn go_on(run: &mut Run, resumed: &Resumed) -> Result<(Option<Values>, u64), Failure> {
    let session = run.session();
    let (values, done) = resumed.values(&session.tensors, session.config.steps)?;
    if values.is_none() {
        run.begin_again()?;
    }
    let session = run.session();
    let mut replanned = resumed.config.replanned.clone();
    replanned.extend(resumed.replanned(&session.config, done));
    run.record_replanned(replanned);
    let (before, now) = (&resumed.config.device, &run.config().device);
    if before != now && done > 0 {
        output::note(format_args!(
            "it was trained on {before} and goes on on {now}: sums are rounded otherwise there, so its \
             weights are not those of a run on one of them to the byte"
        ));
    }
    Ok((values, done))
}

/// Where to compute: as the arguments say, else as the run did before, else as the recipe says.
fn computed_on(args: &RunArgs, recipe: &Recipe, resumed: Option<&Resumed>) -> EngineArgs {
    let mut on = args.engine.clone();
    let before = resumed.map(|resumed| resumed.config.precision);
    on.precision = on.precision.or(before).or(recipe.precision);
    on
}

/// The recipe with the arguments' changes, and how long to follow it.
fn how_long(
    args: &RunArgs,
    set: &Set,
    resumed: Option<&Resumed>,
) -> Result<(Recipe, Length), Failure> {
    let training = &args.training;
    let mut recipe = match (&training.recipe, resumed) {
        (Some(path), _) => recipe::named(path)?,
        (None, Some(resumed)) => resumed.config.recipe.clone(),
        (None, None) => Recipe::he2016()?,
    };
    let before = recipe.clone();
    recipe = recipe.changed(&training.with)?;
    if let Some(kept) = said::kept(&before, &recipe, &training.with) {
        output::note(kept);
    }
    let lengths = ["epochs", "iterations"];
    let says_length = training.recipe.is_some()
        || training.with.iter().any(|(key, _)| lengths.contains(&key.as_str()));
    recipe.batch = training.batch.unwrap_or(recipe.batch);
    recipe.seed = training.seed.unwrap_or(recipe.seed);
    if training.find_rate {
        if !std::mem::take(&mut recipe.sizes).is_empty() {
            output::note(
                "rates are tried on pictures as large as the net reads, not on those of sizes",
            );
        }
        return Ok((recipe, rates::length(args)?));
    }
    let length = match (training.epochs, training.steps, resumed) {
        (Some(epochs), _, _) => Length::Epochs(epochs),
        (None, Some(steps), _) => Length::Steps(steps),
        (None, None, Some(resumed)) if training.recipe.is_none() => resumed.config.length,
        (None, None, _) if !says_length && *set == Set::Known(Name::Shapes10) => {
            Length::Epochs(SHAPES_EPOCHS.into())
        }
        (None, None, _) => Length::Recipe,
    };
    Ok((recipe, length))
}

/// What a run ends with, for programs.
#[derive(Serialize)]
struct Finished<'a> {
    run: String,
    spec: &'a str,
    net: &'a str,
    params: usize,
    data: &'a str,
    device: &'a str,
    precision: Precision,
    batch: usize,
    steps: u64,
    weights: String,
    #[serde(flatten)]
    last: &'a Evaluation,
    /// Null where there was no evaluation.
    best: Option<Chosen>,
}

impl<'a> Finished<'a> {
    fn of(run: &'a Run, folder: &RunFolder, network: &'a Network, last: &'a Evaluation) -> Self {
        let config = run.config();
        Self {
            run: folder.path().display().to_string(),
            spec: &config.spec,
            net: &network.name,
            params: network.parameters(),
            data: &config.data,
            device: &config.device,
            precision: config.precision,
            batch: config.recipe.batch,
            steps: config.steps,
            weights: folder.last_weights().display().to_string(),
            last,
            best: run.best().map(|best| Chosen::of(best, config, folder)),
        }
    }
}

fn go(
    mut run: Run,
    folder: &RunFolder,
    (values, done): (Option<Values>, u64),
    network: &Network,
    signals: &Signals,
    args: &RunArgs,
) -> Result<Ended, Failure> {
    let session = run.session();
    let plan = &session.plan;
    output::note(format_args!(
        "training {} ({} parameters) on {}: {} steps of {}, {} an epoch{}; run folder {}",
        network.name,
        thousands(network.parameters()),
        session.config.data,
        plan.total,
        session.config.recipe.batch,
        plan.per_epoch,
        if done > 0 { format!(", from step {done} on") } else { String::new() },
        folder.path().display()
    ));
    if done > 0 && done >= plan.total {
        output::note(format_args!(
            "all {done} steps are done, so nothing is trained; --epochs or --steps with more goes on, and the \
             schedule stretches over them"
        ));
    }
    said::of_weights(&session.config.recipe, network).iter().for_each(output::note);
    let seen = session.train.pictures.seen();
    if let Some(text) = said::sizes(plan, seen.sides()) {
        output::note(text);
    }
    if let Some((steps, asked)) = plan.shortened_warmup() {
        let most = match session.config.recipe.schedule.warmup.map(|warmup| warmup.curve) {
            Some(WarmupCurve::Linear) => "its share of so short a run",
            Some(WarmupCurve::Constant) | None => {
                "an eighth of so short a run, unless it rises (curve: linear)"
            }
        };
        output::note(format_args!("warm-up: {steps} of the recipe's {asked} steps, {most}"));
    }
    let mut shown: Box<dyn Observer> = match args.training.tui {
        true => Box::new(tui::Dashboard::open(session, folder, done, signals)?),
        false => Box::new(progress::Shown::new(session, done, signals)),
    };
    let end = match &values {
        Some(values) => run.train_from(values, done, shown.as_mut()),
        None => run.train(shown.as_mut()),
    };
    drop(shown);
    match end? {
        End::Finished(last) => finished(&run, folder, network, &last, args).map(|()| None),
        End::Stopped(last) => {
            let after = run.config().recipe.stop.map_or(0, |stop| stop.after);
            output::note(format_args!(
                "stopped after step {}: no lower {} error in {}",
                last.step,
                run.config().chosen_on(),
                crate::text::counted(after as usize, "epoch")
            ));
            finished(&run, folder, network, &last, args).map(|()| None)
        }
        End::Interrupted(step) => {
            output::note(format_args!(
                "stopped after step {step} and saved; go on with rnetc run --resume {}",
                folder.path().display()
            ));
            Ok(Some(signals.failure().unwrap_or(Failure::Signal(2))))
        }
    }
}

/// Says what came of a run.
fn finished(
    run: &Run,
    folder: &RunFolder,
    network: &Network,
    last: &Evaluation,
    args: &RunArgs,
) -> Result<(), Failure> {
    chosen::end(run.best(), run.config(), folder);
    if args.format == ResultFormat::Json {
        return output::json(&Finished::of(run, folder, network, last));
    }
    output::say(format_args!(
        "test error {:.2} % after {} steps; weights in {}",
        last.error_percent(Part::Test).unwrap_or(f64::NAN),
        last.step,
        folder.last_weights().display()
    ));
    Ok(())
}
