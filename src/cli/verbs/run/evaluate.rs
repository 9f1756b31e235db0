//! `rnetc run --eval`.

use std::path::Path;

use crate::cli::Failure;
use crate::cli::args::RunArgs;
use crate::cli::session::signals::Signals;
use crate::cli::session::{download, engine, weights};
use crate::cli::show::output;
use crate::cli::verbs::run::train;
use crate::data::Set;
use crate::data::batches::Loading;
use crate::data::folder::Splits;
use crate::data::locate::Found;
use crate::data::normalise::Normalisation;
use crate::lower;
use crate::train::evaluate::{MOST_BATCH, evaluate as score};
use crate::train::runner::Runner;

/// Measures the error of weights on a set's test pictures.
pub fn evaluate(args: &RunArgs, set: &Set, path: &Path, signals: &Signals) -> Result<(), Failure> {
    let weights = weights::load(args, path)?;
    let config = weights.about.as_ref().map(|about| &about.config);
    let trained = config.map(|config| config.classes.as_slice());
    let found = Found::find(set, args.data.as_deref(), trained)?;
    let opened = engine::open(&args.engine)?;
    let extent = train::extent(&weights.network);
    let known = config.map(|config| &config.normalisation).filter(|n| n.fits(extent));
    let splits = if known.is_some() { Splits::Test } else { Splits::Both };
    let dataset = download::load(&found, extent, splits, signals)?;
    train::fits(&weights.network, &dataset)?;
    let normalisation =
        known.cloned().unwrap_or_else(|| Normalisation::measure(dataset.train.as_ref()));
    let batch = args.training.batch.unwrap_or(MOST_BATCH).min(dataset.test.count().max(1));
    let program = lower::inference(&weights.network, batch);
    let mut program = Runner::new(opened.engine.as_ref(), &program)?;
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
