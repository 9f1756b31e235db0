//! Arguments of a layer or unit: by position, then by name.

use super::elaborate::{Elaborator, Typed};
use super::hir::Plain;
use super::layers::LayerName;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{Argument, Name};
use crate::syntax::foreign::{self, Here};
use crate::text::nearest;

/// A slot's name and whether it must be filled.
type Slot<'s> = (&'s str, bool);

/// What is called.
#[derive(Clone, Copy)]
pub struct Callee<'s> {
    /// Its name.
    pub name: &'s str,
    /// The values that stand before its arguments.
    pub values: &'s [&'s str],
    /// Its arguments.
    pub slots: &'s [Slot<'s>],
}

impl Elaborator<'_> {
    /// Sorts the arguments given to `callee` into its slots.
    pub fn arguments(
        &mut self,
        callee: Callee<'_>,
        given: &[Argument],
        span: Span,
    ) -> Option<Vec<Option<Plain>>> {
        self.arguments_from(None, callee, given, span)
    }

    /// The same where it is known what the first argument is.
    pub fn arguments_from(
        &mut self,
        mut first: Option<Typed>,
        callee: Callee<'_>,
        given: &[Argument],
        span: Span,
    ) -> Option<Vec<Option<Plain>>> {
        let Callee { name: called, slots, .. } = callee;
        let before = self.found.len();
        let mut filled: Vec<Option<&Argument>> = vec![None; slots.len()];
        for (i, argument) in given.iter().enumerate() {
            if let Some(slot) = self.slot(callee, given, i) {
                match filled[slot] {
                    None => filled[slot] = Some(argument),
                    Some(first) => self.twice(callee, slots[slot].0, first, argument),
                }
            }
        }
        let missing = || slots.iter().zip(&filled).filter(|((_, must), f)| *must && f.is_none());
        if self.found.len() == before && missing().next().is_some() {
            let names: Vec<_> = missing().map(|((name, _), _)| *name).collect();
            let error = Diagnostic::error(
                Code::Arity,
                span,
                format!("`{called}` is not given {}", names.join(" and ")),
            );
            self.found.push(error.label("too few arguments").hint(usage(callee)));
        }
        let values: Vec<Option<Option<Plain>>> = filled
            .iter()
            .zip(slots)
            .map(|(argument, (name, _))| match argument {
                None => Some(None),
                Some(a) if self.foreign_value(called, name, &a.value) => None,
                Some(a) => {
                    let what = format!("{name} of `{called}`");
                    let is_first = given.first().is_some_and(|g| std::ptr::eq(g, *a));
                    match first.take_if(|_| is_first) {
                        Some(typed) => self.as_plain(typed, a.value.span, &what),
                        None => self.plain(&a.value, &what),
                    }
                    .map(Some)
                }
            })
            .collect();
        let values = values.into_iter().collect();
        if self.found.len() == before { values } else { None }
    }

    /// Which slot the argument at position `i` is for.
    fn slot(&mut self, callee: Callee<'_>, given: &[Argument], i: usize) -> Option<usize> {
        let slots = callee.slots;
        let argument = &given[i];
        let Some(label) = &argument.label else {
            if given[..i].iter().any(|a| a.label.is_some()) {
                return self.report(
                    Diagnostic::error(
                        Code::Arity,
                        argument.value.span,
                        "an argument without a name stands after one with a name",
                    )
                    .label("which argument is this?")
                    .hint(usage(callee)),
                );
            }
            if i < slots.len() {
                return Some(i);
            }
            // One message is enough, at the first argument too many.
            return if i > slots.len() { None } else { self.too_many(callee, given) };
        };
        let found = slots.iter().position(|(name, _)| *name == label.text);
        if found.is_some() {
            return found;
        }
        let error = self.unknown_argument(callee, label);
        self.report(error)
    }

    fn unknown_argument(&self, callee: Callee<'_>, label: &Name) -> Diagnostic {
        let message = format!("`{}` takes no `{}`", callee.name, label.text);
        let error =
            Diagnostic::error(Code::UnknownArgument, label.span, message).label("unknown argument");
        // The label's span holds its colon or not; the name itself is what is wrong.
        let name = Span { end: label.span.start + label.text.len() as u32, ..label.span };
        let names = || callee.slots.iter().map(|slot| slot.0);
        let elsewhere = match LayerName::find(callee.name) {
            Some(_) => foreign::argument(&label.text, names()),
            None => Err(None),
        };
        match (elsewhere, nearest(&label.text, names())) {
            (Ok(own), _) => error.hint(format!("here it is {own}: …")).fix(name, own),
            (Err(Some(instead)), _) => error.hint(instead),
            (Err(None), Some(near)) => {
                error.hint(format!("did you mean `{near}`?")).fix(name, near)
            }
            (Err(None), None) => error.hint(usage(callee)),
        }
    }

    fn too_many<T>(&mut self, callee: Callee<'_>, given: &[Argument]) -> Option<T> {
        let Callee { name, values, slots } = callee;
        let span = given[slots.len()].value.span;
        let there = values.len() + given.len();
        let message = match values.len() + slots.len() {
            0 => format!("`{name}` takes no arguments"),
            1 => format!("`{name}` takes one argument, not {there}"),
            n => format!("`{name}` takes at most {n} arguments, not {there}"),
        };
        self.report(
            Diagnostic::error(Code::Arity, span, message).label("one too many").hint(usage(callee)),
        )
    }

    fn twice(&mut self, callee: Callee<'_>, slot: &str, first: &Argument, again: &Argument) {
        let by_place = first.label.is_none();
        let hint = match foreign::word(callee.name) {
            // Other tools have other arguments in front.
            Some(Here::Called(own, how)) if by_place && own == callee.name => {
                format!("what stands there is {slot}: write {how}")
            }
            Some(_) | None if by_place => format!("what stands there is {slot}: {}", usage(callee)),
            Some(_) | None => "remove one of them".to_owned(),
        };
        self.found.push(
            Diagnostic::error(
                Code::DuplicateName,
                again.value.span,
                format!("`{}` is given {slot} twice", callee.name),
            )
            .label("given again")
            .also(first.value.span, "given here")
            .hint(hint),
        );
    }
}

/// How it is called; optional arguments in square brackets.
fn usage(Callee { name, values, slots }: Callee<'_>) -> String {
    if slots.is_empty() && values.is_empty() {
        return match foreign::word(name) {
            Some(Here::Called(own, how)) if own == name => format!("it is written {how}"),
            Some(_) | None => format!("it is written {name}"),
        };
    }
    let values = values.iter().map(|value| (*value).to_owned());
    let slots = slots
        .iter()
        .map(|(name, must)| if *must { (*name).to_owned() } else { format!("[{name}: …]") });
    let all: Vec<String> = values.chain(slots).collect();
    format!("it is written {name}({})", all.join(", "))
}
