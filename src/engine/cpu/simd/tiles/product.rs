//! Contractions on tiles as data: rows of A, given by offsets, times packed B.

/// Bytes of a tile.
pub const TILE_BYTES: usize = 1024;
/// Rows of a tile; columns of f32.
pub const SIDE: usize = 16;
/// bf16 numbers in a row: how much of the reduction one step covers.
pub const DEPTH: usize = 32;

/// Rows of C, as many as [`Product::rows`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Bytes to its first row in A.
    pub a: usize,
    /// Bytes to its first row in C.
    pub c: usize,
}

/// Sixteen columns of C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Bytes to its tiles in B.
    pub b: usize,
    /// Bytes to skip in every item of C.
    pub c: usize,
}

/// 32 elements of the reduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Bytes to skip in every row of A.
    pub a: usize,
    /// Bytes to the tile in a column of B.
    pub b: usize,
}

/// C = (C if `accumulate`) + A·B in bf16, added up in f32. Distances in bytes.
///
/// Loading a tile whose rows cross cache lines takes six times as long: rows of A and tiles of B
/// begin on 64 bytes where the plan can have it so.
///
/// Operands in two parts, A + A' and B + B', give A·B' + A·B + A'·B.
#[derive(Clone, Debug)]
pub struct Product {
    pub items: Vec<Item>,
    /// Rows of an item: sixteen or, on a unit that takes them, eight.
    pub rows: usize,
    pub columns: Vec<Column>,
    pub steps: Vec<Step>,
    /// From a row of A to the next.
    pub a_row: usize,
    /// From a row of C to the next.
    pub c_row: usize,
    /// From A to A' and from B to B', where operands have two parts.
    pub low: Option<[usize; 2]>,
    // Read by what runs it.
    #[cfg_attr(not(all(target_os = "linux", target_arch = "x86_64")), allow(dead_code))]
    pub accumulate: bool,
}

impl Product {
    /// One past the last byte of A that is read.
    pub fn a_end(&self) -> usize {
        let item = self.items.iter().map(|i| i.a).max().unwrap_or(0);
        let step = self.steps.iter().map(|s| s.a).max().unwrap_or(0);
        item + (self.rows - 1) * self.a_row + step + 2 * DEPTH + self.low.map_or(0, |[a, _]| a)
    }

    /// One past the last byte of B that is read.
    pub fn b_end(&self) -> usize {
        let column = self.columns.iter().map(|c| c.b).max().unwrap_or(0);
        let step = self.steps.iter().map(|s| s.b).max().unwrap_or(0);
        column + step + TILE_BYTES + self.low.map_or(0, |[_, b]| b)
    }

    /// One past the last byte of C that is touched.
    pub fn c_end(&self) -> usize {
        let item = self.items.iter().map(|i| i.c).max().unwrap_or(0);
        let column = self.columns.iter().map(|c| c.c).max().unwrap_or(0);
        item + column + (self.rows - 1) * self.c_row + 4 * SIDE
    }
}

/// bf16 pixels of `channels` numbers, in the order in which they are added up.
#[derive(Clone, Copy)]
// Read by what packs them.
#[cfg_attr(not(all(target_os = "linux", target_arch = "x86_64")), allow(dead_code))]
pub struct Pixels<'a> {
    pub values: &'a [u16],
    pub channels: usize,
    /// First element of each; what lies beyond the values, and all that follow, are zeros.
    pub at: &'a [u32],
}

impl Pixels<'_> {
    /// No pixel: beyond all values.
    pub const NONE: u32 = u32::MAX;
}
