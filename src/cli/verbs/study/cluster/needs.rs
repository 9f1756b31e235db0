//! What a task asks a scheduler for.

use std::path::Path;

use crate::api::{EngineKind, Training};
use crate::cli::Failure;
use crate::cli::args::{EngineArgs, StudyArgs};
use crate::cli::session::spec::NamedSpec;
use crate::cli::verbs::study::job::Job;
use crate::data::Set;
use crate::data::locate::{Found, layout};
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
        let gpu = jobs.iter().any(|job| on_gpu(on, job.precision()));
        let mut most = 0;
        let mut seen: Vec<&Job> = Vec::new();
        for job in jobs {
            // The seeds of a row need the same.
            let is_same = |other: &&&Job| {
                (&other.spec, &other.settings, other.batch, &other.data)
                    == (&job.spec, &job.settings, job.batch, &job.data)
            };
            if seen.iter().find(is_same).is_none() {
                most = most.max(bytes(job, args.data.as_deref(), (cores, gpu))?);
                seen.push(job);
            }
        }
        Ok(Self { cores, memory: (most + most / 4).div_ceil(100 * MIB) * 100, gpu })
    }
}

/// Whether a run computes on a GPU. A task finds on its node what was decided when it was submitted, so
/// `auto` is the CPU engine unless the precision is of GPUs alone.
pub fn on_gpu(on: &EngineArgs, precision: Precision) -> bool {
    match (on.engine, precision) {
        (EngineKind::Gpu, _) | (EngineKind::Best, Precision::F16x3 | Precision::F16) => true,
        (EngineKind::Best, Precision::F32 | Precision::Bf16x3 | Precision::Bf16) => false,
        (EngineKind::Cpu, _) => false,
    }
}

/// Main memory of a run: tensors, unless a GPU has them, pictures, and the program.
fn bytes(
    job: &Job,
    official: Option<&Path>,
    (threads, gpu): (usize, bool),
) -> Result<u64, Failure> {
    let found = Found::find(&job.data, official, None)?;
    is_there(&job.data, &found)?;
    let spec = NamedSpec::file(&job.spec, &job.settings)?;
    let (spec, network) = spec.compile_for(found.classes())?;
    let sizing = fit::sizing(&network, job.asked.resize);
    let training = Training::new(&spec.spec, network, job.asked.clone())?;
    let tensors = match gpu {
        true => 0,
        false => training.footprint(job.precision(), threads)? as u64,
    };
    Ok(tensors + found.bytes(sizing) + PROGRAM)
}

/// Tasks may have no network, so that files are fetched before.
fn is_there(data: &Set, found: &Found) -> Result<(), Failure> {
    match data {
        Set::Known(name) if layout(*name).is_some() && found.place().is_none() => {
            Err(Failure::File(format!(
                "{name} is not here, and tasks may have no network: rnetc data fetch {name} first, or \
                 name its folder by --data"
            )))
        }
        Set::Known(_) | Set::Folder(_) => Ok(()),
    }
}
