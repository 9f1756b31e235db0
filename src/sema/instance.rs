//! Functions with their numbers known and their modules their own.
//!
//! A function in the spec is a recipe; each place in the net gets an instance of it. The
//! instance makes its modules when it is first applied and uses them again ever after, which is
//! what "one set of parameters however often applied" means.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::attributes::{self, Attributes};
use super::expander::{Expander, Failure};
use super::hir::{self, Function, FunctionKind, Plain};
use super::plain::{Env, Term};
use crate::diagnostic::Diagnostic;
use crate::network::{Chw, ModuleId, ValueId};
use crate::source::Span;

/// A function at one place of the net.
#[derive(Debug)]
pub enum Instance<'a> {
    /// A layer.
    Layer(LayerInstance),
    /// A unit.
    Unit(UnitCall<'a>),
    /// A function of one value.
    Def(DefCall),
    /// One after another; where that is written.
    Chain(Vec<Rc<Instance<'a>>>, Span),
    /// A function with a name; where it is used.
    Bound(Rc<Bound<'a>>, Span),
}

impl Instance<'_> {
    /// Where it is written.
    pub fn span(&self) -> Span {
        match self {
            Instance::Layer(layer) => layer.span,
            Instance::Unit(call) => call.span,
            Instance::Def(call) => call.span,
            Instance::Chain(_, span) | Instance::Bound(_, span) => *span,
        }
    }
}

/// A layer at one place.
#[derive(Debug)]
pub struct LayerInstance {
    /// Its arguments.
    pub attributes: Attributes,
    /// Names for its modules, as many as it could have.
    pub names: OnceCell<Vec<String>>,
    /// Its modules and the shape that they were made for.
    pub modules: Cell<Option<(Modules, Chw)>>,
    /// Where it is written.
    pub span: Span,
}

/// The modules of one layer: a projecting shortcut may have two.
pub type Modules = [Option<ModuleId>; 2];

/// A unit at one place.
#[derive(Debug)]
pub struct UnitCall<'a> {
    /// Position of its definition.
    pub definition: usize,
    /// Its arguments.
    pub arguments: Vec<Option<Term>>,
    /// Where they are written.
    pub places: Vec<Option<Span>>,
    /// Where its modules' names start.
    pub prefix: OnceCell<String>,
    /// Its functions, made when it is first applied.
    pub body: OnceCell<Rc<Body<'a>>>,
    /// Where it is called.
    pub span: Span,
}

/// A function of one value at one place.
#[derive(Debug)]
pub struct DefCall {
    /// Position of its definition.
    pub definition: usize,
    /// Its numbers.
    pub numbers: Vec<Option<Term>>,
    /// Where it is called.
    pub span: Span,
}

/// A unit's numbers and functions at one place of the net.
#[derive(Debug)]
pub struct Body<'a> {
    /// Its definition.
    pub unit: &'a hir::Unit,
    /// Its numbers.
    pub env: Env<'a>,
    /// Bound functions, by position of the binding.
    pub bound: Vec<Option<Rc<Bound<'a>>>>,
    /// Functions that are applied where they stand, by place.
    pub sites: HashMap<usize, Rc<Instance<'a>>>,
}

/// A bound function. Applied to the same value again, it is that value's image again, so a gate
/// used twice is computed once.
#[derive(Debug)]
pub struct Bound<'a> {
    /// What it does.
    pub function: Rc<Instance<'a>>,
    /// Its value for each value it was applied to.
    pub images: RefCell<HashMap<ValueId, ValueId>>,
}

/// Makes an instance of `function`. `bound` finds the scope's bound functions.
pub fn make<'a>(
    expander: &mut Expander<'a>,
    function: &'a Function,
    env: &Env<'a>,
    bound: &[Option<Rc<Bound<'a>>>],
) -> Result<Rc<Instance<'a>>, Failure> {
    let own_text = match &function.kind {
        FunctionKind::Layer(..) | FunctionKind::Unit(..) | FunctionKind::Def(..) => {
            function.span.range().len()
        }
        FunctionKind::Chain(_) | FunctionKind::Repeat(..) | FunctionKind::Binding(_) => 0,
    };
    expander.steps(hir::work(own_text), function.span)?;
    Ok(Rc::new(match &function.kind {
        FunctionKind::Layer(layer, given) => Instance::Layer(LayerInstance {
            attributes: attributes::evaluate(*layer, given, function.span, env)?,
            names: OnceCell::new(),
            modules: Cell::new(None),
            span: function.span,
        }),
        FunctionKind::Def(definition, given) => Instance::Def(DefCall {
            definition: *definition,
            numbers: terms(given, env)?,
            span: function.span,
        }),
        FunctionKind::Unit(definition, given) => Instance::Unit(UnitCall {
            definition: *definition,
            arguments: terms(given, env)?,
            places: given.iter().map(|plain| plain.as_ref().map(|plain| plain.span)).collect(),
            prefix: OnceCell::new(),
            body: OnceCell::new(),
            span: function.span,
        }),
        FunctionKind::Chain(stages) => {
            Instance::Chain(make_all(expander, stages, env, bound)?, function.span)
        }
        FunctionKind::Repeat(stage, times) => {
            let times = attributes::times(times, Expander::MAX_STEPS, env)?;
            let stages: Result<_, _> =
                (0..times).map(|_| make(expander, stage, env, bound)).collect();
            Instance::Chain(stages?, function.span)
        }
        FunctionKind::Binding(i) => match bound.get(*i).and_then(Option::as_ref) {
            Some(bound) => Instance::Bound(Rc::clone(bound), function.span),
            None => return Err(Failure::default()),
        },
    }))
}

/// What arguments come to.
pub fn terms(given: &[Option<Plain>], env: &Env<'_>) -> Result<Vec<Option<Term>>, Diagnostic> {
    given.iter().map(|plain| plain.as_ref().map(|plain| env.eval(plain)).transpose()).collect()
}

/// Makes every stage, to find the mistakes of all.
fn make_all<'a>(
    expander: &mut Expander<'a>,
    stages: &'a [Function],
    env: &Env<'a>,
    bound: &[Option<Rc<Bound<'a>>>],
) -> Result<Vec<Rc<Instance<'a>>>, Failure> {
    let (mut made, mut failure) = (Vec::new(), Failure::default());
    for stage in stages {
        match make(expander, stage, env, bound) {
            Ok(instance) => made.push(instance),
            Err(errors) => failure.extend(errors),
        }
    }
    if failure.is_empty() { Ok(made) } else { Err(failure) }
}

/// A place in a chain that is not a chain itself.
pub fn leaves<'r, 'a>(instance: &'r Rc<Instance<'a>>, found: &mut Vec<&'r Rc<Instance<'a>>>) {
    match &**instance {
        Instance::Chain(stages, _) => stages.iter().for_each(|stage| leaves(stage, found)),
        Instance::Layer(_) | Instance::Unit(_) | Instance::Def(_) | Instance::Bound(..) => {
            found.push(instance);
        }
    }
}
