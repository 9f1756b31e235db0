//! `rnetc import`.

mod known;
mod told;

use std::path::Path;

use crate::cli::Failure;
use crate::cli::args::{Format, ImportArgs};
use crate::cli::session::spec::NamedSpec;
use crate::cli::session::written;
use crate::cli::show::output;
use crate::engine::Precision;
use crate::engine::cpu::CpuEngine;
use crate::network::Network;
use crate::train::check::{Expected, Outcome};
use crate::train::record::checkpoint::{self, Foreign};
use crate::train::tensors;

/// Brings a state dict of PyTorch into rnetc's names.
pub fn import(args: &ImportArgs) -> Result<(), Failure> {
    let read = [&args.spec, &args.state].into_iter().chain(&args.map).chain(&args.check);
    let read: Vec<&Path> = read.map(|path| path.as_path()).collect();
    written::check(&args.out, &["safetensors"], &read)?;
    if let Ok(Some(origin)) = checkpoint::describe(&args.state) {
        return Err(Failure::Usage(format!(
            "{} holds weights of rnetc already, of {}; use it as it is, with --weights",
            args.state.display(),
            origin.spec()
        )));
    }
    let spec = NamedSpec::find(Some(&args.spec), &args.set)?;
    let network = spec.compile()?;
    let map = args.map.as_deref().map(checkpoint::read_map).transpose()?.unwrap_or_default();
    let foreign = checkpoint::load_foreign(&args.state, &network, &map)?;
    if args.explain && args.format == Format::Text {
        told::table(&foreign.pairing);
    }
    told::notes(&foreign);
    let checked = match &args.check {
        Some(path) => Some(check(path, &network, &foreign)?),
        None => {
            told::assumptions(&network);
            None
        }
    };
    let imported = known::of(args, &spec, &network)?;
    let (tensors, values) = (tensors::of(&network), &foreign.values);
    checkpoint::save_imported(&args.out, &tensors, values, Some(&imported))?;
    known::say_what_is_missing(&imported, &network);
    if args.format == Format::Json {
        return output::json(&told::Report::of(args, &network, &foreign, checked, &imported));
    }
    output::say(format_args!(
        "{}: {} tensors in {}; rnetc run --eval {} --weights {2} tests them",
        network.name,
        values.len(),
        args.out.display(),
        imported.data.as_deref().unwrap_or("DATA")
    ));
    Ok(())
}

/// Compares logits; weights that are not what they were are not written.
fn check(path: &Path, network: &Network, foreign: &Foreign) -> Result<Outcome, Failure> {
    let expected = Expected::read(path, network)?;
    let engine = CpuEngine::new(None, Precision::F32)?;
    let outcome = expected.compare(&engine, network, &foreign.values)?;
    if outcome.is_right() {
        output::note(told::outcome(&outcome));
        return Ok(outcome);
    }
    Err(Failure::Wrong(format!(
        "{}. Nothing is written: the spec is not the net of these weights, or a module is taken for \
         another (--explain). What names and shapes do not tell: {} here, padding, where ReLUs \
         and pools stand, where option A has its zero channels; or the inputs were not what the net \
         itself reads, or the logits not computed in f32 and .eval()",
        told::outcome(&outcome),
        told::epsilons(network)
    )))
}
