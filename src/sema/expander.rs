//! What the expansion of a program has built so far, and what it may still cost.

use std::collections::HashSet;

use super::hir::Program;
use super::network_builder::NetworkBuilder;
use super::places::Places;
use super::plain::Term;
use crate::diagnostic::{Code, Diagnostic};
use crate::network::ValueId;
use crate::source::{Source, Span};

/// Errors found together; empty where they follow from one that is reported elsewhere.
#[derive(Debug, Default)]
pub struct Failure(Vec<Diagnostic>);

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl From<Vec<Diagnostic>> for Failure {
    fn from(diagnostics: Vec<Diagnostic>) -> Self {
        Self(diagnostics)
    }
}

impl Failure {
    /// Most errors kept.
    const LIMIT: usize = 100;

    /// What was found.
    pub fn errors(self) -> Vec<Diagnostic> {
        self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds others.
    pub fn extend(&mut self, other: Failure) {
        let room = Self::LIMIT.saturating_sub(self.0.len());
        self.0.extend(other.0.into_iter().take(room));
    }

    /// Notes on each error from where its place was reached.
    pub fn also(self, span: Span, text: &str) -> Self {
        Self(self.0.into_iter().map(|error| error.also(span, text)).collect())
    }

    /// Moves what a unit makes of an argument outside its range to where the argument is given, once.
    pub fn at_arguments(self, given: impl Fn(Span) -> Option<Span>) -> Self {
        let mut moved = HashSet::new();
        let errors = self.0.into_iter().filter_map(|mut error| {
            let ranges = matches!(error.code, Code::ArgumentRange | Code::TypeMismatch);
            let Some(place) = given(error.span).filter(|_| ranges) else { return Some(error) };
            let used = std::mem::replace(&mut error.span, place);
            moved.insert(place).then(|| {
                error.labels.retain(|label| !inside(place, label.span));
                error.also(used, "used here")
            })
        });
        Self(errors.collect())
    }
}

fn inside(inner: Span, outer: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// Builds the network of a program.
#[derive(Debug)]
pub struct Expander<'a> {
    /// What to build.
    pub program: &'a Program,
    /// The text, to quote from.
    pub source: &'a Source,
    /// What is built so far.
    pub net: NetworkBuilder,
    /// What its places come to.
    pub places: Places,
    /// 1-based position of the unit in work (0 between units), and the number of units.
    pub position: (usize, usize),
    /// Parameters of the unit in work.
    pub parameters: Vec<(&'a str, Term)>,
    steps: usize,
    depth: usize,
}

impl<'a> Expander<'a> {
    /// Nothing built yet.
    pub fn new(program: &'a Program, source: &'a Source) -> Self {
        Self {
            program,
            source,
            net: NetworkBuilder::default(),
            places: Places::default(),
            position: (0, 0),
            parameters: Vec::new(),
            steps: 0,
            depth: 0,
        }
    }

    /// Most functions made and applied; bounds the time that a spec takes.
    pub const MAX_STEPS: usize = 250_000;
    /// Deepest nesting of functions and units in each other.
    const MAX_DEPTH: usize = 96;

    /// Notes what the expression at a place makes of a value.
    pub fn note(&mut self, span: Span, read: ValueId, written: ValueId) {
        self.places.applied(span, self.net.shape(read), self.net.shape(written));
    }

    /// Counts one step of work.
    pub fn step(&mut self, span: Span) -> Result<(), Diagnostic> {
        self.steps(1, span)
    }

    /// Counts several steps of work.
    pub fn steps(&mut self, steps: usize, span: Span) -> Result<(), Diagnostic> {
        self.steps = self.steps.saturating_add(steps);
        if self.steps <= Self::MAX_STEPS {
            return Ok(());
        }
        let text = format!("the net takes more than {} steps to build", Self::MAX_STEPS);
        Err(Diagnostic::error(Code::TooLarge, span, text)
            .label("passes the limit here")
            .hint("repeat its stages less often"))
    }

    /// Does some work one level deeper.
    pub fn deeper<T>(
        &mut self,
        span: Span,
        work: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if self.depth == Self::MAX_DEPTH {
            let text = format!(
                "functions and units stand in each other more than {} deep",
                Self::MAX_DEPTH
            );
            return Err(Diagnostic::error(Code::TooLarge, span, text)
                .label("passes the limit here")
                .hint("write chains side by side rather than inside each other")
                .into());
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }

    /// A number parameter of the unit in work.
    pub fn parameter(&self, name: &str) -> Option<f64> {
        self.parameters.iter().find(|(own, _)| *own == name).and_then(|(_, term)| match term {
            Term::Number(number) => Some(*number),
            Term::Kernel(_) | Term::Word(_) => None,
        })
    }
}
