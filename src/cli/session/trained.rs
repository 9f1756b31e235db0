//! A run folder as studies take it: network, weights, pictures, engine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;

use crate::api::OpenEngine;
use crate::cli::Failure;
use crate::cli::args::TrainedArgs;
use crate::cli::session::download;
use crate::cli::session::engine;
use crate::cli::session::hold;
use crate::cli::session::recorded;
use crate::cli::session::signals::Signals;
use crate::cli::session::spec::NamedSpec;
use crate::cli::session::weights;
use crate::cli::show::output;
use crate::data::Pictures;
use crate::data::batches::Loading;
use crate::data::folder::Splits;
use crate::data::locate::Found;
use crate::data::normalise::Normalisation;
use crate::data::selected::Selected;
use crate::dissect::journal::Journal;
use crate::engine::Precision;
use crate::network::Network;
use crate::network::anatomy::{Site, sites};
use crate::train::fit;
use crate::train::record::checkpoint::{self, About, Origin};
use crate::train::record::lock::Lock;
use crate::train::record::run_folder::RunFolder;
use crate::train::tensors::{self, Values};

/// A trained network with all that a study needs.
pub struct Trained {
    /// Where studies leave what they find: the run's folder, or one beside the weights.
    pub folder: PathBuf,
    /// The set that the pictures are of.
    pub data: String,
    /// How they are standardised.
    pub normalisation: Normalisation,
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

/// Weights whose header has been read.
struct Named {
    folder: PathBuf,
    weights: PathBuf,
    origin: Origin,
}

impl Named {
    fn find(run: &Path, chosen: Option<&Path>) -> Result<Self, Failure> {
        match (run.is_file(), chosen) {
            (true, None) => Self::of_file(run),
            (true, Some(other)) => {
                let (run, other) = (run.display(), other.display());
                Err(Failure::Usage(format!("{run} holds weights, and so does {other}")))
            }
            (false, chosen) => Self::of_run(&RunFolder::open(run)?, chosen),
        }
    }

    /// A file that says where its weights come from.
    fn of_file(weights: &Path) -> Result<Self, Failure> {
        super::weights::verify(weights)?;
        let origin = checkpoint::describe(weights)?;
        let origin = origin.ok_or_else(|| unknown(weights, "net and pictures"))?;
        Ok(Self { folder: weights.with_extension(""), weights: weights.to_path_buf(), origin })
    }

    /// Weights of a run, whose configuration says what they are, whichever file was chosen.
    fn of_run(run: &RunFolder, chosen: Option<&Path>) -> Result<Self, Failure> {
        let config = weights::config(run)?;
        let weights = match chosen {
            Some(path) => weights::file(path)?,
            None => weights::last(run)?,
        };
        super::weights::verify(&weights)?;
        let (step, epoch) = match checkpoint::describe(&weights)? {
            Some(Origin::Run(about)) => (about.step, about.epoch),
            Some(Origin::Import(_)) | None => (0, 0),
        };
        let about = About { format: Default::default(), step, epoch, config };
        Ok(Self { folder: run.path().to_path_buf(), weights, origin: Origin::Run(about) })
    }
}

/// Weights say too little of themselves.
fn unknown(weights: &Path, what: &str) -> Failure {
    Failure::Wrong(format!(
        "{}: these weights do not say what {what} they belong to; rnetc import SPEC STATE --trained-on DATA \
         writes ones that do",
        weights.display()
    ))
}

/// What a run is called, after its folder.
pub fn called(run: &Path) -> String {
    let whole = std::path::absolute(run).unwrap_or_else(|_| run.to_path_buf());
    whole.file_name().map_or_else(|| "run".into(), |name| name.to_string_lossy().into_owned())
}

/// Opens what the arguments name.
pub fn open(run: &Path, args: &TrainedArgs, signals: &Signals) -> Result<Trained, Failure> {
    engine::check_precision(&args.engine)?;
    let Named { folder, weights, origin } = Named::find(run, args.weights.as_deref())?;
    let network = origin.applied(NamedSpec::of(&origin).compile()?)?;
    let values = checkpoint::load(&weights, &tensors::of(&network))?;
    let data = origin.data().ok_or_else(|| unknown(&weights, "pictures"))?.to_string();
    let set = recorded::set(&data, args.data.as_deref())?;
    let official = recorded::official(&set, args.data.as_deref(), origin.files());
    let found = Found::find(&set, official.as_deref(), origin.classes())?;
    let recorded = origin.normalisation().ok_or_else(|| unknown(&weights, "pictures"))?;
    let normalisation = fit::normalisation(&network, recorded)?.clone();
    let opened = engine::open(&args.engine)?;
    let sizing = fit::sizing(&network, origin.resize());
    let dataset = download::load(&found, sizing, Splits::Test, signals)?;
    fit::check_weights(&network, &dataset)?;
    let pictures: Arc<dyn Pictures> = match args.pictures {
        Some(count) => Arc::new(Selected::from(dataset.test, 0, count as usize)),
        None => dataset.test,
    };
    let after = match &origin {
        Origin::Run(about) => format!("weights after {} steps", about.step),
        Origin::Import(import) => format!("weights imported from {}", import.source),
    };
    output::note(format_args!(
        "net: {} of {}, {after}; {} test pictures of {data}",
        network.name,
        run.display(),
        pictures.count(),
    ));
    let sites = sites(&network);
    let weights = (weights, origin.steps());
    Ok(Trained { folder, data, normalisation, network, sites, values, weights, pictures, opened })
}

/// Says which lines of a journal are no longer in it, but for the one that a crash cuts short.
pub fn tell_unreadable(journal: &Journal) {
    let numbers: Vec<_> = journal.unreadable().iter().map(usize::to_string).collect();
    if !numbers.is_empty() {
        output::warn(format_args!(
            "{}: line {} cannot be read; what stood there is measured again",
            journal.path().display(),
            numbers.join(", ")
        ));
    }
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
            data: self.data.clone(),
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
            normalisation: self.normalisation.clone(),
            classes: self.network.classes(),
        }
    }

    /// `RUN/<name>`, made if it is not there, for this process alone.
    pub fn subfolder(&self, name: &str) -> Result<(PathBuf, Lock), Failure> {
        let path = self.folder.join(name);
        std::fs::create_dir_all(&path).map_err(|error| Failure::io("making", &path, error))?;
        let lock = hold::take(&path)?;
        Ok((path, lock))
    }

    /// The net with its depth, as figures call it.
    pub fn title(&self) -> String {
        let depth = self.network.settings.iter().find(|(name, _)| name == "depth");
        let depth = depth.map_or(String::new(), |(_, depth)| format!(", {depth} layers"));
        format!("{}{depth}", self.network.name)
    }
}
