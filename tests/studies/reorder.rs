//! A reordered net computes what its units compute one after another in the new order.

use std::collections::{BTreeMap, HashMap};

use rnetc::dissect::lesion::rewire::{counterparts, permuted, survival};
use rnetc::dissect::probes;
use rnetc::graph::{InputId, Program, Role, interp};
use rnetc::lower;
use rnetc::lower::probes::{NONE, Part};
use rnetc::network::Network;
use rnetc::network::anatomy::{Site, sites};
use rnetc::train::tensors::{self, Values};

use super::support::*;

const BATCH: usize = 2;

/// Units of which each keeps something else: one branch, two, and one behind a gate.
const UNITS: [&str; 3] = [
    "F = bn -> relu -> conv(3x3, w) -> drop_path(index / count * 0.5)  y = x + F(x)",
    "F = conv(3x3, w) -> drop_path(index / count * 0.5)
     G = conv(1x1, w) -> drop_path(0.5 - index / count * 0.4)  y = x + F(x) + G(x)",
    "g = conv(1x1, w, bias: -1) -> sigmoid
     F = conv(3x3, w) -> drop_path(index / count * 0.5)  y = (1 - g(x)) * x + g(x) * F(x)",
];

fn net(unit: &str) -> Network {
    compile(&format!(
        "unit u(w) {{ {unit} }}
         unit other(w) {{ F = conv(3x3, w) -> bn  y = x + F(x) }}
         net n {{ input(3, 6, 6) -> conv(3x3, 4) -> u(4) * 3 -> other(4) -> global_avg_pool
             -> linear(3) }}"
    ))
}

fn values(network: &Network) -> Values {
    tensors::of(network)
        .iter()
        .map(|t| {
            let numbers = state(&t.name, t.shape.len());
            (t.name.clone(), numbers.iter().map(|&v| v as f32).collect())
        })
        .collect::<BTreeMap<_, _>>()
}

/// The output of a part under given weights.
fn run(program: &Program, values: &Values, cut: &[f64]) -> Vec<f64> {
    let given = HashMap::from([(Role::Cut, cut.to_vec())]);
    let mut all = inputs(program, &given);
    for (at, input) in program.graph.inputs.iter().enumerate() {
        if let Some(value) = values.get(&input.name) {
            let value = value.iter().map(|&v| f64::from(v)).collect();
            all.insert(InputId(at as u32), value);
        }
    }
    interp::run(program, &all).0.swap_remove(0)
}

fn unit(network: &Network, values: &Values, site: &Site, x: &[f64]) -> Vec<f64> {
    let part = Part { from: Some(site.input), to: Some(site.output) };
    run(&lower::part(network, BATCH, part, &NONE), values, x)
}

#[test]
fn only_equal_units_change_places() {
    let network = net(UNITS[0]);
    let sites = sites(&network);
    let fits = |a: usize, b: usize| counterparts(&network, &sites[a], &sites[b]).is_some();
    assert!(fits(0, 1) && fits(2, 0));
    assert!(!fits(0, 3) && !fits(3, 1));
    // A unit of another width.
    let network = spec("preact", &[("depth", "20")]);
    let sites = rnetc::network::anatomy::sites(&network);
    assert!(counterparts(&network, &sites[1], &sites[4]).is_none());
    assert!(counterparts(&network, &sites[1], &sites[2]).is_some());
}

#[test]
fn swapped_units_compute_in_the_new_order() {
    for text in UNITS {
        let network = net(text);
        let (sites, values) = (sites(&network), values(&network));
        let order = [2, 0, 1, 3];
        let stem = Part { from: None, to: Some(sites[0].input) };
        let mut x = run(&lower::part(&network, BATCH, stem, &NONE), &values, &[]);
        for &site in &order {
            x = unit(&network, &values, &sites[site], &x);
        }
        let head = Part { from: Some(sites[3].output), to: None };
        let want = run(&lower::part(&network, BATCH, head, &NONE), &values, &x);

        let moved = permuted(&network, &sites, &order, &values);
        let probes = probes::lesions(&network, &sites, 0);
        let program = lower::part(&network, BATCH, Part::WHOLE, &probes);
        let mut all = inputs(&program, &HashMap::new());
        // What drop_path keeps goes with the unit.
        let survival: HashMap<_, _> = survival(&network, &sites, &order)
            .into_iter()
            .map(|(drop, factor)| (Role::Probe(probes::survives(&sites, drop)), factor))
            .collect();
        for (at, input) in program.graph.inputs.iter().enumerate() {
            let id = InputId(at as u32);
            if let Some(value) = moved.get(&input.name) {
                all.insert(id, value.iter().map(|&v| f64::from(v)).collect());
            }
            if let Some(&factor) = survival.get(&input.role) {
                all.insert(id, vec![factor; BATCH]);
            }
        }
        let have = interp::run(&program, &all).0.swap_remove(0);
        assert!(distance(&have, &want) < 1e-12, "{text}");
        let plain = run(&lower::inference(&network, BATCH), &values, &[]);
        assert!(distance(&have, &plain) > 1e-6, "{text}");
    }
}
