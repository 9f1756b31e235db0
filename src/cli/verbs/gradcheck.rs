//! `rnetc gradcheck`.

use serde::Serialize;

use crate::cli::Failure;
use crate::cli::args::{GradcheckArgs, ResultFormat};
use crate::cli::session::spec::NamedSpec;
use crate::cli::show::output;
use crate::gradcheck::{self, Check};
use crate::text::csv_cell;

/// Pictures in the mini-batch that is checked.
const BATCH: usize = 2;
/// Largest net that the interpreter is asked for: multiply-accumulates an image.
const MOST_MACS: u64 = 100_000_000;
/// Relative error above which a gradient counts as wrong: a ReLU that changes sides between the
/// two losses costs up to about this much, a mistake costs more.
const TOLERANCE: f64 = 1e-2;

/// What is printed for programs.
#[derive(Serialize)]
struct Report<'a> {
    spec: &'a str,
    net: &'a str,
    params: usize,
    /// Pictures of the mini-batch.
    batch: usize,
    tolerance: f64,
    wrong: usize,
    checks: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    adjoint: f64,
    difference: f64,
    relative_error: f64,
    agrees: bool,
}

impl<'a> Line<'a> {
    fn of(check: &'a Check) -> Self {
        let error = check.relative_error();
        Self {
            name: &check.name,
            adjoint: check.adjoint,
            difference: check.difference,
            relative_error: error,
            agrees: !error.is_nan() && error <= TOLERANCE,
        }
    }

    fn print(&self) {
        let Self { name, adjoint, difference, relative_error, agrees } = self;
        let mark = if *agrees { "✓" } else { "✗" };
        let apart = match *relative_error {
            0.0 => "within rounding".to_owned(),
            error => format!("relative error {error:.1e}"),
        };
        output::say(format_args!(
            "{mark} {name:<40} adjoint {adjoint:>13.6e}  difference {difference:>13.6e}  {apart}"
        ));
    }

    fn csv(&self) -> String {
        let Self { name, adjoint, difference, relative_error, agrees } = self;
        format!("{},{adjoint:e},{difference:e},{relative_error:e},{agrees}", csv_cell(name))
    }
}

/// Checks gradients against finite differences in f64.
pub fn gradcheck(args: &GradcheckArgs) -> Result<(), Failure> {
    let spec = NamedSpec::file(&args.spec, &args.set)?;
    let network = spec.compile()?;
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
    let checks: Vec<Line> = checks.iter().map(Line::of).collect();
    let (count, wrong) = (checks.len(), checks.iter().filter(|check| !check.agrees).count());
    match args.format {
        ResultFormat::Text => checks.iter().for_each(Line::print),
        ResultFormat::Csv => {
            output::say("name,adjoint,difference,relative_error,agrees");
            checks.iter().map(Line::csv).for_each(output::say);
        }
        ResultFormat::Json => output::json(&Report {
            spec: &spec.spec.source.name,
            net: &network.name,
            params: network.parameters(),
            batch: BATCH,
            tolerance: TOLERANCE,
            wrong,
            checks,
        })?,
    }
    if wrong > 0 {
        return Err(Failure::Numbers(format!(
            "{wrong} of {count} gradients differ from the finite difference by more than {TOLERANCE}"
        )));
    }
    if args.format == ResultFormat::Text {
        output::say(format_args!("{count} gradients agree with finite differences"));
    }
    Ok(())
}
