//! `rnetc completions` and `rnetc man`: made from the definitions of the command line.

use clap::CommandFactory;
use clap_mangen::Man;

use crate::cli::Failure;
use crate::cli::args::{Cli, CompletionsArgs, ManArgs};
use crate::cli::show::output::say;

/// Prints what a shell reads to complete verbs and flags.
pub fn completions(args: &CompletionsArgs) {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "rnetc", &mut script);
    say(String::from_utf8_lossy(&script).trim_end());
}

/// Prints the manual page of the program, or writes one for it and each verb.
pub fn man(args: &ManArgs) -> Result<(), Failure> {
    if let Some(folder) = &args.out {
        let writing = |error| Failure::io("writing", folder, error);
        std::fs::create_dir_all(folder).map_err(writing)?;
        clap_mangen::generate_to(Cli::command(), folder).map_err(writing)?;
        say(format_args!("manual pages written: {}", folder.display()));
        return Ok(());
    }
    let mut page = Vec::new();
    let rendered = Man::new(Cli::command()).render(&mut page);
    rendered.map_err(|error| Failure::File(format!("printing the manual page: {error}")))?;
    say(String::from_utf8_lossy(&page).trim_end());
    Ok(())
}
