//! Runs that begin with the weights of another: fine-tuning.

use std::path::Path;

use super::TrainError;
use super::config::Start;
use super::fit;
use super::record::checkpoint::{self, Origin, Renewed, Taken};
use super::tensors::{self, Tensor, Values};
use crate::data::Dataset;
use crate::data::normalise::Normalisation;
use crate::network::{ModuleId, ModuleKind, Network};

/// Weights that a run is to begin with.
#[derive(Clone, Debug)]
pub struct Begun {
    /// What is recorded of them.
    pub start: Start,
    /// Their values; those that are missing are made new.
    pub values: Values,
    /// How the pictures that they were trained on were standardised, where that is known and fits.
    pub normalisation: Option<Normalisation>,
    /// What was made new.
    pub renewed: Vec<Renewed>,
}

impl Begun {
    /// Takes the weights of a file for a network and a data set. The layer that tells classes apart is
    /// made new where there are others, by number or by name, unless `other_names` says that they mean
    /// the same.
    ///
    /// # Errors
    /// Another tensor is missing, is one more, or has another shape; or the file cannot be read.
    pub fn with(
        path: &Path,
        origin: Option<&Origin>,
        network: &Network,
        data: &Dataset,
        other_names: bool,
    ) -> Result<Self, TrainError> {
        let known = origin.and_then(Origin::classes);
        let renamed = known.is_some_and(|classes| classes != data.classes);
        let Taken { values, renewed, sha256 } = taken(path, network, renamed && !other_names)?;
        let start = Start {
            weights: recorded(path),
            sha256,
            data: origin.and_then(Origin::data).map(str::to_owned),
            steps: origin.map_or(0, Origin::steps),
            new: renewed.iter().map(|tensor| tensor.name.clone()).collect(),
        };
        let normalisation = origin.and_then(Origin::normalisation);
        let fits = |known: &&Normalisation| fit::normalisation(network, known).is_ok();
        let normalisation = normalisation.filter(fits).cloned();
        Ok(Self { start, values, normalisation, renewed })
    }

    /// The same weights again, for a run that has saved nothing yet.
    ///
    /// # Errors
    /// [`TrainError::OtherStart`] where the file is another one now; or it cannot be read.
    pub fn again(start: &Start, network: &Network) -> Result<Values, TrainError> {
        let path = Path::new(&start.weights);
        let Taken { values, sha256, .. } = taken(path, network, !start.new.is_empty())?;
        if sha256 == start.sha256 {
            return Ok(values);
        }
        Err(TrainError::OtherStart { path: path.to_path_buf() })
    }
}

fn taken(path: &Path, network: &Network, renews: bool) -> Result<Taken, TrainError> {
    let modules = head(network);
    let of_head: Vec<String> = network
        .tensors()
        .filter(|tensor| modules.contains(&tensor.id.module))
        .map(|tensor| network.tensor_name(tensor.id))
        .collect();
    let is_head = |tensor: &Tensor| of_head.contains(&tensor.name);
    checkpoint::load_to_begin(path, &tensors::of(network), &is_head, renews)
}

/// The layer that tells classes apart, with what follows it class by class.
fn head(network: &Network) -> Vec<ModuleId> {
    let mut modules = Vec::new();
    let mut at = network.output;
    loop {
        let value = network.value(at);
        if let Some(module) = value.layer.module() {
            modules.push(module);
            match network.module(module).kind {
                ModuleKind::Conv { .. } | ModuleKind::Linear { .. } => return modules,
                ModuleKind::BatchNorm { .. }
                | ModuleKind::Norm { .. }
                | ModuleKind::Vector { .. } => {}
            }
        }
        let Some(&before) = value.args.first() else { return modules };
        at = before;
    }
}

/// A file as it is recorded: the same for every working folder.
fn recorded(path: &Path) -> String {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    whole.to_string_lossy().into_owned()
}
