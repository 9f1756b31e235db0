//! What is told of how a run chooses its best state.

use serde::Serialize;

use crate::cli::show::output;
use crate::data::Dataset;
use crate::data::validation::Amount;
use crate::text::thousands;
use crate::train::config::Config;
use crate::train::part::Part;
use crate::train::record::run_folder::RunFolder;
use crate::train::trainer::Best;

/// Says what the validation part is. `whole` is the data as it was found.
pub fn begin(whole: &Dataset, data: &Dataset, config: &Config) {
    let Some(part) = &data.validation else { return };
    let count = thousands(part.count());
    let asked = config.recipe.validation;
    if whole.validation.is_some() {
        let unused = asked.map_or(String::new(), |amount| {
            format!("; so the recipe's validation: {amount} is not followed")
        });
        output::note(format_args!(
            "validation part: the {count} pictures that {} has for it{unused}",
            data.name
        ));
        return;
    }
    let less = match asked {
        Some(Amount::Count(asked)) if asked != part.count() as u64 => format!(
            " (of the {} that are asked for: copies of a picture stay together)",
            thousands(asked as usize)
        ),
        Some(Amount::Count(_) | Amount::Share(_)) | None => String::new(),
    };
    let (all, seed) = (thousands(whole.train.count()), config.recipe.seed);
    output::note(format_args!(
        "validation part: {count}{less} of the {all} training pictures, by their content and seed {seed}; \
         {} are trained on{}",
        thousands(data.train.count()),
        without(data, part.as_ref())
    ));
}

/// The classes of which there are no pictures.
fn without(data: &Dataset, part: &dyn crate::data::Pictures) -> String {
    let mut seen = vec![false; data.classes.len()];
    for number in 0..part.count() {
        if let Some(seen) = seen.get_mut(usize::from(part.label(0, number))) {
            *seen = true;
        }
    }
    let missing: Vec<&str> =
        data.classes.iter().zip(&seen).filter(|(_, seen)| !**seen).map(|(c, _)| &**c).collect();
    match missing.as_slice() {
        [] => String::new(),
        some => format!("; it has no pictures of {}", some.join(", ")),
    }
}

/// Says which state was the best, and what that was chosen on.
pub fn end(best: Option<Best>, config: &Config, folder: &RunFolder) {
    let Some(Best { step, measure, test }) = best else { return };
    let (part, error) = (config.chosen_on(), measure.error_percent);
    let file = folder.checkpoint(step);
    let file = file.display();
    output::note(match part {
        Part::Validation => {
            let test = test.map_or(String::new(), |test| {
                format!("; its test error {:.2} %", test.error_percent)
            });
            format!("lowest validation error {error:.2} % after {step} steps{test}; {file}")
        }
        Part::Test => format!(
            "lowest test error {error:.2} % after {step} steps, chosen on the test pictures: optimistic; \
             {file}"
        ),
    });
}

/// The best state, for programs.
#[derive(Serialize)]
pub struct Chosen {
    chosen_on: Part,
    step: u64,
    error_percent: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_error_percent: Option<f64>,
    weights: String,
}

impl Chosen {
    /// Of a run.
    pub fn of(best: Best, config: &Config, folder: &RunFolder) -> Self {
        let chosen_on = config.chosen_on();
        let error_percent = best.measure.error_percent;
        let test = match chosen_on {
            Part::Test => Some(error_percent),
            Part::Validation => best.test.map(|test| test.error_percent),
        };
        Self {
            chosen_on,
            step: best.step,
            error_percent,
            test_error_percent: test,
            weights: folder.checkpoint(best.step).display().to_string(),
        }
    }
}
