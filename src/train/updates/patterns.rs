//! The patterns of a recipe, and which of them a parameter answers to.

use super::places::{KINDS, Places};
use crate::text::nearest;
use crate::train::TrainError;
use crate::train::recipe::Recipe;
use crate::train::recipe::groups::{Group, Patterns};
use crate::train::recipe::pattern::Pattern;

/// A key, the pattern read, the pattern as it is written, and its group; none is frozen.
type Named<'a> = (&'static str, Pattern, &'a str, Option<&'a Group>);

/// All patterns of a recipe, in the order in which they are tried.
pub(super) struct Groups<'a> {
    patterns: Vec<Named<'a>>,
}

impl<'a> Groups<'a> {
    pub fn new(recipe: &'a Recipe) -> Self {
        let mut patterns = Vec::new();
        let mut add = |key, of: &'a Patterns, group| {
            let read =
                |text: &'a String| Some((key, Pattern::parse(text).ok()?, text.as_str(), group));
            patterns.extend(of.0.iter().filter_map(read));
        };
        add("freeze", &recipe.freeze, None);
        recipe.groups.iter().for_each(|group| add("groups", &group.matches, Some(group)));
        Self { patterns }
    }

    /// Refuses a pattern that matches nothing. Of a kind there may be no parameter.
    pub fn check(&self, places: &Places) -> Result<(), TrainError> {
        let all: Vec<_> = places.network.tensors().map(|tensor| places.names(&tensor)).collect();
        let matches = |pattern: &Pattern| all.iter().flatten().any(|name| pattern.matches(name));
        let idle = |(_, pattern, text, _): &&Named| !KINDS.contains(text) && !matches(pattern);
        let Some((key, _, pattern, _)) = self.patterns.iter().find(idle) else { return Ok(()) };
        let near = nearest(pattern, all.iter().flatten().flat_map(|name| beginnings(name)));
        let near = near.map(str::to_owned);
        let (pattern, net) = ((*pattern).to_owned(), places.network.name.clone());
        Err(TrainError::NoParameter { key, pattern, net, near, there: places.answers() })
    }

    /// The group of the first pattern that matches one of the names; none inside: it is frozen.
    pub fn find(&self, names: &[String]) -> Option<Option<&'a Group>> {
        let matches = |pattern: &Pattern| names.iter().any(|name| pattern.matches(name));
        self.patterns.iter().find(|(_, pattern, ..)| matches(pattern)).map(|named| named.3)
    }
}

/// A name, and its beginnings up to a dot.
fn beginnings(name: &str) -> impl Iterator<Item = &str> {
    std::iter::once(name).chain(name.match_indices('.').map(|(at, _)| &name[..at]))
}
