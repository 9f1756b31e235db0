//! The order in which an epoch visits its pictures.

use super::random::{Draws, Purpose};

/// A permutation of 0..count that depends on the seed and the epoch only (Fisher–Yates).
pub fn permutation(count: usize, seed: u32, epoch: u32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    let mut draws = Draws::new(seed, Purpose::Order, u64::from(epoch));
    for last in (1..count).rev() {
        order.swap(last, draws.below(last + 1));
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
