//! A curve of bounded length: neighbours become their mean when it grows too long.

/// Most points that are kept; terminals have fewer columns.
const MOST: usize = 512;

/// Points in order.
#[derive(Clone, Debug, Default)]
pub struct Series {
    points: Vec<[f64; 2]>,
    /// Numbers that a point is the mean of, as a power of two.
    doublings: u32,
    /// The next point: sums, and of how many.
    begun: ([f64; 2], u64),
}

impl Series {
    /// Adds a point. What is no number has no place on a curve.
    pub fn push(&mut self, x: f64, y: f64) {
        if !y.is_finite() {
            return;
        }
        let ([xs, ys], count) = self.begun;
        self.begun = ([xs + x, ys + y], count + 1);
        if self.begun.1 < 1 << self.doublings {
            return;
        }
        let (sums, count) = std::mem::take(&mut self.begun);
        self.points.push(sums.map(|sum| sum / count as f64));
        if self.points.len() == MOST {
            let mean = |pair: &[[f64; 2]]| [0, 1].map(|k| (pair[0][k] + pair[1][k]) / 2.0);
            self.points = self.points.chunks_exact(2).map(mean).collect();
            self.doublings += 1;
        }
    }

    /// The points.
    pub fn points(&self) -> &[[f64; 2]] {
        &self.points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_short_and_keeps_its_mean() {
        let mut series = Series::default();
        let count = 1u32 << 14;
        for x in 0..count {
            series.push(f64::from(x), f64::from(x % 2));
            series.push(f64::from(x), f64::NAN);
        }
        let points = series.points();
        assert!((MOST / 2..MOST).contains(&points.len()), "{}", points.len());
        assert!(points.is_sorted_by(|a, b| a[0] < b[0]));
        assert!(points.iter().all(|p| p[1] == 0.5));
        assert_eq!(points[0][0], f64::from(count / points.len() as u32 - 1) / 2.0);
    }
}
