//! Which pictures are mirrored.

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::super::random::{Draws, Purpose};

/// Which pictures are mirrored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flip {
    /// None.
    #[default]
    Never,
    /// Each with a probability of a half.
    Random,
    /// Half of them, and in the next epoch the others (Jordan 2024), so that two epochs together show
    /// each picture both ways.
    Alternate,
}

/// How [`Flip::Alternate`] is written.
const ALTERNATE: &str = "alternate";

impl Serialize for Flip {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Flip::Never => to.serialize_bool(false),
            Flip::Random => to.serialize_bool(true),
            Flip::Alternate => to.serialize_str(ALTERNATE),
        }
    }
}

impl<'a> Deserialize<'a> for Flip {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        struct Word;

        impl Visitor<'_> for Word {
            type Value = Flip;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("true, false or alternate")
            }

            fn visit_bool<E: Error>(self, flips: bool) -> Result<Flip, E> {
                Ok(if flips { Flip::Random } else { Flip::Never })
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Flip, E> {
                let wrong = || E::invalid_value(Unexpected::Str(word), &self);
                (word == ALTERNATE).then_some(Flip::Alternate).ok_or_else(wrong)
            }
        }

        from.deserialize_any(Word)
    }
}

/// Whether a picture is mirrored in an epoch, where it is in every other one.
pub fn alternates((seed, epoch, index): (u32, u32, usize)) -> bool {
    Draws::new(seed, Purpose::Flip, index as u64).coin() ^ (epoch % 2 == 1)
}
