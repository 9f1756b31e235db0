//! The weight gradient on tiles: sums over pixels of gᵀ·x.
//!
//! Pixels are numbered alike in g and in packed copies of x ([`numbering`]), and g is zero where a
//! number has no pixel. x is B, in pairs of pixels.
//!
//! Sums that do not stay in a core's cache are read and written once for several images: their
//! tiles are kept until then.

mod choice;
mod numbering;

use super::hardware::{interleave, transpose};
use super::parts::Parts;
use super::product::{Column, DEPTH, Item, Pixels, Product, SIDE};
use super::unit::Unit;
use crate::engine::cpu::operand::TileLayout;
use crate::engine::cpu::simd::turn::Turn;
use crate::graph::ConvGeometry;
pub(super) use numbering::Numbering;
#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
pub(super) use numbering::Spacing;

/// Bytes of a row of B: sixteen pairs.
const ROW: usize = 2 * DEPTH;

/// A planned weight gradient. Sums are kept as taps × channels of g × channels of x of a group,
/// channels rounded up to sixteen.
pub(super) struct TileGradient {
    groups: usize,
    /// Of x and of g, all groups together.
    channels: [usize; 2],
    parts: Parts,
    /// Elements between the parts of x and of g.
    planes: [usize; 2],
    /// Elements of the tiles of an image.
    slots: [usize; 2],
    numbering: Numbering,
    /// First elements of the copies of x.
    origins: Vec<usize>,
    /// Where the pixels of x, from a copy's start on, and of g are.
    pixels: [Vec<u32>; 2],
    /// For one image, for two, … for as many as are added up at once; of a group.
    products: Vec<Product>,
}

impl TileGradient {
    /// Plans the gradient from tiles x and g.
    pub(super) fn new(
        geometry: &ConvGeometry,
        x: &TileLayout,
        g: &TileLayout,
        parts: Parts,
        unit: Unit,
    ) -> Self {
        let (numbering, together) = choice::best(geometry, [x, g], parts, unit);
        Self::numbered(geometry.groups, [x, g], parts, numbering, together)
    }

    /// In a numbering, so many images at once.
    pub(super) fn numbered(
        groups: usize,
        [x, g]: [&TileLayout; 2],
        parts: Parts,
        numbering: Numbering,
        together: usize,
    ) -> Self {
        let planes = [x.len(), g.len()];
        let slots = planes.map(|plane| parts.count() * plane);
        let channels = [x.channels, g.channels];
        let origins = numbering.copies.iter().map(|copy| numbering.origin(copy, x)).collect();
        let pixels = [
            numbering.pixels_of_x(x, together, slots[0]),
            numbering.pixels_of_g(g, together, slots[1]),
        ];
        let products = (1..=together)
            .map(|images| product(&numbering, channels, groups, parts, [images, together]))
            .collect();
        Self { groups, channels, parts, planes, slots, numbering, origins, pixels, products }
    }

    /// Images that are added up at once.
    fn together(&self) -> usize {
        self.products.len()
    }

    fn blocks(&self) -> [usize; 2] {
        self.channels.map(|n| n.div_ceil(SIDE))
    }

    /// f32 numbers of the sums.
    pub(super) fn sums(&self) -> usize {
        let [x_blocks, g_blocks] = self.blocks();
        self.numbering.taps.len() * g_blocks * SIDE * x_blocks / self.groups * SIDE
    }

    /// Elements of the tiles that are kept from image to image.
    pub(super) fn kept_len(&self) -> usize {
        match self.together() {
            1 => 0,
            together => together * self.slots.iter().sum::<usize>(),
        }
    }

    /// Elements of transposed g and of packed x.
    fn scratch_parts(&self) -> [usize; 2] {
        let ([x_blocks, g_blocks], together) = (self.blocks(), self.together());
        let parts = self.parts.count();
        let copies = self.numbering.copies.len();
        [
            parts * self.numbering.added(together) * g_blocks * SIDE,
            parts * copies * self.numbering.packed(together) * x_blocks * SIDE,
        ]
    }

    /// Elements of scratch that [`TileGradient::run`] wants.
    pub(super) fn scratch_len(&self) -> usize {
        self.scratch_parts().iter().sum()
    }

    /// Adds to the sums what tiles x and g hold, or keeps those until an image whose turn it is.
    ///
    /// # Safety
    /// The machine has the unit and AVX-512, and this thread has configured it.
    pub(super) unsafe fn run(
        &self,
        unit: Unit,
        turn: Turn,
        [x, g]: [&[u16]; 2],
        [kept, scratch]: [&mut [u16]; 2],
        sums: &mut [f32],
    ) {
        let together = self.together();
        if together == 1 {
            // SAFETY: the caller's promise.
            return unsafe { self.add(unit, 1, [x, g], scratch, sums) };
        }
        let slot = turn.slot(together);
        let [x_len, g_len] = self.slots;
        let (all_x, all_g) = kept.split_at_mut(together * x_len);
        all_x[slot * x_len..][..x_len].copy_from_slice(&x[..x_len]);
        all_g[slot * g_len..][..g_len].copy_from_slice(&g[..g_len]);
        if turn.closes(together) {
            // The last image's last rows may see the next slot, by g's zeros: numbers, at least.
            if slot + 1 < together {
                all_x[(slot + 1) * x_len..][..x_len].fill(0);
            }
            // SAFETY: the caller's promise.
            unsafe { self.add(unit, slot + 1, [all_x, all_g], scratch, sums) };
        }
    }

    /// Adds so many images to the sums.
    ///
    /// # Safety
    /// As [`TileGradient::run`].
    unsafe fn add(
        &self,
        unit: Unit,
        images: usize,
        operands: [&[u16]; 2],
        scratch: &mut [u16],
        sums: &mut [f32],
    ) {
        let [g_len, x_len] = self.scratch_parts();
        let (transposed, rest) = scratch.split_at_mut(g_len);
        let packed = &mut rest[..x_len];
        // SAFETY: the caller promises AVX-512.
        unsafe { self.pack(images, operands, packed, transposed) };
        let product = &self.products[images - 1];
        let [a_group, b_group, c_group] = self.group_steps();
        for group in 0..self.groups {
            let (a, b, c) = (group * a_group, group * b_group, group * c_group);
            assert!(a + product.a_end() <= 2 * transposed.len());
            assert!(b + product.b_end() <= 2 * packed.len());
            assert!(c + product.c_end() <= 4 * sums.len());
            let a = transposed.as_ptr().cast::<u8>().wrapping_add(a);
            let b = packed.as_ptr().cast::<u8>().wrapping_add(b);
            let c = sums.as_mut_ptr().cast::<u8>().wrapping_add(c);
            // SAFETY: the caller's promise; the operands reach far enough, as just checked.
            unsafe { product.run(unit, a, b, c) };
        }
    }

    /// Bytes from a group to the next in transposed g, in packed x and in the sums.
    fn group_steps(&self) -> [usize; 3] {
        let together = self.together();
        let [x_blocks, g_blocks] = self.blocks().map(|n| n / self.groups);
        let c_row = 4 * SIDE * x_blocks;
        [
            2 * self.numbering.added(together) * g_blocks * SIDE,
            2 * self.numbering.packed(together) * x_blocks * SIDE,
            g_blocks * SIDE * c_row,
        ]
    }

    /// Packs the copies of x and transposes g.
    ///
    /// # Safety
    /// The machine has AVX-512.
    unsafe fn pack(
        &self,
        images: usize,
        [x, g]: [&[u16]; 2],
        packed: &mut [u16],
        transposed: &mut [u16],
    ) {
        let (numbering, together, parts) = (&self.numbering, self.together(), self.parts.count());
        let [x_pixels, g_pixels] = &self.pixels;
        let [x_channels, g_channels] = self.channels;
        let block = numbering.packed(together) * SIDE;
        let mut copies = packed.chunks_exact_mut(self.blocks()[0] * block);
        for part in 0..parts {
            let numbered = numbering.copies.iter().zip(&self.origins);
            for ((copy, origin), to) in numbered.zip(&mut copies) {
                let seen = copy.of(&x_pixels[..images * numbering.reach]);
                let values = &x[part * self.planes[0] + origin..];
                let from = Pixels { values, channels: x_channels, at: seen };
                // SAFETY: the caller promises AVX-512.
                unsafe { interleave(from, numbering.packed(images), block, to) };
            }
        }
        let each = transposed.len() / parts;
        for (part, to) in transposed.chunks_exact_mut(each).enumerate() {
            let at = &g_pixels[..images * numbering.pixels];
            let values = &g[part * self.planes[1]..];
            let from = Pixels { values, channels: g_channels, at };
            // SAFETY: as above.
            unsafe { transpose(from, numbering.added(images), numbering.added(together), to) };
        }
    }

    /// Adds up sums, in their order, into taps × channels of x of a group × channels of g.
    pub(super) fn finish<'a>(&self, all: impl IntoIterator<Item = &'a [f32]>, out: &mut [f32]) {
        let [ci, co] = self.channels;
        let ci = ci / self.groups;
        let [x_blocks, g_blocks] = self.blocks();
        let (x_lanes, g_lanes) = (x_blocks / self.groups * SIDE, g_blocks * SIDE);
        let all: Vec<&[f32]> = all.into_iter().collect();
        let mut total = vec![0.0; SIDE * x_lanes];
        for (tap, out) in out.chunks_exact_mut(ci * co).enumerate() {
            for first in (0..co).step_by(SIDE) {
                let at = (tap * g_lanes + first) * x_lanes;
                total.fill(0.0);
                for sums in &all {
                    total.iter_mut().zip(&sums[at..]).for_each(|(total, v)| *total += v);
                }
                let columns = first..co.min(first + SIDE);
                for (of_x, out) in out.chunks_exact_mut(co).enumerate() {
                    let totals = total[of_x..].iter().step_by(x_lanes);
                    out[columns.clone()].iter_mut().zip(totals).for_each(|(out, v)| *out = *v);
                }
            }
        }
    }
}

/// The product of a group for so many images, where memory has room for as many as are added up at once.
fn product(
    numbering: &Numbering,
    channels: [usize; 2],
    groups: usize,
    parts: Parts,
    [images, together]: [usize; 2],
) -> Product {
    let all = channels.map(|n| n.div_ceil(SIDE));
    let [x_blocks, g_blocks] = all.map(|n| n / groups);
    let [x_all, g_all] = all;
    let added = numbering.added(together);
    let block = 2 * numbering.packed(together) * SIDE;
    let c_row = 4 * SIDE * x_blocks;
    let mut columns = Vec::new();
    for (tap, [copy, skip]) in numbering.taps.iter().enumerate() {
        for x_block in 0..x_blocks {
            columns.push(Column {
                b: (copy * x_all + x_block) * block + skip / 2 * ROW,
                c: tap * g_all * SIDE * c_row + 4 * SIDE * x_block,
            });
        }
    }
    let low = match parts {
        Parts::One => None,
        Parts::Two => Some([2 * g_all * SIDE * added, numbering.copies.len() * x_all * block]),
    };
    let items =
        (0..g_blocks).map(|i| Item { a: 2 * i * SIDE * added, c: i * SIDE * c_row }).collect();
    Product {
        items,
        rows: SIDE,
        columns,
        steps: numbering.steps(images),
        a_row: 2 * added,
        c_row,
        low,
        accumulate: true,
    }
}
