//! The order in which an epoch visits its pictures.

use serde::{Deserialize, Serialize};

use super::Pictures;
use super::random::{Draws, Purpose};

/// How often an epoch visits each picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// Once.
    #[default]
    Once,
    /// So that all classes are seen alike: those of few pictures again and again, of many not all.
    Balanced,
}

impl Sampling {
    /// Whether it is the usual one.
    pub fn is_once(&self) -> bool {
        *self == Sampling::Once
    }

    /// The visits of an epoch, as many as there are pictures.
    pub fn visits(self, pictures: &dyn Pictures, seed: u32, epoch: u32) -> Vec<Visit> {
        let count = pictures.count();
        match self {
            Sampling::Once => {
                let visit = |picture| Visit { picture, before: 0 };
                permutation(count, seed, epoch).into_iter().map(visit).collect()
            }
            Sampling::Balanced => {
                let visits = balanced(pictures, seed, epoch);
                permutation(count, seed, epoch).into_iter().map(|at| visits[at]).collect()
            }
        }
    }
}

/// A visit to a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Visit {
    /// Which.
    pub picture: usize,
    /// How often the epoch visits it before.
    pub before: u32,
}

impl Visit {
    /// The seed of what is drawn for it: each visit of an epoch has its own.
    pub fn seed(self, seed: u32) -> u32 {
        match self.before {
            0 => seed,
            before => Draws::new(seed, Purpose::Sample, u64::from(before)).bits(),
        }
    }
}

/// A permutation of 0..count that depends on the seed and the epoch only (Fisher–Yates).
pub fn permutation(count: usize, seed: u32, epoch: u32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    shuffle(&mut order, &mut Draws::new(seed, Purpose::Order, u64::from(epoch)));
    order
}

fn shuffle(order: &mut [usize], draws: &mut Draws) {
    for last in (1..order.len()).rev() {
        order.swap(last, draws.below(last + 1));
    }
}

/// Class after class, each with its share of the visits: all its pictures in an order of their own,
/// then all again in another, until there are enough.
fn balanced(pictures: &dyn Pictures, seed: u32, epoch: u32) -> Vec<Visit> {
    let count = pictures.count();
    let mut classes = vec![Vec::new(); 1 + usize::from(u8::MAX)];
    for picture in 0..count {
        classes[usize::from(pictures.label(epoch, picture))].push(picture);
    }
    classes.retain(|class| !class.is_empty());
    let there = classes.len().max(1);
    let mut draws = Draws::new(seed, Purpose::Sample, (u64::from(epoch) + 1) << 32);
    let mut visits = Vec::with_capacity(count);
    for (at, class) in classes.iter_mut().enumerate() {
        // What does not go up goes to other classes each epoch.
        let extra = (at + epoch as usize) % there < count % there;
        let wanted = count / there + usize::from(extra);
        for done in 0..wanted {
            if done % class.len() == 0 {
                shuffle(class, &mut draws);
            }
            let before = (done / class.len()) as u32;
            visits.push(Visit { picture: class[done % class.len()], before });
        }
    }
    visits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::dataset::Stored;
    use crate::pixels::Extent;

    #[test]
    fn it_is_a_permutation_and_differs_by_epoch_and_seed() {
        let order = permutation(1000, 5, 0);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1000).collect::<Vec<_>>());
        assert_eq!(order, permutation(1000, 5, 0));
        assert_ne!(order, permutation(1000, 5, 1));
        assert_ne!(order, permutation(1000, 6, 0));
        assert_eq!(permutation(1, 0, 0), [0]);
        assert!(permutation(0, 0, 0).is_empty());
    }

    /// Pictures of three classes: 70, 25 and 6.
    fn pictures() -> Stored {
        let labels = [vec![0; 70], vec![1; 25], vec![7; 6]].concat();
        Stored::new(Extent { rows: 1, columns: 1, channels: 1 }, vec![0; 101], labels).unwrap()
    }

    #[test]
    fn balanced_visits_see_each_class_alike_and_each_picture_in_turn() {
        let pictures = pictures();
        let seen = |epoch| Sampling::Balanced.visits(&pictures, 3, epoch);
        for epoch in 0..3 {
            let visits = seen(epoch);
            assert_eq!(visits.len(), 101);
            for class in [0, 1, 7] {
                let of: Vec<Visit> = visits
                    .iter()
                    .copied()
                    .filter(|visit| pictures.label(0, visit.picture) == class)
                    .collect();
                assert!((33..=34).contains(&of.len()), "{class}: {}", of.len());
                let count = [70, 25, 6][[0, 1, 7].iter().position(|c| *c == class).unwrap()];
                let most = of.iter().map(|visit| visit.before).max().unwrap();
                assert_eq!(most as usize, (of.len() - 1) / count);
                let mut different = of.clone();
                different.sort_unstable();
                different.dedup();
                assert_eq!(different.len(), of.len(), "each visit is its own");
            }
        }
        assert_eq!(seen(1), seen(1));
        assert_ne!(seen(0), seen(1));
        // Over the epochs, all of a large class.
        let all: std::collections::BTreeSet<_> =
            (0..20).flat_map(|epoch| seen(epoch).into_iter().map(|visit| visit.picture)).collect();
        assert_eq!(all.len(), 101);
        let seeds: std::collections::BTreeSet<_> =
            (0..6).map(|before| Visit { picture: 0, before }.seed(9)).collect();
        assert_eq!((seeds.len(), Visit { picture: 4, before: 0 }.seed(9)), (6, 9));
    }

    #[test]
    fn once_is_the_order_of_before() {
        let visits = Sampling::Once.visits(&pictures(), 5, 2);
        let order: Vec<usize> = visits.iter().map(|visit| visit.picture).collect();
        assert_eq!(order, permutation(101, 5, 2));
        assert!(visits.iter().all(|visit| visit.before == 0));
    }
}
