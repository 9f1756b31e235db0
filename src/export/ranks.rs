//! `--explain --ranks N`: what ranks tell each other in a step, and how long that takes against the step.

use std::fmt::Write;

use super::Build;
use crate::engine::cpu::explain::Explanation;
use crate::engine::profile::Limits;
use crate::graph::placement::{Placement, closes_phase};
use crate::graph::{Op, Program, ReduceKind};

/// What crosses in a step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sent {
    /// Messages with results that are waited for at once, one a phase.
    statistics: usize,
    /// Bytes of these.
    statistics_bytes: usize,
    /// Messages with gradients of weights, which are awaited at the end.
    gradients: usize,
    /// Bytes of these.
    gradient_bytes: usize,
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

impl Sent {
    /// With sums over the batch that are over the pictures of all ranks.
    fn of(program: &Program) -> Self {
        let (graph, placement) = (&program.graph, Placement::new(program));
        let mut sent = Sent::default();
        let [mut with_statistics, mut with_gradients] =
            [0, 1].map(|_| vec![false; placement.phases as usize]);
        for id in graph.ids().filter(|&id| closes_phase(graph, id)) {
            let (node, phase) = (graph.node(id), placement.stage(id).phase as usize);
            let elements = node.ty.shape.len();
            // As the CPU engine sends them: sums in f64, moments as three numbers, gradients in f32.
            let numbers = match node.op {
                Op::Reduce(ReduceKind::M2, _) => 3,
                Op::Reduce(ReduceKind::Sum | ReduceKind::Max, _) => 1,
                _ => {
                    with_gradients[phase] = true;
                    sent.gradient_bytes += elements * size_of::<f32>();
                    continue;
                }
            };
            with_statistics[phase] = true;
            sent.statistics_bytes += numbers * elements * size_of::<f64>();
        }
        let count = |phases: Vec<bool>| phases.into_iter().filter(|there| *there).count();
        (sent.statistics, sent.gradients) = (count(with_statistics), count(with_gradients));
        sent
    }
}

/// Seconds that sums of so many bytes in so many messages take on so many ranks: of short ones all goes to a
/// partner in each of log₂ P rounds, of long ones half, a quarter and so on, and back (Rabenseifner 2004).
fn seconds(wire: &Wire, ranks: usize, messages: usize, bytes: usize) -> f64 {
    let rounds = f64::from(ranks.next_power_of_two().ilog2());
    let [messages, bytes] = [messages as f64, bytes as f64];
    let short = rounds * (messages * wire.latency + bytes / wire.bandwidth);
    let share = 2.0 * (ranks - 1) as f64 / ranks as f64;
    let long = 2.0 * rounds * messages * wire.latency + share * bytes / wire.bandwidth;
    short.min(long)
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
pub fn ranks(build: &Build, most: usize, limits: Limits, threads: usize) -> String {
    let sent = Sent::of(&build.program);
    let step = step(&build.cpu, limits, threads);
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = head(&mut out, build.program.batch, &sent, step, threads);
    for wire in &WIRES {
        let _ = table(&mut out, wire, build.program.batch, &sent, (step, most));
    }
    out
}

fn head(
    out: &mut String,
    batch: usize,
    sent: &Sent,
    step: f64,
    threads: usize,
) -> std::fmt::Result {
    writeln!(
        out,
        "on several ranks, reckoned: each like this machine ({threads} threads), with {batch} pictures a step,\n\
         which take {:.1} ms or more here (by what it multiplies and reads at most, measured now)\n  \
         gradients: {:.2} MiB in {} messages, while the backward pass goes on\n  \
         with sync_bn: true also {:.1} KiB in {} messages that are waited for\n  \
         latency {} µs at 10 Gbit/s, {} µs at 100; waiting is what the backward pass does not hide",
        step * 1e3,
        sent.gradient_bytes as f64 / f64::from(1 << 20),
        sent.gradients,
        sent.statistics_bytes as f64 / 1024.0,
        sent.statistics,
        WIRES[0].latency * 1e6,
        WIRES[1].latency * 1e6,
    )
}

fn table(
    out: &mut String,
    wire: &Wire,
    batch: usize,
    sent: &Sent,
    (step, most): (f64, usize),
) -> std::fmt::Result {
    writeln!(
        out,
        "\n{:<10} {:>9}  {:>12} {:>8}  {:>14} {:>8}",
        wire.name, "pictures", "gradients ms", "waiting", "sync_bn too ms", "waiting"
    )?;
    let mut count = 2;
    while count <= most {
        let gradients = seconds(wire, count, sent.gradients, sent.gradient_bytes);
        let statistics = seconds(wire, count, sent.statistics, sent.statistics_bytes);
        let left = (gradients - HIDING * step).max(0.0);
        let share = |waiting: f64| format!("{:.0} %", 100.0 * waiting / (step + waiting));
        writeln!(
            out,
            "{:<10} {:>9}  {:>12.2} {:>8}  {:>14.2} {:>8}",
            format!("{count} ranks"),
            count * batch,
            gradients * 1e3,
            share(left),
            statistics * 1e3,
            share(left + statistics)
        )?;
        count *= 2;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Spec;
    use crate::lower;
    use crate::nn::optimiser::Sgd;

    #[test]
    fn what_crosses_is_counted_by_hand() {
        let text = "net n(classes = 10) { input(3, 8, 8) -> conv(3x3, 4) -> bn -> relu -> linear(classes) }";
        let network = Spec::new("n", text).compile().unwrap();
        let sent = Sent::of(&lower::training(&network, 8, &Sgd::PAPER));
        let weights = 3 * 3 * 3 * 4 + 8 * 8 * 4 * 10;
        assert_eq!(sent.gradient_bytes, 4 * weights);
        // Σ x and moments, then β's and γ's sums; the loss and the last bias.
        assert_eq!(sent.statistics_bytes, 8 * (4 * (1 + 3 + 1 + 1) + 1 + 10));
        // The linear layer's gradient comes first, the first convolution's after the batch norm's sums.
        assert_eq!((sent.gradients, sent.statistics), (2, 2));
    }

    #[test]
    fn long_sums_take_twice_their_bytes_and_short_ones_a_round_for_each_doubling() {
        let wire = Wire { name: "", bandwidth: 1e9, latency: 1e-6 };
        let near =
            |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 1e-9, "{found}");
        near(seconds(&wire, 8, 1, 0), 3e-6);
        near(seconds(&wire, 2, 1, 1_000_000), 1e-6 + 1e-3);
        near(seconds(&wire, 1024, 1, 1_000_000_000), 20e-6 + 2.0 * 1023.0 / 1024.0);
    }
}
