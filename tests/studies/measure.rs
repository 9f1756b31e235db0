//! The study against the interpreter, lesion by lesion and picture by picture.

use std::collections::HashMap;
use std::sync::Arc;

use rnetc::data::Extent;
use rnetc::data::Pictures;
use rnetc::data::batches::Loading;
use rnetc::data::dataset::Stored;
use rnetc::data::normalise::Normalisation;
use rnetc::dissect::lesion::measure::{Observer, Subject, Tally};
use rnetc::dissect::lesion::plan::{Item, Lesion, Study, plan};
use rnetc::dissect::lesion::rewire::permuted;
use rnetc::dissect::lesion::summary::{baseline, outcomes, rows};
use rnetc::dissect::probes::{deletions, keep};
use rnetc::engine::Precision;
use rnetc::engine::cpu::CpuEngine;
use rnetc::graph::{InputId, Role, interp};
use rnetc::lower;
use rnetc::lower::probes::Part;
use rnetc::network::Network;
use rnetc::network::anatomy::sites;
use rnetc::train::TrainError;
use rnetc::train::tensors::{self, Values};

use super::support::*;

const COUNT: usize = 31;
const BATCH: usize = 4;

struct Watch {
    done: HashMap<(usize, usize), Tally>,
    /// Stops after so many.
    most: usize,
}

impl Observer for Watch {
    fn tally(&mut self, tally: &Tally) -> Result<(), TrainError> {
        assert!(self.done.insert((tally.lesion, tally.block), *tally).is_none(), "measured twice");
        Ok(())
    }

    fn interrupted(&self) -> bool {
        self.done.len() >= self.most
    }
}

fn values(network: &Network) -> Values {
    let value = |t: &tensors::Tensor| {
        let numbers = state(&t.name, t.shape.len());
        (t.name.clone(), numbers.iter().map(|&v| v as f32).collect())
    };
    tensors::of(network).iter().map(value).collect()
}

/// Wrong pictures and the sum of cross-entropies under a lesion, by the interpreter on all
/// pictures at once.
fn measured(
    network: &Network,
    values: &Values,
    lesion: &Lesion,
    pixels: &[u8],
    labels: &[u8],
) -> (usize, f64) {
    let sites = sites(network);
    let program = lower::part(network, COUNT, Part::WHOLE, &deletions(network, &sites, 0));
    let values = match lesion {
        Lesion::Reorder(order) => permuted(network, &sites, order, values),
        Lesion::None | Lesion::Delete(_) => values.clone(),
    };
    let mut all = inputs(&program, &HashMap::new());
    for (at, input) in program.graph.inputs.iter().enumerate() {
        let id = InputId(at as u32);
        if let Some(value) = values.get(&input.name) {
            all.insert(id, value.iter().map(|&v| f64::from(v)).collect());
        }
        if input.role == Role::Images {
            all.insert(id, pixels.iter().map(|&p| (f64::from(p) - 100.0) / 50.0).collect());
        }
        if let Lesion::Delete(gone) = lesion
            && gone.iter().any(|&site| Role::Probe(keep(site)) == input.role)
        {
            all.insert(id, vec![0.0; COUNT]);
        }
    }
    let logits = interp::run(&program, &all).0.swap_remove(0);
    let best = |row: &[f64]| (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]));
    let rows: Vec<_> = logits.chunks_exact(network.classes()).zip(labels).collect();
    let loss = |row: &[f64], label: u8| {
        row.iter().map(|s| s.exp()).sum::<f64>().ln() - row[usize::from(label)]
    };
    let wrong = rows.iter().filter(|(row, label)| best(row) != Some(usize::from(**label))).count();
    (wrong, rows.iter().map(|(row, label)| loss(row, **label)).sum())
}

#[test]
fn every_lesion_is_measured_as_the_interpreter_says_and_a_stop_costs_nothing() {
    let network = compile(
        "unit u(w, stride = 1) { F = bn -> relu -> conv(3x3, w, stride: stride)
            h = shortcut(w, stride: stride)  y = h(x) + F(x) }
         net n { input(3, 6, 6) -> conv(3x3, 4) -> u(4) * 3 -> u(6, stride: 2) -> u(6) * 3
            -> global_avg_pool -> linear(4) }",
    );
    let (sites, values) = (sites(&network), values(&network));
    let extent = Extent { rows: 6, columns: 6, channels: 3 };
    let pixels: Vec<u8> =
        numbers("p", COUNT * extent.bytes()).iter().map(|u| (100.0 + 99.0 * u) as u8).collect();
    let labels: Vec<u8> = (0..COUNT).map(|n| (n * n % 4) as u8).collect();
    let pictures: Arc<dyn Pictures> =
        Arc::new(Stored::new(extent, pixels.clone(), labels.clone()).expect("they fit"));
    let normalisation = Normalisation { mean: vec![100.0; 3], std: vec![50.0; 3] };
    let engine = CpuEngine::new(Some(2), Precision::F32).expect("every machine has a CPU");
    let loading = Loading { pictures, normalisation, batch: BATCH, classes: 4 };
    let subject =
        Subject { engine: &engine, network: &network, values: &values, sites: &sites, loading };
    let mut items: Vec<Item> = plan(&network, &sites, &Study::Each, 0).expect("there are units");
    items.extend(plan(&network, &sites, &Study::Random { counts: 2..=4, samples: 2 }, 5).unwrap());
    items.extend(plan(&network, &sites, &Study::Reorder { swaps: 1..=2, samples: 2 }, 5).unwrap());

    let mut watch = Watch { done: HashMap::new(), most: 5 };
    assert!(!subject.measure(&items, &HashMap::new(), &mut watch).expect("it runs"));
    let before = watch.done.clone();
    watch.most = usize::MAX;
    assert_eq!(before.len(), 5);
    assert!(subject.measure(&items, &before, &mut watch).expect("it runs"));
    assert_eq!(watch.done.len(), items.len());

    let plain = measured(&network, &values, &Lesion::None, &pixels, &labels);
    for (at, item) in items.iter().enumerate() {
        let tally = watch.done[&(at, 0)];
        let (wrong, loss) = measured(&network, &values, &item.lesion, &pixels, &labels);
        assert_eq!((tally.count, tally.wrong), (COUNT, wrong), "{:?}", item.lesion);
        let have = tally.loss.expect("it is a number");
        assert!((have / loss - 1.0).abs() < 1e-5, "{:?}: {have} {loss}", item.lesion);
        let shows = (loss / plain.1 - 1.0).abs() > 1e-4;
        assert!(shows || item.lesion == Lesion::None, "{:?} makes no difference", item.lesion);
    }

    let found = outcomes(&items, &watch.done);
    let percent = 100.0 * watch.done[&(0, 0)].wrong as f64 / COUNT as f64;
    assert_eq!(baseline(&found), Some(percent));
    assert_eq!(rows(&found).iter().map(|row| row.amount).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(found.iter().filter(|o| !o.order.is_empty()).all(|o| o.tau.unwrap() < 1.0));
}
