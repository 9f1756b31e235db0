//! `rnetc fmt`.

use std::path::Path;

use crate::api::Spec;
use crate::cli::Failure;
use crate::cli::args::{FmtArgs, MessageFormat};
use crate::cli::session::spec;
use crate::cli::show::diagnostics;
use crate::cli::show::output::{error, fault, say};

/// Formats each file, or says which would change; the worst failure counts.
pub fn fmt(args: &FmtArgs) -> Result<(), Failure> {
    let mut worst = 0;
    for path in &spec::files(&args.specs)? {
        let done = if path == Path::new("-") { input(args.check) } else { file(path, args.check) };
        if let Err(failure) = done {
            if let Some(text) = failure.text() {
                error(text);
            }
            worst = worst.max(failure.code());
        }
    }
    if worst == 0 { Ok(()) } else { Err(Failure::Shown(worst)) }
}

fn file(path: &Path, check: bool) -> Result<(), Failure> {
    let text = spec::read(path)?;
    let name = path.to_string_lossy();
    let formatted = formatted(&name, &text)?;
    if formatted == text {
        return Ok(());
    }
    if check {
        return Err(would_change(&name));
    }
    crate::train::record::atomic::write(path, formatted.as_bytes())
        .map_err(|error| Failure::io("writing", path, error))?;
    say(format_args!("{name}: formatted"));
    Ok(())
}

fn input(check: bool) -> Result<(), Failure> {
    const NAME: &str = "<standard input>";
    let text = spec::text(std::io::stdin(), Path::new(NAME))?;
    let formatted = formatted(NAME, &text)?;
    match check {
        true if formatted == text => Ok(()),
        true => Err(would_change(NAME)),
        false => {
            say(formatted.trim_end());
            Ok(())
        }
    }
}

fn formatted(name: &str, text: &str) -> Result<String, Failure> {
    Spec::new(name, text).formatted().map_err(|errors| {
        diagnostics::show(&errors, MessageFormat::Human);
        Failure::Shown(1)
    })
}

fn would_change(name: &str) -> Failure {
    fault(format_args!("{name}: not in the layout of rnetc fmt"));
    Failure::Shown(1)
}
