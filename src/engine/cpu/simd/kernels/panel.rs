//! The inner loop of forward and input gradient: a few pixels times a few vectors of channels.

use super::lanes::Lanes;

/// Output pixels in a row, times a few vectors of output channels.
///
/// For `blocks` blocks of P pixels: y = (y if `accumulate`) + Σ over runs and their elements of
/// x · w. Distances are in elements.
pub struct Panel {
    /// First element of the first pixel's first run.
    pub x: *const f32,
    /// `runs × len × K` vectors.
    pub w: *const f32,
    /// First channel of the first pixel.
    pub y: *mut f32,
    /// Blocks of P pixels.
    pub blocks: usize,
    /// Runs to reduce over.
    pub runs: usize,
    /// Elements in a run.
    pub len: usize,
    /// From a run to the next.
    pub x_run: usize,
    /// From what a pixel reads to what the next reads.
    pub x_pixel: usize,
    /// From a pixel written to the next.
    pub y_pixel: usize,
    /// Lanes of the K-th vector that y has.
    pub last: usize,
    /// Whether to add to what y holds.
    pub accumulate: bool,
}

impl Panel {
    /// What the sums of a block begin with.
    ///
    /// # Safety
    /// As for [`panel`].
    #[inline(always)]
    pub unsafe fn begin<L: Lanes, const P: usize, const K: usize>(
        &self,
        acc: &mut [[L; K]; P],
        block: usize,
    ) {
        if !self.accumulate {
            return;
        }
        // SAFETY: the caller's promise; of the K-th vector only `last` lanes are read.
        unsafe {
            let mut y = self.y.add(block * P * self.y_pixel);
            for sums in acc {
                for (k, sum) in sums.iter_mut().enumerate() {
                    *sum = match self.last == L::LANES || k + 1 < K {
                        true => L::load(y.add(k * L::LANES)),
                        false => L::load_first(y.add(k * L::LANES), self.last),
                    };
                }
                y = y.wrapping_add(self.y_pixel);
            }
        }
    }

    /// Writes the sums of a block.
    ///
    /// # Safety
    /// As for [`panel`].
    #[inline(always)]
    pub unsafe fn end<L: Lanes, const P: usize, const K: usize>(
        &self,
        acc: &[[L; K]; P],
        block: usize,
    ) {
        // SAFETY: the caller's promise; of the K-th vector only `last` lanes are written.
        unsafe {
            let mut y = self.y.add(block * P * self.y_pixel);
            for sums in acc {
                for (k, sum) in sums.iter().enumerate() {
                    match self.last == L::LANES || k + 1 < K {
                        true => sum.store(y.add(k * L::LANES)),
                        false => sum.store_first(y.add(k * L::LANES), self.last),
                    }
                }
                y = y.wrapping_add(self.y_pixel);
            }
        }
    }
}

/// Elements of a run taken at once; a multiple of every U.
const UNROLL: usize = 4;

/// Pixels reached from one pointer by the addressing modes of one register for the stride and
/// one for three times the stride.
const GROUP: usize = 4;

/// Groups of pixels that one block reads at most.
const GROUPS: usize = 5;

/// Where the pixels of a block read, held in few registers.
#[derive(Clone, Copy)]
pub struct Pixels {
    base: [*const f32; GROUPS],
    stride: usize,
    triple: usize,
}

impl Pixels {
    #[inline(always)]
    pub fn new(x: *const f32, stride: usize) -> Self {
        // A loop, since the calls of a closure may stay calls, around which sums leave registers.
        let mut base = [x; GROUPS];
        for (group, base) in base.iter_mut().enumerate() {
            *base = x.wrapping_add(GROUP * group * stride);
        }
        Self { base, stride, triple: 3 * stride }
    }

    #[inline(always)]
    pub fn at(&self, p: usize) -> *const f32 {
        let base = self.base[p / GROUP];
        match p % GROUP {
            0 => base,
            1 => base.wrapping_add(self.stride),
            2 => base.wrapping_add(2 * self.stride),
            _ => base.wrapping_add(self.triple),
        }
    }

    /// Keeps the compiler from carrying one address for each pixel through the loop, for which
    /// there are not enough registers: it no longer knows where the pointers come from.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub fn hide(&mut self, pixels: usize) {
        for base in &mut self.base[..pixels.div_ceil(GROUP)] {
            // SAFETY: there are no instructions; the register keeps its value.
            unsafe {
                std::arch::asm!(
                    "/* {0} */",
                    inout(reg) * base,
                    options(pure, readonly, nostack, preserves_flags)
                );
            }
        }
    }

    /// Registers are enough.
    #[cfg(not(target_arch = "x86_64"))]
    #[inline(always)]
    pub fn hide(&mut self, _: usize) {}

    #[inline(always)]
    pub fn advance(&mut self, elements: usize) {
        for base in &mut self.base {
            *base = base.wrapping_add(elements);
        }
    }
}

/// `acc[p][k] += x[p][e] · w[e][k]` for one element `e`.
#[inline(always)]
pub unsafe fn element<L: Lanes, const P: usize, const K: usize>(
    acc: &mut [[L; K]; P],
    x: &mut Pixels,
    w: *const f32,
    e: usize,
) {
    x.hide(P);
    // SAFETY: the caller's promise: element e of the run at each pixel, and its K vectors.
    unsafe {
        let mut weights = [L::zero(); K];
        for (k, vector) in weights.iter_mut().enumerate() {
            *vector = L::load(w.add((e * K + k) * L::LANES));
        }
        for (p, sums) in acc.iter_mut().enumerate() {
            let value = L::broadcast(x.at(p).add(e));
            for (sum, vector) in sums.iter_mut().zip(weights) {
                *sum = sum.plus_product(value, vector);
            }
        }
    }
}

/// Reduces over all runs of one block. Element `e` goes to sum `e mod U`.
#[inline(always)]
unsafe fn reduce<L: Lanes, const P: usize, const K: usize, const U: usize>(
    acc: &mut [[[L; K]; P]; U],
    args: &Panel,
    x: *const f32,
) {
    // SAFETY: the caller's promise: `runs` runs of `len` elements at each pixel, and as many
    // times K vectors of weights.
    unsafe {
        let mut w = args.w;
        for run in 0..args.runs {
            let mut x = Pixels::new(x.add(run * args.x_run), args.x_pixel);
            for _ in 0..args.len / UNROLL {
                element(&mut acc[0], &mut x, w, 0);
                element(&mut acc[1 % U], &mut x, w, 1);
                element(&mut acc[2 % U], &mut x, w, 2);
                element(&mut acc[3 % U], &mut x, w, 3);
                x.advance(UNROLL);
                w = w.add(UNROLL * K * L::LANES);
            }
            for _ in 0..args.len % UNROLL {
                element(&mut acc[0], &mut x, w, 0);
                x.advance(1);
                w = w.add(K * L::LANES);
            }
        }
    }
}

/// The partial sums added up, in their order.
#[inline(always)]
pub unsafe fn joined<L: Lanes, const P: usize, const K: usize, const U: usize>(
    acc: &[[[L; K]; P]; U],
) -> [[L; K]; P] {
    let mut sums = acc[0];
    for part in &acc[1..] {
        for (sums, parts) in sums.iter_mut().zip(part) {
            for (sum, part) in sums.iter_mut().zip(parts) {
                // SAFETY: the caller's promise.
                *sum = unsafe { sum.plus(*part) };
            }
        }
    }
    sums
}

/// Computes a [`Panel`] with P pixels times K vectors in registers, in U partial sums each.
///
/// # Safety
/// The machine has the instruction set of `L`; every element that `args` describes is inside
/// its allocation; y overlaps neither x nor w.
#[inline(always)]
pub unsafe fn panel<L: Lanes, const P: usize, const K: usize, const U: usize>(args: &Panel) {
    for block in 0..args.blocks {
        // SAFETY: the caller's promise.
        unsafe {
            let mut acc = [[[L::zero(); K]; P]; U];
            args.begin(&mut acc[0], block);
            reduce(&mut acc, args, args.x.add(block * P * args.x_pixel));
            args.end(&joined(&acc), block);
        }
    }
}
