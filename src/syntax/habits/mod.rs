//! What people write who know another language: recognised where the grammar stops.

use super::foreign::{self, Here};
use super::tokens::{Token, tokens};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

mod parts;

/// Where the grammar stopped.
#[derive(Clone, Copy)]
pub struct Stop<'s, 't> {
    text: &'t str,
    /// Before the place, comments left out.
    before: &'s [Token<'t>],
    /// What stands there.
    found: Token<'t>,
    /// Behind it.
    after: &'s [Token<'t>],
    /// Whether a binding's `=` was expected, since a name stands before.
    in_binding: bool,
    /// Whether a definition was expected.
    at_top: bool,
}

/// What the grammar expected.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// `=`
    pub equals: bool,
    /// `unit` or `net`
    pub definition: bool,
}

/// What was probably meant where the grammar stopped at a byte, if it is a known habit.
pub fn recognised(text: &str, at: usize, expected: Expected) -> Option<Diagnostic> {
    let all: Vec<Token<'_>> =
        tokens(text).into_iter().filter(|token| !token.is_comment()).collect();
    // The grammar may stop inside what reads as one token here.
    let place = all.iter().rposition(|token| token.start <= at)?;
    let stop = Stop {
        text,
        before: &all[..place],
        found: all[place],
        after: &all[place + 1..],
        in_binding: expected.equals,
        at_top: expected.definition,
    };
    let known = [
        Stop::function,
        Stop::statement,
        Stop::power,
        Stop::remainder,
        Stop::update,
        Stop::member,
        Stop::several_names,
        Stop::subscript,
        Stop::tuple,
        Stop::spaced_kernel,
        Stop::quoted,
        Stop::condition,
        Stop::missing,
    ];
    known.into_iter().find_map(|habit| habit(stop))
}

/// Words that begin a statement elsewhere, and what to write.
const STATEMENTS: &[(&[&str], &str)] = &[
    (&["if", "else", "elif", "switch", "when"], NO_CONDITIONS),
    (&["for", "while", "loop"], "a unit is repeated by a number: u(16) * n is n units"),
    (&["def"], "a function stands beside units: def swish(v) = v * sigmoid(v)"),
    (&["class", "func", "function", "fn", "struct"], DEFINITIONS),
    (
        &["import", "from", "include", "using"],
        "leave it out: layers are known, and a file holds its units",
    ),
    (&["var", "const"], "a number is named by let: let n = 3"),
    (&["lambda"], "a chain is a function already: F = bn -> relu"),
];

/// Words that only begin a definition elsewhere, since they are good names.
const DEFINING: &[&str] = &["block", "layer", "module", "model", "network", "residual"];

const NO_CONDITIONS: &str =
    "there are no conditions; a stage repeated 0 times is not there: stage * n";
const DEFINITIONS: &str =
    "a unit is written unit NAME(parameters) { … }, and the net net NAME(parameters) { … }";

impl<'s, 't> Stop<'s, 't> {
    fn previous(&self) -> Option<Token<'t>> {
        self.before.last().copied()
    }

    fn next(&self) -> Option<Token<'t>> {
        self.after.first().copied()
    }

    fn error(&self, span: Span, message: impl Into<String>, label: &str) -> Diagnostic {
        Diagnostic::error(Code::Syntax, span, message).label(label)
    }

    /// `return`, `if`, `for`, `def`, …
    fn statement(self) -> Option<Diagnostic> {
        let word = |token: Token<'t>| -> Option<(Token<'t>, &'static str)> {
            let (_, instead) = STATEMENTS.iter().find(|(words, _)| words.contains(&token.text))?;
            Some((token, instead))
        };
        if let Some(token) = self.previous().filter(|token| token.text == "return") {
            return Some(self.returned(token));
        }
        let defining = self.at_top && DEFINING.contains(&self.found.text);
        let (token, instead) = match defining {
            true => (self.found, DEFINITIONS),
            false => {
                let previous = self.previous().filter(|token| token.text != "def");
                previous.and_then(word).or_else(|| word(self.found))?
            }
        };
        let message = format!("`{}` is not a word of the language", token.text);
        Some(self.error(span(token), message, "from another language").hint(instead))
    }

    /// `def f(v):`, `def f(v) {`
    fn function(self) -> Option<Diagnostic> {
        if !matches!(self.found.text, ":" | "{") || self.previous()?.text != ")" {
            return None;
        }
        let word = self.before.iter().rposition(|t| matches!(t.text, "def" | "unit" | "net"))?;
        let name = self.before.get(word + 1)?;
        (self.before[word].text == "def").then(|| {
            let message =
                format!("`=` stands behind what a function is given, not `{}`", self.found.text);
            self.error(span(self.found), message, "not expected here").hint(format!(
                "a function is one expression: def {}(v) = v * sigmoid(v)",
                name.text
            ))
        })
    }

    fn returned(&self, token: Token<'t>) -> Diagnostic {
        let rest = rest_of_line(self.text, token.start + token.text.len());
        let inside = self.before.iter().rev().find(|t| matches!(t.text, "unit" | "net"));
        let hint = match inside {
            Some(word) if word.text == "net" => format!("a net is its chain alone: {rest}"),
            Some(_) | None => format!("the result of a unit is y: write y = {rest}"),
        };
        self.error(span(token), "`return` is not a word of the language", "from another language")
            .hint(hint)
    }

    /// `2**5`, `2^5`
    fn power(self) -> Option<Diagnostic> {
        let (from, base) = match (self.found.text, self.previous()?.text) {
            ("*", "*") => (self.previous()?, self.before.iter().rev().nth(1)),
            ("^", _) => (self.found, self.before.last()),
            _ => return None,
        };
        let exponent = self.next().and_then(|next| next.text.parse::<usize>().ok());
        let hint = match (base.filter(|base| base.ends_operand()), exponent) {
            (Some(base), Some(times @ 2..=8)) if base.text != ")" => {
                format!("write {}", vec![base.text; times].join(" * "))
            }
            _ => "write a product, or give the number a name: let n = 32".to_owned(),
        };
        Some(
            self.error(span(from).to(span(self.found)), "there are no powers", "not an operator")
                .hint(hint),
        )
    }

    /// `n % 2`
    fn remainder(self) -> Option<Diagnostic> {
        (self.found.text == "%").then(|| {
            self.error(span(self.found), "there is no remainder", "not an operator").hint(
                "a number is divided with `/`, and must divide evenly where a whole one is needed",
            )
        })
    }

    /// `y += F(x)`
    fn update(self) -> Option<Diagnostic> {
        let (name, equals) = (self.previous()?, self.next()?);
        let operator = matches!(self.found.text, "+" | "-" | "*" | "/");
        if !(self.in_binding && operator && equals.text == "=") {
            return None;
        }
        let rest = rest_of_line(self.text, equals.start + 1);
        let (name, operator) = (name.text, self.found.text);
        let old = if name == "y" { "x" } else { "…" };
        Some(
            self.error(
                span(self.found).to(span(equals)),
                format!("`{operator}=` is not an operator"),
                "a name is bound once",
            )
            .hint(format!("write {name} = {old} {operator} {rest}")),
        )
    }

    /// `nn.Conv2d`, `F.relu`, `x.relu()`, `.5`
    fn member(self) -> Option<Diagnostic> {
        if self.found.text != "." {
            return None;
        }
        let next = self.next().filter(|next| next.start == self.found.start + 1);
        if let Some(digits) =
            next.filter(|next| next.text.starts_with(|c: char| c.is_ascii_digit()))
        {
            let hint = format!("write 0.{}", digits.text);
            return Some(
                self.error(
                    span(self.found),
                    "a number begins with a digit",
                    "a digit is missing before this",
                )
                .hint(hint),
            );
        }
        let before = self
            .previous()
            .filter(|previous| previous.start + previous.text.len() == self.found.start);
        let place = before.map_or(span(self.found), span).to(next.map_or(span(self.found), span));
        let hint = match next.map(|next| (next.text, foreign::word(next.text))) {
            Some((_, Some(Here::Called(_, how) | Here::Written(how)))) => {
                format!("here it is {how}")
            }
            Some((name, Some(here @ (Here::Def(_) | Here::Absent(_))))) => {
                format!("`{name}` is not in the language; {}", here.hint(&name.to_lowercase()))
            }
            Some((_, None)) | None => {
                "layers have plain names, and are joined with `->`: bn -> relu".to_owned()
            }
        };
        let message = format!("names have no points: `{}`", &self.text[place.range()]);
        Some(self.error(place, message, "from another language").hint(hint))
    }

    /// `(3,3)` and `[3,3]` where a kernel or a number is meant.
    fn tuple(self) -> Option<Diagnostic> {
        let opened = match self.found.text {
            "[" => self.before.len(),
            "," => self.open().filter(|&at| !self.is_call(at))?,
            _ => return None,
        };
        let all: Vec<Token<'t>> =
            self.before.iter().chain([&self.found]).chain(self.after).copied().collect();
        let inside = all.get(opened + 1..opened + 4)?;
        let close = all.get(opened + 4)?;
        if inside[1].text != "," || !matches!(close.text, ")" | "]") {
            return None;
        }
        let number = |token: Token<'t>| token.text.parse::<usize>().is_ok();
        if !(number(inside[0]) && number(inside[2])) {
            return self.named_kernel(&all[..opened], span(all[opened]).to(span(*close)));
        }
        let place = span(all[opened]).to(span(*close));
        let (rows, columns) = (inside[0].text, inside[2].text);
        let label =
            opened.checked_sub(2).filter(|&at| all[at + 1].text == ":").map(|at| all[at].text);
        let written = &self.text[place.range()];
        Some(match label.filter(|label| *label != "kernel") {
            Some(label) => self
                .error(place, format!("`{written}` is two numbers"), "one number is needed")
                .hint(format!("one number is for rows and columns: {label}: {rows}")),
            None => self
                .error(place, format!("`{written}` is not a kernel"), "a kernel is meant")
                .hint(format!("kernels are written {rows}x{columns}"))
                .fix(place, format!("{rows}x{columns}")),
        })
    }

    /// `[k, k]` as the first of what a convolution or a pooling layer takes; `before` is what stands before it.
    fn named_kernel(self, before: &[Token<'t>], place: Span) -> Option<Diagnostic> {
        let [.., layer, Token { text: "(", .. }] = before else { return None };
        let name = layer.text.to_lowercase();
        if !["conv", "pool"].iter().any(|part| name.contains(part)) {
            return None;
        }
        let written = &self.text[place.range()];
        let hint = "kernels are written 3x3; one that may change is a parameter: unit u(kernel = 3x3), and \
                    conv(kernel, 16)";
        let message = format!("`{written}` is not a kernel");
        Some(self.error(place, message, "a kernel is meant").hint(hint))
    }

    /// `3 x 3`, `3X3`
    fn spaced_kernel(self) -> Option<Diagnostic> {
        let capital = self.found.text.split_once('X').filter(|(rows, columns)| {
            [rows, columns].iter().all(|side| side.parse::<usize>().is_ok())
        });
        if let Some((rows, columns)) = capital {
            let place = span(self.found);
            let kernel = format!("{rows}x{columns}");
            return Some(
                self.error(place, "a kernel is written with a small x", "a kernel is meant")
                    .hint(format!("write {kernel}"))
                    .fix(place, kernel),
            );
        }
        let rows = self.previous().filter(|token| token.text.parse::<usize>().is_ok())?;
        let columns = match self.found.text.strip_prefix('x')? {
            "" => self.next().filter(|token| token.text.parse::<usize>().is_ok())?,
            digits => digits.parse::<usize>().ok().map(|_| self.found)?,
        };
        let place = span(rows).to(span(columns));
        let kernel = format!("{}x{}", rows.text, columns.text.trim_start_matches('x'));
        Some(
            self.error(place, "a kernel has no spaces in it", "a kernel is meant")
                .hint(format!("write {kernel}"))
                .fix(place, kernel),
        )
    }

    /// `"same"`
    fn quoted(self) -> Option<Diagnostic> {
        if !matches!(self.found.text, "\"" | "'" | "`") {
            return None;
        }
        let word = self.next()?;
        let label = self
            .before
            .iter()
            .rev()
            .nth(1)
            .filter(|_| self.previous().is_some_and(|t| t.text == ":"));
        let known = label.and_then(|label| foreign::value(label.text, word.text));
        let hint = match known {
            Some((_, how)) => how.to_owned(),
            None => "names are written without quotes".to_owned(),
        };
        let end = self
            .after
            .get(1)
            .filter(|token| token.text == self.found.text)
            .copied()
            .unwrap_or(word);
        Some(
            self.error(
                span(self.found).to(span(end)),
                "there are no quotes in the language",
                "in quotes",
            )
            .hint(hint),
        )
    }

    /// `a < b`, `a == b`, `a ? b`, `!a`, `a && b`
    fn condition(self) -> Option<Diagnostic> {
        let (found, next) = (self.found.text, self.next().map_or("", |next| next.text));
        let compares = matches!(found, "<" | "?" | "!" | "&")
            || (found == ">" && next.starts_with(|c: char| c.is_ascii_digit() || c == '='))
            || (found == "=" && next == "=");
        let place = match next {
            "=" | "&" | "|" => span(self.found).to(self.next().map_or(span(self.found), span)),
            _ => span(self.found),
        };
        let found = &self.text[place.range()];
        compares.then(|| {
            self.error(place, format!("`{found}` is not an operator"), "a condition")
                .hint(NO_CONDITIONS)
        })
    }

    /// Two things beside one another.
    fn missing(self) -> Option<Diagnostic> {
        let previous = self.previous().filter(Token::ends_operand)?;
        let bound = self.before.iter().rev().nth(1).filter(|token| token.ends_operand());
        if self.in_binding {
            // The second was taken for the name of a binding.
            let first = bound.filter(|_| previous.text != ")")?;
            return Some(
                self.error(
                    span(previous),
                    format!(
                        "`->` is missing between `{}` and `{}`, or `=` behind it",
                        first.text, previous.text
                    ),
                    "begins neither a stage nor a binding",
                )
                .hint("stages are joined with `->`, and bindings are written NAME = …"),
            );
        }
        let starts = self.found.text == "(" || self.found.ends_operand() && self.found.text != ")";
        if self.at_top || !starts {
            return None;
        }
        let (sign, text) = match self.open() {
            Some(at) if self.is_call(at) => ("a comma", ", "),
            Some(_) | None => ("`->`", " -> "),
        };
        let (first, second) = (previous.text, self.found.text);
        let end = previous.start + previous.text.len();
        let (message, hint) = match first {
            ")" => (format!("{sign} is missing before `{second}`"), format!("write{text}{second}")),
            _ => (
                format!("{sign} is missing between `{first}` and `{second}`"),
                format!("write {first}{text}{second}"),
            ),
        };
        Some(
            self.error(span(self.found), message, "not expected here")
                .hint(hint)
                .fix(Span::new(end, self.found.start), text),
        )
    }

    /// The innermost round bracket that is open.
    fn open(&self) -> Option<usize> {
        let mut closed = 0;
        for (at, token) in self.before.iter().enumerate().rev() {
            match token.text {
                "{" | "}" => return None,
                ")" => closed += 1,
                "(" if closed == 0 => return Some(at),
                "(" => closed -= 1,
                _ => {}
            }
        }
        None
    }

    /// Whether the bracket at a position holds arguments.
    fn is_call(&self, at: usize) -> bool {
        at > 0 && self.before[at - 1].ends_operand()
    }
}

fn span(token: Token<'_>) -> Span {
    Span::new(token.start, token.start + token.text.len())
}

/// What stands behind a byte on its line, shortened.
fn rest_of_line(text: &str, from: usize) -> String {
    const LONGEST: usize = 60;
    let line = text[from..].lines().next().unwrap_or_default();
    let code = line.split("//").next().unwrap_or_default().trim().trim_end_matches('}').trim_end();
    match code.char_indices().nth(LONGEST) {
        _ if code.is_empty() => "…".to_owned(),
        None => code.to_owned(),
        Some((at, _)) => format!("{}…", &code[..at]),
    }
}
