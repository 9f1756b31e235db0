//! Five training steps of bundled specs, from state dicts under other programs' names: logits and losses
//! are PyTorch's, so the spec is the same net, and the names are taken for the right modules.

use rnetc::graph::interp::{self, Held, Inputs};
use rnetc::graph::{NodeId, Op, OutputKind, Program, Role};
use rnetc::lower;
use rnetc::network::Network;
use rnetc::nn::optimiser::Sgd;
use rnetc::source::Source;
use rnetc::train::foreign::{Found, Map, pair};

use crate::nets::{BATCH, Net, number};
use crate::support::compare::close;
use crate::support::golden::Tensor;

/// Two interpreters in f64 differ by the order of sums of up to 10³ terms; five steps of some twenty
/// normalised layers, over as few as sixteen numbers, multiply that.
const TOLERANCE: f64 = 1e-6;
/// Where the draws of nets stand among tensors.
const DRAWS: usize = 1 << 21;

fn network(net: &Net) -> Network {
    let source = Source::new("golden", net.spec.as_str());
    let compiled = rnetc::sema::compile(&source, &net.set);
    compiled.unwrap_or_else(|errors| panic!("{errors:#?}")).network
}

/// The state under the network's names, in the graph's order.
fn state(net: &Net, network: &Network) -> Result<Vec<(String, Vec<f64>)>, String> {
    let found: Vec<Found> = net
        .state
        .iter()
        .map(|(name, shape)| Found { name: name.clone(), shape: shape.clone() })
        .collect();
    let pairing = pair(network, &found, &Map::default()).map_err(|why| why.to_string())?;
    if let Some(doubt) = pairing.doubts.first() {
        return Err(doubt.to_string());
    }
    let values = net.values();
    let mut state = Vec::new();
    for pair in &pairing.pairs {
        for (part, theirs) in &pair.tensors {
            let at = net.state.iter().position(|(name, _)| name == theirs).expect("a tensor");
            let tensor = Tensor { shape: net.state[at].1.clone(), data: values[at].clone() };
            state.push((part.of(&pair.own), tensor.parameter()));
        }
    }
    Ok(state)
}

fn start(net: &Net, program: &Program, state: &[(String, Vec<f64>)]) -> Inputs {
    let (shape, data) = net.images.clone();
    let images = Tensor { shape, data }.pictures();
    let classes = 5;
    let mut targets = vec![0.0; BATCH * classes];
    [1, 4, 0, 1]
        .into_iter()
        .enumerate()
        .for_each(|(at, class)| targets[at * classes + class] = 1.0);
    let value = |input: &rnetc::graph::Input| match input.role {
        Role::Images => images.clone(),
        Role::Targets => targets.clone(),
        Role::LearningRate => vec![net.get("settings")[0]],
        Role::Parameter | Role::Statistic | Role::Average(..) => {
            let named = state.iter().find(|(name, _)| *name == input.name);
            named.unwrap_or_else(|| panic!("no {}", input.name)).1.clone()
        }
        Role::Slot(..) | Role::Filled(_) | Role::Seed => vec![0.0; input.ty.shape.len()],
        Role::Open(_)
        | Role::LookaheadShare
        | Role::EmaDecay
        | Role::LossScale
        | Role::GoodSteps
        | Role::Probe(_)
        | Role::Cut => {
            vec![1.0; input.ty.shape.len()]
        }
    };
    let inputs = program.graph.inputs.iter().enumerate();
    inputs.map(|(at, input)| (rnetc::graph::InputId(at as u32), value(input))).collect()
}

fn output(program: &Program, values: &[Vec<f64>], kind: OutputKind) -> Vec<f64> {
    let found = program.outputs.iter().find(|output| output.kind == kind).expect("an output");
    values[found.node.index()].clone()
}

/// What the net draws in a step: PyTorch's numbers, which the draws take by their order.
fn drawn(program: &Program, step: usize) -> Held {
    let nodes = &program.graph.nodes;
    let stream = |id: &NodeId| match nodes[id.index()].op {
        Op::Random { stream } => Some(stream),
        _ => None,
    };
    let mut draws: Vec<NodeId> = program.graph.ids().filter(|id| stream(id).is_some()).collect();
    draws.sort_by_key(|id| stream(id));
    let each = draws.into_iter().enumerate();
    each.map(|(times, id)| {
        let numbers = number(DRAWS + 64 * times + step, nodes[id.index()].ty.shape.len());
        (id, numbers.collect())
    })
    .collect()
}

/// Logits before, losses and logits of five steps, logits behind them.
fn check(net: &Net, network: &Network) -> Result<(), String> {
    let mut state = state(net, network)?;
    let inference = lower::inference(network, BATCH);
    let logits = |state: &[(String, Vec<f64>)]| {
        let values = interp::evaluate(&inference.graph, &start(net, &inference, state));
        output(&inference, &values, OutputKind::Logits)
    };
    close("logits", &logits(&state), net.get("logits"), TOLERANCE)?;
    let [_, momentum, weight_decay, nesterov] = net.get("settings")[..] else { panic!("settings") };
    let sgd = Sgd { momentum, weight_decay, decay_vectors: true, nesterov: nesterov != 0.0 };
    let training = lower::training(network, BATCH, &sgd);
    let mut inputs = start(net, &training, &state);
    for step in 1..=5 {
        let held = drawn(&training, step - 1);
        let values = interp::evaluate_holding(&training.graph, &inputs, &held);
        let loss = output(&training, &values, OutputKind::Loss);
        close(&format!("loss {step}"), &loss, &net.get("losses")[step - 1..step], TOLERANCE)?;
        let scores = output(&training, &values, OutputKind::Logits);
        let name = format!("logits.{step}");
        close(&name, &scores, net.get(&name), TOLERANCE)?;
        inputs.extend(training.updates.iter().map(|&(id, to)| (id, values[to.index()].clone())));
    }
    for (name, values) in &mut state {
        let at = training.graph.inputs.iter().position(|input| input.name == *name);
        let id = rnetc::graph::InputId(at.expect("a tensor of the state") as u32);
        values.clone_from(&inputs[&id]);
    }
    close("logits behind", &logits(&state), net.get("logits.after"), TOLERANCE)
}

#[test]
fn five_steps_of_bundled_specs_are_pytorchs() {
    std::thread::scope(|scope| {
        for name in Net::all() {
            scope.spawn(move || {
                let net = Net::read(&name);
                assert_eq!(check(&net, &network(&net)), Ok(()), "{name}");
            });
        }
    });
}

/// Nets of the same tensors that differ in what names and shapes do not tell.
#[test]
fn a_net_of_the_same_tensors_is_another() {
    let with = |name: &str, setting: &str, value: &str| {
        let mut net = Net::read(name);
        net.set.retain(|(name, _)| name != setting);
        net.set.push((setting.into(), value.into()));
        check(&net, &network(&net)).expect_err(name)
    };
    for error in [with("akamaster", "front", "0"), with("kuangliu_bottleneck", "first", "2")] {
        assert!(error.starts_with("logits[0]"), "{error}");
    }
    let before_pooling = with("timm_v2", "early", "1");
    assert!(before_pooling.contains("outside"), "{before_pooling}");
}
