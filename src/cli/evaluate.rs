//! `rnetc run --eval`.

use std::path::Path;

use super::args::RunArgs;
use super::signals::Signals;
use super::{Failure, download, engine, output, train, weights};
use crate::data::Name;
use crate::data::batches::Loading;
use crate::data::normalise::Normalisation;
use crate::lower;
use crate::train::compiled::Compiled;
use crate::train::evaluate::{MOST_BATCH, evaluate as score};

/// Measures the error of weights on a set's test pictures.
pub fn evaluate(args: &RunArgs, name: Name, path: &Path, signals: &Signals) -> Result<(), Failure> {
    let weights = weights::load(args, path)?;
    let opened = engine::open(&args.engine)?;
    let dataset = download::load(name, args.data.as_deref(), signals)?;
    train::fits(&weights.network, &dataset)?;
    let normalisation = match &weights.about {
        Some(about) if about.config.normalisation.fits(dataset.test.extent()) => {
            about.config.normalisation.clone()
        }
        Some(_) | None => Normalisation::measure(dataset.train.as_ref()),
    };
    let batch = args.training.batch.unwrap_or(MOST_BATCH).min(dataset.test.count().max(1));
    let program = lower::inference(&weights.network, batch);
    let mut program = Compiled::new(opened.engine.as_ref(), &program)?;
    program.load(&weights.values)?;
    let classes = weights.network.classes();
    let loading = Loading { pictures: dataset.test, normalisation, batch, classes };
    let interrupted = || signals.came();
    let Some(score) = score(&mut program, &loading, &interrupted)? else {
        return Err(signals.failure().unwrap_or(Failure::Signal(2)));
    };
    output::say(format_args!(
        "test error {:.2} % ({} of {} wrong)  test loss {:.4}  {:.0} images/s",
        score.error_percent(),
        score.wrong,
        score.count,
        score.mean_loss(),
        score.images_per_s()
    ));
    Ok(())
}
