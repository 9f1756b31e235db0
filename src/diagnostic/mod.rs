//! Diagnostics as data, and their text for people ([`render`]).

pub mod render;

use crate::source::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Compilation cannot go on.
    Error,
    /// Legal, but probably not meant.
    Warning,
}

/// A secondary place in the source with a word about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there.
    pub text: String,
}

/// Text that mends a mistake when it stands in place of what the span covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it replaces.
    pub span: Span,
    /// With what.
    pub text: String,
}

/// One message about one place of a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// What kind of mistake.
    pub code: Code,
    /// One sentence: what is wrong, with both shapes where shapes matter.
    pub message: String,
    /// The token at fault.
    pub span: Span,
    /// What the primary span is, shown beside it.
    pub label: String,
    /// Other places that matter, the chain of calls among them.
    pub labels: Vec<Label>,
    /// How to mend it.
    pub hint: Option<String>,
    /// The mend itself, where there is one that a program can make.
    pub fix: Option<Box<Fix>>,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: bounded(message.into()),
            span,
            label: String::new(),
            labels: Vec::new(),
            hint: None,
            fix: None,
        }
    }

    /// The same with a word beside the primary span.
    pub fn label(mut self, text: impl Into<String>) -> Self {
        self.label = bounded(text.into());
        self
    }

    /// The same with another place.
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: bounded(text.into()) });
        self
    }

    /// The same with a hint.
    pub fn hint(mut self, text: impl Into<String>) -> Self {
        self.hint = Some(bounded(text.into()));
        self
    }

    /// The same with a mend that a program can make.
    pub fn fix(mut self, span: Span, text: impl Into<String>) -> Self {
        self.fix = Some(Box::new(Fix { span, text: text.into() }));
        self
    }
}

/// Names may be as long as a text; a message about one is not.
fn bounded(mut text: String) -> String {
    const LONGEST: usize = 400;
    if let Some((at, _)) = text.char_indices().nth(LONGEST) {
        text.truncate(at);
        text.push('…');
    }
    text
}

impl Code {
    /// Error or warning, as its letter says.
    pub fn severity(self) -> Severity {
        if self.text().starts_with('W') { Severity::Warning } else { Severity::Error }
    }
}

macro_rules! codes {
    ($($name:ident = $text:literal : $title:literal),* $(,)?) => {
        /// What kind of mistake a diagnostic is about; `rnetc explain CODE` tells more.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $title] $name),* }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// As printed: `E` (error) or `W` (warning) and four digits.
            pub fn text(self) -> &'static str {
                match self { $(Code::$name => $text),* }
            }

            /// One line on what it is about.
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title),* }
            }
        }
    };
}

codes! {
    Syntax = "E0001": "the text does not follow the grammar",
    UnknownName = "E0002": "a name that nothing defines",
    DuplicateName = "E0003": "a name defined twice",
    Arity = "E0004": "too many or too few arguments",
    UnknownArgument = "E0005": "an argument that the layer or unit does not take",
    ArgumentRange = "E0006": "an argument outside its range",
    TypeMismatch = "E0007": "a number where a chain is needed, or the other way round",
    ShapeMismatch = "E0008": "two shapes that do not fit together",
    Cycle = "E0009": "a definition that needs itself",
    Arithmetic = "E0010": "arithmetic that has no result",
    NetStructure = "E0011": "a net without input, without classes, or no net at all",
    TooLarge = "E0012": "a net larger than the compiler takes",
    UnknownSetting = "E0013": "--set names a parameter that the net does not have",
    UnitStructure = "E0014": "a unit without y, or one whose parts do not meet",
    Unused = "W0001": "something defined and never used",
    ShortcutActivation = "W0002": "a ReLU on the shortcut path",
    ShortcutNotIdentity = "W0003": "a shortcut that is not the identity",
    Slashes = "W0004": "a comment that reads like a division",
    Order = "W0005": "numbers in the order of another tool",
    EvenKernel = "W0006": "an even kernel that makes the picture larger",
    Head = "W0007": "something behind the last layer, or nothing between the last two",
    SingleValue = "W0008": "batch norm over a single value",
    Tied = "W0009": "a name that stands several times in a chain, with one set of weights",
    Ghost = "W0010": "parts of a batch that are larger than the batch",
}
