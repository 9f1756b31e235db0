//! One loop for everything that a network computes of many pictures.

use super::TrainError;
use super::runner::Runner;
use crate::data::DataError;
use crate::data::batches::{As, Images, Loading};
use crate::data::views::View;
use crate::engine::{EngineError, Pending};
use crate::graph::{OutputKind, Role};

/// Batches on their way through a program: the device computes one while the next is prepared.
pub struct Passes<'a, T> {
    program: &'a mut Runner,
    wanted: OutputKind,
    underway: Option<(T, Pending)>,
}

impl<'a, T> Passes<'a, T> {
    /// Batches whose `wanted` result is asked for.
    pub fn new(program: &'a mut Runner, wanted: OutputKind) -> Self {
        Self { program, wanted, underway: None }
    }

    /// Begins a batch of pictures, or of what a part of a network begins with; then the result of
    /// the batch before, with what was given for it.
    pub fn begin(&mut self, values: &[f32], with: T) -> Result<Option<(T, Vec<f32>)>, EngineError> {
        self.program.write(Role::Images, values)?;
        self.program.write(Role::Cut, values)?;
        self.begun(with)
    }

    /// The same for pictures of a data set.
    pub fn begin_images(
        &mut self,
        images: &Images,
        with: T,
    ) -> Result<Option<(T, Vec<f32>)>, EngineError> {
        self.program.write_images(images)?;
        self.begun(with)
    }

    fn begun(&mut self, with: T) -> Result<Option<(T, Vec<f32>)>, EngineError> {
        let begun = self.program.begin(&[self.wanted])?;
        self.underway.replace((with, begun)).map(waited).transpose()
    }

    /// The result of the last batch.
    pub fn end(self) -> Result<Option<(T, Vec<f32>)>, EngineError> {
        self.underway.map(waited).transpose()
    }
}

fn waited<T>((with, begun): (T, Pending)) -> Result<(T, Vec<f32>), EngineError> {
    Ok((with, begun.wait()?.into_iter().next().unwrap_or_default()))
}

/// The weighted mean of scores, view by view.
pub struct Mean<'a> {
    views: &'a [View],
    seen: usize,
    sums: Vec<f64>,
}

impl<'a> Mean<'a> {
    /// Of views that come in their order.
    pub fn of(views: &'a [View]) -> Self {
        Self { views, seen: 0, sums: Vec::new() }
    }

    /// Takes the scores of the next view in; after the last, the means.
    pub fn add(&mut self, scores: Vec<f32>) -> Option<Vec<f32>> {
        let [_, _, ..] = self.views else { return Some(scores) };
        if self.seen == 0 {
            self.sums.clear();
            self.sums.resize(scores.len(), 0.0);
        }
        let weight = self.views[self.seen].weight;
        let each = self.sums.iter_mut().zip(&scores);
        each.for_each(|(sum, score)| *sum += weight * f64::from(*score));
        self.seen = (self.seen + 1) % self.views.len();
        (self.seen == 0).then(|| self.sums.iter().map(|sum| *sum as f32).collect())
    }
}

/// Class scores of all pictures, batch by batch in their order: `each` is given a batch's scores,
/// row by row, and its labels. Of several views of a picture, they are the weighted mean (of what the
/// net gives, before softmax). Returns false if `interrupted` says so on the way.
///
/// # Errors
/// Those of the engine; [`DataError::Ended`] where not all pictures come.
pub fn classify(
    program: &mut Runner,
    loading: &Loading,
    views: &[View],
    interrupted: &dyn Fn() -> bool,
    mut each: impl FnMut(&[f32], &[u8]),
) -> Result<bool, TrainError> {
    let loading = Loading { batch: program.batch(), ..loading.clone() };
    let mut missing = loading.pictures.count();
    // Other views than the plain one are cut out of bytes.
    let takes = if views == [View::PLAIN] { program.takes() } else { As::Bytes };
    let mut batches = loading.evaluation(takes).map_err(TrainError::NoThread)?;
    let mut passes = Passes::new(program, OutputKind::Logits);
    let mut mean = Mean::of(views);
    let mut add = |(labels, scores): (Vec<u8>, Vec<f32>)| {
        if let Some(scores) = mean.add(scores) {
            each(&scores, &labels);
        }
    };
    while let Some(mut batch) = batches.next_item() {
        missing -= batch.labels.len();
        for view in views {
            if interrupted() {
                return Ok(false);
            }
            batch.images.crop(view.crop);
            passes.begin_images(&batch.images, batch.labels.clone())?.map(&mut add);
        }
        batches.recycle(batch);
    }
    passes.end()?.map(&mut add);
    if missing == 0 { Ok(true) } else { Err(DataError::Ended.into()) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::data::dataset::Stored;
    use crate::data::normalise::Normalisation;
    use crate::data::views::Views;
    use crate::engine::{Device, Engine, Executable};
    use crate::graph::{InputId, Program};
    use crate::pixels::{Border, Extent};
    use crate::train::stand_in::{CLASSES, StandIn, program};

    /// Batches of the split.
    const BATCHES: usize = 4;

    /// As [`StandIn`], but a batch has results only once the next is under way.
    struct Overlapping(Arc<AtomicUsize>);

    struct OverlappingProgram(Box<dyn Executable>, Arc<AtomicUsize>);

    impl Engine for Overlapping {
        fn device(&self) -> Device {
            StandIn.device()
        }

        fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, EngineError> {
            Ok(Box::new(OverlappingProgram(StandIn.compile(program)?, self.0.clone())))
        }
    }

    impl Executable for OverlappingProgram {
        fn write(&mut self, input: InputId, data: &[f32]) -> Result<(), EngineError> {
            self.0.write(input, data)
        }

        fn run(&mut self) -> Result<(), EngineError> {
            self.0.run()
        }

        fn begin(&mut self, outputs: &[usize]) -> Result<Pending, EngineError> {
            let results = self.0.begin(outputs)?.wait();
            let (number, begun) = (self.1.fetch_add(1, Ordering::SeqCst), self.1.clone());
            Ok(Pending::Later(Box::new(move || {
                let next = number + 1 == BATCHES || begun.load(Ordering::SeqCst) == number + 2;
                if next { results } else { Err(EngineError::NoAnswer { seconds: 0 }) }
            })))
        }

        fn output(&mut self, index: usize) -> Result<Vec<f32>, EngineError> {
            self.0.output(index)
        }

        fn state(&mut self, input: InputId) -> Result<Vec<f32>, EngineError> {
            self.0.state(input)
        }

        fn memory(&self) -> usize {
            0
        }
    }

    #[test]
    fn the_next_batch_is_under_way_while_results_arrive() {
        let count = 5 * BATCHES - 3;
        let pixels = (0..4 * count).map(|k| (k * 31 % 251) as u8).collect();
        let labels: Vec<u8> = (0..count).map(|k| (k % CLASSES) as u8).collect();
        let extent = Extent { rows: 2, columns: 2, channels: 1 };
        let loading = Loading {
            pictures: Arc::new(Stored::new(extent, pixels, labels.clone()).unwrap()),
            normalisation: Normalisation { mean: vec![99.0], std: vec![70.0] },
            batch: 5,
            classes: CLASSES,
        };
        let scores = |engine: &dyn Engine| {
            let mut runner = Runner::new(engine, &program(5, false)).unwrap();
            let weights = (0..12).map(|k| k as f32 / 7.0).collect();
            runner.load(&[("fc.weight".to_owned(), weights)].into()).unwrap();
            let (mut all, mut seen) = (Vec::new(), Vec::new());
            let each = |scores: &[f32], labels: &[u8]| {
                all.extend_from_slice(&scores[..labels.len() * CLASSES]);
                seen.extend_from_slice(labels);
            };
            assert!(classify(&mut runner, &loading, &[View::PLAIN], &|| false, each).unwrap());
            (all, seen)
        };
        let overlapping = scores(&Overlapping(Arc::default()));
        assert_eq!(overlapping, scores(&StandIn));
        assert_eq!(overlapping.1, labels);
    }

    #[test]
    fn scores_of_several_views_are_their_weighted_mean() {
        let (count, extent) = (7, Extent { rows: 2, columns: 2, channels: 1 });
        let pixels = (0..4 * count).map(|k| (k * 31 % 251) as u8).collect();
        let loading = Loading {
            pictures: Arc::new(Stored::new(extent, pixels, vec![0; count]).unwrap()),
            normalisation: Normalisation { mean: vec![99.0], std: vec![70.0] },
            batch: 3,
            classes: CLASSES,
        };
        let scores = |views: &[View]| {
            let mut runner = Runner::new(&StandIn, &program(3, false)).unwrap();
            let weights = (0..4 * CLASSES).map(|k| (k as f32 * 0.7).sin()).collect();
            runner.load(&[("fc.weight".to_owned(), weights)].into()).unwrap();
            let mut all = Vec::new();
            let each = |scores: &[f32], labels: &[u8]| {
                all.extend_from_slice(&scores[..labels.len() * CLASSES]);
            };
            assert!(classify(&mut runner, &loading, views, &|| false, each).unwrap());
            all
        };
        let views = Views::Translate.of((1, Border::Zeros));
        let mut expected = vec![0.0; count * CLASSES];
        for view in &views {
            let alone = scores(&[View { weight: 1.0, ..*view }]);
            let each = expected.iter_mut().zip(alone);
            each.for_each(|(sum, score)| *sum += view.weight * f64::from(score));
        }
        let found = scores(&views);
        let same = |(found, expected): (&f32, &f64)| f64::from(*found) - expected;
        assert!(found.iter().zip(&expected).map(same).all(|off| off.abs() < 1e-6), "{found:?}");
        assert_ne!(found, scores(&[View::PLAIN]));
    }
}
