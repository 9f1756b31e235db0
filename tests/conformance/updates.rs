//! Optimisers, frozen parts and clipping: the engines agree with the interpreter, and
//! what is not asked for is not computed.

use rnetc::engine::cpu::CpuEngine;
use rnetc::engine::cpu::simd::Isa;
use rnetc::engine::wgpu::{GpuPlan, Target};
use rnetc::engine::{Engine, Precision};
use rnetc::gradcheck;
use rnetc::graph::builder::Builder;
use rnetc::graph::interp::Inputs;
use rnetc::graph::{
    Average, Class, EndId, Input, InputId, Program, Role, Shape, Slot, Type, interp,
};
use rnetc::lower::{self, Form, Goal, Updates};
use rnetc::network::{Network, TensorKind};
use rnetc::nn::averages::Averages;
use rnetc::nn::optimiser::{AdamW, Clip, Lion, Muon, Rule, Sgd, Step, Update};
use rnetc::sema;
use rnetc::source::Source;

use crate::compare::{agree, agrees};
use crate::support::{small, with};

const PLAIN: Form = Form { recompute: false, scaled: false, ranks: None };
const SCALED: Form = Form { recompute: false, scaled: true, ranks: None };

/// ε is large, so that a gradient that is rounding moves little.
pub const ADAMW: Rule = Rule::AdamW(AdamW { betas: [0.9, 0.999], eps: 0.1 });

const SGD: Rule = Rule::Sgd { momentum: 0.9, nesterov: false };

const LION: Rule = Rule::Lion(Lion { betas: [0.9, 0.99] });

const ITS: Muon = Muon { momentum: 0.9, steps: 3, normalise_weights: true, ..Muon::JORDAN };
pub const MUON: Rule = Rule::Muon(ITS);

/// Muon for the weights of all layers but the first, SGD for all else.
pub fn by_muon(network: &Network, rate: f64) -> Updates {
    let mut updates = Updates { rule: MUON, ..Updates::of(Sgd::PAPER) };
    for tensor in network.tensors().filter(|tensor| tensor.id.part.is_trained()) {
        let name = network.tensor_name(tensor.id);
        let matrix = tensor.kind != TensorKind::Vector && !name.starts_with("stem.");
        let own = Update { rate, ..updates.common(tensor.kind) };
        let own = if matrix { own } else { Update { rule: SGD, ..own } };
        updates.own.insert(tensor.id, Some(own));
    }
    updates
}

fn step(network: &Network, updates: &Updates, form: Form) -> Program {
    lower::program(network, 4, Goal::Training(updates, form))
}

/// All that is not the head, with its batch norms, stays as it is.
fn head_only(network: &Network, mut updates: Updates) -> Updates {
    for tensor in network.tensors() {
        if !network.tensor_name(tensor.id).starts_with("head.linear") {
            match tensor.id.part.is_trained() {
                true => drop(updates.own.insert(tensor.id, None)),
                false => drop(updates.still.insert(tensor.id.module)),
            }
        }
    }
    updates
}

/// All but one tensor stay as they are.
fn one_only(network: &Network, updates: Updates) -> Updates {
    let mut updates = head_only(network, updates);
    let bias = |name: &str| name.starts_with("head.linear") && name.ends_with("bias");
    let tensor = network.tensors().find(|tensor| bias(&network.tensor_name(tensor.id)));
    updates.own.insert(tensor.expect("the head's bias").id, None);
    updates
}

#[test]
fn engines_agree_on_every_rule() {
    let network = small("preact", "depth=8");
    let of = |rule| Updates { rule, ..Updates::of(Sgd::PAPER) };
    let clipped = |clip| Updates { clip: Some(clip), ..of(ADAMW) };
    for (name, updates, form) in [
        ("adamw", of(ADAMW), PLAIN),
        ("clipped by norm", clipped(Clip::Norm(0.5)), PLAIN),
        ("clipped by value, scaled", clipped(Clip::Value(0.01)), SCALED),
        // A small rate: what is rounding in a gradient of little is much in a direction.
        (
            "muon, clipped by norm",
            Updates { clip: Some(Clip::Norm(0.5)), ..by_muon(&network, 0.1) },
            PLAIN,
        ),
        ("muon, scaled", by_muon(&network, 0.1), SCALED),
        ("muon, recomputed", by_muon(&network, 0.1), Form { recompute: true, ..Form::default() }),
        ("head only", head_only(&network, clipped(Clip::Norm(0.5))), SCALED),
    ] {
        agrees(name, &step(&network, &updates, form), 1e-3);
    }
}

/// On numbers that are given, none of them near zero: of a gradient that is rounding, the sign is
/// anyone's guess.
#[test]
fn engines_agree_on_lion() {
    agrees("lion", &step_by(LION, [3, 3, 5, 7]), 1e-6);
}

/// A rule's update of weights by a gradient that is given and shrinks from step to step: none of its numbers
/// near zero, none of its directions near rounding.
pub fn step_by(rule: Rule, shape: [usize; 4]) -> Program {
    let mut b = Builder::new();
    let ty = Type { shape: Shape(shape), batched: false };
    let lr = b.input("lr", Role::LearningRate, Type { shape: Shape::SCALAR, batched: false });
    let (w, g) = (b.input("w", Role::Parameter, ty), b.input("g", Role::Parameter, ty));
    let m = b.input("m", Role::Slot(Slot::Momentum, InputId(1)), ty);
    let update = Update { rule, weight_decay: 0.1, rate: 0.5, until: None };
    let step = Step { lr, w, g, kept: &[m], filled: None, open: None };
    let (new, kept) = update.apply(&mut b, step);
    let less = b.scale(g, 0.75);
    let updates = vec![(InputId(1), new), (InputId(3), kept[0]), (InputId(2), less)];
    Program { graph: b.finish(), outputs: vec![], updates, batch: 1 }
}

/// f32 rounding times the slope of three iterations at 0, 41.
pub const MUON_ROUNDING: f64 = 1e-5;

/// A gradient of zeros, as a unit whose last γ is 0 has at first, moves nothing but by decay, however small ε is.
#[test]
fn engines_agree_on_gradients_of_zeros() {
    for (name, eps) in [("adamw", AdamW::LEAST_EPS), ("muon", Muon::LEAST_EPS), ("lion", 0.0)] {
        let mut b = Builder::new();
        let ty = Type { shape: Shape([3, 3, 5, 7]), batched: false };
        let scalar = Type { shape: Shape::SCALAR, batched: false };
        let lr = b.input("lr", Role::LearningRate, scalar);
        let w = b.input("w", Role::Parameter, ty);
        let zeros =
            |b: &mut Builder, name: &str, slot| b.input(name, Role::Slot(slot, InputId(1)), ty);
        let [g, first, second] =
            [("g", Slot::SecondMoment), ("m", Slot::FirstMoment), ("v", Slot::SecondMoment)]
                .map(|(name, slot)| zeros(&mut b, name, slot));
        let full = b.constant(1.0);
        let rule = match name {
            "adamw" => Rule::AdamW(AdamW { betas: [0.9, 0.999], eps }),
            "muon" => Rule::Muon(Muon { eps, ..ITS }),
            _ => LION,
        };
        let update = Update { rule, weight_decay: 0.1, rate: 0.5, until: None };
        let kept = if name == "adamw" { vec![first, second] } else { vec![first] };
        let filled = Some([full, full]);
        let (new, kept) = update.apply(&mut b, Step { lr, w, g, kept: &kept, filled, open: None });
        let mut updates = vec![(InputId(1), new)];
        updates.extend((3..).map(InputId).zip(kept));
        let program = Program { graph: b.finish(), outputs: vec![], updates, batch: 1 };
        agrees(&format!("{name}, no gradient"), &program, 1e-5);
    }
}

/// Filters with more inputs and with more outputs, on all of a CPU's instructions and in all of its precisions.
#[test]
fn engines_agree_on_muon() {
    for shape in [[3, 3, 5, 7], [1, 1, 6, 20], [1, 1, 12, 12], [2, 2, 16, 48]] {
        let program = step_by(MUON, shape);
        agrees(&format!("muon, {shape:?}"), &program, MUON_ROUNDING);
        for isa in Isa::available() {
            for precision in [Precision::F32, Precision::Bf16x3, Precision::Bf16] {
                let engine = CpuEngine::on(isa, Some(2), precision).expect("the machine has it");
                let name = format!("muon, {shape:?}, {precision}");
                agree(&name, &program, MUON_ROUNDING, vec![(isa.name(), Box::new(engine))]);
            }
        }
    }
}

/// What Newton–Schulz of one matrix needs is free for the next one's, however many layers share a phase.
#[test]
fn muon_takes_the_memory_of_few_matrices() {
    let memory = |program: &Program| {
        let engine =
            CpuEngine::on(Isa::available()[0], Some(2), Precision::F32).expect("any machine");
        engine.compile(program).expect("compiles").memory()
    };
    const WIDTH: usize = 256;
    const HIDDEN: usize = 4;
    let matrix = WIDTH * WIDTH * size_of::<f32>();
    for (norm, clip) in [("", None), ("-> bn ", None), ("-> bn ", Some(Clip::Norm(1.0)))] {
        let hidden = format!("-> linear({WIDTH}) {norm}-> relu ");
        let text = format!("net n {{ input(4, 1, 1) {}-> linear(3) }}", hidden.repeat(HIDDEN + 1));
        let network = sema::compile(&Source::new("n", text), &[]).expect("a net").network;
        let sgd = Updates { clip, ..Updates::of(Sgd::PAPER) };
        let muon = Updates { clip, ..by_muon(&network, 1.0) };
        let [sgd, muon] = [sgd, muon].map(|updates| memory(&step(&network, &updates, PLAIN)));
        // The direction of each, and of one what is before, after and between: x, its Gram matrix, the square,
        // operands packed and turned.
        let most = (HIDDEN + 6) * matrix + matrix / 4;
        let more = (muon - sgd) as f64 / matrix as f64;
        assert!(muon <= sgd + most, "{norm}{clip:?}: {more:.2} matrices more");
    }
}

/// Neither weight gradients, nor what only they read, nor adjoints below the last trained layer.
#[test]
fn nothing_is_computed_for_what_is_frozen() {
    let network = with("preact", "depth=20");
    let contractions = |program: &Program| {
        let of = |op: &str| program.graph.nodes.iter().filter(|n| n.op.name() == op).count();
        [of("conv"), of("conv_dx"), of("conv_dw")]
    };
    let all = step(&network, Updates::PAPER, PLAIN);
    assert_eq!(contractions(&all), [20, 19, 20]);
    let head = step(&network, &head_only(&network, Updates::of(Sgd::PAPER)), PLAIN);
    assert_eq!(contractions(&head), [20, 0, 1]);
    let kept = head.graph.inputs.iter().filter(|input| matches!(input.role, Role::Slot(..)));
    assert_eq!(kept.count(), 2);
    assert_eq!(head.updates.len(), 4, "weight, bias, their momenta");
    // Half of the units: what stands before is computed forwards only.
    let mut half = Updates::of(Sgd::PAPER);
    for tensor in network.tensors().filter(|tensor| tensor.id.part.is_trained()) {
        let name = network.tensor_name(tensor.id);
        if ["stem.", "units.1.", "units.2.", "units.3.", "units.4."]
            .iter()
            .any(|s| name.starts_with(s))
        {
            half.own.insert(tensor.id, None);
        }
    }
    let half = step(&network, &half, PLAIN);
    assert_eq!(contractions(&half), [20, 11, 11]);
    let windows = half.graph.nodes.iter().filter(|n| n.op.class() == Class::Contraction);
    assert_eq!(windows.count(), 42);
}

/// What is trained for a part of the run only: as ever before its end, and left alone after it, with
/// all that is kept of it.
#[test]
fn engines_agree_on_what_is_trained_for_a_while() {
    let network = small("preact", "depth=8");
    let mut updates = Updates { rule: ADAMW, ..Updates::of(Sgd::PAPER) };
    let stem = network.tensors().find(|t| network.tensor_name(t.id) == "stem.conv.weight");
    let stem = stem.expect("it").id;
    let own = |until| Update { rule: ADAMW, until, rate: 2.0, weight_decay: 0.1 };
    updates.own.insert(stem, Some(own(Some(EndId(1)))));
    agrees("open", &step(&network, &updates, PLAIN), 1e-3);
    let program = step(&network, &updates, SCALED);
    agrees("open, scaled", &program, 1e-3);
    let at = |program: &Program, name: &str| {
        let at = program.graph.inputs.iter().position(|input| input.name == name);
        InputId(at.expect("an input of that name") as u32)
    };
    let mut inputs = gradcheck::random_inputs(&network, &program, 1);
    let (_, open) = interp::run(&program, &inputs);
    inputs.insert(at(&program, "open e1"), vec![0.0]);
    let (_, shut) = interp::run(&program, &inputs);
    for name in ["stem.conv.weight", "stem.conv.weight.first_moment"] {
        let at = at(&program, name);
        assert_ne!(open[&at], inputs[&at], "{name}");
        assert_eq!(shut[&at], inputs[&at], "{name}");
    }
    let head = at(&program, "head.linear.weight");
    assert_eq!(open[&head], shut[&head]);
    // While it is trained, it is trained as without an end.
    updates.own.insert(stem, Some(own(None)));
    let endless = step(&network, &updates, SCALED);
    let same = |(id, input): (usize, &Input)| {
        (InputId(id as u32), inputs[&at(&program, &input.name)].clone())
    };
    let inputs: Inputs = endless.graph.inputs.iter().enumerate().map(same).collect();
    let (_, trained) = interp::run(&endless, &inputs);
    let name = "stem.conv.weight";
    assert_eq!(trained[&at(&endless, name)], open[&at(&program, name)]);
}

/// Averages of all that moves, of AdamW's step the most tensors that one update reads.
#[test]
fn engines_agree_on_averages() {
    let network = small("preact", "depth=8");
    let averages = |lookahead, ema| Averages { lookahead, ema };
    for (name, rule, which, form) in [
        ("lookahead", SGD, averages(true, false), PLAIN),
        ("ema, scaled", SGD, averages(false, true), SCALED),
        ("both", ADAMW, averages(true, true), PLAIN),
        ("both, scaled", ADAMW, averages(true, true), SCALED),
    ] {
        let updates = Updates { rule, averages: which, ..Updates::of(Sgd::PAPER) };
        agrees(name, &step(&network, &updates, form), 1e-3);
    }
}

/// The average has the weight's name, what moves another; what is frozen has none.
#[test]
fn averages_go_by_the_names_of_what_they_average() {
    let network = small("preact", "depth=8");
    let both = Averages { lookahead: true, ema: true };
    let updates = Updates { averages: both, ..head_only(&network, Updates::of(Sgd::PAPER)) };
    let program = step(&network, &updates, PLAIN);
    let inputs = &program.graph.inputs;
    let role = |name: &str| inputs.iter().find(|input| input.name == name).map(|input| input.role);
    let at = |name: &str| InputId(inputs.iter().position(|i| i.name == name).expect("it") as u32);
    let fast = at("head.linear.weight.fast");
    assert_eq!(role("head.linear.weight.fast"), Some(Role::Parameter));
    assert_eq!(role("head.linear.weight"), Some(Role::Average(Average::Ema, fast)));
    assert_eq!(role("head.linear.weight.slow"), Some(Role::Average(Average::Slow, fast)));
    assert_eq!(role("head.linear.weight.momentum"), Some(Role::Slot(Slot::Momentum, fast)));
    assert_eq!(role("stem.conv.weight"), Some(Role::Parameter));
    assert_eq!(role("stem.conv.weight.fast"), None);
    assert_eq!(program.updates.len(), 8, "weight and bias, their momenta, slow and averaged");
    // Statistics that move are averaged too.
    let all = step(&network, &Updates { averages: both, ..Updates::of(Sgd::PAPER) }, PLAIN);
    let average = |input: &&Input| matches!(input.role, Role::Average(..));
    let averages = all.graph.inputs.iter().filter(average).count();
    assert_eq!(averages, 2 * network.tensors().count());
}

/// Updates of all parameters are instances of few dispatches, whatever the optimiser.
#[test]
fn updates_are_dispatched_together() {
    let network = with("preact", "depth=20");
    let both = Averages { lookahead: true, ema: true };
    let dispatches = |rule, clip, averages| {
        let updates = Updates { rule, clip, averages, ..Updates::of(Sgd::PAPER) };
        let program = lower::program(&network, 128, Goal::Training(&updates, PLAIN));
        GpuPlan::untuned(&program, Target::default()).dispatches.len()
    };
    let none = Averages::default();
    let sgd = dispatches(SGD, None, none);
    for (rule, clip, averages, more) in [
        (ADAMW, None, none, 4),
        (LION, None, none, 2),
        // A sum of squares for each of 61 gradients.
        (ADAMW, Some(Clip::Norm(1.0)), none, 64),
        (SGD, None, both, 4),
        (ADAMW, None, both, 8),
    ] {
        let all = dispatches(rule, clip, averages);
        assert!(all <= sgd + more, "{rule:?}, {clip:?}: {all}, of SGD {sgd}");
    }
}

/// A step with a bad gradient leaves every slot as it was.
#[test]
fn a_step_that_is_left_out_leaves_all_that_is_kept() {
    let network = small("preact", "depth=8");
    left_out(&network, &Updates { rule: ADAMW, ..Updates::of(Sgd::PAPER) });
    left_out(&network, &by_muon(&network, 1.0));
}

fn left_out(network: &Network, updates: &Updates) {
    let program = step(network, updates, SCALED);
    let mut inputs = gradcheck::random_inputs(network, &program, 1);
    let at = |role| program.graph.inputs.iter().position(|input| input.role == role).expect("it");
    let scale = InputId(at(Role::LossScale) as u32);
    let (_, moved) = interp::run(&program, &inputs);
    inputs.insert(scale, vec![f64::INFINITY]);
    let (_, left) = interp::run(&program, &inputs);
    for (at, input) in program.graph.inputs.iter().enumerate() {
        let id = InputId(at as u32);
        let kept = match input.role {
            Role::Parameter | Role::Statistic | Role::Slot(..) | Role::Filled(_) => &inputs[&id],
            Role::GoodSteps => &vec![0.0],
            _ => continue,
        };
        assert_eq!(&left[&id], kept, "{}", input.name);
        assert_ne!(&moved[&id], kept, "{}", input.name);
    }
}

/// The norm is of more tensors than a loop has room for.
#[test]
fn gradients_of_a_deep_net_are_clipped() {
    let network = small("preact", "depth=26");
    let updates = Updates { clip: Some(Clip::Norm(0.5)), ..Updates::of(Sgd::PAPER) };
    agrees("deep", &step(&network, &updates, PLAIN), 1e-3);
}

/// Scalars that all updates read, the moments' filling and the clipped norm among them, are known before
/// updates are made side by side.
#[test]
fn any_number_of_threads_updates_to_the_same_bits() {
    let network = small("preact", "depth=8");
    for (rule, clip, form, all) in [
        (ADAMW, Some(Clip::Norm(0.5)), SCALED, true),
        (ADAMW, None, PLAIN, true),
        (LION, Some(Clip::Norm(0.5)), PLAIN, true),
        // The filling has one reader.
        (ADAMW, None, PLAIN, false),
        (MUON, None, PLAIN, true),
    ] {
        let updates = Updates { rule, clip, ..Updates::of(Sgd::PAPER) };
        let updates = if all { updates } else { one_only(&network, updates) };
        let program = step(&network, &updates, form);
        let inputs = crate::support::inputs(&network, &program, 3);
        let run = |threads| {
            let engine = CpuEngine::new(Some(threads), Precision::F32).expect("a CPU");
            let mut executable = crate::support::load(&engine, &program, &inputs);
            (0..3).for_each(|_| executable.run().expect("runs"));
            let state = |&(input, _): &(InputId, _)| executable.state(input).expect("state");
            let state: Vec<Vec<f32>> = program.updates.iter().map(state).collect();
            state.concat().iter().map(|value| value.to_bits()).collect::<Vec<u32>>()
        };
        let one = run(1);
        (0..10).for_each(|_| assert!(run(8) == one, "{rule:?}, {clip:?}"));
    }
}
