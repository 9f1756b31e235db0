//! `rnetc gradcheck`.

use crate::cli::Failure;
use crate::cli::args::GradcheckArgs;
use crate::cli::session::spec::NamedSpec;
use crate::cli::show::output;
use crate::gradcheck;

/// Pictures in the mini-batch that is checked.
const BATCH: usize = 2;
/// Largest net that the interpreter is asked for: multiply-accumulates an image.
const MOST_MACS: u64 = 100_000_000;
/// Relative error above which a gradient counts as wrong: a ReLU that changes sides between the
/// two losses costs up to about this much, a mistake costs more.
const TOLERANCE: f64 = 1e-2;

/// Checks gradients against finite differences in f64.
pub fn gradcheck(args: &GradcheckArgs) -> Result<(), Failure> {
    let network = NamedSpec::file(&args.spec, &args.set)?.compile()?;
    if network.macs() > MOST_MACS {
        let has = |name: &&str| network.settings.iter().any(|(known, _)| known == name);
        let how = ["depth", "width"].into_iter().find(has);
        let how = how.map_or_else(String::new, |name| format!(" with --set {name}=N"));
        return Err(Failure::Usage(format!(
            "{} takes {} multiply-accumulates an image, too many for the f64 interpreter \
             (at most {MOST_MACS}); check a smaller net{how}",
            network.name,
            network.macs()
        )));
    }
    let checks = gradcheck::check(&network, BATCH, 1);
    let mut wrong = 0;
    for check in &checks {
        let error = check.relative_error();
        let bad = error.is_nan() || error > TOLERANCE;
        wrong += usize::from(bad);
        output::say(format_args!(
            "{} {:<40} adjoint {:>13.6e}  difference {:>13.6e}  relative error {error:.1e}",
            if bad { "✗" } else { "✓" },
            check.name,
            check.adjoint,
            check.difference
        ));
    }
    if wrong > 0 {
        return Err(Failure::Numbers(format!(
            "{wrong} of {} gradients differ from the finite difference by more than {TOLERANCE}",
            checks.len()
        )));
    }
    output::say(format_args!("{} gradients agree with finite differences", checks.len()));
    Ok(())
}
