//! `docs/src/commands.md` is what the program says of itself.

use std::fmt::Write;

use crate::page::root;

const HEAD: &str = "\
# All commands

This page is made from the program's own help: `rnetc VERB --help` prints the same. A test compares them, and
`RNETC_BLESS=1 cargo test --release --test guide commands` writes this page anew.
";

#[test]
fn the_reference_of_commands_is_their_help() {
    let mut command = rnetc::command().term_width(96);
    command.build();
    let mut text = HEAD.to_owned();
    let verbs: Vec<&clap::Command> =
        command.get_subcommands().filter(|verb| verb.get_name() != "help").collect();
    text += "\n| command | what it does |\n|---|---|\n";
    for verb in &verbs {
        let (name, about) = (verb.get_name(), verb.get_about().cloned().unwrap_or_default());
        writeln!(text, "| [`rnetc {name}`](#rnetc-{name}) | {about} |").expect("a string");
    }
    section(&mut text, &command);
    let path = root().join("docs/src/commands.md");
    if std::env::var_os("RNETC_BLESS").is_some() {
        std::fs::write(&path, &text).expect("the page is written");
    }
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    let differ = text.lines().zip(page.lines()).find(|(right, stands)| right != stands);
    assert_eq!(differ, None, "RNETC_BLESS=1 writes docs/src/commands.md anew");
    assert_eq!(text.len(), page.len());
}

/// A command, then those below it.
fn section(text: &mut String, command: &clap::Command) {
    let name = command.get_bin_name().unwrap_or("rnetc");
    let help = command.clone().render_long_help().to_string();
    let help: Vec<&str> = help.trim_end().lines().map(str::trim_end).collect();
    writeln!(text, "\n## {name}\n\n```text\n{}\n```", help.join("\n")).expect("a string");
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        section(text, below);
    }
}
