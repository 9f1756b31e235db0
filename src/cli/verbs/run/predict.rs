//! `rnetc run --predict`.

use std::path::{Path, PathBuf};

use crate::cli::Failure;
use crate::cli::args::RunArgs;
use crate::cli::session::signals::Signals;
use crate::cli::session::{engine, weights};
use crate::cli::show::output;
use crate::cli::verbs::run::train;
use crate::data::normalise::Table;
use crate::data::{Extent, picture};
use crate::graph::OutputKind;
use crate::lower;
use crate::train::evaluate::{MOST_BATCH, probabilities};
use crate::train::inference::Passes;
use crate::train::runner::Runner;

/// Classes named for each picture.
const SHOWN: usize = 3;

/// Names what pictures show.
pub fn predict(args: &RunArgs, path: &Path, signals: &Signals) -> Result<(), Failure> {
    let weights = weights::load(args, path)?;
    let extent = train::extent(&weights.network);
    let config = weights.about.map(|about| about.config);
    let Some(config) = config.filter(|config| {
        config.normalisation.fits(extent) && config.classes.len() == weights.network.classes()
    }) else {
        return Err(Failure::Wrong(format!(
            "{}: does not say what its classes are and how its pictures were standardised; use \
             a checkpoint that rnetc run --train wrote",
            path.display()
        )));
    };
    let opened = engine::open(&args.engine)?;
    let batch = args.predict.len().min(MOST_BATCH);
    let program = lower::inference(&weights.network, batch);
    let mut program = Runner::new(opened.engine.as_ref(), &program)?;
    program.load(&weights.values)?;
    let table = config.normalisation.table();
    let say = |(paths, logits): (&[PathBuf], Vec<f32>)| {
        for (path, row) in paths.iter().zip(logits.chunks_exact(config.classes.len())) {
            output::say(format_args!("{}: {}", path.display(), best(row, &config.classes)));
        }
    };
    let mut passes = Passes::new(&mut program, OutputKind::Logits);
    for paths in args.predict.chunks(batch) {
        if let Some(failure) = signals.failure() {
            return Err(failure);
        }
        let images = images(paths, batch, extent, &table)?;
        passes.begin(&images, paths)?.map(say);
    }
    passes.end()?.map(say);
    Ok(())
}

fn images(
    paths: &[PathBuf],
    batch: usize,
    extent: Extent,
    table: &Table,
) -> Result<Vec<f32>, Failure> {
    let mut images = vec![0.0; batch * extent.bytes()];
    for (path, image) in paths.iter().zip(images.chunks_exact_mut(extent.bytes())) {
        table.apply(0, &picture::load(path, extent)?, image, false);
    }
    Ok(images)
}

/// The most probable classes, `ship 93.1 %, boat 4.0 %, …`.
fn best(row: &[f32], classes: &[String]) -> String {
    let mut ranked: Vec<(f64, &String)> = probabilities(row).into_iter().zip(classes).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let shown = ranked.iter().take(SHOWN).map(|(p, class)| format!("{class} {:.1} %", 100.0 * p));
    shown.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_most_probable_classes_are_named_in_order() {
        let classes = ["a", "b", "c", "d"].map(String::from);
        // Odds 1 : 4 : 2 : 1.
        let row = [0.0, 4f32.ln(), 2f32.ln(), 0.0];
        assert_eq!(best(&row, &classes), "b 50.0 %, c 25.0 %, a 12.5 %");
    }
}
