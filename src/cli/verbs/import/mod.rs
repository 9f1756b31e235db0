//! `rnetc import`.

mod known;

use crate::cli::Failure;
use crate::cli::args::ImportArgs;
use crate::cli::session::spec::NamedSpec;
use crate::cli::session::written;
use crate::cli::show::output;
use crate::train::record::checkpoint;
use crate::train::tensors;

/// Brings a state dict of PyTorch into rnetc's names.
pub fn import(args: &ImportArgs) -> Result<(), Failure> {
    written::check(&args.out, &["safetensors"], &[&args.spec, &args.state])?;
    let spec = NamedSpec::find(Some(&args.spec), &args.set)?;
    let network = spec.compile()?;
    let tensors = tensors::of(&network);
    let values = checkpoint::load_foreign(&args.state, &network)?;
    let imported = known::of(args, &spec, &network)?;
    checkpoint::save_imported(&args.out, &tensors, &values, Some(&imported))?;
    output::say(format_args!(
        "{}: {} tensors in {}; rnetc run --eval {} --weights {2} tests them",
        network.name,
        values.len(),
        args.out.display(),
        imported.data.as_deref().unwrap_or("DATA")
    ));
    known::say_what_is_missing(&imported);
    Ok(())
}
