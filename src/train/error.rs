//! What can go wrong while training or evaluating.

use crate::data::DataError;
use crate::engine::EngineError;

/// Why training, evaluation or what surrounds them stopped.
#[derive(Debug)]
pub enum TrainError {
    /// The engine could not compile or run the program.
    Engine(EngineError),
    /// The data could not be had.
    Data(DataError),
    /// A recipe, a configuration or a use of them that makes no sense; with what to do.
    Wrong(String),
    /// Something that was asked for cannot be done here; with what to ask for instead.
    Usage(String),
    /// A file could not be read or written, or is not what it should be; with what to do.
    File(String),
    /// The loss is no longer a number.
    NonFinite {
        /// The step, counted from 1.
        step: u64,
        /// What the loss became.
        loss: f32,
        /// The first tensor of the forward pass that holds a number that is none.
        tensor: String,
    },
    /// Gradients in half precision overflow, whatever the loss is scaled by.
    Overflow {
        /// The last step, counted from 1.
        step: u64,
        /// Steps in a row that were left out.
        left_out: u32,
    },
}

impl TrainError {
    /// An error of the system at a path.
    pub fn io(doing: &str, path: &std::path::Path, error: impl std::fmt::Display) -> Self {
        TrainError::File(format!("{doing} {}: {error}", path.display()))
    }
}

impl From<EngineError> for TrainError {
    fn from(error: EngineError) -> Self {
        TrainError::Engine(error)
    }
}

impl From<DataError> for TrainError {
    fn from(error: DataError) -> Self {
        TrainError::Data(error)
    }
}

impl std::fmt::Display for TrainError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TrainError::Engine(error) => error.fmt(f),
            TrainError::Data(error) => error.fmt(f),
            TrainError::Wrong(text) | TrainError::Usage(text) | TrainError::File(text) => {
                f.write_str(text)
            }
            TrainError::NonFinite { step, loss, tensor } => write!(
                f,
                "the loss became {loss} at step {step}; the first bad tensor is {tensor}; a lower \
                 learning rate or a longer warm-up in the recipe may help (see the last checkpoint \
                 of the run)"
            ),
            TrainError::Overflow { step, left_out } => write!(
                f,
                "up to step {step}, {left_out} steps in a row had gradients that are no numbers in \
                 half precision, and were left out; train with --precision f32, or with a lower \
                 learning rate"
            ),
        }
    }
}

impl std::error::Error for TrainError {}
