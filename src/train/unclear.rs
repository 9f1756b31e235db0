//! What is wrong with a recipe, a study or another text that people write.

use std::fmt;

/// A mistake in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclear {
    /// Of what kind it is.
    pub fault: Fault,
    what: String,
    place: String,
}

/// Kinds of mistakes that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A key that must be there is not.
    Missing,
    /// A key that nobody knows.
    Unknown,
    /// A key without a value.
    Empty,
    /// Any other.
    Other,
}

impl Unclear {
    /// At a place, which is told behind what is wrong: its line, with a mark.
    pub fn at(fault: Fault, what: String, place: String) -> Self {
        Self { fault, what, place }
    }

    /// What is wrong, without the place.
    pub fn without_place(self) -> String {
        self.what
    }
}

impl From<String> for Unclear {
    fn from(what: String) -> Self {
        Self::at(Fault::Other, what, String::new())
    }
}

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.what, self.place)
    }
}
