//! Ranks: threads with an engine each, that train one network together.

use std::thread;

use rnetc::engine::cpu::CpuEngine;
use rnetc::engine::wgpu::{Style, WgpuEngine};
use rnetc::engine::{Engine, Executable, Precision};
use rnetc::graph::autodiff::gradient;
use rnetc::graph::builder::Builder;
use rnetc::graph::interp::{self, Inputs};
use rnetc::graph::{Axes, InputId, OutputKind, Program, ReduceKind, Role, Shape, Type};
use rnetc::lower::{self, Form, Goal, Updates};
use rnetc::network::Network;
use rnetc::nn::optimiser::{Clip, Sgd};
use rnetc::ranks::{Ranks, threads};
use rnetc::train::record::metrics;
use rnetc::train::tensors::Values;
use rnetc::train::trainer::{End, Session};

use crate::compare;
use crate::runs::{Leaving, session_of};
use crate::support::{compile, inputs, opened, small};
use crate::updates::{ADAMW, by_muon};

/// What each rank comes to.
fn each<T: Send>(count: usize, of: impl Fn(Ranks) -> T + Sync) -> Vec<T> {
    let of = &of;
    let all = threads::ranks(count).expect("threads");
    thread::scope(|scope| {
        let all: Vec<_> = all.into_iter().map(|ranks| scope.spawn(move || of(ranks))).collect();
        all.into_iter().map(|one| one.join().expect("a rank")).collect()
    })
}

fn engine(precision: Precision) -> CpuEngine {
    CpuEngine::new(Some(1), precision).expect("a CPU")
}

/// A rank's part of an input.
fn part(program: &Program, id: InputId, values: &[f64], (rank, ranks): (usize, usize)) -> Vec<f32> {
    let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    if !program.graph.input(id).ty.batched {
        return values;
    }
    let each = values.len() / ranks;
    values[rank * each..(rank + 1) * each].to_vec()
}

/// The bits of all that two steps of a program of all ranks leave: state and the loss, which all ranks have,
/// and the logits of all.
fn bits(program: &Program, inputs: &Inputs, count: usize, precision: Precision) -> Vec<Vec<u32>> {
    let of_rank = |ranks: Ranks| {
        let place = (ranks.rank(), ranks.count());
        let engine = engine(precision).with_ranks(ranks);
        let mut executable = engine.compile_divided(program).expect("compiles");
        for (&id, values) in inputs {
            executable.write(id, &part(program, id, values, place)).expect("an input");
        }
        (0..2).for_each(|_| executable.run().expect("runs"));
        let logits = executable.output(1).expect("logits");
        let state = program.updates.iter().map(|&(id, _)| executable.state(id).expect("state"));
        let mut all: Vec<Vec<f32>> = state.collect();
        all.push(executable.output(0).expect("a loss"));
        (all, logits)
    };
    let (states, logits): (Vec<_>, Vec<_>) = each(count, of_rank).into_iter().unzip();
    assert!(states.iter().all(|state| *state == states[0]), "{count} ranks have different states");
    let mut all = states[0].clone();
    all.push(logits.concat());
    all.iter().map(|values| values.iter().map(|v| v.to_bits()).collect()).collect()
}

#[test]
fn one_program_gives_the_same_bits_on_any_number_of_ranks() {
    for (spec, settings, precision) in [
        ("preact", "depth=8", Precision::F32),
        ("preact", "depth=8", Precision::Bf16),
        ("wide", "depth=10 widen=2 width=4 drop=0.3", Precision::F32),
        ("stochastic_depth", "depth=8", Precision::F32),
        ("airbench94", "width=2", Precision::F32),
    ] {
        let network = small(spec, settings);
        let program = lower::training(&network, 16, &Sgd::PAPER);
        let inputs = inputs(&network, &program, 3);
        let one = bits(&program, &inputs, 1, precision);
        for count in [2, 4] {
            let some = bits(&program, &inputs, count, precision);
            assert!(one == some, "{spec} in {precision}: {count} ranks differ");
        }
        // And it is the plain program.
        let plain = engine(precision);
        let mut executable = crate::support::load(&plain, &program, &inputs);
        (0..2).for_each(|_| executable.run().expect("runs"));
        let loss = executable.output(0).expect("a loss")[0].to_bits();
        assert_eq!(one[one.len() - 2], [loss], "{spec}");
    }
}

/// Weight gradients by Winograd's tiles, and of single pixels and groups.
const WIDE: &str = "net n(classes = 3) { input(2, 8, 8) -> conv(3x3, 32) -> bn -> relu -> conv(3x3, 32) -> bn -> relu \
    -> conv(1x1, 48) -> conv(3x3, 48, groups: 3) -> global_avg_pool -> linear(classes) }";

#[test]
fn gradients_that_are_transformed_give_the_same_bits_too() {
    let network = compile("n", WIDE, "");
    let program = lower::training(&network, 16, &Sgd::PAPER);
    let inputs = inputs(&network, &program, 3);
    for precision in [Precision::F32, Precision::Bf16] {
        let one = bits(&program, &inputs, 1, precision);
        for count in [2, 4] {
            assert!(one == bits(&program, &inputs, count, precision), "{count} in {precision}");
        }
    }
}

/// Ghost batches are those of the whole batch, by their places there.
const GHOSTS: &str = "net n(classes = 3) { input(2, 4, 4) -> conv(3x3, 4) -> bn(ghost: 4) -> relu -> linear(classes) }";

#[test]
fn ghost_batches_lie_where_they_did() {
    let network = compile("n", &GHOSTS.replace("ghost: 4", "ghost: 8"), "");
    let program = lower::training(&network, 16, &Sgd::PAPER);
    let inputs = inputs(&network, &program, 3);
    let one = bits(&program, &inputs, 1, Precision::F32);
    // A ghost batch a rank, and half a one.
    for count in [2, 4] {
        assert!(one == bits(&program, &inputs, count, Precision::F32), "{count}");
    }
}

fn by_rank(network: &Network, batch: usize, ranks: usize) -> Program {
    let form = Form { ranks: Some(ranks), ..Form::default() };
    lower::program(network, batch, Goal::Training(Updates::PAPER, form))
}

/// The state and scalars of all ranks, and pictures of a rank's own.
fn own(network: &Network, program: &Program, rank: usize) -> Inputs {
    let mut own = inputs(network, program, 3);
    for (id, values) in inputs(network, program, 10 + rank as u32) {
        if program.graph.input(id).ty.batched {
            own.insert(id, values);
        }
    }
    own
}

/// A step of each rank on its own pictures against the interpreter, which runs all ranks side by side.
#[test]
fn ranks_with_statistics_of_their_own_do_what_the_interpreter_does() {
    for (text, count) in [(DROPOUT, 2), (GATE, 4), (GHOSTS, 2), (GATE, 3)] {
        let network = compile("n", text, "");
        let program = by_rank(&network, 8, count);
        assert_eq!(program.to_string().parse(), Ok(program.clone()), "what is printed reads back");
        let all: Vec<Inputs> = (0..count).map(|rank| own(&network, &program, rank)).collect();
        let expected = interp::run_ranks(&program, &all);
        let found = each(count, |ranks| {
            let own = &all[ranks.rank()];
            let mut executable =
                crate::support::load(&engine(Precision::F32).with_ranks(ranks), &program, own);
            executable.run().expect("runs");
            let state = program.updates.iter().map(|&(id, _)| executable.state(id).expect("state"));
            let state: Vec<Vec<f32>> = state.collect();
            (executable.output(0).expect("a loss"), executable.output(1).expect("logits"), state)
        });
        for ((loss, logits, state), (outputs, updates)) in found.iter().zip(&expected) {
            assert!(
                compare::distance(loss, &outputs[0]) < 1e-5,
                "{text}: {loss:?}, {:?}",
                outputs[0]
            );
            assert!(compare::distance(logits, &outputs[1]) < 1e-4, "{text}");
            for (values, (id, _)) in state.iter().zip(&program.updates) {
                let name = &program.graph.input(*id).name;
                let off = compare::distance(values, &updates[id]);
                assert!(off < 1e-4, "{text}: {name} is off by {off}");
            }
            assert_eq!(state, &found[0].2, "all ranks have one state");
        }
    }
}

/// The gradient of the sum of all ranks' losses, each Σ y² of y = Σ x over the ranks: of every x, 2y for each rank.
#[test]
fn a_total_passes_on_what_all_ranks_ask_of_it() {
    let mut b = Builder::new();
    let ty = Type { shape: Shape::channels(3), batched: false };
    let x = b.input("x", Role::Parameter, ty);
    let y = b.total(x);
    let squares = b.mul(y, y);
    let loss = b.reduce(ReduceKind::Sum, Axes::ALL, squares);
    let gradients = gradient(&mut b, loss, &[x]);
    let outputs = vec![OutputKind::Gradient(InputId(0)).of(gradients[0])];
    let program = Program { graph: b.finish(), outputs, updates: Vec::new(), batch: 1 };
    let inputs = [[1.0, 2.0, 3.0], [0.5, -1.0, 4.0]];
    let all = inputs.map(|values| Inputs::from([(InputId(0), values.to_vec())]));
    let expected = inputs[0].iter().zip(inputs[1]).map(|(a, b)| 2.0 * 2.0 * (a + b));
    let expected: Vec<f64> = expected.collect();
    for (outputs, _) in interp::run_ranks(&program, &all) {
        assert_eq!(outputs[0], expected);
    }
    let found = each(2, |ranks| {
        let own = &all[ranks.rank()];
        let engine = engine(Precision::F32).with_ranks(ranks);
        let mut executable = crate::support::load(&engine, &program, own);
        executable.run().expect("runs");
        executable.output(0).expect("a gradient")
    });
    assert!(found.iter().all(|one| compare::distance(one, &expected) == 0.0), "{found:?}");
}

#[test]
fn an_engine_of_no_ranks_runs_no_program_of_several() {
    let program = by_rank(&compile("n", GHOSTS, ""), 8, 2);
    let cpu = Box::new(engine(Precision::F32)) as Box<dyn Engine>;
    for engine in
        [Some(cpu), opened().map(|gpu| Box::new(gpu) as Box<dyn Engine>)].into_iter().flatten()
    {
        let error = engine.compile(&program).err().expect("refused");
        assert!(error.to_string().contains("a program of several ranks"), "{error}");
    }
}

/// What a step leaves on the GPU engine's ranks, each given inputs of its own: the loss and new state, which all
/// ranks have to the bit, and the logits of all.
fn on_gpus(
    program: &Program,
    all: &[Inputs],
    style: Style,
    compile: impl Fn(&WgpuEngine, &Program) -> Box<dyn Executable> + Sync,
) -> [Vec<Vec<f32>>; 2] {
    let of_rank = |ranks: Ranks| {
        let own = &all[ranks.rank()];
        let engine = opened().expect("there was one").with_style(style).with_ranks(ranks);
        let mut executable = compile(&engine, program);
        for (&id, values) in own {
            let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
            executable.write(id, &values).expect("an input");
        }
        let mut outputs = executable.begin(&[0, 1]).expect("runs").wait().expect("outputs");
        let logits = outputs.pop().expect("logits");
        let state = program.updates.iter().map(|&(id, _)| executable.state(id).expect("state"));
        outputs.extend(state);
        (outputs, logits)
    };
    let (states, logits): (Vec<_>, Vec<_>) = each(all.len(), of_rank).into_iter().unzip();
    assert!(states.iter().all(|state| *state == states[0]), "ranks have different states");
    [states[0].clone(), vec![logits.concat()]]
}

/// Outputs, and updates.
type Results = (Vec<Vec<f64>>, Inputs);

/// Compares what [`on_gpus`] finds with what the interpreter has of the first rank, and of all.
fn near(name: &str, program: &Program, found: &[Vec<Vec<f32>>; 2], expected: &[Results]) {
    within(1e-4, name, program, found, expected);
}

/// The same with another tolerance of new state.
fn within(
    tolerance: f64,
    name: &str,
    program: &Program,
    found: &[Vec<Vec<f32>>; 2],
    expected: &[Results],
) {
    let [state, logits] = found;
    let (outputs, updates) = &expected[0];
    let off = compare::distance(&state[0], &outputs[0]);
    assert!(off < 1e-5, "{name}: the loss is off by {off}");
    let all: Vec<f64> = expected.iter().flat_map(|(outputs, _)| outputs[1].clone()).collect();
    let off = compare::distance(&logits[0], &all);
    assert!(off < 1e-4, "{name}: logits are off by {off}");
    for (values, (id, _)) in state[1..].iter().zip(&program.updates) {
        let off = compare::distance(values, &updates[id]);
        assert!(off < tolerance, "{name}: {} is off by {off}", program.graph.input(*id).name);
    }
}

const DROPOUT: &str = "net n(classes = 3) { input(2, 4, 4) -> conv(3x3, 4) -> bn -> dropout(0.4) -> linear(classes) }";
const GATE: &str = "net n(classes = 3) { input(2, 4, 4) -> conv(3x3, 4) -> bn -> sigmoid -> global_avg_pool -> linear(classes) }";
const PLAIN: &str =
    "net n(classes = 3) { input(2, 4, 4) -> conv(3x3, 4) -> sigmoid -> linear(classes) }";

/// Gradients that cross one after the other while backward goes on.
const LARGE: &str = "net n(classes = 3) { input(2, 1, 1) -> conv(1x1, 512) -> bn -> sigmoid -> conv(1x1, 512) -> bn \
    -> sigmoid -> conv(1x1, 512) -> bn -> sigmoid -> linear(classes) }";

#[test]
fn gpus_with_statistics_of_their_own_do_what_the_interpreter_does() {
    if opened().is_none() {
        return;
    }
    for (text, count, style) in [
        (DROPOUT, 2, Style::Sliding),
        (GATE, 2, Style::Staged),
        (GATE, 3, Style::Sliding),
        (GHOSTS, 2, Style::Sliding),
        (LARGE, 2, Style::Sliding),
    ] {
        let network = compile("n", text, "");
        let program = by_rank(&network, 8, count);
        let all: Vec<Inputs> = (0..count).map(|rank| own(&network, &program, rank)).collect();
        let expected = interp::run_ranks(&program, &all);
        let compiled =
            |engine: &WgpuEngine, program: &Program| engine.compile(program).expect("compiles");
        near(text, &program, &on_gpus(&program, &all, style, compiled), &expected);
    }
}

/// The inputs of each of several ranks that run a program as one.
fn parts(program: &Program, whole: &Inputs, count: usize) -> Vec<Inputs> {
    let of_rank = |rank: usize| {
        let own = whole.iter().map(|(&id, values)| {
            let own = part(program, id, values, (rank, count));
            (id, own.into_iter().map(f64::from).collect())
        });
        own.collect()
    };
    (0..count).map(of_rank).collect()
}

/// What is made of sums over ranks: norms of all gradients, whether they are finite, products of matrices.
#[test]
fn every_rule_moves_weights_by_what_all_gpus_have_come_to() {
    if opened().is_none() {
        return;
    }
    let network = compile("n", GATE, "");
    let clipped = |updates| Updates { clip: Some(Clip::Norm(0.5)), ..updates };
    let adamw = clipped(Updates { rule: ADAMW, ..Updates::of(Sgd::PAPER) });
    let muon = by_muon(&network, 0.1);
    for (name, updates, scaled) in [
        ("adamw, clipped", &adamw, false),
        ("muon, clipped", &clipped(muon.clone()), false),
        ("muon, scaled", &muon, true),
    ] {
        let form = Form { ranks: Some(2), scaled, ..Form::default() };
        let program = lower::program(&network, 8, Goal::Training(updates, form));
        let all: Vec<Inputs> = (0..2).map(|rank| own(&network, &program, rank)).collect();
        let compiled =
            |engine: &WgpuEngine, program: &Program| engine.compile(program).expect("compiles");
        let found = on_gpus(&program, &all, Style::Sliding, compiled);
        within(1e-3, name, &program, &found, &interp::run_ranks(&program, &all));

        let form = Form { ranks: None, ..form };
        let program = lower::program(&network, 8, Goal::Training(updates, form));
        let whole = inputs(&network, &program, 3);
        let compiled = |engine: &WgpuEngine, program: &Program| {
            engine.compile_divided(program).expect("compiles")
        };
        let found = on_gpus(&program, &parts(&program, &whole, 2), Style::Sliding, compiled);
        let name = format!("{name}, as one");
        within(1e-3, &name, &program, &found, &[interp::run(&program, &whole)]);
    }
}

#[test]
fn gpus_as_one_do_what_one_does() {
    if opened().is_none() {
        return;
    }
    for (text, count, style) in [
        (DROPOUT, 2, Style::Sliding),
        (GATE, 3, Style::Sliding),
        (PLAIN, 2, Style::Staged),
        // A ghost batch and a half a rank.
        (GHOSTS, 2, Style::Sliding),
    ] {
        let network = compile("n", text, "");
        let program = lower::training(&network, 12, &Sgd::PAPER);
        let whole = inputs(&network, &program, 3);
        let all = parts(&program, &whole, count);
        let expected = interp::run(&program, &whole);
        let compiled = |engine: &WgpuEngine, program: &Program| {
            engine.compile_divided(program).expect("compiles")
        };
        near(text, &program, &on_gpus(&program, &all, style, compiled), &[expected]);
    }
}

/// A picture that is no number spoils the gradients of its rank alone, and no rank moves.
#[test]
fn all_ranks_leave_out_a_step_that_one_cannot_take() {
    if opened().is_none() {
        return;
    }
    let network = compile("n", GATE, "");
    let form = Form { ranks: Some(2), scaled: true, ..Form::default() };
    let program = lower::program(&network, 8, Goal::Training(Updates::PAPER, form));
    let images = program.graph.inputs.iter().position(|input| input.role == Role::Images);
    let images = InputId(images.expect("images") as u32);
    let finite = program.outputs.iter().position(|output| output.kind == OutputKind::Finite);
    let finite = finite.expect("it is an output");
    let mut all: Vec<Inputs> = (0..2).map(|rank| own(&network, &program, rank)).collect();
    for spoilt in [false, true] {
        if spoilt {
            all[1].get_mut(&images).expect("images")[5] = f64::INFINITY;
        }
        each(2, |ranks| {
            let rank = ranks.rank();
            let engine = opened().expect("there was one").with_ranks(ranks);
            let mut executable = crate::support::load(&engine, &program, &all[rank]);
            executable.run().expect("runs");
            let found = executable.output(finite).expect("read");
            assert_eq!(found, [if spoilt { 0.0 } else { 1.0 }], "rank {rank}");
            for (at, input) in program.graph.inputs.iter().enumerate() {
                if input.role != Role::Parameter {
                    continue;
                }
                let id = InputId(at as u32);
                let before: Vec<f32> = all[rank][&id].iter().map(|&v| v as f32).collect();
                let same = executable.state(id).expect("state") == before;
                assert_eq!(same, spoilt, "rank {rank}: {}", input.name);
            }
        });
    }
}

fn net() -> Network {
    let text =
        "net n { input(1, 4, 4) -> conv(3x3, 2) -> bn -> relu -> dropout(0.2) -> linear(3) }";
    compile("n", text, "")
}

/// A run on so many ranks from its first values or others: how it ended, its last values, and what the
/// first rank wrote.
fn run(
    count: usize,
    folder: &std::path::Path,
    from: Option<(&Values, u64)>,
    after: u64,
) -> (End, Values) {
    let cpu = |ranks| Box::new(engine(Precision::F32).with_ranks(ranks)) as Box<dyn Engine>;
    run_on(&cpu, count, folder, from, after)
}

/// The same on engines that are opened by each rank.
fn run_on(
    open: &(impl Fn(Ranks) -> Box<dyn Engine> + Sync),
    count: usize,
    folder: &std::path::Path,
    from: Option<(&Values, u64)>,
    after: u64,
) -> (End, Values) {
    let of_rank = |ranks: Ranks| {
        let engine = open(ranks.clone());
        let place = ranks.is_first().then_some(folder);
        // The last rank is the one that is asked to end.
        let mut leaving =
            Leaving::after(if ranks.rank() + 1 == ranks.count() { after } else { u64::MAX });
        let mut session: Session = session_of(net(), &*engine, Precision::F32, place, Some(ranks));
        let first = rnetc::train::init::initial(&session.tensors, 1);
        let (values, done) = from.unwrap_or((&first, 0));
        let end = session.run(values, done, &mut leaving).expect("it trains");
        (end, session.training.values().expect("values"))
    };
    let all = each(count, of_rank);
    assert!(all.iter().all(|one| *one == all[0]), "{count} ranks end differently");
    all.into_iter().next().expect("a rank")
}

/// What a run's folder says of it, but for how long it took.
fn recorded(folder: &std::path::Path) -> metrics::History {
    let mut history = metrics::read(&folder.join("metrics.jsonl")).expect("metrics");
    for step in &mut history.steps {
        (step.images_per_s, step.waiting_percent) = (0.0, None);
    }
    history
}

#[test]
fn a_run_is_the_same_on_any_number_of_ranks_and_goes_on_with_another() {
    let folders: Vec<_> = (0..5).map(|_| tempfile::tempdir().expect("a folder")).collect();
    let path = |at: usize| folders[at].path();
    let (end, values) = run(1, path(0), None, u64::MAX);
    assert!(matches!(end, End::Finished(_)), "{end:?}");
    let history = recorded(path(0));
    assert_eq!(history.steps.len(), 18);
    for (at, count) in [(1, 2), (2, 4)] {
        assert_eq!(run(count, path(at), None, u64::MAX), (end, values.clone()), "{count} ranks");
        assert_eq!(recorded(path(at)), history, "{count} ranks");
    }
    // One rank is asked to end: all do, after the same step, and others go on.
    let (stopped, half) = run(2, path(3), None, 7);
    assert_eq!(stopped, End::Interrupted(7));
    assert_eq!(run(4, path(4), Some((&half, 7)), u64::MAX).1, values);
}

/// As many GPUs, of which one ends all when it is asked to, and whose number changes rounding alone.
#[test]
fn a_run_on_gpus_is_that_of_one_to_rounding_and_goes_on_with_another_number() {
    if opened().is_none() {
        return;
    }
    let open = |ranks| {
        let engine = opened().expect("there was one");
        let is_alone = Ranks::count(&ranks) == 1;
        let engine = if is_alone { engine } else { engine.with_ranks(ranks) };
        Box::new(engine) as Box<dyn Engine>
    };
    let folders: Vec<_> = (0..4).map(|_| tempfile::tempdir().expect("a folder")).collect();
    let path = |at: usize| folders[at].path();
    let (end, one) = run_on(&open, 1, path(0), None, u64::MAX);
    assert!(matches!(end, End::Finished(_)), "{end:?}");
    let near = |values: &Values| {
        for (name, values) in values {
            let expected: Vec<f64> = one[name].iter().map(|&v| f64::from(v)).collect();
            let off = compare::distance(values, &expected);
            assert!(off < 1e-3, "{name} is off by {off}");
        }
    };
    let (end, two) = run_on(&open, 2, path(1), None, u64::MAX);
    assert!(matches!(end, End::Finished(_)), "{end:?}");
    near(&two);
    let steps = recorded(path(1)).steps;
    assert_eq!(steps.len(), 18);
    for (step, expected) in steps.iter().zip(&recorded(path(0)).steps) {
        assert!((step.loss - expected.loss).abs() < 1e-4, "{step:?}, {expected:?}");
    }
    let (stopped, half) = run_on(&open, 2, path(2), None, 7);
    let End::Interrupted(done) = stopped else { panic!("{stopped:?}") };
    let (_, all) = run_on(&open, 4, path(3), Some((&half, done)), u64::MAX);
    near(&all);
}

#[test]
fn ranks_that_begin_with_other_weights_do_not_train() {
    let errors = each(2, |ranks| {
        let engine = engine(Precision::F32).with_ranks(ranks.clone());
        let seed = ranks.rank() as u32;
        let mut session = session_of(net(), &engine, Precision::F32, None, Some(ranks));
        let first = rnetc::train::init::initial(&session.tensors, seed);
        session.run(&first, 0, &mut ()).err().map(|error| error.to_string())
    });
    assert!(
        errors[1].as_ref().is_some_and(|e| e.starts_with("rank 1 does not begin")),
        "{errors:?}"
    );
    assert!(errors[0].as_ref().is_some_and(|e| e.contains("rank 1 has ended")), "{errors:?}");
}

/// The roles of inputs that a rank has a part of.
#[test]
fn pictures_and_targets_are_divided_alone() {
    let program = lower::training(&net(), 8, &Sgd::PAPER);
    let divided = program.graph.inputs.iter().filter(|input| input.ty.batched);
    assert!(divided.map(|input| input.role).eq([Role::Images, Role::Targets]));
}
