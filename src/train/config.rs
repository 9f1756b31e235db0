//! What a run was asked to do, resolved: the content of its `config.yaml`, and of the metadata
//! of its checkpoints.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_yaml::{Mapping, Value};

use super::part::Part;
use super::recipe::Recipe;
use super::record::format::FormatVersion;
use super::schedule::Length;
use crate::data::normalise::Normalisation;
use crate::engine::Precision;

/// The version of `config.yaml`. Checkpoints hold a configuration too, so their version grows with
/// this one.
pub const FORMAT: u32 = 3;

/// A resolved configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The version it is written in.
    #[serde(default)]
    pub format: FormatVersion<FORMAT>,
    /// Name of the spec, as the user gave it.
    pub spec: String,
    /// What `--set` gave.
    pub settings: BTreeMap<String, String>,
    /// Name of the data set.
    pub data: String,
    /// Where its official files are, if a folder was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<String>,
    /// Pictures in its training set.
    pub pictures: usize,
    /// Pictures in its validation part, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<usize>,
    /// How long to train.
    #[serde(with = "serde_yaml::with::singleton_map")]
    pub length: Length,
    /// Steps of the whole run.
    pub steps: u64,
    /// When it was asked to be longer or shorter than before; the schedule stretches over the new
    /// length from there on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replanned: Vec<Replanned>,
    /// Steps of an epoch.
    pub steps_per_epoch: u64,
    /// Precision of the computation.
    pub precision: Precision,
    /// Whether backward computes activations again instead of reading them.
    #[serde(default)]
    pub recompute: bool,
    /// Engine and device; a run may go on on another one.
    pub device: String,
    /// Recipe, with the command line's batch and seed in it.
    pub recipe: Recipe,
    /// The weights that it began with, unless they were drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Start>,
    /// Names of the classes, by label.
    pub classes: Vec<String>,
    /// Mean and deviation of each channel of the training set.
    pub normalisation: Normalisation,
    /// What the pictures are, where they are stored.
    #[serde(default)]
    pub contents: Contents,
    /// The spec's text.
    pub spec_text: String,
}

/// SHA-256 of the pictures of a data set with their labels, in order; none for endless sets, and
/// in configurations of before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// Of the training pictures.
    pub train: Option<String>,
    /// Of those of the validation part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<String>,
    /// Of the test pictures.
    pub test: Option<String>,
}

/// A run that was asked, on the way, for another length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replanned {
    /// Steps done when that was asked.
    pub after: u64,
    /// Steps of the whole run before.
    pub from: u64,
}

/// What two configurations do not have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The spec's text.
    Spec,
    /// The training pictures, their labels or their order.
    TrainingPictures,
    /// The pictures of the validation part, their labels or their order.
    ValidationPictures,
    /// The test pictures, their labels or their order.
    TestPictures,
    /// A key, as `config.yaml` writes it.
    Key {
        /// Where it stands: `recipe.schedule.lr`.
        key: String,
        /// What it was.
        was: String,
        /// What it is now.
        now: String,
    },
}

/// The weights that a run began with, as its configuration records them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Their file.
    pub weights: String,
    /// Its SHA-256.
    pub sha256: String,
    /// Name of the data set that they were trained on, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Steps that they were trained for here.
    pub steps: u64,
    /// Tensors that were made new.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub new: Vec<String>,
}

impl Config {
    /// What the best checkpoint is chosen on.
    pub fn chosen_on(&self) -> Part {
        let usual = if self.validation.is_some() { Part::Validation } else { Part::Test };
        self.recipe.best.unwrap_or(usual)
    }

    /// What differs from an earlier configuration in a way that matters to a run that goes on; how
    /// long it is may change, and so may the place of the same pictures.
    pub fn changes(&self, earlier: &Config) -> Vec<Change> {
        let differ = |a: &Option<String>, b: &Option<String>| a.is_some() && b.is_some() && a != b;
        let (was, now) = (&earlier.contents, &self.contents);
        let remeasured = self.normalisation != earlier.normalisation
            && self.recipe.normalise == earlier.recipe.normalise;
        let same_pictures = was.train.is_some() && was == now;
        let mut free = vec!["format", "spec", "files", "device", "length", "steps", "replanned"];
        free.extend(["spec_text", "normalisation", "contents"]);
        if same_pictures {
            free.push("data");
        }
        let mut changes = Vec::new();
        changes.extend((self.spec_text != earlier.spec_text).then_some(Change::Spec));
        let training = remeasured || differ(&was.train, &now.train);
        changes.extend(training.then_some(Change::TrainingPictures));
        changes
            .extend(differ(&was.validation, &now.validation).then_some(Change::ValidationPictures));
        changes.extend(differ(&was.test, &now.test).then_some(Change::TestPictures));
        collect("", &earlier.written(&free), &self.written(&free), &mut changes);
        changes
    }

    /// As written, without some keys.
    fn written(&self, without: &[&str]) -> Value {
        let mut value = serde_yaml::to_value(self).unwrap_or_default();
        if let Value::Mapping(keys) = &mut value {
            without.iter().for_each(|key| drop(keys.remove(*key)));
        }
        value
    }
}

/// What two values do not have in common, key by key.
pub fn differences(was: &impl Serialize, now: &impl Serialize) -> Vec<Change> {
    let value = |of: Result<Value, _>| of.unwrap_or_default();
    let mut changes = Vec::new();
    let (was, now) = (serde_yaml::to_value(was), serde_yaml::to_value(now));
    collect("", &value(was), &value(now), &mut changes);
    changes
}

fn collect(key: &str, was: &Value, now: &Value, changes: &mut Vec<Change>) {
    if was == now {
        return;
    }
    let (Value::Mapping(was_keys), Value::Mapping(now_keys)) = (was, now) else {
        let (was, now) = (flow(was), flow(now));
        changes.push(Change::Key { key: key.to_string(), was, now });
        return;
    };
    let names = was_keys.keys().chain(now_keys.keys().filter(|k| !was_keys.contains_key(*k)));
    for name in names {
        let of = |keys: &Mapping| keys.get(name).cloned().unwrap_or(Value::Null);
        let name = name.as_str().unwrap_or_default();
        let inner = if key.is_empty() { name.to_string() } else { format!("{key}.{name}") };
        collect(&inner, &of(was_keys), &of(now_keys), changes);
    }
}

/// A value in a line, as YAML writes it between brackets.
fn flow(value: &Value) -> String {
    match value {
        Value::Null => "absent".into(),
        Value::Sequence(list) => {
            format!("[{}]", list.iter().map(flow).collect::<Vec<_>>().join(", "))
        }
        Value::Mapping(keys) => {
            let pair = |(key, value): (&Value, &Value)| format!("{}: {}", flow(key), flow(value));
            format!("{{ {} }}", keys.iter().map(pair).collect::<Vec<_>>().join(", "))
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Tagged(_) => {
            serde_yaml::to_string(value).unwrap_or_default().trim_end().to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        serde_yaml::from_str(text).unwrap()
    }

    #[test]
    fn only_the_keys_that_differ_are_told_each_once() {
        let was = value("a: 1\nrecipe: { lr: 0.1, at: [1, 2], gone: x, same: { deep: 3 } }");
        let now = value("a: 1\nrecipe: { lr: 0.2, at: { b: [3] }, same: { deep: 3 }, new: yes }");
        let key = |key: &str, was: &str, now: &str| Change::Key {
            key: key.into(),
            was: was.into(),
            now: now.into(),
        };
        assert_eq!(
            differences(&was, &now),
            [
                key("recipe.lr", "0.1", "0.2"),
                key("recipe.at", "[1, 2]", "{ b: [3] }"),
                key("recipe.gone", "x", "absent"),
                key("recipe.new", "absent", "yes"),
            ]
        );
        assert_eq!(differences(&was, &was), []);
    }
}
