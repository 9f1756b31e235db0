//! Names that nothing defines: what other tools call so, what was misspelt, or what there is.

use super::elaborate::Elaborator;
use super::layers::{LayerName, Word};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};
use crate::syntax::foreign::{self, Here};
use crate::text::nearest;

/// After so many errors, names are no longer compared with all others.
const MAX_SEARCHES: usize = 40;

/// What an expression is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Whatever it is.
    Anything,
    /// A layer, unit or chain.
    Stage,
    /// A number, kernel or word.
    Number,
}

impl Elaborator<'_> {
    /// Reports a name that nothing defines; `called` if brackets stand behind it.
    pub fn unknown<T>(&mut self, name: &str, called: bool, span: Span) -> Option<T> {
        let here = Span::new(span.start as usize, span.start as usize + name.len());
        let error = |message: String| {
            Diagnostic::error(Code::UnknownName, here, message).label("unknown name")
        };
        let nothing = || error(format!("nothing is called `{name}`"));
        let near = if self.found.len() < MAX_SEARCHES { self.near(name) } else { None };
        let same = |near: &String| near.eq_ignore_ascii_case(name);
        let error = match (name, near, foreign::word(name)) {
            ("x" | "index" | "count", ..) => {
                nothing().hint(format!("`{name}` exists only inside a unit"))
            }
            (_, Some(near), _) if same(&near) => did_you_mean(nothing(), here, near),
            (_, _, Some(foreign @ Here::Called(layer, _))) => {
                nothing().hint(foreign.hint(name)).fix(here, layer)
            }
            (_, _, Some(foreign @ Here::Written(_))) => nothing().hint(foreign.hint(name)),
            (_, _, Some(foreign @ (Here::Def(_) | Here::Absent(_)))) => {
                error(format!("`{name}` is not in the language")).hint(foreign.hint(name))
            }
            (_, Some(near), None) => did_you_mean(nothing(), here, near),
            (_, None, None) => nothing().hint(self.what_there_is(name, called)),
        };
        self.report(error)
    }

    fn near(&self, name: &str) -> Option<String> {
        let mut known: Vec<&str> = self.names.keys().map(String::as_str).collect();
        known.extend(self.units.list.iter().map(|unit| unit.name.text.as_str()));
        known.extend(self.units.defs.iter().map(|def| def.name.text.as_str()));
        LayerName::all().for_each(|layer| known.push(layer.text()));
        Word::ALL.iter().for_each(|word| known.push(word.text()));
        nearest(name, known).map(str::to_owned)
    }

    /// What may stand in a place where an unknown name does.
    fn what_there_is(&self, name: &str, called: bool) -> String {
        if self.wanted == Wanted::Number && !called {
            return format!("give it a value: let {name} = …, or add it to the parameters");
        }
        if called || self.wanted == Wanted::Stage {
            let layers: Vec<&str> = LayerName::all().skip(1).map(LayerName::text).collect();
            let layers = format!("layers: {}", layers.join(", "));
            return match self.some_units() {
                Some(units) => format!("units here: {units}; {layers}"),
                None => format!("write a unit {name}(…) {{ y = … }}; {layers}"),
            };
        }
        if self.in_def {
            return format!("a function knows what it is given: add {name} to the parameters");
        }
        match self.in_unit {
            true => format!("bind it first: {name} = …, or add it to the parameters"),
            false => format!("give it a value: let {name} = …, or add it to the parameters"),
        }
    }

    /// Names of units, the first of them where there are many.
    fn some_units(&self) -> Option<String> {
        const SHOWN: usize = 6;
        let all = &self.units.list;
        let names: Vec<&str> = all.iter().take(SHOWN).map(|unit| unit.name.text.as_str()).collect();
        let dots = if all.len() > SHOWN { ", …" } else { "" };
        (!names.is_empty()).then(|| names.join(", ") + dots)
    }

    /// Reports a value of an argument that other tools call so. Whether it did.
    pub fn foreign_value(&mut self, callee: &str, argument: &str, value: &Expr) -> bool {
        let ExprKind::Name(name) = &value.kind else { return false };
        if self.names.contains_key(name) || LayerName::find(callee).is_none() {
            return false;
        }
        let Some((word, how)) = foreign::value(argument, name) else { return false };
        let message = format!("{argument} of `{callee}` is not called `{name}` here");
        let error = Diagnostic::error(Code::UnknownName, value.span, message)
            .label("unknown word")
            .hint(how);
        self.found.push(match word {
            Some(word) => error.fix(value.span, word),
            None => error,
        });
        true
    }
}

fn did_you_mean(error: Diagnostic, here: Span, near: String) -> Diagnostic {
    error.hint(format!("did you mean `{near}`?")).fix(here, near)
}
