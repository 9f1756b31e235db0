//! Which pictures of a set are meant.

use clap::ValueEnum;
use clap::builder::PossibleValue;

/// A part of a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PartArg {
    /// What is tested on.
    #[default]
    Test,
    /// What the best checkpoint was chosen on.
    Validation,
    /// What was trained on.
    Train,
}

impl PartArg {
    /// As results call it.
    pub fn name(self) -> &'static str {
        match self {
            PartArg::Test => "test",
            PartArg::Validation => "validation",
            PartArg::Train => "training",
        }
    }
}

impl ValueEnum for PartArg {
    fn value_variants<'a>() -> &'a [Self] {
        &[PartArg::Test, PartArg::Validation, PartArg::Train]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self {
            PartArg::Test => PossibleValue::new("test").help("What is tested on"),
            PartArg::Validation => PossibleValue::new("validation")
                .alias("val")
                .help("What the best checkpoint was chosen on"),
            PartArg::Train => PossibleValue::new("train")
                .alias("training")
                .help("What was trained on, as it is: not augmented"),
        })
    }
}
