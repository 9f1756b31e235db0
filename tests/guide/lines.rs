//! Command lines on the pages are command lines of the program.

use clap::error::ErrorKind;

use crate::page::{Block, Page, pages};

/// The lines of a block that are typed.
pub fn typed(block: &Block) -> impl Iterator<Item = &str> {
    let all = block.language == "sh";
    let console = block.language == "console";
    block.text.lines().filter_map(move |line| match line.strip_prefix("$ ") {
        Some(line) if console => Some(line),
        None | Some(_) => (all && !line.is_empty()).then_some(line),
    })
}

/// What `rnetc` is given in a line of the shell: each of its commands, as words.
fn commands(line: &str) -> Vec<Vec<String>> {
    let line = line.replace("cargo run --release --", "rnetc");
    let mut commands: Vec<Vec<String>> = vec![Vec::new()];
    for word in words(&line) {
        match word.as_str() {
            "|" | "&&" | ";" => commands.push(Vec::new()),
            "#" => break,
            _ => commands.last_mut().expect("one at least").push(word),
        }
    }
    commands.retain(|words| words.first().is_some_and(|word| word == "rnetc"));
    for words in &mut commands {
        let end = words.iter().position(|word| word.starts_with('>')).unwrap_or(words.len());
        words.truncate(end);
    }
    commands
}

fn words(line: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for letter in line.replace(';', " ; ").chars() {
        match letter {
            '\'' => quoted ^= true,
            ' ' if !quoted => words.push(String::new()),
            _ => words.last_mut().expect("one at least").push(letter),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn every_command_line_parses() {
    let mut count = 0;
    for page in pages() {
        for block in &page.blocks {
            let refused = block.comments.iter().any(|comment| comment.starts_with("run, exit 2"));
            for words in typed(block).flat_map(commands) {
                let parsed = rnetc::command().try_get_matches_from(&words);
                let place = page.place(block);
                assert_eq!(parsed.is_err(), refused, "{place}: {words:?} {:?}", parsed.err());
                count += 1;
            }
        }
    }
    assert!(count >= 40, "{count}");
}

/// Code in a sentence may leave out what is needed, but names what there is.
#[test]
fn verbs_and_flags_in_sentences_are_the_programs() {
    let flags = flags(&rnetc::command());
    let mut count = 0;
    for page in pages().iter().filter(|page| !page.path.ends_with("commands.md")) {
        for code in inline(page) {
            if code.starts_with("rnetc ") && !code.contains('…') && !code.contains("VERB") {
                for words in commands(&code) {
                    let kind = rnetc::command().try_get_matches_from(&words).err();
                    let kind = kind.map(|error| error.kind());
                    let wrong = [ErrorKind::UnknownArgument, ErrorKind::InvalidSubcommand];
                    let path = page.path.display();
                    assert!(!kind.is_some_and(|kind| wrong.contains(&kind)), "{path}: {code}");
                    count += 1;
                }
            } else if let Some(flag) = code.strip_prefix("--") {
                let flag = flag.split([' ', '=']).next().unwrap_or(flag);
                assert!(flags.iter().any(|known| known == flag), "{}: {code}", page.path.display());
                count += 1;
            }
        }
    }
    assert!(count >= 40, "{count}");
}

/// The long flags of a command and of those below it.
fn flags(command: &clap::Command) -> Vec<String> {
    let own = command.get_arguments().filter_map(|argument| argument.get_long());
    let own = own.map(ToOwned::to_owned);
    own.chain(command.get_subcommands().flat_map(flags)).collect()
}

fn inline(page: &Page) -> Vec<String> {
    let prose: Vec<&str> = page.prose().collect();
    let prose = prose.join(" ");
    prose.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}
