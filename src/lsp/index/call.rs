//! The call in whose brackets a place stands, and which of its arguments that is.

use super::{Index, Role, SymbolId, SymbolKind};
use crate::sema::layers::{LayerName, Word};
use crate::source::Span;

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Callee {
    /// A layer.
    Layer(LayerName),
    /// A unit, or a function of values.
    Unit(SymbolId),
}

/// An argument that a callee takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// Whether it must be given.
    pub required: bool,
    /// Its default as written, where that is known.
    pub default: Option<String>,
    /// The option words that it takes.
    pub words: Vec<Word>,
}

/// A call that is written around a place.
#[derive(Debug)]
pub struct Call {
    /// What is called.
    pub callee: Callee,
    /// Names of the arguments, where they have any, in order.
    labels: Vec<Option<String>>,
    /// Whether anything stands there, apart from its name.
    filled: Vec<bool>,
    /// Which of them holds the place.
    pub current: usize,
    /// Whether the place is behind the current argument's colon.
    pub behind_label: bool,
}

impl Index {
    /// The call in whose brackets a byte stands.
    pub fn call(&self, byte: usize) -> Option<Call> {
        let before = self.tokens.partition_point(|token| (token.span.start as usize) < byte);
        let open = self.open_bracket(before)?;
        let callee = self.callee(self.tokens.get(open.checked_sub(1)?)?.span)?;
        let mut call = Call {
            callee,
            labels: vec![None],
            filled: vec![false],
            current: 0,
            behind_label: false,
        };
        let mut depth = 0usize;
        for at in open + 1..self.tokens.len() {
            let span = self.tokens[at].span;
            let text = self.text(span);
            match text {
                ")" if depth == 0 => break,
                "(" => depth += 1,
                ")" => depth -= 1,
                "," if depth == 0 => {
                    call.labels.push(None);
                    call.filled.push(false);
                    if span.end as usize <= byte {
                        call.current += 1;
                        call.behind_label = false;
                    }
                    continue;
                }
                ":" if depth == 0 => {
                    let name = self.text(self.tokens[at - 1].span).to_owned();
                    call.labels.pop();
                    call.labels.push(Some(name));
                    call.filled.pop();
                    call.filled.push(false);
                    call.behind_label |=
                        span.end as usize <= byte && call.current + 1 == call.labels.len();
                    continue;
                }
                _ if self.ends_call(at) => break,
                _ => {}
            }
            if let Some(filled) = call.filled.last_mut() {
                *filled = true;
            }
        }
        Some(call)
    }

    /// The innermost bracket that is open before a token.
    fn open_bracket(&self, before: usize) -> Option<usize> {
        let mut closed = 0usize;
        for at in (0..before).rev() {
            match self.text(self.tokens[at].span) {
                ")" => closed += 1,
                "(" if closed > 0 => closed -= 1,
                "(" => return Some(at),
                _ if self.ends_call(at) => return None,
                _ => {}
            }
        }
        None
    }

    /// What never stands in brackets of a body: its own brackets, and what begins a binding.
    fn ends_call(&self, at: usize) -> bool {
        let span = self.tokens[at].span;
        let defines = || self.occurrence_of(span).is_some_and(|o| o.role == Role::Definition);
        matches!(self.text(span), "{" | "}" | "unit" | "net" | "let" | "def") || defines()
    }

    fn callee(&self, name: Span) -> Option<Callee> {
        match self.occurrence_of(name) {
            Some(found) => {
                let kind = self.symbol(found.symbol).kind;
                let called = matches!(kind, SymbolKind::Unit | SymbolKind::Def);
                (called && found.role == Role::Use).then_some(Callee::Unit(found.symbol))
            }
            None => self.layer(name).map(Callee::Layer),
        }
    }

    /// A callee's name.
    pub fn callee_name(&self, callee: Callee) -> &str {
        match callee {
            Callee::Layer(layer) => layer.text(),
            Callee::Unit(symbol) => self.name(symbol),
        }
    }

    /// What a callee takes, in the order in which it may be given without names.
    pub fn slots(&self, callee: Callee) -> Vec<Slot> {
        match callee {
            Callee::Layer(layer) => {
                let slot = |slot: &crate::sema::layers::Slot| Slot {
                    name: slot.name.to_owned(),
                    required: slot.required,
                    default: None,
                    words: slot.words.to_vec(),
                };
                layer.slots().iter().map(slot).collect()
            }
            Callee::Unit(symbol) => {
                self.parameters(self.definition(symbol)).map(|id| self.parameter(id)).collect()
            }
        }
    }

    fn parameter(&self, id: SymbolId) -> Slot {
        let default = self.default(id);
        let words = default.as_deref().and_then(Word::find).map_or(&[][..], Word::beside);
        let name = self.name(id).to_owned();
        Slot { name, required: default.is_none(), default, words: words.to_vec() }
    }
}

impl Call {
    /// Which of the slots an argument is for: by its name, or by its place where no argument
    /// before it has a name.
    pub fn slot(&self, argument: usize, slots: &[Slot]) -> Option<usize> {
        match self.labels.get(argument)? {
            Some(label) => slots.iter().position(|slot| slot.name == *label),
            None if self.named_before(argument) => None,
            None => (argument < slots.len()).then_some(argument),
        }
    }

    /// Whether the current argument has a name, or must have one.
    pub fn is_named(&self) -> bool {
        self.named_before(self.current + 1)
    }

    /// Whether an argument before this one has a name.
    fn named_before(&self, argument: usize) -> bool {
        self.labels.iter().take(argument).any(Option::is_some)
    }

    /// Slots that the other arguments leave.
    pub fn left<'s>(&self, slots: &'s [Slot]) -> Vec<&'s Slot> {
        let others = (0..self.labels.len()).filter(|&at| at != self.current);
        let given: Vec<usize> = others
            .filter(|&at| self.filled[at] || self.labels[at].is_some())
            .filter_map(|at| self.slot(at, slots))
            .collect();
        let all = slots.iter().enumerate();
        all.filter(|(at, _)| !given.contains(at)).map(|(_, slot)| slot).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The call around `|`: its name, the current slot, whether it stands behind a name, what is left.
    fn call(text: &str) -> Option<(String, Option<String>, bool, Vec<String>)> {
        let byte = text.find('|').expect("a place");
        let index = Index::new(&text.replace('|', "").as_str().into());
        let call = index.call(byte)?;
        let slots = index.slots(call.callee);
        let current = call.slot(call.current, &slots).map(|slot| slots[slot].name.clone());
        let left = call.left(&slots).iter().map(|slot| slot.name.clone()).collect();
        Some((index.callee_name(call.callee).to_owned(), current, call.behind_label, left))
    }

    fn found(
        name: &str,
        slot: &str,
        behind: bool,
        left: &[&str],
    ) -> Option<(String, Option<String>, bool, Vec<String>)> {
        let slot = (!slot.is_empty()).then(|| slot.to_owned());
        Some((name.to_owned(), slot, behind, left.iter().map(|&l| l.to_owned()).collect()))
    }

    #[test]
    fn arguments_are_known_by_place_and_by_name() {
        let unit = "unit u(width, stride = 1, kind = pad) { y = x } net n { ";
        let call = |body: &str| call(&format!("{unit}{body}"));
        assert_eq!(call("u(|)"), found("u", "width", false, &["width", "stride", "kind"]));
        assert_eq!(call("u(16, |"), found("u", "stride", false, &["stride", "kind"]));
        assert_eq!(call("u(|16, kind: pad)"), found("u", "width", false, &["width", "stride"]));
        let kind = found("u", "kind", true, &["stride", "kind"]);
        assert_eq!((call("u(16, kind: |"), call("u(16, kind: pa|d)")), (kind.clone(), kind));
        assert_eq!(call("u(16, ki|nd: pad)"), found("u", "kind", false, &["stride", "kind"]));
        assert_eq!(call("u(kind: pad, |)"), found("u", "", false, &["width", "stride"]));
        assert_eq!(call("u(1, 2, 3, |4)"), found("u", "", false, &[]));
        assert_eq!(call("u(1 + (2 * |3), 4)"), None, "brackets of arithmetic");
        assert_eq!(call("u(16)|"), None);
        assert_eq!(
            call("u((1 + 2), | -> conv(3x3, 3)"),
            found("u", "stride", false, &["stride", "kind"])
        );
        assert_eq!(call("conv(3x3, u(|1))").map(|c| c.0), Some("u".to_owned()));
        assert_eq!(call("subsample(|)"), found("subsample", "stride", false, &["stride"]));
    }

    #[test]
    fn a_bracket_that_is_open_ends_at_the_next_binding() {
        assert_eq!(call("unit u { F = conv(3x3,\n a = | bn }"), None);
        let kernel = call("unit u { F = conv(|\n a = bn(stride: 1) }");
        assert_eq!(kernel.map(|c| c.3.len()), Some(LayerName::Conv.slots().len()));
        assert_eq!(call("unit u(a, | b) { }"), None, "what is defined is not called");
        assert_eq!(call("unit u { F = bn y = F(|x) }"), None, "a bound chain is applied");
    }
}
