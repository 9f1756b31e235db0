//! Bugs in a backward pass that finite differences must see.

use rnetc::graph::verify::verify;
use rnetc::graph::{
    Binary, ConvGeometry, Node, NodeId, Number, Op, OutputKind, PoolKind, Program, Unary,
};
use rnetc::lower;
use rnetc::network::Network;

use crate::support::differences::check;
use crate::support::mutate::{Copy, rebuild};
use crate::support::{state, zoo};

const BATCH: usize = 3;
const ELEMENTS: usize = 6;

/// Plants a bug and expects the check to turn red, though types still fit.
fn expect_caught(what: &str, network: &Network, plant: impl Fn(&Program) -> Program) {
    let program = lower::gradients(network, BATCH);
    let inputs = state::random(&program, 11);
    assert_eq!(check(&program, &inputs, ELEMENTS), Ok(()), "{what}: the original");
    let mutant = plant(&program);
    assert_eq!(verify(&mutant), Ok(()), "{what}: types alone give the bug away");
    assert!(check(&mutant, &inputs, ELEMENTS).is_err(), "{what} goes unnoticed");
}

/// Nodes after the loss belong to the backward pass alone.
fn is_backward(program: &Program, id: NodeId) -> bool {
    program.outputs.iter().any(|o| o.kind == OutputKind::Loss && id > o.node)
}

/// Changes the nodes of the backward pass.
fn backward(
    program: &Program,
    mut change: impl FnMut(&mut Copy, NodeId, &Node) -> Option<NodeId>,
) -> Program {
    rebuild(
        program,
        |copy, id, node| {
            if is_backward(program, id) { change(copy, id, node) } else { None }
        },
    )
}

/// Changes the operation of backward nodes.
fn backward_op(program: &Program, change: impl Fn(Op) -> Option<Op>) -> Program {
    backward(program, |copy, _, node| change(node.op).map(|op| copy.emit(op, &node.args)))
}

fn backward_ids(program: &Program, op: Op) -> Vec<NodeId> {
    let ids = program.graph.ids().filter(|&id| is_backward(program, id));
    ids.filter(|&id| program.graph.node(id).op == op).collect()
}

/// Every sum in the backward pass joins gradients of several uses (of the shortcut and F, of a
/// batch norm's input and its two statistics, of a module applied twice): dropping either term of
/// any of them is caught.
#[test]
fn dropped_terms() {
    for (name, network) in [("preact", zoo::preact()), ("shared", zoo::shared_module())] {
        let program = lower::gradients(&network, BATCH);
        let sums = backward_ids(&program, Op::Binary(Binary::Add));
        assert!(sums.len() >= 6, "{name} has {} sums", sums.len());
        for sum in sums {
            for kept in 0..2 {
                expect_caught(&format!("{name}: half of {sum}"), &network, |p| {
                    backward(p, |copy, id, node| {
                        let ty = p.graph.node(id).ty;
                        // What is kept has the sum's type, or is repeated up to it.
                        (id == sum).then(|| copy.broadcast(node.args[kept], ty))
                    })
                });
            }
        }
    }
}

#[test]
fn flipped_signs() {
    for network in [zoo::preact(), zoo::arithmetic()] {
        let program = lower::gradients(&network, BATCH);
        let negations = backward_ids(&program, Op::Unary(Unary::Neg));
        assert!(!negations.is_empty());
        for negation in negations {
            expect_caught(&format!("the sign of {negation}"), &network, |p| {
                backward(p, |_, id, node| (id == negation).then(|| node.args[0]))
            });
        }
    }
}

/// The mask is taken from relu's output, which is never negative.
#[test]
fn relu_mask_at_least_zero() {
    expect_caught("≥ for >", &zoo::preact(), |p| {
        backward(p, |copy, _, node| {
            (node.op == Op::Unary(Unary::Step)).then(|| {
                let negated = copy.unary(Unary::Neg, node.args[0]);
                let below = copy.unary(Unary::Step, negated);
                let one = copy.constant(1.0);
                copy.binary(Binary::Sub, one, below)
            })
        })
    });
}

/// Stride 3 with padding 2 gives as many outputs as stride 2 with padding 1 here.
fn restrided(g: ConvGeometry) -> Option<ConvGeometry> {
    (g.stride == 2 && g.kernel == [3, 3]).then_some(ConvGeometry {
        stride: 3,
        padding: [2; 2],
        ..g
    })
}

#[test]
fn convolution_gradients_with_another_stride() {
    expect_caught("ConvDx", &zoo::preact(), |p| {
        backward_op(p, |op| match op {
            Op::ConvDx(g) => restrided(g).map(Op::ConvDx),
            _ => None,
        })
    });
    expect_caught("ConvDw", &zoo::preact(), |p| {
        backward_op(p, |op| match op {
            Op::ConvDw(g) => restrided(g).map(Op::ConvDw),
            _ => None,
        })
    });
}

#[test]
fn shortcut_gradient_off_by_one() {
    for axis in [1, 2, 3] {
        expect_caught(&format!("axis {axis}"), &zoo::preact(), |p| {
            backward_op(p, |op| match op {
                Op::Remap(mut remap) => {
                    remap.axes[axis].offset += 1;
                    Some(Op::Remap(remap))
                }
                _ => None,
            })
        });
    }
}

#[test]
fn max_pooling_spreads_its_gradient() {
    expect_caught("mean for max", &zoo::pools(), |p| {
        backward_op(p, |op| match op {
            Op::PoolDx(mut g) if g.kind == PoolKind::Max => {
                g.kind = PoolKind::Avg;
                Some(Op::PoolDx(g))
            }
            _ => None,
        })
    });
}

#[test]
fn sigmoid_derivative_with_a_plus() {
    expect_caught("y(1 + y)", &zoo::pooled_gate(), |p| {
        backward_op(p, |op| match op {
            Op::Binary(Binary::Sub) => Some(Op::Binary(Binary::Add)),
            _ => None,
        })
    });
}

/// The backward pass of dropout multiplies by forward's mask.
#[test]
fn dropout_without_its_mask() {
    expect_caught("no mask", &zoo::dropout(), |p| {
        let is_mask = |id: NodeId| p.graph.node(id).op == Op::Unary(Unary::Step);
        backward(p, |copy, id, node| {
            let masked = copy.old_args(id).iter().position(|&a| is_mask(a))?;
            (node.op == Op::Binary(Binary::Mul)).then(|| node.args[1 - masked])
        })
    });
}

/// The loss is summed, its gradient is the mean's.
#[test]
fn loss_without_one_over_n() {
    expect_caught("Σ for mean", &zoo::original(), |p| {
        let loss = p.outputs[p.position(OutputKind::Loss).expect("a loss")].node;
        rebuild(p, |copy, id, node| {
            (id == loss).then(|| {
                let mean = copy.emit(node.op, &node.args);
                copy.scale(mean, BATCH as f64)
            })
        })
    });
}

/// The second moment's factor 2 is forgotten.
#[test]
fn variance_gradient_halved() {
    expect_caught("½ of M2's gradient", &zoo::preact(), |p| {
        rebuild(p, |copy, _, node| (node.op == Op::Const(Number(2.0))).then(|| copy.constant(1.0)))
    });
}
