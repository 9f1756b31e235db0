//! Pictures as bytes, and the numbers that they become: cropped out of a border, mirrored,
//! standardised, with a hole, mixed with each other. [`Crop::apply`] and [`Mix::apply`] say how; an engine
//! may do the same on its device.

mod batch;
mod border;
mod crop;
mod mix;
mod operation;
mod resample;
mod table;

pub use batch::Batch;
pub use border::Border;
pub use crop::{Crop, Hole};
pub use mix::Mix;
pub use operation::{Matrix, Operation, luma};
pub use resample::{Area, Window, centred};
pub use table::Table;

/// Channels of a picture in colour.
pub const COLOURS: usize = 3;

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

    /// Rows and columns.
    pub fn sides(self) -> [usize; 2] {
        [self.rows, self.columns]
    }

    /// Bytes of one picture.
    pub fn bytes(self) -> usize {
        self.rows * self.columns * self.channels
    }
}
