//! Pictures as bytes, and the numbers that they become: cropped out of a border of zeros, mirrored,
//! standardised, with a hole. [`Crop::apply`] says how; an engine may do the same on its device.

mod batch;
mod crop;
mod table;

pub use batch::Batch;
pub use crop::{Crop, Hole};
pub use table::Table;

/// Size of every picture of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Channels.
    pub channels: usize,
}

impl Extent {
    /// 32 × 32 RGB, the size of CIFAR's pictures.
    pub const CIFAR: Extent = Extent { rows: 32, columns: 32, channels: 3 };

    /// Bytes of one picture.
    pub fn bytes(self) -> usize {
        self.rows * self.columns * self.channels
    }
}
