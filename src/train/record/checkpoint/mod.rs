//! Checkpoints: safetensors files with PyTorch's shapes.
//!
//! A file holds every parameter and statistic by name, and what the optimiser keeps of each, such as
//! `<parameter>.momentum`. A key of the metadata holds a JSON object with its version: under `rnetc`
//! an [`About`], the step, the epoch and the run's configuration, spec text included; under
//! `rnetc.import` an [`Imported`].

mod begin;
mod foreign;
mod origin;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

pub use begin::{Renewed, Taken, load_to_begin};
pub use foreign::{Foreign, load_foreign, read_map};
pub use origin::{About, Imported, Origin};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::atomic;
use super::format;
use crate::network::Part;
use crate::train::TrainError;
use crate::train::error::Misfit;
use crate::train::foreign::other_format;
use crate::train::layout;
use crate::train::tensors::{self, Tensor, Values};

/// Longest header that is read, of files and before their tensors are known.
const MOST_HEADER: u64 = 64 << 20;
/// Where the metadata say what run the weights are of.
const RUN: &str = "rnetc";
/// Where they say what is known of weights of another program.
const IMPORT: &str = "rnetc.import";

/// Writes a checkpoint, whole or not at all, and returns what was written.
///
/// # Errors
/// [`TrainError::BadNumber`] where a value is infinite or no number.
pub fn save(
    path: &Path,
    tensors: &[Tensor],
    values: &Values,
    about: &About,
) -> Result<Vec<u8>, TrainError> {
    let about = serde_json::to_string(about).map_err(|error| TrainError::writing(path, error))?;
    write(path, tensors, values, Some((RUN.to_string(), about)))
}

/// The same for weights of another program, with what is known of them.
pub fn save_imported(
    path: &Path,
    tensors: &[Tensor],
    values: &Values,
    imported: Option<&Imported>,
) -> Result<(), TrainError> {
    let text = imported.map(serde_json::to_string).transpose();
    let text = text.map_err(|error| TrainError::writing(path, error))?;
    write(path, tensors, values, text.map(|text| (IMPORT.to_string(), text))).map(drop)
}

fn write(
    path: &Path,
    tensors: &[Tensor],
    values: &Values,
    metadata: Option<(String, String)>,
) -> Result<Vec<u8>, TrainError> {
    let wrong = |error| TrainError::writing(path, io::Error::other(error));
    let mut entries = Vec::new();
    for tensor in tensors {
        for name in names(tensor) {
            if let Some(values) = values.get(&name) {
                if let Some(&value) = values.iter().find(|value| !value.is_finite()) {
                    let path = path.to_path_buf();
                    return Err(TrainError::BadNumber { path, tensor: name, value });
                }
                let values = layout::to_checkpoint(tensor.kind, tensor.shape, values);
                let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
                entries.push((name, shape(tensor), bytes));
            }
        }
    }
    let mut views = Vec::new();
    for (name, shape, bytes) in &entries {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).map_err(wrong)?;
        views.push((name.as_str(), view));
    }
    let metadata = metadata.map(|entry| std::iter::once(entry).collect());
    let bytes = safetensors::serialize(views, metadata).map_err(wrong)?;
    atomic::write(path, &bytes)?;
    Ok(bytes)
}

/// What a file says of itself; none where another program wrote it. Reads the header only.
pub fn describe(path: &Path) -> Result<Option<Origin>, TrainError> {
    let header = header(path)?;
    let damaged = |error: serde_json::Error| damaged(path, &error);
    let value: serde_json::Value = serde_json::from_slice(&header).map_err(damaged)?;
    let text = |key| value.get("__metadata__").and_then(|m| m.get(key)).and_then(|v| v.as_str());
    let version = |text| format::check(path, serde_json::from_str(text), origin::FORMAT);
    if let Some(text) = text(RUN) {
        version(text)?;
        return serde_json::from_str(text).map(|about| Some(Origin::Run(about))).map_err(damaged);
    }
    let Some(text) = text(IMPORT) else { return Ok(None) };
    version(text)?;
    serde_json::from_str(text).map(|import| Some(Origin::Import(import))).map_err(damaged)
}

fn header(path: &Path) -> Result<Vec<u8>, TrainError> {
    let reading = |error| TrainError::reading(path, error);
    known(path)?;
    let mut file = File::open(path).map_err(reading)?;
    let length = file.metadata().map_err(reading)?.len();
    let mut size = [0; 8];
    file.read_exact(&mut size)
        .map_err(|_| damaged(path, &"it is too short to be a safetensors file"))?;
    let size = u64::from_le_bytes(size);
    if size > MOST_HEADER || size > length.saturating_sub(8) {
        return Err(damaged(path, &"its header is longer than the file or 64 MiB"));
    }
    let mut header = vec![0; size as usize];
    file.read_exact(&mut header).map_err(reading)?;
    Ok(header)
}

/// Reads the values of a network's tensors, in the graph's order; names and shapes must be
/// those of the network. What an optimiser keeps may be missing, and so may the scalars of a run, which
/// begin anew where weights of another precision go on.
pub fn load(path: &Path, tensors: &[Tensor]) -> Result<Values, TrainError> {
    let bytes = whole(path, tensors)?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| damaged(path, &error))?;
    let mut values = Values::new();
    let mut known = 0;
    for tensor in tensors {
        for name in names(tensor) {
            match file.tensor(&name) {
                Ok(view) => {
                    known += 1;
                    let data = read(&view, tensor).map_err(|why| misfit(path, &name, why))?;
                    values.insert(name, data);
                }
                Err(_) if of_run(&name) => {}
                Err(_) if name == tensor.name => {
                    return Err(misfit(path, &name, Misfit::Missing));
                }
                Err(_) => {}
            }
        }
    }
    if known != file.len() {
        // Whoever wants a network's weights leaves the scalars of a run.
        let known = |name: &str| tensors.iter().any(|t| names(t).any(|n| n == name));
        let other = file.names().into_iter().find(|name| !known(name) && !of_run(name));
        let Some(other) = other else { return Ok(values) };
        return Err(misfit(path, other, Misfit::Unknown));
    }
    Ok(values)
}

/// The file's bytes, unless there are far more than the network's tensors need.
fn whole(path: &Path, tensors: &[Tensor]) -> Result<Vec<u8>, TrainError> {
    let need: u64 = tensors.iter().map(most_bytes).sum();
    bytes(path, need + MOST_HEADER)
}

/// Bytes of a tensor with all that is kept of it, or in f64.
fn most_bytes(tensor: &Tensor) -> u64 {
    4 * tensor.shape.len() as u64 * (1 + tensor.kept().count() as u64).max(2)
}

/// A file's bytes, unless it is of another format or there are more than `most`.
pub fn bytes(path: &Path, most: u64) -> Result<Vec<u8>, TrainError> {
    let reading = |error| TrainError::reading(path, error);
    known(path)?;
    let file = File::open(path).map_err(reading)?;
    let length = file.metadata().map_err(reading)?.len();
    if length > most {
        return Err(TrainError::TooLong { path: path.to_path_buf(), bytes: length, most });
    }
    let mut bytes = Vec::with_capacity(length as usize);
    file.take(most).read_to_end(&mut bytes).map_err(reading)?;
    Ok(bytes)
}

/// Refuses a file of another format, and says which.
fn known(path: &Path) -> Result<(), TrainError> {
    match other_format(path) {
        Some(format) => Err(TrainError::OtherFormat { path: path.to_path_buf(), format }),
        None => Ok(()),
    }
}

fn read(view: &TensorView, tensor: &Tensor) -> Result<Vec<f32>, Misfit> {
    if view.dtype() != Dtype::F32 {
        return Err(Misfit::Type(format!("{:?}", view.dtype())));
    }
    let wanted = shape(tensor);
    if view.shape() != wanted {
        return Err(Misfit::Shape { found: view.shape().to_vec(), wanted });
    }
    let (chunks, _) = view.data().as_chunks::<4>();
    let values: Vec<f32> = chunks.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    if !values.iter().all(|value| value.is_finite()) {
        return Err(Misfit::NoNumber);
    }
    check_variances(tensor, &values)?;
    Ok(layout::from_checkpoint(tensor.kind, tensor.shape, &values))
}

/// Refuses variances below zero, whose roots would be no numbers.
fn check_variances(tensor: &Tensor, values: &[f32]) -> Result<(), Misfit> {
    let is_variance =
        Part::RunningVariance.suffix().is_some_and(|word| tensor.name.ends_with(word));
    let is_negative = is_variance && values.iter().any(|value| *value < 0.0);
    if is_negative { Err(Misfit::Negative) } else { Ok(()) }
}

fn shape(tensor: &Tensor) -> Vec<usize> {
    layout::checkpoint_shape(tensor.kind, tensor.shape)
}

fn names(tensor: &Tensor) -> impl Iterator<Item = String> + '_ {
    std::iter::once(tensor.name.clone()).chain(tensor.kept())
}

fn of_run(name: &str) -> bool {
    tensors::of_run().any(|scalar| scalar.name == name)
}

fn damaged(path: &Path, error: &dyn std::fmt::Display) -> TrainError {
    TrainError::NotWhole { path: path.to_path_buf(), why: error.to_string() }
}

fn misfit(path: &Path, tensor: &str, why: Misfit) -> TrainError {
    TrainError::Misfit { path: path.to_path_buf(), tensor: tensor.to_owned(), why }
}

#[cfg(test)]
mod tests;
