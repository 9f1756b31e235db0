//! `rnetc run --eval`.

use std::path::Path;

use crate::cli::Failure;
use crate::cli::args::RunArgs;
use crate::cli::session::signals::Signals;
use crate::cli::session::{download, engine, weights};
use crate::cli::show::output;
use crate::data::Set;
use crate::data::folder::Splits;
use crate::data::locate::Found;
use crate::train::evaluate::MOST_BATCH;

/// Measures the error of weights on a set's test pictures.
pub fn evaluate(args: &RunArgs, set: &Set, path: &Path, signals: &Signals) -> Result<(), Failure> {
    let model = weights::load(args, path)?;
    let trained = model.about.as_ref().map(|about| about.config.classes.as_slice());
    let found = Found::find(set, args.data.as_deref(), trained)?;
    let engine = engine::open(&args.engine)?;
    // The training pictures are measured where nothing says how pictures were standardised.
    let splits = if model.normalisation().is_some() { Splits::Test } else { Splits::Both };
    let data = download::load(&found, model.extent(), splits, signals)?;
    let batch = args.training.batch.unwrap_or(MOST_BATCH);
    let interrupted = || signals.came();
    let Some(score) = model.evaluate(&data, &engine, batch, &interrupted)? else {
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
