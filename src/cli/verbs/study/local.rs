//! Runs of a study as processes of this one.

use std::path::Path;

use super::child::{self, Room};
use super::job::Job;
use crate::api::EngineKind;
use crate::cli::Failure;
use crate::cli::args::{EngineArgs, On, StudyArgs};
use crate::cli::session::signals::Signals;
use crate::cli::show::output;
use crate::engine::Precision;
use crate::engine::wgpu::adapters;
use crate::train::TrainError;
use crate::train::record::lock::Lock;

/// Trains what is missing, of all that are given in the order in which they shall begin.
pub fn run(args: &StudyArgs, out: &Path, all: &[&Job]) -> Result<(), Failure> {
    check(args)?;
    let _lock = match args.dry_run {
        true => None,
        false => {
            std::fs::create_dir_all(out).map_err(|error| TrainError::writing(out, error))?;
            Some(Lock::take(out)?)
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
        "{total} runs, {} done, {rest} to do, in {}",
        total - rest,
        out.display()
    ));
    if args.dry_run {
        for job in missing {
            let line = job.arguments(args.data.as_ref(), &args.engine);
            let words: Vec<String> = line.iter().map(|word| super::quote::quoted(word)).collect();
            output::say(format_args!("rnetc {}", words.join(" ")));
        }
        return Ok(());
    }
    child::all(args, &room(args, &missing), &missing, &Signals::catch()?)
}

fn check(args: &StudyArgs) -> Result<(), Failure> {
    let what = match (args.options.is_empty(), args.before.is_empty()) {
        (true, true) => return Ok(()),
        (false, _) => "options behind -- are a scheduler's",
        (true, false) => "--before is of a scheduler's tasks",
    };
    Err(Failure::Usage(format!("{what}: say --on slurm or --on hyperqueue, or leave them away")))
}

/// How many runs there are at once, and on which GPUs: with several, one run each.
fn room(args: &StudyArgs, missing: &[&Job]) -> Room {
    let side_by_side = args.on == Some(On::Local) || args.jobs.is_some_and(|jobs| jobs > 1);
    let on_gpus = missing.iter().any(|job| finds_gpu(&args.engine, job.precision()));
    let gpus: Vec<usize> = match side_by_side && on_gpus {
        true => alike(&args.engine),
        false => Vec::new(),
    };
    let jobs = args.jobs.unwrap_or(match args.on {
        Some(On::Local) => gpus.len().max(1),
        Some(On::Slurm | On::Hyperqueue) | None => 1,
    });
    // One alone is found by itself.
    Room { jobs, gpus: if gpus.len() > 1 { gpus } else { Vec::new() } }
}

/// Adapters of the best kind: GPUs, or drivers in software where there is no GPU and they are asked for.
fn alike(on: &EngineArgs) -> Vec<usize> {
    let found = adapters();
    let software = found.first().is_some_and(|best| best.software);
    let wanted = |number: &usize| found[*number].software == software;
    match software && on.engine != EngineKind::Gpu {
        true => Vec::new(),
        false => (0..found.len()).filter(wanted).collect(),
    }
}

/// Whether a run takes a GPU where there is one, and finds it by itself.
fn finds_gpu(on: &EngineArgs, precision: Precision) -> bool {
    let on_cpu = matches!(precision, Precision::Bf16x3 | Precision::Bf16);
    match on.engine {
        EngineKind::Cpu => false,
        EngineKind::Gpu => on.adapter.is_none(),
        EngineKind::Best => on.adapter.is_none() && !on_cpu,
    }
}
