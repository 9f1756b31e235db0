//! What a recipe's numbers must be.

use super::{MOST_BATCH, MOST_STEPS, OneCycle, Recipe, Schedule};

/// Precisions a recipe may name.
const PRECISIONS: [&str; 4] = ["f32", "bf16x3", "bf16", "f16"];

/// Says what is wrong with a recipe that reads well.
pub fn check(recipe: &Recipe) -> Result<(), String> {
    if !(1..=MOST_BATCH).contains(&recipe.batch) {
        return Err(format!("batch is {}, and must be 1 to {MOST_BATCH}", recipe.batch));
    }
    if recipe.iterations.is_some() == recipe.epochs.is_some() {
        return Err("give its length as one of iterations and epochs".into());
    }
    if !(1..=MOST_STEPS).contains(&recipe.length()) {
        return Err(format!("its length must be 1 to {MOST_STEPS}"));
    }
    for (name, value) in [("pad", recipe.augmentation.pad), ("cutout", recipe.augmentation.cutout)]
    {
        if value > 64 {
            return Err(format!("augmentation.{name} is {value}, and must be 0 to 64"));
        }
    }
    if !(0.0..1.0).contains(&recipe.label_smoothing) {
        let value = recipe.label_smoothing;
        return Err(format!("label_smoothing is {value}, and must be 0 or more, below 1"));
    }
    if let Some(name) = recipe.precision.as_deref().filter(|name| !PRECISIONS.contains(name)) {
        return Err(format!("precision is {name}, and must be one of {}", PRECISIONS.join(", ")));
    }
    cadences(recipe)?;
    rates(recipe)
}

fn cadences(recipe: &Recipe) -> Result<(), String> {
    let both = [("evaluate", recipe.evaluate), ("checkpoint", recipe.checkpoint.cadence())];
    for (name, cadence) in both {
        match (cadence.epochs, cadence.steps) {
            (Some(1..=MOST_STEPS), None) | (None, Some(1..=MOST_STEPS)) => {}
            (Some(_), None) | (None, Some(_)) => {
                return Err(format!("{name} must be every 1 to {MOST_STEPS} epochs or steps"));
            }
            (Some(_), Some(_)) | (None, None) => {
                return Err(format!("give {name} one of epochs and steps"));
            }
        }
    }
    if recipe.checkpoint.keep == 0 {
        return Err("checkpoint.keep is 0, and must be 1 or more".into());
    }
    Ok(())
}

fn rates(recipe: &Recipe) -> Result<(), String> {
    let Schedule { lr, warmup, divide, cosine, one_cycle } = &recipe.schedule;
    at_least_zero("schedule.lr", *lr)?;
    if let Some(warmup) = warmup {
        at_least_zero("schedule.warmup.lr", warmup.lr)?;
    }
    if [divide.is_some(), cosine.is_some(), one_cycle.is_some()].iter().filter(|s| **s).count() > 1
    {
        return Err("give the schedule one of divide, cosine and one_cycle".into());
    }
    if let Some(divide) = divide {
        if !(divide.by.is_finite() && divide.by > 0.0) {
            return Err(format!("schedule.divide.by is {}, and must be above 0", divide.by));
        }
        if !divide.at.is_sorted() || divide.at.iter().any(|&at| at > recipe.length()) {
            return Err(format!(
                "schedule.divide.at must rise and stay within the length, {}",
                recipe.length()
            ));
        }
    }
    if let Some(cosine) = cosine {
        at_least_zero("schedule.cosine.to", cosine.to)?;
    }
    if let Some(cycle) = one_cycle {
        one_cycle_makes_sense(cycle)?;
        if warmup.is_some() {
            return Err("schedule.one_cycle begins low of itself; leave warmup away".into());
        }
    }
    at_least_zero("optimiser.weight_decay", recipe.optimiser.weight_decay)?;
    let momentum = recipe.optimiser.momentum;
    if !(0.0..1.0).contains(&momentum) {
        return Err(format!("optimiser.momentum is {momentum}, and must be 0 or more, below 1"));
    }
    Ok(())
}

fn one_cycle_makes_sense(cycle: &OneCycle) -> Result<(), String> {
    at_least_zero("schedule.one_cycle.from", cycle.from)?;
    at_least_zero("schedule.one_cycle.to", cycle.to)?;
    if !(0.0..=1.0).contains(&cycle.rise) {
        return Err(format!("schedule.one_cycle.rise is {}, and must be 0 to 1", cycle.rise));
    }
    Ok(())
}

fn at_least_zero(name: &str, value: f64) -> Result<(), String> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(format!("{name} is {value}, and must be 0 or more"))
}
