//! Weights that another run begins with.

use std::path::Path;

use safetensors::tensor::SafeTensors;

use super::{damaged, misfit, names, of_run, read, shape, whole};
use crate::text::sha256;
use crate::train::TrainError;
use crate::train::error::Misfit;
use crate::train::tensors::{Tensor, Values};

/// A tensor that is not taken from a file, with its shape there and in the net.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// Its name.
    pub name: String,
    /// In the file; none where that lacks it.
    pub had: Option<Vec<usize>>,
    /// In the net.
    pub has: Vec<usize>,
}

/// What a file has for a net.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// Values of all tensors that were taken.
    pub values: Values,
    /// Tensors that were not.
    pub renewed: Vec<Renewed>,
    /// SHA-256 of the file.
    pub sha256: String,
}

/// Reads the tensors of a net for a run that begins with them, without what an optimiser keeps. Those
/// that `head` names may have other shapes: then, or where `renews` says so, none of them is taken.
///
/// # Errors
/// As [`super::load`], but for those of `head`.
pub fn load_to_begin(
    path: &Path,
    tensors: &[Tensor],
    head: &dyn Fn(&Tensor) -> bool,
    renews: bool,
) -> Result<Taken, TrainError> {
    let bytes = whole(path, tensors)?;
    let file = SafeTensors::deserialize(&bytes).map_err(|error| damaged(path, &error))?;
    let fits =
        |tensor: &Tensor| file.tensor(&tensor.name).is_ok_and(|view| view.shape() == shape(tensor));
    let renews = renews || !tensors.iter().filter(|tensor| head(tensor)).all(fits);
    let (mut values, mut renewed) = (Values::new(), Vec::new());
    for tensor in tensors {
        let found = file.tensor(&tensor.name);
        if renews && head(tensor) {
            let had = found.ok().map(|view| view.shape().to_vec());
            renewed.push(Renewed { name: tensor.name.clone(), had, has: shape(tensor) });
            continue;
        }
        let view = found.map_err(|_| misfit(path, &tensor.name, Misfit::Missing))?;
        let data = read(&view, tensor).map_err(|why| misfit(path, &tensor.name, why))?;
        values.insert(tensor.name.clone(), data);
    }
    let known = |name: &str| of_run(name) || tensors.iter().any(|t| names(t).any(|n| n == name));
    match file.names().into_iter().find(|name| !known(name)) {
        Some(other) => Err(misfit(path, other, Misfit::Unknown)),
        None => Ok(Taken { values, renewed, sha256: sha256([bytes.as_slice()]) }),
    }
}
