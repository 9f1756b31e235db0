//! The two inner loops, generic over the vector type, and the table through which they are called.

use super::lanes::Lanes;
use super::winograd::Transform;

/// Output pixels in a row, times a few vectors of output channels.
///
/// For `blocks` blocks of P pixels: y = (y if `accumulate`) + Σ over runs and their elements of
/// x · w. Distances are in elements.
pub(super) struct Panel {
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

/// A patch of the weight gradient: C elements of a run, times K vectors of output channels.
///
/// acc += Σ over pixels of xᵀ·g. Distances are in elements.
pub(super) struct Patch {
    /// First of the C elements, at the first pixel.
    pub x: *const f32,
    /// First of the K vectors, at the first pixel.
    pub g: *const f32,
    /// Their products' sums.
    pub acc: *mut f32,
    /// Rows of pixels.
    pub rows: usize,
    /// Pixels in a row.
    pub cols: usize,
    /// From a row to the next, in x.
    pub x_row: usize,
    /// From a pixel to the next, in x.
    pub x_pixel: usize,
    /// From a row to the next, in g.
    pub g_row: usize,
    /// From a pixel to the next, in g.
    pub g_pixel: usize,
    /// From an element's sums to the next element's.
    pub acc_pitch: usize,
}

/// An instantiation of [`panel`].
pub(super) struct PanelKernel {
    /// Pixels in a block.
    pub p: usize,
    /// Vectors of channels.
    pub k: usize,
    /// Estimated half-cycles for each element of a run and block.
    pub cost: u64,
    /// The code.
    pub run: unsafe fn(&Panel),
}

/// An instantiation of [`patch`].
pub(super) struct PatchKernel {
    /// Elements of a run.
    pub c: usize,
    /// Vectors of channels.
    pub k: usize,
    /// Estimated half-cycles for each pixel.
    pub cost: u64,
    /// The code.
    pub run: unsafe fn(&Patch),
}

/// All kernels of an instruction set. Both tables have blocks of one for every K in them, and
/// K = 1 is there, so any extent can be put together.
pub(super) struct Kernels {
    /// What users call it.
    pub name: &'static str,
    /// Numbers in a vector.
    pub lanes: usize,
    /// Repeated multiply-adds, for their speed.
    pub chain: unsafe fn(usize) -> f32,
    /// Tiles of x for Winograd's algorithm, and
    pub transform_x: unsafe fn(&Transform),
    /// tiles of y from it.
    pub transform_y: unsafe fn(&Transform),
    /// Forward and input gradient.
    pub panels: &'static [PanelKernel],
    /// Weight gradient.
    pub patches: &'static [PatchKernel],
}

/// Half-cycles for `a·b` multiply-adds in `a·b·chains` independent sums fed by `a + b` loads, on
/// a core that does two of each per cycle and takes four cycles for a sum; and a little for the
/// loop around.
const fn half_cycles(a: usize, b: usize, chains: usize) -> u64 {
    let (fmas, loads, latency) = (a * b, a + b, 8 / chains);
    let busiest = if fmas > loads { fmas } else { loads };
    1 + if busiest > latency { busiest } else { latency } as u64
}

impl PanelKernel {
    /// The entry for `panel::<_, p, k, u>`.
    pub const fn new(p: usize, k: usize, u: usize, run: unsafe fn(&Panel)) -> Self {
        Self { p, k, cost: half_cycles(p, k, u), run }
    }
}

impl PatchKernel {
    /// The entry for `patch::<_, c, k>`.
    pub const fn new(c: usize, k: usize, run: unsafe fn(&Patch)) -> Self {
        Self { c, k, cost: half_cycles(c, k, 1), run }
    }
}

/// Elements of a run taken at once; a multiple of every U.
const UNROLL: usize = 4;

/// Pixels reached from one pointer by the addressing modes of one register for the stride and
/// one for three times the stride.
const GROUP: usize = 4;

/// Where P ≤ 16 pixels read, held in few registers.
#[derive(Clone, Copy)]
struct Pixels {
    base: [*const f32; 16 / GROUP],
    stride: usize,
    triple: usize,
}

impl Pixels {
    #[inline(always)]
    fn new(x: *const f32, stride: usize) -> Self {
        let base = std::array::from_fn(|g| x.wrapping_add(GROUP * g * stride));
        Self { base, stride, triple: 3 * stride }
    }

    #[inline(always)]
    fn at(&self, p: usize) -> *const f32 {
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
    #[inline(always)]
    fn hide<const P: usize>(&mut self) {
        #[cfg(target_arch = "x86_64")]
        for base in &mut self.base[..P.div_ceil(GROUP)] {
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

    #[inline(always)]
    fn advance(&mut self, elements: usize) {
        for base in &mut self.base {
            *base = base.wrapping_add(elements);
        }
    }
}

/// `acc[p][k] += x[p][e] · w[e][k]` for one element `e`.
#[inline(always)]
unsafe fn element<L: Lanes, const P: usize, const K: usize>(
    acc: &mut [[L; K]; P],
    x: &mut Pixels,
    w: *const f32,
    e: usize,
) {
    x.hide::<P>();
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

/// Computes a [`Panel`] with P pixels times K vectors in registers, in U partial sums each.
///
/// # Safety
/// The machine has the instruction set of `L`; every element that `args` describes is inside
/// its allocation; y overlaps neither x nor w.
#[inline(always)]
pub(super) unsafe fn panel<L: Lanes, const P: usize, const K: usize, const U: usize>(args: &Panel) {
    let whole = args.last == L::LANES;
    for block in 0..args.blocks {
        // SAFETY: the caller's promise; of the K-th vector only `last` lanes are touched.
        unsafe {
            let x = args.x.add(block * P * args.x_pixel);
            let y = args.y.add(block * P * args.y_pixel);
            let at = |p: usize, k: usize| p * args.y_pixel + k * L::LANES;
            let mut acc = [[[L::zero(); K]; P]; U];
            if args.accumulate {
                for (p, sums) in acc[0].iter_mut().enumerate() {
                    for (k, sum) in sums.iter_mut().enumerate() {
                        *sum = match whole || k + 1 < K {
                            true => L::load(y.add(at(p, k))),
                            false => L::load_first(y.add(at(p, k)), args.last),
                        };
                    }
                }
            }
            reduce(&mut acc, args, x);
            for p in 0..P {
                for k in 0..K {
                    let mut sum = acc[0][p][k];
                    for part in &acc[1..] {
                        sum = sum.plus(part[p][k]);
                    }
                    match whole || k + 1 < K {
                        true => sum.store(y.add(at(p, k))),
                        false => sum.store_first(y.add(at(p, k)), args.last),
                    }
                }
            }
        }
    }
}

/// Computes a [`Patch`] with C elements times K vectors in registers.
///
/// # Safety
/// The machine has the instruction set of `L`; every element that `args` describes is inside
/// its allocation, whole vectors of g and acc included; acc overlaps neither x nor g.
#[inline(always)]
pub(super) unsafe fn patch<L: Lanes, const C: usize, const K: usize>(args: &Patch) {
    // SAFETY: the caller's promise.
    unsafe {
        let at = |c: usize, k: usize| c * args.acc_pitch + k * L::LANES;
        let mut acc = [[L::zero(); K]; C];
        for (c, sums) in acc.iter_mut().enumerate() {
            for (k, sum) in sums.iter_mut().enumerate() {
                *sum = L::load(args.acc.add(at(c, k)));
            }
        }
        for row in 0..args.rows {
            let mut x = args.x.add(row * args.x_row);
            let mut g = args.g.add(row * args.g_row);
            for _ in 0..args.cols {
                let mut gradient = [L::zero(); K];
                for (k, vector) in gradient.iter_mut().enumerate() {
                    *vector = L::load(g.add(k * L::LANES));
                }
                for (c, sums) in acc.iter_mut().enumerate() {
                    let value = L::broadcast(x.add(c));
                    for (sum, vector) in sums.iter_mut().zip(gradient) {
                        *sum = sum.plus_product(value, vector);
                    }
                }
                x = x.wrapping_add(args.x_pixel);
                g = g.wrapping_add(args.g_pixel);
            }
        }
        for (c, sums) in acc.into_iter().enumerate() {
            for (k, sum) in sums.into_iter().enumerate() {
                sum.store(args.acc.add(at(c, k)));
            }
        }
    }
}
