//! The one loop of all contractions on tiles: rows of A, given by offsets, times packed B.

use std::arch::asm;

/// Bytes of a tile.
pub const TILE_BYTES: usize = 1024;
/// Rows of a tile; columns of f32.
pub const SIDE: usize = 16;
/// bf16 numbers in a row: how much of the reduction one step covers.
pub const DEPTH: usize = 32;

/// A sixteenth of the rows of C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// Bytes to its first row in A.
    pub a: usize,
    /// Bytes to its first row in C.
    pub c: usize,
}

/// 32 elements of the reduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Bytes to skip in every row of A.
    pub a: usize,
    /// Bytes to the tile in a block of B.
    pub b: usize,
}

/// C = (C if `accumulate`) + A·B in bf16, added up in f32. Distances in bytes.
///
/// Operands in two parts, A + A' and B + B', give A·B' + A·B + A'·B.
#[derive(Clone, Debug)]
pub struct Product {
    pub items: Vec<Item>,
    pub steps: Vec<Step>,
    /// From a row of A to the next.
    pub a_row: usize,
    /// From a row of C to the next.
    pub c_row: usize,
    /// From the tiles of sixteen columns of B to those of the next.
    pub b_block: usize,
    /// Sixteens of columns.
    pub blocks: usize,
    /// From A to A' and from B to B', where operands have two parts.
    pub low: Option<[usize; 2]>,
    pub accumulate: bool,
}

/// Repeats four independent products on tiles, for their speed. Where there are tiles, and this
/// thread has configured them.
pub fn products(repeats: usize) {
    for _ in 0..if super::available() { repeats } else { 0 } {
        // SAFETY: the machine has tiles; what they hold does not matter.
        unsafe {
            asm!(
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                options(nostack, nomem)
            );
        }
    }
}

/// Zeroes the four tiles that hold sums.
///
/// # Safety
/// The machine has tiles and this thread has configured them.
unsafe fn zero_sums() {
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "tilezero tmm0",
            "tilezero tmm1",
            "tilezero tmm2",
            "tilezero tmm3",
            options(nostack, nomem)
        );
    }
}

impl Product {
    /// One past the last byte of A that is read.
    pub fn a_end(&self) -> usize {
        let item = self.items.iter().map(|i| i.a).max().unwrap_or(0);
        let step = self.steps.iter().map(|s| s.a).max().unwrap_or(0);
        item + (SIDE - 1) * self.a_row + step + 2 * DEPTH + self.low.map_or(0, |[a, _]| a)
    }

    /// One past the last byte of B that is read.
    pub fn b_end(&self) -> usize {
        let step = self.steps.iter().map(|s| s.b).max().unwrap_or(0);
        (self.blocks - 1) * self.b_block + step + TILE_BYTES + self.low.map_or(0, |[_, b]| b)
    }

    /// One past the last byte of C that is touched.
    pub fn c_end(&self) -> usize {
        let item = self.items.iter().map(|i| i.c).max().unwrap_or(0);
        item + (SIDE - 1) * self.c_row + self.blocks * 4 * SIDE
    }

    /// Multiplies.
    ///
    /// # Safety
    /// The machine has tiles and this thread has configured them. `a`, `b` and `c` are valid for
    /// as many bytes as the three methods above say, and nothing else touches `c`.
    pub unsafe fn run(&self, a: *const u8, b: *const u8, c: *mut u8) {
        let mut block = 0;
        while block < self.blocks {
            // SAFETY: the caller's promise; a block lies inside B and C.
            unsafe {
                let b = b.add(block * self.b_block);
                let c = c.add(block * 4 * SIDE);
                if block + 1 < self.blocks {
                    self.pair(a, b, c);
                    block += 2;
                } else {
                    self.single(a, b, c);
                    block += 1;
                }
            }
        }
    }

    /// Two items by two blocks at a time.
    unsafe fn pair(&self, a: *const u8, b: *const u8, c: *mut u8) {
        for items in self.items.chunks(2) {
            // An odd one out is computed twice, with the same result.
            let (first, second) = (items[0], items[items.len() - 1]);
            // SAFETY: the caller's promise.
            unsafe {
                let (a0, a1) = (a.add(first.a), a.add(second.a));
                let (c0, c1) = (c.add(first.c), c.add(second.c));
                if self.accumulate {
                    asm!("tileloadd tmm0, [{c0} + {s}]", "tileloadd tmm1, [{c0} + {s} + 64]",
                        "tileloadd tmm2, [{c1} + {s}]", "tileloadd tmm3, [{c1} + {s} + 64]",
                        c0 = in(reg) c0, c1 = in(reg) c1, s = in(reg) self.c_row,
                        options(nostack, readonly));
                } else {
                    zero_sums();
                }
                for step in &self.steps {
                    let b = b.add(step.b);
                    let a = [a0, a1].map(|a| a.add(step.a));
                    if let Some(low) = self.low {
                        self.pair_of_parts(a, b, low);
                        continue;
                    }
                    asm!("tileloadd tmm4, [{a0} + {sa}]", "tileloadd tmm6, [{b0} + {sb}]",
                        "tdpbf16ps tmm0, tmm4, tmm6",
                        "tileloadd tmm7, [{b1} + {sb}]",
                        "tdpbf16ps tmm1, tmm4, tmm7",
                        "tileloadd tmm5, [{a1} + {sa}]",
                        "tdpbf16ps tmm2, tmm5, tmm6", "tdpbf16ps tmm3, tmm5, tmm7",
                        a0 = in(reg) a[0], a1 = in(reg) a[1],
                        b0 = in(reg) b, b1 = in(reg) b.add(self.b_block),
                        sa = in(reg) self.a_row, sb = in(reg) 4 * SIDE,
                        options(nostack, readonly));
                }
                asm!("tilestored [{c0} + {s}], tmm0", "tilestored [{c0} + {s} + 64], tmm1",
                    "tilestored [{c1} + {s}], tmm2", "tilestored [{c1} + {s} + 64], tmm3",
                    c0 = in(reg) c0, c1 = in(reg) c1, s = in(reg) self.c_row, options(nostack));
            }
        }
    }

    /// Four items by one block at a time.
    unsafe fn single(&self, a: *const u8, b: *const u8, c: *mut u8) {
        for items in self.items.chunks(4) {
            let item = |at: usize| items[at.min(items.len() - 1)];
            // SAFETY: the caller's promise.
            unsafe {
                let from = [0, 1, 2, 3].map(|at| a.add(item(at).a));
                let to = [0, 1, 2, 3].map(|at| c.add(item(at).c));
                if self.accumulate {
                    asm!("tileloadd tmm0, [{c0} + {s}]", "tileloadd tmm1, [{c1} + {s}]",
                        "tileloadd tmm2, [{c2} + {s}]", "tileloadd tmm3, [{c3} + {s}]",
                        c0 = in(reg) to[0], c1 = in(reg) to[1], c2 = in(reg) to[2],
                        c3 = in(reg) to[3], s = in(reg) self.c_row, options(nostack, readonly));
                } else {
                    zero_sums();
                }
                for step in &self.steps {
                    let b = b.add(step.b);
                    let from = from.map(|a| a.add(step.a));
                    if let Some(low) = self.low {
                        self.single_of_parts(from, b, low);
                        continue;
                    }
                    asm!("tileloadd tmm7, [{b} + {sb}]",
                        "tileloadd tmm4, [{a0} + {sa}]", "tdpbf16ps tmm0, tmm4, tmm7",
                        "tileloadd tmm5, [{a1} + {sa}]", "tdpbf16ps tmm1, tmm5, tmm7",
                        "tileloadd tmm6, [{a2} + {sa}]", "tdpbf16ps tmm2, tmm6, tmm7",
                        "tileloadd tmm4, [{a3} + {sa}]", "tdpbf16ps tmm3, tmm4, tmm7",
                        a0 = in(reg) from[0], a1 = in(reg) from[1],
                        a2 = in(reg) from[2], a3 = in(reg) from[3],
                        b = in(reg) b, sa = in(reg) self.a_row,
                        sb = in(reg) 4 * SIDE, options(nostack, readonly));
                }
                asm!("tilestored [{c0} + {s}], tmm0", "tilestored [{c1} + {s}], tmm1",
                    "tilestored [{c2} + {s}], tmm2", "tilestored [{c3} + {s}], tmm3",
                    c0 = in(reg) to[0], c1 = in(reg) to[1], c2 = in(reg) to[2],
                    c3 = in(reg) to[3], s = in(reg) self.c_row, options(nostack));
            }
        }
    }

    /// One step of [`Product::pair`]: twelve products of eight tiles.
    unsafe fn pair_of_parts(&self, [a0, a1]: [*const u8; 2], b: *const u8, [la, lb]: [usize; 2]) {
        // SAFETY: the caller's promise.
        unsafe {
            asm!("tileloadd tmm4, [{a0} + {sa}]", "tileloadd tmm6, [{lb0} + {sb}]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloadd tmm5, [{a1} + {sa}]", "tdpbf16ps tmm2, tmm5, tmm6",
                "tileloadd tmm7, [{lb1} + {sb}]",
                "tdpbf16ps tmm1, tmm4, tmm7", "tdpbf16ps tmm3, tmm5, tmm7",
                "tileloadd tmm6, [{b0} + {sb}]",
                "tdpbf16ps tmm0, tmm4, tmm6", "tdpbf16ps tmm2, tmm5, tmm6",
                "tileloadd tmm7, [{b1} + {sb}]",
                "tdpbf16ps tmm1, tmm4, tmm7", "tdpbf16ps tmm3, tmm5, tmm7",
                "tileloadd tmm4, [{la0} + {sa}]",
                "tdpbf16ps tmm0, tmm4, tmm6", "tdpbf16ps tmm1, tmm4, tmm7",
                "tileloadd tmm5, [{la1} + {sa}]",
                "tdpbf16ps tmm2, tmm5, tmm6", "tdpbf16ps tmm3, tmm5, tmm7",
                a0 = in(reg) a0, a1 = in(reg) a1, b0 = in(reg) b,
                b1 = in(reg) b.add(self.b_block), la0 = in(reg) a0.add(la),
                la1 = in(reg) a1.add(la), lb0 = in(reg) b.add(lb),
                lb1 = in(reg) b.add(self.b_block + lb), sa = in(reg) self.a_row,
                sb = in(reg) 4 * SIDE, options(nostack, readonly));
        }
    }

    /// One step of [`Product::single`]: twelve products of ten tiles.
    unsafe fn single_of_parts(&self, a: [*const u8; 4], b: *const u8, [la, lb]: [usize; 2]) {
        // SAFETY: the caller's promise.
        unsafe {
            asm!("tileloadd tmm6, [{b} + {sb}]", "tileloadd tmm7, [{lb} + {sb}]",
                "tileloadd tmm4, [{a0} + {sa}]", "tileloadd tmm5, [{a1} + {sa}]",
                "tdpbf16ps tmm0, tmm4, tmm7", "tdpbf16ps tmm1, tmm5, tmm7",
                "tdpbf16ps tmm0, tmm4, tmm6", "tdpbf16ps tmm1, tmm5, tmm6",
                "tileloadd tmm4, [{la0} + {sa}]", "tileloadd tmm5, [{la1} + {sa}]",
                "tdpbf16ps tmm0, tmm4, tmm6", "tdpbf16ps tmm1, tmm5, tmm6",
                a0 = in(reg) a[0], a1 = in(reg) a[1], la0 = in(reg) a[0].add(la),
                la1 = in(reg) a[1].add(la), b = in(reg) b, lb = in(reg) b.add(lb),
                sa = in(reg) self.a_row, sb = in(reg) 4 * SIDE, options(nostack, readonly));
            asm!("tileloadd tmm4, [{a2} + {sa}]", "tileloadd tmm5, [{a3} + {sa}]",
                "tdpbf16ps tmm2, tmm4, tmm7", "tdpbf16ps tmm3, tmm5, tmm7",
                "tdpbf16ps tmm2, tmm4, tmm6", "tdpbf16ps tmm3, tmm5, tmm6",
                "tileloadd tmm4, [{la2} + {sa}]", "tileloadd tmm5, [{la3} + {sa}]",
                "tdpbf16ps tmm2, tmm4, tmm6", "tdpbf16ps tmm3, tmm5, tmm6",
                a2 = in(reg) a[2], a3 = in(reg) a[3], la2 = in(reg) a[2].add(la),
                la3 = in(reg) a[3].add(la), sa = in(reg) self.a_row,
                options(nostack, readonly));
        }
    }
}
