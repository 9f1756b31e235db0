//! What scalar functions compute, as vector operations.
//!
//! The transcendental ones are polynomials of minimal largest relative error on reduced arguments.
//! They err by less than two units in the last place for every f32 (`tests` has the bounds), with fused
//! multiply-adds and without: subnormal arguments and results count, a NaN stays one.

use super::operations::{One, Operations, SIGN, Test, Two};
use crate::graph::{Binary, Unary};

/// A function of one argument.
pub fn unary<O: Operations>(o: &mut O, function: Unary, x: O::Value) -> O::Value {
    match function {
        Unary::Neg => {
            let sign = o.bits(SIGN);
            o.two(Two::Xor, x, sign)
        }
        Unary::Relu => o.at_least(0.0, x),
        Unary::Step => {
            let (zero, one) = (o.number(0.0), o.number(1.0));
            o.choose((x, Test::AtMost, zero), zero, one)
        }
        Unary::Sqrt => o.one(One::Sqrt, x),
        Unary::Recip => {
            let one = o.number(1.0);
            o.two(Two::Div, one, x)
        }
        Unary::Finite => {
            let (zero, infinity) = (o.number(0.0), o.number(f32::INFINITY));
            let size = o.magnitude(x);
            o.choose((size, Test::Below, infinity), x, zero)
        }
        Unary::Exp => exp(o, x),
        Unary::Log => log(o, x),
        Unary::Sigmoid => sigmoid(o, x),
        Unary::Tanh => tanh(o, x),
        Unary::Erf => erf(o, x),
    }
}

/// A function of two arguments.
pub fn binary<O: Operations>(o: &mut O, function: Binary, a: O::Value, b: O::Value) -> O::Value {
    match function {
        Binary::Add => o.add(a, b),
        Binary::Sub => o.sub(a, b),
        Binary::Mul => o.mul(a, b),
        Binary::Div => o.two(Two::Div, a, b),
        Binary::Max => {
            let larger = o.two(Two::Max, a, b);
            // The operation keeps b's NaN; a's is the only a that is not at most a.
            o.choose((a, Test::AtMost, a), larger, a)
        }
    }
}

/// ln 2 in two parts: a product of the first and a number of at most eight bits is exact.
const LN_2: [f32; 2] = [0.693_145_75, 1.428_606_8e-6];
/// (eʳ − 1 − r) / r² for |r| ≤ ½ ln 2, to 2⁻²⁸ of eʳ.
const EXP: [f32; 5] = [1.381_893_9e-3, 8.368_704e-3, 0.041_668_29, 0.166_665_21, 0.499_999_94];
/// (ln(1 + f) − f) / f² for −¼ ≤ f < ½, to 2⁻²⁷ of ln(1 + f).
const LOG: [f32; 9] = [
    -0.045_121_204,
    0.104_697_38,
    -0.131_639_97,
    0.144_782_53,
    -0.166_469_87,
    0.199_908_21,
    -0.250_001_04,
    0.333_334_5,
    -0.5,
];
/// (tanh a / a − 1) / a² in a², for a ≤ [`TANH_SMALL`], to 2⁻²⁹ of tanh.
const TANH: [f32; 5] = [-6.242_849e-3, 0.021_050_714, -0.053_847_548, 0.133_325_44, -0.333_333_16];
const TANH_SMALL: f32 = 0.55;
/// (erf a / a − 1) in a², for a ≤ [`ERF_SMALL`], to 2⁻³⁰ of erf.
const ERF: [f32; 7] = [
    7.996_649e-5,
    -8.049_769_7e-4,
    5.192_405e-3,
    -0.026_855_731,
    0.112_836_26,
    -0.376_126_3,
    0.128_379_17,
];
/// ln(1 − erf a) / a + 1 in a, from there on, to 2⁻³⁰ of erf.
const ERF_REST: [f32; 7] = [
    -1.123_001_4e-5,
    3.227_940_2e-4,
    -3.642_429_6e-3,
    0.023_762_02,
    -0.106_236_845,
    -0.635_151_3,
    -0.128_648_49,
];
const ERF_SMALL: f32 = 0.92;

/// c and n of eˣ = 2ⁿ · (1 + c), n whole and |c| < ½; for |x| ≤ 128.
fn exp_parts<O: Operations>(o: &mut O, x: O::Value) -> [O::Value; 2] {
    let log2_e = o.number(std::f32::consts::LOG2_E);
    let n = o.mul(x, log2_e);
    let n = o.one(One::Round, n);
    let r = LN_2.into_iter().fold(x, |rest, part| {
        let part = o.number(-part);
        o.multiply_add(n, part, rest)
    });
    let square = o.mul(r, r);
    let factor = o.polynomial(r, &EXP);
    [o.multiply_add(factor, square, r), n]
}

/// Beyond these arguments eˣ is 0 or infinite in f32.
const EXP_RANGE: [f32; 2] = [-104.0, 89.0];

fn exp<O: Operations>(o: &mut O, x: O::Value) -> O::Value {
    let x = o.at_most(EXP_RANGE[1], x);
    let x = o.at_least(EXP_RANGE[0], x);
    let [c, n] = exp_parts(o, x);
    let one = o.number(1.0);
    let mantissa = o.add(one, c);
    o.two(Two::Scale, mantissa, n)
}

fn log<O: Operations>(o: &mut O, x: O::Value) -> O::Value {
    let (m, e) = (o.one(One::Mantissa, x), o.one(One::Exponent, x));
    let (zero, one) = (o.number(0.0), o.number(1.0));
    let f = o.sub(m, one);
    let square = o.mul(f, f);
    let factor = o.polynomial(f, &LOG);
    let [high, low] = LN_2.map(|part| o.number(part));
    // The smallest terms first.
    let rest = o.mul(factor, square);
    let rest = o.multiply_add(e, low, rest);
    let rest = o.add(rest, f);
    let finite = o.multiply_add(e, high, rest);
    let (infinity, least, nan) =
        (o.number(f32::INFINITY), o.number(f32::NEG_INFINITY), o.number(f32::NAN));
    let y = o.choose((x, Test::Below, infinity), finite, x);
    let y = o.choose((x, Test::AtMost, zero), least, y);
    o.choose((x, Test::Below, zero), nan, y)
}

/// 1 / (1 + e⁻ˣ) with e⁻ˣ = 2ⁿ · (1 + c); where n may be large, both sides of the fraction are
/// divided by 2ⁿ. With w the smaller of 2ⁿ and 2⁻ⁿ, the denominator is 1 + w + a·c.
fn sigmoid<O: Operations>(o: &mut O, x: O::Value) -> O::Value {
    let sign = o.bits(SIGN);
    let minus = o.two(Two::Xor, x, sign);
    let minus = o.at_least(-104.0, minus);
    let minus = o.at_most(104.0, minus);
    let [c, n] = exp_parts(o, minus);
    let n = o.two(Two::Or, n, sign);
    // 2⁻¹²⁶ is as good as less beside 1.
    let small = o.at_least(-126.0, n);
    let w = o.power(small);
    let (zero, one) = (o.number(0.0), o.number(1.0));
    let a = o.choose((x, Test::Below, zero), one, w);
    let scale = o.choose((x, Test::Below, zero), n, zero);
    let sum = o.add(one, w);
    // What 1 + w has lost matters where w is the last place of 1.
    let lost = o.sub(one, sum);
    let lost = o.add(lost, w);
    let c = o.add(c, lost);
    let denominator = o.multiply_add(a, c, sum);
    let quotient = o.two(Two::Div, one, denominator);
    o.two(Two::Scale, quotient, scale)
}

/// A polynomial near 0, else 1 − 2 / (e²ˣ + 1).
fn tanh<O: Operations>(o: &mut O, x: O::Value) -> O::Value {
    let size = o.magnitude(x);
    let square = o.mul(x, x);
    let factor = o.polynomial(square, &TANH);
    let factor = o.mul(factor, square);
    let near = o.multiply_add(factor, size, size);
    let double = o.add(size, size);
    // From here on tanh is 1 in f32.
    let double = o.at_most(20.0, double);
    let [c, n] = exp_parts(o, double);
    let power = o.power(n);
    let (one, two) = (o.number(1.0), o.number(2.0));
    let sum = o.add(power, one);
    let denominator = o.multiply_add(power, c, sum);
    let rest = o.two(Two::Div, two, denominator);
    let far = o.sub(one, rest);
    let bound = o.number(TANH_SMALL);
    let y = o.choose((size, Test::Below, bound), near, far);
    o.with_sign_of(y, x)
}

/// A polynomial near 0, else 1 less the exponential of one.
fn erf<O: Operations>(o: &mut O, x: O::Value) -> O::Value {
    let size = o.magnitude(x);
    // From here on erf is 1 in f32.
    let size = o.at_most(4.0, size);
    let square = o.mul(size, size);
    let factor = o.polynomial(square, &ERF);
    let near = o.multiply_add(factor, size, size);
    let sign = o.bits(SIGN);
    let minus = o.two(Two::Xor, size, sign);
    let factor = o.polynomial(size, &ERF_REST);
    let exponent = o.multiply_add(factor, size, minus);
    let [c, n] = exp_parts(o, exponent);
    let power = o.power(n);
    let rest = o.multiply_add(power, c, power);
    let one = o.number(1.0);
    let far = o.sub(one, rest);
    let bound = o.number(ERF_SMALL);
    let y = o.choose((size, Test::Below, bound), near, far);
    o.with_sign_of(y, x)
}
