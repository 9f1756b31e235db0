//! What a recipe's numbers must be.

use super::super::picture_misfit::PictureMisfit;
use super::super::yaml::Mistake;
use super::ranges::{below_one, length_makes_sense, within};
use super::{
    ClassWeights, MOST_BATCH, MOST_RESIZE, MOST_STEPS, Recipe, averages, groups, schedule, sizes,
    validation,
};

/// Says what is wrong with a recipe that reads well.
pub fn check(recipe: &Recipe) -> Result<(), Mistake> {
    within("batch", recipe.batch, [1, MOST_BATCH])?;
    if recipe.iterations.is_some() == recipe.epochs.is_some() {
        return Err(Mistake::at("epochs", "give its length as one of iterations and epochs"));
    }
    if recipe.iterations.is_some_and(|length| !(1..=MOST_STEPS).contains(&length)) {
        return Err(Mistake::at("iterations", format!("its length must be 1 to {MOST_STEPS}")));
    }
    recipe.epochs.map_or(Ok(()), |epochs| length_makes_sense("epochs", "epochs", epochs))?;
    recipe.augmentation.check()?;
    recipe.resize.map_or(Ok(()), |side| within("resize", side, [1, MOST_RESIZE]))?;
    sizes::check(recipe)?;
    recipe.class_weights.as_ref().map_or(Ok(()), ClassWeights::check)?;
    below_one("label_smoothing", recipe.label_smoothing)?;
    if recipe.views.lack_border(recipe.augmentation.pad.by) {
        return Err(Mistake::at("views", PictureMisfit::NoBorder.to_string()));
    }
    validation::check(recipe)?;
    cadences(recipe)?;
    recipe.optimiser.check()?;
    groups::check(&recipe.groups, &recipe.freeze, &recipe.optimiser)?;
    recipe.clip.map_or(Ok(()), |clip| clip.check())?;
    averages::check(recipe)?;
    schedule::check(recipe)?;
    match &recipe.optimiser.otherwise {
        Some(otherwise) => otherwise.check_rate(recipe.schedule.lr, &recipe.groups),
        None => Ok(()),
    }
}

fn cadences(recipe: &Recipe) -> Result<(), Mistake> {
    let both = [("evaluate", recipe.evaluate), ("checkpoint", recipe.checkpoint.cadence())];
    for (name, cadence) in both {
        match (cadence.epochs, cadence.steps) {
            (Some(1..=MOST_STEPS), None) | (None, Some(1..=MOST_STEPS)) => {}
            (Some(_), None) | (None, Some(_)) => {
                let text = format!("{name} must be every 1 to {MOST_STEPS} epochs or steps");
                return Err(Mistake::at(name, text));
            }
            (Some(_), Some(_)) | (None, None) => {
                return Err(Mistake::at(name, format!("give {name} one of epochs and steps")));
            }
        }
    }
    if recipe.checkpoint.keep == 0 {
        return Err(Mistake::at("checkpoint.keep", "checkpoint.keep is 0, and must be 1 or more"));
    }
    Ok(())
}
