//! How the program can fail, and what it then returns to the shell.

use super::advice::Advice;
use crate::data::DataError;
use crate::engine::EngineError;
use crate::train::TrainError;
use crate::train::error::Misfit;

/// The exit code of a command line that makes no sense.
pub const USAGE: u8 = 2;

/// The exit code for a number that is none.
pub const NUMBERS: u8 = 5;

/// Exit codes above this one say which signal ended the program.
pub const SIGNALS: u8 = 128;

/// Why a verb failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// What is wrong has been printed already; the exit code.
    Shown(u8),
    /// The data, a recipe or weights do not make sense, or not together.
    Wrong(String),
    /// The command line makes no sense.
    Usage(String),
    /// A file cannot be read or written, or is damaged.
    File(String),
    /// No device, or it failed.
    Device(String),
    /// A number that is none.
    Numbers(String),
    /// A signal ended it.
    Signal(u8),
}

impl Failure {
    /// The exit code.
    pub fn code(&self) -> u8 {
        match self {
            Failure::Shown(code) => *code,
            Failure::Wrong(_) => 1,
            Failure::Usage(_) => USAGE,
            Failure::File(_) => 3,
            Failure::Device(_) => 4,
            Failure::Numbers(_) => NUMBERS,
            Failure::Signal(number) => SIGNALS + number,
        }
    }

    /// What to print, if it has not been printed already.
    pub fn text(&self) -> Option<&str> {
        match self {
            Failure::Shown(_) | Failure::Signal(_) => None,
            Failure::Wrong(text)
            | Failure::Usage(text)
            | Failure::File(text)
            | Failure::Device(text)
            | Failure::Numbers(text) => Some(text),
        }
    }

    /// An error of the system at a path.
    pub fn io(doing: &str, path: &std::path::Path, error: impl std::fmt::Display) -> Self {
        Failure::File(format!("{doing} {}: {error}", path.display()))
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let told = error.told();
        match error {
            EngineError::UnsupportedPrecision { .. } | EngineError::NoRanks { .. } => {
                Failure::Usage(told)
            }
            EngineError::NoInstructionSet { .. }
            | EngineError::Lost(_)
            | EngineError::NoThreads(_)
            | EngineError::NoAdapter
            | EngineError::NoSuchAdapter { .. }
            | EngineError::Unusable { .. }
            | EngineError::NoHalf { .. }
            | EngineError::NoHardware { .. }
            | EngineError::OutOfMemory { .. }
            | EngineError::DeviceLost { .. }
            | EngineError::NoAnswer { .. }
            | EngineError::NoResult { .. }
            | EngineError::Refused { .. }
            | EngineError::NoStep { .. }
            | EngineError::TooManyTensors { .. }
            | EngineError::NoOutput { .. }
            | EngineError::WrongLength { .. }
            | EngineError::NotRead(_)
            | EngineError::NotAsked(_)
            | EngineError::Internal(_) => Failure::Device(told),
        }
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        let told = error.told();
        match error {
            DataError::Io { .. }
            | DataError::NoCache(_)
            | DataError::NoFolder { .. }
            | DataError::NoFile { .. }
            | DataError::Length { .. }
            | DataError::Changed { .. }
            | DataError::NotFetched { .. }
            | DataError::BeingFetched { .. }
            | DataError::Classes { .. }
            | DataError::ClassName { .. }
            | DataError::EmptyClasses { .. }
            | DataError::UnknownClasses { .. }
            | DataError::OnlyPicture { .. }
            | DataError::NoPictures { .. }
            | DataError::Several(_)
            | DataError::TooManyNames { .. }
            | DataError::BadPictures { .. } => Failure::File(told),
            DataError::Label { .. }
            | DataError::Picture { .. }
            | DataError::Channels(_)
            | DataError::Resize { .. }
            | DataError::TooMany { .. }
            | DataError::Validation { .. }
            | DataError::Uneven { .. }
            | DataError::Ended => Failure::Wrong(told),
            // Whoever catches signals says which one it was.
            DataError::Interrupted => Failure::Signal(2),
        }
    }
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Self {
        let told = error.told();
        match error {
            TrainError::Engine(error) => error.into(),
            TrainError::Data(error) => error.into(),
            TrainError::Misfit { why: Misfit::NoNumber, .. } => Failure::Numbers(told),
            TrainError::Unclear { .. }
            | TrainError::Survival(_)
            | TrainError::NoParameter { .. }
            | TrainError::AllFrozen { .. }
            | TrainError::Parts { .. }
            | TrainError::NoDepth { .. }
            | TrainError::NoHidden { .. }
            | TrainError::NoMatrix { .. }
            | TrainError::Misfit { .. }
            | TrainError::TooLong { .. }
            | TrainError::Unpaired { .. }
            | TrainError::Check { .. }
            | TrainError::OtherPictures { .. }
            | TrainError::OtherClasses { .. }
            | TrainError::OtherNames { .. }
            | TrainError::NoValidation { .. }
            | TrainError::ClassWeights { .. }
            | TrainError::NoPictures { .. }
            | TrainError::Blank { .. }
            | TrainError::Pictures(_)
            | TrainError::Sizes(_)
            | TrainError::Undescribed
            | TrainError::Newer { .. }
            | TrainError::Apart { .. }
            | TrainError::OtherDevice { .. }
            | TrainError::NoRunOf { .. } => Failure::Wrong(told),
            TrainError::Uneven { .. }
            | TrainError::HoldsRun { .. }
            | TrainError::OtherStudy { .. } => Failure::Usage(told),
            TrainError::Reading { .. }
            | TrainError::DamagedList { .. }
            | TrainError::Writing { .. }
            | TrainError::NoThread(_)
            | TrainError::NotWhole { .. }
            | TrainError::OtherFormat { .. }
            | TrainError::Changed { .. }
            | TrainError::OtherStart { .. }
            | TrainError::NoRun { .. }
            | TrainError::Held { .. } => Failure::File(told),
            TrainError::NoValue { .. } => Failure::Device(told),
            TrainError::NonFinite { .. }
            | TrainError::BadNumber { .. }
            | TrainError::Overflow { .. } => Failure::Numbers(told),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Precision;

    #[test]
    fn whatever_an_engine_reports_is_exit_code_4_but_for_what_it_was_asked() {
        let (precision, offered) = (Precision::F16, &[Precision::F32]);
        let asked = EngineError::UnsupportedPrecision { engine: "cpu", precision, offered };
        assert_eq!(Failure::from(TrainError::Engine(asked)).code(), 2);
        for error in [EngineError::NoAdapter, EngineError::NoAnswer { seconds: 60 }] {
            assert_eq!(Failure::from(error.clone()), Failure::Device(error.told()));
            assert_eq!(Failure::from(TrainError::Engine(error)).code(), 4);
        }
    }
}
