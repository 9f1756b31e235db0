//! How pictures of any size come to the size that a net reads.

use super::DataError;
use crate::pixels::{Extent, centred};

/// Most pixels that a picture's shorter side may become.
pub const MOST_RESIZE: usize = 4096;

/// How pictures of any size come to the size that a net reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizing {
    /// What the net reads.
    pub seen: Extent,
    /// What the shorter side of a picture becomes, the sides keeping their ratio, before its middle is
    /// taken (torchvision's `Resize` and `CenterCrop`). Otherwise pictures are stretched.
    pub resize: Option<usize>,
}

/// What pictures are read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be trained on.
    Training,
    /// To be classified.
    Test,
}

impl Purpose {
    /// What is held of a picture: of one that is trained on, where crops can be taken out of more than
    /// the net reads, the square in the middle that has the shorter side.
    pub fn extent(self, sizing: Sizing) -> Extent {
        match (self, sizing.resize) {
            (Purpose::Training, Some(side)) => Extent { rows: side, columns: side, ..sizing.seen },
            (Purpose::Training, None) | (Purpose::Test, _) => sizing.seen,
        }
    }
}

impl Sizing {
    /// Whether there is a middle as large as the net reads, of pictures that memory has room for.
    ///
    /// # Errors
    /// [`DataError::Resize`] where there is not.
    pub fn check(self) -> Result<(), DataError> {
        let side = self.seen.rows.max(self.seen.columns);
        match self.resize {
            Some(resize) if !(side..=MOST_RESIZE).contains(&resize) => {
                Err(DataError::Resize { resize, side, most: MOST_RESIZE })
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl From<Extent> for Sizing {
    /// Stretched.
    fn from(seen: Extent) -> Self {
        Self { seen, resize: None }
    }
}

/// Rows and columns of a picture whose shorter side has become `side`.
pub fn resized(sides: [usize; 2], side: usize) -> [usize; 2] {
    let [short, long] = [sides[0].min(sides[1]).max(1), sides[0].max(sides[1])];
    // The product of a picture's side and 4,096 fits.
    let longer = (side as u64 * long as u64 / short as u64) as usize;
    if sides[0] <= sides[1] { [side, longer] } else { [longer, side] }
}

/// Where the `held` pixels of a side begin, so that their middle is the middle of the whole side.
pub fn first(whole: usize, held: usize, seen: usize) -> usize {
    centred(whole, seen) - centred(held, seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_are_those_of_torchvision() {
        // transforms.functional._compute_resized_output_size.
        for (sides, side, expected) in [
            ([100, 50], 32, [64, 32]),
            ([50, 101], 32, [32, 64]),
            ([3, 7], 5, [5, 11]),
            ([640, 427], 256, [383, 256]),
            ([8, 8], 11, [11, 11]),
        ] {
            assert_eq!(resized(sides, side), expected);
        }
    }

    #[test]
    fn a_size_has_room_for_what_is_seen_and_is_bounded() {
        let seen = Extent { rows: 4, columns: 6, channels: 3 };
        let fits = |resize| Sizing { seen, resize }.check().is_ok();
        assert!(fits(None) && fits(Some(6)) && fits(Some(MOST_RESIZE)));
        // 2³² squared is 0 in 64 bits.
        assert!(!fits(Some(5)) && !fits(Some(MOST_RESIZE + 1)) && !fits(Some(1 << 32)));
    }

    #[test]
    fn the_middle_of_what_is_held_is_the_middle_of_the_picture() {
        for seen in 1..9 {
            for held in seen..14 {
                for whole in held..40 {
                    let first = first(whole, held, seen);
                    assert!(first + held <= whole, "{whole}, {held}, {seen}");
                    assert_eq!(first + centred(held, seen), centred(whole, seen));
                }
            }
        }
    }
}
