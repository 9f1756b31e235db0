//! Random numbers for data: a sequence that is a pure function of its key.
//!
//! Built on the graph's 32-bit finaliser, keyed by 64 bits so that millions of pictures do not
//! meet the same sequence.

use crate::graph::random::{key, mix};

/// What the numbers are drawn for; sequences of different purposes are unrelated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Order of an epoch.
    Order = 0x1001,
    /// Crop and flip of a picture.
    Augment = 0x1002,
    /// A drawn training picture.
    DrawTrain = 0x1003,
    /// A drawn test picture.
    DrawTest = 0x1004,
    /// First value of a parameter.
    Initial = 0x1005,
    /// Seed of a training step's dropout.
    Step = 0x1006,
    /// Which pictures are mirrored in the first epoch.
    Flip = 0x1007,
    /// How a batch is mixed.
    Mix = 0x1008,
    /// Visits of an epoch that sees all classes alike.
    Sample = 0x1009,
    /// Which area of a picture is shown.
    Area = 0x100a,
    /// How a picture's colours change.
    Jitter = 0x100b,
    /// Which operations are done to a picture.
    RandAugment = 0x100c,
    /// Units that a lesion deletes or swaps.
    Lesion = 0x2001,
    /// A picture, and the units that a path goes through.
    Path = 0x2002,
}

/// A sequence of random numbers.
#[derive(Clone, Debug)]
pub struct Draws {
    keys: [u32; 2],
    counter: u32,
}

impl Draws {
    /// The sequence number `index` for a purpose under a seed.
    pub fn new(seed: u32, purpose: Purpose, index: u64) -> Self {
        let (low, high) = (index as u32, (index >> 32) as u32);
        let first = mix(low ^ mix(high ^ key(seed, purpose as u32)));
        let second = mix(high ^ mix(low ^ key(!seed, !(purpose as u32))));
        Self { keys: [first, second], counter: 0 }
    }

    /// The sequence of a picture in an epoch.
    pub fn of_picture(purpose: Purpose, (seed, epoch, index): (u32, u32, usize)) -> Self {
        Self::new(seed, purpose, u64::from(epoch) << 32 | index as u64)
    }

    /// 32 random bits.
    pub fn bits(&mut self) -> u32 {
        let [first, second] = self.keys;
        let bits = mix(mix(self.counter ^ first).wrapping_add(second));
        self.counter = self.counter.wrapping_add(1);
        bits
    }

    /// Uniform in [0, 1), 24 bits.
    pub fn uniform(&mut self) -> f32 {
        (self.bits() >> 8) as f32 / (1u32 << 24) as f32
    }

    /// Uniform in [low, high).
    pub fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.uniform()
    }

    /// Uniform among 0..n, up to n/2³² of bias.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.bits() as u64 * n as u64) >> 32) as usize
    }

    /// True half of the time.
    pub fn coin(&mut self) -> bool {
        self.bits() >> 31 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sequence_depends_on_all_of_its_key() {
        let first = |seed, purpose, index| Draws::new(seed, purpose, index).bits();
        let base = first(1, Purpose::Order, 7);
        assert_eq!(base, first(1, Purpose::Order, 7));
        assert_ne!(base, first(2, Purpose::Order, 7));
        assert_ne!(base, first(1, Purpose::Augment, 7));
        assert_ne!(base, first(1, Purpose::Order, 8));
        assert_ne!(base, first(1, Purpose::Order, 7 | 1 << 40));
    }

    #[test]
    fn uniform_numbers_have_the_moments_of_a_uniform() {
        let mut draws = Draws::new(3, Purpose::Step, 0);
        let n = 100_000;
        let sample: Vec<f64> = (0..n).map(|_| f64::from(draws.uniform())).collect();
        let mean = sample.iter().sum::<f64>() / n as f64;
        let variance = sample.iter().map(|u| (u - mean).powi(2)).sum::<f64>() / n as f64;
        // Five standard errors: √(1/12/n)·5 and √(1/180/n)·5.
        assert!((mean - 0.5).abs() < 5e-3, "mean {mean}");
        assert!((variance - 1.0 / 12.0).abs() < 1.2e-3, "variance {variance}");
    }

    #[test]
    fn below_reaches_every_value_and_no_other() {
        let mut draws = Draws::new(0, Purpose::Order, 0);
        let mut counts = [0u32; 9];
        for _ in 0..9000 {
            counts[draws.below(9)] += 1;
        }
        assert!(counts.iter().all(|&c| (850..1150).contains(&c)), "{counts:?}");
    }
}
