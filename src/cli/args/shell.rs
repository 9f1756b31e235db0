//! Of the shell: `completions`, `man`; how all verbs print.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ColorChoice, ValueEnum};
use clap_complete::Shell;

/// `rnetc completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: Shell,
}

/// `rnetc man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Folder for a page of each verb [default: print the page of rnetc]
    #[arg(short = 'o', value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// When messages are coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Colour {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Colour {
    /// What a command line asks for, looked up before it is parsed: what is wrong with it is
    /// coloured as it says.
    pub fn asked(line: impl IntoIterator<Item = OsString>) -> Self {
        let mut words = line.into_iter().map(|word| word.to_string_lossy().into_owned());
        let mut asked = Self::default();
        while let Some(word) = words.next().filter(|word| word != "--") {
            let value = match word.as_str() {
                "--color" | "--colour" => words.next(),
                _ => ["--color=", "--colour="]
                    .iter()
                    .find_map(|flag| word.strip_prefix(flag).map(str::to_owned)),
            };
            asked = value.and_then(|value| Self::from_str(&value, false).ok()).unwrap_or(asked);
        }
        asked
    }
}

impl From<Colour> for ColorChoice {
    fn from(colour: Colour) -> Self {
        match colour {
            Colour::Auto => ColorChoice::Auto,
            Colour::Always => ColorChoice::Always,
            Colour::Never => ColorChoice::Never,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colour_is_found_before_the_line_is_parsed() {
        let asked = |line: &str| Colour::asked(line.split_whitespace().map(OsString::from));
        assert_eq!(asked("rnetc check --nonsense --color always"), Colour::Always);
        assert_eq!(asked("rnetc --colour=never --nonsense"), Colour::Never);
        assert_eq!(asked("rnetc check --color"), Colour::Auto);
        assert_eq!(asked("rnetc check --color=red"), Colour::Auto);
        assert_eq!(asked("rnetc check -- --color always"), Colour::Auto);
    }
}
