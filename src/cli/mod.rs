//! The command line.
//!
//! [`args`] says what can be asked, [`verbs`] does it, and every verb ends in a [`Failure`] with
//! its exit code or in nothing. [`session`] is what verbs share, [`show`] what people see.

mod advice;
#[allow(
    rustdoc::broken_intra_doc_links,
    rustdoc::invalid_html_tags,
    reason = "clap prints these docs as they stand"
)]
mod args;
mod failure;
mod session;
mod show;
mod text_file;
mod verbs;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches};

use args::{Cli, Colour};
use failure::Failure;
use show::output::Manner;

/// What can be asked, for the tests of the guide.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Does what the program's arguments ask.
pub fn main() -> ExitCode {
    let mut command = Cli::command().color(Colour::asked(std::env::args_os()).into());
    let found = command.try_get_matches_from_mut(std::env::args_os());
    let parsed = found.and_then(|found| {
        Cli::from_arg_matches(&found).map_err(|error| error.format(&mut command))
    });
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            let error = advice::habits::told(error);
            // Help and version go to standard output and count as done.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { failure::USAGE } else { 0 });
        }
    };
    #[cfg(target_os = "linux")]
    session::runtime_folder::provide(&cli.verb);
    Manner { quiet: cli.quiet, verbose: cli.verbose, colour: cli.colour }.keep();
    let done = match (cli.quiet, cli.verbose) {
        (true, true) => Err(Failure::Usage("-q says less, and -v more: leave one away".into())),
        (true, false) | (false, _) => verbs::perform(&cli.verb),
    };
    let done = done.and_then(|()| match show::output::lost() {
        None => Ok(()),
        Some(why) => Err(Failure::File(format!("writing to standard output: {why}"))),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(text) = failure.text() {
                show::output::error(text);
            }
            ExitCode::from(failure.code())
        }
    }
}
