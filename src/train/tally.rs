//! Which classes were taken for which, and what follows for each.

use super::evaluate::best;

/// How many of the largest scores are looked at for [`Tally::top5_error_percent`].
const TOP: usize = 5;

/// Counts over the pictures of a split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Pictures by their class and by the class that they were taken for, classes × classes, row
    /// by row.
    pub confusion: Vec<u64>,
    /// Of each class, its pictures.
    pub counts: Vec<u64>,
    /// Of each class, its pictures that have it among the five largest scores.
    pub top5: Vec<u64>,
}

impl Tally {
    /// Nothing counted yet.
    pub fn new(classes: usize) -> Self {
        let zeros = vec![0; classes];
        Self { confusion: vec![0; classes * classes], counts: zeros.clone(), top5: zeros }
    }

    /// Counts the pictures of a batch: their scores, row by row, and their labels. Where a score
    /// is not a number, a picture is taken for no class.
    pub fn add(&mut self, scores: &[f32], labels: &[u8]) {
        let classes = self.counts.len();
        for (row, &label) in scores.chunks_exact(classes).zip(labels) {
            let label = usize::from(label);
            self.counts[label] += 1;
            let best = best(row);
            if best == classes {
                continue;
            }
            self.confusion[label * classes + best] += 1;
            // Equal scores go by number, as `best` has it.
            let before = |(class, score): (usize, &f32)| {
                *score > row[label] || (*score == row[label] && class < label)
            };
            let above = row.iter().enumerate().filter(|&other| before(other)).count();
            self.top5[label] += u64::from(above < TOP);
        }
    }

    /// Pictures of a class that were taken for it.
    pub fn correct(&self, class: usize) -> u64 {
        self.confusion[class * self.counts.len() + class]
    }

    /// The share of the pictures that were taken for a class which are of it; none where there
    /// were none.
    pub fn precision(&self, class: usize) -> Option<f64> {
        let classes = self.counts.len();
        let taken = (0..classes).map(|row| self.confusion[row * classes + class]).sum();
        share(self.correct(class), taken)
    }

    /// The share of a class's pictures that were taken for it; none where there were none.
    pub fn recall(&self, class: usize) -> Option<f64> {
        share(self.correct(class), self.counts[class])
    }

    /// Pictures whose class is not among the five with the largest scores, %.
    pub fn top5_error_percent(&self) -> f64 {
        let [all, found] = [&self.counts, &self.top5].map(|of| of.iter().sum::<u64>());
        100.0 * (all - found) as f64 / all.max(1) as f64
    }
}

fn share(of: u64, all: u64) -> Option<f64> {
    (all > 0).then(|| of as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_hand() {
        let mut tally = Tally::new(3);
        let scores = [[3.0, 1.0, 2.0], [1.0, 1.0, 0.0], [0.0, 5.0, 1.0], [f32::NAN, 0.0, 0.0]];
        tally.add(scores.as_flattened(), &[0, 1, 1, 0]);
        assert_eq!(tally.confusion, [1, 0, 0, 1, 1, 0, 0, 0, 0]);
        assert_eq!(tally.counts, [2, 2, 0]);
        assert_eq!([tally.precision(0), tally.recall(0)], [Some(0.5), Some(0.5)]);
        assert_eq!([tally.precision(1), tally.recall(1)], [Some(1.0), Some(0.5)]);
        assert_eq!([tally.precision(2), tally.recall(2)], [None, None]);
        // Three classes are all among five; the one that is no number is not.
        assert_eq!(tally.top5_error_percent(), 25.0);
    }

    #[test]
    fn the_sixth_is_not_among_five_and_equal_scores_go_by_number() {
        let mut tally = Tally::new(7);
        let row = [6.0, 5.0, 4.0, 3.0, 2.0, 2.0, 1.0];
        (0..7).for_each(|label| tally.add(&row, &[label]));
        assert_eq!(tally.top5, [1, 1, 1, 1, 1, 0, 0]);
    }
}
