//! `--explain --ranks N`: what ranks tell each other in a step, and how long that takes against the step.

use std::borrow::Cow;
use std::fmt::Write;

use super::{Build, BuildOptions};
use crate::engine::EngineError;
use crate::engine::cpu::explain::{Explanation, PhaseReport, explain};
use crate::engine::cpu::messages::{Message, Share};
use crate::engine::profile::Limits;
use crate::lower::{self, Form, Goal, Updates};
use crate::network::{Layer, Network};
use crate::ranks::reduce;

/// A way of sharing a step, with what a rank then runs.
struct Way<'a> {
    name: &'static str,
    cpu: Cow<'a, Explanation>,
}

/// What messages of a kind come to.
struct Sum {
    bytes: usize,
    count: usize,
}

/// A network between machines.
struct Wire {
    name: &'static str,
    /// Bytes a second, each way.
    bandwidth: f64,
    /// Seconds until a message arrives, however short.
    latency: f64,
}

/// Ethernet as clusters have it, and InfiniBand.
const WIRES: [Wire; 2] = [
    Wire { name: "10 Gbit/s", bandwidth: 1.25e9, latency: 30e-6 },
    Wire { name: "100 Gbit/s", bandwidth: 12.5e9, latency: 3e-6 },
];

/// The ways that there are for a network: where no statistics are over a batch, ranks are always as one.
fn ways<'a>(build: &'a Build, options: &BuildOptions) -> Result<Vec<Way<'a>>, EngineError> {
    let as_one = Way { name: "as one", cpu: Cow::Borrowed(&build.cpu) };
    if !has_statistics(build.network) {
        return Ok(vec![as_one]);
    }
    let form = Form { recompute: options.recompute, ranks: Some(2), ..Form::default() };
    let goal = Goal::Training(Updates::PAPER, form);
    let program = lower::program(build.network, options.batch, goal);
    Ok(vec![Way { name: "by rank", cpu: Cow::Owned(explain(&program)?) }, as_one])
}

fn has_statistics(network: &Network) -> bool {
    network.values.iter().any(|value| matches!(value.layer, Layer::BatchNorm { .. }))
}

impl Way<'_> {
    fn messages(&self) -> impl Iterator<Item = &Message> {
        self.cpu.phases.iter().flat_map(|phase| phase.sent.first.iter().chain(&phase.sent.last))
    }

    fn sum(&self, of: impl Fn(&Message) -> bool) -> Sum {
        let messages = self.messages().filter(|message| of(message));
        let bytes: Vec<usize> = messages.map(|message| message.share.bytes()).collect();
        Sum { bytes: bytes.iter().sum(), count: bytes.len() }
    }

    /// Seconds that its messages take, one after another, and those for which a rank waits.
    fn seconds(&self, wire: &Wire, ranks: usize, machine: Machine) -> [f64; 2] {
        let mut line = Line { wire, ranks, now: 0.0, free: 0.0, busy: 0.0, waited: 0.0 };
        let phases = &self.cpu.phases;
        // When what each phase needs has come.
        let mut come = vec![0.0f64; phases.len() + 1];
        for (number, phase) in phases.iter().enumerate() {
            line.wait(come[number]);
            line.send(&phase.sent.first, &mut come);
            line.now += machine.seconds(phase);
            line.send(&phase.sent.last, &mut come);
        }
        line.wait(come[phases.len()]);
        [line.busy, line.waited]
    }
}

/// A rank's time, and that of its line.
struct Line<'a> {
    wire: &'a Wire,
    ranks: usize,
    now: f64,
    /// When the line has carried all that it was given.
    free: f64,
    busy: f64,
    waited: f64,
}

impl Line<'_> {
    /// Sends messages, one behind the other, and notes by phase when what it needs has come.
    fn send(&mut self, messages: &[Message], come: &mut [f64]) {
        for message in messages {
            let bytes = message.share.bytes();
            let took = match message.share {
                Share::Numbers(_) => joined(self.wire, self.ranks, bytes),
                Share::Vector(_) => added(self.wire, self.ranks, bytes),
            };
            self.busy += took;
            self.free = self.free.max(self.now) + took;
            come[message.by] = self.free;
        }
    }

    fn wait(&mut self, until: f64) {
        self.waited += (until - self.now).max(0.0);
        self.now = self.now.max(until);
    }
}

/// What a rank computes on.
#[derive(Clone, Copy)]
pub struct Machine {
    /// Of each thread.
    pub limits: Limits,
    /// Of them.
    pub threads: usize,
}

impl Machine {
    /// Seconds that a phase takes at least: its products at the machine's rate or its tensors' bytes at that
    /// of its memory, whichever is longer.
    fn seconds(self, phase: &PhaseReport) -> f64 {
        let [flops, bytes] =
            [self.limits.flops, self.limits.bytes].map(|r| r * self.threads as f64);
        (phase.flops as f64 / flops).max(phase.bytes as f64 / bytes)
    }
}

/// Seconds that numbers of so many bytes take to be joined on so many ranks: they go to a partner in each of
/// log₂ P rounds.
fn joined(wire: &Wire, ranks: usize, bytes: usize) -> f64 {
    rounds(ranks) * (wire.latency + bytes as f64 / wire.bandwidth)
}

/// Seconds that a vector takes to be added up: a long one goes by halves, quarters and so on, and back
/// (Rabenseifner 2004).
fn added(wire: &Wire, ranks: usize, bytes: usize) -> f64 {
    if !reduce::goes_by_halves(ranks, bytes / size_of::<f32>()) {
        return joined(wire, ranks, bytes);
    }
    let share = 2.0 * (ranks - 1) as f64 / ranks as f64;
    2.0 * rounds(ranks) * wire.latency + share * bytes as f64 / wire.bandwidth
}

fn rounds(ranks: usize) -> f64 {
    f64::from(ranks.next_power_of_two().ilog2())
}

/// The whole reckoning as text, for 2, 4, 8 … up to `most` ranks, each with a batch and a machine of its own.
///
/// # Errors
/// The CPU engine cannot compute what ranks would run.
pub fn ranks(
    build: &Build,
    options: &BuildOptions,
    most: usize,
    machine: Machine,
) -> Result<String, EngineError> {
    let ways = ways(build, options)?;
    let step = build.cpu.phases.iter().map(|phase| machine.seconds(phase)).sum();
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = head(&mut out, options.batch, &ways, step, machine.threads);
    for wire in &WIRES {
        let _ = table(&mut out, wire, options.batch, &ways, (step, most, machine));
    }
    Ok(out)
}

fn head(
    out: &mut String,
    batch: usize,
    ways: &[Way],
    step: f64,
    threads: usize,
) -> std::fmt::Result {
    writeln!(
        out,
        "on several ranks, reckoned: each like this machine ({threads} threads), with {batch} pictures of its own a step\n\
         (the batch of a run is that of all ranks together), which take {:.1} ms or more here (by what it multiplies and reads at most, measured now)",
        step * 1e3,
    )?;
    for way in ways {
        let all = way.cpu.phases.len();
        let late = way.sum(|message| message.by == all);
        let soon = way.sum(|message| message.by < all);
        let mib = late.bytes as f64 / f64::from(1 << 20);
        writeln!(
            out,
            "  {}: {mib:.2} MiB in {} by the end of the step",
            way.name,
            messages(late.count)
        )?;
        if soon.count > 0 {
            let kib = soon.bytes as f64 / 1024.0;
            writeln!(out, "    and {kib:.1} KiB in {} in the middle of it", messages(soon.count))?;
        }
    }
    if ways.len() > 1 {
        writeln!(out, "  by rank is how recipes train; as one is sync_bn: true")?;
    }
    let [slow, fast] = WIRES.each_ref().map(|wire| wire.latency * 1e6);
    writeln!(
        out,
        "  latency {slow} µs at 10 Gbit/s, {fast} µs at 100; ms are of all messages of a step, and waiting is for \
         what comes\n  later than it is needed"
    )
}

fn messages(count: usize) -> String {
    crate::text::counted(count, "message")
}

fn table(
    out: &mut String,
    wire: &Wire,
    batch: usize,
    ways: &[Way],
    (step, most, machine): (f64, usize, Machine),
) -> std::fmt::Result {
    write!(out, "\n{:<10} {:>9}", wire.name, "pictures")?;
    for way in ways {
        write!(out, "  {:>12} {:>8}", format!("{} ms", way.name), "waiting")?;
    }
    writeln!(out)?;
    let mut count = 2;
    while count <= most {
        write!(out, "{:<10} {:>9}", format!("{count} ranks"), count * batch)?;
        for way in ways {
            let [all, waiting] = way.seconds(wire, count, machine);
            let share = format!("{:.0} %", 100.0 * waiting / (step + waiting));
            write!(out, "  {:>12.2} {share:>8}", all * 1e3)?;
        }
        writeln!(out)?;
        count *= 2;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::Spec;
    use crate::engine::cpu::CpuEngine;
    use crate::engine::cpu::messages::Sent;
    use crate::engine::{Engine, Executable, Precision};
    use crate::graph::Program;
    use crate::nn::optimiser::Sgd;
    use crate::ranks::{Crowd, Link, Lost, Ranks};

    fn program(ranks: Option<usize>) -> Program {
        let text = "net n(classes = 10) { input(3, 8, 8) -> conv(3x3, 16) -> bn -> relu \
            -> conv(3x3, 32) -> relu -> conv(3x3, 32) -> linear(classes) }";
        let network = Spec::new("n", text).compile().unwrap();
        let form = Form { ranks, ..Form::default() };
        lower::program(&network, 16, Goal::Training(&Updates::of(Sgd::PAPER), form))
    }

    #[test]
    fn what_crosses_by_rank_is_every_gradient_and_mean() {
        let weights = 3 * 16 * 9 + 16 * 32 * 9 + 32 * 32 * 9 + 64 * 32 * 10;
        // Biases of the classes, β and γ, running mean and variance; the loss.
        let others = 10 + 4 * 16 + 1;
        let program = program(Some(2));
        let way = Way { name: "", cpu: Cow::Owned(explain(&program).unwrap()) };
        assert!(way.messages().all(|message| matches!(message.share, Share::Vector(_))));
        assert_eq!(
            way.messages().map(|message| message.share.bytes()).sum::<usize>(),
            4 * (weights + others)
        );
    }

    /// One of two ranks, which writes down what it sends.
    struct Counting {
        rank: usize,
        out: Sender<Vec<u8>>,
        from: Receiver<Vec<u8>>,
        sent: Arc<Mutex<Vec<usize>>>,
    }

    impl Link for Counting {
        fn crowd(&self) -> Crowd {
            Crowd { rank: self.rank, count: 2, here: 2, place: self.rank }
        }

        fn exchange(&mut self, with: usize, out: &[u8], into: &mut [u8]) -> Result<(), Lost> {
            self.sent.lock().unwrap().push(out.len());
            self.out.send(out.to_vec()).map_err(|_| Lost::Gone(with))?;
            into.copy_from_slice(&self.from.recv().map_err(|_| Lost::Gone(with))?);
            Ok(())
        }
    }

    /// The bytes of all that each of two ranks sends in a step.
    fn sent(
        program: &Program,
        of_rank: fn(&CpuEngine, &Program) -> Box<dyn Executable>,
    ) -> [Vec<usize>; 2] {
        let sent = [0, 1].map(|_| Arc::new(Mutex::new(Vec::new())));
        let [(to_first, first), (to_second, second)] = [channel(), channel()];
        let links = [(0, to_second, first), (1, to_first, second)];
        std::thread::scope(|scope| {
            for (rank, out, from) in links {
                let sent = sent[rank].clone();
                scope.spawn(move || {
                    let link = Counting { rank, out, from, sent: sent.clone() };
                    let ranks = Ranks::start(move |_| Ok(Box::new(link))).unwrap();
                    let engine = CpuEngine::new(Some(1), Precision::F32).unwrap().with_ranks(ranks);
                    of_rank(&engine, program).run().unwrap();
                });
            }
        });
        sent.map(|of_rank| {
            let mut sent = of_rank.lock().unwrap().clone();
            sent.sort_unstable();
            sent
        })
    }

    fn reckoned(program: &Program) -> Vec<usize> {
        let way = Way { name: "", cpu: Cow::Owned(explain(program).unwrap()) };
        let mut bytes: Vec<usize> = way.messages().map(|message| message.share.bytes()).collect();
        bytes.sort_unstable();
        bytes
    }

    #[test]
    fn two_ranks_send_what_is_reckoned() {
        let by_rank = program(Some(2));
        let found = sent(&by_rank, |engine, program| engine.compile(program).unwrap());
        assert_eq!(found, [0, 1].map(|_| reckoned(&by_rank)));
        let as_one = program(None);
        let found = sent(&as_one, |engine, program| engine.compile_divided(program).unwrap());
        assert_eq!(found, [0, 1].map(|_| reckoned(&as_one)));
    }

    /// A phase of a second on one thread.
    fn second(first: &[Message], last: &[Message]) -> PhaseReport {
        let sent = Sent { first: first.to_vec(), last: last.to_vec() };
        let (steps, reads, writes) = (Vec::new(), Vec::new(), Vec::new());
        PhaseReport { region: None, steps, reads, writes, flops: 1_000_000_000, bytes: 0, sent }
    }

    #[test]
    fn vectors_cross_while_phases_run_and_numbers_are_waited_for() {
        let wire = Wire { name: "", bandwidth: 1e9, latency: 0.0 };
        let machine = Machine { limits: Limits { flops: 1e9, bytes: 1e9 }, threads: 1 };
        let waited = |phases: &[PhaseReport]| {
            let cpu = Explanation { phases: phases.to_vec(), arena: 0, scratch: 0 };
            Way { name: "", cpu: Cow::Owned(cpu) }.seconds(&wire, 2, machine)
        };
        // Half a second each.
        let (vector, numbers) = (Share::Vector(125_000_000), Share::Numbers(62_500_000));
        let [vector, numbers] = [vector, numbers].map(|share| move |by| Message { share, by });
        assert_eq!(waited(&[second(&[], &[vector(2)]), second(&[], &[])]), [0.5, 0.0]);
        assert_eq!(waited(&[second(&[vector(1)], &[])]), [0.5, 0.0]);
        assert_eq!(waited(&[second(&[], &[vector(1)])]), [0.5, 0.5]);
        assert_eq!(waited(&[second(&[], &[vector(2); 4]), second(&[], &[])]), [2.0, 1.0]);
        // What the next phase needs waits behind what is on the line; what is for later does not.
        let then = |numbers| [second(&[], &[vector(2), numbers]), second(&[], &[])];
        assert_eq!(waited(&then(numbers(1))), [1.0, 1.0]);
        assert_eq!(waited(&then(numbers(2))), [1.0, 0.0]);
    }

    #[test]
    fn long_sums_take_twice_their_bytes_and_short_ones_a_round_for_each_doubling() {
        let wire = Wire { name: "", bandwidth: 1e9, latency: 1e-6 };
        let near =
            |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-9, "{found}");
        near(added(&wire, 8, 0), 3e-6);
        near(added(&wire, 2, 1_000_000), 1e-6 + 1e-3);
        near(added(&wire, 1024, 1_000_000_000), 20e-6 + 2.0 * 1023.0 / 1024.0);
        near(joined(&wire, 1024, 1_000_000_000), 10e-6 + 10.0);
    }
}
