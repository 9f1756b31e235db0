//! The parts of a data set that a run is measured on.

use serde::{Deserialize, Serialize};

/// A part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Pictures that are set apart to choose by.
    Validation,
    /// Pictures that tell how good the choice is, and should choose nothing.
    #[default]
    Test,
}

impl Part {
    /// Both.
    pub const ALL: [Part; 2] = [Part::Validation, Part::Test];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Part::Validation => "validation",
            Part::Test => "test",
        }
    }

    /// Whether it is the usual one, which files leave out.
    pub fn is_test(&self) -> bool {
        *self == Part::Test
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
