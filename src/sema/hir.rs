//! The spec with every name found and every expression's kind known.
//!
//! There are three kinds: plain things (numbers, kernels, option words), functions, and values
//! computed from a unit's input. Names are indices, so later stages cannot meet an unknown one.

use crate::source::Span;

use super::functions::{Join, NumberFunction};
use super::layers::{LayerName, Word};
pub use crate::syntax::ast::Operator;

/// A whole file.
#[derive(Debug)]
pub struct Program {
    /// Units; [`FunctionKind::Unit`] refers to them by position.
    pub units: Vec<Unit>,
    /// Functions of values; [`ValueKind::Def`] and [`FunctionKind::Def`] refer to them by position.
    pub defs: Vec<Def>,
    /// The one net.
    pub net: Net,
}

/// A unit's definition.
#[derive(Debug)]
pub struct Unit {
    /// Its name.
    pub name: String,
    /// Parameters, and bindings of every kind.
    pub scope: Scope,
    /// Which binding is y.
    pub y: usize,
    /// Which binding is f, if there is one.
    pub f: Option<usize>,
}

/// A function of values.
#[derive(Debug)]
pub struct Def {
    /// Its name.
    pub name: String,
    /// Its numbers, as parameters.
    pub scope: Scope,
    /// What it is.
    pub body: Value,
}

/// The net's definition.
#[derive(Debug)]
pub struct Net {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// Parameters, and bindings that are plain.
    pub scope: Scope,
    /// From `input` to the classes.
    pub chain: Function,
}

/// What names can mean inside one definition.
#[derive(Debug)]
pub struct Scope {
    /// In order of definition.
    pub parameters: Vec<Parameter>,
    /// In order of definition.
    pub bindings: Vec<Binding>,
    /// Positions of bindings such that each comes after those it needs.
    pub order: Vec<usize>,
    /// Length of the definition's text in bytes.
    pub length: usize,
}

impl Scope {
    /// Steps that an evaluation of the definition's numbers counts for.
    pub fn work(&self) -> usize {
        work(self.length)
    }
}

/// Steps that the evaluation of a text of so many bytes counts for.
pub fn work(length: usize) -> usize {
    const BYTES_PER_STEP: usize = 8;
    1 + length / BYTES_PER_STEP
}

/// A parameter.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// May use parameters before this one.
    pub default: Option<Plain>,
}

/// A binding.
#[derive(Debug)]
pub struct Binding {
    /// Its name.
    pub name: String,
    /// What it is bound to.
    pub body: Body,
    /// Whether `y` or `f` needs it.
    pub live: bool,
}

/// What a binding is bound to.
#[derive(Debug)]
pub enum Body {
    /// A number, kernel or word.
    Plain(Plain),
    /// A function with its own parameters.
    Function(Function),
    /// A value computed from x.
    Value(Value),
}

/// An expression that needs no tensor.
#[derive(Debug)]
pub struct Plain {
    /// Which.
    pub kind: PlainKind,
    /// Where.
    pub span: Span,
}

/// Forms of a plain expression.
#[derive(Debug)]
pub enum PlainKind {
    /// A number.
    Number(f64),
    /// Rows and columns.
    Kernel([usize; 2]),
    /// An option's word.
    Word(Word),
    /// The scope's parameter at this position.
    Parameter(usize),
    /// The scope's binding at this position.
    Binding(usize),
    /// 1-based position of the unit in the net.
    Index,
    /// Units in the net.
    Count,
    /// −a
    Negate(Box<Plain>),
    /// A function of numbers, at least one.
    Call(NumberFunction, Vec<Plain>),
    /// Operators of one precedence, from the left.
    Fold(Box<Plain>, Vec<(Operator, Plain)>),
}

/// An expression that is a function from a value to a value.
#[derive(Debug)]
pub struct Function {
    /// Which.
    pub kind: FunctionKind,
    /// Where.
    pub span: Span,
}

/// Forms of a function.
#[derive(Debug)]
pub enum FunctionKind {
    /// A layer; arguments in the order of [`LayerName::slots`].
    Layer(LayerName, Vec<Option<Plain>>),
    /// A unit; arguments in the order of its parameters.
    Unit(usize, Vec<Option<Plain>>),
    /// A function of one value; arguments in the order of its numbers.
    Def(usize, Vec<Option<Plain>>),
    /// One after another.
    Chain(Vec<Function>),
    /// So many stages one after another, each with its own parameters.
    Repeat(Box<Function>, Plain),
    /// The scope's binding at this position; one set of parameters wherever it is used.
    Binding(usize),
}

/// An expression computed from x.
#[derive(Debug)]
pub struct Value {
    /// Which.
    pub kind: ValueKind,
    /// Where.
    pub span: Span,
}

/// Forms of a value.
#[derive(Debug)]
pub enum ValueKind {
    /// The unit's input.
    Input,
    /// The function's value at this position.
    Argument(usize),
    /// A function of so many values, with its numbers.
    Def(usize, Vec<Value>, Vec<Option<Plain>>),
    /// A number among values: 1×1×1.
    Plain(Plain),
    /// The scope's binding at this position.
    Binding(usize),
    /// A function of a value. The number tells places apart within the unit.
    Apply(Function, Box<Value>, usize),
    /// A layer that is a value. The number tells places apart within the unit, as for `Apply`.
    Made(Function, usize),
    /// −a
    Negate(Box<Value>),
    /// Several values made one, at least two.
    Join(Join, Vec<Value>),
    /// Operators of one precedence, from the left.
    Fold(Box<Value>, Vec<(Operator, Value)>),
}
