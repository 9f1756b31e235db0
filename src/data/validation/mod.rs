//! A validation part, drawn from the training pictures.
//!
//! Whether a picture belongs to it follows from a hash of the seed and of the picture itself, so that
//! copies of a picture stay together, and neither another name nor another order moves one. By a
//! share, it depends on no other picture, however many come; by a number, only as many change sides
//! as the number takes.

use std::collections::HashSet;
use std::sync::Arc;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use super::selected::Selected;
use super::{DataError, Dataset, Pictures};

/// How many pictures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Amount {
    /// So many, of each class in proportion to its pictures.
    Count(u64),
    /// Each picture with this probability.
    Share(f64),
}

/// What [`Amount`] is told to be.
const EXPECTED: &str = "a number of pictures such as 5000, or a share of them such as 0.1,";

impl<'a> Deserialize<'a> for Amount {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = Amount;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(EXPECTED)
            }

            fn visit_u64<E: Error>(self, count: u64) -> Result<Amount, E> {
                Ok(Amount::Count(count))
            }

            fn visit_i64<E: Error>(self, count: i64) -> Result<Amount, E> {
                let wrong = || E::invalid_value(Unexpected::Signed(count), &self);
                u64::try_from(count).map(Amount::Count).map_err(|_| wrong())
            }

            fn visit_f64<E: Error>(self, share: f64) -> Result<Amount, E> {
                Ok(Amount::Share(share))
            }
        }

        from.deserialize_any(Number)
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Amount::Count(count) => count.fmt(f),
            Amount::Share(share) => share.fmt(f),
        }
    }
}

impl Dataset {
    /// The same with a validation part taken out of the training pictures.
    ///
    /// # Errors
    /// A picture's file cannot be read again; or too few or too many pictures are asked for.
    pub fn divided(&self, amount: Amount, seed: u32) -> Result<Self, DataError> {
        let classes = ranked(self.train.as_ref(), self.classes.len(), seed)?;
        let held = match amount {
            Amount::Count(count) => by_count(&classes, count),
            Amount::Share(share) => by_share(&classes, share),
        };
        let count = self.train.count();
        let asked = held.iter().map(Vec::len).sum::<usize>();
        // A number may be missed by some where copies of a picture stay together.
        let too_many = match amount {
            Amount::Count(wanted) => wanted > taken(&classes) as u64,
            Amount::Share(_) => false,
        };
        let is_none = asked == 0 && !too_many;
        if is_none || too_many || asked == count {
            return Err(DataError::Validation {
                data: self.name.clone(),
                amount: amount.to_string(),
                is_none,
                count,
                classes: taken(&classes),
            });
        }
        let mut is_held = vec![false; count];
        held.iter().flatten().for_each(|&number| is_held[number] = true);
        let side = |of: bool| {
            let numbers = (0..count).filter(|&number| is_held[number] == of).collect();
            Arc::new(Selected::new(self.train.clone(), numbers)) as Arc<dyn Pictures>
        };
        Ok(Self { train: side(false), validation: Some(side(true)), ..self.clone() })
    }
}

/// Of each class, its pictures with their ranks, the lowest first.
fn ranked(
    pictures: &dyn Pictures,
    classes: usize,
    seed: u32,
) -> Result<Vec<Vec<(u64, usize)>>, DataError> {
    let mut of = vec![Vec::new(); classes];
    for number in 0..pictures.count() {
        let label = usize::from(pictures.label(0, number));
        let rank = rank(pictures.identity(number)?, seed);
        if let Some(class) = of.get_mut(label) {
            class.push((rank, number));
        }
    }
    of.iter_mut().for_each(|class| class.sort_unstable());
    Ok(of)
}

/// A number between 0 and 2⁶⁴ that only the picture and the seed decide.
fn rank(identity: [u8; 32], seed: u32) -> u64 {
    let hash: [u8; 32] =
        Sha256::new().chain_update(seed.to_le_bytes()).chain_update(identity).finalize().into();
    u64::from_le_bytes(hash[..8].try_into().unwrap_or_default())
}

/// Those whose rank lies below the share; one of each class stays to be trained on.
fn by_share(classes: &[Vec<(u64, usize)>], share: f64) -> Vec<Vec<usize>> {
    // 2⁶⁴ as a float; a cast beyond the largest integer is that integer.
    let limit = (share * 18_446_744_073_709_551_616.0) as u64;
    let held = |class: &Vec<(u64, usize)>| {
        let below = class.partition_point(|(rank, _)| *rank < limit);
        numbers(class, below, &HashSet::new())
    };
    classes.iter().map(held).collect()
}

/// The lowest ranks of each class, in proportion to its pictures (largest remainders).
fn by_count(classes: &[Vec<(u64, usize)>], count: u64) -> Vec<Vec<usize>> {
    let all: u64 = classes.iter().map(|class| class.len() as u64).sum();
    let part = |class: &Vec<_>| {
        let scaled = u128::from(count) * class.len() as u128;
        (scaled / u128::from(all.max(1)), scaled % u128::from(all.max(1)))
    };
    let mut parts: Vec<(u128, u128)> = classes.iter().map(part).collect();
    let given: u128 = parts.iter().map(|(whole, _)| whole).sum();
    let mut order: Vec<usize> = (0..classes.len()).collect();
    order.sort_by_key(|&class| std::cmp::Reverse(parts[class].1));
    for class in order.into_iter().take((u128::from(count) - given) as usize) {
        parts[class].0 += 1;
    }
    let shared = shared(classes);
    let held = |(class, (part, _)): (&Vec<_>, (u128, u128))| numbers(class, part as usize, &shared);
    classes.iter().zip(parts).map(held).collect()
}

/// The first of a class, which keeps one at least. Copies of a picture stay together: where not all of
/// them have room, or some are `elsewhere`, they are passed over.
fn numbers(class: &[(u64, usize)], most: usize, elsewhere: &HashSet<u64>) -> Vec<usize> {
    let most = most.min(class.len().saturating_sub(1));
    let mut taken = Vec::with_capacity(most);
    for copies in class.chunk_by(|a, b| a.0 == b.0) {
        if taken.len() + copies.len() <= most && !elsewhere.contains(&copies[0].0) {
            taken.extend(copies.iter().map(|(_, number)| *number));
        }
    }
    taken
}

/// Ranks that pictures of several classes have: copies that are labelled otherwise.
fn shared(classes: &[Vec<(u64, usize)>]) -> HashSet<u64> {
    let (mut seen, mut shared) = (HashSet::new(), HashSet::new());
    for class in classes {
        for copies in class.chunk_by(|a, b| a.0 == b.0) {
            if !seen.insert(copies[0].0) {
                shared.insert(copies[0].0);
            }
        }
    }
    shared
}

/// How many pictures of some classes can be held out.
fn taken(classes: &[Vec<(u64, usize)>]) -> usize {
    classes.iter().map(|class| class.len().saturating_sub(1)).sum()
}

#[cfg(test)]
mod tests;
