//! Reproducible numbers for tests, by a generator that shares nothing with the one under test.

/// SplitMix64 (Steele, Lea, Flood 2014).
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next_u64() % n as u64) as usize
    }

    /// Uniform in [low, high).
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn vector(&mut self, n: usize, low: f64, high: f64) -> Vec<f64> {
        (0..n).map(|_| self.uniform(low, high)).collect()
    }

    /// `n` numbers in [low, high) in random order, one a cell of an even number of equal cells
    /// and in the middle half of it: far from each other and, where the range is symmetric, from
    /// zero, and so from the kinks of max and relu.
    pub fn apart(&mut self, n: usize, low: f64, high: f64) -> Vec<f64> {
        let cells = 2 * n.div_ceil(2);
        let step = (high - low) / cells as f64;
        let mut all: Vec<f64> =
            (0..n).map(|i| low + step * (i as f64 + 0.5 + self.uniform(-0.25, 0.25))).collect();
        for i in (1..n).rev() {
            all.swap(i, self.below(i + 1));
        }
        all
    }
}
