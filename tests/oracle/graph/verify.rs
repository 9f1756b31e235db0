//! Each invariant of a program, broken.

use rnetc::graph::PoolKind;
use rnetc::graph::verify::verify;
use rnetc::graph::*;
use rnetc::lower;
use rnetc::nn::optimiser::Sgd;

use crate::support::zoo;

fn correct() -> Program {
    let sgd = Sgd { nesterov: true, ..Sgd::PAPER };
    lower::training(&zoo::preact(), 2, &sgd)
}

fn reason(program: &Program) -> String {
    verify(program).expect_err("a broken program").reason
}

/// The first node that `wanted` accepts.
fn find(program: &Program, wanted: impl Fn(&Node) -> bool) -> NodeId {
    program.graph.ids().find(|&id| wanted(program.graph.node(id))).expect("such a node")
}

fn change(wanted: impl Fn(&Node) -> bool, change: impl Fn(&mut Node)) -> (NodeId, Program) {
    let mut program = correct();
    let id = find(&program, wanted);
    change(&mut program.graph.nodes[id.index()]);
    (id, program)
}

fn assert_broken_at((id, program): (NodeId, Program)) {
    assert_eq!(verify(&program).expect_err("a broken program").node, id);
}

#[test]
fn every_network_of_the_zoo_verifies() {
    let sgd = Sgd::PAPER;
    for (name, network) in zoo::all() {
        for program in [
            lower::training(&network, 2, &sgd),
            lower::gradients(&network, 1),
            lower::inference(&network, 3),
        ] {
            assert_eq!(verify(&program), Ok(()), "{name}");
        }
    }
}

#[test]
fn arguments_come_before_their_users() {
    let last = NodeId(correct().graph.nodes.len() as u32);
    let relu = |n: &Node| n.op == Op::Unary(Unary::Relu);
    assert_broken_at(change(relu, |n| n.args[0] = last));
    let mut program = correct();
    let id = find(&program, relu);
    program.graph.nodes[id.index()].args[0] = id;
    assert!(reason(&program).contains("does not come before"));
}

#[test]
fn the_number_of_arguments_fits() {
    let binary = |n: &Node| matches!(n.op, Op::Binary(_));
    assert_broken_at(change(binary, |n| n.args.truncate(1)));
    assert_broken_at(change(binary, |n| n.args.push(n.args[0])));
    let constant = |n: &Node| matches!(n.op, Op::Const(_));
    assert_broken_at(change(constant, |n| n.args.push(NodeId(0))));
}

#[test]
fn types_are_what_the_operation_gives() {
    let wider = |n: &mut Node| n.ty.shape.0[3] += 1;
    assert_broken_at(change(|n| matches!(n.op, Op::Conv(_)), wider));
    assert_broken_at(change(|n| matches!(n.op, Op::Reduce(..)), wider));
    assert_broken_at(change(|n| matches!(n.op, Op::Unary(_)), wider));
    assert_broken_at(change(|n| matches!(n.op, Op::Input(_)), wider));
    assert_broken_at(change(|n| matches!(n.op, Op::Const(_)), wider));
    assert_broken_at(change(|n| matches!(n.op, Op::Remap(_)), wider));
    let conv = |n: &Node| matches!(n.op, Op::Conv(_));
    assert_broken_at(change(conv, |n| n.ty.batched = false));
}

#[test]
fn no_extent_is_zero() {
    let (_, program) = change(|n| matches!(n.op, Op::Input(_)), |n| n.ty.shape.0[1] = 0);
    assert!(reason(&program).contains("no element"));
}

#[test]
fn inputs_exist() {
    let missing = Op::Input(InputId(10_000));
    assert_broken_at(change(|n| matches!(n.op, Op::Input(_)), |n| n.op = missing));
}

/// A graph of one picture and one operation on it.
fn single(op: Op, shape: [usize; 4], result: [usize; 4]) -> Program {
    let ty = |shape| Type { shape: Shape(shape), batched: true };
    let input = Input { name: "x".into(), role: Role::Images, ty: ty(shape) };
    let node = |op, args, shape| Node { op, args, ty: ty(shape), origin: Origin::default() };
    let nodes = vec![node(Op::Input(InputId(0)), vec![], shape), node(op, vec![NodeId(0)], result)];
    let graph = Graph { nodes, inputs: vec![input] };
    Program { graph, ..Program::default() }
}

#[test]
fn broadcasts_only_repeat() {
    assert_eq!(verify(&single(Op::Broadcast, [1, 1, 4, 1], [1, 3, 4, 2])), Ok(()));
    assert!(verify(&single(Op::Broadcast, [1, 3, 4, 1], [1, 6, 4, 1])).is_err(), "3 to 6");
    assert!(verify(&single(Op::Broadcast, [1, 3, 4, 1], [1, 1, 4, 1])).is_err(), "3 to 1");
}

#[test]
fn windows_fit_and_hold_a_pixel() {
    let pool = |window, stride, padding, out| {
        let g = PoolGeometry::square(PoolKind::Max, [4, 4], [window, stride, padding]);
        verify(&single(Op::Pool(g), [1, 4, 4, 1], [1, out, out, 1]))
    };
    assert_eq!(pool(2, 2, 0, 2), Ok(()));
    assert!(pool(0, 1, 0, 5).is_err(), "an empty window");
    assert!(pool(2, 0, 0, 2).is_err(), "a stride of zero");
    assert!(pool(2, 2, 2, 4).is_err(), "windows in the padding alone");
    assert!(pool(5, 1, 0, 1).is_err(), "a window larger than the picture");
}

#[test]
fn convolutions_fit() {
    let (_, program) = change(
        |n| matches!(n.op, Op::Conv(_)),
        |n| {
            if let Op::Conv(g) = &mut n.op {
                g.stride = 0;
            }
        },
    );
    assert!(verify(&program).is_err(), "a stride of zero");
    for groups in [0, 2] {
        let (_, program) = change(
            |n| matches!(n.op, Op::Conv(_)),
            |n| {
                if let Op::Conv(g) = &mut n.op {
                    g.groups = groups;
                }
            },
        );
        assert!(verify(&program).is_err(), "weights of one group in {groups}");
    }
    let kernel = |g: &mut ConvGeometry| g.kernel = [99, 99];
    for dx in [true, false] {
        let (_, program) = change(
            |n| matches!((&n.op, dx), (Op::ConvDx(_), true) | (Op::ConvDw(_), false)),
            |n| match &mut n.op {
                Op::ConvDx(g) | Op::ConvDw(g) => kernel(g),
                _ => {}
            },
        );
        assert!(verify(&program).is_err(), "a kernel larger than the picture");
    }
}

/// Contractions outside the batch are products of single pixels; whole windows are of images.
#[test]
fn matrices_are_multiplied_outside_the_batch() {
    let ty = |shape, batched| Type { shape: Shape(shape), batched };
    let product = |op, [x, w, y]: [Type; 3]| {
        let input = |at: u32, ty| Node {
            op: Op::Input(InputId(at)),
            args: vec![],
            ty,
            origin: Origin::default(),
        };
        let node = Node { op, args: vec![NodeId(0), NodeId(1)], ty: y, origin: Origin::default() };
        let nodes = vec![input(0, x), input(1, w), node];
        let inputs =
            [x, w].map(|ty| Input { name: "x".into(), role: Role::Parameter, ty }).to_vec();
        verify(&Program { graph: Graph { nodes, inputs }, ..Program::default() })
    };
    let point = ConvGeometry::POINT;
    let [x, w, y] = [[4, 1, 1, 3], [1, 1, 3, 5], [4, 1, 1, 5]].map(|shape| ty(shape, false));
    assert_eq!(product(Op::Conv(point), [x, w, y]), Ok(()));
    assert_eq!(product(Op::ConvDx(point), [y, w, x]), Ok(()));
    assert_eq!(product(Op::ConvDw(point), [x, y, w]), Ok(()));
    let images = Type { batched: true, ..x };
    assert!(product(Op::Conv(point), [x, Type { batched: true, ..w }, y]).is_err(), "w of images");
    assert!(product(Op::Conv(point), [images, w, y]).is_err(), "images become a matrix");
    assert!(product(Op::ConvDw(point), [images, y, w]).is_err(), "images and a matrix");
    let rows = ConvGeometry { input: [4, 1], ..point };
    let [x, y] = [[1, 4, 1, 3], [1, 4, 1, 5]].map(|shape| ty(shape, false));
    assert!(product(Op::Conv(rows), [x, w, y]).is_err(), "an image outside the batch");
}

#[test]
fn outside_the_batch_every_axis_takes_another_length() {
    let reshape = |batched, result| {
        let mut program = single(Op::Reshape, [2, 3, 1, 4], result);
        program.graph.inputs[0].ty.batched = batched;
        program.graph.nodes.iter_mut().for_each(|node| node.ty.batched = batched);
        verify(&program)
    };
    assert_eq!(reshape(false, [6, 1, 1, 4]), Ok(()));
    assert_eq!(reshape(true, [2, 1, 1, 12]), Ok(()));
    assert!(reshape(true, [6, 1, 1, 4]).is_err(), "images stay images");
    assert!(reshape(false, [6, 1, 1, 2]).is_err(), "elements are lost");
}

#[test]
fn remaps_divide_by_something() {
    let remap = |mul, div| {
        let mut axes = [1, 4, 4, 1].map(AxisMap::identity);
        axes[1] = AxisMap { len: 4, mul, offset: 0, div };
        verify(&single(Op::Remap(Remap { axes }), [1, 4, 4, 1], [1, 4, 4, 1]))
    };
    assert_eq!(remap(1, 1), Ok(()));
    assert!(remap(0, 1).is_err(), "a factor of zero has no adjoint");
    assert!(remap(1, 0).is_err(), "a division by zero");
}

#[test]
fn outputs_are_what_they_say() {
    let gradient = |input| {
        let mut program = lower::gradients(&zoo::preact(), 2);
        let last = program.outputs.last_mut().expect("an output");
        assert!(matches!(last.kind, OutputKind::Gradient(_)));
        last.kind = OutputKind::Gradient(InputId(input));
        reason(&program)
    };
    assert!(gradient(10_000).contains("does not exist"));
    assert!(gradient(0).contains("of type"));
    let mut program = correct();
    program.outputs[1].kind = program.outputs[0].kind;
    assert!(reason(&program).contains("two outputs are loss"));
}

#[test]
fn roots_exist_and_updates_fit() {
    let missing = NodeId(100_000);
    let mut program = correct();
    program.outputs[0].node = missing;
    assert!(reason(&program).contains("does not exist"));
    let mut program = correct();
    program.updates[0].1 = missing;
    assert!(reason(&program).contains("does not exist"));
    let mut program = correct();
    program.updates[0].0 = InputId(10_000);
    assert!(reason(&program).contains("does not exist"));
    let mut program = correct();
    program.updates[0].1 = program.outputs[1].node;
    assert!(reason(&program).contains("of type"));
    let mut program = correct();
    let first = program.updates[0];
    program.updates.push(first);
    assert!(reason(&program).contains("twice"));
}
