//! `rnetc graph`.

use super::Failure;
use super::args::GraphArgs;

/// Draws a network.
pub fn graph(args: &GraphArgs) -> Result<(), Failure> {
    Err(Failure::Usage(format!("{}: graph is not in this version", args.spec.display())))
}
