//! `rnetc run`: training, testing, asking.

use super::args::RunArgs;
use super::signals::Signals;
use super::{Failure, engine, evaluate, predict, train};

/// Does what was asked.
pub fn run(args: &RunArgs) -> Result<(), Failure> {
    engine::check_precision(&args.engine)?;
    let signals = Signals::catch()?;
    if let Some(name) = args.train {
        train::train(args, name, &signals)
    } else if let (Some(name), Some(weights)) = (args.eval, &args.weights) {
        evaluate::evaluate(args, name, weights, &signals)
    } else if let Some(weights) = &args.weights {
        predict::predict(args, weights, &signals)
    } else {
        Err(Failure::Usage("say --train DATA, --eval DATA or --predict IMAGE…".into()))
    }
}
