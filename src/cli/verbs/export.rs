//! `rnetc export`.

use crate::cli::Failure;
use crate::cli::args::ExportArgs;
use crate::cli::session::{weights, written};
use crate::cli::show::output;
use crate::export::notes::{self, Known};
use crate::export::onnx;
use crate::train::record::atomic;

/// Writes a model.
pub fn export(args: &ExportArgs) -> Result<(), Failure> {
    written::check(&args.onnx, &["onnx"], &[&args.weights])?;
    let weights = weights::of(args.spec.as_deref(), &args.set, &args.weights)?;
    let bytes = onnx::weights_bytes(&weights.network);
    if bytes > onnx::MOST_WEIGHTS {
        return Err(Failure::Wrong(format!(
            "{}: {:.1} GiB of weights do not fit into an ONNX file, which has at most 2 GiB",
            weights.network.name,
            bytes as f64 / f64::from(1 << 30)
        )));
    }
    let (classes, normalisation) = (weights.classes(), weights.normalisation());
    let standardisation = normalisation.map(|known| [&known.mean[..], &known.std]);
    let notes = notes::of(&weights.network, Known { classes, standardisation });
    let model = onnx::model(&weights.network, &weights.values, &notes);
    atomic::write(&args.onnx, &model)?;
    output::say(format_args!(
        "{}: ONNX model in {}; it reads {}, N×C×H×W{}",
        weights.network.name,
        args.onnx.display(),
        match normalisation {
            Some(_) => "bytes 0–255, less mean, divided by std",
            None =>
                "standardised pictures; the weights do not say how they were standardised, so \
                     mean and std are not in its metadata",
        },
        if classes.is_none() { "; the weights do not name their classes" } else { "" }
    ));
    Ok(())
}
