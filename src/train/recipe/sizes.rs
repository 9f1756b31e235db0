//! Pictures that are smaller, or larger, for a part of the run: progressive resizing (Howard 2018, in fast.ai's
//! entry to DAWNBench; Tan and Le 2021, EfficientNetV2, section 4).

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ranges::length_makes_sense;
use super::{MOST_RESIZE, Recipe};
use crate::train::epochs::Epochs;
use crate::train::yaml::Mistake;

/// A part of a run whose pictures have another size than the net's own.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// What training pictures are stretched to.
    pub size: Size,
    /// Epochs of the recipe's length after which it ends.
    pub until: Epochs,
}

/// Rows and columns of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// As many of both.
    Square(usize),
    /// So many.
    Sides([usize; 2]),
}

impl Size {
    /// Rows and columns.
    pub fn sides(self) -> [usize; 2] {
        match self {
            Size::Square(side) => [side; 2],
            Size::Sides(sides) => sides,
        }
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Size::Square(side) => side.serialize(to),
            Size::Sides(sides) => sides.serialize(to),
        }
    }
}

impl<'a> Deserialize<'a> for Size {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        struct OneOrTwo;
        impl<'a> Visitor<'a> for OneOrTwo {
            type Value = Size;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a whole number of pixels a side such as 24, or rows and columns such as [24, 32],")
            }

            fn visit_u64<E>(self, side: u64) -> Result<Size, E> {
                Ok(Size::Square(usize::try_from(side).unwrap_or(usize::MAX)))
            }

            fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Size, A::Error> {
                let mut sides = Vec::new();
                while let Some(side) = list.next_element()? {
                    sides.push(side);
                }
                let count = sides.len();
                let sides = sides.try_into();
                sides
                    .map(Size::Sides)
                    .map_err(|_| serde::de::Error::invalid_length(count, &"an array of length 2"))
            }
        }
        from.deserialize_any(OneOrTwo)
    }
}

/// Most parts of a run: each is compiled before it begins.
const MOST: usize = 20;

/// Says what is wrong with them, whatever net they are for.
pub(super) fn check(recipe: &Recipe) -> Result<(), Mistake> {
    let wrong = |text: String| Err(Mistake::at("sizes", text));
    if recipe.sizes.len() > MOST {
        return wrong(format!("sizes has {} parts; the most is {MOST}", recipe.sizes.len()));
    }
    let mut before = None;
    for Stage { size, until } in &recipe.sizes {
        if let Some(side) = size.sides().into_iter().find(|side| !(1..=MOST_RESIZE).contains(side))
        {
            return wrong(format!("size in sizes is {side}, and must be 1 to {MOST_RESIZE}"));
        }
        length_makes_sense("sizes", "until in sizes", *until)?;
        if let Some(before) = before.filter(|before| before >= until) {
            return wrong(format!(
                "sizes: until is {until} behind until: {before}; write the parts in their order, each with a \
                 later end"
            ));
        }
        if let Some(all) = recipe.epochs.filter(|all| until > all) {
            return wrong(format!("sizes: until is {until}, and the recipe has {all} epochs"));
        }
        before = Some(*until);
    }
    Ok(())
}
