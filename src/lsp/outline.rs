//! What a text defines, found in its tokens: it need not parse, since people are still typing it.

use crate::syntax::tokens::{Token, tokens};

/// A unit or net.
#[derive(Debug)]
pub struct Definition<'a> {
    /// Whether it is a unit, which has x.
    pub is_unit: bool,
    /// Its name.
    pub name: Token<'a>,
    /// First byte.
    pub start: usize,
    /// One past its last byte, or the text's end where it is not closed.
    pub end: usize,
    /// Parameters, then bindings.
    pub locals: Vec<Local<'a>>,
}

/// A parameter or binding.
#[derive(Clone, Copy, Debug)]
pub struct Local<'a> {
    /// Its name.
    pub name: Token<'a>,
    /// Whether it is a parameter.
    pub is_parameter: bool,
}

/// A text's tokens and definitions.
#[derive(Debug)]
pub struct Outline<'a> {
    /// Tokens and comments.
    pub tokens: Vec<Token<'a>>,
    /// In the order of the text.
    pub definitions: Vec<Definition<'a>>,
}

impl<'a> Outline<'a> {
    /// Reads a text.
    pub fn new(text: &'a str) -> Self {
        let tokens: Vec<_> = tokens(text).into_iter().filter(|token| !token.is_comment()).collect();
        let starts: Vec<usize> =
            (0..tokens.len()).filter(|&i| matches!(tokens[i].text, "unit" | "net")).collect();
        let mut definitions = Vec::new();
        for (k, &first) in starts.iter().enumerate() {
            let last = starts.get(k + 1).copied().unwrap_or(tokens.len());
            let end = starts.get(k + 1).map_or(text.len(), |&next| tokens[next].start);
            definitions.extend(definition(&tokens[first..last], end));
        }
        Self { tokens, definitions }
    }

    /// The name or number that holds a byte, or ends there.
    pub fn at(&self, byte: usize) -> Option<Token<'a>> {
        let holds = |token: &&Token<'_>| {
            (token.start..=token.start + token.text.len()).contains(&byte) && is_word(token)
        };
        self.tokens.iter().find(holds).copied()
    }

    /// The definition that holds a byte.
    pub fn around(&self, byte: usize) -> Option<&Definition<'a>> {
        self.definitions.iter().find(|d| (d.start..d.end).contains(&byte) || d.end == byte)
    }

    /// The unit of this name.
    pub fn unit(&self, name: &str) -> Option<&Definition<'a>> {
        self.definitions.iter().find(|d| d.is_unit && d.name.text == name)
    }

    /// Where the name that stands at a byte is defined.
    pub fn origin(&self, byte: usize) -> Option<Token<'a>> {
        let name = self.at(byte)?.text;
        let own = self.around(byte).and_then(|d| d.locals.iter().find(|l| l.name.text == name));
        let all = self.definitions.iter().find(|d| d.name.text == name);
        own.map(|local| local.name).or(all.map(|definition| definition.name))
    }

    /// The layer or unit in whose brackets a byte stands.
    pub fn callee(&self, byte: usize) -> Option<Token<'a>> {
        let before = self.tokens.partition_point(|token| token.start < byte);
        let mut closed = 0usize;
        for i in (1..before).rev() {
            match self.tokens[i].text {
                ")" => closed += 1,
                "(" if closed > 0 => closed -= 1,
                "(" => return Some(self.tokens[i - 1]).filter(is_word),
                "{" | "}" => return None,
                _ => {}
            }
        }
        None
    }
}

fn is_word(token: &Token<'_>) -> bool {
    token.ends_operand() && token.text != ")"
}

fn definition<'a>(tokens: &[Token<'a>], end: usize) -> Option<Definition<'a>> {
    let name = tokens.get(1).copied().filter(is_word)?;
    let open = tokens.iter().position(|token| token.text == "{").unwrap_or(tokens.len());
    let mut locals = parameters(&tokens[2.min(open)..open]);
    locals.extend(bindings(&tokens[open..]));
    let end = tokens.iter().find(|token| token.text == "}").map_or(end, |token| token.start + 1);
    let is_unit = tokens[0].text == "unit";
    Some(Definition { is_unit, name, start: tokens[0].start, end, locals })
}

fn parameters<'a>(tokens: &[Token<'a>]) -> Vec<Local<'a>> {
    let (mut found, mut depth, mut fresh) = (Vec::new(), 0usize, false);
    for token in tokens {
        match token.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ if fresh && depth == 1 && is_word(token) => {
                found.push(Local { name: *token, is_parameter: true });
            }
            _ => {}
        }
        fresh = depth == 1 && matches!(token.text, "(" | ",");
    }
    found
}

fn bindings<'a>(tokens: &[Token<'a>]) -> Vec<Local<'a>> {
    let pairs = tokens.windows(2).filter(|pair| pair[1].text == "=" && is_word(&pair[0]));
    pairs.map(|pair| Local { name: pair[0], is_parameter: false }).collect()
}
