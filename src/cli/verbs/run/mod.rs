//! `rnetc run`: training, testing, asking.

mod chosen;
mod evaluate;
mod predict;
mod rates;
mod resume;
mod said;
mod scores;
mod train;

use crate::cli::Failure;
use crate::cli::args::{ResultFormat, RunArgs};
use crate::cli::session::engine;
use crate::cli::session::signals::Signals;
use crate::cli::show::tui;
use crate::data::{Name, Set};

/// Does what was asked.
pub fn run(args: &RunArgs) -> Result<(), Failure> {
    engine::check_precision(&args.engine)?;
    if args.training.tui {
        tui::check()?;
    }
    done(args, &Signals::catch()?, train::train)
}

/// The same in this process alone, whatever launchers say in its environment, and stopped by signals that
/// are caught already.
pub fn alone(args: &RunArgs, signals: &Signals) -> Result<(), Failure> {
    done(args, signals, train::alone)
}

fn done(
    args: &RunArgs,
    signals: &Signals,
    train: impl Fn(&RunArgs, &Signals) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let named = args.train.as_ref().or(args.eval.as_ref().and_then(Option::as_ref));
    if let (Some(Set::Folder(folder)), Some(data)) = (named, &args.data) {
        return Err(Failure::Usage(format!(
            "{} is the folder of the pictures already; leave --data {} away",
            folder.display(),
            data.display()
        )));
    }
    if let (Some(Set::Known(Name::Shapes10)), Some(data)) = (named, &args.data) {
        return Err(Failure::Usage(format!(
            "shapes10 is drawn by the program; leave --data {} away",
            data.display()
        )));
    }
    if args.train.is_some() || args.training.resume.is_some() {
        if args.format == ResultFormat::Csv && !args.training.find_rate {
            return Err(Failure::Usage(
                "a run ends with one result, and no table: leave out --format csv, or say --format \
                 json; metrics.jsonl in its folder has each step"
                    .into(),
            ));
        }
        train(args, signals)
    } else if let (Some(set), Some(weights)) = (&args.eval, &args.weights) {
        evaluate::evaluate(args, set.as_ref(), weights, signals)
    } else if let Some(weights) = &args.weights {
        predict::predict(args, weights, signals)
    } else {
        Err(Failure::Usage(
            "say --train DATA, --resume RUN, --eval DATA or --predict IMAGE…".into(),
        ))
    }
}
