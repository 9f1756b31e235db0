//! Pictures that were taken for something else.

use super::evaluate::{best, probabilities};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mistake {
    /// The picture's number in its split, from 0.
    pub index: usize,
    /// What it shows.
    pub label: usize,
    /// What it was taken for.
    pub taken_for: usize,
    /// How probable the network thought that.
    pub probability: f64,
}

/// Gathers them as the pictures of a split come by.
#[derive(Clone, Debug)]
pub struct Mistakes {
    classes: usize,
    seen: usize,
    found: Vec<Mistake>,
}

impl Mistakes {
    /// None yet, of a net that tells so many classes apart.
    pub fn new(classes: usize) -> Self {
        Self { classes, seen: 0, found: Vec::new() }
    }

    /// Takes the pictures of a batch in: their scores, row by row, and their labels. Where a score
    /// is not a number, a picture is taken for nothing, and left out.
    pub fn add(&mut self, scores: &[f32], labels: &[u8]) {
        for (row, &label) in scores.chunks_exact(self.classes).zip(labels) {
            let (index, taken_for, label) = (self.seen, best(row), usize::from(label));
            self.seen += 1;
            if taken_for != label && taken_for < self.classes {
                let probability = probabilities(row)[taken_for];
                self.found.push(Mistake { index, label, taken_for, probability });
            }
        }
    }

    /// At most so many of them, those that the network was surest of first.
    pub fn surest(mut self, most: usize) -> Vec<Mistake> {
        self.found.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        self.found.truncate(most);
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_surest_stand_first_and_what_is_no_number_nowhere() {
        let mut mistakes = Mistakes::new(2);
        mistakes.add(&[0.0, 1.0, 3.0, 0.0], &[0, 0]);
        mistakes.add(&[f32::NAN, 1.0, 0.0, 5.0], &[0, 0]);
        let found = mistakes.clone().surest(9);
        let places: Vec<_> = found.iter().map(|m| (m.index, m.label, m.taken_for)).collect();
        assert_eq!(places, [(3, 0, 1), (0, 0, 1)]);
        assert!((found[1].probability - 1.0 / (1.0 + (-1f64).exp())).abs() < 1e-7);
        assert_eq!(mistakes.surest(1).len(), 1);
    }
}
