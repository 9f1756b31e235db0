//! `rnetc export`.

use crate::cli::Failure;
use crate::cli::args::ExportArgs;
use crate::cli::session::{weights, written};
use crate::cli::show::output;
use crate::export::onnx;
use crate::train::record::atomic;

/// Writes a model.
pub fn export(args: &ExportArgs) -> Result<(), Failure> {
    written::check(&args.onnx, &["onnx"], &[&args.weights])?;
    let weights = weights::of(args.spec.as_deref(), &args.set, &args.weights)?;
    let mut notes = onnx::Notes::new();
    if let Some(classes) = weights.classes() {
        notes.push(("classes".into(), classes.join(" ")));
    }
    if let Some(normalisation) = weights.normalisation() {
        let list = |values: &[f64]| values.iter().map(f64::to_string).collect::<Vec<_>>().join(" ");
        notes.push(("mean".into(), list(&normalisation.mean)));
        notes.push(("std".into(), list(&normalisation.std)));
    }
    let model = onnx::model(&weights.network, &weights.values, &notes);
    atomic::write(&args.onnx, &model)?;
    output::say(format_args!(
        "{}: ONNX model in {}; it reads bytes 0–255, less mean, divided by std, N×C×H×W",
        weights.network.name,
        args.onnx.display()
    ));
    Ok(())
}
