//! The YAML of a study.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::data::Set;
use crate::engine::Precision;
use crate::train::TrainError;
use crate::train::epochs::Epochs;
use crate::train::schedule::Length;
use crate::train::yaml::{self, Mistake};

/// Most runs of a study.
const MOST_RUNS: usize = 10_000;

/// A study. At most one of `epochs` and `steps` stretches the recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// What it is about.
    pub title: String,
    /// What its results can and cannot say; printed under the table.
    #[serde(default)]
    pub note: String,
    /// What the figures of the paper are.
    #[serde(default)]
    pub paper: String,
    /// The data set.
    pub data: String,
    /// A recipe that comes with rnetc, or a file beside the study.
    pub recipe: String,
    /// Length of each run in epochs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epochs: Option<Epochs>,
    /// Length of each run in steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Precision, unless the command line gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<Precision>,
    /// Seeds of each row.
    pub seeds: Vec<u32>,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// In the table; each its own.
    pub label: String,
    /// A spec beside the study.
    pub spec: String,
    /// Values of the net's parameters.
    #[serde(default)]
    pub set: BTreeMap<String, Setting>,
    /// The data set, where it is not the study's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Pictures a step, where it is not the recipe's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<usize>,
    /// The paper's figure.
    #[serde(default)]
    pub paper: String,
}

/// A value of a parameter, as YAML writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a setting is a number or a word")]
pub enum Setting {
    /// A number.
    Number(serde_yaml::Number),
    /// A word.
    Word(String),
}

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Setting::Number(number) => number.fmt(f),
            Setting::Word(word) => f.write_str(word),
        }
    }
}

impl Row {
    /// The settings as `--set` takes them.
    pub fn settings(&self) -> Vec<(String, String)> {
        self.set.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
    }

    /// The name of its run of a seed, which is that of the folder.
    pub fn run(&self, seed: u32) -> String {
        format!("{}-seed{seed}", self.slug())
    }

    /// Its label as a folder's name.
    pub fn slug(&self) -> String {
        let letters = self.label.chars().map(|c| match c.is_ascii_alphanumeric() {
            true => c.to_ascii_lowercase(),
            false => '-',
        });
        let words: String = letters.collect();
        let words: Vec<&str> = words.split('-').filter(|word| !word.is_empty()).collect();
        words.join("-")
    }
}

impl Study {
    /// Reads and checks a study; `name` is where it comes from.
    pub fn parse(name: &str, text: &str) -> Result<Self, TrainError> {
        let study: Study = yaml::read("study", name, text)?;
        study.check().map_err(|mistake| mistake.shown("study", name, text))?;
        Ok(study)
    }

    /// The data set of a row; folders count from the study's.
    pub fn data(&self, row: &Row, folder: &Path) -> Result<Set, String> {
        let data = row.data.as_ref().unwrap_or(&self.data);
        Set::parse(data, folder).ok_or_else(|| {
            format!("row {:?}: data is {data}, and must be one of {}", row.label, Set::known())
        })
    }

    /// How long each run is.
    pub fn length(&self) -> Length {
        match (self.epochs, self.steps) {
            (Some(epochs), _) => Length::Epochs(epochs),
            (None, Some(steps)) => Length::Steps(steps),
            (None, None) => Length::Recipe,
        }
    }

    fn check(&self) -> Result<(), Mistake> {
        let runs = self.rows.len().saturating_mul(self.seeds.len());
        if !(1..=MOST_RUNS).contains(&runs) {
            let key = if self.rows.is_empty() { "rows" } else { "seeds" };
            let text = format!("rows × seeds are {runs}, and must be 1 to {MOST_RUNS}");
            return Err(Mistake::at(key, text));
        }
        if self.epochs.is_some() && self.steps.is_some() {
            let text = "give its length as one of epochs and steps, or as neither";
            return Err(Mistake::at("steps", text));
        }
        if self.epochs.is_some_and(|epochs| !(epochs.0 > 0.0 && epochs.0.is_finite())) {
            return Err(Mistake::at("epochs", "its length is 0, and must be above 0"));
        }
        if self.steps == Some(0) {
            return Err(Mistake::at("steps", "its length is 0, and must be 1 or more"));
        }
        if self.seeds.iter().collect::<BTreeSet<_>>().len() < self.seeds.len() {
            return Err(Mistake::at("seeds", "a seed stands twice"));
        }
        let mut seen = BTreeMap::new();
        for row in &self.rows {
            let slug = row.slug();
            if slug.is_empty() {
                let text = format!("the label {:?} has no letter and no digit", row.label);
                return Err(Mistake::at("rows", text));
            }
            if let Some(other) = seen.insert(slug, &row.label) {
                let text = format!(
                    "the labels {other:?} and {:?} would share a folder; make them differ",
                    row.label
                );
                return Err(Mistake::at("rows", text));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Name;

    const TEXT: &str = "title: t\ndata: shapes10\nrecipe: he2016\nseeds: [0, 7]\nrows:\n\
        - { label: (a) One, spec: a.rnet, set: { depth: 20, word: pad }, paper: '6.61' }\n\
        - { label: Two, spec: b.rnet, data: cifar100 }\n";

    #[test]
    fn a_study_reads_as_it_is_written() {
        let study = Study::parse("s.yaml", TEXT).unwrap();
        assert_eq!((study.length(), study.seeds.len()), (Length::Recipe, 2));
        assert_eq!(study.rows[0].slug(), "a-one");
        let settings = [("depth", "20"), ("word", "pad")].map(|(a, b)| (a.into(), b.into()));
        assert_eq!(study.rows[0].settings(), settings);
        let data = |row: usize| study.data(&study.rows[row], Path::new("")).unwrap();
        assert_eq!([data(0), data(1)], [Name::Shapes10, Name::Cifar100].map(Set::Known));
    }

    #[test]
    fn mistakes_are_named() {
        for (from, to, expected) in [
            ("title: t", "titel: t", "did you mean `title`?"),
            ("seeds: [0, 7]", "seeds: []", "rows × seeds are 0"),
            ("seeds: [0, 7]", "seeds: [7, 7]", "twice"),
            ("title: t", "title: t\nepochs: 1\nsteps: 1", "one of epochs and steps"),
            ("title: t", "title: t\nepochs: 0", "length is 0"),
            ("label: Two", "label: A, extra: 1", "extra"),
            ("label: Two", "label: 'A one'", "share a folder"),
            ("label: Two", "label: '+'", "no letter"),
        ] {
            assert!(TEXT.contains(from));
            let text = Study::parse("s.yaml", &TEXT.replace(from, to)).unwrap_err().to_string();
            assert!(text.contains(expected), "{to}: {text}");
        }
        let study = Study::parse("s.yaml", &TEXT.replace("cifar100", "mnist")).unwrap();
        let error = study.data(&study.rows[1], Path::new("")).unwrap_err();
        assert!(error.contains("\"Two\": data is mnist"), "{error}");
    }
}
