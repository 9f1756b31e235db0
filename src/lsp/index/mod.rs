//! What the names of a text mean, found in its tokens: it need not parse, since people are still
//! typing it.
//!
//! A unit's parameters, bindings, `x`, `index` and `count` are its own, as are a net's parameters
//! and numbers. Units are everybody's, but for a definition that has the same name of its own.

use std::ops::Range;
use std::sync::Arc;

use crate::sema::layers::LayerName;
use crate::source::Span;
use crate::syntax::MAX_BYTES;

pub mod call;
mod read;

/// Position in [`Index::symbols`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SymbolId(u32);

/// What a symbol is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolKind {
    /// A unit.
    Unit,
    /// A function of values.
    Def,
    /// A net.
    Net,
    /// A parameter of a unit, function or net.
    Parameter,
    /// `name = …` in a unit.
    Binding,
    /// `let name = …`, or a number of a net.
    Number,
    /// `x`, `index` or `count`, which every unit has.
    Given,
}

/// What a name stands for.
#[derive(Clone, Debug)]
pub struct Symbol {
    /// Which.
    pub kind: SymbolKind,
    /// The definition that it is, or is of: a position in [`Index::definitions`].
    pub definition: usize,
    /// Where its name stands where it is defined; of what is given, where it is first used.
    pub name: Span,
    /// Its name and what that is given.
    pub whole: Span,
    /// Whether it is defined again further on, which is an error.
    pub again: bool,
}

/// How a name stands somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It is defined.
    Definition,
    /// It is used.
    Use,
    /// It says which argument of a call follows.
    Label,
}

/// One place of a name.
#[derive(Clone, Copy, Debug)]
pub struct Occurrence {
    /// Where.
    pub span: Span,
    /// Of what.
    pub symbol: SymbolId,
    /// How.
    pub role: Role,
}

/// A unit, function or net.
#[derive(Debug)]
pub struct Definition {
    /// Its symbol.
    pub symbol: SymbolId,
    /// Whether it is a unit.
    pub is_unit: bool,
    /// The word that begins it.
    pub word: &'static str,
    /// From its word to its last bracket, or to the next definition where it is not closed.
    pub span: Span,
    /// Its parameters and bindings, in order.
    pub locals: Vec<SymbolId>,
    /// Its tokens.
    tokens: Range<usize>,
    /// The token at which its head ends: a brace or, of a function, `=`.
    body: usize,
}

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Where.
    pub span: Span,
    /// Whether it is the first of its line.
    pub first: bool,
}

/// A text's names.
#[derive(Debug)]
pub struct Index {
    text: Arc<str>,
    /// All but comments.
    pub tokens: Vec<Token>,
    /// Comments, and whether each has its line to itself.
    pub comments: Vec<(Span, bool)>,
    /// In the order of the text.
    pub definitions: Vec<Definition>,
    symbols: Vec<Symbol>,
    /// In the order of the text.
    occurrences: Vec<Occurrence>,
}

impl Index {
    /// Reads a text; one that is too long for a spec has no names.
    pub fn new(text: &Arc<str>) -> Self {
        let empty = Self {
            text: Arc::clone(text),
            tokens: Vec::new(),
            comments: Vec::new(),
            definitions: Vec::new(),
            symbols: Vec::new(),
            occurrences: Vec::new(),
        };
        if text.len() > MAX_BYTES { empty } else { read::read(empty) }
    }

    /// The text of a place.
    pub fn text(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or("")
    }

    /// What is known of a symbol.
    pub fn symbol(&self, id: SymbolId) -> &Symbol {
        &self.symbols[id.0 as usize]
    }

    /// A symbol's name.
    pub fn name(&self, id: SymbolId) -> &str {
        self.text(self.symbol(id).name)
    }

    /// The name that holds a byte, or ends there, whatever it means.
    pub fn at(&self, byte: usize) -> Option<Span> {
        let behind = self.tokens.partition_point(|token| token.span.start as usize <= byte);
        let near = behind.saturating_sub(2)..behind;
        let holds = |token: &&Token| byte <= token.span.end as usize && self.is_name(token.span);
        self.tokens[near].iter().rev().find(holds).map(|token| token.span)
    }

    /// What the name that holds a byte, or ends there, stands for.
    pub fn occurrence(&self, byte: usize) -> Option<Occurrence> {
        self.occurrence_of(self.at(byte)?)
    }

    /// What the name that stands exactly here stands for.
    pub fn occurrence_of(&self, name: Span) -> Option<Occurrence> {
        let found = self.occurrences.binary_search_by_key(&name.start, |o| o.span.start);
        found.ok().map(|at| self.occurrences[at])
    }

    /// All places of a symbol, in order.
    pub fn places(&self, symbol: SymbolId) -> impl Iterator<Item = Occurrence> + '_ {
        self.occurrences.iter().filter(move |o| o.symbol == symbol).copied()
    }

    /// The definition that holds a byte, or ends there.
    pub fn around(&self, byte: usize) -> Option<&Definition> {
        let begun = self.definitions.partition_point(|d| (d.span.start as usize) <= byte);
        let last = self.definitions.get(begun.checked_sub(1)?)?;
        (byte <= last.span.end as usize).then_some(last)
    }

    /// The definition of a symbol, or that it is of.
    pub fn definition(&self, symbol: SymbolId) -> &Definition {
        &self.definitions[self.symbol(symbol).definition]
    }

    /// Whether a byte stands before a definition's first brace.
    pub fn in_head(&self, definition: &Definition, byte: usize) -> bool {
        match self.tokens.get(definition.body) {
            Some(brace) if definition.body < definition.tokens.end => {
                byte <= brace.span.start as usize
            }
            Some(_) | None => true,
        }
    }

    /// The parameters of a unit or net.
    pub fn parameters<'i>(&'i self, of: &'i Definition) -> impl Iterator<Item = SymbolId> + 'i {
        let is_parameter = |id: &&SymbolId| self.symbol(**id).kind == SymbolKind::Parameter;
        of.locals.iter().filter(is_parameter).copied()
    }

    /// The default of a parameter, as written.
    pub fn default(&self, parameter: SymbolId) -> Option<String> {
        let Symbol { name, whole, .. } = *self.symbol(parameter);
        let (_, value) = self.text(whole).get(name.range().len()..)?.split_once('=')?;
        let lines = value.lines().map(|line| line.split("//").next().unwrap_or(""));
        let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
        (!words.is_empty()).then(|| words.join(" "))
    }

    fn is_name(&self, span: Span) -> bool {
        let text = self.text(span);
        text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && !matches!(text, "unit" | "net" | "let" | "def")
    }

    /// The layer that a name is, where nothing of the text has that name.
    pub fn layer(&self, name: Span) -> Option<LayerName> {
        match self.occurrence_of(name) {
            None => LayerName::find(self.text(name)),
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
unit a(width, stride = width) {
    F = conv(3x3, width, stride: stride) // F in a
    b = F -> b
    y = x + F(x)
}
unit b(width) { y = a(width: width, stride: 2)(x) * index }
net n(width = 4) { let F = width * 2 input(3, 8, 8) -> a(F, stride: width) -> b(width: F) }";

    /// Places of what stands at the `nth` occurrence of a name, as positions among all of that name.
    fn places(text: &str, name: &str, nth: usize) -> Vec<usize> {
        let index = Index::new(&text.into());
        let starts: Vec<u32> = index
            .tokens
            .iter()
            .filter(|t| index.text(t.span) == name)
            .map(|t| t.span.start)
            .collect();
        let Some(found) = index.occurrence(starts[nth] as usize) else { return Vec::new() };
        let place = |o: Occurrence| starts.iter().position(|&s| s == o.span.start).expect("a name");
        index.places(found.symbol).map(place).collect()
    }

    #[test]
    fn names_are_those_of_their_own_definition() {
        // width: a's, its default and use; b's; the label of a; b's; n's; …
        assert_eq!(places(TEXT, "width", 0), [0, 1, 2, 4], "a's, with the label at its call");
        assert_eq!(places(TEXT, "width", 3), [3, 5, 9], "b's, with the label at its call");
        assert_eq!(places(TEXT, "width", 6), [6, 7, 8]);
        assert_eq!(places(TEXT, "F", 0), [0, 1, 2], "not what the net calls F");
        assert_eq!(places(TEXT, "F", 3), [3, 4, 5]);
        // conv's own argument is no name of the text; stride in it is a's.
        assert!(places(TEXT, "stride", 1).is_empty());
        assert_eq!(places(TEXT, "stride", 0), [0, 2, 3, 4]);
        assert_eq!(places(TEXT, "x", 0), [0, 1], "each unit has its own x");
        assert_eq!(places(TEXT, "x", 2), [2]);
        assert_eq!(places(TEXT, "y", 0), [0]);
        assert_eq!(places(TEXT, "index", 0), [0]);
    }

    #[test]
    fn what_a_definition_calls_its_own_hides_a_unit() {
        assert_eq!(places(TEXT, "b", 0), [0, 1], "the binding");
        assert_eq!(places(TEXT, "b", 2), [2, 3], "the unit");
        assert_eq!(places(TEXT, "a", 0), [0, 1, 2]);
    }

    #[test]
    fn defaults_know_the_parameters_before_them() {
        let text = "unit u(a = b, b = b, c = b) { y = x * b }";
        assert!(places(text, "b", 0).is_empty());
        assert_eq!(places(text, "b", 1), [1, 3, 4]);
    }

    #[test]
    fn texts_that_are_being_typed_have_names() {
        let text = "unit u(w { F = conv(3x3, w,\n h = shortcut(w\n let n = 2 y = h(x) + F(";
        assert_eq!(places(text, "w", 0), [0, 1, 2]);
        assert_eq!((places(text, "h", 0), places(text, "F", 0)), (vec![0, 1], vec![0, 1]));
        let index = Index::new(&"unit u { a = 1 a = 2 }".into());
        let twice = index.symbol(index.definitions[0].locals[0]);
        assert!(twice.again && index.definitions[0].locals.len() == 1);
    }

    #[test]
    fn defaults_are_told_as_written() {
        let index = Index::new(&"unit u(a, b = a *\n // why\n (2 - 1), c =) { y = x }".into());
        let defaults: Vec<_> =
            index.parameters(&index.definitions[0]).map(|id| index.default(id)).collect();
        assert_eq!(defaults, [None, Some("a * (2 - 1)".to_owned()), None]);
    }

    #[test]
    fn long_texts_cost_little() {
        let many: String = (0..6_000).map(|i| format!("a{i}=a ")).collect();
        let deep = "a(".repeat(30_000);
        let units = "unit a(a=a){a=a} ".repeat(3_500);
        for text in [many.as_str(), &deep, &units, &"{}()=:,".repeat(9_000)] {
            let start = std::time::Instant::now();
            let index = Index::new(&format!("unit u {{ {text}").as_str().into());
            assert!(!index.tokens.is_empty());
            assert!(start.elapsed().as_millis() < 2_000, "{:?}", start.elapsed());
        }
        assert!(Index::new(&"a ".repeat(40_000).as_str().into()).tokens.is_empty(), "no spec");
    }
}
