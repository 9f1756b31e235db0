//! Whether a network and a data set belong together.

use super::TrainError;
use super::error::Fixed;
use super::part::Part;
use super::picture_misfit::PictureMisfit;
use super::recipe::{Augment, ClassWeights, Normalise, Recipe};
use super::size_misfit::SizeMisfit;
use crate::data::normalise::Normalisation;
use crate::data::sizing::Sizing;
use crate::data::{Dataset, Extent};
use crate::network::{Chw, Network};
use crate::pixels::COLOURS;

/// How pictures in files come to what a network reads.
pub fn sizing(network: &Network, resize: Option<usize>) -> Sizing {
    Sizing { seen: extent(network), resize }
}

/// Whether pictures in files came to their size as those that weights were trained on.
///
/// # Errors
/// [`PictureMisfit::Otherwise`] where they did not.
pub fn check_sizing(wanted: Option<usize>, data: &Dataset) -> Result<(), TrainError> {
    if data.resize == wanted || data.test.file(0).is_none() {
        return Ok(());
    }
    Err(otherwise(wanted, data))
}

fn otherwise(wanted: Option<usize>, data: &Dataset) -> TrainError {
    let in_files = data.test.file(0).is_some();
    PictureMisfit::Otherwise { data: data.name.clone(), wanted, found: data.resize, in_files }
        .into()
}

/// Size of the pictures that a network reads.
pub fn extent(network: &Network) -> Extent {
    let Chw { c, h, w } = network.value(network.input).shape;
    Extent { rows: h, columns: w, channels: c }
}

/// How the pictures of a run were standardised.
///
/// # Errors
/// [`TrainError::Undescribed`] where what is recorded does not fit what the network reads.
pub fn normalisation<'a>(
    network: &Network,
    recorded: &'a Normalisation,
) -> Result<&'a Normalisation, TrainError> {
    recorded.fits(extent(network)).then_some(recorded).ok_or(TrainError::Undescribed)
}

/// Whether a set's classes are those that weights were trained for, by name and number.
pub fn check_names(trained: &[String], data: &Dataset) -> Result<(), TrainError> {
    if trained == data.classes {
        return Ok(());
    }
    let (trained, there) = (trained.to_vec(), data.classes.clone());
    Err(TrainError::OtherNames { trained, data: data.name.clone(), there })
}

/// Whether something of each picture is left when it has been cropped and cut out of.
pub fn check_augmentation(recipe: &Recipe, extent: Extent) -> Result<(), TrainError> {
    let Augment { pad, cutout, .. } = recipe.augmentation;
    let pad = pad.by;
    let side = extent.rows.min(extent.columns);
    let blank = |key, value, most| Err(TrainError::Blank { key, value, side, most });
    match (pad >= side, cutout >= 2 * side) {
        (true, _) => blank("augmentation.pad", pad, side - 1),
        (false, true) => blank("augmentation.cutout", cutout, 2 * side - 1),
        (false, false) => Ok(()),
    }
}

/// Whether pictures can come to what a network reads as a recipe says.
pub fn check_recipe(recipe: &Recipe, network: &Network) -> Result<(), TrainError> {
    let reads = extent(network);
    sizing(network, recipe.resize).check()?;
    let Augment { jitter, rand_augment, .. } = recipe.augmentation;
    let channels = reads.channels;
    for (key, is_there) in [("jitter", jitter.is_some()), ("rand_augment", rand_augment.is_some())]
    {
        if is_there && ![1, COLOURS].contains(&channels) {
            return Err(PictureMisfit::NoPhotograph { key, channels }.into());
        }
    }
    let larger = recipe.resize.filter(|resize| *resize > reads.rows.min(reads.columns));
    if recipe.normalise == Normalise::Imagenet && channels != COLOURS {
        return Err(PictureMisfit::Colourless { channels }.into());
    }
    match larger {
        Some(resize) if recipe.augmentation.pad.by > 0 => Err(PictureMisfit::Pad { resize }.into()),
        Some(_) | None => Ok(()),
    }
}

/// Whether pictures of a recipe's other sizes can be varied and standardised as it says.
pub fn check_sizes(
    recipe: &Recipe,
    sides: &[[usize; 2]],
    normalisation: &Normalisation,
    whole: Extent,
) -> Result<(), TrainError> {
    for &[rows, columns] in sides {
        let extent = Extent { rows, columns, ..whole };
        check_augmentation(recipe, extent)?;
        if !normalisation.is_by_channel() {
            return Err(SizeMisfit::Pixels(extent).into());
        }
    }
    Ok(())
}

/// Whether pictures have come to their size as a recipe says.
pub fn check_resize(recipe: &Recipe, data: &Dataset) -> Result<(), TrainError> {
    match recipe.resize == data.resize {
        true => Ok(()),
        false => Err(otherwise(recipe.resize, data)),
    }
}

/// Whether a recipe's list of weights has one for each class.
pub fn check_weights_of_classes(recipe: &Recipe, classes: usize) -> Result<(), TrainError> {
    match &recipe.class_weights {
        Some(ClassWeights::Given(weights)) if weights.len() != classes => {
            Err(TrainError::ClassWeights { given: weights.len(), classes })
        }
        Some(ClassWeights::Given(_) | ClassWeights::Balanced) | None => Ok(()),
    }
}

/// Whether there is a validation part where a recipe chooses by one.
pub fn check_choice(recipe: &Recipe, data: &Dataset) -> Result<(), TrainError> {
    let missing = |key| Err(TrainError::NoValidation { key, data: data.name.clone() });
    match (recipe.best, data.validation.is_some()) {
        (Some(Part::Test), _) | (_, true) => Ok(()),
        (Some(Part::Validation), false) => missing("best: validation"),
        (None, false) if recipe.stop.is_some() => missing("stop"),
        (None, false) => Ok(()),
    }
}

/// Whether a network that is to be trained takes a set's pictures and has its classes.
pub fn check(network: &Network, data: &Dataset) -> Result<(), TrainError> {
    compare(network, data, false)
}

/// The same of a network with weights, whose spec is no longer free.
pub fn check_weights(network: &Network, data: &Dataset) -> Result<(), TrainError> {
    compare(network, data, true)
}

fn compare(network: &Network, data: &Dataset, trained: bool) -> Result<(), TrainError> {
    let (there, reads) = (data.train.seen(), extent(network));
    let chw = |extent: Extent| Chw { c: extent.channels, h: extent.rows, w: extent.columns };
    let (net, set) = (network.name.clone(), data.name.clone());
    if there != reads {
        let (reads, pictures) = (chw(reads), chw(there));
        let free = network.has_parameter(Network::PIXELS) && pictures.h == pictures.w;
        let by = match (trained, free) {
            (true, _) => Fixed::Weights,
            (false, true) => Fixed::Parameter,
            (false, false) => Fixed::Spec,
        };
        return Err(TrainError::OtherPictures { net, reads, by, data: set, pictures });
    }
    let (tells, there) = (network.classes(), data.classes.len());
    if tells != there {
        let by = match (trained, network.has_parameter(Network::CLASSES)) {
            (true, _) => Fixed::Weights,
            (false, true) => Fixed::Parameter,
            (false, false) => Fixed::Spec,
        };
        return Err(TrainError::OtherClasses { net, tells, by, data: set, there });
    }
    Ok(())
}
