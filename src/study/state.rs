//! How far a run of a study is.

/// How far a run is.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// Not begun.
    Missing,
    /// Begun.
    Begun {
        /// Steps that are recorded.
        step: u64,
        /// Steps that it takes in all.
        steps: u64,
    },
    /// Ended by an error, in its words; it can be begun again.
    Failed(String),
    /// Over; the last test error in percent.
    Done(f64),
    /// Over, since the loss was no number.
    NoNumbers,
}

impl State {
    /// Whether nothing is left to do.
    pub fn is_over(&self) -> bool {
        match self {
            State::Done(_) | State::NoNumbers => true,
            State::Missing | State::Begun { .. } | State::Failed(_) => false,
        }
    }

    /// The test error in percent of a run that is over; none where the loss was no number.
    pub fn result(&self) -> Option<Option<f64>> {
        match self {
            State::Done(error) => Some(Some(*error)),
            State::NoNumbers => Some(None),
            State::Missing | State::Begun { .. } | State::Failed(_) => None,
        }
    }
}
