//! What a task asks a scheduler for.

use std::collections::BTreeSet;
use std::path::Path;

use crate::api::{EngineKind, Training};
use crate::cli::Failure;
use crate::cli::args::{EngineArgs, StudyArgs};
use crate::cli::session::engine::check;
use crate::cli::session::spec::NamedSpec;
use crate::cli::verbs::study::job::Job;
use crate::data::locate::Found;
use crate::engine::Precision;
use crate::train::fit;

/// Cores that a task has unless it is told.
const CORES: usize = 4;
/// Bytes of the program itself, its compiled loops and batches that are on their way, generously.
const PROGRAM: u64 = 400 << 20;
/// What memory is asked for in.
const MIB: u64 = 1 << 20;

/// What each task asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Cores.
    pub cores: usize,
    /// Main memory in MiB.
    pub memory: u64,
    /// Whether it computes on a GPU.
    pub gpu: bool,
}

impl Needs {
    /// Of the hungriest of these runs.
    pub fn of(jobs: &[&Job], args: &StudyArgs) -> Result<Self, Failure> {
        let on = &args.engine;
        let cores = on.threads.unwrap_or(CORES);
        let engines = jobs.iter().map(|job| engine(on, job.precision()));
        let gpu = engines.collect::<Result<Vec<_>, _>>()?.contains(&EngineKind::Gpu);
        let mut most = 0;
        let mut seen = BTreeSet::new();
        for job in jobs {
            // The seeds of a row need the same.
            if seen.insert((&job.spec, &job.settings, job.batch, job.data.to_string())) {
                most = most.max(bytes(job, args.data.as_deref(), (cores, gpu))?);
            }
        }
        Ok(Self { cores, memory: (most + most / 4).div_ceil(100 * MIB) * 100, gpu })
    }
}

/// On what tasks compute. A task finds on its node what was decided when it was submitted, so `auto` is the
/// CPU engine unless the precision is of GPUs alone.
fn engine(on: &EngineArgs, precision: Precision) -> Result<EngineKind, Failure> {
    let engine = match on.engine.suited(precision) {
        EngineKind::Gpu => EngineKind::Gpu,
        EngineKind::Cpu | EngineKind::Best => EngineKind::Cpu,
    };
    check(&EngineArgs { engine, precision: Some(precision), ..on.clone() })?;
    Ok(engine)
}

/// Main memory of a run: tensors, unless a GPU has them, pictures, and the program.
fn bytes(
    job: &Job,
    official: Option<&Path>,
    (threads, gpu): (usize, bool),
) -> Result<u64, Failure> {
    let found = Found::find(&job.data, official, None)?;
    let spec = NamedSpec::file(&job.spec, &job.settings)?;
    let (spec, network) = spec.compile_for(found.classes())?;
    let sizing = fit::sizing(&network, job.asked.resize);
    // Tasks may have no network, so that files are fetched before.
    let pictures = found.bytes(sizing)?.ok_or_else(|| {
        Failure::File(format!(
            "{name} is not here, and tasks may have no network: rnetc data fetch {name} first, or name \
             its folder by --data",
            name = job.data
        ))
    })?;
    let training = Training::new(&spec.spec, network, job.asked.clone())?;
    let tensors = match gpu {
        true => 0,
        false => training.footprint(job.precision(), threads)? as u64,
    };
    Ok(tensors + pictures + PROGRAM)
}
