//! Measures the steps of a run; a stopped clock costs nothing.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::engine::cpu::plan::Cost;
use crate::engine::profile::{KernelTime, merged};

/// Nanoseconds and calls of one step.
#[derive(Default)]
pub struct Counter {
    running: bool,
    nanoseconds: AtomicU64,
    calls: AtomicU64,
}

impl Counter {
    fn running() -> Self {
        Self { running: true, ..Self::default() }
    }

    /// Runs `work`, measured if the clock runs.
    pub fn time<T>(&self, work: impl FnOnce() -> T) -> T {
        if !self.running {
            return work();
        }
        let start = Instant::now();
        let result = work();
        self.nanoseconds.fetch_add(start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
        result
    }

    fn report(&self, name: &str, [flops, bytes]: [f64; 2]) -> KernelTime {
        let calls = self.calls.load(Ordering::Relaxed);
        KernelTime {
            name: name.to_owned(),
            calls,
            seconds: self.nanoseconds.load(Ordering::Relaxed) as f64 * 1e-9,
            flops: flops * calls as f64,
            bytes: bytes * calls as f64,
        }
    }
}

/// Counters of one phase.
#[derive(Default)]
pub struct PhaseClock {
    steps: Vec<Counter>,
    /// For every step of a stopped clock.
    stopped: Counter,
    /// Loops and products outside the batch.
    pub unbatched: Counter,
    /// Packing of weights.
    pub packs: Counter,
    /// Putting results of the batch together.
    pub merges: Counter,
}

impl PhaseClock {
    /// The counter of an image step.
    pub fn step(&self, number: usize) -> &Counter {
        self.steps.get(number).unwrap_or(&self.stopped)
    }
}

/// Counters of a whole run.
#[derive(Default)]
pub struct Clock {
    phases: Vec<PhaseClock>,
    stopped: PhaseClock,
    /// State updates.
    pub last: Counter,
}

impl Clock {
    /// Measures nothing.
    pub fn stopped() -> Self {
        Self::default()
    }

    /// Measures every step of phases in which each costs so much.
    pub fn running(phases: &[Vec<Cost>]) -> Self {
        let phase = |costs: &Vec<Cost>| PhaseClock {
            steps: costs.iter().map(|_| Counter::running()).collect(),
            stopped: Counter::default(),
            unbatched: Counter::running(),
            packs: Counter::running(),
            merges: Counter::running(),
        };
        Self {
            phases: phases.iter().map(phase).collect(),
            last: Counter::running(),
            ..Self::default()
        }
    }

    /// The counters of a phase.
    pub fn phase(&self, number: usize) -> &PhaseClock {
        self.phases.get(number).unwrap_or(&self.stopped)
    }

    /// What was measured, equal kernels together.
    pub fn report(&self, phases: &[Vec<Cost>]) -> Vec<KernelTime> {
        let mut times = vec![self.last.report("state updates", [0.0; 2])];
        for (clock, costs) in self.phases.iter().zip(phases) {
            times.push(clock.unbatched.report("work outside the batch", [0.0; 2]));
            times.push(clock.packs.report("packing of weights", [0.0; 2]));
            times.push(clock.merges.report("results of the batch", [0.0; 2]));
            for (counter, cost) in clock.steps.iter().zip(costs) {
                times.push(counter.report(&cost.name, [cost.flops, cost.bytes].map(|n| n as f64)));
            }
        }
        merged(times)
    }
}
