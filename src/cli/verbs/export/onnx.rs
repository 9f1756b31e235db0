//! `rnetc export --onnx`.

use std::path::Path;

use serde::Serialize;

use crate::api::Model;
use crate::cli::Failure;
use crate::cli::args::{ExportArgs, Format};
use crate::cli::show::output;
use crate::export::notes::{self, Known};
use crate::export::onnx;
use crate::train::record::atomic;

/// What is printed for programs.
#[derive(Serialize)]
struct Report<'a> {
    net: &'a str,
    params: usize,
    path: String,
    /// Null where the weights do not say them; so below.
    classes: Option<&'a [String]>,
    /// Of bytes, by channel.
    mean: Option<&'a [f64]>,
    std: Option<&'a [f64]>,
    /// The shorter side of a picture before its middle is taken; null where it is stretched.
    resize: Option<usize>,
}

/// Writes a model.
pub fn write(args: &ExportArgs, weights: &Model, path: &Path) -> Result<(), Failure> {
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
    let resize = weights.sizing().resize;
    let notes = notes::of(&weights.network, Known { classes, standardisation, resize });
    let model = onnx::model(&weights.network, &weights.values, &notes);
    atomic::write(path, &model)?;
    if args.format == Format::Json {
        return output::json(&Report {
            net: &weights.network.name,
            params: weights.network.parameters(),
            path: path.display().to_string(),
            classes,
            mean: normalisation.map(|known| &known.mean[..]),
            std: normalisation.map(|known| &known.std[..]),
            resize,
        });
    }
    output::say(format_args!(
        "{}: ONNX model in {}; it reads {}, N×C×H×W{}",
        weights.network.name,
        path.display(),
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
