//! `rnetc build`.

use super::Failure;
use super::args::BuildArgs;

/// Writes a build folder.
pub fn build(args: &BuildArgs) -> Result<(), Failure> {
    Err(Failure::Usage(format!("{}: build is not in this version", args.spec.display())))
}
