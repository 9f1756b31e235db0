//! Three steps of each optimiser on two vectors, and what is done to gradients before.

use rnetc::graph::builder::Builder;
use rnetc::graph::interp::{self, Inputs};
use rnetc::graph::{InputId, NodeId, Op, Program, Role, Shape, Type};
use rnetc::nn::optimiser::{AdamW, Clip, FILLED, Lion, Rule, Step, Update, filled, slot_name};

use crate::support::compare::close;
use crate::support::golden::Golden;

const STEPS: usize = 3;
const LENGTHS: [usize; 2] = [3, 5];

fn plain(rule: Rule, weight_decay: f64) -> Update {
    Update { rule, weight_decay, rate: 1.0, until: None }
}

fn input_id(b: &Builder, node: NodeId) -> InputId {
    match b.graph().node(node).op {
        Op::Input(id) => id,
        _ => panic!("no input"),
    }
}

/// A program that updates both vectors from inputs `g0` and `g1`.
fn program(update: &Update, clip: Option<Clip>) -> Program {
    let rule = update.rule;
    let mut b = Builder::new();
    let scalar = Type { shape: Shape::SCALAR, batched: false };
    let lr = b.input("lr", Role::LearningRate, scalar);
    let mut updates = Vec::new();
    let filled = rule.filling().map(|betas| {
        [0, 1].map(|k| {
            let (name, role, _) = FILLED[k];
            let before = b.input(name, role, scalar);
            let after = filled(&mut b, betas[k], before);
            updates.push((input_id(&b, before), after));
            after
        })
    });
    let vectors = [0, 1].map(|k| {
        let ty = Type { shape: Shape::channels(LENGTHS[k]), batched: false };
        let w = b.input(format!("w{k}"), Role::Parameter, ty);
        let g = b.input(format!("g{k}"), Role::Images, ty);
        let of = input_id(&b, w);
        let mut slot = |&slot| b.input(slot_name(&format!("w{k}"), slot), Role::Slot(slot, of), ty);
        let kept: Vec<NodeId> = rule.slots().iter().map(&mut slot).collect();
        (w, g, kept)
    });
    let mut gradients: Vec<NodeId> = vectors.iter().map(|(_, g, _)| *g).collect();
    if let Some(clip) = clip {
        gradients = clip.apply(&mut b, &gradients);
    }
    for ((w, _, kept), g) in vectors.into_iter().zip(gradients) {
        let step = Step { lr, w, g, kept: &kept, filled, open: None };
        let (new, keeps) = update.apply(&mut b, step);
        for (before, after) in std::iter::once(w).chain(kept).zip(std::iter::once(new).chain(keeps))
        {
            updates.push((input_id(&b, before), after));
        }
    }
    Program { graph: b.finish(), outputs: Vec::new(), updates, batch: 1 }
}

fn named(program: &Program, name: &str) -> InputId {
    let at = program.graph.inputs.iter().position(|input| input.name == name);
    InputId(at.expect("an input of that name") as u32)
}

fn check(golden: &Golden, case: &str, lr: f64, update: Update, clip: Option<Clip>) {
    let program = program(&update, clip);
    let mut state = Inputs::new();
    for (at, input) in program.graph.inputs.iter().enumerate() {
        state.insert(InputId(at as u32), vec![0.0; input.ty.shape.len()]);
    }
    let read = |what: String| golden.get(&format!("{case}.{what}")).data.clone();
    state.insert(named(&program, "lr"), vec![lr]);
    for k in 0..2 {
        state.insert(named(&program, &format!("w{k}")), read(format!("{k}.w0")));
    }
    for step in 1..=STEPS {
        for k in 0..2 {
            state.insert(named(&program, &format!("g{k}")), read(format!("{k}.g{step}")));
        }
        let (_, new) = interp::run(&program, &state);
        state.extend(new);
        for k in 0..2 {
            let found = &state[&named(&program, &format!("w{k}"))];
            let want = read(format!("{k}.w{step}"));
            let what = format!("{case}, vector {k}, step {step}");
            assert_eq!(close(&what, found, &want, 1e-13), Ok(()));
        }
    }
}

fn settings<const N: usize>(golden: &Golden, case: &str) -> [f64; N] {
    let data = golden.get(&format!("{case}.settings")).data.clone();
    data.try_into().expect("as many settings")
}

/// Every case of a name.
fn cases(golden: &Golden, name: &str) -> Vec<String> {
    let names = (0..).map(|case| format!("{name}.{case}"));
    let there = |name: &String| !golden.names(&format!("{name}.")).is_empty();
    let cases: Vec<String> = names.take_while(there).collect();
    assert!(cases.len() > 1, "{name}");
    cases
}

#[test]
fn adamw_is_that_of_pytorch() {
    let golden = Golden::optimisers();
    for case in cases(&golden, "adamw") {
        let [lr, first, second, eps, weight_decay] = settings(&golden, &case);
        let rule = Rule::AdamW(AdamW { betas: [first, second], eps });
        check(&golden, &case, lr, plain(rule, weight_decay), None);
        // A factor of the rate is as good as a rate.
        check(&golden, &case, lr / 4.0, Update { rate: 4.0, ..plain(rule, weight_decay) }, None);
    }
}

#[test]
fn lion_is_that_of_its_authors() {
    let golden = Golden::optimisers();
    for case in cases(&golden, "lion") {
        let [lr, first, second, weight_decay] = settings(&golden, &case);
        let rule = Rule::Lion(Lion { betas: [first, second] });
        check(&golden, &case, lr, plain(rule, weight_decay), None);
    }
}

#[test]
fn gradients_are_clipped_as_by_pytorch() {
    let golden = Golden::optimisers();
    for case in cases(&golden, "clip") {
        let [norm, most] = settings(&golden, &case);
        let rule = Rule::Sgd { momentum: 0.9, nesterov: false };
        let clip = if norm == 1.0 { Clip::Norm(most) } else { Clip::Value(most) };
        check(&golden, &case, 0.1, plain(rule, 0.0), Some(clip));
    }
}
