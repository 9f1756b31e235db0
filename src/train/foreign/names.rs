//! Names of PyTorch's modules as sequences of words and numbers, and what their words say.

use std::cmp::Ordering;

/// A part of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// Digits, as a number, and as they are written.
    Number(u64, String),
    /// Letters, lower case.
    Word(String),
}

impl Token {
    fn key(&self) -> (bool, u64, &str) {
        match self {
            Token::Number(number, text) => (false, *number, text),
            Token::Word(word) => (true, 0, word),
        }
    }

    /// As a word; none for a number.
    pub fn word(&self) -> Option<&str> {
        match self {
            Token::Number(..) => None,
            Token::Word(word) => Some(word),
        }
    }
}

impl PartialOrd for Token {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// As people count: 2 before 10.
impl Ord for Token {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

/// A name in parts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// Runs of digits and of letters; all else parts them.
    pub tokens: Vec<Token>,
    /// How many tokens end where a dot stands, or the name ends: the modules that hold it, and it.
    pub levels: Vec<usize>,
    /// As it is written.
    pub text: String,
}

impl Name {
    /// Takes a name apart.
    pub fn new(text: &str) -> Self {
        let (mut tokens, mut levels) = (Vec::new(), Vec::new());
        for part in text.split(['.', '/']).filter(|part| !part.is_empty()) {
            split(part, &mut tokens);
            if levels.last() != Some(&tokens.len()) {
                levels.push(tokens.len());
            }
        }
        Self { tokens, levels, text: text.to_owned() }
    }

    /// How many tokens two names begin with in common.
    pub fn common(&self, other: &Name) -> usize {
        self.tokens.iter().zip(&other.tokens).take_while(|(a, b)| a == b).count()
    }

    /// What is written up to so many tokens: `layer1.0` of `layer1.0.conv1`.
    pub fn up_to(&self, tokens: usize) -> &str {
        let mut seen = Vec::new();
        let mut end = 0;
        for part in self.text.split_inclusive(['.', '/']) {
            if seen.len() >= tokens {
                break;
            }
            split(part, &mut seen);
            end += part.len();
        }
        self.text[..end].trim_end_matches(['.', '/'])
    }
}

fn split(part: &str, tokens: &mut Vec<Token>) {
    let mut rest = part;
    while let Some(first) = rest.chars().next() {
        let digit = first.is_ascii_digit();
        let same = |c: char| {
            if digit { c.is_ascii_digit() } else { c.is_alphabetic() }
        };
        if !digit && !first.is_alphabetic() {
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let end = rest.find(|c| !same(c)).unwrap_or(rest.len());
        let text = &rest[..end];
        tokens.push(if digit {
            Token::Number(text.parse().unwrap_or(u64::MAX), text.to_owned())
        } else {
            Token::Word(text.to_lowercase())
        });
        rest = &rest[end..];
    }
}

/// Words in the names of modules on shortcuts.
const SHORTCUT: [&str; 6] = ["downsample", "short", "proj", "skip", "identity", "residualconv"];
/// Words for what stands before all units, in a longer word too.
const FIRST: [&str; 8] = ["stem", "embed", "first", "init", "entry", "input", "begin", "root"];
/// Words for what stands behind them.
const LAST: [&str; 6] = ["head", "final", "last", "post", "classif", "output"];
/// The same, as whole words.
const FIRST_ALONE: [&str; 2] = ["pre", "in"];
const LAST_ALONE: [&str; 5] = ["fc", "norm", "out", "end", "top"];

/// Whether a word is for what stands on shortcuts.
pub fn of_shortcut(tokens: &[Token]) -> bool {
    let mut words = tokens.iter().filter_map(Token::word);
    words.any(|word| SHORTCUT.iter().any(|shortcut| word.contains(shortcut)))
}

/// Where in a net a word stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// At its start.
    First,
    /// No word for a place.
    Neither,
    /// At its end.
    Last,
}

/// What a token says of its place.
pub fn end(token: &Token) -> End {
    let Some(word) = token.word() else { return End::Neither };
    let within = |words: &[&str]| words.iter().any(|part| word.contains(part));
    if within(&FIRST) || FIRST_ALONE.contains(&word) {
        End::First
    } else if within(&LAST) || LAST_ALONE.contains(&word) {
        End::Last
    } else {
        End::Neither
    }
}

/// Words for kinds of layers, without which `conv1` and `bn1` are the same.
const KINDS: [&str; 6] = ["conv", "convolution", "bn", "norm", "normalization", "batchnorm"];

/// What a convolution and its batch norm have in common: `layer1.0.conv2` and `layer1.0.bn2`.
pub fn without_kind(name: &Name) -> Vec<&Token> {
    let kind = |token: &&Token| !token.word().is_some_and(|word| KINDS.contains(&word));
    name.tokens.iter().filter(kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart_and_are_put_together() {
        let name = Name::new("conv2_block1_10.bn");
        let texts: Vec<String> = name.tokens.iter().map(|token| token.key().2.to_owned()).collect();
        assert_eq!(texts, ["conv", "2", "block", "1", "10", "bn"]);
        assert_eq!((name.levels.as_slice(), name.up_to(5)), ([5, 6].as_slice(), "conv2_block1_10"));
        assert_eq!(Name::new("layer1.0.conv1").up_to(3), "layer1.0");
        assert!(Name::new("a.conv2") < Name::new("a.conv10"));
        assert!(Name::new("a.9").tokens < Name::new("a.b").tokens);
        assert_eq!(Name::new("é..1é").tokens.len(), 3);
        assert_eq!(Name::new("").tokens, []);
    }

    #[test]
    fn words_say_where_and_whose() {
        let of = |text: &str| Name::new(text).tokens.iter().map(end).collect::<Vec<_>>();
        assert_eq!(of("stem.bn"), [End::First, End::Neither]);
        assert_eq!(of("final_bn"), [End::Last, End::Neither]);
        assert_eq!(of("norm"), [End::Last]);
        assert!(of_shortcut(&Name::new("convShortcut").tokens));
        assert!(!of_shortcut(&Name::new("conv2").tokens));
        let [conv, bn] = ["layer1.0.conv2", "layer1.0.bn2"].map(Name::new);
        assert_eq!(without_kind(&conv), without_kind(&bn));
    }
}
