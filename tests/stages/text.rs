//! Graphs as text and back.

use std::path::Path;

use proptest::prelude::*;
use rnetc::graph::{
    AxisMap, Graph, Input, InputId, Node, NodeId, Number, Op, Origin, OutputKind, Program, Remap,
    Role, Shape, Type,
};
use rnetc::lower::{self, Form, Goal, Updates};

use crate::network;

fn assert_reads_back(what: &str, program: &Program) {
    let text = program.to_string();
    match text.parse::<Program>() {
        Ok(read) => assert!(read == *program, "{what} reads differently"),
        Err(error) => {
            let line = text.lines().nth(error.line.saturating_sub(1));
            panic!("{what}: {error}: {}", line.unwrap_or_default());
        }
    }
}

/// Training with all that it can have, and inference, of every spec with its own numbers; before
/// and after all passes.
#[test]
fn every_spec_reads_back() {
    let training = Form { recompute: true, scaled: true, ranks: None };
    let resnet9 = include_str!("../../specs/resnet9.rnet");
    let ghosts = network("ghosts", resnet9, &[("ghost".into(), "3".into())]);
    assert_reads_back("ghosts", &lower::program(&ghosts, 8, Goal::Gradients));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("specs") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "rnet") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a spec");
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let network = network(&name, &text, &[]);
        for goal in [Goal::Training(Updates::PAPER, training), Goal::Gradients, Goal::Inference] {
            assert_reads_back(&name, &lower::before_passes(&network, 8, goal));
            assert_reads_back(&name, &lower::program(&network, 8, goal));
        }
        count += 1;
    }
    assert!(count > 20, "{count} specs");
}

/// A program of one input and one operation on it.
fn single(op: Op, [from, to]: [[usize; 4]; 2]) -> Program {
    let ty = |shape| Type { shape: Shape(shape), batched: true };
    let node = |op, args, shape| Node { op, args, ty: ty(shape), origin: Origin::default() };
    let input = Input { name: "a \"b\"\n×".into(), role: Role::Cut, ty: ty(from) };
    let nodes = vec![node(Op::Input(InputId(0)), vec![], from), node(op, vec![NodeId(0)], to)];
    let graph = Graph { nodes, inputs: vec![input] };
    let outputs = vec![OutputKind::Cut.of(NodeId(1))];
    Program { graph, outputs, updates: Vec::new(), batch: 1 }
}

fn axis_map() -> impl Strategy<Value = AxisMap> {
    let numbers = (1..5usize, 1..4usize, -4..5isize, 1..4usize);
    numbers.prop_map(|(len, mul, offset, div)| AxisMap { len, mul, offset, div })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_remap_reads_back(axes in prop::array::uniform4(axis_map())) {
        let shapes = [[2, 3, 4, 5], axes.map(|axis| axis.len)];
        assert_reads_back("a remap", &single(Op::Remap(Remap { axes }), shapes));
    }

    #[test]
    fn every_number_reads_back(bits in any::<u64>()) {
        let ty = Type { shape: Shape::SCALAR, batched: false };
        let op = Op::Const(Number(f64::from_bits(bits)));
        let node = Node { op, args: Vec::new(), ty, origin: Origin::default() };
        let graph = Graph { nodes: vec![node], inputs: Vec::new() };
        assert_reads_back("a number", &Program { graph, ..Program::default() });
    }

    /// A text with a few characters exchanged is read or refused.
    #[test]
    fn broken_texts_are_refused_without_a_panic(
        at in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..4),
    ) {
        let spec = "net a(classes = 2) {\n    input(1, 4, 4) -> conv(3x3, 2, stride: 2) -> bn -> relu \
            -> max_pool(2) -> global_avg_pool -> linear(classes)\n}\n";
        let network = network("a", spec, &[]);
        let text = lower::program(&network, 2, Goal::Gradients).to_string();
        let mut characters: Vec<char> = text.chars().collect();
        for (place, other) in at {
            let other = characters[other.index(characters.len())];
            let place = place.index(characters.len());
            characters[place] = other;
        }
        let _ = characters.into_iter().collect::<String>().parse::<Program>();
    }
}

#[test]
fn errors_name_the_line() {
    let head = "batch 1\n\n# a picture\nin0: 1×4×4×2 batched = images \"images\"\n\
        %0: 1×4×4×2 batched = input in0\n";
    assert!(head.parse::<Program>().is_ok());
    for (line, reason) in [
        ("in2: 1×1×1×1 = seed \"seed\"", "in2 should be in1"),
        ("in1: 1×1×1×1 = water \"w\"", "no role is called `water`"),
        ("in1: 1×1×1×1 = momentum \"w\"", "`in` and a number should stand at `\"w\"`"),
        ("in1: 1×1×1×1 = seed seed", "`seed` is not a name in quotes"),
        ("in1: 4294967295×4294967295×4294967295×1 = seed \"s\"", "has too many elements"),
        ("%2: 1×4×4×2 batched = relu %0", "%2 should be %1"),
        ("%1: 1×4×4 batched = relu %0", "`×` should stand at `batched = relu %0`"),
        ("%1: 1×4×4×2 batched = relu %1", "%1 does not come before"),
        ("%1: 1×4×4×2 batched = relu %0, %0", "relu takes 1 arguments, not 2"),
        ("%1: 1×4×4×2 batched = rleu %0", "no operation is called `rleu`"),
        ("%1: 1×4×4×2 batched = relu %0 now", "`now` is too much"),
        ("%1: 1×4×4×2 = relu %0", "relu of (1×4×4×2 batched) is not 1×4×4×2"),
        ("%1: 1×1×1×1 = const one", "`one` is not a number"),
        ("%1: 1×1×1×2 = reduce sum hwn %0", "`hwn` is not a choice of `nhwc`"),
        ("%1: 1×1×1×2 = reduce mean nhw %0", "nothing here is called `mean`"),
        ("%1: 1×4×4×2 batched = remap [i, i, i] %0", "`,` should stand at `] %0`"),
        (
            "%1: 1×2×2×2 batched = pool max 2/0 %0",
            "pool max 2/0 of (1×4×4×2 batched) is not 1×2×2×2 batched",
        ),
        ("output best = %0", "no output is called `best`"),
        ("output loss = 0", "`%` and a number should stand at `0`"),
        ("output loss = %9", "is wanted but does not exist"),
        ("update in0", "`=` should stand at the end"),
        ("update in9 = %0", "updates in9, which does not exist"),
    ] {
        let error = format!("{head}{line}\n").parse::<Program>().expect_err(line);
        assert_eq!(error.reason, reason, "{line}");
        let of_a_root = reason.contains("exist");
        assert!(of_a_root || error.line == 6, "{line}: {error}");
    }
}
