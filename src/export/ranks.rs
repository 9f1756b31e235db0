//! `--explain --ranks N`: what ranks tell each other in a step, and how long that takes against the step.

use std::fmt::Write;

use super::{Build, BuildOptions};
use crate::engine::EngineError;
use crate::engine::cpu::explain::{Explanation, explain};
use crate::engine::cpu::messages::Message;
use crate::engine::profile::Limits;
use crate::lower::{self, Form, Goal, Updates};
use crate::network::{Layer, Network};
use crate::ranks::reduce;

/// A way of sharing a step, with what a rank then sends.
struct Way {
    name: &'static str,
    messages: Vec<Message>,
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

/// The share of a step behind which gradients of weights can cross: most of the backward pass, which is two
/// thirds of all.
const HIDING: f64 = 0.6;

/// The ways that there are for a network: where no statistics are over a batch, ranks are always as one.
fn ways(build: &Build, options: &BuildOptions) -> Result<Vec<Way>, EngineError> {
    let as_one = Way { name: "as one", messages: build.cpu.messages.clone() };
    if !has_statistics(build.network) {
        return Ok(vec![as_one]);
    }
    let form = Form { recompute: options.recompute, ranks: Some(2), ..Form::default() };
    let goal = Goal::Training(Updates::PAPER, form);
    let program = lower::program(build.network, options.batch, goal);
    Ok(vec![Way { name: "by rank", messages: explain(&program)?.messages }, as_one])
}

fn has_statistics(network: &Network) -> bool {
    network.values.iter().any(|value| matches!(value.layer, Layer::BatchNorm { .. }))
}

impl Way {
    fn sum(&self, of: impl Fn(&Message) -> bool) -> Sum {
        let all = self.messages.iter().filter(|message| of(message));
        Sum { bytes: all.clone().map(|message| message.bytes()).sum(), count: all.count() }
    }

    /// Seconds that its messages take, and those that a step of so many seconds does not hide.
    fn seconds(&self, wire: &Wire, ranks: usize, step: f64) -> [f64; 2] {
        let (mut hidden, mut waited) = (0.0, 0.0);
        for message in &self.messages {
            match message {
                Message::Numbers(_) => waited += joined(wire, ranks, message.bytes()),
                Message::Vector(_) => hidden += added(wire, ranks, message.bytes()),
            }
        }
        [hidden + waited, waited + (hidden - HIDING * step).max(0.0)]
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

/// Seconds that a step takes at least: every phase its products at a machine's rate or its tensors' bytes at
/// that of its memory, whichever is longer.
fn step(cpu: &Explanation, limits: Limits, threads: usize) -> f64 {
    let [flops, bytes] = [limits.flops, limits.bytes].map(|rate| rate * threads as f64);
    let phases = cpu.phases.iter();
    phases.map(|phase| (phase.flops as f64 / flops).max(phase.bytes as f64 / bytes)).sum()
}

/// The whole reckoning as text, for 2, 4, 8 … up to `most` ranks, each with a batch of its own on a machine
/// with so many threads of these limits.
///
/// # Errors
/// The CPU engine cannot compute what ranks would run.
pub fn ranks(
    build: &Build,
    options: &BuildOptions,
    most: usize,
    (limits, threads): (Limits, usize),
) -> Result<String, EngineError> {
    let ways = ways(build, options)?;
    let step = step(&build.cpu, limits, threads);
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = head(&mut out, options.batch, &ways, step, threads);
    for wire in &WIRES {
        let _ = table(&mut out, wire, options.batch, &ways, (step, most));
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
        "on several ranks, reckoned: each like this machine ({threads} threads), with {batch} pictures a step,\n\
         which take {:.1} ms or more here (by what it multiplies and reads at most, measured now)",
        step * 1e3,
    )?;
    for way in ways {
        let hidden = way.sum(|message| matches!(message, Message::Vector(_)));
        let waited = way.sum(|message| matches!(message, Message::Numbers(_)));
        let mib = hidden.bytes as f64 / f64::from(1 << 20);
        write!(out, "  {}: {mib:.2} MiB of gradients in {}", way.name, messages(hidden.count))?;
        writeln!(out, " while the backward pass goes on")?;
        if waited.count > 0 {
            let kib = waited.bytes as f64 / 1024.0;
            writeln!(
                out,
                "    and {kib:.1} KiB in {} that are waited for",
                messages(waited.count)
            )?;
        }
    }
    if ways.len() > 1 {
        writeln!(out, "  by rank is how recipes train; as one is sync_bn: true")?;
    }
    let [slow, fast] = WIRES.each_ref().map(|wire| wire.latency * 1e6);
    writeln!(
        out,
        "  latency {slow} µs at 10 Gbit/s, {fast} µs at 100; waiting is what the backward pass does not hide"
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
    (step, most): (f64, usize),
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
            let [all, waiting] = way.seconds(wire, count, step);
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
        let sent = explain(&program(Some(2))).unwrap().messages;
        assert!(sent.iter().all(|message| matches!(message, Message::Vector(_))), "{sent:?}");
        assert_eq!(sent.iter().map(|m| m.bytes()).sum::<usize>(), 4 * (weights + others));
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
            Crowd { rank: self.rank, count: 2, here: 2 }
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
        let messages = explain(program).unwrap().messages;
        let mut bytes: Vec<usize> = messages.iter().map(|message| message.bytes()).collect();
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
