//! Which lesions a study makes.

use std::ops::RangeInclusive;

use super::rewire::counterparts;
use crate::data::random::{Draws, Purpose};
use crate::network::anatomy::Site;
use crate::network::{Chw, Network};
use crate::text::counted;

/// What is done to the net.
#[derive(Clone, Debug, PartialEq)]
pub enum Lesion {
    /// Nothing: the baseline.
    None,
    /// These sites are deleted.
    Delete(Vec<usize>),
    /// `order[i]` stands where site i stood.
    Reorder(Vec<usize>),
}

impl Lesion {
    /// The first site that is not as it was; none for the baseline.
    pub fn first(&self) -> Option<usize> {
        match self {
            Lesion::None => None,
            Lesion::Delete(sites) => sites.iter().min().copied(),
            Lesion::Reorder(order) => (0..order.len()).find(|&place| order[place] != place),
        }
    }
}

/// A lesion with its place in a study.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Sites deleted, or pairs swapped; 0 for the baseline.
    pub amount: usize,
    /// What is done.
    pub lesion: Lesion,
}

/// A study.
#[derive(Clone, Debug, PartialEq)]
pub enum Study {
    /// Every site alone.
    Each,
    /// These sites, all at once.
    Chosen(Vec<usize>),
    /// Some sites at random, of those that are no stage's first.
    Random {
        /// How many at once.
        counts: RangeInclusive<usize>,
        /// Draws of each count.
        samples: usize,
    },
    /// Swaps of random pairs of equal sites, of those that are no stage's first.
    Reorder {
        /// How many pairs.
        swaps: RangeInclusive<usize>,
        /// Draws of each number.
        samples: usize,
    },
}

/// Sites that random deletions and swaps leave alone: the first of each stage, which changes the
/// shape or reads the stem (1, 19 and 37 of ResNet-110).
pub fn left_alone(sites: &[Site]) -> Vec<usize> {
    let first = |&at: &usize| at == 0 || sites[at - 1].shapes[1] != sites[at].shapes[1];
    (0..sites.len()).filter(first).collect()
}

/// The lesions of a study, the baseline first; what is drawn depends on the seed and the place
/// in the study only.
pub fn plan(
    network: &Network,
    sites: &[Site],
    study: &Study,
    seed: u32,
) -> Result<Vec<Item>, Impossible> {
    let alone = left_alone(sites);
    let free = |at: &usize| !alone.contains(at);
    let deletable = |at: &usize| sites[*at].deletable(network);
    let mut items = vec![Item { amount: 0, lesion: Lesion::None }];
    match study {
        Study::Each => {
            let single = |at| Item { amount: 1, lesion: Lesion::Delete(vec![at]) };
            items.extend((0..sites.len()).filter(deletable).map(single));
            if items.len() == 1 {
                let first = sites.first().map(|site| (site.name.clone(), site.shapes));
                return Err(Impossible::Nothing { first });
            }
        }
        Study::Chosen(chosen) => {
            for &at in chosen {
                let Some(site) = sites.get(at) else {
                    return Err(Impossible::NoSite { unit: at + 1, all: sites.len() });
                };
                if !site.deletable(network) {
                    let (name, shapes) = (site.name.clone(), site.shapes);
                    return Err(Impossible::Stays { unit: at + 1, name, shapes });
                }
            }
            items.push(Item { amount: chosen.len(), lesion: Lesion::Delete(chosen.clone()) });
        }
        Study::Random { counts, samples } => {
            let among: Vec<usize> = (0..sites.len()).filter(free).filter(deletable).collect();
            if *counts.end() > among.len() {
                let (deletable, all) = (among.len(), sites.len());
                return Err(Impossible::Counts { asked: counts.clone(), deletable, all });
            }
            for (amount, draws) in draws(counts, *samples, seed) {
                items.push(Item { amount, lesion: Lesion::Delete(some(&among, amount, draws)) });
            }
        }
        Study::Reorder { swaps, samples } => {
            let pairs = pairs(network, sites, &(0..sites.len()).filter(free).collect::<Vec<_>>());
            if *swaps.end() > pairs.len() {
                return Err(Impossible::Swaps { pairs: pairs.len() });
            }
            for (amount, draws) in draws(swaps, *samples, seed) {
                let mut order: Vec<usize> = (0..sites.len()).collect();
                some(&pairs, amount, draws).into_iter().for_each(|(a, b)| order.swap(a, b));
                items.push(Item { amount, lesion: Lesion::Reorder(order) });
            }
        }
    }
    Ok(items)
}

fn nothing(first: &Option<(String, [Chw; 2])>) -> String {
    match first {
        Some((name, [reads, writes])) => format!(
            "nothing can be deleted: no unit has a shortcut, and none keeps its shape ({name} \
             reads {reads} and writes {writes})"
        ),
        None => "the net has neither units nor convolutions, so there is nothing to delete".into(),
    }
}

/// Why there is no such plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// Nothing can be deleted.
    #[error("{}", nothing(.first))]
    Nothing {
        /// Name and shapes of the first unit, if there is one.
        first: Option<(String, [Chw; 2])>,
    },
    /// There is no such unit.
    #[error("there is no unit {unit}: the net has {}", counted(*.all, "unit"))]
    NoSite {
        /// Counted from 1.
        unit: usize,
        /// How many there are.
        all: usize,
    },
    /// A unit cannot be deleted.
    #[error(
        "unit {unit} ({name}) cannot be deleted: it has no shortcut, and it reads {} and writes {}",
        .shapes[0], .shapes[1]
    )]
    Stays {
        /// Counted from 1.
        unit: usize,
        /// What it is called.
        name: String,
        /// What it reads and writes.
        shapes: [Chw; 2],
    },
    /// Fewer units can be deleted than are asked for.
    #[error(
        "{} can be deleted at random ({} in all, each stage's first left alone)",
        counted(*.deletable, "unit"), counted(*.all, "unit")
    )]
    Counts {
        /// What is asked for.
        asked: RangeInclusive<usize>,
        /// How many can.
        deletable: usize,
        /// How many there are.
        all: usize,
    },
    /// Fewer pairs can change places than are asked for.
    #[error(
        "there are {pairs} pairs of equal units that may change places (each stage's first left \
         alone)"
    )]
    Swaps {
        /// How many can.
        pairs: usize,
    },
}

fn draws(
    amounts: &RangeInclusive<usize>,
    samples: usize,
    seed: u32,
) -> impl Iterator<Item = (usize, Draws)> + use<> {
    let draw = move |amount: usize, sample: usize| {
        Draws::new(seed, Purpose::Lesion, (amount as u64) << 32 | sample as u64)
    };
    amounts.clone().flat_map(move |n| (0..samples).map(move |sample| (n, draw(n, sample))))
}

/// `count` different elements in random order (Fisher–Yates, stopped early).
fn some<T: Clone>(among: &[T], count: usize, mut draws: Draws) -> Vec<T> {
    let mut all = among.to_vec();
    for at in 0..count {
        let other = at + draws.below(all.len() - at);
        all.swap(at, other);
    }
    all.truncate(count);
    all
}

/// Pairs that may change places.
fn pairs(network: &Network, sites: &[Site], free: &[usize]) -> Vec<(usize, usize)> {
    let mut classes: Vec<Vec<usize>> = Vec::new();
    for &site in free {
        let fits = |class: &&mut Vec<usize>| {
            counterparts(network, &sites[class[0]], &sites[site]).is_some()
        };
        match classes.iter_mut().find(fits) {
            Some(class) => class.push(site),
            None => classes.push(vec![site]),
        }
    }
    let of = |class: &Vec<usize>| -> Vec<(usize, usize)> {
        let later = |at: usize| class[at + 1..].iter().map(move |&b| (class[at], b));
        (0..class.len()).flat_map(later).collect()
    };
    classes.iter().flat_map(of).collect()
}
