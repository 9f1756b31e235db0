//! `rnetc run --train DATA --find-rate`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::api::Run;
use crate::chart::{Axis, Mark, Panel, Size, Stroke, svg};
use crate::cli::Failure;
use crate::cli::args::{ResultFormat, RunArgs};
use crate::cli::session::RUNS;
use crate::cli::session::signals::Signals;
use crate::cli::show::{output, progress, tui};
use crate::cli::verbs::run::said;
use crate::network::Network;
use crate::text::short;
use crate::train::config::Config;
use crate::train::rates::{FEWEST, Fall, Rates, Sweep, Tried, rounded};
use crate::train::record::atomic;
use crate::train::schedule::Length;

/// Steps where nothing else is said.
const STEPS: u64 = 200;
/// Lines of the table.
const LINES: usize = 12;
/// Columns and rows of the plot.
const PLOT: (u16, u16) = (78, 16);
/// Names of the files.
const CSV: &str = "rates.csv";
const SVG: &str = "rates.svg";
/// Names of the columns.
const COLUMNS: &str = "step,rate,loss,smoothed";

/// How many steps are taken.
///
/// # Errors
/// They are too few.
pub fn length(args: &RunArgs) -> Result<Length, Failure> {
    match (args.training.epochs, args.training.steps) {
        (Some(epochs), _) => Ok(Length::Epochs(epochs)),
        (None, Some(steps)) if steps < FEWEST => Err(Failure::Usage(format!(
            "--find-rate needs {FEWEST} steps or more to say something, and --steps is {steps}"
        ))),
        (None, steps) => Ok(Length::Steps(steps.unwrap_or(STEPS))),
    }
}

/// Whether a run takes enough of them, where they were given in epochs.
///
/// # Errors
/// They are too few.
pub fn check(config: &Config) -> Result<(), Failure> {
    match config.steps {
        FEWEST.. => Ok(()),
        steps => Err(Failure::Usage(format!(
            "--find-rate needs {FEWEST} steps or more to say something, and these are {steps}; say --steps"
        ))),
    }
}

/// Where the files go.
fn folder(args: &RunArgs, spec: &str) -> PathBuf {
    let named = args.training.out.clone();
    // A spec that weights name is a path.
    let name = Path::new(spec).file_stem().unwrap_or_default().to_string_lossy();
    named.unwrap_or_else(|| Path::new(RUNS).join(format!("{name}-rates")))
}

/// What is told to programs.
#[derive(Serialize)]
struct Report<'a> {
    spec: &'a str,
    data: &'a str,
    device: &'a str,
    batch: usize,
    from: f64,
    to: f64,
    /// Whether the loss grew too far before the last rate.
    diverged: bool,
    /// Null where the loss never fell.
    steepest: Option<f64>,
    /// Where the smoothed loss was lowest.
    lowest: Option<&'a Tried>,
    tenth_of_lowest: Option<f64>,
    /// What `optimiser.otherwise.lr` is with that; null in a recipe of one optimiser.
    tenth_of_otherwise: Option<f64>,
    /// How far the smoothed loss fell, and by how much batches scatter about it.
    fall: Option<Fall>,
    /// Whether chance may have chosen the rates, since the loss fell no further than batches scatter.
    by_chance: bool,
    tried: &'a [Tried],
    written: [String; 2],
}

/// Tries rates, tells which, and writes what it saw.
pub fn find(
    run: Run,
    network: &Network,
    spec: &str,
    args: &RunArgs,
    signals: &Signals,
) -> Result<(), Failure> {
    let session = run.session();
    let (plan, config) = (session.plan.clone(), session.config.clone());
    let batch = config.recipe.batch;
    let (from, to) = args.training.rates.unwrap_or((Sweep::default().from, Sweep::default().to));
    output::note(format_args!(
        "rates from {from:e} to {to:e} over {} steps of {batch}, {} an epoch",
        plan.total, plan.per_epoch
    ));
    said::of_weights(&config.recipe, network).iter().for_each(output::note);
    let mut shown = progress::Shown::new(session, 0, signals);
    let rates = run.find_rate(Sweep { from, to }, &mut shown)?;
    drop(shown);
    if let Some(failure) = signals.failure() {
        return Err(failure);
    }
    let folder = folder(args, spec);
    std::fs::create_dir_all(&folder).map_err(|error| Failure::io("making", &folder, error))?;
    let files = [CSV, SVG].map(|name| folder.join(name));
    atomic::write(&files[0], csv(&rates).as_bytes())?;
    atomic::write(&files[1], figure(&rates, &config).as_bytes())?;
    tell(&rates, &config, [from, to], &files.map(|file| file.display().to_string()), args.format)
}

fn tell(
    rates: &Rates,
    config: &Config,
    [from, to]: [f64; 2],
    written: &[String; 2],
    format: ResultFormat,
) -> Result<(), Failure> {
    let lowest = rates.lowest();
    let steepest = rates.steepest().map(|tried| rounded(tried.rate));
    let tenth = steepest.and(lowest).map(|tried| rounded(tried.rate / 10.0));
    // Both optimisers' rates grew together.
    let beside = config.recipe.optimiser.otherwise.as_ref().filter(|otherwise| otherwise.lr > 0.0);
    let beside = beside.map(|otherwise| otherwise.share(config.recipe.schedule.lr));
    let beside = beside.zip(tenth).map(|(share, tenth)| rounded(share * tenth));
    match format {
        ResultFormat::Json => output::json(&Report {
            spec: &config.spec,
            data: &config.data,
            device: &config.device,
            batch: config.recipe.batch,
            from,
            to,
            diverged: rates.diverged,
            steepest,
            lowest,
            tenth_of_lowest: tenth,
            tenth_of_otherwise: beside,
            fall: rates.fall(),
            by_chance: rates.fall().is_none_or(Fall::is_faint),
            tried: &rates.tried,
            written: written.clone(),
        })?,
        ResultFormat::Csv => output::say(csv(rates).trim_end()),
        ResultFormat::Text => text(rates, steepest.zip(tenth), beside, written),
    }
    warn(rates);
    Ok(())
}

fn text(rates: &Rates, named: Option<(f64, f64)>, beside: Option<f64>, [csv, svg]: &[String; 2]) {
    output::say(format_args!("{:>9} {:>10} {:>10}", "rate", "loss", "smoothed"));
    let count = rates.tried.len();
    let every = count.div_ceil(LINES).max(1);
    let shown =
        |tried: &&Tried| tried.step.is_multiple_of(every as u64) || tried.step == count as u64;
    for tried in rates.tried.iter().filter(shown) {
        let Tried { rate, loss, smoothed, .. } = tried;
        output::say(format_args!("{rate:>9.1e} {loss:>10.4} {smoothed:>10.4}"));
    }
    tui::curve("smoothed loss", &along(rates), &points(rates), PLOT).iter().for_each(output::say);
    if rates.diverged {
        let last = rates.tried.last().map_or(f64::NAN, |tried| tried.rate);
        output::note(format_args!(
            "stopped behind a rate of {last:.1e}, since the loss grew fourfold or to no number"
        ));
    }
    let Some((steepest, tenth)) = named else { return };
    let lowest = rates.lowest().map_or(f64::NAN, |tried| tried.rate);
    let end = match rates.is_steepest_at_the_beginning() {
        true => ", where the rates begin: it may be steeper below (--rates)",
        false => "",
    };
    output::say(format_args!("steepest descent at a rate of {}{end}", short(steepest)));
    output::say(format_args!("lowest loss at a rate of {lowest:.1e}; a tenth of it is {tenth:e}"));
    let beside = beside
        .map(|rate| format!(" --with optimiser.otherwise.lr={}", short(rate)))
        .unwrap_or_default();
    output::say(format_args!(
        "--with schedule.lr={}{beside} trains with it; {csv} and {svg} have all steps",
        short(tenth)
    ));
}

/// Where the rates say little.
fn warn(rates: &Rates) {
    if rates.steepest().is_none() {
        output::warn(
            "the loss fell at none of these rates by more than batches differ: take more steps (--steps \
             200) or larger batches, or begin lower (--rates 1e-8..1e-3)",
        );
    } else if let Some(Fall { by, scatter }) = rates.fall().filter(|fall| fall.is_faint()) {
        output::warn(format_args!(
            "the loss fell by {by:.3} only, and batches scatter by {scatter:.3}: chance may have \
             chosen these rates; take more steps (--steps) or larger batches (--batch)"
        ));
    }
}

fn csv(rates: &Rates) -> String {
    let mut text = format!("{COLUMNS}\n");
    for Tried { step, rate, loss, smoothed } in &rates.tried {
        // A string takes all that is written to it.
        let _ = writeln!(text, "{step},{rate:e},{loss},{smoothed}");
    }
    text
}

/// Losses that are worth drawing: what has grown too far would hide the others.
fn points(rates: &Rates) -> Vec<[f64; 2]> {
    let first = rates.tried.first().map_or(1.0, |tried| tried.smoothed);
    let most = 1.5 * first;
    let near = rates.tried.iter().filter(|tried| tried.smoothed <= most);
    near.map(|tried| [tried.step as f64, tried.smoothed]).collect()
}

fn along(rates: &Rates) -> (u64, String) {
    let ends = [rates.tried.first(), rates.tried.last()];
    let [first, last] = ends.map(|tried| tried.map_or(f64::NAN, |tried| tried.rate));
    (
        rates.tried.len() as u64,
        format!("rates {first:.0e} to {last:.1e}, evenly by their logarithm"),
    )
}

fn figure(rates: &Rates, config: &Config) -> String {
    let line = |value: fn(&Tried) -> f64| {
        rates.tried.iter().map(|tried| [tried.rate, value(tried)]).collect::<Vec<_>>()
    };
    let most = points(rates).iter().map(|point| point[1]).fold(0.0, f64::max);
    let within = |points: Vec<[f64; 2]>| points.into_iter().filter(|p| p[1] <= most).collect();
    let panel = Panel {
        title: format!("{} on {}: loss at growing rates", config.spec, config.data),
        x: Axis::log("learning rate"),
        y: Axis::linear("training loss"),
        right: None,
        marks: vec![
            Mark::line("each batch", Stroke::dashed(0), within(line(|tried| tried.loss))),
            Mark::line("smoothed", Stroke::solid(1), within(line(|tried| tried.smoothed))),
        ],
    };
    svg(&[panel], Size::PAGE)
}
