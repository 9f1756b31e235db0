//! `rnetc graph`.

use std::path::Path;

use crate::cli::Failure;
use crate::cli::args::GraphArgs;
use crate::cli::session::spec::NamedSpec;
use crate::cli::session::written;
use crate::cli::show::output;
use crate::drawing::{self, dot, unravel};
use crate::network::Network;
use crate::picture::{Picture, pdf, png, svg};

/// Draws a network.
pub fn graph(args: &GraphArgs) -> Result<(), Failure> {
    let form = Form::of(&args.out)?;
    written::check(&args.out, &["svg", "png", "pdf", "dot", "gv"], &[&args.spec])?;
    let spec = NamedSpec::file(&args.spec, &args.set)?.messages(args.message_format);
    let network = spec.compile()?;
    let drawn = match form {
        Form::Dot if args.unravel || args.unit.is_some() => {
            let what = if args.unravel { "--unravel" } else { "--unit" };
            return Err(Failure::Usage(format!("{what} draws SVG, PNG and PDF, not DOT")));
        }
        Form::Dot => dot::dot(&network).into_bytes(),
        Form::Svg => svg::svg(&picture(&network, args)?, args.theme).into_bytes(),
        Form::Pdf => pdf::pdf(&picture(&network, args)?, args.theme),
        Form::Png => png::png(&picture(&network, args)?, args.theme).map_err(|error| {
            Failure::Wrong(format!("{error}; write .svg or .pdf, or draw one unit: --unit NAME"))
        })?,
    };
    std::fs::write(&args.out, drawn).map_err(|error| Failure::io("writing", &args.out, error))?;
    output::say(format_args!("{}: drawn in {}", network.name, args.out.display()));
    Ok(())
}

/// What a drawing is written as.
#[derive(Clone, Copy)]
enum Form {
    Svg,
    Png,
    Pdf,
    Dot,
}

impl Form {
    /// As the file's name says.
    fn of(path: &Path) -> Result<Self, Failure> {
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("svg") => Ok(Form::Svg),
            Some("png") => Ok(Form::Png),
            Some("pdf") => Ok(Form::Pdf),
            Some("dot" | "gv") => Ok(Form::Dot),
            _ => Err(Failure::Usage(format!(
                "{}: a drawing's name ends in .svg, .png, .pdf, .dot or .gv",
                path.display()
            ))),
        }
    }
}

fn picture(network: &Network, args: &GraphArgs) -> Result<Picture, Failure> {
    if args.unravel {
        return unravel::picture(network).ok_or_else(|| {
            Failure::Usage(format!(
                "{} units with a shortcut have 2^{0} paths; --unravel draws nets of 1 to {} (for \
                 example --set depth=14)",
                unravel::forks(network),
                unravel::MOST_UNITS
            ))
        });
    }
    let Some(wanted) = &args.unit else { return Ok(drawing::picture(network)) };
    let (unit, kinds) =
        drawing::find(network, wanted).map_err(|error| Failure::Usage(error.to_string()))?;
    if kinds > 1 {
        output::note(format_args!(
            "{wanted} comes in {kinds} kinds; drawn is the most frequent, unit {}; a number names \
             another unit",
            unit.index() + 1
        ));
    }
    Ok(drawing::one(network, unit))
}
