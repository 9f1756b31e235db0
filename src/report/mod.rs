//! One page about runs: curves, units, mistakes, times, in HTML without anything beside it.

mod classes;
mod confusion;
pub mod measure;
mod page;
pub mod studies;
mod wrong;

use crate::network::Network;
use crate::train::config::Config;
use crate::train::part::Part;
use crate::train::record::metrics::{Evaluation, History};
use measure::Measured;

pub use page::{computed_in, measured, page};

/// A run as the page shows it.
pub struct Run {
    /// Name, from its folder.
    pub name: String,
    /// What it was asked to do.
    pub config: Config,
    /// What it recorded.
    pub history: History,
    /// Its network.
    pub network: Network,
    /// What its weights do; none where they, or the pictures, are not here.
    pub measured: Option<Measured>,
    /// Figures of its studies.
    pub studies: Vec<studies::Figure>,
}

impl Run {
    /// Its errors on a part: steps done, and %.
    pub fn errors(&self, part: Part) -> impl DoubleEndedIterator<Item = [f64; 2]> + Clone {
        let of = move |e: &Evaluation| e.error_percent(part).map(|error| [e.step as f64, error]);
        self.history.evaluations.iter().filter_map(of)
    }
}

#[cfg(test)]
mod tests;
