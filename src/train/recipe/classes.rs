//! What classes count, and how often they are seen.

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Error, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::data::Pictures;
use crate::data::targets;
use crate::train::yaml::Mistake;

/// What each class counts in the loss.
#[derive(Clone, Debug, PartialEq)]
pub enum ClassWeights {
    /// The more, the fewer training pictures it has, so that each counts alike.
    Balanced,
    /// As it says, class by class.
    Given(Vec<f64>),
}

/// How [`ClassWeights::Balanced`] is written.
const BALANCED: &str = "balanced";

impl Serialize for ClassWeights {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            ClassWeights::Balanced => to.serialize_str(BALANCED),
            ClassWeights::Given(weights) => weights.serialize(to),
        }
    }
}

impl<'a> Deserialize<'a> for ClassWeights {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        struct Written;

        impl<'a> Visitor<'a> for Written {
            type Value = ClassWeights;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("balanced, or a list of a number for each class,")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<ClassWeights, E> {
                let wrong = || E::invalid_value(Unexpected::Str(word), &self);
                (word == BALANCED).then_some(ClassWeights::Balanced).ok_or_else(wrong)
            }

            fn visit_seq<A: SeqAccess<'a>>(self, list: A) -> Result<ClassWeights, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(ClassWeights::Given)
            }
        }

        from.deserialize_any(Written)
    }
}

/// Largest weight: their sum over a batch stays far from infinite.
const MOST_WEIGHT: f64 = 1e6;

impl ClassWeights {
    /// Class by class, for these training pictures.
    pub fn resolved(&self, pictures: &dyn Pictures, classes: usize) -> Vec<f64> {
        match self {
            ClassWeights::Given(weights) => weights.clone(),
            ClassWeights::Balanced => {
                let mut counts = vec![0; classes];
                for number in 0..pictures.count() {
                    if let Some(count) = counts.get_mut(usize::from(pictures.label(0, number))) {
                        *count += 1;
                    }
                }
                targets::balanced(&counts)
            }
        }
    }

    /// Says what is wrong with it.
    pub fn check(&self) -> Result<(), Mistake> {
        let ClassWeights::Given(weights) = self else { return Ok(()) };
        let wrong = |text: String| Err(Mistake::at("class_weights", text));
        if weights.is_empty() {
            return wrong(
                "class_weights is empty: write a number for each class, or balanced".into(),
            );
        }
        match weights.iter().find(|weight| !(weight.is_finite() && **weight >= 0.0)) {
            Some(weight) => {
                wrong(format!("class_weights has {weight}, and each must be 0 or more"))
            }
            None if weights.iter().any(|weight| *weight > MOST_WEIGHT) => {
                wrong(format!("class_weights go up to {MOST_WEIGHT}; only their ratios count"))
            }
            None if weights.iter().all(|weight| *weight == 0.0) => {
                wrong("class_weights are all 0, so that nothing would be learnt".into())
            }
            None => Ok(()),
        }
    }
}
