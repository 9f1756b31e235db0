//! Two training steps of a small pre-activation network: losses, logits, gradients, parameters
//! and statistics.

use rnetc::graph::interp::{self, Inputs};
use rnetc::graph::{Program, Role};
use rnetc::lower;
use rnetc::network::Network;
use rnetc::nn::optimiser::Sgd;

use crate::support::compare::close;
use crate::support::draft::Draft;
use crate::support::golden::{Golden, golden_name, inputs, outputs};

/// Two interpreters in f64 differ by the order of sums of up to 10³ terms, amplified by a few
/// dozen layers.
const TOLERANCE: f64 = 1e-9;
/// Pictures in the goldens' batch.
pub const BATCH: usize = 4;

/// Depth 8, widths 4/8/16, option A on the raw input; the modules' names are PyTorch's.
pub fn network() -> Network {
    network_with(|stride| [stride, 1], |d, x, width, stride| d.option_a(x, width, stride))
}

/// The same with the strides of a unit's two convolutions and its shortcut chosen.
pub fn network_with(
    strides: impl Fn(usize) -> [usize; 2],
    shortcut: impl Fn(&mut Draft, rnetc::network::ValueId, usize, usize) -> rnetc::network::ValueId,
) -> Network {
    let (mut d, x) = Draft::new(3, 8, 8);
    let mut x = d.conv("conv1", x, 3, 4, 1);
    for (unit, (width, stride)) in [(4, 1), (8, 2), (16, 2)].into_iter().enumerate() {
        let [first, second] = strides(stride);
        let a = d.bn(&format!("units.{unit}.bn1"), x);
        let a = d.relu(a);
        let a = d.conv(&format!("units.{unit}.conv1"), a, 3, width, first);
        let a = d.bn(&format!("units.{unit}.bn2"), a);
        let a = d.relu(a);
        let a = d.conv(&format!("units.{unit}.conv2"), a, 3, width, second);
        let h = shortcut(&mut d, x, width, stride);
        x = d.add(h, a);
    }
    let x = d.bn("bn", x);
    let x = d.relu(x);
    d.classify(x, 5)
}

/// The optimiser's settings in the golden.
pub fn sgd(golden: &Golden) -> Sgd {
    let [_, momentum, weight_decay, nesterov] = golden.get("settings").data[..] else {
        panic!("four settings")
    };
    Sgd { momentum, weight_decay, decay_vectors: true, nesterov: nesterov != 0.0 }
}

/// The correct training step.
pub fn training(golden: &Golden) -> Program {
    lower::training(&network(), BATCH, &sgd(golden))
}

/// Every input: pictures, targets, rate, the state under `prefix`, and momenta of zero.
fn start(golden: &Golden, program: &Program, prefix: &str) -> Result<Inputs, String> {
    let mut values = Vec::new();
    for input in &program.graph.inputs {
        let value = match input.role {
            Role::Images => golden.get("images").pictures(),
            Role::Targets => golden.get("targets").data.clone(),
            Role::LearningRate => vec![golden.get("settings").data[0]],
            Role::Seed => vec![0.0],
            Role::Parameter | Role::Statistic | Role::Average(..) => {
                golden.get(&format!("{prefix}.{}", input.name)).parameter()
            }
            Role::Slot(..) => vec![0.0; input.ty.shape.len()],
            Role::LossScale | Role::GoodSteps => vec![1024.0; input.ty.shape.len()],
            Role::Filled(_) => vec![0.5; input.ty.shape.len()],
            Role::Open(_) | Role::LookaheadShare | Role::EmaDecay | Role::Probe(_) | Role::Cut => {
                vec![1.0; input.ty.shape.len()]
            }
        };
        values.push((input.name.clone(), value));
    }
    inputs(program, values)
}

/// Loss, logits and every gradient before the first step.
pub fn check_gradients(golden: &Golden, program: &Program) -> Result<(), String> {
    let values = outputs(program, &start(golden, program, "before")?);
    close("loss", &values["loss"], &golden.get("loss.1").data, TOLERANCE)?;
    close("logits", &values["logits"], &golden.get("logits.1").data, TOLERANCE)?;
    for name in golden.names("grad.") {
        let name = format!("grad.{name}");
        close(&name, &values[&name], &golden.get(&name).parameter(), TOLERANCE)?;
    }
    Ok(())
}

/// Two steps: losses and logits of both, and all of the state afterwards.
pub fn check_training(golden: &Golden, program: &Program) -> Result<(), String> {
    let mut state = start(golden, program, "before")?;
    for step in 1..=2 {
        let (values, updates) = interp::run(program, &state);
        for (output, value) in program.outputs.iter().zip(&values) {
            let name = format!("{}.{step}", golden_name(program, output.kind));
            close(&name, value, &golden.get(&name).data, TOLERANCE)?;
        }
        state.extend(updates);
    }
    for (input, value) in program
        .graph
        .inputs
        .iter()
        .enumerate()
        .map(|(i, input)| (input, &state[&rnetc::graph::InputId(i as u32)]))
    {
        if matches!(input.role, Role::Parameter | Role::Statistic) {
            let want = golden.get(&format!("after.{}", input.name)).parameter();
            close(&input.name, value, &want, TOLERANCE)?;
        }
    }
    Ok(())
}

/// Logits with running statistics, after both steps.
pub fn check_inference(golden: &Golden, program: &Program) -> Result<(), String> {
    let values = outputs(program, &start(golden, program, "after")?);
    close("logits", &values["logits"], &golden.get("logits.eval").data, TOLERANCE)
}

#[test]
fn gradients_are_pytorchs() {
    let program = lower::gradients(&network(), BATCH);
    assert_eq!(check_gradients(&Golden::resnet(), &program), Ok(()));
}

#[test]
fn two_steps_are_pytorchs() {
    let golden = Golden::resnet();
    assert_eq!(check_training(&golden, &training(&golden)), Ok(()));
}

#[test]
fn inference_is_pytorchs() {
    let program = lower::inference(&network(), BATCH);
    assert_eq!(check_inference(&Golden::resnet(), &program), Ok(()));
}

/// The goldens name every tensor of the network's state, and no other.
#[test]
fn state_is_pytorchs() {
    let state = rnetc::lower::state::state(&network());
    let mut names: Vec<&str> = state.iter().map(|t| t.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, Golden::resnet().names("before."));
    for tensor in &state {
        let golden = Golden::resnet();
        let want = &golden.get(&format!("before.{}", tensor.name)).data;
        assert_eq!(tensor.shape.len(), want.len(), "{}", tensor.name);
    }
}
