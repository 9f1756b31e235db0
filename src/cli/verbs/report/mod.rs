//! `rnetc report`.

mod numbers;

use std::path::{Path, PathBuf};

use crate::cli::Failure;
use crate::cli::args::{EngineArgs, Format, ReportArgs};
use crate::cli::session::signals::Signals;
use crate::cli::session::spec::NamedSpec;
use crate::cli::session::{download, engine, recorded, trained, weights, written};
use crate::cli::show::output;
use crate::data::folder::Splits;
use crate::data::locate::{self, Found};
use crate::data::{Dataset, Set};
use crate::engine::Precision;
use crate::report::measure::{Measured, measure};
use crate::report::{self, Run};
use crate::text::counted;
use crate::train::record::run_folder::RunFolder;
use crate::train::record::{atomic, checkpoint, metrics};
use crate::train::{fit, tensors};

/// Writes the page.
pub fn report(args: &ReportArgs) -> Result<(), Failure> {
    engine::check_unscaled(&args.engine)?;
    let signals = Signals::catch()?;
    if let Some(out) = &args.out {
        written::check(out, &["html", "htm"], &[])?;
    }
    let mut runs = Vec::new();
    for path in &args.runs {
        runs.push(run(args, path, &signals)?);
    }
    let page = report::page(&runs);
    let out = match (&args.out, args.runs.first()) {
        (Some(out), _) => out.clone(),
        (None, first) => beside_a_fuller(first.map_or(Path::new(""), PathBuf::as_path), &page),
    };
    atomic::write(&out, page.as_bytes())?;
    match args.format {
        Format::Text => {
            let runs = counted(runs.len(), "run");
            output::say(format_args!("report of {runs} in {}", out.display()));
            Ok(())
        }
        Format::Json => output::json(&numbers::Numbers::of(&out, &runs)),
    }
}

/// `report.html` in a run's folder; but another name where that file has more in it, since what
/// weights and pictures gave takes them to make again.
fn beside_a_fuller(folder: &Path, page: &str) -> PathBuf {
    let usual = folder.join("report.html");
    let there = std::fs::read_to_string(&usual).unwrap_or_default();
    if report::measured(&there) <= report::measured(page) {
        return usual;
    }
    output::note(format_args!(
        "{} has what its weights did with pictures, and this report has not: it is kept, and this one \
         stands beside it; --data DIR names the pictures, -o FILE another file",
        usual.display()
    ));
    folder.join("report-recorded.html")
}

fn run(args: &ReportArgs, path: &Path, signals: &Signals) -> Result<Run, Failure> {
    let folder = RunFolder::open(path)?;
    let config = weights::config(&folder)?;
    let network = config.recipe.applied(NamedSpec::recorded(&config).compile()?)?;
    let history = metrics::read(&folder.metrics())?;
    if history.steps.is_empty() {
        return Err(Failure::Wrong(format!(
            "{}: no step is recorded yet; there is nothing to report",
            path.display()
        )));
    }
    let studies =
        report::studies::read(path).map_err(|e| Failure::io("reading studies of", path, e))?;
    let mut run =
        Run { name: trained::called(path), config, history, network, measured: None, studies };
    if !args.recorded {
        run.measured = measured(args, &folder, &run, signals)?;
    }
    Ok(run)
}

/// What the weights do, where there are weights and pictures.
fn measured(
    args: &ReportArgs,
    folder: &RunFolder,
    run: &Run,
    signals: &Signals,
) -> Result<Option<Measured>, Failure> {
    let Some(file) = folder.newest_weights()? else {
        output::note(format_args!("{}: no weights yet, so only curves", run.name));
        return Ok(None);
    };
    let Some(dataset) = pictures(args, run, signals)? else {
        output::note(format_args!(
            "{}: its pictures ({}) are not here, so no mistakes, units and times; name their \
             folder with --data DIR",
            run.name, run.config.data
        ));
        return Ok(None);
    };
    fit::check_weights(&run.network, &dataset)?;
    weights::verify(&file)?;
    let values = checkpoint::load(&file, &tensors::of(&run.network))?;
    let opened = engine::open(&measured_on(args, run))?;
    let interrupted = || signals.came();
    let engine = opened.engine.as_ref();
    let most = args.mistakes;
    match measure(&run.network, &run.config, &values, &dataset, engine, most, &interrupted)? {
        Some(measured) => Ok(Some(measured)),
        None => Err(signals.failure().unwrap_or(Failure::Signal(2))),
    }
}

/// On what to measure: in the run's precision, unless gradients would need a scaled loss there.
fn measured_on(args: &ReportArgs, run: &Run) -> EngineArgs {
    let mut on = args.engine.clone();
    let trained = run.config.precision;
    let measured = if trained.scales_loss() { Precision::F32 } else { trained };
    if on.precision.is_none() && measured != trained {
        output::note(format_args!("{}: trained in {trained}, measured in {measured}", run.name));
    }
    on.precision = on.precision.or(Some(measured));
    on
}

/// The pictures of a run, if they are drawn, in a named folder, or in the cache.
fn pictures(args: &ReportArgs, run: &Run, signals: &Signals) -> Result<Option<Dataset>, Failure> {
    let set = match (Set::recorded(&run.config.data), &args.data) {
        // Among several runs, --data is the place of the official files.
        (Set::Folder(path), Some(moved)) if args.runs.len() == 1 || !path.is_dir() => {
            Set::folder(moved)
        }
        (set, _) => set,
    };
    let official = recorded::official(&set, args.data.as_deref(), run.config.files.as_deref());
    let here = official.is_some()
        || match &set {
            Set::Known(name) => match locate::layout(*name) {
                None => true,
                Some(layout) => locate::find(layout, None)?.is_some(),
            },
            Set::Folder(path) => path.is_dir(),
        };
    if !here {
        return Ok(None);
    }
    let found = Found::find(&set, official.as_deref(), Some(&run.config.classes))?;
    let recipe = &run.config.recipe;
    let sizing = fit::sizing(&run.network, recipe.resize);
    let data = download::load(&found, sizing, Splits::Both, signals)?;
    Ok(Some(match (recipe.validation, &data.validation) {
        (Some(amount), None) => data.divided(amount, recipe.seed)?,
        (Some(_), Some(_)) | (None, _) => data,
    }))
}
