//! Compiled functions against their definitions in f64, in units in the last place.

use super::Jit;
use crate::engine::cpu::loops::{Access, Accumulate, Inst, LoopSpec, LoopStore, Reduction};
use crate::engine::cpu::operand::NumberFormat;
use crate::engine::cpu::simd::Isa;
use crate::graph::{Binary, Unary};

/// How far a function may be from its definition, in units in the last place: a little more than the
/// most over all numbers (`functions_of_every_number`).
fn bound(function: Unary) -> f64 {
    /// Rounded correctly.
    const HALF: f64 = 0.5 + 1e-6;
    match function {
        Unary::Neg | Unary::Relu | Unary::Step | Unary::Finite => 0.0,
        Unary::Sqrt | Unary::Recip => HALF,
        Unary::Exp => 1.02,
        Unary::Log => 1.0,
        Unary::Tanh => 1.36,
        Unary::Erf => 1.2,
        Unary::Sigmoid => 1.75,
    }
}

/// A compiled function of `LEN` numbers.
struct Compiled {
    function: super::LoopFn,
    _code: super::Code,
}

const LEN: usize = 1 << 16;

impl Compiled {
    /// In a loop over so many channels: a multiple of sixteen may be wide, one of four takes
    /// Cranelift's vectors, another number one of their lanes.
    fn new(isa: Isa, function: Unary, channels: usize) -> Self {
        let along = if channels == 1 { 0 } else { 1 };
        let access = |slot| Access {
            slot,
            offset: 0,
            strides: [0, channels, along],
            format: NumberFormat::F32,
        };
        let extent = [1, LEN / channels, channels];
        let mut spec = LoopSpec { extent, slots: 2, ..LoopSpec::default() };
        let x = spec.push(Inst::Load(access(0)));
        let value = spec.push(Inst::Unary(function, x));
        spec.stores.push(LoopStore { access: access(1), value });
        let mut jit = Jit::new(isa).unwrap();
        jit.compile(&spec).unwrap();
        let (code, functions) = jit.finish().unwrap();
        Self { function: functions[0], _code: code }
    }

    fn apply(&self, x: &mut [f32], y: &mut [f32]) {
        assert_eq!([x.len(), y.len()], [LEN; 2]);
        let table = [x.as_mut_ptr(), y.as_mut_ptr()];
        // SAFETY: the loop reads and writes `LEN` numbers of the two slots.
        unsafe { (self.function)(table.as_ptr(), 0) };
    }
}

/// Distance from a number to the next f32 above it.
fn last_place(v: f64) -> f64 {
    let exponent = v.abs().max(f64::from(f32::MIN_POSITIVE)).log2().floor() as i32;
    2f64.powi(exponent - 23)
}

/// How many units in the last place a result is off; NaN where it is of another kind.
fn error(have: f32, want: f64) -> f64 {
    let nearest = want as f32;
    if want.is_nan() || !nearest.is_finite() || !have.is_finite() {
        let same = have == nearest || have.is_nan() && want.is_nan();
        return if same { 0.0 } else { f64::NAN };
    }
    (f64::from(have) - want).abs() / last_place(want)
}

/// All ways in which this machine runs a function.
fn ways(function: Unary) -> Vec<(String, Compiled)> {
    let mut ways = Vec::new();
    for isa in Isa::available() {
        for channels in [1, 4, 16] {
            let name = format!("{function:?} on {isa:?}, {channels} channels");
            ways.push((name, Compiled::new(isa, function, channels)));
        }
    }
    ways
}

/// Runs all ways on these arguments; the largest error.
fn check(function: Unary, ways: &[(String, Compiled)], x: &mut [f32]) -> f64 {
    let want: Vec<f64> = x.iter().map(|&x| (function.facts().value)(f64::from(x))).collect();
    let mut y = vec![0.0; LEN];
    let mut worst = 0f64;
    for (name, compiled) in ways {
        compiled.apply(x, &mut y);
        for ((&x, &want), &have) in x.iter().zip(&want).zip(&y) {
            let error = error(have, want);
            assert!(error <= bound(function), "{name}: {x:e} gives {have:e} for {want:e}: {error}");
            // Relu of −0 may be 0 of either sign.
            if bound(function) > 0.0 {
                let sign = have.is_nan() || have.is_sign_negative() == want.is_sign_negative();
                assert!(sign, "{name}: {x:e} gives {have:e} for {want:e}");
            }
            worst = worst.max(error);
        }
    }
    worst
}

/// Numbers by their bits, `stride` apart.
fn sweep(function: Unary, ways: &[(String, Compiled)], stride: u64) -> f64 {
    let mut worst = 0f64;
    let mut x = vec![0.0; LEN];
    for first in (0..1 << 32).step_by(LEN * stride as usize) {
        for (at, x) in x.iter_mut().enumerate() {
            *x = f32::from_bits((first + at as u64 * stride) as u32);
        }
        worst = worst.max(check(function, ways, &mut x));
    }
    worst
}

#[test]
fn functions_are_as_exact_as_designed() {
    for &function in Unary::ALL {
        sweep(function, &ways(function), 10_007);
    }
}

/// Where something changes: kinds of numbers, ends of ranges and of reduced arguments.
#[test]
fn edges_of_functions_are_right() {
    let ln_2 = std::f32::consts::LN_2;
    let mut places = vec![0.0, f32::from_bits(1), f32::MIN_POSITIVE, f32::MAX, f32::INFINITY];
    places.extend([f32::NAN, 0.55, 0.75, 1.0, 1.5, 8.0, 10.0, 88.722_84, 89.0, 128.0]);
    places.extend([87.336_55, 103.278_93, 103.972_08, 104.0, 126.0, 4_194_304.0, 0.92, 3.9]);
    places.extend((0..160).map(|n| (n as f32 + 0.5) * ln_2));
    places.extend((-149..128).map(|n| 2f32.powi(n)));
    let near = |v: f32| (-2..=2).map(move |n| f32::from_bits(v.to_bits().wrapping_add_signed(n)));
    let mut x: Vec<f32> = places.into_iter().flat_map(near).flat_map(|v| [v, -v]).collect();
    assert!(x.len() <= LEN);
    x.resize(LEN, 0.0);
    for &function in Unary::ALL {
        check(function, &ways(function), &mut x);
    }
}

/// Every f32: minutes a function.
#[test]
#[ignore = "takes an hour"]
fn functions_of_every_number() {
    for &function in Unary::ALL {
        let most = sweep(function, &ways(function), 1);
        println!("{function:?}: {most:.4}");
        assert!(most <= bound(function), "{function:?}: {most}");
    }
}

/// Of two numbers and over pixels.
#[test]
fn a_maximum_keeps_a_nan() {
    const PIXELS: usize = 12;
    let nan = f32::NAN;
    for isa in Isa::available() {
        for channels in [1, 4, 16, 48] {
            let along = usize::from(channels > 1);
            let access = |slot, column| Access {
                slot,
                offset: 0,
                strides: [0, column, along],
                format: NumberFormat::F32,
            };
            let mut spec =
                LoopSpec { extent: [1, PIXELS, channels], slots: 4, ..LoopSpec::default() };
            let a = spec.push(Inst::Load(access(0, channels)));
            let b = spec.push(Inst::Load(access(1, channels)));
            let value = spec.push(Inst::Binary(Binary::Max, a, b));
            spec.stores.push(LoopStore { access: access(2, channels), value });
            spec.reductions.push(Reduction { kind: Accumulate::Max, access: access(3, 0), value });
            let mut jit = Jit::new(isa).unwrap();
            jit.compile(&spec).unwrap();
            let (_code, functions) = jit.finish().unwrap();
            for place in 0..PIXELS * channels {
                for [in_a, in_b] in [[nan, -2.0], [-2.0, nan], [nan, nan], [-2.0, -3.0]] {
                    let mut slots = vec![vec![-4.0; PIXELS * channels]; 4];
                    (slots[0][place], slots[1][place]) = (in_a, in_b);
                    let table: Vec<*mut f32> = slots.iter_mut().map(|s| s.as_mut_ptr()).collect();
                    // SAFETY: the loop stays within four slots of this length.
                    unsafe { functions[0](table.as_ptr(), 0) };
                    let want = if in_a.is_nan() || in_b.is_nan() { nan } else { -2.0 };
                    let same = |have: f32| have == want || have.is_nan() && want.is_nan();
                    let what = format!("{isa:?}, {channels} channels, {place}, {in_a}, {in_b}");
                    assert!(same(slots[2][place]), "{what}: {}", slots[2][place]);
                    let over = &slots[3][..channels];
                    assert!(same(over[place % channels]), "{what}: {over:?}");
                    assert!(over.iter().filter(|&&v| v == -4.0).count() == channels - 1, "{what}");
                }
            }
        }
    }
}
