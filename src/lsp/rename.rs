//! New names: what may have one, and which.

use super::index::{Index, Occurrence, Role, SymbolId, SymbolKind};
use crate::network::Network;
use crate::sema;
use crate::source::Span;

/// Why a name stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing that could have another.
    #[error("no name stands here")]
    NoName,
    /// Not of the text.
    #[error("`{0}` is {1}, and keeps its name")]
    Language(String, String),
    /// Used without a definition.
    #[error("nothing defines `{0}` here; a name is changed from its definition on")]
    Unknown(String),
    /// It is not known which is meant where it is used.
    #[error("`{0}` is defined twice; give one of them another name by hand first")]
    Twice(String),
    /// No name.
    #[error(
        "`{0}` is no name: names are letters from a to z, digits and `_`, and do not start with a digit"
    )]
    Invalid(String),
    /// The new name has a meaning in all texts, or in such places.
    #[error("`{0}` is {1}; choose another name")]
    Reserved(String, String),
    /// The new name is taken.
    #[error("`{0}` is defined already in this {1}; choose another name")]
    Taken(String, &'static str),
    /// A definition that uses what is renamed has that name for something else.
    #[error("{1} uses it and has a `{0}` of its own, which would hide it; choose another name")]
    Hidden(String, String),
}

/// Tensors that a new name gives other names in files of weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensors {
    /// How many.
    pub count: usize,
    /// The first of them, and what it becomes.
    pub first: [String; 2],
}

impl Tensors {
    /// Those that are called otherwise in a net than in the same one before; none where all keep
    /// their names.
    pub fn between(before: &Network, after: &Network) -> Option<Self> {
        let names = |network: &Network| -> Vec<String> {
            network.tensors().map(|tensor| network.tensor_name(tensor.id)).collect()
        };
        let pairs = names(before).into_iter().zip(names(after));
        let mut changed = pairs.filter(|(before, after)| before != after);
        let (before, after) = changed.next()?;
        Some(Self { count: changed.count() + 1, first: [before, after] })
    }
}

/// The name at a byte, which may have another.
pub fn nameable(index: &Index, byte: usize) -> Result<(Span, SymbolId), Refusal> {
    let span = index.at(byte).ok_or(Refusal::NoName)?;
    let name = index.text(span);
    let language = |what: &str| Refusal::Language(name.to_owned(), what.to_owned());
    let Some(Occurrence { symbol, .. }) = index.occurrence_of(span) else {
        let label = index.call(byte).filter(|call| !call.behind_label);
        let slots = label.map(|call| index.slots(call.callee)).unwrap_or_default();
        return Err(match sema::reserved(name) {
            _ if slots.iter().any(|slot| slot.name == name) => language("an argument of a layer"),
            Some(meaning) => language(meaning),
            None => Refusal::Unknown(name.to_owned()),
        });
    };
    let known = index.symbol(symbol);
    match special(index, symbol, name).or(given(known.kind, name)) {
        Some(meaning) => Err(language(meaning)),
        None if known.again => Err(Refusal::Twice(name.to_owned())),
        None => Ok((span, symbol)),
    }
}

/// All places of the name at a byte, if it can be called `new` in them.
pub fn rename(index: &Index, byte: usize, new: &str) -> Result<Vec<Span>, Refusal> {
    let (span, symbol) = nameable(index, byte)?;
    if index.text(span) == new {
        return Ok(Vec::new());
    }
    allowed(index, symbol, new)?;
    match index.symbol(symbol).kind {
        SymbolKind::Unit | SymbolKind::Def | SymbolKind::Net => not_hidden(index, symbol, new)?,
        SymbolKind::Parameter | SymbolKind::Binding | SymbolKind::Number | SymbolKind::Given => {
            not_taken(index, symbol, new)?;
        }
    }
    Ok(index.places(symbol).map(|place| place.span).collect())
}

fn given(kind: SymbolKind, name: &str) -> Option<&'static str> {
    match kind {
        SymbolKind::Given => sema::reserved(name),
        SymbolKind::Unit
        | SymbolKind::Def
        | SymbolKind::Net
        | SymbolKind::Parameter
        | SymbolKind::Binding
        | SymbolKind::Number => None,
    }
}

/// What a name means for a symbol of this kind, where it means something by itself.
fn special(index: &Index, symbol: SymbolId, name: &str) -> Option<&'static str> {
    let kind = index.symbol(symbol).kind;
    let (in_unit, word) = (index.definition(symbol).is_unit, index.definition(symbol).word);
    match (kind, name) {
        (SymbolKind::Binding | SymbolKind::Number, "y") if in_unit => Some("what a unit computes"),
        (SymbolKind::Binding | SymbolKind::Number, "f") if in_unit => {
            Some("what a unit does behind its sum")
        }
        (SymbolKind::Parameter, "y" | "f") if word != "def" => {
            Some("what a unit computes, not what it is given")
        }
        (SymbolKind::Parameter, Network::CLASSES) if word == "net" => {
            Some("how a net follows the classes of a data set")
        }
        _ => None,
    }
}

fn allowed(index: &Index, symbol: SymbolId, new: &str) -> Result<(), Refusal> {
    let begins = new.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !begins || !new.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(Refusal::Invalid(new.to_owned()));
    }
    let word = matches!(new, "unit" | "net" | "let" | "def").then_some("a word of the language");
    match word.or(sema::reserved(new)).or(special(index, symbol, new)) {
        Some(meaning) => Err(Refusal::Reserved(new.to_owned(), meaning.to_owned())),
        None => Ok(()),
    }
}

/// A unit's or net's new name is no other's, nor that of something in a definition that uses it.
fn not_hidden(index: &Index, symbol: SymbolId, new: &str) -> Result<(), Refusal> {
    if index.definitions.iter().any(|other| index.name(other.symbol) == new) {
        return Err(Refusal::Taken(new.to_owned(), "file"));
    }
    for place in index.places(symbol).filter(|place| place.role == Role::Use) {
        let Some(user) = index.around(place.span.start as usize) else { continue };
        if user.locals.iter().any(|&local| index.name(local) == new) {
            let user = format!("{} `{}`", user.word, index.name(user.symbol));
            return Err(Refusal::Hidden(new.to_owned(), user));
        }
    }
    Ok(())
}

/// A parameter's or binding's new name is no other's of its definition, nor that of a unit, which
/// it would hide there.
fn not_taken(index: &Index, symbol: SymbolId, new: &str) -> Result<(), Refusal> {
    let own = index.definition(symbol);
    let word = own.word;
    if own.locals.iter().any(|&local| index.name(local) == new) {
        return Err(Refusal::Taken(new.to_owned(), word));
    }
    if index.definitions.iter().any(|other| index.name(other.symbol) == new) {
        return Err(Refusal::Taken(new.to_owned(), "file"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
unit a(width, stride = 1) { F = conv(3x3, width, stride: stride) y = x + F(x) f = relu }
unit b(width) { a2 = a(width: width, stride: 2) y = a2(x) }
net n(depth = 2, classes = 10) { let F = depth * 2 input(3, 8, 8) -> a(F) -> b(width: F) -> linear(classes) }";

    /// The text with what stands behind `after` renamed.
    fn renamed(after: &str, new: &str) -> Result<String, String> {
        let byte = TEXT.find(after).expect("a place") + after.len();
        let index = Index::new(&TEXT.into());
        let mut text = TEXT.to_owned();
        let places = rename(&index, byte, new).map_err(|refusal| refusal.to_string())?;
        for place in places.into_iter().rev() {
            text.replace_range(place.range(), new);
        }
        Ok(text)
    }

    #[test]
    fn all_places_get_the_new_name_and_no_other() {
        let by_hand = TEXT
            .replace("a(width, stride = 1)", "a(w, stride = 1)")
            .replace("conv(3x3, width", "conv(3x3, w")
            .replace("a(width: width", "a(w: width");
        assert_eq!(renamed("unit a(", "w"), Ok(by_hand.clone()), "from the definition");
        assert_eq!(renamed("a2 = a(", "w"), Ok(by_hand.clone()), "from the call");
        assert_eq!(renamed("3x3, ", "w"), Ok(by_hand), "from a use");
        let stride = TEXT
            .replace("stride = 1", "step = 1")
            .replace("stride: stride", "stride: step")
            .replace("stride: 2", "step: 2");
        assert_eq!(renamed("stride: ", "step"), Ok(stride), "conv's own argument stays");
        let f = TEXT.replace("F = depth", "n2 = depth").replace("a(F)", "a(n2)");
        assert_eq!(renamed("let ", "n2"), Ok(f.replace("width: F", "width: n2")));
        let a = TEXT.replace("unit a(", "unit aa(").replace("= a(", "= aa(");
        assert_eq!(renamed("-> ", "aa"), Ok(a.replace("-> a(", "-> aa(")));
        assert_eq!(renamed("unit ", "a"), Ok(TEXT.to_owned()));
    }

    /// Every name of real texts, changed: they compile to as much, with the same warnings.
    #[test]
    fn a_renamed_text_means_what_it_meant() {
        let mut count = 0;
        for text in [
            include_str!("../../specs/stochastic_depth.rnet"),
            include_str!("../../specs/highway.rnet"),
            include_str!("../../specs/imagenet_preact.rnet"),
        ] {
            let compiled = |text: &str| {
                let compiled = sema::compile(&crate::source::Source::new("spec", text), &[]);
                let compiled = compiled.expect("a net");
                let codes: Vec<_> = compiled.warnings.iter().map(|w| w.code).collect();
                (compiled.network.values.len(), compiled.network.parameters(), codes)
            };
            let before = compiled(text);
            let index = Index::new(&text.into());
            for definition in &index.definitions {
                for &id in definition.locals.iter().chain([&definition.symbol]) {
                    let byte = index.symbol(id).name.start as usize;
                    let Ok(places) = rename(&index, byte, "other_name") else { continue };
                    let mut new = text.to_owned();
                    for place in places.into_iter().rev() {
                        new.replace_range(place.range(), "other_name");
                    }
                    assert_eq!(compiled(&new), before, "{}: {new}", index.name(id));
                    count += 1;
                }
            }
        }
        assert!(count > 20, "only {count} names");
    }

    #[test]
    fn names_that_would_not_do_are_refused_with_the_reason() {
        let refused = |after: &str, new: &str| renamed(after, new).expect_err(new);
        assert!(refused("unit ", "3a").contains("`3a` is no name"));
        assert!(refused("unit ", "").contains("is no name"));
        assert!(refused("unit ", "é").contains("is no name"));
        assert!(refused("unit ", "let").contains("a word of the language"));
        assert!(refused("unit ", "conv").contains("a built-in layer"));
        assert!(refused("unit ", "pad").contains("the value of an option"));
        assert!(refused("unit ", "x").contains("a unit's input"));
        assert!(refused("unit ", "b").contains("defined already in this file"));
        assert!(refused("unit ", "n").contains("defined already in this file"));
        assert!(refused("unit ", "a2").contains("unit `b` uses it and has a `a2` of its own"));
        assert!(refused("unit ", "depth").contains("net `n` uses it"));
        assert!(refused("unit a(", "F").contains("defined already in this unit"));
        assert!(refused("let ", "depth").contains("defined already in this net"));
        assert!(refused("unit a(", "b").contains("defined already in this file"));
        assert!(refused("a2", "f").contains("what a unit does behind its sum"));
        assert!(refused("unit a(", "y").contains("what a unit computes"));
        assert!(refused("net n(", "classes").contains("classes of a data set"));
        // b has no F of its own, so its a2 may be called so.
        assert!(renamed("{ ", "G").is_ok() && renamed("unit b(width) { ", "F").is_ok());
    }

    #[test]
    fn what_the_language_or_a_data_set_names_stays() {
        let refused = |after: &str| renamed(after, "other").expect_err(after);
        assert!(refused("F = ").contains("`conv` is a built-in layer"));
        assert!(refused("3x3, width, ").contains("`stride` is an argument of a layer"));
        assert!(refused("F(x) ").contains("`f` is what a unit does behind its sum"));
        assert!(refused("stride: stride) ").contains("`y` is what a unit computes"));
        assert!(refused("y = ").contains("`x` is a unit's input"));
        assert!(refused("depth = 2, ").contains("`classes` is how a net follows"));
        assert!(refused("unit").contains("no name stands here"));
        let index = Index::new(&"unit u { a = 1 a = 2 y = b }".into());
        assert_eq!(rename(&index, 9, "c"), Err(Refusal::Twice("a".to_owned())));
        assert_eq!(rename(&index, 25, "c"), Err(Refusal::Unknown("b".to_owned())));
    }
}
