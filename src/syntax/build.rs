//! Parse tree → AST.
//!
//! The grammar decides what children a node has, so a missing child can only be a mistake in
//! this file; it becomes a diagnostic all the same rather than a panic.

use pest::iterators::{Pair, Pairs};

use super::ast::{
    Argument, Binding, Def, Definition, Expr, ExprKind, File, Name, Net, Operator, Parameter, Unit,
};
use super::grammar::Rule;
use super::scan::{MAX_CALLS, too_many_calls};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

type Result<T> = std::result::Result<T, Diagnostic>;

fn span(pair: &Pair<'_, Rule>) -> Span {
    Span::new(pair.as_span().start(), pair.as_span().end())
}

/// The whole file.
pub fn file(pair: Option<Pair<'_, Rule>>) -> Result<File> {
    let mut definitions = Vec::new();
    for pair in pair.into_iter().flat_map(Pair::into_inner) {
        match pair.as_rule() {
            Rule::unit => definitions.push(Definition::Unit(unit(pair)?)),
            Rule::def => definitions.push(Definition::Def(def(pair)?)),
            Rule::net => definitions.push(Definition::Net(net(pair)?)),
            _ => {}
        }
    }
    Ok(File { definitions })
}

fn unit(pair: Pair<'_, Rule>) -> Result<Unit> {
    let whole = span(&pair);
    let body = body(pair)?;
    Ok(Unit { name: body.name, parameters: body.parameters, bindings: body.bindings, span: whole })
}

fn def(pair: Pair<'_, Rule>) -> Result<Def> {
    let whole = span(&pair);
    let body = body(pair)?;
    let value = body.chain.ok_or_else(|| incomplete(whole))?;
    Ok(Def { name: body.name, parameters: body.parameters, value, span: whole })
}

fn net(pair: Pair<'_, Rule>) -> Result<Net> {
    let whole = span(&pair);
    let body = body(pair)?;
    Ok(Net {
        name: body.name,
        parameters: body.parameters,
        bindings: body.bindings,
        chain: body.chain,
        span: whole,
    })
}

struct Body {
    name: Name,
    parameters: Vec<Parameter>,
    bindings: Vec<Binding>,
    chain: Option<Expr>,
}

fn body(pair: Pair<'_, Rule>) -> Result<Body> {
    let mut name_found = None;
    let (mut parameters, mut bindings, mut chain) = (Vec::new(), Vec::new(), None);
    let whole = span(&pair);
    for child in pair.into_inner() {
        match child.as_rule() {
            Rule::name => name_found = Some(name(&child)),
            Rule::parameters => {
                for child in only(child.into_inner(), Rule::parameter) {
                    parameters.push(parameter(child)?);
                }
            }
            Rule::binding => bindings.push(binding(child)?),
            Rule::expression => chain = Some(expression(child)?),
            _ => {}
        }
    }
    let name = name_found.ok_or_else(|| incomplete(whole))?;
    Ok(Body { name, parameters, bindings, chain })
}

fn only(pairs: Pairs<'_, Rule>, rule: Rule) -> impl Iterator<Item = Pair<'_, Rule>> {
    pairs.filter(move |pair| pair.as_rule() == rule)
}

fn name(pair: &Pair<'_, Rule>) -> Name {
    Name { text: pair.as_str().to_owned(), span: span(pair) }
}

fn parameter(pair: Pair<'_, Rule>) -> Result<Parameter> {
    let whole = span(&pair);
    let (mut found, mut default) = (None, None);
    for child in pair.into_inner() {
        match child.as_rule() {
            Rule::name => found = Some(name(&child)),
            Rule::expression => default = Some(expression(child)?),
            _ => {}
        }
    }
    Ok(Parameter { name: found.ok_or_else(|| incomplete(whole))?, default })
}

fn binding(pair: Pair<'_, Rule>) -> Result<Binding> {
    let whole = span(&pair);
    let (mut let_word, mut found, mut value) = (None, None, None);
    for child in pair.into_inner() {
        match child.as_rule() {
            Rule::let_word => let_word = Some(span(&child)),
            Rule::name => found = Some(name(&child)),
            Rule::expression => value = Some(expression(child)?),
            _ => {}
        }
    }
    match (found, value) {
        (Some(name), Some(value)) => Ok(Binding { let_word, name, value }),
        _ => Err(incomplete(whole)),
    }
}

/// Splits operands by precedence: `->` loosest, then `+ -`, then `* /`.
fn expression(pair: Pair<'_, Rule>) -> Result<Expr> {
    let whole = span(&pair);
    let mut levels = Levels::default();
    for child in pair.into_inner() {
        match child.as_rule() {
            Rule::operand => levels.operand = Some(operand(child)?),
            Rule::infix => {
                let sign = child.into_inner().next().ok_or_else(|| incomplete(whole))?.as_rule();
                levels.infix(sign);
            }
            _ => {}
        }
    }
    levels.finish().ok_or_else(|| incomplete(whole))
}

/// A chain, a sum and a product being read, and the operand that comes next.
#[derive(Default)]
struct Levels {
    chain: Vec<Expr>,
    sum: Fold,
    product: Fold,
    operand: Option<Expr>,
}

impl Levels {
    fn infix(&mut self, sign: Rule) {
        self.product.push(self.operand.take());
        let operator = match sign {
            Rule::times => return self.product.operator = Some(Operator::Mul),
            Rule::divide => return self.product.operator = Some(Operator::Div),
            Rule::plus => Some(Operator::Add),
            Rule::minus => Some(Operator::Sub),
            _ => None,
        };
        self.sum.push(self.product.take());
        match operator {
            Some(_) => self.sum.operator = operator,
            None => self.chain.extend(self.sum.take()),
        }
    }

    fn finish(mut self) -> Option<Expr> {
        self.infix(Rule::arrow);
        if self.chain.len() < 2 {
            return self.chain.pop();
        }
        let span = self.chain.first()?.span.to(self.chain.last()?.span);
        Some(Expr { kind: ExprKind::Chain(self.chain), span })
    }
}

/// Operands of one precedence and the operator that waits for its right side.
#[derive(Default)]
struct Fold {
    first: Option<Expr>,
    rest: Vec<(Operator, Expr)>,
    operator: Option<Operator>,
}

impl Fold {
    fn push(&mut self, operand: Option<Expr>) {
        match (operand, self.operator.take()) {
            (Some(operand), Some(operator)) => self.rest.push((operator, operand)),
            (Some(operand), None) => self.first = Some(operand),
            (None, _) => {}
        }
    }

    fn take(&mut self) -> Option<Expr> {
        let Fold { first, rest, .. } = std::mem::take(self);
        let first = first?;
        match rest.last() {
            None => Some(first),
            Some((_, last)) => {
                let span = first.span.to(last.span);
                Some(Expr { kind: ExprKind::Fold(Box::new(first), rest), span })
            }
        }
    }
}

fn operand(pair: Pair<'_, Rule>) -> Result<Expr> {
    let whole = span(&pair);
    let mut expr: Option<Expr> = None;
    let (mut sign, mut calls) = (None, 0);
    for child in pair.into_inner() {
        let here = span(&child);
        match child.as_rule() {
            Rule::minus => sign = Some(here),
            Rule::call => {
                calls += 1;
                if calls > MAX_CALLS {
                    return Err(too_many_calls(here));
                }
                let callee = expr.take().ok_or_else(|| incomplete(whole))?;
                let span = callee.span.to(here);
                let kind = ExprKind::Call(Box::new(callee), arguments(child)?);
                expr = Some(Expr { kind, span });
            }
            _ => expr = Some(primary(child)?),
        }
    }
    let expr = expr.ok_or_else(|| incomplete(whole))?;
    Ok(match sign {
        None => expr,
        Some(_) => Expr { kind: ExprKind::Negate(Box::new(expr)), span: whole },
    })
}

fn primary(pair: Pair<'_, Rule>) -> Result<Expr> {
    let span = span(&pair);
    let kind = match pair.as_rule() {
        Rule::number => ExprKind::Number(number(pair.as_str(), span)?),
        Rule::kernel => ExprKind::Kernel(kernel(pair.as_str(), span)?),
        Rule::name => ExprKind::Name(pair.as_str().to_owned()),
        Rule::group => {
            let inner = only(pair.into_inner(), Rule::expression).next();
            expression(inner.ok_or_else(|| incomplete(span))?)?.kind
        }
        _ => return Err(incomplete(span)),
    };
    Ok(Expr { kind, span })
}

fn arguments(pair: Pair<'_, Rule>) -> Result<Vec<Argument>> {
    only(pair.into_inner(), Rule::argument).map(argument).collect()
}

fn argument(pair: Pair<'_, Rule>) -> Result<Argument> {
    let whole = span(&pair);
    let (mut label, mut value) = (None, None);
    for child in pair.into_inner() {
        match child.as_rule() {
            Rule::label => label = only(child.into_inner(), Rule::name).next().as_ref().map(name),
            Rule::expression => value = Some(expression(child)?),
            _ => {}
        }
    }
    Ok(Argument { label, value: value.ok_or_else(|| incomplete(whole))? })
}

fn number(text: &str, span: Span) -> Result<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite()).ok_or_else(|| {
        Diagnostic::error(Code::ArgumentRange, span, "this number is too large")
            .label("larger than 1.8e308")
            .hint("write a smaller number")
    })
}

fn kernel(text: &str, span: Span) -> Result<[usize; 2]> {
    let side = |text: &str| text.parse::<usize>().ok();
    text.split_once('x').and_then(|(rows, columns)| Some([side(rows)?, side(columns)?])).ok_or_else(
        || {
            Diagnostic::error(Code::ArgumentRange, span, "this kernel is too large")
                .hint("kernels have 1 to 64 rows and columns, as in 3x3")
        },
    )
}

fn incomplete(span: Span) -> Diagnostic {
    Diagnostic::error(Code::Syntax, span, "this is not complete")
        .label("something is missing")
        .hint("see the examples in specs/")
}
