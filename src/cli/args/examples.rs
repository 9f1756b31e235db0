//! What stands below the help of a verb.

/// Below the help of the program.
pub const PROGRAM: &str = "\
Examples:
  rnetc run --train shapes10                     train on pictures that rnetc draws itself
  rnetc check my.rnet                            what a spec is, or what is wrong with it
  rnetc graph my.rnet -o my.svg                  draw it

Exit codes:
  0    done
  1    a spec, a recipe, data or weights make no sense, or not together
  2    the command line makes no sense
  3    a file cannot be read or written, or is damaged
  4    no device or scheduler, or it failed
  5    a number that is none: the loss diverged, or gradients disagree
  130  SIGINT, 143 SIGTERM: stopped, and saved";

pub const BUILD: &str = "\
Examples:
  rnetc build my.rnet --set depth=20 --explain
  rnetc build --dump help";

pub const RUN: &str = "\
Examples:
  rnetc run --train shapes10
  rnetc run my.rnet --set depth=20 --train cifar10 --epochs 10 --out runs/mine
  rnetc run my.rnet --train ./pets --batch 32 --epochs 30
  rnetc run --eval cifar10 --weights runs/mine/final.safetensors
  rnetc run --eval --weights runs/mine --mistakes 20
  rnetc run --predict cat.png --weights runs/mine/final.safetensors";

pub const CHECK: &str = "\
Examples:
  rnetc check my.rnet --set depth=20
  rnetc check specs";

pub const FMT: &str = "\
Examples:
  rnetc fmt my.rnet
  rnetc fmt --check specs";

pub const EXPLAIN: &str = "\
Examples:
  rnetc explain
  rnetc explain E0008
  rnetc explain warnings
  rnetc explain he2016";

pub const GRAPH: &str = "\
Examples:
  rnetc graph my.rnet --set depth=20 -o my.svg
  rnetc graph my.rnet --unit preact --theme dark -o slide.png
  rnetc graph my.rnet -o my.pdf";

pub const GRADCHECK: &str = "\
Examples:
  rnetc gradcheck my.rnet --set depth=8";

pub const DEVICES: &str = "\
Examples:
  rnetc devices
  rnetc devices --format json";

pub const DATA: &str = "\
Examples:
  rnetc data list
  rnetc data fetch cifar10
  rnetc data verify";

pub const BENCH: &str = "\
Examples:
  rnetc bench my.rnet --set depth=20 --profile
  rnetc bench my.rnet --mode infer --format json";

pub const REPORT: &str = "\
Examples:
  rnetc report runs/mine
  rnetc report runs/mine runs/other -o compared.html";

pub const STUDY: &str = "\
Examples:
  rnetc study table2.yaml
  rnetc study table2.yaml --table --format markdown
  rnetc study table2.yaml --on local --jobs 4
  rnetc study table2.yaml --on slurm --threads 8 --dry-run -- --partition=cpu --time=12:00:00
  rnetc study table2.yaml --on hyperqueue --threads 8";

pub const LESION: &str = "\
Examples:
  rnetc lesion runs/mine --delete each
  rnetc lesion runs/mine --delete each --format json
  rnetc lesion runs/mine --delete each --beside runs/other
  rnetc lesion runs/mine --delete random --counts 1..20 --samples 20
  rnetc lesion runs/mine --reorder --swaps 1..10";

pub const PATHS: &str = "\
Examples:
  rnetc paths runs/mine
  rnetc paths check runs/mine";

pub const EXPORT: &str = "\
Examples:
  rnetc export runs/mine/final.safetensors --onnx mine.onnx
  rnetc export runs/mine --state-dict torchvision -o mine.safetensors";

pub const IMPORT: &str = "\
Examples:
  rnetc import my.rnet --set depth=20 state.safetensors -o mine.safetensors";

pub const COMPLETIONS: &str = "\
Examples:
  rnetc completions bash > ~/.local/share/bash-completion/completions/rnetc
  rnetc completions zsh > ~/.zfunc/_rnetc
  rnetc completions fish > ~/.config/fish/completions/rnetc.fish";

pub const MAN: &str = "\
Examples:
  rnetc man -o ~/.local/share/man/man1";

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use crate::cli::args::Cli;

    /// Each line works as it stands, as far as the command line goes.
    #[test]
    fn examples_are_command_lines() {
        let mut command = Cli::command();
        let verbs = command.get_subcommands().filter_map(|verb| verb.get_after_help());
        let texts: Vec<String> =
            verbs.map(ToString::to_string).chain([super::PROGRAM.to_owned()]).collect();
        let mut count = 0;
        for text in &texts {
            for line in text.lines().filter_map(|line| line.trim().strip_prefix("rnetc ")) {
                let line = line
                    .split("  ")
                    .next()
                    .and_then(|line| line.split(" > ").next())
                    .unwrap_or(line);
                let words = std::iter::once("rnetc").chain(line.split_whitespace());
                let parsed = Cli::try_parse_from(words);
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
                count += 1;
            }
        }
        assert!(count > 30, "{count}");
        let verbs = command.get_subcommands().count();
        assert_eq!(texts.len(), verbs - 1 + 1, "all but lsp, and the program's own");
        assert!(command.render_help().to_string().contains("Exit codes:"));
    }
}
