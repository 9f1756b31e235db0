//! `rnetc run --eval`.

use std::path::Path;

use crate::api::{Judged, Model};
use crate::cli::Failure;
use crate::cli::args::{PartArg, ResultFormat, RunArgs};
use crate::cli::session::signals::Signals;
use crate::cli::session::{download, engine, recorded, weights};
use crate::cli::show::{mistakes, output};
use crate::cli::verbs::run::scores;
use crate::data::folder::Splits;
use crate::data::locate::Found;
use crate::data::views::Views;
use crate::data::{Dataset, Set};
use crate::train::evaluate::MOST_BATCH;
use crate::train::recipe::Recipe;
use crate::train::record::checkpoint::Origin;

/// Measures the error of weights on a set's test pictures; without a set, on those of their run.
pub fn evaluate(
    args: &RunArgs,
    set: Option<&Set>,
    path: &Path,
    signals: &Signals,
) -> Result<(), Failure> {
    let mut model = weights::load(args, path)?;
    model.views = args.views.unwrap_or(model.views);
    let named = set.map(Set::to_string);
    let set = match set {
        Some(set) => set.clone(),
        None => trained_on(&model, args, path)?,
    };
    let trained = model.classes().filter(|_| !args.other_names).map(<[String]>::to_vec);
    // Another set's files stand elsewhere.
    let own =
        model.origin.as_ref().filter(|origin| origin.data() == Some(set.to_string().as_str()));
    let files = own.and_then(Origin::files);
    let official = recorded::official(&set, args.data.as_deref(), files);
    let found = Found::find(&set, official.as_deref(), trained.as_deref())?;
    let engine = engine::open(&args.engine)?;
    // The training pictures are measured where nothing says how pictures were standardised.
    let part = args.part.unwrap_or_default();
    let splits = match part {
        _ if model.normalisation().is_none() => Splits::Both,
        PartArg::Test => Splits::Test,
        PartArg::Validation if found.has_validation() => Splits::Validation,
        PartArg::Validation | PartArg::Train => Splits::Both,
    };
    // Of the run's own folder, what was not trained on.
    let own = named.is_none() || named.as_deref() == model.origin.as_ref().and_then(Origin::data);
    let found = if own || splits == Splits::Both { found } else { found.tested_whole() };
    let data = download::load(&found, model.sizing(), splits, signals)?;
    let recipe = model.origin.as_ref().and_then(Origin::recipe).filter(|_| own);
    let data = measured_on(data, part, recipe)?;
    say_what_is_assumed(&model, path, &data);
    if args.other_names {
        model.rename_classes(data.classes.clone());
    }
    let batch = args.training.batch.unwrap_or(MOST_BATCH);
    let interrupted = || signals.came();
    let Some(judged) = model.judge(&data, &engine, batch, &interrupted)? else {
        return Err(signals.failure().unwrap_or(Failure::Signal(2)));
    };
    let score = &judged.score;
    let line = format!(
        "{part} error {:.2} % ({} of {} wrong)  {part} loss {:.4}  {:.0} images/s{views}",
        score.error_percent(),
        score.wrong,
        score.count,
        score.mean_loss(),
        score.images_per_s(),
        part = part.name(),
        views = match model.views {
            Views::One => String::new(),
            views => format!("  (mean scores of views: {})", views.name()),
        }
    );
    if args.format == ResultFormat::Json {
        let on = scores::On {
            weights: path,
            model: &model,
            data: &data,
            engine: &engine,
            batch: batch.min(data.test.count()),
            part,
        };
        return output::json(&scores::report(&judged, &on, args.mistakes));
    }
    let wrong = wrong(&judged, &data, part, args.mistakes.unwrap_or(0));
    match (args.format, args.mistakes) {
        (ResultFormat::Csv, asked) => {
            output::note(line);
            match asked {
                None => scores::csv(&judged.tally, &data.classes).iter().for_each(output::say),
                Some(_) => {
                    output::say(mistakes::COLUMNS);
                    wrong.iter().map(mistakes::Named::csv).for_each(output::say);
                }
            }
        }
        (ResultFormat::Text | ResultFormat::Json, _) => {
            output::say(line);
            wrong.iter().map(mistakes::Named::line).for_each(output::say);
        }
    }
    Ok(())
}

/// The pictures that were wrong, as many as are asked for.
fn wrong<'a>(
    judged: &Judged,
    data: &'a Dataset,
    part: PartArg,
    most: usize,
) -> Vec<mistakes::Named<'a>> {
    let pictures = (part.name(), data.test.as_ref());
    mistakes::named(&judged.mistakes, &data.classes, pictures, most)
}

/// The same set with a part of it as what is tested on; the recipe of the weights' own run says what
/// was set apart.
fn measured_on(data: Dataset, part: PartArg, recipe: Option<&Recipe>) -> Result<Dataset, Failure> {
    let amount = recipe.and_then(|recipe| Some((recipe.validation?, recipe.seed)));
    let data = match (part, amount, &data.validation) {
        (PartArg::Validation | PartArg::Train, Some((amount, seed)), None) => {
            data.divided(amount, seed)?
        }
        (PartArg::Test | PartArg::Validation | PartArg::Train, _, _) => data,
    };
    let test = match part {
        PartArg::Test => data.test.clone(),
        PartArg::Train => data.train.clone(),
        PartArg::Validation => data.validation.clone().ok_or_else(|| {
            Failure::Usage(format!(
                "{} has no validation part, and the weights' run set none apart",
                data.name
            ))
        })?,
    };
    Ok(Dataset { test, ..data })
}

/// The set that weights were trained on.
fn trained_on(model: &Model, args: &RunArgs, path: &Path) -> Result<Set, Failure> {
    let data = model.origin.as_ref().and_then(Origin::data).ok_or_else(|| {
        Failure::Usage(format!(
            "{}: the weights do not say what they were trained on; say --eval DATA",
            path.display()
        ))
    })?;
    output::note(format_args!("data: {data}, as the weights say"));
    recorded::set(data, args.data.as_deref())
}

/// What the weights do not say of themselves is taken from the data.
fn say_what_is_assumed(model: &Model, path: &Path, data: &Dataset) {
    if model.normalisation().is_none() {
        output::warn(format_args!(
            "the weights do not say how pictures were standardised: mean and deviation are those \
             of the training pictures of {}",
            data.name
        ));
    }
    if model.classes().is_none() {
        output::warn(format_args!(
            "the weights do not name their classes: taken to be those of {}, in its order",
            data.name
        ));
    }
    if model.normalisation().is_none() || model.classes().is_none() {
        output::note(format_args!(
            "rnetc import SPEC {} -o FILE writes weights that say both (--trained-on {}, or --mean, --std and \
             --classes)",
            path.display(),
            data.name
        ));
    }
}
