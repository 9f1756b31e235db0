//! Which parameters are trained otherwise than the others, or not at all.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::optimiser::{Kind, Optimiser, given};
use crate::train::epochs::Epochs;
use crate::train::yaml::Mistake;

/// Parameters with an update of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Which.
    #[serde(rename = "match")]
    pub matches: Patterns,
    /// What the learning rate is multiplied by.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub lr_factor: Option<f64>,
    /// Which of the recipe's two optimisers trains them.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub optimiser: Option<Kind>,
    /// Weight decay in place of the optimiser's.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
    /// After how many epochs they stay as they are; never, unless given.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub until: Option<Epochs>,
    /// Whether they stay as they are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub freeze: bool,
}

/// What batch norms of frozen parts do with their running statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistics {
    /// They stay as they are, and normalise in training too.
    #[default]
    Frozen,
    /// They move on, and a mini-batch normalises itself.
    Moving,
}

impl Statistics {
    /// Whether that is what is done unless something else is written.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// One pattern or several, as parameters are named by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns(pub Vec<String>);

impl Patterns {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Patterns {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => to.serialize_str(one),
            several => several.serialize(to),
        }
    }
}

impl<'a> Deserialize<'a> for Patterns {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        struct OneOrMore;
        impl<'a> Visitor<'a> for OneOrMore {
            type Value = Patterns;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a name, or a list of names such as [stem, stage1],")
            }

            fn visit_str<E>(self, one: &str) -> Result<Patterns, E> {
                Ok(Patterns(vec![one.to_owned()]))
            }

            fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Patterns, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = list.next_element()? {
                    all.push(one);
                }
                Ok(Patterns(all))
            }
        }
        from.deserialize_any(OneOrMore)
    }
}

/// Longest pattern that makes sense, in characters.
const LONGEST: usize = 200;

/// Most patterns of a recipe: each is held against each parameter's names.
const MOST: usize = 1000;

/// Says what is wrong with groups, whatever net they are for.
pub(super) fn check(
    groups: &[Group],
    freeze: &Patterns,
    optimiser: &Optimiser,
) -> Result<(), Mistake> {
    let all = freeze.0.len() + groups.iter().map(|group| group.matches.0.len()).sum::<usize>();
    if all > MOST {
        let key = if freeze.0.len() > MOST { "freeze" } else { "groups" };
        let text = format!("freeze and groups have {all} patterns; the most is {MOST}");
        return Err(Mistake::at(key, text));
    }
    patterns("freeze", freeze)?;
    for group in groups {
        patterns("groups", &group.matches)?;
        if group.matches.is_empty() {
            return Err(Mistake::at("groups", "a group must match something: match: [norms]"));
        }
        let Group { matches: _, lr_factor, optimiser: chosen, weight_decay, until, freeze } = group;
        let changes =
            [lr_factor.is_some(), chosen.is_some(), weight_decay.is_some(), until.is_some()];
        let changes = changes.contains(&true);
        if *freeze && changes {
            let text = "a group that is frozen has neither lr_factor nor weight_decay nor until nor optimiser";
            return Err(Mistake::at("groups", text));
        }
        if !freeze && !changes {
            let text = "a group changes something: lr_factor, weight_decay, optimiser, until or \
                        freeze: true";
            return Err(Mistake::at("groups", text));
        }
        chosen.map_or(Ok(()), |kind| is_there(kind, optimiser))?;
        for (name, value) in [("lr_factor", lr_factor), ("weight_decay", weight_decay)] {
            if let Some(value) = value.filter(|value| !(value.is_finite() && *value >= 0.0)) {
                let text = format!("{name} of a group is {value}, and must be 0 or more");
                return Err(Mistake::at("groups", text));
            }
        }
        if let Some(until) = until {
            super::ranges::length_makes_sense("groups", "until of a group", *until)?;
        }
    }
    Ok(())
}

/// Refuses an optimiser that the recipe does not have.
fn is_there(kind: Kind, optimiser: &Optimiser) -> Result<(), Mistake> {
    let kinds = optimiser.kinds();
    if kinds.contains(&kind) {
        return Ok(());
    }
    let (kind, there) = (kind.name(), kinds.into_iter().map(Kind::name).collect::<Vec<_>>());
    let text = match there.as_slice() {
        [one] => format!(
            "a group asks for {kind}, and the recipe's optimiser is {one}: two are there with kind: \
             muon, its own and that of `otherwise`"
        ),
        several => format!(
            "a group asks for {kind}, and the recipe's optimisers are {}",
            crate::text::series(several, "and")
        ),
    };
    Err(Mistake::at("groups", text))
}

fn patterns(key: &'static str, patterns: &Patterns) -> Result<(), Mistake> {
    for pattern in &patterns.0 {
        if pattern.is_empty() || pattern.chars().count() > LONGEST {
            let text = format!("{key}: a pattern has 1 to {LONGEST} characters");
            return Err(Mistake::at(key, text));
        }
        super::pattern::Pattern::parse(pattern)
            .map_err(|why| Mistake::at(key, format!("{key}: `{pattern}`: {why}")))?;
    }
    Ok(())
}
