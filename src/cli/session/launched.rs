//! Whether a launcher has started this program more than once, to work together.

use crate::cli::Failure;
use crate::ranks::Ranks;

/// What launchers say in a process's environment: how many there are.
const COUNTS: [(&str, &str); 3] = [
    ("OMPI_COMM_WORLD_SIZE", "mpirun"),
    ("PMI_SIZE", "mpiexec"),
    // In a job's step; the script of a job is none.
    ("SLURM_STEP_NUM_TASKS", "srun"),
];

/// How many processes there are together, and what started them, where there are several.
fn count() -> Option<(usize, &'static str)> {
    let said = |name: &str| std::env::var(name).ok()?.parse().ok();
    let all = COUNTS.iter().filter_map(|&(name, launcher)| Some((said(name)?, launcher)));
    all.into_iter().find(|&(count, _)| count > 1)
}

/// This process among all that were started together; none where it was started once.
pub fn ranks() -> Result<Option<Ranks>, Failure> {
    let Some((count, launcher)) = count() else { return Ok(None) };
    opened(count, launcher).map(Some)
}

#[cfg(feature = "mpi")]
fn opened(count: usize, launcher: &str) -> Result<Ranks, Failure> {
    use crate::engine::EngineError;

    let ranks = crate::ranks::mpi::start().map_err(EngineError::Lost)?;
    if ranks.count() == count {
        return Ok(ranks);
    }
    Err(Failure::Device(format!(
        "{launcher} has started this {count} times, and its MPI is not the one that rnetc was built with: \
         that one knows of {}. Build rnetc with the MPI of {launcher}; under srun, try srun --mpi=pmix",
        ranks.count()
    )))
}

#[cfg(not(feature = "mpi"))]
fn opened(count: usize, launcher: &str) -> Result<Ranks, Failure> {
    Err(Failure::Usage(format!(
        "{launcher} has started this {count} times, and each would train alone, in one folder: this rnetc \
         was built without MPI. Build it with --features mpi, or start it once"
    )))
}

/// Threads of each of so many processes on one machine, where nothing says how many.
pub fn threads(here: usize) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // A launcher that binds processes to cores has divided them already.
    let all = machine().unwrap_or(cores);
    if cores * here <= all { cores } else { (cores / here).max(1) }
}

/// Cores of the machine, whoever may use them.
fn machine() -> Option<usize> {
    let present = std::fs::read_to_string("/sys/devices/system/cpu/online").ok()?;
    let ranges = present.trim().split(',').map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(last.parse::<usize>().ok()? + 1 - first.parse::<usize>().ok()?)
    });
    ranges.sum()
}
