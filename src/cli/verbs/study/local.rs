//! Runs of a study as processes of this one.

use std::iter::once;
use std::path::Path;

use serde::Serialize;

use super::child::{self, Room};
use super::job::Job;
use crate::api::EngineKind;
use crate::cli::Failure;
use crate::cli::args::{EngineArgs, On, StudyArgs, TableFormat};
use crate::cli::session::signals::Signals;
use crate::cli::session::{engine, hold};
use crate::cli::show::output;
use crate::engine::Precision;
use crate::engine::wgpu::{AdapterSummary, adapters};
use crate::text::counted;
use crate::train::TrainError;

/// Trains what is missing, of all that are given in the order in which they shall begin.
pub fn run(args: &StudyArgs, out: &Path, all: &[&Job]) -> Result<(), Failure> {
    let _lock = match args.dry_run {
        true => None,
        false => {
            std::fs::create_dir_all(out).map_err(|error| TrainError::writing(out, error))?;
            Some(hold::take(out)?)
        }
    };
    let mut missing = Vec::new();
    for job in all {
        if !job.state()?.is_over() {
            missing.push(*job);
        }
    }
    let (total, rest) = (all.len(), missing.len());
    output::note(format_args!(
        "{}, {} done, {rest} to do, in {}",
        counted(total, "run"),
        total - rest,
        out.display()
    ));
    for job in &missing {
        engine::check(&EngineArgs { precision: Some(job.precision()), ..args.engine.clone() })?;
    }
    if args.dry_run {
        return would(args, total - rest, &missing);
    }
    child::all(args, &room(args, &missing), &missing, &Signals::catch()?)
}

/// What would begin, for programs.
#[derive(Serialize)]
struct Planned {
    on: &'static str,
    /// Runs that are over.
    done: usize,
    runs: Vec<PlannedRun>,
}

/// A run that would begin.
#[derive(Serialize)]
struct PlannedRun {
    run: String,
    command: Vec<String>,
}

/// Prints the command of each run.
fn would(args: &StudyArgs, done: usize, missing: &[&Job]) -> Result<(), Failure> {
    let planned = missing.iter().map(|job| {
        let line = job.arguments(args.data.as_ref(), &args.engine);
        let command = once("rnetc".to_owned()).chain(line).collect();
        PlannedRun { run: job.name(), command }
    });
    let runs: Vec<PlannedRun> = planned.collect();
    if args.format == TableFormat::Json {
        return output::json(&Planned { on: "local", done, runs });
    }
    for run in runs {
        let words: Vec<String> =
            run.command.iter().map(|word| super::quote::quoted(word)).collect();
        output::say(words.join(" "));
    }
    Ok(())
}

/// How many runs there are at once, and on which GPUs: with several, one run each.
fn room(args: &StudyArgs, missing: &[&Job]) -> Room {
    let side_by_side = args.on == Some(On::Local) || args.jobs.is_some_and(|jobs| jobs > 1);
    let on_gpus = missing.iter().any(|job| finds_gpu(&args.engine, job.precision()));
    let gpus: Vec<usize> = match side_by_side && on_gpus {
        true => {
            let in_half = missing.iter().any(|job| job.precision() == Precision::F16);
            spread(&args.engine, &adapters(), in_half)
        }
        false => Vec::new(),
    };
    let jobs = args.jobs.unwrap_or(match args.on {
        Some(On::Local) => gpus.len().max(1),
        Some(On::Slurm | On::Hyperqueue) | None => 1,
    });
    // One alone is found by itself.
    Room { jobs, gpus: if gpus.len() > 1 { gpus } else { Vec::new() } }
}

/// Adapters like the best, of those that were found, the best first, and that compute in half precision where
/// that is wanted; it is said which are left out. Drivers in software are taken only where they are asked for.
fn spread(on: &EngineArgs, found: &[AdapterSummary], in_half: bool) -> Vec<usize> {
    let fits = |adapter: &AdapterSummary| {
        (!adapter.software || on.engine == EngineKind::Gpu) && (!in_half || adapter.half)
    };
    let Some(best) = found.iter().find(|adapter| fits(adapter)) else { return Vec::new() };
    let (taken, others): (Vec<usize>, Vec<usize>) =
        (0..found.len()).partition(|&at| fits(&found[at]) && is_alike(&found[at], best));
    let slower = others.into_iter().filter(|&number| !found[number].software);
    for number in slower {
        let AdapterSummary { name, kind, backend, half, .. } = &found[number];
        let why = match in_half && !half {
            true => "it computes nothing in f16".to_owned(),
            false => format!(
                "the best are {}, by {}; --adapter {number} takes it alone",
                best.kind, best.backend
            ),
        };
        output::note(format_args!(
            "adapter {number} ({name}, {kind}, {backend}) has no run: {why}"
        ));
    }
    taken
}

/// Whether two adapters are of a kind; a GPU that several drivers show is one of each.
fn is_alike(one: &AdapterSummary, other: &AdapterSummary) -> bool {
    (one.kind, &one.backend) == (other.kind, &other.backend)
}

/// Whether a run takes a GPU where there is one, and finds it by itself.
fn finds_gpu(on: &EngineArgs, precision: Precision) -> bool {
    on.adapter.is_none() && on.engine.suited(precision) != EngineKind::Cpu
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::args::{Cli, Verb};

    fn engine(line: &str) -> EngineArgs {
        let line = format!("rnetc study s.yaml {line}");
        match Cli::try_parse_from(line.split_whitespace()).map(|cli| cli.verb) {
            Ok(Verb::Study(args)) => args.engine,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn runs_are_spread_over_adapters_like_the_best() {
        let found = |kinds: &[&'static str]| -> Vec<AdapterSummary> {
            let adapter = |&kind: &&'static str| AdapterSummary {
                name: "x".to_owned(),
                backend: "vulkan".to_owned(),
                kind,
                software: kind == "software",
                half: true,
            };
            kinds.iter().map(adapter).collect()
        };
        let auto = |kinds: &[&'static str]| spread(&engine(""), &found(kinds), false);
        assert_eq!(auto(&["discrete", "discrete", "integrated", "software"]), [0, 1]);
        assert_eq!(auto(&["discrete", "integrated"]), [0]);
        assert_eq!(auto(&["integrated", "software"]), [0]);
        assert!(auto(&["software", "software"]).is_empty() && auto(&[]).is_empty());
        let asked = |kinds: &[&'static str]| spread(&engine("--engine wgpu"), &found(kinds), false);
        assert_eq!(asked(&["software", "software"]), [0, 1]);
        // The same two GPUs by another driver.
        let mut twice = found(&["discrete"; 4]);
        twice[1].backend = "dx12".to_owned();
        twice[3].backend = "dx12".to_owned();
        assert_eq!(spread(&engine(""), &twice, false), [0, 2]);
        // Where half precision is wanted, an older one is none.
        let mut mixed = found(&["discrete"; 3]);
        mixed[0].half = false;
        assert_eq!(spread(&engine(""), &mixed, true), [1, 2]);
        assert_eq!(spread(&engine(""), &mixed, false), [0, 1, 2]);
    }

    #[test]
    fn a_run_finds_a_gpu_unless_it_is_told_otherwise() {
        assert!(finds_gpu(&engine(""), Precision::F32) && finds_gpu(&engine(""), Precision::F16));
        assert!(!finds_gpu(&engine(""), Precision::Bf16));
        assert!(!finds_gpu(&engine("--adapter 1"), Precision::F32));
        assert!(!finds_gpu(&engine("--engine cpu"), Precision::F32));
    }
}
