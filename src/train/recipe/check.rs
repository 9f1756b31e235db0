//! What a recipe's numbers must be.

use super::super::picture_misfit::PictureMisfit;
use super::super::yaml::Mistake;
use super::ranges::at_least_zero;
use super::{
    ClassWeights, MOST_BATCH, MOST_RESIZE, MOST_STEPS, OneCycle, Recipe, Schedule, averages,
    groups, validation,
};
use crate::data::views::Views;

/// Says what is wrong with a recipe that reads well.
pub fn check(recipe: &Recipe) -> Result<(), Mistake> {
    if !(1..=MOST_BATCH).contains(&recipe.batch) {
        return Err(Mistake::at(
            "batch",
            format!("batch is {}, and must be 1 to {MOST_BATCH}", recipe.batch),
        ));
    }
    if recipe.iterations.is_some() == recipe.epochs.is_some() {
        return Err(Mistake::at("epochs", "give its length as one of iterations and epochs"));
    }
    if !(1..=MOST_STEPS).contains(&recipe.length()) {
        let key = if recipe.epochs.is_some() { "epochs" } else { "iterations" };
        return Err(Mistake::at(key, format!("its length must be 1 to {MOST_STEPS}")));
    }
    recipe.augmentation.check()?;
    if let Some(side) = recipe.resize.filter(|side| !(1..=MOST_RESIZE).contains(side)) {
        let text = format!("resize is {side}, and must be 1 to {MOST_RESIZE}");
        return Err(Mistake::at("resize", text));
    }
    recipe.class_weights.as_ref().map_or(Ok(()), ClassWeights::check)?;
    if !(0.0..1.0).contains(&recipe.label_smoothing) {
        let value = recipe.label_smoothing;
        let text = format!("label_smoothing is {value}, and must be 0 or more, below 1");
        return Err(Mistake::at("label_smoothing", text));
    }
    if recipe.views == Views::TenCrop && recipe.augmentation.pad.by == 0 {
        return Err(Mistake::at("views", PictureMisfit::NoBorder.to_string()));
    }
    validation::check(recipe)?;
    cadences(recipe)?;
    recipe.optimiser.check()?;
    groups::check(&recipe.groups, &recipe.freeze)?;
    recipe.clip.map_or(Ok(()), |clip| clip.check())?;
    averages::check(recipe)?;
    rates(recipe)
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

fn rates(recipe: &Recipe) -> Result<(), Mistake> {
    let Schedule { lr, warmup, divide, cosine, one_cycle } = &recipe.schedule;
    at_least_zero("schedule.lr", *lr)?;
    if let Some(warmup) = warmup {
        at_least_zero("schedule.warmup.lr", warmup.lr)?;
        at_most_lr("schedule.warmup.lr", warmup.lr, *lr)?;
    }
    if [divide.is_some(), cosine.is_some(), one_cycle.is_some()].iter().filter(|s| **s).count() > 1
    {
        return Err(Mistake::at(
            "schedule",
            "give the schedule one of divide, cosine and one_cycle",
        ));
    }
    if let Some(divide) = divide {
        if !(divide.by.is_finite() && divide.by > 0.0) {
            let text = format!("schedule.divide.by is {}, and must be above 0", divide.by);
            return Err(Mistake::at("schedule.divide.by", text));
        }
        if divide.by < 1.0 {
            let text = format!(
                "schedule.divide.by is {}: the rate is divided by it, and would rise; write by: {}",
                divide.by,
                // What was meant, without the noise of a quotient in binary.
                (1e6 / divide.by).round() / 1e6
            );
            return Err(Mistake::at("schedule.divide.by", text));
        }
        if !divide.at.is_sorted() || divide.at.iter().any(|&at| at > recipe.length()) {
            let length = recipe.length();
            let text = format!("schedule.divide.at must rise and stay within the length, {length}");
            return Err(Mistake::at("schedule.divide.at", text));
        }
    }
    if let Some(cosine) = cosine {
        at_least_zero("schedule.cosine.to", cosine.to)?;
        at_most_lr("schedule.cosine.to", cosine.to, *lr)?;
    }
    if let Some(cycle) = one_cycle {
        one_cycle_makes_sense(cycle, *lr)?;
        if warmup.is_some() {
            let text = "schedule.one_cycle begins low of itself; leave warmup away";
            return Err(Mistake::at("schedule.warmup", text));
        }
    }
    Ok(())
}

fn one_cycle_makes_sense(cycle: &OneCycle, lr: f64) -> Result<(), Mistake> {
    at_least_zero("schedule.one_cycle.from", cycle.from)?;
    at_least_zero("schedule.one_cycle.to", cycle.to)?;
    at_most_lr("schedule.one_cycle.from", cycle.from, lr)?;
    at_most_lr("schedule.one_cycle.to", cycle.to, lr)?;
    if !(0.0..=1.0).contains(&cycle.rise) {
        let text = format!("schedule.one_cycle.rise is {}, and must be 0 to 1", cycle.rise);
        return Err(Mistake::at("schedule.one_cycle.rise", text));
    }
    Ok(())
}

/// `lr` is the highest rate, and the others are rates too: PyTorch has factors in their place.
fn at_most_lr(key: &'static str, value: f64, lr: f64) -> Result<(), Mistake> {
    if value <= lr {
        return Ok(());
    }
    Err(Mistake::at(
        key,
        format!("{key} is {value}: it is a rate, and above lr, which is the highest, {lr}"),
    ))
}
