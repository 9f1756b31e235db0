//! Random loops against a plain evaluation in f64.

use super::super::Jit;
use crate::engine::Precision;
use crate::engine::cpu::loops::{
    Access, Accumulate, Index, Inst, LoopSpec, LoopStore, Reduction, Scalar,
};
use crate::engine::cpu::memory::Arena;
use crate::engine::cpu::operand::NumberFormat;
use crate::engine::cpu::plan;
use crate::engine::cpu::simd::Isa;
use crate::graph::random;
use crate::graph::{Binary, Unary};
use crate::lower;
use crate::sema;
use crate::source::Source;

struct Draw(u32);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 += 1;
        (random::uniform(random::key(91, 3), self.0) * n as f32) as usize % n
    }
}

/// Slots: 0…3 read (f32, bf16 among them), 4…6 written, 7… reductions; 2048-element channel
/// vectors start each slot's neighbour.
fn random_loop(draw: &mut Draw) -> LoopSpec {
    let mut extent = [1 + draw.below(9), [1, 2, 7, 8, 12][draw.below(5)], 16 * (1 + draw.below(3))];
    if draw.below(3) == 0 {
        extent[2] = [2, 3, 5, 12, 20, 24, 33, 40, 60][draw.below(9)];
    }
    if draw.below(8) == 0 {
        // More blocks than a panel takes.
        extent = [1 + draw.below(2), 2, 512 + 8 * draw.below(5)];
    }
    let [_, columns, channels] = extent;
    let pitch = columns * channels + [0, 2 * channels][draw.below(2)];
    let mut spec = LoopSpec { extent, slots: 10, ..LoopSpec::default() };
    let along = |n: usize, stride: usize| if n == 1 { 0 } else { stride };
    let pixel = |slot, format| Access {
        slot,
        offset: if slot == 3 { channels } else { 0 },
        strides: [along(extent[0], pitch), along(columns, channels), 1],
        format,
    };
    let vector = |slot, offset, stride| Access {
        slot,
        offset,
        strides: [0, 0, stride],
        format: NumberFormat::F32,
    };
    for inst in [
        Inst::Load(pixel(0, NumberFormat::F32)),
        Inst::Load(pixel(1, NumberFormat::Bf16)),
        Inst::Load(vector(2, 0, 1)),
        Inst::Load(vector(2, 5, 0)),
        Inst::Load(Access {
            strides: [along(extent[0], columns), along(columns, 1), 0],
            ..pixel(0, NumberFormat::F32)
        }),
        Inst::Load(pixel(3, NumberFormat::F32)),
        Inst::Const(0.75f32.to_bits()),
    ] {
        spec.push(inst);
    }
    let seed = spec.push(Inst::Const(SEED.to_bits()));
    let element = [along(extent[0], columns * channels), along(columns, channels), 1];
    let draws = [element, [element[0], 0, 1], [0, element[1], 0], [0, 0, 1], [0, 0, 0]];
    for _ in 0..4 + draw.below(20) {
        let mut any = || Scalar(draw.below(spec.insts.len()) as u32);
        let (x, y) = (any(), any());
        let inst = match draw.below(17) {
            0 => Inst::Unary(Unary::Neg, x),
            1 => Inst::Unary(Unary::Relu, x),
            2 => Inst::Unary(Unary::Step, x),
            3..6 => Inst::Binary(Binary::Add, x, y),
            6 | 7 => Inst::Binary(Binary::Sub, x, y),
            8..11 => Inst::Binary(Binary::Mul, x, y),
            11 | 12 => Inst::Binary(Binary::Max, x, y),
            13 => Inst::Unary(Unary::Tanh, x),
            14 => Inst::Unary(Unary::Sigmoid, x),
            at => {
                let strides = draws[draw.below(draws.len())];
                let index = Index { strides, image: extent.iter().product() };
                match at {
                    15 => Inst::Random { stream: draw.below(3) as u32, seed, index },
                    _ => Inst::Index(index),
                }
            }
        };
        spec.push(inst);
    }
    let last = spec.insts.len() - 1;
    let formats = [NumberFormat::F32, NumberFormat::Bf16, NumberFormat::Split { distance: 10_000 }];
    for (at, format) in formats.into_iter().enumerate().take(1 + draw.below(3)) {
        let value = Scalar((last - at * draw.below(3)) as u32);
        spec.stores.push(LoopStore { access: pixel(4 + at, format), value });
    }
    let second = [Accumulate::Max, Accumulate::Sum][draw.below(2)];
    let kinds = [Accumulate::Sum, second, Accumulate::Moments { pitch: channels }];
    for (at, kind) in kinds.into_iter().enumerate().take(draw.below(4)) {
        let value = Scalar((last - draw.below(4)) as u32);
        spec.reductions.push(Reduction { kind, access: vector(7 + at, 0, 1), value });
    }
    spec
}

const SLOT: usize = 16 * 1024;
const SEED: f32 = 77.0;
const IMAGE: u32 = 3;

fn bf16(v: f32) -> f32 {
    let bits = v.to_bits();
    f32::from_bits((bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF_0000)
}

/// Memory of every slot, as f32 numbers whatever their format.
fn contents(slot: usize, element: usize) -> f32 {
    let v = random::uniform(random::key(7, slot as u32), element as u32) * 2.0 - 1.0;
    if slot == 1 { bf16(v) } else { v }
}

fn evaluate(spec: &LoopSpec, at: [usize; 3]) -> Vec<f64> {
    let mut values: Vec<f64> = Vec::new();
    for inst in &spec.insts {
        let of = |s: Scalar| values[s.index()];
        values.push(match *inst {
            Inst::Load(a) => f64::from(contents(a.slot, element(&a, at))),
            Inst::Const(bits) => f64::from(f32::from_bits(bits)),
            Inst::Unary(Unary::Neg, x) => -of(x),
            Inst::Unary(Unary::Relu, x) => of(x).max(0.0),
            Inst::Unary(Unary::Step, x) => f64::from(u8::from(of(x) > 0.0)),
            Inst::Binary(Binary::Add, x, y) => of(x) + of(y),
            Inst::Binary(Binary::Sub, x, y) => of(x) - of(y),
            Inst::Binary(Binary::Mul, x, y) => of(x) * of(y),
            Inst::Binary(Binary::Max, x, y) => of(x).max(of(y)),
            Inst::Unary(Unary::Tanh, x) => of(x).tanh(),
            Inst::Unary(Unary::Sigmoid, x) => 1.0 / (1.0 + (-of(x)).exp()),
            Inst::Random { stream, index, .. } => {
                f64::from(random::uniform(random::key(SEED as u32, stream), number(index, at)))
            }
            Inst::Index(index) => f64::from(number(index, at)),
            _ => unreachable!("not drawn"),
        });
    }
    values
}

fn number(Index { strides, image }: Index, at: [usize; 3]) -> u32 {
    let pixel: usize = (0..3).map(|axis| at[axis] * strides[axis]).sum();
    IMAGE * image as u32 + pixel as u32
}

fn element(a: &Access, at: [usize; 3]) -> usize {
    a.offset + (0..3).map(|axis| at[axis] * a.strides[axis]).sum::<usize>()
}

fn close(have: f64, want: f64, relative: f64, what: &str) {
    assert!((have - want).abs() <= relative * want.abs().max(1.0), "{what}: {have} for {want}");
}

fn read(arena: &Arena, slot: usize, element: usize, format: NumberFormat) -> f64 {
    let base = slot * SLOT * 4;
    let half = |element: usize| {
        // SAFETY: within the slot.
        let bits = unsafe { *arena.at(base + element / 2 * 4) }.to_bits();
        f64::from(f32::from_bits((bits >> (16 * (element % 2))) << 16))
    };
    match format {
        // SAFETY: within the slot.
        NumberFormat::F32 => f64::from(unsafe { *arena.at(base + element * 4) }),
        NumberFormat::Bf16 => half(element),
        NumberFormat::Split { distance } => half(element) + half(element + distance),
    }
}

/// Runs a loop and compares all it wrote.
fn check(spec: &LoopSpec, isa: Isa) {
    let mut jit = Jit::new(isa).unwrap();
    jit.compile(spec).unwrap();
    let (_code, functions) = jit.finish().unwrap();
    let arena = Arena::new(10 * SLOT * 4).unwrap();
    for slot in 0..4 {
        for at in 0..SLOT / 2 {
            let bits = |element| contents(slot, element).to_bits();
            let (place, word) = match slot {
                1 => (at, bits(2 * at) >> 16 | bits(2 * at + 1) & 0xFFFF_0000),
                _ => (at, bits(at)),
            };
            // SAFETY: within the slot.
            unsafe { *arena.at((slot * SLOT + place) * 4) = f32::from_bits(word) };
        }
    }
    const UNTOUCHED: u16 = 0x4640;
    for at in 4 * SLOT..10 * SLOT {
        let word = u32::from(UNTOUCHED) << 16 | u32::from(UNTOUCHED);
        // SAFETY: within the arena.
        unsafe { *arena.at(at * 4) = f32::from_bits(word) };
    }
    let table: Vec<*mut f32> = (0..10).map(|slot| arena.at(slot * SLOT * 4)).collect();
    // SAFETY: ten slots of more elements than any loop here reaches.
    unsafe { functions[0](table.as_ptr(), IMAGE) };
    let [rows, columns, channels] = spec.extent;
    for store in &spec.stores {
        let halves = (0..2 * SLOT).map(|at| {
            // SAFETY: within the slot.
            let word = unsafe { *arena.at((store.access.slot * SLOT + at / 2) * 4) }.to_bits();
            (word >> (16 * (at % 2))) as u16
        });
        let most = rows
            * columns
            * channels
            * if store.access.format == NumberFormat::Bf16 { 1 } else { 2 };
        let written = halves.filter(|&half| half != UNTOUCHED).count();
        assert!(written <= most, "{isa:?}: {written} for {most} by {spec:?}");
    }
    let pixels = || (0..rows).flat_map(|r| (0..columns).map(move |c| (r, c)));
    for channel in 0..channels {
        let mut reduced: Vec<Vec<f64>> = vec![Vec::new(); spec.reductions.len()];
        for (row, column) in pixels() {
            let at = [row, column, channel];
            let values = evaluate(spec, at);
            for store in &spec.stores {
                let (a, want) = (store.access, values[store.value.index()]);
                let have = read(&arena, a.slot, element(&a, at), a.format);
                let relative = match a.format {
                    NumberFormat::F32 => 1e-5,
                    NumberFormat::Bf16 => 1.0 / 256.0,
                    NumberFormat::Split { .. } => 2e-5,
                };
                close(
                    have,
                    want,
                    relative,
                    &format!("{isa:?} {:?} at {at:?} in {spec:?}", a.format),
                );
            }
            for (list, r) in reduced.iter_mut().zip(&spec.reductions) {
                list.push(values[r.value.index()]);
            }
        }
        for (list, r) in reduced.iter().zip(&spec.reductions) {
            let have = |skip| read(&arena, r.access.slot, channel + skip, NumberFormat::F32);
            // Values may be differences of numbers that are ten times as large.
            let size: f64 = list.iter().map(|v| v * v + 0.1).sum::<f64>() + 1.0;
            match r.kind {
                Accumulate::Sum => {
                    close(have(0), list.iter().sum(), 1e-5 * size, "sum");
                }
                Accumulate::Max => {
                    close(have(0), list.iter().copied().fold(f64::MIN, f64::max), 1e-5, "max");
                }
                Accumulate::Moments { pitch } => {
                    let shift = have(0);
                    close(shift, list[0], 1e-5, "shift");
                    let first = list.iter().map(|v| v - shift).sum();
                    let second = list.iter().map(|v| (v - shift).powi(2)).sum();
                    close(have(pitch), first, 1e-5 * size, "first moment");
                    close(have(2 * pitch), second, 1e-5 * size, "second moment");
                }
            }
        }
    }
}

#[test]
fn random_loops_do_what_they_say() {
    for isa in Isa::available() {
        let mut draw = Draw(0);
        for _ in 0..200 {
            let spec = random_loop(&mut draw);
            check(&spec, isa);
        }
    }
}

#[test]
fn most_random_loops_are_wide() {
    let mut draw = Draw(0);
    let wide = (0..200).filter(|_| super::compile(&random_loop(&mut draw)).is_some()).count();
    // All but those of a single pixel.
    assert!(wide > 190, "{wide} of 200");
}

/// Only single pixels are left to Cranelift.
#[test]
fn loops_of_gates_and_draws_are_wide() {
    let squeeze = "unit squeezed(width) {
            F = conv(3x3, width) -> bn -> silu -> conv(3x3, width) -> bn
            s = global_avg_pool -> linear(16) -> relu -> linear(width) -> sigmoid
            y = x + s(F(x)) * F(x)
            f = gelu
        }
        net squeezing(classes = 10) {
            input(3, 8, 8) -> conv(3x3, 16) -> bn -> tanh -> dropout(0.1)
            -> squeezed(16) -> global_avg_pool -> linear(classes)
        }";
    let specs = [
        (include_str!("../../../../../specs/exclusive_gate.rnet"), "8"),
        (include_str!("../../../../../specs/shortcut_gate.rnet"), "8"),
        (include_str!("../../../../../specs/dropout_shortcut.rnet"), "8"),
        (include_str!("../../../../../specs/stochastic_depth.rnet"), "8"),
        (include_str!("../../../../../specs/preact.rnet"), "8"),
        (squeeze, ""),
    ];
    for (text, depth) in specs {
        let depth = ("depth".to_owned(), depth.to_owned());
        let settings = if depth.1.is_empty() { vec![] } else { vec![depth] };
        let compiled = sema::compile(&Source::new("net", text), &settings);
        let network = compiled.unwrap_or_else(|e| panic!("{e:#?}")).network;
        let program = lower::gradients(&network, 2);
        for precision in [Precision::F32, Precision::Bf16, Precision::Bf16x3] {
            let isa = Isa::choose(None).unwrap();
            let loops = plan::schedule(&program, isa, precision).unwrap().loops;
            assert!(!loops.is_empty());
            for spec in loops {
                let [rows, columns, channels] = spec.extent;
                let left = rows * columns == 1 || channels == 1;
                assert!(left || super::compile(&spec).is_some(), "{precision:?}: {spec}");
            }
        }
    }
}
