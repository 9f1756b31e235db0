//! Where weights come from, as their file says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::format::FormatVersion;
use crate::data::normalise::Normalisation;
use crate::network::Network;
use crate::train::TrainError;
use crate::train::config::Config;
use crate::train::recipe::Recipe;

/// The version of what a file of weights says of itself.
pub const FORMAT: u32 = 3;

/// What the weights of a run say of themselves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// The version it is written in.
    #[serde(default)]
    pub format: FormatVersion<FORMAT>,
    /// Steps done.
    pub step: u64,
    /// Epochs done.
    pub epoch: u64,
    /// What the run was asked to do.
    pub config: Config,
}

/// What weights that another program trained say of themselves, as far as the import was told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imported {
    /// The version it is written in.
    #[serde(default)]
    pub format: FormatVersion<FORMAT>,
    /// Name of the file that was imported.
    pub source: String,
    /// Name of the spec, as the user gave it.
    pub spec: String,
    /// What `--set` gave.
    pub settings: BTreeMap<String, String>,
    /// The spec's text.
    pub spec_text: String,
    /// Name of the data set, if it is known.
    #[serde(default)]
    pub data: Option<String>,
    /// Where its official files are, if a folder was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<String>,
    /// Names of the classes, by label, if they are known.
    #[serde(default)]
    pub classes: Option<Vec<String>>,
    /// How the pictures were standardised, if it is known.
    #[serde(default)]
    pub normalisation: Option<Normalisation>,
    /// What the shorter side of pictures became before the middle was taken, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resize: Option<usize>,
}

/// Where weights come from.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one a file of weights")]
pub enum Origin {
    /// A run.
    Run(About),
    /// Another program.
    Import(Imported),
}

impl Origin {
    /// Name of the spec, as the user gave it.
    pub fn spec(&self) -> &str {
        match self {
            Origin::Run(about) => &about.config.spec,
            Origin::Import(import) => &import.spec,
        }
    }

    /// The spec's text.
    pub fn spec_text(&self) -> &str {
        match self {
            Origin::Run(about) => &about.config.spec_text,
            Origin::Import(import) => &import.spec_text,
        }
    }

    /// What `--set` gave.
    pub fn settings(&self) -> &BTreeMap<String, String> {
        match self {
            Origin::Run(about) => &about.config.settings,
            Origin::Import(import) => &import.settings,
        }
    }

    /// Name of the data set, if it is known.
    pub fn data(&self) -> Option<&str> {
        match self {
            Origin::Run(about) => Some(&about.config.data),
            Origin::Import(import) => import.data.as_deref(),
        }
    }

    /// Where the data set's official files are, if a folder was named.
    pub fn files(&self) -> Option<&str> {
        match self {
            Origin::Run(about) => about.config.files.as_deref(),
            Origin::Import(import) => import.files.as_deref(),
        }
    }

    /// Names of the classes, by label, if they are known.
    pub fn classes(&self) -> Option<&[String]> {
        match self {
            Origin::Run(about) => Some(&about.config.classes),
            Origin::Import(import) => import.classes.as_deref(),
        }
    }

    /// How the pictures were standardised, if it is known.
    pub fn normalisation(&self) -> Option<&Normalisation> {
        match self {
            Origin::Run(about) => Some(&about.config.normalisation),
            Origin::Import(import) => import.normalisation.as_ref(),
        }
    }

    /// What the shorter side of pictures became before their middle was classified; nothing where they
    /// were stretched, or it is not known.
    pub fn resize(&self) -> Option<usize> {
        match self {
            Origin::Run(about) => about.config.recipe.resize,
            Origin::Import(import) => import.resize,
        }
    }

    /// The recipe that they were trained by, if it was a run here.
    pub fn recipe(&self) -> Option<&Recipe> {
        match self {
            Origin::Run(about) => Some(&about.config.recipe),
            Origin::Import(_) => None,
        }
    }

    /// Steps that the weights were trained for here.
    pub fn steps(&self) -> u64 {
        match self {
            Origin::Run(about) => about.step,
            Origin::Import(_) => 0,
        }
    }

    /// A spec's network with what the recipe put on its units.
    ///
    /// # Errors
    /// The recipe does not fit the network.
    pub fn applied(&self, network: Network) -> Result<Network, TrainError> {
        match self {
            Origin::Run(about) => about.config.recipe.applied(network),
            Origin::Import(_) => Ok(network),
        }
    }
}
