//! `rnetc export`.

mod onnx;
mod state_dict;

use std::path::Path;

use crate::api::Model;
use crate::cli::Failure;
use crate::cli::args::ExportArgs;
use crate::cli::session::{weights, written};
use crate::cli::show::output;

/// Writes a model, or a state dict.
pub fn export(args: &ExportArgs) -> Result<(), Failure> {
    match (&args.onnx, args.state_dict) {
        (Some(path), _) => {
            written::check(path, &["onnx"], &[&args.weights])?;
            let file = weights::file(&args.weights)?;
            onnx::write(args, &read(args, &file)?, path)
        }
        (None, Some(names)) => {
            if let Some(path) = &args.out {
                written::check(path, &["safetensors"], &[&args.weights])?;
            }
            let file = weights::file(&args.weights)?;
            state_dict::write(args, &read(args, &file)?, names.family(), &file)
        }
        (None, None) => Err(Failure::Usage("say --onnx FILE, or --state-dict NAMES".into())),
    }
}

fn read(args: &ExportArgs, file: &Path) -> Result<Model, Failure> {
    let model = weights::of(args.spec.as_deref(), &args.set, file)?;
    if !model.views.is_one() {
        output::note(format_args!(
            "its errors were measured with several views of each picture (views: {}); what is written sees \
             one: rnetc run --eval --views none measures that",
            model.views.name()
        ));
    }
    Ok(model)
}
