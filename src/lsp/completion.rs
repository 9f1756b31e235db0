//! Names that may stand at a place.

use lsp_types::{CompletionItem, CompletionItemKind};

use super::index::call::{Call, Slot};
use super::index::{Definition, Index, SymbolId, SymbolKind};
use super::signature::usage;
use crate::diagnostic::{Code, Severity};
use crate::sema::functions::FunctionName;
use crate::sema::layers::{LayerName, Word};
use crate::source::Span;

/// What may stand at a byte.
pub fn completion(index: &Index, byte: usize) -> Vec<CompletionItem> {
    if let Some(typed) = index.comment_before(byte) {
        return allowed(typed);
    }
    let start = index.at(byte).map_or(byte, |name| name.start as usize);
    if index.in_number(byte) {
        return Vec::new();
    }
    let before = index.before(start).map_or("", |span| index.text(span));
    if matches!(before, "unit" | "net" | "let" | "def") {
        return Vec::new();
    }
    let around = index.around(byte).filter(|_| before != "}");
    let Some(around) = around else { return definitions(index) };
    let place = Place { index, around, byte };
    match before {
        _ if index.in_head(around, start) => place.default(before),
        "->" => place.stages(),
        _ => match index.call(byte) {
            Some(call) => place.argument(&call, before),
            None if index.begins_line(start) => [place.anything(), vec![keyword("let")]].concat(),
            None if place.in_number(start) => place.numbers(),
            None => place.anything(),
        },
    }
}

/// Codes behind `// allow `.
fn allowed(typed: &str) -> Vec<CompletionItem> {
    let list = typed.strip_prefix("//").map(str::trim_start);
    let Some(list) = list.and_then(|list| list.strip_prefix("allow ")) else { return Vec::new() };
    let warnings = Code::ALL.iter().filter(|code| code.severity() == Severity::Warning);
    let listed: Vec<&str> = list.split([' ', ',']).collect();
    let new = warnings.filter(|code| !listed.contains(&code.text()));
    match list.contains(':') {
        true => Vec::new(),
        false => new.map(|c| item(c.text(), CompletionItemKind::CONSTANT, c.title())).collect(),
    }
}

/// Words that begin a definition; a file has one net.
fn definitions(index: &Index) -> Vec<CompletionItem> {
    let has_net = index.definitions.iter().any(|definition| definition.word == "net");
    let net = (!has_net).then(|| keyword("net"));
    [keyword("unit"), keyword("def")].into_iter().chain(net).collect()
}

/// A place within a definition.
struct Place<'i> {
    index: &'i Index,
    around: &'i Definition,
    byte: usize,
}

impl Place<'_> {
    /// In a default: the parameters before it, and option words.
    fn default(&self, before: &str) -> Vec<CompletionItem> {
        if !matches!(before, "=" | "+" | "-" | "*" | "/") {
            return Vec::new();
        }
        let begun = |id: &SymbolId| (self.index.symbol(*id).name.start as usize) < self.byte;
        let mut own: Vec<_> = self.index.parameters(self.around).filter(begun).collect();
        own.pop();
        let words = Word::ALL.into_iter().filter(|_| before == "=").map(word);
        own.into_iter().map(|id| self.local(id)).chain(words).collect()
    }

    /// In brackets: names of the arguments that are left, and what the current one may be.
    fn argument(&self, call: &Call, before: &str) -> Vec<CompletionItem> {
        let slots = self.index.slots(call.callee);
        let slot = call.slot(call.current, &slots).map(|at| &slots[at]);
        if call.behind_label || !matches!(before, "(" | ",") {
            let begins = before == ":" || matches!(before, "(" | ",");
            return self.values(slot.filter(|_| begins));
        }
        let callee = self.index.callee_name(call.callee);
        let label = |slot: &Slot| CompletionItem {
            insert_text: Some(format!("{}: ", slot.name)),
            ..item(&slot.name, CompletionItemKind::FIELD, &format!("argument of {callee}"))
        };
        let labels = call.left(&slots).into_iter().map(label);
        match slots.is_empty() {
            true => self.anything(),
            false if call.is_named() => labels.collect(),
            false => labels.chain(self.values(slot)).collect(),
        }
    }

    /// What an argument may be: where it takes one of two words, those and parameters that hold one;
    /// else numbers, and the words that it takes.
    fn values(&self, slot: Option<&Slot>) -> Vec<CompletionItem> {
        let words = slot.map_or(&[][..], |slot| &slot.words);
        let mut items: Vec<_> = words.iter().copied().map(word).collect();
        if words.len() < 2 {
            items.extend(self.numbers());
            return items;
        }
        let holds = |id: &SymbolId| {
            let default = self.index.default(*id);
            default.as_deref().and_then(Word::find).is_some_and(|word| words.contains(&word))
        };
        let parameters = self.index.parameters(self.around).filter(holds);
        items.extend(parameters.map(|id| self.local(id)));
        items
    }

    /// Whether a byte stands in what a number is bound to.
    fn in_number(&self, byte: usize) -> bool {
        let symbols = self.around.locals.iter().map(|&id| self.index.symbol(id));
        let begun = symbols.filter(|symbol| symbol.name.end as usize <= byte);
        let last = begun.max_by_key(|symbol| symbol.name.start);
        last.is_some_and(|symbol| {
            symbol.kind == SymbolKind::Number && self.index.goes_on(symbol.whole, byte)
        })
    }

    /// Parameters, numbers, and where the unit stands.
    fn numbers(&self) -> Vec<CompletionItem> {
        let number = |id: &&SymbolId| match self.index.symbol(**id).kind {
            SymbolKind::Parameter | SymbolKind::Number => true,
            SymbolKind::Unit
            | SymbolKind::Def
            | SymbolKind::Net
            | SymbolKind::Binding
            | SymbolKind::Given => false,
        };
        let own = self.around.locals.iter().filter(number).map(|&id| self.local(id));
        let of_numbers = FunctionName::ALL.into_iter().filter(|f| f.of_numbers().is_some());
        own.chain(self.positions()).chain(of_numbers.map(function)).collect()
    }

    fn positions(&self) -> Vec<CompletionItem> {
        match self.around.is_unit {
            true => vec![
                item("index", CompletionItemKind::CONSTANT, "position of the unit, from 1"),
                item("count", CompletionItemKind::CONSTANT, "units in the net"),
            ],
            false => Vec::new(),
        }
    }

    /// Behind `->`: bound chains, units and layers.
    fn stages(&self) -> Vec<CompletionItem> {
        let is_stage = |id: &&SymbolId| {
            self.index.symbol(**id).kind == SymbolKind::Binding && self.index.name(**id) != "y"
        };
        let own = self.around.locals.iter().filter(is_stage).map(|&id| self.local(id));
        own.chain(self.functions()).collect()
    }

    fn functions(&self) -> Vec<CompletionItem> {
        let others = self.index.definitions.iter().filter(|definition| definition.word != "net");
        let others = others.filter(|definition| definition.symbol != self.around.symbol);
        let unit =
            |d: &Definition| item(self.index.name(d.symbol), CompletionItemKind::CLASS, d.word);
        let in_net = self.around.word == "net";
        let here = |layer: &LayerName| in_net || *layer != LayerName::Input;
        let layers = LayerName::all().filter(here);
        let layer = |l: LayerName| item(l.text(), CompletionItemKind::FUNCTION, &usage(l));
        others.map(unit).chain(layers.map(layer)).collect()
    }

    fn anything(&self) -> Vec<CompletionItem> {
        let mut items: Vec<_> = self.around.locals.iter().map(|&id| self.local(id)).collect();
        if self.around.is_unit {
            items.push(item("x", CompletionItemKind::VARIABLE, "the unit's input"));
        }
        items.extend(self.positions());
        items.extend(self.functions());
        items.extend(FunctionName::ALL.map(function));
        items
    }

    fn local(&self, id: SymbolId) -> CompletionItem {
        let detail = match self.index.symbol(id).kind {
            SymbolKind::Parameter => match self.index.default(id) {
                Some(default) => format!("parameter, {default} unless given"),
                None => "parameter".to_owned(),
            },
            SymbolKind::Number => "number".to_owned(),
            SymbolKind::Binding
            | SymbolKind::Unit
            | SymbolKind::Def
            | SymbolKind::Net
            | SymbolKind::Given => "binding".to_owned(),
        };
        item(self.index.name(id), CompletionItemKind::VARIABLE, &detail)
    }
}

impl Index {
    /// The comment that a byte stands in, up to there, if that has its line to itself; empty in
    /// another.
    fn comment_before(&self, byte: usize) -> Option<&str> {
        let last = self.comments.partition_point(|(span, _)| (span.start as usize) < byte);
        let &(span, own_line) = self.comments.get(last.checked_sub(1)?)?;
        let typed = self.text(Span::new(span.start as usize, byte));
        let inside = !typed.contains(['\n', '\r']) && typed.len() >= 2;
        inside.then_some(if own_line { typed } else { "" })
    }

    /// Whether a byte stands in a number or kernel, or at its end.
    fn in_number(&self, byte: usize) -> bool {
        let last = self.tokens.partition_point(|token| (token.span.start as usize) < byte);
        last.checked_sub(1).is_some_and(|last| {
            let span = self.tokens[last].span;
            byte <= span.end as usize && self.text(span).starts_with(|c: char| c.is_ascii_digit())
        })
    }

    /// The token that ends before a byte.
    fn before(&self, byte: usize) -> Option<Span> {
        let behind = self.tokens.partition_point(|token| token.span.end as usize <= byte);
        Some(self.tokens[behind.checked_sub(1)?].span)
    }

    /// Whether nothing stands before a byte in its line.
    fn begins_line(&self, byte: usize) -> bool {
        let before = self.text(Span::new(0, byte));
        let line = before.rfind(['\n', '\r']).map_or(before, |end| &before[end..]);
        line.trim().is_empty()
    }

    /// Whether what is bound goes on at a byte: it ends there, or with an operator before it.
    fn goes_on(&self, whole: Span, byte: usize) -> bool {
        let last = self.before(whole.end as usize).map_or("", |span| self.text(span));
        byte <= whole.end as usize || matches!(last, "=" | "+" | "-" | "*" | "/" | "(")
    }
}

fn keyword(text: &str) -> CompletionItem {
    item(text, CompletionItemKind::KEYWORD, "word of the language")
}

fn function(function: FunctionName) -> CompletionItem {
    item(function.text(), CompletionItemKind::FUNCTION, function.usage())
}

fn word(word: Word) -> CompletionItem {
    item(word.text(), CompletionItemKind::ENUM_MEMBER, "option")
}

fn item(label: &str, kind: CompletionItemKind, detail: &str) -> CompletionItem {
    CompletionItem {
        label: label.to_owned(),
        kind: Some(kind),
        detail: Some(detail.to_owned()),
        ..CompletionItem::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNIT: &str = "unit u(width, kind = pad, ratio = 2) {\n let n = width\n F = bn\n ";

    const OF_NUMBERS: [&str; 5] = ["max", "min", "floor", "ceil", "round"];

    /// What is offered at `|`.
    fn offered(text: &str) -> Vec<String> {
        let byte = text.find('|').expect("a place");
        let index = Index::new(&text.replace('|', "").as_str().into());
        completion(&index, byte).into_iter().map(|item| item.label).collect()
    }

    fn in_unit(body: &str) -> Vec<String> {
        offered(&format!("{UNIT}{body}"))
    }

    #[test]
    fn two_words_behind_kind() {
        assert_eq!(in_unit("h = shortcut(8, kind: |"), ["pad", "project", "kind"]);
        assert_eq!(in_unit("h = shortcut(8, kind: pr|)"), ["pad", "project", "kind"]);
        assert_eq!(in_unit("h = shortcut(8, bn:|)"), ["true", "false"]);
        let net = offered("unit u(kind = project) { y = x } net n { input(3, 8, 8) -> u(kind: |");
        assert_eq!(net, ["pad", "project"]);
        assert_eq!(in_unit("F2 = linear(8, bias: |)")[..2], ["none", "width"]);
    }

    #[test]
    fn arguments_that_are_left() {
        let numbers =
            [&["width", "kind", "ratio", "n", "index", "count"], &OF_NUMBERS[..]].concat();
        let left =
            [&["kernel", "padding", "bias", "groups", "dilation", "init", "gain"], &numbers[..]]
                .concat();
        assert_eq!(in_unit("G = conv(|, width, stride: 2)"), left);
        assert_eq!(
            in_unit("G = conv(3x3, width, stride: 2, |)"),
            ["padding", "bias", "groups", "dilation", "init", "gain"]
        );
        assert_eq!(in_unit("G = conv(3x3, width / |)"), numbers);
        assert_eq!(in_unit("G = conv(3x3, width: |)"), numbers);
    }

    #[test]
    fn stages_behind_an_arrow() {
        let stages = in_unit("G = bn -> |");
        assert_eq!(stages[..3], ["F", "G", "conv"]);
        assert!(!stages.iter().any(|name| ["width", "n", "x", "input", "pad"].contains(&&**name)));
        let net = offered("unit u { y = x } net n(a = 1) { input(3, 8, 8) -> |");
        assert_eq!(net[..3], ["u", "input", "conv"]);
    }

    #[test]
    fn codes_behind_allow() {
        let all = offered("// allow |\nunit");
        assert_eq!(all[..2], ["W0001", "W0002"]);
        assert!(all.len() > 6 && all.iter().all(|code| code.starts_with('W')), "{all:?}");
        assert_eq!(offered("// allow W0001, W0002, W|: gates"), all[2..]);
        assert_eq!(offered("// allow W0002: |"), [""; 0]);
        assert_eq!(offered("unit u { y = x // allow |"), [""; 0], "not on a line of its own");
        assert_eq!(offered("// wha|t"), [""; 0]);
    }

    #[test]
    fn other_places() {
        assert_eq!(offered("|"), ["unit", "def", "net"]);
        assert_eq!(offered("net n { input(1, 1, 1) } |"), ["unit", "def"]);
        assert_eq!(offered("unit |"), [""; 0]);
        assert_eq!(offered("unit u(|) { }"), [""; 0]);
        assert_eq!(offered("unit u(a, b = |, c = 2) { }")[..2], ["a", "pad"]);
        assert_eq!(
            in_unit("let m = ratio * |"),
            [&["width", "kind", "ratio", "n", "m", "index", "count"], &OF_NUMBERS[..]].concat()
        );
        assert_eq!(in_unit("y = 3|"), [""; 0]);
        let value = in_unit("y = |");
        for name in ["x", "F", "width", "index", "conv", "relu"] {
            assert!(value.iter().any(|label| label == name), "{name}: {value:?}");
        }
        assert!(!value.iter().any(|label| label == "project"), "{value:?}");
        assert!(in_unit("|").iter().any(|label| label == "let"));
    }
}
