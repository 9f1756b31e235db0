//! Bugs that are right derivatives of the wrong thing, which only PyTorch's numbers can tell.

use rnetc::graph::verify::verify;
use rnetc::graph::{Binary, Node, NodeId, Op, OutputKind, Program, Remap, Role, Unary};
use rnetc::lower;
use rnetc::network::{Activation, Layer, Network, PoolKind};
use rnetc::nn::optimiser::Sgd;

use crate::goldens::resnet::*;
use crate::support::golden::Golden;
use crate::support::mutate::*;

/// Expects a training step to be told from PyTorch's.
fn expect_caught(what: &str, plant: impl Fn(&Program) -> Program) {
    let golden = Golden::resnet();
    let program = training(&golden);
    assert_eq!(check_training(&golden, &program), Ok(()), "{what}: the original");
    let mutant = plant(&program);
    assert_eq!(verify(&mutant), Ok(()), "{what}: types alone give the bug away");
    assert!(check_training(&golden, &mutant).is_err(), "{what} goes unnoticed");
}

/// The same for a network that is not the one it should be.
fn expect_network_caught(what: &str, network: &Network) {
    let golden = Golden::resnet();
    expect_caught(what, |_| lower::training(network, BATCH, &sgd(&golden)));
}

fn is_momentum(role: Role) -> bool {
    matches!(role, Role::Slot(..))
}

#[test]
fn means_without_one_over_n() {
    expect_caught("1/N", |p| constants(p, 1.0 / BATCH as f64, 1.0));
}

#[test]
fn stride_on_the_second_convolution() {
    let network =
        network_with(|stride| [1, stride], |d, x, width, stride| d.option_a(x, width, stride));
    expect_network_caught("stride", &network);
}

#[test]
fn shortcut_that_averages() {
    let network = network_with(
        |stride| [stride, 1],
        |d, x, width, stride| {
            let x = d.pool(PoolKind::Avg, x, stride, stride, 0);
            d.option_a(x, width, 1)
        },
    );
    expect_network_caught("2×2 means", &network);
}

#[test]
fn shortcut_from_the_activated_value() {
    let network = network_with(
        |stride| [stride, 1],
        |d, x, width, stride| {
            let x = d.same(Layer::Activation(Activation::Relu), x);
            d.option_a(x, width, stride)
        },
    );
    expect_network_caught("activated shortcut", &network);
}

fn remaps(program: &Program, change: impl Fn(&mut Remap, &Node) -> bool) -> Program {
    rebuild(program, |copy, _, node| match node.op {
        Op::Remap(mut remap) => {
            change(&mut remap, node).then(|| copy.emit(Op::Remap(remap), &node.args))
        }
        _ => None,
    })
}

#[test]
fn shortcut_padded_on_both_sides() {
    expect_caught("zeros on both sides", |p| {
        remaps(p, |remap, _| {
            let pads = matches!(remap.axes[3].len, 8 | 16) && remap.axes[1].mul == 1;
            remap.axes[3].offset -= (remap.axes[3].len / 4) as isize;
            pads && remap.axes[1].div == 1
        })
    });
}

#[test]
fn shortcut_from_the_second_pixel() {
    expect_caught("every second pixel from the second", |p| {
        remaps(p, |remap, _| {
            remap.axes[1].offset += 1;
            remap.axes[1].mul == 2
        })
    });
}

#[test]
fn running_variance_biased() {
    for count in [256.0, 64.0, 16.0] {
        expect_caught(&format!("1/{count}"), |p| constants(p, 0.1 / (count - 1.0), 0.1 / count));
    }
}

/// PyTorch's momentum is the weight of the newest batch.
#[test]
fn running_statistics_with_momentum_reversed() {
    expect_caught("0.9 for 0.1", |p| {
        let blends = updates_of(p, |role| role == Role::Statistic);
        rebuild(p, |copy, id, node| {
            blends.contains(&id).then(|| {
                let parts = copy.old_args(id).to_vec();
                let kept = parts
                    .iter()
                    .position(|&a| is_scaled_input(p, a, |role| role == Role::Statistic, 0.9))
                    .expect("a running statistic");
                let old = copy.scale(node.args[kept], 1.0 / 9.0);
                let new = copy.scale(node.args[1 - kept], 9.0);
                copy.binary(Binary::Add, old, new)
            })
        })
    });
}

#[test]
fn running_statistics_left_alone() {
    expect_caught("no update", |p| {
        let mut mutant = p.clone();
        mutant.updates.retain(|(i, _)| p.graph.input(*i).role != Role::Statistic);
        mutant
    });
}

#[test]
fn wrong_epsilon() {
    for epsilon in [1e-3, 1e-6] {
        expect_caught("ε", |p| constants(p, 1e-5, epsilon));
    }
}

/// Whether a node adds the decay to the gradient, and which argument the gradient is.
fn gradient_beside_decay(program: &Program, id: NodeId) -> Option<usize> {
    let node = program.graph.node(id);
    let decay = node
        .args
        .iter()
        .position(|&a| is_scaled_input(program, a, |role| role == Role::Parameter, 1e-2));
    (node.op == Op::Binary(Binary::Add)).then_some(1 - decay?)
}

#[test]
fn decay_after_momentum() {
    let lr = 0.05;
    expect_caught("decoupled decay", |p| {
        let input = |id: NodeId| {
            p.updates
                .iter()
                .find(|u| u.1 == id)
                .map(|u| u.0)
                .filter(|&i| p.graph.input(i).role == Role::Parameter)
        };
        rebuild(p, |copy, id, node| match (gradient_beside_decay(p, id), input(id)) {
            (Some(gradient), _) => Some(node.args[gradient]),
            (None, Some(w)) => {
                let w = copy.input(w);
                let decay = copy.scale(w, -lr * 1e-2);
                let stepped = copy.emit(node.op, &node.args);
                Some(copy.binary(Binary::Add, stepped, decay))
            }
            (None, None) => None,
        })
    });
}

#[test]
fn decay_on_weights_only() {
    expect_caught("γ and β without decay", |p| {
        rebuild(p, |_, id, node| {
            let gradient = gradient_beside_decay(p, id)?;
            (node.ty.shape.0[..3] == [1, 1, 1]).then(|| node.args[gradient])
        })
    });
}

#[test]
fn nesterov_forgotten() {
    let golden = Golden::resnet();
    let plain = Sgd { nesterov: false, ..sgd(&golden) };
    expect_caught("plain momentum", |_| lower::training(&network(), BATCH, &plain));
}

#[test]
fn momentum_dampened() {
    expect_caught("(1 − μ)·g", |p| {
        let momenta = updates_of(p, is_momentum);
        rebuild(p, |copy, id, node| {
            momenta.contains(&id).then(|| {
                let parts = copy.old_args(id).to_vec();
                let kept = parts
                    .iter()
                    .position(|&a| is_scaled_input(p, a, is_momentum, 0.9))
                    .expect("a momentum");
                let new = copy.scale(node.args[1 - kept], 0.1);
                copy.binary(Binary::Add, node.args[kept], new)
            })
        })
    });
}

#[test]
fn momentum_not_carried() {
    expect_caught("momentum of one step", |p| {
        let mut mutant = p.clone();
        mutant.updates.retain(|(i, _)| !is_momentum(p.graph.input(*i).role));
        mutant
    });
}

#[test]
fn relu_mask_at_least_zero() {
    expect_caught("≥ for >", |p| {
        rebuild(p, |copy, _, node| {
            (node.op == Op::Unary(Unary::Step)).then(|| {
                let negated = copy.unary(Unary::Neg, node.args[0]);
                let below = copy.unary(Unary::Step, negated);
                let one = copy.constant(1.0);
                copy.binary(Binary::Sub, one, below)
            })
        })
    });
}

#[test]
fn kernel_axes_exchanged() {
    let golden = Golden::resnet();
    for name in ["conv1.weight", "units.2.conv2.weight"] {
        let mut mutant = golden.clone();
        let key = format!("before.{name}");
        mutant.set(&key, golden.get(&key).kernel_transposed());
        let program = lower::gradients(&network(), BATCH);
        assert_eq!(check_gradients(&golden, &program), Ok(()));
        assert!(check_gradients(&mutant, &program).is_err(), "{name} goes unnoticed");
    }
}

#[test]
fn inference_with_the_batch_s_statistics() {
    let golden = Golden::resnet();
    assert_eq!(check_inference(&golden, &lower::inference(&network(), BATCH)), Ok(()));
    let mut mutant = lower::gradients(&network(), BATCH);
    mutant.outputs.retain(|o| o.kind == OutputKind::Logits);
    assert!(check_inference(&golden, &mutant).is_err());
}
