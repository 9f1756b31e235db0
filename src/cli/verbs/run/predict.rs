//! `rnetc run --predict`.

use std::path::Path;

use crate::cli::Failure;
use crate::cli::advice::Advice;
use crate::cli::args::RunArgs;
use crate::cli::session::signals::Signals;
use crate::cli::session::{engine, weights};
use crate::cli::show::output;
use crate::data::picture;
use crate::train::TrainError;
use crate::train::evaluate::MOST_BATCH;

/// Classes named for each picture.
const SHOWN: usize = 3;

/// Names what pictures show.
pub fn predict(args: &RunArgs, path: &Path, signals: &Signals) -> Result<(), Failure> {
    let model = weights::load(args, path)?;
    let (Some(_), Some(classes)) = (model.normalisation(), model.classes()) else {
        let told = TrainError::Undescribed.told();
        return Err(Failure::Wrong(format!("{}: {told}", path.display())));
    };
    let engine = engine::open(&args.engine)?;
    let batch = args.predict.len().min(MOST_BATCH);
    let mut predictor = model.predictor(&engine, batch)?;
    let pictures = args.predict.iter().map(|path| match signals.failure() {
        Some(failure) => Err(failure),
        None => Ok(picture::load(path, model.extent())?.pixels),
    });
    let mut paths = args.predict.iter();
    predictor.classify_each(pictures, &mut |probabilities| {
        let path = paths.next().map(|path| path.display().to_string()).unwrap_or_default();
        output::say(format_args!("{path}: {}", best(&probabilities, classes)));
    })
}

/// The most probable classes, `ship 93.1 %, boat 4.0 %, …`.
fn best(probabilities: &[f64], classes: &[String]) -> String {
    let mut ranked: Vec<(&f64, &String)> = probabilities.iter().zip(classes).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(a.0));
    let shown = ranked.iter().take(SHOWN).map(|(p, class)| format!("{class} {:.1} %", 100.0 * *p));
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_most_probable_classes_are_named_in_order() {
        let classes = ["a", "b", "c", "d"].map(String::from);
        assert_eq!(best(&[0.125, 0.5, 0.25, 0.125], &classes), "b 50.0 %, c 25.0 %, a 12.5 %");
    }
}
