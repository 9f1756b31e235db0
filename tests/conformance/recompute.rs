//! Computing parts of the forward pass again changes when values are computed, and no value.

use rnetc::engine::cpu::explain::explain;
use rnetc::graph::{Binary, NodeId, Op, Program, ReduceKind, interp};
use rnetc::lower;
use rnetc::network::Network;
use rnetc::nn::optimiser::Sgd;
use rnetc::passes::{self, Mode};

use crate::support::{calm_inputs, compile, distance, engines, inputs, load, network, small};

const CASES: [(&str, &str); 6] = [
    ("preact", "depth=20"),
    ("original", "depth=20"),
    ("bottleneck_preact", "depth=20"),
    ("exclusive_gate", "depth=20"),
    ("dropout_shortcut", "depth=20"),
    ("vgg_lesion", "depth=10 width=4"),
];

fn contractions(program: &Program) -> usize {
    program.graph.nodes.iter().filter(|n| matches!(n.op, Op::Conv(_))).count()
}

/// Statistics of parts of the batch are numbers of images, which are computed again.
fn ghosts() -> Network {
    let text = "
        unit u(width) {
            F = bn(ghost: 2) -> relu -> conv(3x3, width) -> bn(ghost: 2) -> relu -> conv(3x3, width)
            y = x + F(x)
        }
        net n { input(3, 8, 8) -> conv(3x3, 8) -> u(8) * 9 -> bn(ghost: 2) -> relu -> linear(4) }";
    compile("ghosts", text, "")
}

#[test]
fn the_interpreter_gives_the_same_bits() {
    let cases = CASES.map(|(spec, settings)| (spec, small(spec, settings)));
    for (spec, network) in cases.into_iter().chain([("ghosts", ghosts())]) {
        let plain = lower::gradients(&network, 3);
        let again = passes::run(Mode::Recomputing, &plain);
        rnetc::graph::verify::verify(&again).expect("a valid program");
        assert!(contractions(&again) > contractions(&plain), "{spec}: nothing is computed again");
        let inputs = inputs(&network, &plain, 1);
        assert!(interp::run(&plain, &inputs) == interp::run(&again, &inputs), "{spec}");
    }
}

#[test]
fn engines_agree_with_the_interpreter() {
    let specs = ["preact", "bottleneck_preact"].map(|spec| (spec, small(spec, "depth=20")));
    for (spec, network) in specs.into_iter().chain([("ghosts", ghosts())]) {
        let plain = lower::gradients(&network, 3);
        let inputs = calm_inputs(&network, &plain);
        let (want, _) = interp::run(&plain, &inputs);
        let program = passes::run(Mode::Recomputing, &plain);
        for engine in engines() {
            let mut executable = load(engine.as_ref(), &program, &inputs);
            executable.run().expect("runs");
            for (index, output) in program.outputs.iter().enumerate() {
                let error = distance(&executable.output(index).expect("an output"), &want[index]);
                let zero = want[index].iter().all(|v| v.abs() < 1e-12);
                let (name, on) = (output.kind, engine.device().engine);
                assert!(error < 1e-4 || zero, "{spec} on {on}: {name} is off by {error:e}");
            }
        }
    }
}

/// What must be kept: x at √n cuts, and the tensors of √n units.
#[test]
fn memory_grows_with_the_root_of_depth() {
    let arena = |depth, again: bool| {
        let plain = lower::training(&network("bottleneck_preact", depth), 16, &Sgd::PAPER);
        let program = if again { passes::run(Mode::Recomputing, &plain) } else { plain };
        explain(&program).expect("the schedule").arena as f64
    };
    let (shallow, deep) = (arena(110, true), arena(434, true));
    assert!(deep < 3.0 * shallow, "{deep} bytes against {shallow} for a quarter of the units");
    assert!(deep < 0.3 * arena(434, false));
}

/// Backward compares a maximum with the elements that it was taken of, bit by bit, so no copy of one is
/// compared with the other.
#[test]
fn no_maximum_is_a_cut() {
    let text =
        "net n { input(3, 8, 8) -> conv(3x3, 8) -> bn -> relu -> channel_max -> conv(3x3, 8) -> bn
        -> relu -> channel_max -> conv(3x3, 8) -> bn -> relu -> global_max_pool -> linear(3) }";
    let network = compile("n", text, "");
    let plain = lower::gradients(&network, 3);
    let again = passes::run(Mode::Recomputing, &plain);
    assert!(contractions(&again) > contractions(&plain), "nothing is computed again");
    let graph = &again.graph;
    let maxima = |id: &NodeId| matches!(graph.node(*id).op, Op::Reduce(ReduceKind::Max, _));
    let mut compared = 0;
    let masks = graph.ids().filter(|&id| graph.node(id).op == Op::Binary(Binary::Sub));
    for mask in masks {
        let args = &graph.node(mask).args;
        for (of, other) in [(args[0], args[1]), (args[1], args[0])] {
            if maxima(&of) {
                compared += 1;
                assert!(graph.node(of).args.contains(&other), "{mask}: {of} and {other}\n{again}");
            }
        }
    }
    assert!(compared >= 3, "{again}");
}
