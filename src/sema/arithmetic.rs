//! Sums and products of values: broadcasting, and what to say when two sides do not fit.

use super::expander::{Expander, Failure};
use super::hir::{Body, FunctionKind, Operator, Plain, Unit};
use super::layers::LayerName;
use super::plain;
use super::shapes;
use super::unit::applications;
use crate::diagnostic::{Code, Diagnostic};
use crate::network::{BinaryOp, Chw, Layer, ValueId};
use crate::source::Span;

/// A side of an operator: numbers stay numbers until they meet a value.
#[derive(Clone, Copy, Debug)]
pub enum Operand {
    /// A number.
    Number(f64),
    /// A value of the network.
    Value(ValueId),
}

/// Where an operator stands, for messages.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Everything left of it.
    pub left: Span,
    /// What is right of it.
    pub right: Span,
    /// The unit's input, where it is one.
    pub x: Option<ValueId>,
    /// The unit.
    pub unit: Option<&'a Unit>,
}

const REPEATED: &str = "bring both sides to one shape (an axis of length 1 is repeated)";

impl Expander<'_> {
    /// The operand as a value; numbers are 1×1×1.
    pub fn materialise(&mut self, operand: Operand, span: Span) -> Result<ValueId, Diagnostic> {
        match operand {
            Operand::Value(value) => Ok(value),
            Operand::Number(number) => {
                self.net.value(Layer::Const(number), vec![], Chw { c: 1, h: 1, w: 1 }, span)
            }
        }
    }

    /// −a
    pub fn negate(&mut self, operand: Operand, span: Span) -> Result<Operand, Diagnostic> {
        let Operand::Value(value) = operand else {
            return Ok(match operand {
                Operand::Number(number) => Operand::Number(-number),
                Operand::Value(_) => operand,
            });
        };
        let minus_one = self.materialise(Operand::Number(-1.0), span)?;
        let shape = self.net.shape(value);
        let args = vec![minus_one, value];
        Ok(Operand::Value(self.net.value(Layer::Binary(BinaryOp::Mul), args, shape, span)?))
    }

    /// One operator.
    pub fn combine(
        &mut self,
        operator: Operator,
        a: Operand,
        b: Operand,
        place: Place<'_>,
    ) -> Result<Operand, Failure> {
        let span = place.left.to(place.right);
        if let Operand::Number(b) = b {
            if let Operand::Number(a) = a {
                let number = plain::combine(operator, a, b, place.right, span)?;
                return Ok(Operand::Number(number));
            }
            // Only for its check of division by zero.
            plain::combine(operator, 1.0, b, place.right, span)?;
        }
        let a = self.materialise(a, place.left)?;
        let b = self.materialise(b, place.right)?;
        self.elementwise((binary(operator), operator.text()), [a, b], place, span)
    }

    /// The largest or smallest of several, element by element.
    pub fn compared(
        &mut self,
        op: BinaryOp,
        operands: &[Operand],
        places: &[Span],
        (unit, x): (Option<&Unit>, Option<ValueId>),
        span: Span,
    ) -> Result<Operand, Failure> {
        let (sign, of) = match op {
            BinaryOp::Min => ("min", f64::min as fn(f64, f64) -> f64),
            _ => ("max", f64::max as fn(f64, f64) -> f64),
        };
        let mut total = operands[0];
        for (&operand, &right) in operands.iter().zip(places).skip(1) {
            let place = Place { left: places[0], right, x, unit };
            total = match (total, operand) {
                (Operand::Number(a), Operand::Number(b)) => Operand::Number(of(a, b)),
                (a, b) => {
                    let a = self.materialise(a, place.left)?;
                    let b = self.materialise(b, place.right)?;
                    self.elementwise((op, sign), [a, b], place, span)?
                }
            };
        }
        Ok(total)
    }

    /// Channels of several values one behind the other.
    pub fn concat(
        &mut self,
        operands: &[Operand],
        places: &[Span],
        span: Span,
    ) -> Result<Operand, Diagnostic> {
        let mut args = Vec::new();
        for (&operand, &place) in operands.iter().zip(places) {
            args.push(self.materialise(operand, place)?);
        }
        let first = self.net.shape(args[0]);
        let mut shape = first;
        for (&arg, &place) in args.iter().zip(places).skip(1) {
            let own = self.net.shape(arg);
            if [own.h, own.w] != [first.h, first.w] {
                let quote = |span| shapes::quote(&self.source.text, span);
                let (left, right) = (quote(places[0]), quote(place));
                let text = format!(
                    "what is joined differs in rows or columns: {left} is {first}, {right} is {own}"
                );
                return Err(Diagnostic::error(Code::ShapeMismatch, place, text)
                    .label(format!("{own} behind {first}"))
                    .hint("bring all to the same rows and columns, by stride: or avg_pool(2)"));
            }
            shape.c = shape.c.saturating_add(own.c);
        }
        Ok(Operand::Value(self.net.value(Layer::Concat, args, shape, span)?))
    }

    /// An operation of two values, axes of length 1 repeated.
    fn elementwise(
        &mut self,
        (op, sign): (BinaryOp, &str),
        [a, b]: [ValueId; 2],
        place: Place<'_>,
        span: Span,
    ) -> Result<Operand, Failure> {
        let (left, right) = (self.net.shape(a), self.net.shape(b));
        let Some(shape) = broadcast(left, right) else {
            return Err(self.sides_differ(sign, left, right, place, span).into());
        };
        Ok(Operand::Value(self.net.value(Layer::Binary(op), vec![a, b], shape, span)?))
    }

    fn sides_differ(&self, sign: &str, a: Chw, b: Chw, place: Place<'_>, span: Span) -> Diagnostic {
        let quote = |span| shapes::quote(&self.source.text, span);
        let (left, right) = (quote(place.left), quote(place.right));
        Diagnostic::error(
            Code::ShapeMismatch,
            span,
            format!("the sides of {sign} differ: {left} is {a}, {right} is {b}"),
        )
        .label(format!("{a} {sign} {b}"))
        .hint(
            self.unstrided(a, b, place)
                .or_else(|| Some(self.repair(a, b, self.net.shape(place.x?))))
                .unwrap_or_else(|| REPEATED.to_owned()),
        )
    }

    /// The stride that the unit's shortcut lacks, where it reaches the width and not the pixels.
    fn unstrided(&self, a: Chw, b: Chw, place: Place<'_>) -> Option<String> {
        let x = self.net.shape(place.x?);
        let (large, small) = if a.len() > b.len() { (a, b) } else { (b, a) };
        let stride = x.h.div_ceil(small.h);
        let strided = Chw { c: large.c, ..shapes::subsampled(x, stride) };
        let lacking = large.c == small.c && [large.h, large.w] == [x.h, x.w] && strided == small;
        let shortcut = shortcut_without_stride(place.unit?).filter(|_| lacking)?;
        let (width, step) =
            (shapes::quote(&self.source.text, shortcut.span), self.given("stride", stride));
        Some(format!(
            "the shortcut keeps the pixels of x: add stride: {step}, as in shortcut({width}, stride: {step})"
        ))
    }

    /// A number as the unit's parameter of a name, where that has it.
    fn given(&self, name: &str, value: usize) -> String {
        match self.parameter(name) {
            Some(number) if number == value as f64 => name.to_owned(),
            Some(_) | None => value.to_string(),
        }
    }

    /// The shortcut that would bring x to the shape of the side that left it.
    fn repair(&self, a: Chw, b: Chw, x: Chw) -> String {
        let wanted = if a == x { b } else { a };
        let stride = x.h.div_ceil(wanted.h);
        let reached = Chw { c: wanted.c, ..shapes::subsampled(x, stride) };
        if (a != x && b != x) || reached != wanted {
            return REPEATED.to_owned();
        }
        let (width, step) = (self.given("width", wanted.c), self.given("stride", stride));
        match stride {
            1 => format!("x is {x}; to bring it to {wanted}, write shortcut({width})"),
            _ => format!(
                "x is {x}; to bring it to {wanted}, write shortcut({width}, stride: {step})"
            ),
        }
    }
}

/// The width of the first shortcut of a unit that is given no stride.
fn shortcut_without_stride(unit: &Unit) -> Option<&Plain> {
    let mut functions = Vec::new();
    for binding in &unit.scope.bindings {
        match &binding.body {
            Body::Plain(_) => {}
            Body::Function(function) => functions.push(function),
            Body::Value(value) => {
                let mut places = Vec::new();
                applications(value, &mut places);
                functions.extend(places.into_iter().map(|(function, _)| function));
            }
        }
    }
    functions.into_iter().find_map(|function| match &function.kind {
        FunctionKind::Layer(LayerName::Shortcut, given) => match given.as_slice() {
            [Some(width), None, ..] => Some(width),
            _ => None,
        },
        _ => None,
    })
}

fn binary(operator: Operator) -> BinaryOp {
    match operator {
        Operator::Add => BinaryOp::Add,
        Operator::Sub => BinaryOp::Sub,
        Operator::Mul => BinaryOp::Mul,
        Operator::Div => BinaryOp::Div,
    }
}

/// The common shape, axes of length 1 repeated.
fn broadcast(a: Chw, b: Chw) -> Option<Chw> {
    let axis = |a: usize, b: usize| match (a, b) {
        _ if a == b => Some(a),
        (1, other) | (other, 1) => Some(other),
        _ => None,
    };
    Some(Chw { c: axis(a.c, b.c)?, h: axis(a.h, b.h)?, w: axis(a.w, b.w)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting() {
        let shape = |c, h, w| Chw { c, h, w };
        let full = shape(16, 8, 4);
        assert_eq!(broadcast(full, shape(16, 1, 1)), Some(full));
        assert_eq!(broadcast(shape(1, 8, 4), shape(16, 1, 1)), Some(full));
        assert_eq!(broadcast(shape(1, 1, 1), full), Some(full));
        assert_eq!(broadcast(full, shape(8, 8, 4)), None);
        assert_eq!(broadcast(full, shape(16, 4, 8)), None);
    }
}
