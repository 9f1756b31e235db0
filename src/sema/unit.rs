//! Units: their functions made once, their values computed for each input.

use std::collections::HashMap;
use std::rc::Rc;

use super::arithmetic::{Operand, Place};
use super::expander::{Expander, Failure};
use super::functions::Join;
use super::hir::{self, Function, Program, Value, ValueKind};
use super::instance::{self, Body, Bound, Instance, UnitCall};
use super::naming;
use super::plain::{Env, Term};
use crate::network::{BinaryOp, ValueId};
use crate::source::Span;

/// What a unit computed.
#[derive(Debug)]
pub struct Applied {
    /// Values of its bindings other than y and f.
    pub bindings: Vec<(String, ValueId)>,
    /// y.
    pub sum: ValueId,
    /// f(y).
    pub output: ValueId,
}

/// A unit being computed for one input, or a function for its values.
struct Frame<'r, 'a> {
    env: &'r Env<'a>,
    /// The unit and its functions; a function of values makes its own where it applies them.
    body: Option<&'r Body<'a>>,
    /// The unit's input.
    x: Option<ValueId>,
    /// Values of value bindings, by position.
    values: Vec<Option<Operand>>,
    /// The function's values.
    arguments: &'r [Operand],
}

impl<'a> Expander<'a> {
    /// Applies a unit to a value; `name` is what messages call it.
    pub fn unit(
        &mut self,
        call: &UnitCall<'a>,
        x: ValueId,
        name: &str,
    ) -> Result<Applied, Failure> {
        self.unit_inner(call, x).map_err(|failure| {
            let shape = self.net.shape(x);
            let failure = failure.also(call.span, &format!("in {name}, which reads {shape}"));
            let argument = |span| self.argument(call, span);
            failure.at_arguments(argument)
        })
    }

    /// Where a call gives the parameter that a place in its unit names.
    fn argument(&self, call: &UnitCall<'a>, span: Span) -> Option<Span> {
        let name = self.source.text.get(span.range())?;
        let parameters = &self.program.units[call.definition].scope.parameters;
        call.places.get(parameters.iter().position(|parameter| parameter.name == name)?).copied()?
    }

    fn unit_inner(&mut self, call: &UnitCall<'a>, x: ValueId) -> Result<Applied, Failure> {
        // Numbers are evaluated anew for every unit, so a long text costs accordingly.
        let unit = &self.program.units[call.definition];
        self.steps(unit.scope.work(), call.span)?;
        self.net.applied.insert(call.definition);
        let body = match call.body.get() {
            Some(body) => Rc::clone(body),
            None => Rc::clone(call.body.get_or_init({
                let made = self.body(call)?;
                || Rc::new(made)
            })),
        };
        let outer = std::mem::replace(&mut self.parameters, body.env.parameters().collect());
        let applied = self.frame(&body, x);
        self.parameters = outer;
        applied
    }

    /// Evaluates the numbers and makes the functions.
    fn body(&mut self, call: &UnitCall<'a>) -> Result<Body<'a>, Failure> {
        let unit = &self.program.units[call.definition];
        let env = Env::new(&unit.scope, &call.arguments, self.position)?;
        self.places.evaluated(&env);
        let prefix = call.prefix.get().map_or("", String::as_str);
        let bound = vec![None; unit.scope.bindings.len()];
        let mut body = Body { unit, env, bound, sites: HashMap::new() };
        let mut failure = Failure::default();
        for &i in &unit.scope.order {
            let binding = &unit.scope.bindings[i];
            if !binding.live {
                continue;
            }
            match self.functions(&mut body, i, &binding.body) {
                Ok(made) => {
                    naming::name(self.program, &format!("{prefix}.{}", binding.name), &made);
                }
                Err(errors) => failure.extend(errors),
            }
        }
        if failure.is_empty() { Ok(body) } else { Err(failure) }
    }

    /// Makes the functions that stand in one binding.
    fn functions(
        &mut self,
        body: &mut Body<'a>,
        i: usize,
        binding: &'a hir::Body,
    ) -> Result<Vec<Rc<Instance<'a>>>, Failure> {
        match binding {
            hir::Body::Plain(_) => Ok(Vec::new()),
            hir::Body::Function(function) => {
                let function = instance::make(self, function, &body.env, &body.bound)?;
                let images = Default::default();
                body.bound[i] = Some(Rc::new(Bound { function: Rc::clone(&function), images }));
                Ok(vec![function])
            }
            hir::Body::Value(value) => {
                let (mut places, mut made) = (Vec::new(), Vec::new());
                applications(value, &mut places);
                let mut failure = Failure::default();
                for (function, site) in places {
                    match instance::make(self, function, &body.env, &body.bound) {
                        Ok(function) => {
                            made.push(Rc::clone(&function));
                            body.sites.insert(site, function);
                        }
                        Err(errors) => failure.extend(errors),
                    }
                }
                if failure.is_empty() { Ok(made) } else { Err(failure) }
            }
        }
    }

    fn frame(&mut self, body: &Body<'a>, x: ValueId) -> Result<Applied, Failure> {
        let (unit, scope) = (body.unit, &body.unit.scope);
        let values = vec![None; scope.bindings.len()];
        let mut frame =
            Frame { env: &body.env, body: Some(body), x: Some(x), values, arguments: &[] };
        for &i in &scope.order {
            let binding = &scope.bindings[i];
            if let (true, hir::Body::Value(value)) = (binding.live, &binding.body) {
                let operand = self.evaluate(&frame, value)?;
                if let Operand::Value(written) = operand {
                    self.note(value.span, x, written);
                }
                frame.values[i] = Some(operand);
            }
        }
        let sum = match frame.values[unit.y] {
            Some(operand) => self.materialise(operand, Span::default())?,
            None => return Err(Failure::default()),
        };
        let f = unit.f.and_then(|i| body.bound[i].as_ref());
        let output = match f {
            Some(f) => self.apply(&f.function, sum, Span::default())?,
            None => sum,
        };
        Ok(Applied { bindings: named(body, x, &frame.values), sum, output })
    }

    fn evaluate(&mut self, frame: &Frame<'_, 'a>, value: &'a Value) -> Result<Operand, Failure> {
        self.step(value.span)?;
        self.deeper(value.span, |expander| match &value.kind {
            ValueKind::Input => frame.x.map(Operand::Value).ok_or_else(Failure::default),
            ValueKind::Argument(i) => frame.arguments.get(*i).copied().ok_or_else(Failure::default),
            ValueKind::Def(definition, values, numbers) => {
                let arguments = expander.all(frame, values.iter())?;
                let numbers = instance::terms(numbers, frame.env)?;
                expander.def(*definition, &arguments, &numbers, value.span)
            }
            ValueKind::Plain(plain) => Ok(Operand::Number(frame.env.number(plain)?)),
            ValueKind::Binding(i) => frame.values[*i].ok_or_else(Failure::default),
            ValueKind::Apply(function, argument, site) => {
                let argument = expander.evaluate(frame, argument)?;
                let input = expander.materialise(argument, value.span)?;
                let function = expander.applied(frame, function, *site)?;
                Ok(Operand::Value(expander.apply(&function, input, value.span)?))
            }
            ValueKind::Made(function, site) => {
                let function = expander.applied(frame, function, *site)?;
                Ok(Operand::Value(expander.made(&function, value.span)?))
            }
            ValueKind::Negate(inner) => {
                let operand = expander.evaluate(frame, inner)?;
                Ok(expander.negate(operand, value.span)?)
            }
            ValueKind::Fold(first, rest) => expander.fold(frame, first, rest),
            ValueKind::Join(join, all) => expander.join_all(frame, *join, all, value.span),
        })
    }

    /// The function at a place of a unit, or of a function of values.
    fn applied(
        &mut self,
        frame: &Frame<'_, 'a>,
        function: &'a Function,
        site: usize,
    ) -> Result<Rc<Instance<'a>>, Failure> {
        match frame.body {
            Some(body) => body.sites.get(&site).cloned().ok_or_else(Failure::default),
            None => instance::make(self, function, frame.env, &[]),
        }
    }

    /// A function of values.
    pub fn def(
        &mut self,
        definition: usize,
        arguments: &[Operand],
        numbers: &[Option<Term>],
        span: Span,
    ) -> Result<Operand, Failure> {
        let program: &'a Program = self.program;
        let def = &program.defs[definition];
        self.steps(def.scope.work(), span)?;
        let done = self.deeper(span, |expander| {
            let env = Env::new(&def.scope, numbers, (0, 0))?;
            expander.places.evaluated(&env);
            let frame = Frame { env: &env, body: None, x: None, values: Vec::new(), arguments };
            expander.evaluate(&frame, &def.body)
        });
        done.map_err(|failure| failure.also(span, &format!("in `{}`", def.name)))
    }

    /// Evaluates all of several values, to find the mistakes of all.
    fn all(
        &mut self,
        frame: &Frame<'_, 'a>,
        values: impl Iterator<Item = &'a Value>,
    ) -> Result<Vec<Operand>, Failure> {
        let (mut operands, mut failure, mut count) = (Vec::new(), Failure::default(), 0);
        for value in values {
            count += 1;
            match self.evaluate(frame, value) {
                Ok(operand) => operands.push(operand),
                Err(errors) => failure.extend(errors),
            }
        }
        if failure.is_empty() && operands.len() == count { Ok(operands) } else { Err(failure) }
    }

    fn join_all(
        &mut self,
        frame: &Frame<'_, 'a>,
        join: Join,
        values: &'a [Value],
        span: Span,
    ) -> Result<Operand, Failure> {
        let operands = self.all(frame, values.iter())?;
        let places: Vec<Span> = values.iter().map(|value| value.span).collect();
        let (unit, x) = (frame.body.map(|body| body.unit), frame.x);
        match join {
            Join::Max => self.compared(BinaryOp::Max, &operands, &places, (unit, x), span),
            Join::Min => self.compared(BinaryOp::Min, &operands, &places, (unit, x), span),
            Join::Concat => Ok(self.concat(&operands, &places, span)?),
        }
    }

    /// Evaluates all operands, to find the mistakes of all, then combines them from the left.
    fn fold(
        &mut self,
        frame: &Frame<'_, 'a>,
        first: &'a Value,
        rest: &'a [(hir::Operator, Value)],
    ) -> Result<Operand, Failure> {
        let values = std::iter::once(first).chain(rest.iter().map(|(_, operand)| operand));
        let operands = self.all(frame, values)?;
        let mut total = operands[0];
        for ((operator, value), operand) in rest.iter().zip(&operands[1..]) {
            let left = first.span.to(Span { end: value.span.start, ..first.span });
            let left = self.trim(left, *operator);
            total = self.combine(
                *operator,
                total,
                *operand,
                Place {
                    left,
                    right: value.span,
                    x: frame.x,
                    unit: frame.body.map(|body| body.unit),
                },
            )?;
        }
        Ok(total)
    }

    /// The left side without the operator and the space before it.
    fn trim(&self, left: Span, operator: hir::Operator) -> Span {
        let text = self.source.text.get(left.range()).unwrap_or("").trim_end();
        let text = text.strip_suffix(operator.text()).unwrap_or(text).trim_end();
        Span::new(left.start as usize, left.start as usize + text.len())
    }
}

/// Values of the bindings under their names. A function that was applied to x stands for that
/// application, another for its first.
fn named(body: &Body<'_>, x: ValueId, values: &[Option<Operand>]) -> Vec<(String, ValueId)> {
    let bindings = &body.unit.scope.bindings;
    let value = |i: usize| match (&values[i], &body.bound[i]) {
        (Some(Operand::Value(value)), _) => Some(*value),
        (_, Some(bound)) => {
            let images = bound.images.borrow();
            images.get(&x).or_else(|| images.values().min()).copied()
        }
        (Some(Operand::Number(_)) | None, None) => None,
    };
    let shown = |i: usize| i != body.unit.y && Some(i) != body.unit.f;
    (0..bindings.len())
        .filter(|&i| shown(i))
        .filter_map(|i| Some((bindings[i].name.clone(), value(i)?)))
        .collect()
}

/// Functions applied within an expression, with their places, in the order of the text.
pub fn applications<'a>(value: &'a Value, found: &mut Vec<(&'a Function, usize)>) {
    match &value.kind {
        ValueKind::Input | ValueKind::Argument(_) | ValueKind::Plain(_) | ValueKind::Binding(_) => {
        }
        ValueKind::Def(_, values, _) => {
            values.iter().for_each(|value| applications(value, found));
        }
        ValueKind::Apply(function, argument, site) => {
            found.push((function, *site));
            applications(argument, found);
        }
        ValueKind::Made(function, site) => found.push((function, *site)),
        ValueKind::Negate(inner) => applications(inner, found),
        ValueKind::Join(_, all) => all.iter().for_each(|value| applications(value, found)),
        ValueKind::Fold(first, rest) => {
            applications(first, found);
            rest.iter().for_each(|(_, operand)| applications(operand, found));
        }
    }
}
