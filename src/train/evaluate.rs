//! Test error and loss of a network with given weights.

use std::sync::Arc;
use std::time::Instant;

use super::TrainError;
use super::inference::classify;
use super::runner::Runner;
use crate::data::batches::Loading;
use crate::data::selected::Selected;
use crate::data::views::View;
use crate::engine::EngineError;
use crate::ranks::Ranks;

/// Largest batch of an evaluation.
pub const MOST_BATCH: usize = 250;

/// How a network did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Pictures seen.
    pub count: usize,
    /// Pictures classified wrongly.
    pub wrong: usize,
    /// Sum of the cross-entropies.
    pub loss: f64,
    /// Seconds it took.
    pub seconds: f64,
}

impl Score {
    /// Pictures classified wrongly, %.
    pub fn error_percent(&self) -> f64 {
        100.0 * self.wrong as f64 / self.count.max(1) as f64
    }

    /// Mean cross-entropy.
    pub fn mean_loss(&self) -> f64 {
        self.loss / self.count.max(1) as f64
    }

    /// Pictures a second.
    pub fn images_per_s(&self) -> f64 {
        self.count as f64 / self.seconds.max(1e-9)
    }
}

/// Classifies a whole split by some views of each picture with the weights that `program` holds;
/// none if `interrupted` says so on the way.
pub fn evaluate(
    program: &mut Runner,
    loading: &Loading,
    views: &[View],
    interrupted: &dyn Fn() -> bool,
) -> Result<Option<Score>, TrainError> {
    evaluate_each(program, loading, views, interrupted, &mut |_, _| {})
}

/// The same; `each` is given the scores of each batch, row by row, and its labels.
pub fn evaluate_each(
    program: &mut Runner,
    loading: &Loading,
    views: &[View],
    interrupted: &dyn Fn() -> bool,
    each: &mut dyn FnMut(&[f32], &[u8]),
) -> Result<Option<Score>, TrainError> {
    let classes = loading.classes;
    let start = Instant::now();
    let mut score = Score { count: 0, wrong: 0, loss: 0.0, seconds: 0.0 };
    let whole = classify(program, loading, views, interrupted, |scores, labels| {
        score.count += labels.len();
        score.wrong += wrong(scores, classes, labels);
        score.loss += loss(scores, classes, labels);
        each(scores, labels);
    })?;
    score.seconds = start.elapsed().as_secs_f64();
    Ok(whole.then_some(score))
}

/// The same by several ranks, each of which has some of the batches; what they come to is added up in
/// their order, so that the number of ranks changes nothing. None if any was interrupted.
pub fn evaluate_part(
    ranks: &Ranks,
    program: &mut Runner,
    loading: &Loading,
    views: &[View],
    interrupted: &dyn Fn() -> bool,
) -> Result<Option<Score>, TrainError> {
    let start = Instant::now();
    let (count, batch) = (loading.pictures.count(), program.batch());
    let batches = count.div_ceil(batch);
    let at = |rank: usize| rank * batches / ranks.count();
    let (first, end) = (at(ranks.rank()), at(ranks.rank() + 1));
    let mut wrongs = 0;
    // Of each batch, and at last whether a rank was stopped and what it has wrong.
    let mut own = vec![0.0; batches + 2];
    if end > first {
        let own_pictures = (end * batch).min(count) - first * batch;
        let pictures = Selected::from(loading.pictures.clone(), first * batch, own_pictures);
        let loading = Loading { pictures: Arc::new(pictures), ..loading.clone() };
        let (mut number, classes) = (first, loading.classes);
        let whole = classify(program, &loading, views, interrupted, |scores, labels| {
            own[number] = loss(scores, classes, labels);
            wrongs += wrong(scores, classes, labels);
            number += 1;
        })?;
        own[batches] = f64::from(u8::from(!whole));
    }
    own[batches + 1] = wrongs as f64;
    let all = ranks.sums(&own).map_err(EngineError::Lost)?;
    let loss = all[..batches].iter().sum();
    let wrong = all[batches + 1] as usize;
    let seconds = start.elapsed().as_secs_f64();
    Ok((all[batches] == 0.0).then_some(Score { count, wrong, loss, seconds }))
}

/// Sum of a batch's cross-entropies.
pub fn loss(logits: &[f32], classes: usize, labels: &[u8]) -> f64 {
    let rows = logits.chunks_exact(classes).zip(labels);
    rows.map(|(row, &label)| cross_entropy(row, usize::from(label))).sum()
}

/// Pictures of a batch whose largest score is not their label's.
pub fn wrong(logits: &[f32], classes: usize, labels: &[u8]) -> usize {
    let rows = logits.chunks_exact(classes).zip(labels);
    rows.filter(|(row, label)| best(row) != usize::from(**label)).count()
}

/// The class with the largest score, the first of equals; no class where one is not a number.
pub fn best(row: &[f32]) -> usize {
    if row.iter().any(|score| score.is_nan()) {
        return row.len();
    }
    let mut best = 0;
    for (class, &score) in row.iter().enumerate() {
        if score > row[best] {
            best = class;
        }
    }
    best
}

/// `−ln softmax(row)[label]`, without overflow.
pub fn cross_entropy(row: &[f32], label: usize) -> f64 {
    let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = row.iter().map(|&s| (f64::from(s) - f64::from(most)).exp()).sum();
    sum.ln() + f64::from(most) - f64::from(row[label])
}

/// softmax(row).
pub fn probabilities(row: &[f32]) -> Vec<f64> {
    (0..row.len()).map(|class| (-cross_entropy(row, class)).exp()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cross_entropy_by_hand() {
        assert!((cross_entropy(&[0.0; 10], 3) - 10f64.ln()).abs() < 1e-12);
        assert!((cross_entropy(&[1.0, 0.0], 0) - (1.0 + (-1f64).exp()).ln()).abs() < 1e-12);
        // Large scores neither overflow nor vanish.
        assert!((cross_entropy(&[1000.0, 0.0], 1) - 1000.0).abs() < 1e-9);
        let p = probabilities(&[3f32.ln(), 0.0]);
        assert!((p[0] - 0.75).abs() < 1e-7 && (p[1] - 0.25).abs() < 1e-7);
    }

    #[test]
    fn the_first_of_equals_wins_and_nan_is_always_wrong() {
        assert_eq!(wrong(&[1.0, 1.0, 0.0, 2.0], 2, &[0, 1]), 0);
        assert_eq!(wrong(&[1.0, 1.0, 0.0, 2.0], 2, &[1, 0]), 2);
        assert_eq!(wrong(&[f32::NAN, 0.0], 2, &[0]), 1);
        assert_eq!(wrong(&[f32::NAN, 0.0], 2, &[1]), 1);
    }
}
