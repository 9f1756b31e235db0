//! Tokens → names: first what is defined, then what is used.

use std::collections::HashMap;
use std::ops::Range;

use super::{Definition, Index, Occurrence, Role, Symbol, SymbolId, SymbolKind, Token};
use crate::sema::functions::FunctionName;
use crate::sema::layers::{LayerName, Word};
use crate::source::Span;
use crate::syntax::tokens;

/// Names of one scope.
type Names = HashMap<String, SymbolId>;

/// Reads the text of an index that is empty.
pub fn read(mut index: Index) -> Index {
    let text = index.text.clone();
    for token in tokens::tokens(&text) {
        let span = Span::new(token.start, token.start + token.text.len());
        let first = token.breaks > 0 || (index.tokens.is_empty() && index.comments.is_empty());
        match token.is_comment() {
            true => index.comments.push((span, first)),
            false => index.tokens.push(Token { span, first }),
        }
    }
    let mut reader = Reader { index, units: Names::new(), locals: Vec::new(), uses: Vec::new() };
    for tokens in reader.definitions() {
        reader.define(tokens);
    }
    for definition in 0..reader.index.definitions.len() {
        reader.head(definition);
        reader.body(definition);
    }
    let mut index = reader.index;
    index.occurrences.extend(reader.uses);
    index.occurrences.sort_by_key(|occurrence| occurrence.span.start);
    index
}

struct Reader {
    index: Index,
    /// Units and nets.
    units: Names,
    /// Parameters and bindings of each definition, and what it is given.
    locals: Vec<Names>,
    /// What the index gets at the end.
    uses: Vec<Occurrence>,
}

impl Reader {
    fn text(&self, at: usize) -> &str {
        self.index.tokens.get(at).map_or("", |token| self.index.text(token.span))
    }

    fn span(&self, at: usize) -> Span {
        self.index.tokens[at].span
    }

    fn is_name(&self, at: usize) -> bool {
        self.index.tokens.get(at).is_some_and(|token| self.index.is_name(token.span))
    }

    /// The tokens of each definition: from its word to the next one's.
    fn definitions(&self) -> Vec<Range<usize>> {
        let count = self.index.tokens.len();
        let starts: Vec<usize> =
            (0..count).filter(|&at| matches!(self.text(at), "unit" | "net" | "def")).collect();
        let ends = starts.iter().skip(1).copied().chain([count]);
        starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
    }

    /// A definition with its parameters and bindings.
    fn define(&mut self, tokens: Range<usize>) {
        let name = tokens.start + 1;
        if name >= tokens.end || !self.is_name(name) {
            return;
        }
        let find =
            |wanted: &str, from: usize| (from..tokens.end).find(|&at| self.text(at) == wanted);
        let kind = match self.text(tokens.start) {
            "unit" => SymbolKind::Unit,
            "def" => SymbolKind::Def,
            _ => SymbolKind::Net,
        };
        let body = match kind {
            SymbolKind::Def => self.equals(name..tokens.end),
            _ => find("{", name).unwrap_or(tokens.end),
        };
        let closing = match kind {
            SymbolKind::Def => Some(tokens.end - 1),
            _ => find("}", body),
        };
        let next = self.index.tokens.get(tokens.end).map(|token| token.span.start as usize);
        let end = match closing {
            Some(closing) => self.span(closing).end as usize,
            None => next.unwrap_or(self.index.text.len()),
        };
        let span = Span::new(self.span(tokens.start).start as usize, end);
        let tokens = tokens.start..closing.map_or(tokens.end, |closing| closing + 1);
        let (is_unit, word) = match kind {
            SymbolKind::Unit => (true, "unit"),
            SymbolKind::Def => (false, "def"),
            _ => (false, "net"),
        };
        let number = self.index.definitions.len();
        let symbol =
            Symbol { kind, definition: number, name: self.span(name), whole: span, again: false };
        let symbol = self.declare(symbol, None);
        let locals = Vec::new();
        self.index.definitions.push(Definition {
            symbol,
            is_unit,
            word,
            span,
            locals,
            tokens,
            body,
        });
        self.locals.push(Names::new());
        let mut found = self.parameters(number);
        found.extend(self.bindings(number));
        for (kind, name, end) in found {
            let (name, whole) = (self.span(name), self.span(name).to(self.span(end - 1)));
            let symbol = Symbol { kind, definition: number, name, whole, again: false };
            let known = self.index.symbols.len();
            let id = self.declare(symbol, Some(number));
            if self.index.symbols.len() > known {
                self.index.definitions[number].locals.push(id);
            }
        }
    }

    /// The `=` behind a function's parameters.
    fn equals(&self, mut tokens: Range<usize>) -> usize {
        let (mut depth, end) = (0usize, tokens.end);
        let found = tokens.find(|&at| {
            match self.text(at) {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && self.text(at) == "="
        });
        found.unwrap_or(end)
    }

    /// Notes a name; one that its scope has already is that one again.
    fn declare(&mut self, symbol: Symbol, local: Option<usize>) -> SymbolId {
        let text = self.index.text(symbol.name).to_owned();
        let new = SymbolId(self.index.symbols.len() as u32);
        let names = local.map_or(&mut self.units, |number| &mut self.locals[number]);
        let id = *names.entry(text).or_insert(new);
        self.index.occurrences.push(Occurrence {
            span: symbol.name,
            symbol: id,
            role: Role::Definition,
        });
        match id == new {
            true => self.index.symbols.push(symbol),
            false => self.index.symbols[id.0 as usize].again = true,
        }
        id
    }

    /// Names at the beginning of a parameter, each with its kind and one past its last token.
    fn parameters(&self, number: usize) -> Vec<(SymbolKind, usize, usize)> {
        let (mut depth, mut found) = (0usize, Vec::<(SymbolKind, usize, usize)>::new());
        for at in self.head_tokens(number) {
            match self.text(at) {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            let fresh = matches!(self.text(at.wrapping_sub(1)), "(" | ",");
            match found.last_mut() {
                _ if depth == 1 && fresh && self.is_name(at) => {
                    found.push((SymbolKind::Parameter, at, at + 1));
                }
                Some((_, _, end))
                    if *end == at && depth > 0 && (depth > 1 || self.text(at) != ",") =>
                {
                    *end = at + 1;
                }
                Some(_) | None => {}
            }
        }
        found
    }

    fn head_tokens(&self, number: usize) -> Range<usize> {
        let definition = &self.index.definitions[number];
        definition.tokens.start + 2..definition.body.max(definition.tokens.start + 2)
    }

    fn body_tokens(&self, number: usize) -> Range<usize> {
        let definition = &self.index.definitions[number];
        (definition.body + 1).min(definition.tokens.end)..definition.tokens.end
    }

    /// Names before `=`. What stands so within brackets belongs to whoever is used to other
    /// languages, unless it begins a line: then a bracket before it is not closed yet.
    fn bindings(&self, number: usize) -> Vec<(SymbolKind, usize, usize)> {
        let is_unit = self.index.definitions[number].is_unit;
        let (mut depth, mut found) = (0usize, Vec::<(SymbolKind, usize, usize)>::new());
        let tokens = self.body_tokens(number);
        for at in tokens.clone() {
            match self.text(at) {
                "(" => depth += 1,
                ")" => depth = depth.saturating_sub(1),
                _ => {}
            }
            let let_word = self.text(at - 1) == "let";
            let begins = depth == 0 || let_word || self.index.tokens[at].first;
            if begins && self.is_name(at) && self.text(at + 1) == "=" && at + 1 < tokens.end {
                let plain = let_word || !is_unit;
                let kind = if plain { SymbolKind::Number } else { SymbolKind::Binding };
                found.push((kind, at, at + 1));
                depth = 0;
            } else if let Some((_, _, end)) = found.last_mut()
                && *end == at
                && self.goes_on(at, depth)
            {
                *end = at + 1;
            }
        }
        found
    }

    /// Uses in defaults, each of which knows the parameters before its own.
    fn head(&mut self, number: usize) {
        let (mut known, mut last) = (Names::new(), None);
        for at in self.head_tokens(number) {
            if !self.is_name(at) {
                continue;
            }
            let name = self.text(at).to_owned();
            match self.definition_at(self.span(at)) {
                Some(symbol) => {
                    known.extend(last.replace((name, symbol)));
                }
                None => {
                    let given = self.use_of(&name, self.span(at), number, &known);
                    known.extend(given.map(|id| (name, id)));
                }
            }
        }
    }

    fn definition_at(&self, span: Span) -> Option<SymbolId> {
        // They stand in the order of the text.
        let found = self.index.occurrences.binary_search_by_key(&span.start, |o| o.span.start);
        found.ok().map(|at| self.index.occurrences[at].symbol)
    }

    /// Whether a binding's expression goes on with this token: two operands beside each other are
    /// the end of one and the start of the next.
    fn goes_on(&self, at: usize, depth: usize) -> bool {
        let word =
            |at: usize| self.text(at).starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let begins = word(at) && (word(at - 1) || self.text(at - 1) == ")");
        !(self.text(at) == "}" || (depth == 0 && begins))
    }

    /// Uses in the body, and names of arguments.
    fn body(&mut self, number: usize) {
        // Of each open bracket: the unit whose arguments stand in it.
        let mut open: Vec<Option<usize>> = Vec::new();
        for at in self.body_tokens(number) {
            match self.text(at) {
                "(" => open.push(self.called(at - 1, number)),
                ")" => drop(open.pop()),
                _ if !self.is_name(at) => {}
                _ if self.definition_at(self.span(at)).is_some() => open.clear(),
                name => {
                    let (name, span) = (name.to_owned(), self.span(at));
                    match (open.last().copied(), self.text(at + 1)) {
                        (Some(unit), ":") => self.label(&name, span, unit),
                        (Some(_), "=") => {}
                        _ => self.body_use(&name, span, number),
                    }
                }
            }
        }
    }

    /// The unit that a name in a body means, where it means one.
    fn called(&self, at: usize, number: usize) -> Option<usize> {
        let name = self.text(at);
        let own = !self.is_name(at) || self.locals[number].contains_key(name);
        let id = *self.units.get(name).filter(|_| !own)?;
        let symbol = self.index.symbol(id);
        matches!(symbol.kind, SymbolKind::Unit | SymbolKind::Def).then_some(symbol.definition)
    }

    fn label(&mut self, name: &str, span: Span, unit: Option<usize>) {
        let Some(&symbol) = unit.and_then(|unit| self.locals[unit].get(name)) else { return };
        if self.index.symbol(symbol).kind == SymbolKind::Parameter {
            self.uses.push(Occurrence { span, symbol, role: Role::Label });
        }
    }

    fn body_use(&mut self, name: &str, span: Span, number: usize) {
        let known = std::mem::take(&mut self.locals[number]);
        let given = self.use_of(name, span, number, &known);
        self.locals[number] = known;
        self.locals[number].extend(given.map(|id| (name.to_owned(), id)));
    }

    /// Notes a use of a name: of those that are known here, of what every unit has, of a unit.
    /// Gives what every unit has and this one has not used before.
    fn use_of(&mut self, name: &str, span: Span, number: usize, known: &Names) -> Option<SymbolId> {
        let mut note = |symbol| self.uses.push(Occurrence { span, symbol, role: Role::Use });
        if let Some(&symbol) = known.get(name) {
            note(symbol);
        } else if Word::find(name).is_some()
            || LayerName::find(name).is_some()
            || FunctionName::find(name).is_some()
        {
        } else if matches!(name, "x" | "index" | "count") {
            let definition = &self.index.definitions[number];
            if definition.is_unit {
                let symbol = SymbolId(self.index.symbols.len() as u32);
                note(symbol);
                let (kind, name, whole) = (SymbolKind::Given, span, span);
                self.index.symbols.push(Symbol {
                    kind,
                    definition: number,
                    name,
                    whole,
                    again: false,
                });
                return Some(symbol);
            }
        } else if let Some(&symbol) = self.units.get(name)
            && matches!(self.index.symbol(symbol).kind, SymbolKind::Unit | SymbolKind::Def)
        {
            note(symbol);
        }
        None
    }
}
