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

fn net() -> Network {
    compile(
        "unit u(w) { F = bn -> relu -> conv(3x3, w) -> drop_path(index / count * 0.5)  y = x + F(x) }
         unit other(w) { F = conv(3x3, w) -> bn  y = x + F(x) }
         net n { input(3, 6, 6) -> conv(3x3, 4) -> u(4) * 3 -> other(4) -> global_avg_pool -> linear(3) }",
    )
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
    let network = net();
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
    let network = net();
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
    let probes = probes::deletions(&network, &sites, 0);
    let program = lower::part(&network, BATCH, Part::WHOLE, &probes);
    let mut all = inputs(&program, &HashMap::new());
    for (at, input) in program.graph.inputs.iter().enumerate() {
        if let Some(value) = moved.get(&input.name) {
            all.insert(InputId(at as u32), value.iter().map(|&v| f64::from(v)).collect());
        }
        if let Some(at_site) =
            (0..sites.len()).find(|&at| Role::Probe(probes::keep(at)) == input.role)
        {
            // What drop_path keeps goes with the unit.
            let factor =
                survival(&network, &sites[order[at_site]]) / survival(&network, &sites[at_site]);
            all.insert(InputId(at as u32), vec![factor; BATCH]);
        }
    }
    let have = interp::run(&program, &all).0.swap_remove(0);
    assert!(distance(&have, &want) < 1e-12);
    let plain = run(&lower::inference(&network, BATCH), &values, &[]);
    assert!(distance(&have, &plain) > 1e-6);
}
