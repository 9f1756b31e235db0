//! Operands that touch pages without access: a read or write one element too far is a fault.

use super::*;
use crate::graph::ConvGeometry;

/// Pages between two that may not be touched.
struct Fenced {
    base: *mut u8,
    inside: usize,
    page: usize,
}

impl Fenced {
    fn new(bytes: usize) -> Self {
        // SAFETY: no pointers are involved.
        let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) } as usize;
        let inside = bytes.max(1).next_multiple_of(page);
        let flags = libc::MAP_PRIVATE | libc::MAP_ANON;
        let none = std::ptr::null_mut();
        // SAFETY: a new mapping at an address that the system picks; only its middle is opened.
        unsafe {
            let base = libc::mmap(none, inside + 2 * page, libc::PROT_NONE, flags, -1, 0);
            assert_ne!(base, libc::MAP_FAILED);
            let base = base.cast::<u8>();
            let access = libc::PROT_READ | libc::PROT_WRITE;
            assert_eq!(libc::mprotect(base.add(page).cast(), inside, access), 0);
            Fenced { base, inside, page }
        }
    }

    /// `len` numbers that begin after the fence, or end before it.
    fn numbers(&mut self, len: usize, at_end: bool) -> &mut [f32] {
        assert!(4 * len <= self.inside);
        let skip = if at_end { self.inside - 4 * len } else { 0 };
        // SAFETY: inside the opened pages, aligned for f32, zeroed by the system, borrowed alone.
        unsafe { std::slice::from_raw_parts_mut(self.base.add(self.page + skip).cast(), len) }
    }
}

impl Drop for Fenced {
    fn drop(&mut self) {
        // SAFETY: the mapping that `new` made.
        unsafe { libc::munmap(self.base.cast(), self.inside + 2 * self.page) };
    }
}

fn touch_all(plan: &VectorPlan, at_end: bool) {
    let [kept, scratch] = plan.dw_memory();
    let lengths = [
        kept,
        scratch,
        plan.x_tile().len(),
        plan.g_tile().len(),
        plan.w_len(),
        plan.packed_forward_len(),
        plan.packed_dx_len(),
        plan.y_len(),
        plan.dx_len(),
        plan.dw_len(),
    ];
    let mut fenced = lengths.map(|len| Fenced::new(4 * len));
    let mut slices = fenced.iter_mut().zip(lengths).map(|(f, len)| f.numbers(len, at_end));
    let [kept, scratch, x, g, w, packed_forward, packed_dx, y, dx, dw] =
        std::array::from_fn(|_| slices.next().unwrap());
    plan.pack_forward(w, packed_forward);
    plan.pack_dx(w, packed_dx);
    plan.forward(x, packed_forward, y);
    plan.dx(g, packed_dx, dx);
    plan.dw(Turn { number: 0, last: true }, [x, g], [kept, scratch], dw);
    plan.finish_dw([&*dw], w);
}

#[test]
fn kernels_stay_inside_their_operands() {
    for isa in Isa::available() {
        for (size, kernel, stride, padding) in [
            (8, 3, 1, 1),
            (9, 3, 1, 1),
            (8, 3, 2, 1),
            (7, 5, 3, 0),
            (5, 1, 2, 0),
            (4, 4, 1, 0),
            (1, 1, 1, 0),
        ] {
            let geometry = ConvGeometry {
                input: [size, size + 2 * (kernel % 2)],
                kernel: [kernel; 2],
                stride,
                padding: [padding; 2],
                ..ConvGeometry::POINT
            };
            for (ci, co) in [(1, 1), (3, 10), (17, 16), (33, 50), (32, 48), (128, 192)] {
                let plan = VectorPlan::new(geometry, ci, co, isa).unwrap();
                touch_all(&plan, false);
                touch_all(&plan, true);
            }
            for (groups, read, written) in
                [(5, 1, 1), (32, 1, 1), (3, 1, 3), (2, 3, 10), (3, 17, 16)]
            {
                let geometry = ConvGeometry { groups, ..geometry };
                let plan = VectorPlan::new(geometry, groups * read, groups * written, isa).unwrap();
                touch_all(&plan, false);
                touch_all(&plan, true);
            }
        }
    }
}
