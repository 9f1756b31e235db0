//! Numbers, kernels and words: their evaluation, and advice on parameters that would do.

use super::hir::{Body, Operator, Plain, PlainKind, Scope};
use super::layers::Word;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::text::short;

/// What a plain expression comes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Term {
    /// A finite number.
    Number(f64),
    /// Rows and columns.
    Kernel([usize; 2]),
    /// An option's word.
    Word(Word),
}

impl std::fmt::Display for Term {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Term::Number(number) => f.write_str(&short(*number)),
            Term::Kernel([rows, columns]) => write!(f, "{rows}x{columns}"),
            Term::Word(word) => f.write_str(word.text()),
        }
    }
}

/// The numbers of one definition, used at one place.
#[derive(Clone, Debug)]
pub struct Env<'a> {
    scope: &'a Scope,
    parameters: Vec<Term>,
    bindings: Vec<Option<Term>>,
    /// The unit's 1-based position and the number of units; zero in the net itself.
    position: (usize, usize),
}

impl<'a> Env<'a> {
    /// Gives parameters their values or defaults, then evaluates the plain bindings.
    pub fn new(
        scope: &'a Scope,
        given: &[Option<Term>],
        position: (usize, usize),
    ) -> Result<Self, Vec<Diagnostic>> {
        let (parameters, bindings) = (Vec::new(), vec![None; scope.bindings.len()]);
        let mut env = Self { scope, parameters, bindings, position };
        for (i, parameter) in scope.parameters.iter().enumerate() {
            let term = match (given.get(i).copied().flatten(), &parameter.default) {
                (Some(term), _) => term,
                (None, Some(default)) => env.eval(default).map_err(|e| vec![e])?,
                (None, None) => return Err(vec![no_value(&parameter.name, parameter.span)]),
            };
            env.parameters.push(term);
        }
        env.evaluate_bindings()?;
        Ok(env)
    }

    fn evaluate_bindings(&mut self) -> Result<(), Vec<Diagnostic>> {
        let mut errors = Vec::new();
        for &i in &self.scope.order {
            if let Body::Plain(plain) = &self.scope.bindings[i].body {
                match self.eval(plain) {
                    Ok(term) => self.bindings[i] = Some(term),
                    Err(error) => errors.push(error),
                }
            }
        }
        // What only follows from another error is not worth a message.
        errors.retain(|e| e.code != Code::Cycle);
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// The parameters' names and values.
    pub fn parameters(&self) -> impl Iterator<Item = (&'a str, Term)> + '_ {
        self.scope.parameters.iter().map(|p| p.name.as_str()).zip(self.parameters.iter().copied())
    }

    /// What parameters come to, by where their names stand, and plain bindings, by where they are
    /// written.
    pub fn places(&self) -> impl Iterator<Item = (Span, Term)> + '_ {
        let parameters = self.scope.parameters.iter().map(|p| p.span);
        let bindings = self.scope.bindings.iter().zip(&self.bindings);
        let plain = bindings.filter_map(|(binding, term)| match (&binding.body, term) {
            (Body::Plain(plain), Some(term)) => Some((plain.span, *term)),
            (Body::Plain(_) | Body::Function(_) | Body::Value(_), _) => None,
        });
        parameters.zip(self.parameters.iter().copied()).chain(plain)
    }

    /// Evaluates an expression of this scope.
    pub fn eval(&self, plain: &Plain) -> Result<Term, Diagnostic> {
        let missing =
            || Diagnostic::error(Code::Cycle, plain.span, "this needs a number that is not known");
        match &plain.kind {
            PlainKind::Number(number) => Ok(Term::Number(*number)),
            PlainKind::Kernel(sides) => Ok(Term::Kernel(*sides)),
            PlainKind::Word(word) => Ok(Term::Word(*word)),
            PlainKind::Parameter(i) => self.parameters.get(*i).copied().ok_or_else(missing),
            PlainKind::Binding(i) => self.bindings.get(*i).copied().flatten().ok_or_else(missing),
            PlainKind::Index => Ok(Term::Number(self.position.0 as f64)),
            PlainKind::Count => Ok(Term::Number(self.position.1 as f64)),
            PlainKind::Negate(inner) => Ok(Term::Number(-self.number(inner)?)),
            PlainKind::Call(function, all) => {
                let all: Vec<f64> =
                    all.iter().map(|plain| self.number(plain)).collect::<Result<_, _>>()?;
                Ok(Term::Number(function.apply(&all, plain.span)?))
            }
            PlainKind::Fold(first, rest) => {
                let mut total = self.number(first)?;
                for (operator, operand) in rest {
                    let span = plain.span;
                    total = combine(*operator, total, self.number(operand)?, operand.span, span)?;
                }
                Ok(Term::Number(total))
            }
        }
    }

    /// Evaluates an expression that must be a number.
    pub fn number(&self, plain: &Plain) -> Result<f64, Diagnostic> {
        match self.eval(plain)? {
            Term::Number(number) => Ok(number),
            other @ (Term::Kernel(_) | Term::Word(_)) => Err(Diagnostic::error(
                Code::TypeMismatch,
                plain.span,
                format!("a number is needed here, and this is `{other}`"),
            )
            .label("not a number")
            .hint("write a number")),
        }
    }

    /// With which values of a parameter all would be `good`.
    pub fn advice(&self, good: impl Fn(&Env<'_>) -> bool) -> Option<String> {
        // Every candidate evaluates the whole scope, which in an enormous one takes too long.
        const LONGEST: usize = 8192;
        if self.scope.length > LONGEST {
            return None;
        }
        (0..self.parameters.len()).find_map(|i| {
            let Term::Number(now) = self.parameters[i] else { return None };
            let values = self.candidates(i, now, &good);
            advise(&self.scope.parameters[i].name, now, &values)
        })
    }

    /// Whole numbers near `now` with which, as parameter `i`, the environment is `good`.
    fn candidates(&self, i: usize, now: f64, good: impl Fn(&Env<'_>) -> bool) -> Vec<i64> {
        const REACH: i64 = 48;
        const LARGEST: f64 = 1e9;
        if now.abs() > LARGEST {
            return Vec::new();
        }
        let centre = now.round() as i64;
        let lowest = (centre - REACH).max(1);
        let mut env = self.clone();
        let mut fits = |value: &i64| {
            env.parameters[i] = Term::Number(*value as f64);
            env.bindings.fill(None);
            env.evaluate_bindings().is_ok() && good(&env)
        };
        (lowest..=lowest.max(centre) + REACH).filter(|value| fits(value)).collect()
    }
}

/// "depth must be 6n + 2, such as 98 or 104".
fn advise(name: &str, now: f64, good: &[i64]) -> Option<String> {
    let below = good.iter().rev().find(|&&v| (v as f64) < now);
    let above = good.iter().find(|&&v| v as f64 > now);
    let near: Vec<String> = below.into_iter().chain(above).map(i64::to_string).collect();
    let examples = near.join(" or ");
    let step = good.get(1).zip(good.first()).map(|(b, a)| b - a);
    match step {
        _ if near.is_empty() => None,
        Some(step) if step > 1 && good.windows(2).all(|w| w[1] - w[0] == step) => {
            let form = match good[0] % step {
                0 => format!("a multiple of {step}"),
                rest => format!("{step}n + {rest}"),
            };
            Some(format!("{name} must be {form}, such as {examples}"))
        }
        Some(1) if good[0] == 1 && good.windows(2).all(|w| w[1] - w[0] == 1) && now < 1.0 => {
            Some(format!("{name} must be 1 or more"))
        }
        Some(_) | None => Some(format!("it would do with {name} = {examples}")),
    }
}

/// One arithmetic step on numbers. `right` is where the right operand stands.
pub fn combine(
    operator: Operator,
    a: f64,
    b: f64,
    right: Span,
    whole: Span,
) -> Result<f64, Diagnostic> {
    if operator == Operator::Div && b == 0.0 {
        return Err(Diagnostic::error(Code::Arithmetic, right, "division by zero")
            .label("this is 0")
            .hint("check the numbers it comes from"));
    }
    let result = match operator {
        Operator::Add => a + b,
        Operator::Sub => a - b,
        Operator::Mul => a * b,
        Operator::Div => a / b,
    };
    if result.is_finite() {
        return Ok(result);
    }
    Err(Diagnostic::error(Code::Arithmetic, whole, "this number is too large")
        .label(format!("{a:e} {} {b:e}", operator.text()))
        .hint("numbers go up to 1.8e308"))
}

fn no_value(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(Code::Arity, span, format!("`{name}` has no value"))
        .label("no default")
        .hint(format!("give it a default here, or a value with --set {name}=…"))
}
