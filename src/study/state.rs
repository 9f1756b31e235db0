//! How far a run of a study is.

use serde::Serialize;

/// How far a run is.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// Not over.
    Unfinished(Unfinished),
    /// Over; the last test error in percent.
    Done(f64),
    /// Over, since the loss was no number.
    NoNumbers,
}

/// How far a run is that is not over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum Unfinished {
    /// Not begun.
    Missing,
    /// Begun.
    Begun {
        /// Steps that are recorded.
        step: u64,
        /// Steps that it takes in all.
        steps: u64,
    },
    /// Ended by an error; it can be begun again.
    Failed {
        /// In its words.
        error: String,
    },
}

impl State {
    /// Whether nothing is left to do.
    pub fn is_over(&self) -> bool {
        self.unfinished().is_none()
    }

    /// How far it is, unless it is over.
    pub fn unfinished(&self) -> Option<&Unfinished> {
        match self {
            State::Unfinished(unfinished) => Some(unfinished),
            State::Done(_) | State::NoNumbers => None,
        }
    }

    /// The test error in percent of a run that is over; none where the loss was no number.
    pub fn result(&self) -> Option<Option<f64>> {
        match self {
            State::Done(error) => Some(Some(*error)),
            State::NoNumbers => Some(None),
            State::Unfinished(_) => None,
        }
    }
}
