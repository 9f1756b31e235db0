//! How a tile lies in memory.

/// Pixels around an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Border {
    /// Rows above.
    pub top: usize,
    /// Columns to the left.
    pub left: usize,
    /// Rows below.
    pub bottom: usize,
    /// Columns to the right.
    pub right: usize,
}

impl Border {
    /// The border that holds both.
    pub fn union(self, other: Border) -> Border {
        Border {
            top: self.top.max(other.top),
            left: self.left.max(other.left),
            bottom: self.bottom.max(other.bottom),
            right: self.right.max(other.right),
        }
    }
}

/// Where a result's pixels lie, without border; distances in elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResultLayout {
    /// From a row to the next.
    pub row: usize,
    /// From a pixel to the next.
    pub pixel: usize,
}

impl ResultLayout {
    /// Rows of `columns` pixels without gaps.
    pub fn plain(columns: usize, channels: usize) -> Self {
        Self { row: columns * channels, pixel: channels }
    }
}

/// An image in scratch memory: rows × columns × channels, row-major, with a border of zeros
/// around it and, at the very end, a few elements that are read but have no influence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TileLayout {
    /// Rows and columns of the image.
    pub image: [usize; 2],
    /// Channels of a pixel.
    pub channels: usize,
    /// Pixels around the image, which must be zero.
    pub border: Border,
    /// Elements after the last pixel; any value but left to right in allocated memory.
    pub slack: usize,
}

impl TileLayout {
    /// Elements from a row to the next.
    pub fn pitch(&self) -> usize {
        (self.border.left + self.image[1] + self.border.right) * self.channels
    }

    /// First element of the image's pixel at `row`, `col`.
    pub fn pixel(&self, row: usize, col: usize) -> usize {
        (self.border.top + row) * self.pitch() + (self.border.left + col) * self.channels
    }

    /// Elements of the whole tile.
    pub fn len(&self) -> usize {
        (self.border.top + self.image[0] + self.border.bottom) * self.pitch() + self.slack
    }

    /// Whether there is no element; never true for a plan's tiles.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
