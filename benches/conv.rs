//! Times the convolution kernels of the CPU engine, on one core, one image at a time.
//!
//! `cargo bench --bench conv [-- WORD]`: for each instruction set of this machine (or the one
//! that `RNETC_CPU` names), each precision it multiplies in, and each shape whose line contains
//! WORD.

use std::hint::black_box;
use std::ops::{Deref, DerefMut};
use std::time::Instant;

use rnetc::engine::Precision;
use rnetc::engine::cpu::simd::{
    Contraction, Direction, ENVIRONMENT_VARIABLE, Isa, Turn, configure_thread,
};
use rnetc::graph::ConvGeometry;

/// (size, kernel, stride, padding, channels read, channels written, groups)
const SHAPES: &[(usize, usize, usize, usize, usize, usize, usize)] = &[
    (32, 3, 1, 1, 3, 16, 1),
    (32, 3, 1, 1, 16, 16, 1),
    (32, 3, 2, 1, 16, 32, 1),
    (16, 3, 1, 1, 32, 32, 1),
    (16, 3, 2, 1, 32, 64, 1),
    (8, 3, 1, 1, 64, 64, 1),
    (32, 1, 1, 0, 16, 16, 1),
    (32, 1, 1, 0, 16, 64, 1),
    (32, 1, 1, 0, 64, 16, 1),
    (16, 1, 1, 0, 32, 128, 1),
    (16, 1, 1, 0, 128, 32, 1),
    (8, 1, 1, 0, 64, 256, 1),
    (8, 1, 1, 0, 256, 64, 1),
    (32, 1, 2, 0, 64, 128, 1),
    (56, 3, 1, 1, 64, 64, 1),
    (28, 3, 1, 1, 128, 128, 1),
    (7, 3, 1, 1, 512, 512, 1),
    (4, 3, 1, 1, 512, 512, 1),
    (1, 1, 1, 0, 64, 10, 1),
    (8, 8, 1, 0, 64, 10, 1),
    (32, 3, 1, 1, 160, 160, 1),
    (16, 3, 1, 1, 320, 320, 1),
    (8, 3, 1, 1, 640, 640, 1),
    (16, 3, 2, 1, 320, 640, 1),
    (8, 1, 1, 0, 2048, 1024, 1),
    (32, 3, 1, 1, 512, 512, 8),
    (32, 3, 2, 1, 1024, 1024, 8),
    (8, 3, 1, 1, 2048, 2048, 8),
    (56, 3, 1, 1, 128, 128, 32),
    (28, 3, 1, 1, 256, 256, 32),
    (14, 3, 1, 1, 512, 512, 32),
    (32, 3, 1, 1, 144, 144, 144),
    (32, 3, 2, 1, 144, 144, 144),
    (16, 3, 1, 1, 192, 192, 192),
    (8, 3, 1, 1, 384, 384, 384),
    (4, 3, 1, 1, 960, 960, 960),
    (56, 3, 1, 1, 144, 144, 144),
    (14, 7, 1, 3, 384, 384, 384),
];

/// Seconds for one call: the best of several short runs.
fn seconds(mut call: impl FnMut()) -> f64 {
    let start = Instant::now();
    call();
    let calls = (2e-4 / start.elapsed().as_secs_f64().max(1e-8)).ceil().clamp(1.0, 1e5) as usize;
    let run = |_| {
        let start = Instant::now();
        for _ in 0..calls {
            call();
        }
        start.elapsed().as_secs_f64() / calls as f64
    };
    (0..40).map(run).fold(f64::INFINITY, f64::min)
}

/// Numbers that begin on a cache line, as the engine's do.
struct Buffer {
    numbers: Vec<f32>,
    first: usize,
}

impl Buffer {
    fn new(len: usize) -> Self {
        let numbers: Vec<f32> =
            (0..len + 16).map(|i| (i * 37 % 101) as f32 / 101.0 - 0.5).collect();
        let first = numbers.as_ptr().align_offset(64).min(16);
        Buffer { numbers, first }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.numbers[self.first..][..self.numbers.len() - 16]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        let len = self.numbers.len() - 16;
        &mut self.numbers[self.first..][..len]
    }
}

/// Seconds for forward, input gradient and weight gradient.
fn times(plan: &Contraction, weights: usize) -> [f64; 3] {
    let [x, g] = [plan.x(), plan.g()].map(|operand| Buffer::new(operand.words()));
    let w = Buffer::new(weights);
    let product = |direction: Direction, read: &[f32]| {
        let mut packed = Buffer::new(plan.packed_words(direction));
        plan.pack(direction, &w, &mut packed);
        let mut out = Buffer::new(plan.written(direction).words());
        let call = || plan.multiply(direction, black_box(read), &packed, black_box(&mut out));
        seconds(call)
    };
    let [forward, dx] = [product(Direction::Forward, &x), product(Direction::Backward, &g)];
    let words = [plan.dw_kept_words(), plan.dw_scratch_words(), plan.dw_words()];
    let mut memory = words.map(Buffer::new);
    [forward, dx, seconds(|| weight_gradients(plan, [&x, &g], &mut memory)) / IMAGES as f64]
}

/// Images whose weight gradients are added up, as in the engine.
const IMAGES: usize = 8;

/// The weight gradients of a chunk of images; memory is what is kept, scratch, and the sums.
fn weight_gradients(plan: &Contraction, operands: [&[f32]; 2], memory: &mut [Buffer; 3]) {
    let [kept, scratch, sums] = memory;
    for number in 0..IMAGES {
        let turn = Turn { number, last: number + 1 == IMAGES };
        plan.dw(turn, black_box(operands), [kept, scratch], black_box(sums));
    }
}

/// Precisions in which an instruction set has kernels of its own.
fn precisions(isa: Isa) -> Vec<(Precision, &'static str)> {
    if isa.unit().is_none() {
        return vec![(Precision::F32, "")];
    }
    let narrow = [(Precision::Bf16, " bf16"), (Precision::Bf16x3, " bf16x3")];
    narrow.into_iter().filter(|(precision, _)| isa.products(*precision).is_some()).collect()
}

fn instruction_sets() -> Vec<Isa> {
    if std::env::var_os(ENVIRONMENT_VARIABLE).is_none() {
        return Isa::available();
    }
    match Isa::from_environment() {
        Ok(isa) => vec![isa],
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(2)
        }
    }
}

fn main() {
    let words: Vec<_> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    println!("{:36} {:>22} {:>22} {:>22}", "", "forward", "dx", "dw");
    for isa in instruction_sets() {
        configure_thread();
        for (precision, named) in precisions(isa) {
            for &(size, kernel, stride, padding, ci, co, groups) in SHAPES {
                let name = format!(
                    "{}{named} {ci}->{co} @{size} k{kernel} s{stride} g{groups}",
                    isa.name()
                );
                if words.iter().all(|word| name.contains(word)) {
                    let geometry = ConvGeometry {
                        input: [size; 2],
                        kernel: [kernel; 2],
                        stride,
                        padding: [padding; 2],
                        groups,
                    };
                    let plan = Contraction::new(geometry, ci, co, isa, precision);
                    report(
                        &name,
                        &plan.expect("a valid geometry"),
                        kernel * kernel * ci / groups * co,
                    );
                }
            }
        }
    }
}

fn report(name: &str, plan: &Contraction, weights: usize) {
    let flops = 2.0 * plan.multiply_adds() as f64;
    print!("{name:36}");
    for time in times(plan, weights) {
        print!(" {:9.2} µs {:5.0} GF/s", time * 1e6, flops / time / 1e9);
    }
    println!();
}
