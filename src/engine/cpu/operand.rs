//! How numbers lie in memory: what an element is, where an image's pixels are, how far it all
//! reaches. Who writes an operand, who reads it and who plans its memory ask here.

/// How an element lies in memory; in a register it is always an f32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NumberFormat {
    /// 32 bits.
    #[default]
    F32,
    /// The upper 16 bits of an f32, rounded to nearest even.
    Bf16,
    /// Written only: a bf16, and `distance` elements further the bf16 of what it leaves.
    Split {
        /// Elements from one half to the other.
        distance: usize,
    },
}

impl NumberFormat {
    /// Bytes from one element to the next.
    pub fn bytes(self) -> usize {
        match self {
            NumberFormat::F32 => 4,
            NumberFormat::Bf16 | NumberFormat::Split { .. } => 2,
        }
    }
}

impl std::fmt::Display for NumberFormat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            NumberFormat::F32 => "f32",
            NumberFormat::Bf16 => "bf16",
            NumberFormat::Split { .. } => "bf16x2",
        })
    }
}

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

/// An image in memory: rows × columns × channels, row-major, with a border around it and, at the
/// very end, a few elements that have no influence.
///
/// Around what a contraction reads, the border is zero. Around what one writes, it is garbage,
/// and so is what lies between a pixel's channels and the next pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TileLayout {
    /// Rows and columns of the image.
    pub image: [usize; 2],
    /// Elements from a pixel to the next: its channels, or more.
    pub channels: usize,
    /// Pixels around the image.
    pub border: Border,
    /// Elements after the last pixel that kernels touch; any value but left to right in
    /// allocated memory.
    pub slack: usize,
}

impl TileLayout {
    /// An image without border.
    pub fn plain(image: [usize; 2], channels: usize) -> Self {
        Self { image, channels, border: Border::default(), slack: 0 }
    }

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

    /// The same with as much slack as makes it at least `len` elements.
    pub fn reaching(self, len: usize) -> Self {
        Self { slack: self.slack + len.saturating_sub(self.len()), ..self }
    }
}

/// What a step reads or writes of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operand {
    /// Pixels, in elements.
    pub layout: TileLayout,
    /// What an element is.
    pub format: NumberFormat,
}

impl Operand {
    /// In f32.
    pub fn f32(layout: TileLayout) -> Self {
        Self { layout, format: NumberFormat::F32 }
    }

    /// f32 words that hold it, slack included.
    pub fn words(&self) -> usize {
        let len = self.layout.len();
        match self.format {
            NumberFormat::F32 => len,
            NumberFormat::Bf16 => len.div_ceil(2),
            NumberFormat::Split { distance } => (distance + len).div_ceil(2),
        }
    }

    /// Whether who wrote this has left, at the start of the same memory, what `reader` reads: the
    /// same pixels without borders, and no less after them.
    pub fn holds(&self, reader: &Operand) -> bool {
        let pixels = |operand: &Operand| Operand {
            layout: TileLayout { slack: 0, ..operand.layout },
            ..*operand
        };
        pixels(self) == pixels(reader)
            && self.layout.border == Border::default()
            && self.layout.slack >= reader.layout.slack
    }

    /// Whether something around the pixels must be zero before a step reads it: the border, and
    /// in bf16 the slack, since a tile of AMX multiplies it (by zero, and a NaN would stay one).
    pub fn needs_clearing(&self) -> bool {
        let slack = self.format != NumberFormat::F32 && self.layout.slack > 0;
        self.layout.border != Border::default() || slack
    }
}
