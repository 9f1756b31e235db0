//! Expressions: what each name means, and whether an expression is plain, a function or a value.

use std::collections::HashMap;

use super::hir::{Body, Function, FunctionKind, Operator, Plain, PlainKind, Value, ValueKind};
use super::layers::Word;
use super::mentions::Units;
use super::strangers::Wanted;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};

/// What a local name stands for.
#[derive(Clone, Copy, Debug)]
pub enum Local {
    /// A parameter, by position.
    Parameter(usize),
    /// A binding, by position.
    Binding(usize),
    /// A function's value, by position.
    Argument(usize),
}

/// The kinds of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number, kernel or word.
    Plain,
    /// From a value to a value.
    Function,
    /// Computed from x.
    Value,
}

impl Kind {
    fn text(self) -> &'static str {
        match self {
            Kind::Plain => "a number",
            Kind::Function => "a chain",
            Kind::Value => "a value computed from x",
        }
    }
}

impl Body {
    /// Which kind it is.
    pub fn kind(&self) -> Kind {
        match self {
            Body::Plain(_) => Kind::Plain,
            Body::Function(_) => Kind::Function,
            Body::Value(_) => Kind::Value,
        }
    }
}

/// An expression whose kind is known.
#[derive(Debug)]
pub enum Typed {
    /// A number, kernel or word.
    Plain(Plain),
    /// From a value to a value.
    Function(Function),
    /// Computed from x.
    Value(Value),
}

impl Typed {
    /// Which kind it is.
    pub fn kind(&self) -> Kind {
        match self {
            Typed::Plain(_) => Kind::Plain,
            Typed::Function(_) => Kind::Function,
            Typed::Value(_) => Kind::Value,
        }
    }
}

/// Elaborates the expressions of one definition. `None` means that an error has been reported.
pub struct Elaborator<'a> {
    /// The spec's text, to quote from.
    pub text: &'a str,
    /// All units.
    pub units: &'a Units<'a>,
    /// Whether this is a unit (which has x) or a net.
    pub in_unit: bool,
    /// Whether it is a function of values.
    pub in_def: bool,
    /// Local names.
    pub names: HashMap<String, Local>,
    /// Kinds of the bindings that are done; `None` also for those that failed.
    pub kinds: Vec<Option<Kind>>,
    /// Number of places where a function is applied.
    pub sites: usize,
    /// What the expression in work is to be, for messages about names.
    pub wanted: Wanted,
    /// Where errors go.
    pub found: &'a mut Vec<Diagnostic>,
}

impl<'a> Elaborator<'a> {
    /// For one definition.
    pub fn new(
        text: &'a str,
        units: &'a Units<'a>,
        in_unit: bool,
        found: &'a mut Vec<Diagnostic>,
    ) -> Self {
        let (names, kinds) = (HashMap::new(), Vec::new());
        let wanted = Wanted::Anything;
        Self { text, units, in_unit, in_def: false, names, kinds, sites: 0, wanted, found }
    }

    /// Reports an error.
    pub fn report<T>(&mut self, error: Diagnostic) -> Option<T> {
        self.found.push(error);
        None
    }

    /// The text of a place, for quoting.
    pub fn quote(&self, span: Span) -> String {
        super::shapes::quote(self.text, span)
    }

    /// Any expression.
    pub fn expr(&mut self, expr: &Expr) -> Option<Typed> {
        let span = expr.span;
        let plain = |kind| Some(Typed::Plain(Plain { kind, span }));
        match &expr.kind {
            ExprKind::Number(number) => plain(PlainKind::Number(*number)),
            ExprKind::Kernel(sides) => plain(PlainKind::Kernel(*sides)),
            ExprKind::Name(name) => self.name(name, span),
            ExprKind::Negate(inner) => self.negate(inner, span),
            ExprKind::Call(callee, arguments) => self.call(callee, arguments, span),
            ExprKind::Fold(first, rest) => self.fold(first, rest, span),
            ExprKind::Chain(stages) => self.chain(stages, span),
        }
    }

    fn chain(&mut self, stages: &[Expr], span: Span) -> Option<Typed> {
        let (first, rest) = stages.split_first()?;
        let first = match self.wanting(Wanted::Stage, |own| own.expr(first)) {
            Some(Typed::Value(value)) => return self.value_in_chain(value.span, rest),
            Some(Typed::Function(function)) => Some(function),
            Some(Typed::Plain(_)) => self.function(first),
            None => None,
        };
        let rest: Vec<_> = rest.iter().map(|stage| self.function(stage)).collect();
        let stages = std::iter::once(first).chain(rest).collect::<Option<_>>()?;
        Some(Typed::Function(Function { kind: FunctionKind::Chain(stages), span }))
    }

    /// `h(x) + F(x) -> relu`: a value goes through a chain by being what it is applied to.
    fn value_in_chain<T>(&mut self, value: Span, rest: &[Expr]) -> Option<T> {
        let all = rest.first()?.span.to(rest.last()?.span);
        let (chain, inner) = (self.quote(all), self.quote(value));
        let bare = rest.len() == 1 && !chain.contains(['*', '+', '/']);
        let applied = if bare { chain.clone() } else { format!("({chain})") };
        let message =
            format!("`{inner}` is a value computed from x, and a chain begins with a stage");
        self.report(
            Diagnostic::error(Code::TypeMismatch, value, message)
                .label("a value computed from x")
                .hint(format!(
                    "what comes after the sum of a unit is written f = {chain}; elsewhere apply it: {applied}({inner})"
                )),
        )
    }

    /// The same work with another expectation of what its expression is to be.
    pub fn wanting<T>(&mut self, wanted: Wanted, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.wanted, wanted);
        let done = work(self);
        self.wanted = before;
        done
    }

    /// An expression that must be plain; `what` it is for.
    pub fn plain(&mut self, expr: &Expr, what: &str) -> Option<Plain> {
        let typed = self.wanting(Wanted::Number, |own| own.expr(expr))?;
        self.as_plain(typed, expr.span, what)
    }

    /// What must be plain; `what` it is for.
    pub fn as_plain(&mut self, typed: Typed, span: Span, what: &str) -> Option<Plain> {
        match typed {
            Typed::Plain(plain) => Some(plain),
            other => {
                let hint = match other.kind() {
                    Kind::Value => {
                        "a layer or unit is applied behind its arguments: conv(3x3, 16)(x)"
                    }
                    Kind::Plain | Kind::Function => {
                        "write a number, a parameter or arithmetic on them"
                    }
                };
                self.mismatch(what, Kind::Plain, other.kind(), span, hint.into())
            }
        }
    }

    /// An expression that must be a function.
    pub fn function(&mut self, expr: &Expr) -> Option<Function> {
        let quoted = self.quote(expr.span);
        let hint = match self.wanting(Wanted::Stage, |own| own.expr(expr))? {
            Typed::Function(function) => return Some(function),
            Typed::Plain(_) => (Kind::Plain, "stages are layers, units or bound chains".into()),
            Typed::Value(value) => {
                let made = matches!(value.kind, ValueKind::Made(..));
                let hint = match &expr.kind {
                    _ if made => {
                        "it is a value, which is multiplied or added; in a chain, scale(init) \
                                  multiplies and shift(init) adds"
                            .to_owned()
                    }
                    ExprKind::Call(callee, _) => {
                        let callee = self.quote(callee.span);
                        format!("leave out what it is applied to: {callee}")
                    }
                    _ => "a chain is applied behind its end: (bn -> relu)(x)".into(),
                };
                (Kind::Value, hint)
            }
        };
        self.mismatch(&format!("`{quoted}`"), Kind::Function, hint.0, expr.span, hint.1)
    }

    /// An expression that must be a value; `what` it is for.
    pub fn value(&mut self, expr: &Expr, what: &str) -> Option<Value> {
        let typed = self.wanting(Wanted::Anything, |own| own.expr(expr))?;
        self.as_value(typed, expr, what)
    }

    /// What must be a value; `what` it is for.
    pub fn as_value(&mut self, typed: Typed, expr: &Expr, what: &str) -> Option<Value> {
        let quoted = self.quote(expr.span);
        let (kind, hint) = match typed {
            Typed::Value(value) => return Some(value),
            Typed::Plain(_) => (Kind::Plain, "compute it from x, as in h(x) + F(x)".into()),
            Typed::Function(_) => {
                let bare = matches!(expr.kind, ExprKind::Name(_) | ExprKind::Call(..));
                let call = if bare { quoted } else { format!("({quoted})") };
                (Kind::Function, format!("apply it to a value: {call}(x)"))
            }
        };
        self.mismatch(what, Kind::Value, kind, expr.span, hint)
    }

    fn mismatch<T>(
        &mut self,
        what: &str,
        wanted: Kind,
        found: Kind,
        span: Span,
        hint: String,
    ) -> Option<T> {
        let (wanted, found) = (wanted.text(), found.text());
        let message = format!("{what} must be {wanted}, and this is {found}");
        self.report(Diagnostic::error(Code::TypeMismatch, span, message).label(found).hint(hint))
    }

    fn name(&mut self, name: &str, span: Span) -> Option<Typed> {
        let plain = |kind| Some(Typed::Plain(Plain { kind, span }));
        match self.names.get(name) {
            Some(&Local::Parameter(i)) => return plain(PlainKind::Parameter(i)),
            Some(&Local::Binding(i)) => return self.binding(i, span),
            Some(&Local::Argument(i)) => {
                return Some(Typed::Value(Value { kind: ValueKind::Argument(i), span }));
            }
            None => {}
        }
        if let Some(word) = Word::find(name) {
            return plain(PlainKind::Word(word));
        }
        match name {
            "x" if self.in_unit => {
                return Some(Typed::Value(Value { kind: ValueKind::Input, span }));
            }
            "index" if self.in_unit => return plain(PlainKind::Index),
            "count" if self.in_unit => return plain(PlainKind::Count),
            _ => {}
        }
        if let Some(function) = self.function_name(name) {
            return self.not_called(function, span);
        }
        let function = self.callable(name, None, span)?;
        self.made(function)
    }

    /// What a binding stands for.
    pub fn binding(&self, i: usize, span: Span) -> Option<Typed> {
        Some(match self.kinds.get(i).copied().flatten()? {
            Kind::Plain => Typed::Plain(Plain { kind: PlainKind::Binding(i), span }),
            Kind::Function => Typed::Function(Function { kind: FunctionKind::Binding(i), span }),
            Kind::Value => Typed::Value(Value { kind: ValueKind::Binding(i), span }),
        })
    }

    fn negate(&mut self, inner: &Expr, span: Span) -> Option<Typed> {
        match self.expr(inner)? {
            Typed::Plain(plain) => {
                Some(Typed::Plain(Plain { kind: PlainKind::Negate(Box::new(plain)), span }))
            }
            Typed::Value(value) => {
                Some(Typed::Value(Value { kind: ValueKind::Negate(Box::new(value)), span }))
            }
            Typed::Function(_) => self.chain_in_arithmetic(inner.span, "-"),
        }
    }

    fn fold(&mut self, first: &Expr, rest: &[(Operator, Expr)], span: Span) -> Option<Typed> {
        let head = self.expr(first);
        let tail: Vec<_> = rest.iter().map(|(_, operand)| self.expr(operand)).collect();
        let operators = rest.iter().map(|&(operator, _)| operator);
        let (head, tail) = (head?, tail.into_iter().collect::<Option<Vec<_>>>()?);
        let all_plain = tail.iter().all(|t| t.kind() == Kind::Plain);
        if head.kind() == Kind::Function && all_plain && rest.iter().all(|r| r.0 == Operator::Mul) {
            return Some(Typed::Function(repeat(head, tail, span)));
        }
        let mut operands = std::iter::once(first).chain(rest.iter().map(|(_, e)| e));
        let kinds = || std::iter::once(&head).chain(&tail).map(Typed::kind);
        if let Some(at) = kinds().position(|kind| kind == Kind::Function) {
            let place = operands.nth(at).map_or(span, |e| e.span);
            let sign = rest.get(at.saturating_sub(1)).map_or("*", |r| r.0.text());
            return self.chain_in_arithmetic(place, sign);
        }
        if head.kind() == Kind::Plain && all_plain {
            let operands = operators.zip(tail.into_iter().filter_map(into_plain)).collect();
            let kind = PlainKind::Fold(Box::new(into_plain(head)?), operands);
            return Some(Typed::Plain(Plain { kind, span }));
        }
        let operands = operators.zip(tail.into_iter().filter_map(into_value)).collect();
        let kind = ValueKind::Fold(Box::new(into_value(head)?), operands);
        Some(Typed::Value(Value { kind, span }))
    }

    fn chain_in_arithmetic<T>(&mut self, span: Span, sign: &str) -> Option<T> {
        let quoted = self.quote(span);
        let hint = match sign {
            "*" => format!("write {quoted} * n to repeat it, or apply it to a value: {quoted}(x)"),
            _ => format!("apply it to a value first: {quoted}(x)"),
        };
        self.report(
            Diagnostic::error(
                Code::TypeMismatch,
                span,
                format!("`{sign}` works on numbers and values, and `{quoted}` is a chain"),
            )
            .label("a chain")
            .hint(hint),
        )
    }
}

/// A number that is one.
pub fn into_plain(typed: Typed) -> Option<Plain> {
    match typed {
        Typed::Plain(plain) => Some(plain),
        Typed::Function(_) | Typed::Value(_) => None,
    }
}

/// Numbers among values become values.
pub fn into_value(typed: Typed) -> Option<Value> {
    match typed {
        Typed::Value(value) => Some(value),
        Typed::Plain(plain) => {
            let span = plain.span;
            Some(Value { kind: ValueKind::Plain(plain), span })
        }
        Typed::Function(_) => None,
    }
}

/// `stage * a * b`: the stage a·b times.
fn repeat(stage: Typed, times: Vec<Typed>, span: Span) -> Function {
    let mut factors = times.into_iter().filter_map(into_plain);
    let stage = match stage {
        Typed::Function(function) => function,
        Typed::Plain(_) | Typed::Value(_) => Function { kind: FunctionKind::Chain(vec![]), span },
    };
    let first = factors.next();
    let rest: Vec<_> = factors.map(|factor| (Operator::Mul, factor)).collect();
    let Some(first) = first else { return stage };
    let times = match rest.last() {
        None => first,
        Some((_, last)) => {
            let span = first.span.to(last.span);
            Plain { kind: PlainKind::Fold(Box::new(first), rest), span }
        }
    };
    Function { kind: FunctionKind::Repeat(Box::new(stage), times), span }
}
