//! `rnetc gradcheck`.

use super::Failure;
use super::args::GradcheckArgs;

/// Checks gradients.
pub fn gradcheck(args: &GradcheckArgs) -> Result<(), Failure> {
    Err(Failure::Usage(format!("{}: gradcheck is not in this version", args.spec.display())))
}
