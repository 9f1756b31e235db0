//! `rnetc export --state-dict`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::api::Model;
use crate::cli::Failure;
use crate::cli::args::{ExportArgs, Format};
use crate::cli::session::written;
use crate::cli::show::output;
use crate::export::state_dict::{Family, StateDict};
use crate::text::counted;
use crate::train::record::atomic;
use crate::train::record::checkpoint::Origin;

/// Bytes have values up to this, which PyTorch's transforms divide by first.
const WHITE: f64 = 255.0;

/// What is printed for programs.
#[derive(Serialize)]
struct Report<'a> {
    net: &'a str,
    params: usize,
    path: String,
    /// Whose names.
    names: &'a str,
    tensors: usize,
    /// The line of Python that makes the model; null for rnetc's names.
    model: Option<&'a str>,
    /// Null where the weights do not say them; so below.
    classes: Option<&'a [String]>,
    /// Of bytes, by channel.
    mean: Option<&'a [f64]>,
    std: Option<&'a [f64]>,
    /// The shorter side of a picture before its middle is taken; null where it is stretched.
    resize: Option<usize>,
}

/// Writes the weights of a file under a family's names.
pub fn write(args: &ExportArgs, model: &Model, family: Family, read: &Path) -> Result<(), Failure> {
    let network = &model.network;
    let word = word(family);
    let state = StateDict::of(network, family).map_err(|why| {
        let else_ = match family {
            Family::Torchvision => {
                "--state-dict timm has more forms; rnetc takes every net under its own names"
            }
            Family::Timm | Family::Rnetc => {
                "--state-dict rnetc takes every net under its own names"
            }
        };
        Failure::Wrong(format!("{} is no net of {word}: {why}. {else_}", network.name))
    })?;
    let path = args
        .out
        .clone()
        .unwrap_or_else(|| PathBuf::from(format!("{}.{word}.safetensors", network.name)));
    written::check(&path, &["safetensors"], &[read])?;
    let steps = match &model.origin {
        Some(Origin::Run(about)) => about.step,
        Some(Origin::Import(_)) | None => 0,
    };
    let bytes = state.bytes(network, &model.values, steps);
    let bytes = bytes.map_err(|error| Failure::io("writing", &path, error))?;
    atomic::write(&path, &bytes)?;
    let normalisation = model.normalisation();
    let resize = model.sizing().resize;
    if args.format == Format::Json {
        return output::json(&Report {
            net: &network.name,
            params: network.parameters(),
            path: path.display().to_string(),
            names: word,
            tensors: state.entries.len(),
            model: state.model.as_deref(),
            classes: model.classes(),
            mean: normalisation.map(|known| &known.mean[..]),
            std: normalisation.map(|known| &known.std[..]),
            resize,
        });
    }
    let tensors = counted(state.entries.len(), "tensor");
    output::say(format_args!(
        "{}: {tensors} under {word}'s names in {}",
        network.name,
        path.display()
    ));
    if let Some(model) = &state.model {
        output::say(format_args!("{}", python(model, &path)));
    }
    match normalisation {
        Some(known) => output::say(format_args!(
            "it reads bytes / 255, less mean {}, divided by std {}{}",
            list(&known.mean),
            list(&known.std),
            resize.map_or(String::new(), |side| format!(
                ", of pictures resized to {side} by their shorter side, the middle of them"
            ))
        )),
        None => output::note("the weights do not say how their pictures were standardised"),
    }
    Ok(())
}

/// Whose names, in a word.
fn word(family: Family) -> &'static str {
    match family {
        Family::Torchvision => "torchvision",
        Family::Timm => "timm",
        Family::Rnetc => "rnetc",
    }
}

/// The lines that load it.
fn python(model: &str, path: &Path) -> String {
    let program = model.split('.').next().unwrap_or_default();
    let path = path.display().to_string().replace('\\', "\\\\").replace('\'', "\\'");
    format!(
        "in Python:\n  import {program}; from safetensors.torch import load_file\n  model = {model}\n  \
         model.load_state_dict(load_file('{path}'), strict=True); model.eval()"
    )
}

fn list(values: &[f64]) -> String {
    let values = values.iter().map(|value| format!("{:.4}", value / WHITE));
    values.collect::<Vec<_>>().join(",")
}
