//! `rnetc check`.

mod summary;

use std::path::Path;

use crate::cli::Failure;
use crate::cli::args::{CheckArgs, Format};
use crate::cli::session::spec::{self, NamedSpec};
use crate::cli::show::output::{error, json, say};
use summary::{Brief, Summary};

/// Compiles each spec and says what it is; the worst failure counts.
pub fn check(args: &CheckArgs) -> Result<(), Failure> {
    let mut worst = 0;
    for path in &spec::files(&args.specs)? {
        if let Err(failure) = check_one(path, args) {
            if let Some(text) = failure.text() {
                error(text);
            }
            worst = worst.max(failure.code());
        }
    }
    if worst == 0 { Ok(()) } else { Err(Failure::Shown(worst)) }
}

fn check_one(path: &Path, args: &CheckArgs) -> Result<(), Failure> {
    let spec = NamedSpec::find(Some(path), &args.set)?.messages(args.message_format);
    let network = spec.compile()?;
    if args.summary {
        let summary = Summary::of(&spec.spec.source.name, &network, args.batch)?;
        return match args.format {
            Format::Text => {
                summary.print();
                Ok(())
            }
            Format::Json => json(&summary),
        };
    }
    let brief = Brief::of(&spec.spec.source.name, &network);
    match args.format {
        Format::Text => say(format_args!("{}: {}, {}", brief.spec, brief.net, brief.counts())),
        Format::Json => json(&brief)?,
    }
    Ok(())
}
