//! Which names are taken by the language.

use super::layers::{LayerName, Word};

/// What a name means everywhere, so that no definition may take it.
pub fn reserved(name: &str) -> Option<&'static str> {
    if LayerName::find(name).is_some_and(|layer| !layer.may_be_defined()) {
        return Some("a built-in layer");
    }
    if Word::find(name).is_some_and(|word| !word.may_be_defined()) {
        return Some("the value of an option");
    }
    match name {
        "x" => Some("a unit's input"),
        "index" => Some("a unit's position in the net"),
        "count" => Some("the number of units in the net"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sema::functions::FunctionName;
    use crate::source::Source;
    use crate::syntax::foreign::{self, Here};

    /// Whoever makes a word a layer is told to take its row away.
    #[test]
    fn what_other_tools_have_is_here_or_not() {
        for (name, here) in foreign::all() {
            match here {
                Here::Called(layer, how) => {
                    let there =
                        LayerName::find(layer).is_some() || FunctionName::find(layer).is_some();
                    assert!(there, "{name} is called {layer}");
                    assert!(how.starts_with(layer), "{layer} is written {how}");
                }
                Here::Written(_) | Here::Def(_) | Here::Absent(_) => {
                    assert_eq!(reserved(name), None, "{name} is there")
                }
            }
        }
        let called = |layer: LayerName| {
            foreign::word(layer.text())
                .is_some_and(|here| matches!(here, Here::Called(name, _) if name == layer.text()))
        };
        assert_eq!(LayerName::all().find(|layer| !called(*layer)), None, "a layer without a row");
        let slot = |name: &str| {
            LayerName::all().any(|layer| layer.slots().iter().any(|slot| slot.name == name))
        };
        assert_eq!(foreign::slots().find(|name| !slot(name)), None, "no layer takes this");
    }

    /// A function that stands in for one of another tool compiles as the hint writes it.
    #[test]
    fn functions_that_stand_in_are_right() {
        let mut count = 0;
        for (name, here) in foreign::all().filter(|(_, here)| matches!(here, Here::Def(_))) {
            let hint = here.hint(name);
            let (_, def) = hint.split_once("function: ").expect("a function");
            let text =
                format!("{def}\nnet n {{ input(3, 8, 8) -> conv(3x3, 8) -> {name} -> linear(2) }}");
            let compiled = crate::sema::compile(&Source::new(name, text.clone()), &[]);
            assert!(compiled.is_ok(), "{text}: {compiled:?}");
            count += 1;
        }
        assert!(count > 5);
    }
}
