//! Rules that drop units' branches in training, put on a net that has none.

use std::collections::HashMap;

use rnetc::engine::cpu::CpuEngine;
use rnetc::engine::{Engine, Precision};
use rnetc::graph::{InputId, OutputKind, Program, Role, interp};
use rnetc::lower;
use rnetc::network::Network;
use rnetc::network::survival::Survival;
use rnetc::nn::optimiser::Sgd;
use rnetc::train::recipe::{HE2016, Recipe};

use super::support::*;

fn net(branch: &str) -> Network {
    compile(&format!(
        "// allow W0002 W0003: for a test
        unit u(w, stride = 1) {{ F = conv(3x3, w, stride: stride){branch}
            h = shortcut(w, stride: stride)  y = h(x) + F(x) }}
        net n {{ input(3, 6, 6) -> conv(3x3, 4) -> u(4) * 3 -> u(5, stride: 2) -> u(5)
            -> global_avg_pool -> linear(3) }}"
    ))
}

const PLAIN: &str = "";

#[test]
fn stochastic_depth_as_a_rule_is_the_spec_with_drop_path() {
    let spec = net(" -> drop_path(index / count * 0.5)");
    let ruled = Survival::StochasticDepth { last: 0.5 }.on(&net(PLAIN)).expect("it fits");
    for (want, have) in spec.values.iter().zip(&ruled.values) {
        assert_eq!((&want.layer, &want.args, want.shape), (&have.layer, &have.args, have.shape));
    }
    assert_eq!(spec.values.len(), ruled.values.len());
    assert_eq!((spec.output, spec.input), (ruled.output, ruled.input));
    let units =
        |n: &Network| n.units.iter().map(|u| (u.input, u.sum, u.output)).collect::<Vec<_>>();
    assert_eq!(units(&spec), units(&ruled));
}

/// The net with some units' branches gone or scaled, by probes of the plain net.
fn kept(factors: &[f64]) -> Vec<f64> {
    let network = net(PLAIN);
    let sites = rnetc::network::anatomy::sites(&network);
    let probes = rnetc::dissect::probes::deletions(&network, &sites, 0);
    let whole = lower::probes::Part::WHOLE;
    let program = lower::part(&network, 2, whole, &probes);
    let masks = factors.iter().enumerate();
    let masks =
        masks.map(|(at, f)| (Role::Probe(rnetc::dissect::probes::keep(at)), vec![*f; 2])).collect();
    output(&program, &masks, OutputKind::Logits)
}

#[test]
fn evaluation_multiplies_by_the_share_that_is_live() {
    let ruled = Survival::Live { units: 2 }.on(&net(PLAIN)).expect("it fits");
    let have = output(&lower::inference(&ruled, 2), &HashMap::new(), OutputKind::Logits);
    assert!(distance(&have, &kept(&[0.4; 5])) < 1e-12);
}

fn with_seed(program: &Program, seed: f64) -> interp::Inputs {
    let mut all = inputs(program, &HashMap::new());
    for (at, input) in program.graph.inputs.iter().enumerate() {
        if input.role == Role::Seed {
            all.insert(InputId(at as u32), vec![seed]);
        }
    }
    all
}

#[test]
fn a_mini_batch_has_exactly_so_many_live_units_and_every_choice_comes() {
    let network = Survival::Live { units: 2 }.on(&net(PLAIN)).expect("it fits");
    let program = lower::training(&network, 2, &Sgd::PAPER);
    let mut choices = Vec::new();
    for first in 0..5 {
        for second in first + 1..5 {
            let factors: Vec<f64> =
                (0..5).map(|at| f64::from(u8::from(at == first || at == second))).collect();
            choices.push(kept(&factors));
        }
    }
    let logits = program.position(OutputKind::Logits).expect("there are");
    let mut seen = vec![0; choices.len()];
    for seed in 0..200 {
        let have =
            interp::run(&program, &with_seed(&program, f64::from(seed))).0.swap_remove(logits);
        let which = choices.iter().position(|want| distance(&have, want) < 1e-12);
        seen[which.expect("two of five units are live")] += 1;
    }
    // Each of ten choices is expected 20 times of 200; five standard deviations are 21.
    assert!(seen.iter().all(|&n| (4..=41).contains(&n)), "{seen:?}");
}

#[test]
fn the_engine_draws_the_same_units() {
    let network = Survival::Live { units: 2 }.on(&net(PLAIN)).expect("it fits");
    let program = lower::training(&network, 2, &Sgd::PAPER);
    let engine = CpuEngine::new(Some(2), Precision::F32).expect("every machine has a CPU");
    let mut executable = engine.compile(&program).expect("it compiles");
    for seed in [3.0, 4.0] {
        let all = with_seed(&program, seed);
        for (&id, data) in &all {
            let data: Vec<f32> = data.iter().map(|&v| v as f32).collect();
            executable.write(id, &data).expect("it is read");
        }
        executable.run().expect("it runs");
        for (index, want) in interp::run(&program, &all).0.iter().enumerate() {
            let have: Vec<f64> =
                executable.output(index).unwrap().iter().map(|&v| f64::from(v)).collect();
            assert!(distance(&have, want) < 1e-4, "{have:?} {want:?}");
        }
    }
}

#[test]
fn a_recipe_says_it_and_what_makes_no_sense_is_refused() {
    let recipe = |line: &str| Recipe::parse("r", &format!("{HE2016}\n{line}\n"));
    let live = recipe("survival: { live: { units: 2 } }").expect("it parses");
    assert_eq!(live.survival, Some(Survival::Live { units: 2 }));
    // It survives the way through a checkpoint.
    let json = serde_json::to_string(&live).expect("it is JSON");
    assert_eq!(serde_json::from_str::<Recipe>(&json).expect("and back"), live);
    let yaml = serde_yaml::to_string(&live).expect("it is YAML");
    assert_eq!(Recipe::parse("again", &yaml).expect("and back"), live);
    assert!(live.applied(net(PLAIN)).is_ok());
    assert_eq!(recipe("").expect("it parses").survival, None);
    assert!(recipe("survival: { live: { unit: 2 } }").is_err());
    let refused = |line: &str, network: Network| {
        recipe(line).expect("it parses").applied(network).unwrap_err().to_string()
    };
    let text = refused("survival: { live: { units: 9 } }", net(PLAIN));
    assert!(text.contains("1 to 5"), "{text}");
    let text = refused("survival: { stochastic_depth: { last: 0 } }", net(PLAIN));
    assert!(text.contains("above 0"), "{text}");
    let plain = compile("net n { input(3, 6, 6) -> conv(3x3, 4) -> global_avg_pool -> linear(3) }");
    let text = refused("survival: { stochastic_depth: { last: 0.5 } }", plain);
    assert!(text.contains("no unit has a shortcut"), "{text}");
}
