//! A run folder as studies take it: network, weights, pictures, engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use crate::api::OpenEngine;
use crate::cli::Failure;
use crate::cli::args::TrainedArgs;
use crate::cli::session::download;
use crate::cli::session::engine;
use crate::cli::session::signals::Signals;
use crate::cli::session::spec::NamedSpec;
use crate::cli::show::output;
use crate::data::batches::Loading;
use crate::data::dataset::Subset;
use crate::data::folder::Splits;
use crate::data::locate::Found;
use crate::data::{Pictures, Set};
use crate::engine::Precision;
use crate::network::Network;
use crate::network::anatomy::{Site, sites};
use crate::train::config::Config;
use crate::train::fit;
use crate::train::record::checkpoint;
use crate::train::record::lock::Lock;
use crate::train::record::manifest;
use crate::train::record::run_folder::RunFolder;
use crate::train::tensors::{self, Values};

/// A trained network with all that a study needs.
pub struct Trained {
    /// Its run folder.
    pub folder: PathBuf,
    /// What it was trained with.
    pub config: Config,
    /// The network.
    pub network: Network,
    /// Its units.
    pub sites: Vec<Site>,
    /// Its weights.
    pub values: Values,
    /// Where they come from, and after how many steps.
    pub weights: (PathBuf, u64),
    /// Test pictures.
    pub pictures: Arc<dyn Pictures>,
    /// Computes.
    pub opened: OpenEngine,
}

/// Opens what the arguments name.
pub fn open(run: &Path, args: &TrainedArgs, signals: &Signals) -> Result<Trained, Failure> {
    engine::check_precision(&args.engine)?;
    let folder = RunFolder::open(run)?;
    let config = folder.read_config()?;
    let network = config.recipe.applied(NamedSpec::recorded(&config).compile()?)?;
    let path = match &args.weights {
        Some(path) => path.clone(),
        None => last(&folder)?,
    };
    manifest::verify(&path)?;
    let values = checkpoint::load(&path, &tensors::of(&network))?;
    let step = checkpoint::describe(&path)?.map_or(0, |about| about.step);
    let set = Set::recorded(&config.data);
    let found = Found::find(&set, args.data.as_deref(), Some(&config.classes))?;
    let opened = engine::open(&args.engine)?;
    let extent = fit::extent(&network);
    fit::normalisation(&network, &config)?;
    let dataset = download::load(&found, extent, Splits::Test, signals)?;
    fit::check(&network, &dataset)?;
    let pictures: Arc<dyn Pictures> = match args.pictures {
        Some(count) => Arc::new(Subset::new(dataset.test, 0, count as usize)),
        None => dataset.test,
    };
    output::note(format_args!(
        "net: {} of {}, weights after {step} steps; {} test pictures of {}",
        network.name,
        run.display(),
        pictures.count(),
        config.data
    ));
    let sites = sites(&network);
    let folder = folder.path().to_path_buf();
    Ok(Trained { folder, config, network, sites, values, weights: (path, step), pictures, opened })
}

/// The last weights of a run.
fn last(folder: &RunFolder) -> Result<PathBuf, Failure> {
    folder.newest_weights()?.ok_or_else(|| {
        Failure::File(format!(
            "{} holds no weights yet; train on with rnetc run --resume --out {0}",
            folder.path().display()
        ))
    })
}

/// What a study was made of: what its journal, and its report, say of it.
#[derive(Serialize)]
pub struct Basis {
    seed: u32,
    weights: String,
    step: u64,
    data: String,
    pictures: usize,
    precision: Precision,
    batch: usize,
}

impl Trained {
    /// What a study of it is made of.
    pub fn basis(&self, args: &TrainedArgs, batch: usize) -> Basis {
        let (weights, step) = &self.weights;
        Basis {
            seed: args.seed,
            weights: weights.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            step: *step,
            data: self.config.data.clone(),
            pictures: self.pictures.count(),
            precision: args.engine.precision(),
            batch,
        }
    }

    /// The test pictures in batches.
    pub fn loading(&self, batch: usize) -> Loading {
        Loading {
            batch: batch.min(self.pictures.count().max(1)),
            pictures: self.pictures.clone(),
            normalisation: self.config.normalisation.clone(),
            classes: self.network.classes(),
        }
    }

    /// `RUN/<name>`, made if it is not there, for this process alone.
    pub fn subfolder(&self, name: &str) -> Result<(PathBuf, Lock), Failure> {
        let path = self.folder.join(name);
        std::fs::create_dir_all(&path).map_err(|error| Failure::io("making", &path, error))?;
        let lock = Lock::take(&path)?;
        Ok((path, lock))
    }

    /// The net with its depth, as figures call it.
    pub fn title(&self) -> String {
        let depth = self.network.settings.iter().find(|(name, _)| name == "depth");
        let depth = depth.map_or(String::new(), |(_, depth)| format!(", {depth} layers"));
        format!("{}{depth}", self.network.name)
    }
}
