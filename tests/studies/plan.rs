//! Which lesions are made.

use rnetc::dissect::lesion::plan::{Impossible, Lesion, Study, left_alone, plan};
use rnetc::dissect::lesion::rewire::tau;
use rnetc::lower::probes::NONE;
use rnetc::network::anatomy::sites;

use super::support::*;

/// Zero-based numbers of the modules 1, 19 and 37 of the paper.
const ALONE: [usize; 3] = [0, 18, 36];

#[test]
fn resnet_110_is_lesioned_by_the_papers_rules() {
    assert!(NONE.ids.is_empty());
    for name in ["preact", "original"] {
        let network = spec(name, &[("depth", "110")]);
        let sites = sites(&network);
        assert_eq!(sites.len(), 54);
        assert_eq!(left_alone(&sites), ALONE);
        assert_eq!(plan(&network, &sites, &Study::Each, 0).unwrap().len(), 55);
        let study = Study::Random { counts: 1..=20, samples: 10 };
        for item in plan(&network, &sites, &study, 7).unwrap() {
            let Lesion::Delete(gone) = &item.lesion else { continue };
            let mut unique = gone.clone();
            unique.sort_unstable();
            unique.dedup();
            assert_eq!(unique.len(), item.amount);
            assert!(gone.iter().all(|site| *site < 54 && !ALONE.contains(site)));
        }
    }
}

#[test]
fn swaps_stay_within_a_stage_and_leave_its_first_alone() {
    let network = spec("preact", &[("depth", "110")]);
    let sites = sites(&network);
    let study = Study::Reorder { swaps: 1..=10, samples: 20 };
    let items = plan(&network, &sites, &study, 3).unwrap();
    let mut taus = Vec::new();
    for item in &items {
        let Lesion::Reorder(order) = &item.lesion else { continue };
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..54).collect::<Vec<_>>());
        let moved: Vec<usize> = (0..54).filter(|&at| order[at] != at).collect();
        assert!(moved.len() <= 2 * item.amount && moved.len() >= 2);
        assert!(moved.iter().all(|at| !ALONE.contains(at) && order[*at] / 18 == at / 18));
        if item.amount == 1 {
            // A swap at distance d inverts 2d − 1 pairs of 54·53/2.
            let distance = moved[1] - moved[0];
            let want = 1.0 - 2.0 * (2 * distance - 1) as f64 / 1431.0;
            assert!((tau(order) - want).abs() < 1e-12);
            taus.push(tau(order));
        }
    }
    // The paper's median for one swap is 0.987.
    taus.sort_by(f64::total_cmp);
    assert!((taus[taus.len() / 2] - 0.987).abs() < 0.006, "{taus:?}");
}

#[test]
fn tau_is_what_counting_pairs_gives() {
    for seed in 0..20 {
        let keys = numbers(&format!("tau {seed}"), 12);
        let mut order: Vec<usize> = (0..12).collect();
        order.sort_by(|&a, &b| keys[a].total_cmp(&keys[b]));
        let mut sum = 0.0;
        for i in 0..12 {
            for j in 0..12 {
                if i != j {
                    sum += ((i as f64 - j as f64) * (order[i] as f64 - order[j] as f64)).signum();
                }
            }
        }
        assert!((tau(&order) - sum / (12.0 * 11.0)).abs() < 1e-12);
    }
}

#[test]
fn what_cannot_be_drawn_is_refused_with_what_can() {
    let network = spec("preact", &[("depth", "8")]);
    let sites = sites(&network);
    let study = Study::Random { counts: 1..=3, samples: 1 };
    let error = plan(&network, &sites, &study, 0).unwrap_err();
    assert_eq!(error, Impossible::Counts { asked: 1..=3, deletable: 0, all: 3 });
    let study = Study::Reorder { swaps: 1..=1, samples: 1 };
    assert_eq!(plan(&network, &sites, &study, 0), Err(Impossible::Swaps { pairs: 0 }));
    let network =
        compile("net n { input(3, 8, 8) -> conv(3x3, 4) -> global_avg_pool -> linear(2) }");
    let sites = rnetc::network::anatomy::sites(&network);
    let text = plan(&network, &sites, &Study::Each, 0).unwrap_err().to_string();
    assert!(text.contains("3×8×8") && text.contains("4×8×8"), "{text}");
}
