//! `rnetc graph`.

use crate::cli::Failure;
use crate::cli::args::GraphArgs;
use crate::cli::session::spec::NamedSpec;
use crate::cli::show::output;
use crate::drawing::{self, dot, unravel};
use crate::network::Network;

/// Draws a network.
pub fn graph(args: &GraphArgs) -> Result<(), Failure> {
    let spec = NamedSpec::file(&args.spec, &args.set)?.messages(args.message_format);
    let network = spec.compile()?;
    std::fs::write(&args.out, drawn(&network, args)?)
        .map_err(|error| Failure::io("writing", &args.out, error))?;
    output::say(format_args!("{}: drawn in {}", network.name, args.out.display()));
    Ok(())
}

fn drawn(network: &Network, args: &GraphArgs) -> Result<String, Failure> {
    let is_dot = args.out.extension().is_some_and(|ending| ending == "dot" || ending == "gv");
    match (args.unravel, is_dot) {
        (false, false) => Ok(drawing::svg(network)),
        (false, true) => Ok(dot::dot(network)),
        (true, true) => Err(Failure::Usage("--unravel draws SVG, not DOT".into())),
        (true, false) => unravel::svg(network).ok_or_else(|| {
            Failure::Usage(format!(
                "{} units with a shortcut have 2^{0} paths; --unravel draws nets of 1 to {} (for \
                 example --set depth=14)",
                unravel::forks(network),
                unravel::MOST_UNITS
            ))
        }),
    }
}
