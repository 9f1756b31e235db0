//! A network with weights: read from a file, tested, asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{OpenEngine, Spec};
use crate::data::batches::{Images, Loading};
use crate::data::normalise::Normalisation;
use crate::data::sizing::Sizing;
use crate::data::views::{View, Views, usual_pad};
use crate::data::{Dataset, Extent};
use crate::engine::EngineError;
use crate::graph::OutputKind;
use crate::lower;
use crate::network::Network;
use crate::pixels::{self, Table};
use crate::train::config::Config;
use crate::train::evaluate::{MOST_BATCH, Score, evaluate_each, probabilities};
use crate::train::inference::{Mean, Passes};
use crate::train::mistakes::{Mistake, Mistakes};
use crate::train::picture_misfit::PictureMisfit;
use crate::train::recipe::Recipe;
use crate::train::record::checkpoint::{self, Origin};
use crate::train::record::manifest;
use crate::train::runner::Runner;
use crate::train::tally::Tally;
use crate::train::tensors::{self, Values};
use crate::train::{TrainError, fit};

/// A file of weights whose header has been read: what it says of itself tells which network it
/// belongs to.
///
/// ```no_run
/// let checkpoint = rnetc::Checkpoint::open("runs/preact-001/final.safetensors")?;
/// let spec = checkpoint.spec().ok_or("weights of another program")?;
/// let model = checkpoint.load(spec.compile()?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Checkpoint {
    path: PathBuf,
    /// Where its weights come from; nothing where another program wrote it.
    pub origin: Option<Origin>,
    /// Whether a run folder lists it, and it is as that says.
    pub is_listed: bool,
}

impl Checkpoint {
    /// Reads the header; where a run folder's manifest lists the file, its hash is checked.
    ///
    /// # Errors
    /// The file cannot be read, is damaged, or has a newer format.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, TrainError> {
        let path = path.into();
        let is_listed = manifest::verify(&path)?;
        let origin = checkpoint::describe(&path)?;
        Ok(Self { path, origin, is_listed })
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The spec that it was trained with, or imported by.
    pub fn spec(&self) -> Option<Spec> {
        self.origin.as_ref().map(Spec::of)
    }

    /// Reads the weights of a network.
    ///
    /// # Errors
    /// Names or shapes are not the network's, or the file cannot be read.
    pub fn load(self, mut network: Network) -> Result<Model, TrainError> {
        if let Some(origin) = &self.origin {
            network = origin.applied(network)?;
        }
        let values = checkpoint::load(&self.path, &tensors::of(&network))?;
        let recipe = self.origin.as_ref().and_then(Origin::recipe);
        let views = recipe.map_or(Views::One, |recipe| recipe.views);
        Ok(Model { network, values, origin: self.origin, views })
    }
}

impl Spec {
    /// What weights were trained with, or imported by.
    pub fn of(origin: &Origin) -> Self {
        Self::new(origin.spec(), origin.spec_text()).with(origin.settings().clone())
    }

    /// What a run was begun with.
    pub fn recorded(config: &Config) -> Self {
        Self::new(config.spec.as_str(), config.spec_text.as_str()).with(config.settings.clone())
    }
}

/// How a model did on the test pictures of a set.
#[derive(Clone, Debug)]
pub struct Judged {
    /// All of them together.
    pub score: Score,
    /// Class by class.
    pub tally: Tally,
    /// Those that were wrong, the surest first.
    pub mistakes: Vec<Mistake>,
}

/// A network with its weights.
#[derive(Clone, Debug)]
pub struct Model {
    /// The network.
    pub network: Network,
    /// Its tensors by name, and what the optimiser keeps of them where it was trained.
    pub values: Values,
    /// The run that they are of, or the file that they were imported from; nothing where another
    /// program wrote them.
    pub origin: Option<Origin>,
    /// Which views of a picture are classified: those of the recipe that it was trained by, unless
    /// they are changed.
    pub views: Views,
}

impl Model {
    /// Writes it as safetensors in PyTorch's layouts, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), TrainError> {
        let (path, tensors) = (path.as_ref(), tensors::of(&self.network));
        let imported = match &self.origin {
            Some(Origin::Run(about)) => {
                return checkpoint::save(path, &tensors, &self.values, about).map(drop);
            }
            Some(Origin::Import(imported)) => Some(imported),
            None => None,
        };
        checkpoint::save_imported(path, &tensors, &self.values, imported)
    }

    /// Size of the pictures that it reads.
    pub fn extent(&self) -> Extent {
        fit::extent(&self.network)
    }

    /// How the pictures that it was trained on were standardised, if that is known.
    pub fn normalisation(&self) -> Option<&Normalisation> {
        let known = self.origin.as_ref()?.normalisation()?;
        fit::normalisation(&self.network, known).ok()
    }

    /// Names of its classes by number, if they are known.
    pub fn classes(&self) -> Option<&[String]> {
        let known = self.origin.as_ref().and_then(Origin::classes);
        known.filter(|classes| classes.len() == self.network.classes())
    }

    /// Calls the classes otherwise, where the same are meant in the same order.
    pub fn rename_classes(&mut self, names: Vec<String>) {
        match &mut self.origin {
            Some(Origin::Run(about)) => about.config.classes = names,
            Some(Origin::Import(imported)) => imported.classes = Some(names),
            None => {}
        }
    }

    /// How pictures in files come to what it reads: as those that it was trained on.
    pub fn sizing(&self) -> Sizing {
        fit::sizing(&self.network, self.origin.as_ref().and_then(Origin::resize))
    }

    fn seen(&self) -> Result<Vec<View>, TrainError> {
        let recipe = self.origin.as_ref().and_then(Origin::recipe);
        let border = recipe.map_or_else(|| usual_pad(self.extent()), Recipe::border);
        if self.views.lack_border(border.0) {
            return Err(PictureMisfit::NoBorder.into());
        }
        Ok(self.views.of(border))
    }

    /// Measures the error on a data set's test pictures, at most `batch` at a time; none if
    /// `interrupted` says so on the way. Pictures are standardised as in training, or else by the
    /// set's own training pictures.
    ///
    /// # Errors
    /// The set's pictures or classes are not the network's, by number or by name, or the engine fails.
    pub fn evaluate(
        &self,
        data: &Dataset,
        engine: &OpenEngine,
        batch: usize,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Option<Score>, TrainError> {
        Ok(self.judge(data, engine, batch, interrupted)?.map(|judged| judged.score))
    }

    /// The same with what each class, and each picture, was taken for.
    ///
    /// # Errors
    /// As [`Model::evaluate`].
    pub fn judge(
        &self,
        data: &Dataset,
        engine: &OpenEngine,
        batch: usize,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Option<Judged>, TrainError> {
        fit::check_weights(&self.network, data)?;
        fit::check_sizing(self.sizing().resize, data)?;
        let views = self.seen()?;
        if let Some(classes) = self.classes() {
            fit::check_names(classes, data)?;
        }
        let normalisation = match self.normalisation() {
            Some(known) => known.clone(),
            None => Normalisation::measure(data.train.as_ref()),
        };
        let batch = batch.clamp(1, data.test.count().max(1));
        let mut program = self.compiled(engine, batch)?;
        let classes = self.network.classes();
        let loading = Loading { pictures: data.test.clone(), normalisation, batch, classes };
        let (mut tally, mut mistakes) = (Tally::new(classes), Mistakes::new(classes));
        let mut each = |scores: &[f32], labels: &[u8]| {
            tally.add(scores, labels);
            mistakes.add(scores, labels);
        };
        let score = evaluate_each(&mut program, &loading, &views, interrupted, &mut each)?;
        Ok(score.map(|score| Judged { score, tally, mistakes: mistakes.surest(usize::MAX) }))
    }

    /// Gets it ready to be asked about pictures, at most `batch` at a time.
    ///
    /// # Errors
    /// [`TrainError::Undescribed`] where its classes or the standardisation of its pictures are
    /// not known; or the engine fails.
    pub fn predictor(&self, engine: &OpenEngine, batch: usize) -> Result<Predictor, TrainError> {
        let views = self.seen()?;
        let described = self.normalisation().zip(self.classes());
        let (normalisation, classes) = described.ok_or(TrainError::Undescribed)?;
        let batch = batch.clamp(1, MOST_BATCH);
        Ok(Predictor {
            program: self.compiled(engine, batch)?,
            views,
            table: Arc::new(normalisation.table()),
            extent: self.extent(),
            classes: classes.to_vec(),
        })
    }

    fn compiled(&self, engine: &OpenEngine, batch: usize) -> Result<Runner, TrainError> {
        let program = lower::inference(&self.network, batch);
        let mut program = Runner::new(engine.engine.as_ref(), &program)?;
        program.load(&self.values)?;
        Ok(program)
    }
}

/// A model that is ready to be asked.
pub struct Predictor {
    program: Runner,
    views: Vec<View>,
    table: Arc<Table>,
    extent: Extent,
    classes: Vec<String>,
}

impl Predictor {
    /// Names of the classes, in the order of the probabilities.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The probability of each class, for each picture: bytes by rows, columns and channels.
    ///
    /// # Errors
    /// The engine fails.
    ///
    /// # Panics
    /// A picture has another length than the network's input.
    pub fn classify(&mut self, pictures: &[Vec<u8>]) -> Result<Vec<Vec<f64>>, TrainError> {
        let mut found = Vec::with_capacity(pictures.len());
        let pictures = pictures.iter().map(|picture| Ok(picture.clone()));
        self.classify_each::<TrainError>(pictures, &mut |probabilities| found.push(probabilities))?;
        Ok(found)
    }

    /// The same for pictures as they come: `told` is given the probabilities of each in turn, while
    /// the device computes and the next are made.
    ///
    /// # Errors
    /// The engine fails, or a picture does not come.
    ///
    /// # Panics
    /// A picture has another length than the network's input.
    pub fn classify_each<E: From<TrainError>>(
        &mut self,
        pictures: impl IntoIterator<Item = Result<Vec<u8>, E>>,
        told: &mut dyn FnMut(Vec<f64>),
    ) -> Result<(), E> {
        let (bytes, batch) = (self.extent.bytes(), self.program.batch());
        let failed = |error| E::from(TrainError::Engine(error));
        let black = pixels::Batch::black(batch, self.extent, self.table.clone());
        let (classes, mean) = (self.classes.len(), Mean::of(&self.views));
        let passes = Passes::new(&mut self.program, OutputKind::Logits);
        let mut asked = Asked { passes, views: &self.views, mean, classes, told };
        let (mut images, mut count) = (Images::Bytes(black), 0);
        for picture in pictures {
            let picture = match picture {
                Ok(picture) => picture,
                Err(error) => {
                    // What has been begun is told.
                    asked.end().map_err(failed)?;
                    return Err(error);
                }
            };
            assert_eq!(picture.len(), bytes, "a picture of another size");
            if let Images::Bytes(batch) = &mut images {
                batch.bytes[count * bytes..][..bytes].copy_from_slice(&picture);
            }
            count += 1;
            if count == batch {
                asked.begin(&mut images, count).map_err(failed)?;
                count = 0;
            }
        }
        if count > 0 {
            asked.begin(&mut images, count).map_err(failed)?;
        }
        asked.end().map_err(failed)
    }
}

/// Batches of pictures that are asked about; with each, how many of its pictures count.
struct Asked<'a> {
    passes: Passes<'a, usize>,
    views: &'a [View],
    mean: Mean<'a>,
    classes: usize,
    told: &'a mut dyn FnMut(Vec<f64>),
}

impl Asked<'_> {
    fn begin(&mut self, images: &mut Images, count: usize) -> Result<(), EngineError> {
        for view in self.views {
            images.crop(view.crop);
            let before = self.passes.begin_images(images, count)?;
            tell(before, self.classes, &mut self.mean, self.told);
        }
        Ok(())
    }

    fn end(mut self) -> Result<(), EngineError> {
        let last = self.passes.end()?;
        tell(last, self.classes, &mut self.mean, self.told);
        Ok(())
    }
}

/// Tells the probabilities of a batch whose last view has come.
fn tell(
    scores: Option<(usize, Vec<f32>)>,
    classes: usize,
    mean: &mut Mean,
    told: &mut dyn FnMut(Vec<f64>),
) {
    let Some((count, scores)) = scores else { return };
    let scores = mean.add(scores).unwrap_or_default();
    scores.chunks_exact(classes).take(count).for_each(|row| told(probabilities(row)));
}
