//! `rnetc import`.

use crate::cli::Failure;
use crate::cli::args::ImportArgs;
use crate::cli::session::spec::NamedSpec;
use crate::cli::show::output;
use crate::train::record::checkpoint;
use crate::train::tensors;

/// Brings a state dict of PyTorch into rnetc's names.
pub fn import(args: &ImportArgs) -> Result<(), Failure> {
    let network = NamedSpec::find(Some(&args.spec), &args.set)?.compile()?;
    let tensors = tensors::of(&network);
    let values = checkpoint::load_foreign(&args.state, &network)?;
    checkpoint::save_foreign(&args.out, &tensors, &values)?;
    let set: String =
        args.set.iter().map(|(name, value)| format!(" --set {name}={value}")).collect();
    output::say(format_args!(
        "{}: {} tensors in {}; rnetc run {}{set} --eval DATA --weights {2} tests them",
        network.name,
        values.len(),
        args.out.display(),
        args.spec.display()
    ));
    Ok(())
}
