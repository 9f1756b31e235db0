//! Which blocking suits each contraction, measured on the device.
//!
//! The whole program is run with the first candidate of every contraction, then with the second of
//! those that have one, and so on, every dispatch between two timestamps, so that a kernel is timed
//! among those that run before it. What is found is kept by adapter, driver and the SHA-256 of the
//! kernel's text in its first form.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::profile::{Candidate, Tuned};
use crate::engine::{EngineError, Executable};
use crate::graph::Program;
use crate::ranks::Ranks;
use crate::text::sha256;

use super::cost::Cost;
use super::cut::{Blocking, MOST, Style, Target, TileCut};
use super::device::adapter::Gpu;
use super::device::disk;
use super::device::options::Tune;
use super::dump;
use super::executable::GpuProgram;
use super::kernel::Kernel;
use super::lowered::Lowered;

/// Steps timed of each form.
const STEPS: usize = 3;
/// An idle GPU runs at a fraction of its clock: so long of the same work comes first.
const WARM: Duration = Duration::from_millis(30);
/// From here on a file of what was found begins anew.
const MOST_KEPT: usize = 10_000;

/// A program in the fastest blockings that are known, after finding out where nothing is, with what
/// was timed for that.
pub(super) fn tuned(
    gpu: &Arc<Gpu>,
    program: &Program,
    target: Target,
    tune: Tune,
    ranks: Option<&Ranks>,
) -> Result<(Lowered, Vec<Tuned>), EngineError> {
    let untried = Lowered::untuned(program, target)?;
    // Other forms give other bits, and what ranks make of their sums is to be the same.
    let together = ranks.filter(|_| !untried.crossings.is_empty());
    let is_tuned = tune != Tune::Off && target.style == Style::Staged;
    let (own, tried) = match is_tuned && together.is_none_or(Ranks::is_first) {
        true => found(gpu, program, (target, tune), &untried)?,
        false => (Vec::new(), Vec::new()),
    };
    let chosen = match together {
        Some(ranks) => of_first(ranks, &own)?,
        None => own,
    };
    if chosen.iter().all(Option::is_none) {
        return Ok((untried, tried));
    }
    let contractions = contractions(program, &untried, target);
    let chosen = |at: usize| {
        let candidates = &contractions.get(at)?.as_ref()?.candidates;
        chosen.get(at).copied().flatten().filter(|blocking| candidates.contains(blocking))
    };
    Ok((Lowered::new(program, target, &|id| chosen(id.index()))?, tried))
}

/// What the first rank has chosen.
fn of_first(ranks: &Ranks, own: &[Option<Blocking>]) -> Result<Vec<Option<Blocking>>, EngineError> {
    let said = serde_json::to_vec(own).unwrap_or_default();
    Ok(serde_json::from_slice(&ranks.told(&said)?).unwrap_or_default())
}

/// Of each kernel its fastest blocking that is known, after finding out where none is, with what was timed.
fn found(
    gpu: &Arc<Gpu>,
    program: &Program,
    (target, tune): (Target, Tune),
    untried: &Lowered,
) -> Result<(Vec<Option<Blocking>>, Vec<Tuned>), EngineError> {
    let known = || match tune {
        Tune::Cached => Found::read(gpu).0,
        Tune::Off | Tune::Full => BTreeMap::new(),
    };
    let contractions = contractions(program, untried, target);
    let complete =
        |found: &BTreeMap<_, _>| contractions.iter().flatten().all(|c| c.kept(found).is_some());
    let (mut found, mut tried) = (known(), Vec::new());
    if !complete(&found) {
        // Processes that time kernels side by side would time each other.
        let _turn = path(gpu).and_then(|path| disk::turn(&path, gpu.patience));
        found = known();
        if !complete(&found) {
            let times = timed(gpu, program, target, &contractions)?;
            tried = told(&contractions, &times, untried);
            // What is known stays: other blockings give other bits.
            let mut new = fastest(&contractions, &times);
            let kept = contractions.iter().flatten().filter(|c| c.kept(&found).is_some());
            let kept: HashSet<&str> = kept.map(|c| c.key.as_str()).collect();
            new.retain(|key, _| !kept.contains(key.as_str()));
            Found::add(gpu, &new);
            found.extend(new);
        }
    }
    let chosen = contractions.iter().map(|it| it.as_ref()?.kept(&found));
    Ok((chosen.collect(), tried))
}

/// A contraction that may be tuned.
struct Tunable {
    /// What it is known by.
    key: String,
    /// What it does, on what shape.
    name: String,
    candidates: Vec<Blocking>,
}

impl Tunable {
    /// What was found of it, if that is one of its candidates: a file may have been another version's.
    fn kept(&self, found: &BTreeMap<String, Blocking>) -> Option<Blocking> {
        found.get(&self.key).copied().filter(|blocking| self.candidates.contains(blocking))
    }
}

/// Those of a program; none for other kernels.
fn contractions(program: &Program, lowered: &Lowered, target: Target) -> Vec<Option<Rc<Tunable>>> {
    let kernels = &lowered.plan.kernels.list;
    let mut all: Vec<Option<Rc<Tunable>>> = vec![None; kernels.len()];
    // Kernels of one text are one contraction, and ranking its candidates takes a while.
    let mut known: HashMap<&str, Option<Rc<Tunable>>> = HashMap::new();
    for code in &lowered.code {
        for &id in &code.kernels {
            let new = || {
                let candidates = TileCut::candidates(&program.graph, &kernels[id.index()], target);
                let key = sha256([code.wgsl.as_bytes()]);
                let name = Cost::of_all(program, &lowered.plan, &[id]).what;
                (!candidates.is_empty()).then(|| Rc::new(Tunable { key, name, candidates }))
            };
            all[id.index()] = known.entry(&code.wgsl).or_insert_with(new).clone();
        }
    }
    all
}

/// The fastest blocking of each contraction that was timed.
#[derive(Debug, Default, PartialEq)]
struct Found(BTreeMap<String, Blocking>);

impl Found {
    fn read(gpu: &Gpu) -> Self {
        let bytes = path(gpu).and_then(|path| disk::read(&path));
        bytes.map(|bytes| Self::parse(&bytes)).unwrap_or_default()
    }

    /// Blockings that this version does not have are left out.
    fn parse(bytes: &[u8]) -> Self {
        let all: BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(bytes).unwrap_or_default();
        if all.len() > MOST_KEPT {
            return Self::default();
        }
        let known = |(key, entry)| Some((key, serde_json::from_value(entry).ok()?));
        Self(all.into_iter().filter_map(known).collect())
    }

    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&self.0).unwrap_or_default()
    }

    /// Keeps what was found now, beside what other programs and processes have kept so far.
    fn add(gpu: &Gpu, new: &BTreeMap<String, Blocking>) {
        let mut all = Self::read(gpu);
        all.0.extend(new.iter().map(|(key, blocking)| (key.clone(), *blocking)));
        if let Some(path) = path(gpu) {
            // Without the file, the next run finds out again.
            let _ = disk::write(&path, &all.bytes());
        }
    }
}

/// Seconds of each contraction in each form, by its key; none where a program of it did not fit.
type Times = BTreeMap<String, Vec<Option<f64>>>;

fn timed(
    gpu: &Arc<Gpu>,
    program: &Program,
    target: Target,
    contractions: &[Option<Rc<Tunable>>],
) -> Result<Times, EngineError> {
    let mut times = Times::new();
    let most = contractions.iter().flatten().map(|c| c.candidates.len()).max().unwrap_or(0);
    for choice in 0..most.min(MOST) {
        let blocking = |at: usize| {
            let all = &contractions.get(at)?.as_ref()?.candidates;
            all.get(choice).or(all.last()).copied()
        };
        let lowered = Lowered::new(program, target, &|id| blocking(id.index()))?;
        let seconds = match seconds(gpu, program, lowered) {
            // The program itself may fit: other blockings leave more partial sums.
            Err(EngineError::OutOfMemory { .. }) if choice > 0 => None,
            seconds => Some(seconds?),
        };
        for (at, contraction) in contractions.iter().enumerate() {
            let Some(it) = contraction.as_ref().filter(|it| choice < it.candidates.len()) else {
                continue;
            };
            let all = times.entry(it.key.clone()).or_default();
            all.resize(choice + 1, None);
            let least = seconds.as_ref().map(|seconds| seconds[at]);
            all[choice] = match (all[choice], least) {
                (Some(known), Some(new)) => Some(known.min(new)),
                (known, new) => known.or(new),
            };
        }
    }
    Ok(times)
}

/// The number of the least time.
fn least(times: &[Option<f64>]) -> Option<usize> {
    let known = times.iter().enumerate().filter_map(|(at, time)| Some((at, (*time)?)));
    known.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| at)
}

/// The fastest blocking of each contraction.
fn fastest(contractions: &[Option<Rc<Tunable>>], times: &Times) -> BTreeMap<String, Blocking> {
    let one = |it: &Rc<Tunable>| {
        let chosen = least(times.get(&it.key)?)?;
        Some((it.key.clone(), it.candidates[chosen]))
    };
    contractions.iter().flatten().filter_map(one).collect()
}

/// The whole table, equal kernels together.
fn told(contractions: &[Option<Rc<Tunable>>], times: &Times, lowered: &Lowered) -> Vec<Tuned> {
    let mut seen = HashSet::new();
    let kernels = contractions.iter().zip(&lowered.plan.kernels.list);
    let one = |(it, kernel): (&Option<Rc<Tunable>>, &Kernel)| {
        let it = it.as_ref().filter(|it| seen.insert(it.key.clone()))?;
        let times = times.get(&it.key)?;
        let candidate = |(blocking, seconds): (&Blocking, &Option<f64>)| Candidate {
            form: dump::blocking(*blocking, kernel),
            seconds: *seconds,
        };
        let candidates = it.candidates.iter().zip(times).map(candidate).collect();
        Some(Tuned { name: it.name.clone(), candidates, chosen: least(times)? })
    };
    kernels.filter_map(one).collect()
}

/// Beside the pipelines of the adapter and driver.
fn path(gpu: &Gpu) -> Option<PathBuf> {
    let mut path = gpu.pipelines.clone()?.into_os_string();
    path.push(".tuned");
    Some(path.into())
}

/// The least time of each kernel in a few steps of one form. Without timestamps, the time of a step
/// stands for all of them.
fn seconds(gpu: &Arc<Gpu>, program: &Program, lowered: Lowered) -> Result<Vec<f64>, EngineError> {
    let dispatches: Vec<_> = lowered.code.iter().map(|code| code.kernels.clone()).collect();
    let mut least = vec![f64::INFINITY; lowered.plan.kernels.list.len()];
    let mut program = GpuProgram::new(gpu.clone(), program, lowered, Vec::new(), None)?;
    let warm = Instant::now();
    while warm.elapsed() < WARM {
        program.run()?;
        program.wait()?;
    }
    for _ in 0..STEPS {
        let start = Instant::now();
        let times = program.run_timed()?;
        program.wait()?;
        let step = start.elapsed().as_secs_f64();
        for (at, kernels) in dispatches.iter().enumerate() {
            let seconds = times.get(at).map_or(step, |time| time.seconds);
            for id in kernels {
                least[id.index()] = least[id.index()].min(seconds);
            }
        }
    }
    Ok(least)
}

#[cfg(test)]
mod tests {
    use super::super::cut::{Share, StripBlocking, TileBlocking};
    use super::*;

    #[test]
    fn what_was_found_is_read_again_and_strange_entries_are_not() {
        let share = Share::Matrices { down: 2, across: 1 };
        let strip = StripBlocking {
            images: 2,
            rows: 8,
            columns: 16,
            channels: 32,
            chunk: 16,
            whole: true,
            ahead: false,
            share,
        };
        let tiles = TileBlocking::all(true).map(Blocking::Tile);
        let all = tiles.chain([Blocking::Strip(strip)]).enumerate();
        let found = Found(all.map(|(at, b)| (format!("kernel {at}"), b)).collect());
        assert_eq!(Found::parse(&found.bytes()), found);
        let strange = br#"{"a": {"Tile": {"rows": 4, "lanes": 8, "matrices": false}}, "b": {"Row": 3}, "c": [4, 8]}"#;
        let known = Blocking::Tile(TileBlocking::default());
        assert_eq!(Found::parse(strange), Found(BTreeMap::from([("a".into(), known)])));
        assert_eq!(Found::parse(b"[1, 2"), Found::default());
    }

    #[test]
    fn what_is_no_candidate_is_not_taken_from_a_file() {
        let tile = |rows| Blocking::Tile(TileBlocking { rows, ..TileBlocking::default() });
        let candidates = vec![tile(4), tile(8)];
        let it = Tunable { key: "a".into(), name: String::new(), candidates };
        let found = |rows| BTreeMap::from([("a".into(), tile(rows))]);
        assert_eq!(it.kept(&found(8)), Some(tile(8)));
        assert_eq!([it.kept(&found(0)), it.kept(&BTreeMap::new())], [None, None]);
    }

    #[test]
    fn the_least_time_is_taken_and_what_did_not_run_is_not() {
        assert_eq!(least(&[Some(3.0), None, Some(2.0), Some(2.5)]), Some(2));
        assert_eq!(least(&[None, None]), None);
    }
}
