//! What is done to training pictures: random crops of padded pictures, flips, holes, mixtures. Each
//! choice is a function of the seed, the epoch and the picture; a mixture's, of the seed and the step.

mod erase;
mod flip;
mod jitter;
mod mixing;
mod rand_augment;
mod rectangle;
mod resized;

use super::Extent;
use super::random::{Draws, Purpose};
use crate::pixels::{Area, Border, Crop, Hole};

pub use erase::Erasing;
pub use flip::Flip;
pub use jitter::Jitter;
pub use mixing::Mixing;
pub use rand_augment::{MOST as MOST_MAGNITUDE, RandAugment};
pub use resized::ResizedCrop;

/// How far crops wander, and what else is done.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Augmentation {
    /// Areas of pictures that are stretched to the pictures' size; whole pictures, unless given.
    pub area: Option<ResizedCrop>,
    /// How colours change.
    pub jitter: Option<Jitter>,
    /// Operations that are drawn, after that.
    pub rand_augment: Option<RandAugment>,
    /// Rows and columns added on each side.
    pub pad: usize,
    /// Of what they are.
    pub border: Border,
    /// Which pictures are mirrored.
    pub flip: Flip,
    /// Side of a square that is set to zero in each picture; its parts outside are lost.
    pub cutout: usize,
    /// A rectangle that is set to zero in some, in place of the square.
    pub erasing: Option<Erasing>,
    /// How pictures are mixed with each other.
    pub mixing: Mixing,
}

impl Augmentation {
    /// The area of a picture that is shown, in an epoch, in the size that the net reads; nothing where it
    /// is all of it, as it is. Of more than the net reads, that is a part at a random place (He et al. 2015,
    /// section 3.4), unless areas are drawn.
    pub fn place(&self, held: Extent, seen: Extent, key: (u32, u32, usize)) -> Option<Area> {
        if let Some(area) = self.area {
            return Some(area.draw(held, key));
        }
        if held == seen {
            return None;
        }
        let mut draws = Draws::of_picture(Purpose::Area, key);
        Some(rectangle::anywhere(held, seen.sides(), &mut draws))
    }

    /// Changes the colours and the shape of a picture, before it is cropped and mirrored.
    pub fn paint(
        &self,
        extent: Extent,
        key: (u32, u32, usize),
        picture: &mut [u8],
        scratch: &mut Vec<u8>,
    ) {
        let colours = self.jitter.into_iter().flat_map(|jitter| jitter.draw(key));
        let drawn = self.rand_augment.into_iter().flat_map(|rand| rand.draw(extent, key));
        colours.chain(drawn).for_each(|operation| operation.apply(extent, picture, scratch));
    }

    /// The crop for a picture of this size in an epoch.
    pub fn draw(&self, extent: Extent, key: (u32, u32, usize)) -> Crop {
        let mut draws = Draws::of_picture(Purpose::Augment, key);
        let mut offset = || draws.below(2 * self.pad + 1) as i32 - self.pad as i32;
        let (down, right) = (offset(), offset());
        let flip = match self.flip {
            Flip::Never => false,
            Flip::Random => draws.coin(),
            Flip::Alternate => flip::alternates(key),
        };
        // Drawn last, so that recipes without holes crop alike.
        let hole = match self.erasing {
            None => self.hole([draws.below(extent.rows), draws.below(extent.columns)], extent),
            Some(erasing) => erasing.draw(extent, &mut draws),
        };
        Crop { down, right, border: self.border, flip, hole }
    }

    /// A square around a pixel.
    fn hole(&self, [row, column]: [usize; 2], extent: Extent) -> Hole {
        // An even side reaches one further up and left.
        let span = |middle: usize, most: usize| {
            let first = middle.saturating_sub(self.cutout / 2);
            [first as u32, (middle + self.cutout.div_ceil(2)).min(most) as u32]
        };
        Hole { rows: span(row, extent.rows), columns: span(column, extent.columns) }
    }
}

#[cfg(test)]
mod tests;
