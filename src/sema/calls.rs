//! Calls: a layer or unit with its arguments, a function applied to a value, a function of numbers or
//! of several values.

use super::arguments::Callee;
use super::elaborate::{Elaborator, Kind, Local, Typed, into_plain, into_value};
use super::functions::{FunctionName, Join, NumberFunction};
use super::hir::{Function, FunctionKind, Plain, PlainKind, Value, ValueKind};
use super::layers::LayerName;
use super::strangers::Wanted;
use super::warnings::order;
use crate::diagnostic::{Code, Diagnostic};
use crate::network::Activation;
use crate::source::Span;
use crate::syntax::ast::{Argument, Def, Expr, ExprKind};
use crate::syntax::foreign;
use crate::text::series;

impl Elaborator<'_> {
    /// A layer or unit with arguments, if brackets stand behind its name.
    pub fn callable(
        &mut self,
        name: &str,
        brackets: Option<&[Argument]>,
        span: Span,
    ) -> Option<Function> {
        let given = brackets.unwrap_or_default();
        if self.in_def {
            let has_weights = match self.layer(name) {
                Some(layer) => layer.has_weights(),
                None => self.units.find(name).is_some(),
            };
            if has_weights {
                return self.no_weights(name, span);
            }
        }
        let kind = if let Some(layer) = self.layer(name) {
            let slots: Vec<_> = layer.slots().iter().map(|s| (s.name, s.required)).collect();
            let arguments =
                self.arguments(Callee { name, values: &[], slots: &slots }, given, span)?;
            self.found.extend(order::places(layer, given));
            FunctionKind::Layer(layer, arguments)
        } else if let Some(i) = self.units.find(name) {
            let parameters = &self.units.list[i].parameters;
            let slots: Vec<_> =
                parameters.iter().map(|p| (p.name.text.as_str(), p.default.is_none())).collect();
            let callee = Callee { name, values: &[], slots: &slots };
            FunctionKind::Unit(i, self.arguments(callee, given, span)?)
        } else if let Some(i) = self.units.find_def(name) {
            let def = self.units.defs[i];
            if def.values().count() > 1 {
                return self.too_few_values(def, 0, span);
            }
            let slots: Vec<_> = def.numbers().map(|p| (p.name.text.as_str(), false)).collect();
            let callee = Callee { name, values: &[], slots: &slots };
            FunctionKind::Def(i, self.arguments(callee, given, span)?)
        } else {
            return self.unknown(name, brackets.is_some(), span);
        };
        Some(Function { kind, span })
    }

    /// A layer or unit with weights in a function of values.
    fn no_weights<T>(&mut self, name: &str, span: Span) -> Option<T> {
        let message = format!("`{name}` has weights, and a function has none");
        let error = Diagnostic::error(Code::TypeMismatch, span, message).label("has weights");
        self.report(error.hint("write it as a unit, which has its own weights at each place"))
    }

    fn too_few_values<T>(&mut self, def: &Def, given: usize, span: Span) -> Option<T> {
        let (name, wanted) = (&def.name.text, def.values().count());
        let message = format!("`{name}` is a function of {wanted} values, and is given {given}");
        let values: Vec<&str> = def.values().map(|p| p.name.text.as_str()).collect();
        let error = Diagnostic::error(Code::Arity, span, message).label("too few values");
        self.report(error.hint(format!("it is written {name}({})", values.join(", "))))
    }

    /// `swish(x, beta: 2)`, a value, or `swish(beta: 2)`, a function of the value that a chain has.
    fn def_call(&mut self, i: usize, given: &[Argument], span: Span) -> Option<Typed> {
        let def = self.units.defs[i];
        let (name, wanted) = (&def.name.text, def.values().count());
        let positional = given.iter().take_while(|argument| argument.label.is_none()).count();
        if wanted == 0 {
            // Told where it is defined.
            return None;
        }
        if positional == 0 {
            return self.callable(name, Some(given), span).map(Typed::Function);
        }
        let typed: Vec<_> = given[..positional.min(wanted)]
            .iter()
            .map(|argument| self.wanting(Wanted::Anything, |own| own.expr(&argument.value)))
            .collect();
        let typed = typed.into_iter().collect::<Option<Vec<_>>>()?;
        if typed.len() < wanted {
            return self.too_few_values(def, typed.len(), span);
        }
        if typed.iter().all(|typed| typed.kind() == Kind::Plain) {
            let message = format!("`{name}` is a function of values, and this is a number");
            let error = Diagnostic::error(Code::TypeMismatch, given[0].value.span, message);
            let hint = self.by_place(def, &given[..positional]);
            return self.report(error.label("a number").hint(hint));
        }
        let mut values = Vec::new();
        for (typed, argument) in typed.into_iter().zip(given) {
            let what = format!("what `{name}` is applied to");
            values.push(match typed.kind() {
                Kind::Plain => into_value(typed)?,
                Kind::Function | Kind::Value => self.as_value(typed, &argument.value, &what)?,
            });
        }
        let slots: Vec<_> = def.numbers().map(|p| (p.name.text.as_str(), false)).collect();
        let own: Vec<&str> = def.values().map(|p| p.name.text.as_str()).collect();
        let callee = Callee { name, values: &own, slots: &slots };
        let numbers = self.arguments(callee, &given[wanted..], span)?;
        Some(Typed::Value(Value { kind: ValueKind::Def(i, values, numbers), span }))
    }

    /// How numbers are written that stand where the values of a function of values do.
    fn by_place(&self, def: &Def, given: &[Argument]) -> String {
        let name = &def.name.text;
        let values: Vec<&str> = def.values().map(|p| p.name.text.as_str()).collect();
        let numbers: Vec<&str> = def.numbers().map(|p| p.name.text.as_str()).collect();
        let written: Vec<String> = given
            .iter()
            .enumerate()
            // The first is told to be one; what is no number may be the value.
            .take_while(|(at, argument)| *at == 0 || is_number(&argument.value))
            .map(|(_, argument)| self.quote(argument.value.span))
            .take(numbers.len())
            .collect();
        let names = if written.len() == 1 { "a name" } else { "names" };
        let of = match numbers.as_slice() {
            [] => return format!("it has no numbers: {name}({})", values.join(", ")),
            [one] => format!("the number {one}"),
            several => format!("the numbers {}", series(several, "and")),
        };
        let (values, numbered) = (values.join(", "), written.join(", "));
        let behind = format!("{name}({values}, {numbered})");
        if def.values().count() > 1 {
            return format!("{of} may stand behind its values: {behind}");
        }
        let named: Vec<String> = numbers
            .iter()
            .zip(&written)
            .map(|(number, text)| format!("{number}: {text}"))
            .collect();
        format!(
            "{of} may stand behind its value, {behind}, or with {names} in a chain: {name}({})",
            named.join(", ")
        )
    }

    /// Something with brackets behind it.
    pub fn call(&mut self, callee: &Expr, given: &[Argument], span: Span) -> Option<Typed> {
        if let ExprKind::Name(name) = &callee.kind
            && !self.names.contains_key(name)
        {
            if let Some(function) = self.function_name(name) {
                return self.function_of_several(function, given, span);
            }
            if let Some(LayerName::Activation(function)) = self.layer(name) {
                return self.activation(function, given, span);
            }
            if let Some(i) = self.units.find_def(name)
                && self.layer(name).is_none()
            {
                return self.def_call(i, given, span);
            }
            // Without arguments of its own, the brackets can only hold what it is applied to.
            let applied = match given {
                [Argument { label: None, value }] => !is_number(value),
                _ => false,
            };
            if applied && self.needs_nothing(name) {
                return self.applied_or_given(name, callee.span, given, span);
            }
            if !applied || !self.takes_nothing(name) {
                let function = self.callable(name, Some(given), span)?;
                return self.made(function);
            }
        }
        if let (ExprKind::Name(name), Some(Typed::Value(_))) = (&callee.kind, self.bound(callee)) {
            return self.not_applied(name, callee.span);
        }
        let function = self.function(callee);
        let [Argument { label: None, value }] = given else {
            let quoted = self.quote(callee.span);
            return self.report(
                Diagnostic::error(
                    Code::Arity,
                    span,
                    format!("`{quoted}` is a chain; it is applied to one value"),
                )
                .label(format!("{} given", given.len()))
                .hint(format!("write {quoted}(x)")),
            );
        };
        let what = match &callee.kind {
            ExprKind::Name(name) if self.takes_nothing(name) => takes_no_arguments(name),
            _ => "what a chain is applied to".to_owned(),
        };
        let argument = self.value(value, &what);
        Some(Typed::Value(self.applied(function?, argument?, span)))
    }

    /// `elu(alpha: 2)`, a function, or `elu(x, alpha: 2)`, its value: what stands first is what it is
    /// applied to, if that is a value. Of a number some are a number.
    fn activation(
        &mut self,
        function: Activation,
        given: &[Argument],
        span: Span,
    ) -> Option<Typed> {
        let layer = LayerName::Activation(function);
        let slots: Vec<_> = layer.slots().iter().map(|s| (s.name, s.required)).collect();
        let (first, value) = match given {
            [Argument { label: None, value }, ..] => {
                if slots.first().is_some_and(|slot| self.foreign_value(layer.text(), slot.0, value))
                {
                    return None;
                }
                (Some(self.wanting(Wanted::Anything, |own| own.expr(value))?), Some(value))
            }
            _ => (None, None),
        };
        let made = |arguments| Function { kind: FunctionKind::Layer(layer, arguments), span };
        let first = match (first, value, NumberFunction::of(function)) {
            (Some(Typed::Plain(plain)), _, Some(number)) if given.len() == 1 => {
                let kind = PlainKind::Call(number, vec![plain]);
                return Some(Typed::Plain(Plain { kind, span }));
            }
            (Some(Typed::Value(value)), ..) => {
                let callee = Callee { name: layer.text(), values: &["x"], slots: &slots };
                let arguments = self.arguments(callee, &given[1..], span)?;
                return Some(Typed::Value(self.applied(made(arguments), value, span)));
            }
            (Some(typed), Some(value), _)
                if slots.is_empty() && given.len() == 1 && !is_number(value) =>
            {
                let what = takes_no_arguments(layer.text());
                return self.as_value(typed, value, &what).map(Typed::Value);
            }
            (first, ..) => first,
        };
        let callee = Callee { name: layer.text(), values: &[], slots: &slots };
        let arguments = self.arguments_from(first, callee, given, span)?;
        Some(Typed::Function(made(arguments)))
    }

    /// `max(a, b)`: a number if all are, else a value.
    fn function_of_several(
        &mut self,
        function: FunctionName,
        given: &[Argument],
        span: Span,
    ) -> Option<Typed> {
        let name = function.text();
        if let Some(label) = given.iter().find_map(|argument| argument.label.as_ref()) {
            let message = format!("`{name}` takes no `{}`", label.text);
            let error = Diagnostic::error(Code::UnknownArgument, label.span, message);
            let hint = match function.join() {
                Some(Join::Concat) if foreign::is_axis(&label.text) => {
                    format!("leave it out: channels are joined, {}", function.usage())
                }
                Some(Join::Max | Join::Min | Join::Concat) | None => {
                    format!("it is written {}", function.usage())
                }
            };
            return self.report(error.label("unknown argument").hint(hint));
        }
        let several = function.join().is_some();
        if (given.len() < 2 && several) || (given.len() != 1 && !several) {
            let wanted = if several { "two or more" } else { "one number" };
            let message = format!("`{name}` takes {wanted}, and is given {}", given.len());
            let error = Diagnostic::error(Code::Arity, span, message);
            return self.report(error.hint(format!("it is written {}", function.usage())));
        }
        let typed: Vec<_> = given
            .iter()
            .map(|argument| self.wanting(Wanted::Anything, |own| own.expr(&argument.value)))
            .collect();
        let typed = typed.into_iter().collect::<Option<Vec<_>>>()?;
        let all_plain = typed.iter().all(|typed| typed.kind() == Kind::Plain);
        let what = |own: &mut Self, at: usize| {
            let quoted = own.quote(given[at].value.span);
            format!("`{quoted}`, which `{name}` is given,")
        };
        match (function.of_numbers(), function.join()) {
            (Some(number), None) => {
                let mut numbers = Vec::new();
                for (at, typed) in typed.into_iter().enumerate() {
                    let what = what(self, at);
                    numbers.push(self.as_plain(typed, given[at].value.span, &what)?);
                }
                let kind = PlainKind::Call(number, numbers);
                Some(Typed::Plain(Plain { kind, span }))
            }
            (Some(number), _) if all_plain => {
                let numbers = typed.into_iter().filter_map(into_plain).collect();
                let kind = PlainKind::Call(number, numbers);
                Some(Typed::Plain(Plain { kind, span }))
            }
            (_, join) => {
                let mut values = Vec::new();
                for (at, typed) in typed.into_iter().enumerate() {
                    let what = what(self, at);
                    let number = typed.kind() == Kind::Plain && join != Some(Join::Concat);
                    values.push(match number {
                        true => into_value(typed)?,
                        false => self.as_value(typed, &given[at].value, &what)?,
                    });
                }
                let kind = ValueKind::Join(join?, values);
                Some(Typed::Value(Value { kind, span }))
            }
        }
    }

    /// A function of several things without any behind it.
    pub fn not_called<T>(&mut self, function: FunctionName, span: Span) -> Option<T> {
        let message = format!("`{}` is given what it is of in brackets", function.text());
        let error = Diagnostic::error(Code::TypeMismatch, span, message);
        self.report(error.label("of what?").hint(format!("it is written {}", function.usage())))
    }

    fn applied(&mut self, function: Function, value: Value, span: Span) -> Value {
        let site = self.site();
        Value { kind: ValueKind::Apply(function, Box::new(value), site), span }
    }

    /// `bn(v)` of a layer or unit that needs no argument: a value is what it is applied to, a number its
    /// first argument.
    fn applied_or_given(
        &mut self,
        name: &str,
        callee: Span,
        given: &[Argument],
        span: Span,
    ) -> Option<Typed> {
        let [Argument { value, .. }] = given else { return None };
        match self.wanting(Wanted::Anything, |own| own.expr(value))? {
            Typed::Value(argument) => {
                let function = self.callable(name, None, callee)?;
                Some(Typed::Value(self.applied(function, argument, span)))
            }
            Typed::Plain(_) | Typed::Function(_) => {
                let function = self.callable(name, Some(given), span)?;
                self.made(function)
            }
        }
    }

    /// What a bound name stands for.
    fn bound(&self, callee: &Expr) -> Option<Typed> {
        match &callee.kind {
            ExprKind::Name(name) => match self.names.get(name) {
                Some(&Local::Binding(i)) => self.binding(i, callee.span),
                Some(&(Local::Parameter(_) | Local::Argument(_))) | None => None,
            },
            _ => None,
        }
    }

    fn not_applied<T>(&mut self, name: &str, span: Span) -> Option<T> {
        let message = format!("`{name}` is a value already, and is applied to nothing");
        self.report(
            Diagnostic::error(Code::TypeMismatch, span, message)
                .label("a value computed from x")
                .hint(format!(
                    "write {name}; or make it a chain, which is applied: {name} = bn -> relu -> …"
                )),
        )
    }

    fn takes_nothing(&self, name: &str) -> bool {
        match (self.layer(name), self.units.find(name)) {
            (Some(layer), _) => layer.slots().is_empty(),
            (None, Some(i)) => self.units.list[i].parameters.is_empty(),
            (None, None) => false,
        }
    }

    /// Whether it takes arguments and needs none of them.
    fn needs_nothing(&self, name: &str) -> bool {
        let needs_nothing = match (self.layer(name), self.units.find(name)) {
            (Some(layer), _) => layer.slots().iter().all(|slot| !slot.required),
            (None, Some(i)) => self.units.list[i].parameters.iter().all(|p| p.default.is_some()),
            (None, None) => false,
        };
        needs_nothing && !self.takes_nothing(name)
    }

    /// A layer that is a value is one; it exists where x does.
    pub fn made(&mut self, function: Function) -> Option<Typed> {
        let FunctionKind::Layer(layer, _) = function.kind else {
            return Some(Typed::Function(function));
        };
        if !layer.is_value() {
            return Some(Typed::Function(function));
        }
        let span = function.span;
        if !self.in_unit && !self.in_def {
            let name = layer.text();
            let made = match layer {
                LayerName::Random => "random(0, 1)",
                LayerName::Bernoulli => "bernoulli(0.5)",
                _ => "scalar(0)",
            };
            return self.report(
                Diagnostic::error(
                    Code::TypeMismatch,
                    span,
                    format!("`{name}` is a value, and a net is a chain of stages"),
                )
                .label("a value")
                .hint(format!("use it in a unit: unit u {{ y = x + {made} * F(x) … }}")),
            );
        }
        let site = self.site();
        Some(Typed::Value(Value { kind: ValueKind::Made(function, site), span }))
    }

    /// A number for a place of the definition.
    fn site(&mut self) -> usize {
        self.sites += 1;
        self.sites - 1
    }

    /// The built-in layer of a name, where no unit has it.
    fn layer(&self, name: &str) -> Option<LayerName> {
        let taken = |layer: &LayerName| layer.may_be_defined() && self.units.defines(name);
        LayerName::find(name).filter(|layer| !taken(layer))
    }

    /// The function that is no layer of a name, where no unit has it.
    pub fn function_name(&self, name: &str) -> Option<FunctionName> {
        FunctionName::find(name).filter(|_| !self.units.defines(name))
    }
}

fn takes_no_arguments(name: &str) -> String {
    format!("`{name}` takes no arguments; what it is applied to")
}

fn is_number(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Number(_) | ExprKind::Kernel(_))
}
