//! What one thread can do at most, measured: multiply-adds in registers, and reading memory.

use std::time::Instant;

use super::isa::Isa;
use super::kernels::Kernels;
use super::kernels::chain::CHAINS;
use super::tiles::{self, Unit};

/// The best of a few short measurements of `work`, which does `amount` of something: amount a
/// second.
fn best(amount: f64, mut work: impl FnMut()) -> f64 {
    let once = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    (0..5).map(|_| amount / once(&mut work).max(1e-9)).fold(0.0, f64::max)
}

/// Floating-point operations a second in f32; a multiply-add is two.
pub fn f32_operations(isa: Isa) -> f64 {
    const REPEATS: usize = 1_000_000;
    let kernels: &Kernels = isa.kernels();
    let amount = (2 * CHAINS * kernels.lanes * REPEATS) as f64;
    best(amount, || {
        // SAFETY: an `Isa` is only made where the machine has it.
        std::hint::black_box(unsafe { (kernels.chain)(REPEATS) });
    })
}

/// Operations a second in products of bf16. Where this machine has the unit.
pub fn bf16_operations(unit: Unit) -> f64 {
    const REPEATS: usize = 100_000;
    let amount = tiles::products(unit, 1) * REPEATS;
    best(amount as f64, || {
        tiles::products(unit, REPEATS);
    })
}

/// Bytes a second read from memory that no cache holds.
pub fn bytes_read() -> f64 {
    let memory = vec![1.0f32; 16 << 20];
    best((4 * memory.len()) as f64, || {
        // Sums in many parts, so that the loop is as wide as the machine.
        let mut sums = [0.0f32; 64];
        for chunk in memory.chunks_exact(64) {
            sums.iter_mut().zip(chunk).for_each(|(sum, v)| *sum += v);
        }
        std::hint::black_box(sums);
    })
}
