//! One loop for everything that a network computes of many pictures.

use super::TrainError;
use super::runner::Runner;
use crate::data::DataError;
use crate::data::batches::{Images, Loading};
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

/// Class scores of all pictures, batch by batch in their order: `each` is given a batch's scores,
/// row by row, and its labels. Returns false if `interrupted` says so on the way.
///
/// # Errors
/// Those of the engine; [`DataError::Ended`] where not all pictures come.
pub fn classify(
    program: &mut Runner,
    loading: &Loading,
    interrupted: &dyn Fn() -> bool,
    mut each: impl FnMut(&[f32], &[u8]),
) -> Result<bool, TrainError> {
    let loading = Loading { batch: program.batch(), ..loading.clone() };
    let mut missing = loading.pictures.count();
    let mut batches = loading.evaluation(program.takes()).map_err(TrainError::NoThread)?;
    let mut passes = Passes::new(program, OutputKind::Logits);
    while let Some(batch) = batches.next_item() {
        if interrupted() {
            return Ok(false);
        }
        missing -= batch.labels.len();
        let before = passes.begin_images(&batch.images, batch.labels.clone())?;
        batches.recycle(batch);
        before.iter().for_each(|(labels, scores)| each(scores, labels));
    }
    passes.end()?.iter().for_each(|(labels, scores)| each(scores, labels));
    if missing == 0 { Ok(true) } else { Err(DataError::Ended.into()) }
}
