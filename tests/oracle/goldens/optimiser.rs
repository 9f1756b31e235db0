//! Two steps of SGD on one vector, in each of its forms.

use rnetc::graph::builder::Builder;
use rnetc::graph::interp;
use rnetc::graph::{InputId, Program, Role, Shape, Slot, Type};
use rnetc::nn::optimiser::Sgd;
use rnetc::nn::optimiser::sgd;

use crate::support::compare::close;
use crate::support::golden::{Golden, inputs};

#[test]
fn every_form() {
    let golden = Golden::ops();
    let mut cases = 0;
    while golden.names("sgd.").contains(&format!("{cases}.w0")) {
        two_steps(&golden, cases);
        cases += 1;
    }
    assert!(cases >= 4, "{cases} cases");
}

fn two_steps(golden: &Golden, case: usize) {
    let read = |what: &str| golden.get(&format!("sgd.{case}.{what}")).data.clone();
    let [lr, momentum, weight_decay, nesterov] = read("settings")[..] else { panic!("four") };
    let settings = Sgd { momentum, weight_decay, decay_vectors: true, nesterov: nesterov != 0.0 };
    let mut b = Builder::new();
    let vector = Type { shape: Shape::channels(4), batched: false };
    let w = b.input("w", Role::Parameter, vector);
    let m = b.input("m", Role::Slot(Slot::Momentum, InputId(0)), vector);
    let g = b.input("g", Role::Images, vector);
    let scalar = Type { shape: Shape::SCALAR, batched: false };
    let rate = b.input("lr", Role::LearningRate, scalar);
    let (new_w, new_m) = sgd(&mut b, &settings, rate, w, m, g);
    let updates = vec![(InputId(0), new_w), (InputId(1), new_m)];
    let program = Program { graph: b.finish(), outputs: Vec::new(), updates, batch: 1 };
    let values = [("w", read("w0")), ("m", vec![0.0; 4]), ("g", vec![]), ("lr", vec![lr])];
    let values = values.map(|(name, v)| (name.to_string(), v)).to_vec();
    let mut state = inputs(&program, values.into_iter().filter(|v| !v.1.is_empty()).collect())
        .expect("inputs fit");
    for step in 1..=2 {
        state.insert(InputId(2), read(&format!("g{step}")));
        state.extend(interp::run(&program, &state).1);
        let want = read(&format!("w{step}"));
        let what = format!("case {case}, step {step}");
        assert_eq!(close(&what, &state[&InputId(0)], &want, 1e-14), Ok(()));
    }
}

#[test]
fn decay_may_leave_biases_and_batch_norm_alone() {
    let text = "net a(classes = 3) {\n    input(1, 4, 4)\n    -> conv(3x3, 2) -> bn -> relu -> \
        global_avg_pool -> linear(classes)\n}\n";
    let source = rnetc::source::Source::new("a.rnet", text);
    let network = rnetc::sema::compile(&source, &[]).unwrap().network;
    let updated = |weight_decay, decay_vectors| {
        let sgd = Sgd { weight_decay, decay_vectors, ..Sgd::PAPER };
        let program = rnetc::lower::training(&network, 2, &sgd);
        let inputs = program.graph.inputs.iter().enumerate().map(|(id, input)| {
            // Every input its own number, the learning rate 1.
            let values = (0..input.ty.shape.len()).map(|k| match input.role {
                Role::LearningRate => 1.0,
                _ => 0.5 + 0.01 * (id + k) as f64,
            });
            (InputId(id as u32), values.collect())
        });
        let inputs = inputs.collect();
        let (_, updates) = interp::run(&program, &inputs);
        let named = program.graph.inputs.iter().enumerate();
        let change = named.filter(|(_, input)| input.role == Role::Parameter).map(|(id, input)| {
            let id = InputId(id as u32);
            (input.name.clone(), inputs[&id].clone(), updates[&id].clone())
        });
        change.collect::<Vec<_>>()
    };
    let still = updated(0.0, true);
    for vectors in [true, false] {
        for ((name, before, new), (_, _, without)) in updated(0.25, vectors).iter().zip(&still) {
            let weight = ["layers.conv.weight", "layers.linear.weight"].contains(&name.as_str());
            let decay = if weight || vectors { 0.25 } else { 0.0 };
            for ((new, without), before) in new.iter().zip(without).zip(before) {
                assert!((without - new - decay * before).abs() < 1e-12, "{name} {vectors}");
            }
        }
    }
    assert_eq!(still.len(), 5);
}
