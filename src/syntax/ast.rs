//! The tree of a spec, as written.
//!
//! Sums, products and chains are flat lists, so the tree is no deeper than the text's brackets.

use crate::source::Span;

/// A whole file.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// In the order of the text.
    pub definitions: Vec<Definition>,
}

/// A definition at the top level.
#[derive(Clone, Debug, PartialEq)]
pub enum Definition {
    /// `unit NAME(…) { … }`
    Unit(Unit),
    /// `def NAME(…) = …`
    Def(Def),
    /// `net NAME(…) { … }`
    Net(Net),
}

impl Definition {
    /// The name it defines.
    pub fn name(&self) -> &Name {
        match self {
            Definition::Unit(unit) => &unit.name,
            Definition::Def(def) => &def.name,
            Definition::Net(net) => &net.name,
        }
    }
}

/// A name and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// A residual unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Unit {
    /// Its name.
    pub name: Name,
    /// What it is given.
    pub parameters: Vec<Parameter>,
    /// `F = …`, `h = …`, `y = …` and so on.
    pub bindings: Vec<Binding>,
    /// All of it.
    pub span: Span,
}

/// A function of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Def {
    /// Its name.
    pub name: Name,
    /// What it is given: those without a default are values, the others numbers.
    pub parameters: Vec<Parameter>,
    /// What it is.
    pub value: Expr,
    /// All of it.
    pub span: Span,
}

impl Def {
    /// The values that it is given.
    pub fn values(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| parameter.default.is_none())
    }

    /// The numbers.
    pub fn numbers(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| parameter.default.is_some())
    }
}

/// A network.
#[derive(Clone, Debug, PartialEq)]
pub struct Net {
    /// Its name.
    pub name: Name,
    /// What `--set` may change.
    pub parameters: Vec<Parameter>,
    /// Numbers used in the chain.
    pub bindings: Vec<Binding>,
    /// From `input` to the classes.
    pub chain: Option<Expr>,
    /// All of it.
    pub span: Span,
}

/// A parameter of a unit or net.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// Its value where none is given.
    pub default: Option<Expr>,
}

/// `name = value`, or `let name = value`, which must be a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// Where the word `let` stands, if it does.
    pub let_word: Option<Span>,
    /// The name.
    pub name: Name,
    /// What it is bound to.
    pub value: Expr,
}

/// An expression. What it is (a number, a chain, a value) is found out later.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    /// Which.
    pub kind: ExprKind,
    /// Where, brackets included.
    pub span: Span,
}

/// The forms of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// `0.5`
    Number(f64),
    /// `3x3`: rows and columns.
    Kernel([usize; 2]),
    /// `width`
    Name(String),
    /// `-a`
    Negate(Box<Expr>),
    /// `callee(arguments)`: a layer or unit with its arguments, or a function with its input.
    Call(Box<Expr>, Vec<Argument>),
    /// `a + b - c`, or `a * b / c`: operators of one precedence, applied from the left.
    Fold(Box<Expr>, Vec<(Operator, Expr)>),
    /// `a -> b -> c`, at least two.
    Chain(Vec<Expr>),
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Argument {
    /// `stride:`
    pub label: Option<Name>,
    /// The value.
    pub value: Expr,
}

/// An arithmetic operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`: a product, or a stage repeated.
    Mul,
    /// `/`
    Div,
}

impl Operator {
    /// As written.
    pub fn text(self) -> &'static str {
        match self {
            Operator::Add => "+",
            Operator::Sub => "-",
            Operator::Mul => "*",
            Operator::Div => "/",
        }
    }
}
