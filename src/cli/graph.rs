//! `rnetc graph`.

use super::Failure;
use super::args::GraphArgs;
use super::output;
use super::spec::Spec;
use crate::export::drawing;

/// Draws a network.
pub fn graph(args: &GraphArgs) -> Result<(), Failure> {
    let spec = Spec::file(&args.spec, &args.set)?.messages(args.message_format);
    let network = spec.compile()?;
    std::fs::write(&args.out, drawing::svg(&network))
        .map_err(|error| Failure::io("writing", &args.out, error))?;
    output::say(format_args!("{}: drawn in {}", network.name, args.out.display()));
    Ok(())
}
