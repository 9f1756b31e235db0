//! The loop of all contractions on AMX: rows of A, given by offsets, times packed B.

use std::arch::asm;

use super::super::product::{Column, DEPTH, Product, SIDE};

/// Repeats four independent products; how many operations that was.
///
/// # Safety
/// The machine has tiles and this thread has configured them.
pub unsafe fn products(repeats: usize) -> usize {
    for _ in 0..repeats {
        // SAFETY: the caller's promise; what the tiles hold does not matter.
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
    4 * 2 * SIDE * SIDE * DEPTH * repeats
}

/// Loads sum number `at`, below five, or zeroes it.
///
/// # Safety
/// The machine has tiles and this thread has configured them; `from` is valid for sixteen rows.
#[inline]
unsafe fn load_sum(at: usize, from: Option<*mut u8>, row: usize) {
    macro_rules! load {
        ($sum:literal) => {
            match from {
                Some(from) => asm!(concat!("tileloadd ", $sum, ", [{c} + {s}]"),
                    c = in(reg) from, s = in(reg) row, options(nostack, readonly)),
                None => asm!(concat!("tilezero ", $sum), options(nostack, nomem)),
            }
        };
    }
    // SAFETY: the caller's promise.
    unsafe {
        match at {
            0 => load!("tmm0"),
            1 => load!("tmm1"),
            2 => load!("tmm2"),
            3 => load!("tmm3"),
            _ => load!("tmm4"),
        }
    }
}

/// Stores sum number `at`, below five.
///
/// # Safety
/// As [`load_sum`], and nothing else touches what is written.
#[inline]
unsafe fn store_sum(at: usize, to: *mut u8, row: usize) {
    macro_rules! store {
        ($sum:literal) => {
            asm!(concat!("tilestored [{c} + {s}], ", $sum),
                c = in(reg) to, s = in(reg) row, options(nostack))
        };
    }
    // SAFETY: the caller's promise.
    unsafe {
        match at {
            0 => store!("tmm0"),
            1 => store!("tmm1"),
            2 => store!("tmm2"),
            3 => store!("tmm3"),
            _ => store!("tmm4"),
        }
    }
}

impl Product {
    /// Multiplies.
    ///
    /// # Safety
    /// As [`Product::run`], with tiles.
    pub(super) unsafe fn run_matrices(&self, a: *const u8, b: *const u8, c: *mut u8) {
        assert_eq!(self.rows, SIDE, "a tile has sixteen rows");
        // SAFETY: the caller's promise; items and columns lie inside A, B and C.
        unsafe {
            if let [item] = self.items[..] {
                return self.row(a.add(item.a), b, c.add(item.c));
            }
            for columns in self.columns.chunks(2) {
                match *columns {
                    [first, second] => self.pair(a, b, c, [first, second]),
                    _ => self.single(a, b.add(columns[0].b), c.add(columns[0].c)),
                }
            }
        }
    }

    /// One item by as many columns at a time as there are tiles for.
    unsafe fn row(&self, a: *const u8, b: *const u8, c: *mut u8) {
        let most = if self.low.is_some() { 4 } else { 5 };
        let times = self.columns.len().div_ceil(most);
        for columns in self.columns.chunks(self.columns.len().div_ceil(times)) {
            let to = |at: usize| c.wrapping_add(columns[at].c);
            // SAFETY: the caller's promise.
            unsafe {
                for at in 0..columns.len() {
                    load_sum(at, self.accumulate.then_some(to(at)), self.c_row);
                }
                for step in &self.steps {
                    let a = a.add(step.a);
                    match self.low {
                        None => self.row_step(a, b.add(step.b), columns),
                        Some(low) => self.row_step_of_parts(a, b.add(step.b), columns, low),
                    }
                }
                for at in 0..columns.len() {
                    store_sum(at, to(at), self.c_row);
                }
            }
        }
    }

    /// One step of [`Product::row`]: a tile of A serves all columns.
    #[inline]
    unsafe fn row_step(&self, a: *const u8, b: *const u8, columns: &[Column]) {
        macro_rules! column {
            ($at:literal, $sum:literal, $tile:literal) => {
                if let Some(column) = columns.get($at) {
                    asm!(concat!("tileloadd ", $tile, ", [{b} + {s}]"),
                        concat!("tdpbf16ps ", $sum, ", tmm5, ", $tile),
                        b = in(reg) b.add(column.b), s = in(reg) 4 * SIDE,
                        options(nostack, readonly));
                }
            };
        }
        // SAFETY: the caller's promise.
        unsafe {
            asm!("tileloadd tmm5, [{a} + {s}]", a = in(reg) a, s = in(reg) self.a_row,
                options(nostack, readonly));
            column!(0, "tmm0", "tmm6");
            column!(1, "tmm1", "tmm7");
            column!(2, "tmm2", "tmm6");
            column!(3, "tmm3", "tmm7");
            column!(4, "tmm4", "tmm6");
        }
    }

    /// The same for operands in two parts, up to four columns.
    #[inline]
    unsafe fn row_step_of_parts(
        &self,
        a: *const u8,
        b: *const u8,
        columns: &[Column],
        [a_low, b_low]: [usize; 2],
    ) {
        macro_rules! column {
            ($at:literal, $sum:literal) => {
                if let Some(column) = columns.get($at) {
                    asm!("tileloadd tmm6, [{low} + {s}]",
                        concat!("tdpbf16ps ", $sum, ", tmm4, tmm6"),
                        "tileloadd tmm7, [{b} + {s}]",
                        concat!("tdpbf16ps ", $sum, ", tmm4, tmm7"),
                        concat!("tdpbf16ps ", $sum, ", tmm5, tmm7"),
                        b = in(reg) b.add(column.b), low = in(reg) b.add(column.b + b_low),
                        s = in(reg) 4 * SIDE, options(nostack, readonly));
                }
            };
        }
        // SAFETY: the caller's promise.
        unsafe {
            asm!("tileloadd tmm4, [{a} + {s}]", "tileloadd tmm5, [{low} + {s}]",
                a = in(reg) a, low = in(reg) a.add(a_low), s = in(reg) self.a_row,
                options(nostack, readonly));
            column!(0, "tmm0");
            column!(1, "tmm1");
            column!(2, "tmm2");
            column!(3, "tmm3");
        }
    }

    /// Two items by two columns at a time.
    unsafe fn pair(&self, a: *const u8, b: *const u8, c: *mut u8, [left, right]: [Column; 2]) {
        for items in self.items.chunks(2) {
            // An odd one out is computed twice, with the same result.
            let (first, second) = (items[0], items[items.len() - 1]);
            // SAFETY: the caller's promise.
            unsafe {
                let (a0, a1) = (a.add(first.a), a.add(second.a));
                let to = [first, second].map(|i| [left, right].map(|l| c.add(i.c + l.c)));
                let to = [to[0][0], to[0][1], to[1][0], to[1][1]];
                self.begin(to);
                for step in &self.steps {
                    let b = [left, right].map(|column| b.add(step.b + column.b));
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
                        b0 = in(reg) b[0], b1 = in(reg) b[1],
                        sa = in(reg) self.a_row, sb = in(reg) 4 * SIDE,
                        options(nostack, readonly));
                }
                self.end(to);
            }
        }
    }

    /// Loads or zeroes the four sums.
    #[inline]
    unsafe fn begin(&self, from: [*mut u8; 4]) {
        for (at, from) in from.into_iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { load_sum(at, self.accumulate.then_some(from), self.c_row) };
        }
    }

    /// Stores the four sums.
    #[inline]
    unsafe fn end(&self, to: [*mut u8; 4]) {
        for (at, to) in to.into_iter().enumerate() {
            // SAFETY: the caller's promise.
            unsafe { store_sum(at, to, self.c_row) };
        }
    }

    /// Four items by one column at a time.
    unsafe fn single(&self, a: *const u8, b: *const u8, c: *mut u8) {
        for items in self.items.chunks(4) {
            let item = |at: usize| items[at.min(items.len() - 1)];
            // SAFETY: the caller's promise.
            unsafe {
                let from = [0, 1, 2, 3].map(|at| a.add(item(at).a));
                let to = [0, 1, 2, 3].map(|at| c.add(item(at).c));
                self.begin(to);
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
                self.end(to);
            }
        }
    }

    /// One step of [`Product::pair`]: twelve products of eight tiles.
    unsafe fn pair_of_parts(
        &self,
        [a0, a1]: [*const u8; 2],
        [b0, b1]: [*const u8; 2],
        [la, lb]: [usize; 2],
    ) {
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
                a0 = in(reg) a0, a1 = in(reg) a1, b0 = in(reg) b0, b1 = in(reg) b1, la0 = in(reg) a0.add(la),
                la1 = in(reg) a1.add(la), lb0 = in(reg) b0.add(lb),
                lb1 = in(reg) b1.add(lb), sa = in(reg) self.a_row,
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
