//! Why a file's tensors are not a network's.

use super::pairing::Spread;
use crate::text::series;
use crate::train::error::Misfit;

/// Why a file's tensors are not a network's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unpaired {
    /// There are more or fewer modules of a kind.
    #[error("it has {found} {what}, and the net has {own}; they are not the same net")]
    Counts {
        /// The kind, as a plural.
        what: &'static str,
        /// Those of the file.
        found: usize,
        /// Those of the net.
        own: usize,
    },
    /// A tensor is not there.
    #[error("{name} is missing, which would be {own}")]
    Missing {
        /// Its name in the file.
        name: String,
        /// In the net.
        own: String,
    },
    /// A tensor that the net has no place for.
    #[error("{name}: {own} of the net has no bias")]
    Extra {
        /// Its name in the file.
        name: String,
        /// The net's module.
        own: String,
    },
    /// A scale or shift of a batch norm that the net leaves out.
    #[error("{name}: {own} of the net leaves it out")]
    Left {
        /// Its name in the file.
        name: String,
        /// The net's module.
        own: String,
    },
    /// A tensor that no residual network has.
    #[error("{0}: no tensor of a residual network is like that")]
    Strange(String),
    /// A batch norm without one of its tensors.
    #[error("{name} is missing beside the other tensors of {stem}")]
    Half {
        /// The tensor.
        name: String,
        /// The module.
        stem: String,
    },
    /// A normalisation without statistics.
    #[error("{0} has no running mean: a layer or group normalisation, and the net has batch norms")]
    OtherNorm(String),
    /// A tensor that does not fit its counterpart.
    #[error("{name}, taken for {own}: {why}")]
    Misfit {
        /// Its name in the file.
        name: String,
        /// In the net.
        own: String,
        /// Why.
        why: Misfit,
    },
    /// More than one pairing fits, and nothing tells which is meant.
    #[error("{0}")]
    Unclear(Box<Candidates>),
    /// All shapes fit, but across units.
    #[error("{0}")]
    Spread(Box<Spread>),
    /// A map names what is not there.
    #[error("the {what} {name}{}", did_you_mean(.near))]
    NoSuch {
        /// What there is none of, and on which side.
        what: &'static str,
        /// What it names.
        name: String,
        /// What may be meant.
        near: Option<String>,
    },
    /// A map names something twice.
    #[error("{0} is named twice in the map")]
    Twice(String),
    /// A map names some tensors of a module.
    #[error("the map names other tensors of {module}, and not {name}")]
    Partly {
        /// The tensor that it does not name.
        name: String,
        /// The net's module.
        module: String,
    },
}

/// Modules that may be one another.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "more than one pairing fits: {} of the file may each be {} of the net ({what} of {shape}), and \
     only the alphabet would tell which",
    some(.theirs), some(.ours)
)]
pub struct Candidates {
    /// What they are, as a plural.
    pub what: &'static str,
    /// Their shapes, in words.
    pub shape: String,
    /// The net's, in order of evaluation.
    pub ours: Vec<String>,
    /// The file's.
    pub theirs: Vec<String>,
}

fn some(names: &[String]) -> String {
    const MOST: usize = 5;
    match names.len() > MOST {
        true => format!("{} … ({} in all)", names[..MOST].join(", "), names.len()),
        false => series(names, "and"),
    }
}

fn did_you_mean(near: &Option<String>) -> String {
    near.as_ref().map_or_else(String::new, |near| format!("; did you mean {near}?"))
}
