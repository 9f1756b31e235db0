//! Muon: its orthogonal matrices by singular values, its step as PyTorch's and as airbench94_muon's, and five
//! steps of a net with AdamW beside it.

use rnetc::graph::builder::Builder;
use rnetc::graph::interp::{self, Inputs};
use rnetc::graph::{InputId, Program, Role, Shape, Slot, Type};
use rnetc::lower::{self, Form, Goal};
use rnetc::nn::optimiser::{Adjust, COEFFICIENTS, Muon, Rule, Step, Update, orthogonalised};
use rnetc::sema;
use rnetc::source::Source;
use rnetc::train::recipe::Recipe;
use rnetc::train::updates;

use crate::support::compare::close;
use crate::support::golden::{Golden, Tensor, inputs};

/// Tensors of each case of the file.
const SHAPES: usize = 5;
const STEPS: usize = 3;
const EPS: f64 = 1e-7;

/// A filter O×I×Kh×Kw as the graph has it.
fn shape(tensor: &Tensor) -> Shape {
    let [o, i, kh, kw] = tensor.shape.as_slice().try_into().expect("a filter");
    Shape([kh, kw, i, o])
}

/// Whether Newton–Schulz is what the file has by singular values.
fn check_orthogonal(golden: &Golden, coefficients: [f64; 3]) -> Result<(), String> {
    for k in 0..SHAPES {
        for steps in [1, 3, 5] {
            let case = format!("orthogonal.{k}.{steps}");
            let g = golden.get(&format!("{case}.g"));
            let mut b = Builder::new();
            let ty = Type { shape: shape(g), batched: false };
            let weight = b.input("g", Role::Parameter, ty);
            let x = orthogonalised(&mut b, weight, steps, coefficients, EPS);
            let values = interp::evaluate(&b.finish(), &[(InputId(0), g.parameter())].into());
            let want = golden.get(&format!("{case}.x")).parameter();
            // Rounding grows with the slope of the polynomial, 3.4 an iteration.
            close(&case, &values[x.index()], &want, 1e-11)?;
        }
    }
    Ok(())
}

#[test]
fn newton_schulz_moves_singular_values_alone() {
    let golden = Golden::muon();
    assert_eq!(check_orthogonal(&golden, COEFFICIENTS), Ok(()));
    for at in 0..3 {
        let mut wrong = COEFFICIENTS;
        wrong[at] += 1e-3;
        assert!(check_orthogonal(&golden, wrong).is_err(), "coefficient {at}");
    }
    let mut turned = golden.clone();
    let g = golden.get("orthogonal.0.3.g").kernel_transposed();
    turned.set("orthogonal.0.3.g", g);
    assert!(check_orthogonal(&turned, COEFFICIENTS).is_err(), "another matrix");
}

/// A parameter's steps of a case.
fn check_steps(golden: &Golden, case: &str, lr: f64, update: &Update) -> Result<(), String> {
    for k in 0..SHAPES {
        let read = |what: String| golden.get(&format!("{case}.{k}.{what}"));
        let ty = Type { shape: shape(read("w0".into())), batched: false };
        let scalar = Type { shape: Shape::SCALAR, batched: false };
        let mut b = Builder::new();
        let (w, g) = (b.input("w", Role::Parameter, ty), b.input("g", Role::Images, ty));
        let m = b.input("m", Role::Slot(Slot::Momentum, InputId(0)), ty);
        let lr_node = b.input("lr", Role::LearningRate, scalar);
        let step = Step { lr: lr_node, w, g, kept: &[m], filled: None, open: None };
        let (new, kept) = update.apply(&mut b, step);
        let updates = vec![(InputId(0), new), (InputId(2), kept[0])];
        let program = Program { graph: b.finish(), outputs: Vec::new(), updates, batch: 1 };
        let mut state = Inputs::from([(InputId(0), read("w0".into()).parameter())]);
        state.insert(InputId(2), vec![0.0; ty.shape.len()]);
        state.insert(InputId(3), vec![lr]);
        for step in 1..=STEPS {
            state.insert(InputId(1), read(format!("g{step}")).parameter());
            state.extend(interp::run(&program, &state).1);
            let want = read(format!("w{step}")).parameter();
            let what = format!("{case}, tensor {k}, step {step}");
            close(&what, &state[&InputId(0)], &want, 1e-11)?;
        }
    }
    Ok(())
}

fn settings<const N: usize>(golden: &Golden, case: &str) -> [f64; N] {
    let data = golden.get(&format!("{case}.settings")).data.clone();
    data.try_into().expect("as many settings")
}

#[test]
fn muon_is_that_of_pytorch() {
    let golden = Golden::muon();
    let adjusts =
        [Adjust::Original, Adjust::MatchRmsAdamW, Adjust::SpectralUnclamped, Adjust::None];
    for case in ["muon.0", "muon.1", "muon.2"] {
        let [lr, weight_decay, momentum, nesterov, steps, adjust] = settings(&golden, case);
        let rule = Muon {
            momentum,
            nesterov: nesterov == 1.0,
            steps: steps as u32,
            eps: Muon::LEAST_EPS,
            adjust: adjusts[adjust as usize],
            ..Muon::JORDAN
        };
        let of = |rule| Update { rule: Rule::Muon(rule), weight_decay, rate: 1.0, until: None };
        assert_eq!(check_steps(&golden, case, lr, &of(rule)), Ok(()));
        // A factor of the rate is as good as a rate.
        let factor = Update { rate: 4.0, ..of(rule) };
        assert_eq!(check_steps(&golden, case, lr / 4.0, &factor), Ok(()));
        // Without momentum Nesterov's form is the other.
        let other = if momentum > 0.0 { !rule.nesterov } else { rule.nesterov };
        if other != rule.nesterov {
            let wrong = Muon { nesterov: other, ..rule };
            assert!(check_steps(&golden, case, lr, &of(wrong)).is_err(), "{case}: {wrong:?}");
        }
        for wrong in [
            Muon { momentum: momentum + 0.04, ..rule },
            Muon { steps: rule.steps + 1, ..rule },
            Muon { adjust: Adjust::None, ..rule },
        ] {
            assert!(check_steps(&golden, case, lr, &of(wrong)).is_err(), "{case}: {wrong:?}");
        }
    }
}

#[test]
fn muon_is_that_of_airbench() {
    let golden = Golden::muon();
    for case in ["airbench.0", "airbench.1"] {
        let [lr, momentum, nesterov] = settings(&golden, case);
        let rule = Muon {
            momentum,
            nesterov: nesterov == 1.0,
            steps: 3,
            adjust: Adjust::None,
            normalise_weights: true,
            ..Muon::JORDAN
        };
        let of =
            |rule| Update { rule: Rule::Muon(rule), weight_decay: 0.0, rate: 1.0, until: None };
        assert_eq!(check_steps(&golden, case, lr, &of(rule)), Ok(()));
        let wrong = of(Muon { normalise_weights: false, ..rule });
        assert!(check_steps(&golden, case, lr, &wrong).is_err(), "{case}");
    }
}

/// Zeros are as orthogonal as they can be: a gradient of zeros leaves what normalising and decay make of a
/// weight, a weight of zeros is moved alone.
#[test]
fn a_gradient_or_a_weight_of_zeros_gives_no_nan() {
    let rule = Muon { normalise_weights: true, ..Muon::JORDAN };
    let update = Update { rule: Rule::Muon(rule), weight_decay: 0.1, rate: 1.0, until: None };
    let ty = Type { shape: Shape([3, 3, 2, 4]), batched: false };
    let mut b = Builder::new();
    let (w, g) = (b.input("w", Role::Parameter, ty), b.input("g", Role::Images, ty));
    let m = b.input("m", Role::Slot(Slot::Momentum, InputId(0)), ty);
    let lr = b.constant(0.1);
    let (new, kept) = update.apply(&mut b, Step { lr, w, g, kept: &[m], filled: None, open: None });
    let graph = b.finish();
    let norm = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>().sqrt();
    let after = |w: f64, g: f64| -> [f64; 2] {
        let numbers = |scale: f64| (0..72).map(|i| scale * (f64::from(i) - 30.5)).collect();
        let inputs = [w, g, 0.0].into_iter().zip(0..).map(|(s, at)| (InputId(at), numbers(s)));
        let values = interp::evaluate(&graph, &inputs.collect());
        [new, kept[0]].map(|node| norm(&values[node.index()]))
    };
    assert_eq!(after(0.0, 0.0), [0.0, 0.0]);
    // √4 less a hundredth.
    let [weight, momentum] = after(0.1, 0.0);
    assert!((weight - 1.98).abs() < 1e-12 && momentum == 0.0, "{weight} {momentum}");
    // Four singular values near 1 at a rate of a tenth, whatever the gradient's size.
    let [weight, _] = after(0.0, 1e3);
    assert!((0.05..0.3).contains(&weight), "{weight}");
}

const NET: &str = "// allow W0002 W0003: for a test
net n {
    input(2, 5, 5) -> conv(3x3, 4) -> relu -> conv(1x1, 12, bias: 0) -> relu -> conv(3x3, 5) -> relu
    -> global_avg_pool -> linear(3)
}";

/// PyTorch takes the larger of the norm and ε, here their sum is taken: ε is as small as it may be.
const RECIPE: &str = "base: he2016
optimiser:
  kind: muon
  eps: 1e-15
  weight_decay: 0.1
  otherwise: { kind: adamw, lr: 0.01, betas: [0.9, 0.95], weight_decay: 0.02 }
schedule: { lr: 0.05, warmup: }
";

#[test]
fn five_steps_of_a_net_are_those_of_pytorch() {
    let golden = Golden::muon();
    let network = sema::compile(&Source::new("n", NET), &[]).expect("a net").network;
    let recipe = Recipe::parse("r.yaml", RECIPE).expect("a recipe");
    let updates = updates::of(&recipe, &network).expect("updates");
    let form = Form::default();
    let program = lower::program(&network, 4, Goal::Training(&updates, form));
    let named = |prefix: &str| -> Vec<(String, Vec<f64>)> {
        let names = golden.names(prefix).into_iter();
        names.map(|n| (n.clone(), golden.get(&format!("{prefix}{n}")).parameter())).collect()
    };
    let mut state = inputs(&program, named("net.w0.")).expect("the net's tensors");
    for (at, input) in program.graph.inputs.iter().enumerate() {
        let start = match input.role {
            Role::Slot(..) | Role::Filled(_) => 0.0,
            Role::LearningRate => 0.05,
            _ => continue,
        };
        state.insert(InputId(at as u32), vec![start; input.ty.shape.len()]);
    }
    let at = |role| {
        let position = program.graph.inputs.iter().position(|input| input.role == role);
        InputId(position.expect("an input of that role") as u32)
    };
    for step in 1..=5 {
        let read = |what: &str| golden.get(&format!("net.{what}{step}"));
        state.insert(at(Role::Images), read("x").pictures());
        state.insert(at(Role::Targets), read("t").data.clone());
        let (outputs, new) = interp::run(&program, &state);
        state.extend(new);
        let what = format!("loss of step {step}");
        assert_eq!(close(&what, &outputs[0], &read("loss").data, 1e-9), Ok(()));
    }
    let wanted = inputs(&program, named("net.w5.")).expect("the net's tensors");
    for (id, want) in wanted {
        let name = &program.graph.input(id).name;
        assert_eq!(close(name, &state[&id], &want, 1e-9), Ok(()));
    }
}
