//! Functions of components, as bits.

use naga::{BinaryOperator, MathFunction, UnaryOperator};

use super::Fault;
use super::layout::Kind;

/// A function of the bits of two components.
pub type OfTwo = Box<dyn Fn(u32, u32) -> u32>;

/// A function of the bits of up to three.
pub type OfThree = Box<dyn Fn([u32; 3]) -> u32>;

/// A float as bits of its kind.
pub fn rounded(kind: Kind, x: f32) -> u32 {
    match kind {
        Kind::F16 => half::f16::from_f32(x).to_f32().to_bits(),
        Kind::F32 | Kind::U32 | Kind::I32 | Kind::Bool => x.to_bits(),
    }
}

pub fn unary(op: UnaryOperator, kind: Kind, x: u32) -> Result<u32, Fault> {
    match (op, kind) {
        (UnaryOperator::Negate, Kind::F32 | Kind::F16) => Ok(x ^ 1 << 31),
        (UnaryOperator::Negate, Kind::I32) => Ok((x as i32).wrapping_neg() as u32),
        (UnaryOperator::LogicalNot, Kind::Bool) => Ok(x ^ 1),
        (UnaryOperator::BitwiseNot, Kind::U32 | Kind::I32) => Ok(!x),
        _ => Err(format!("{op:?} of {kind:?} is not interpreted")),
    }
}

/// Of two components of one kind; the right one of a shift is u32.
pub fn binary(op: BinaryOperator, kind: Kind) -> Result<OfTwo, Fault> {
    match kind {
        Kind::F32 | Kind::F16 => float(op, kind),
        Kind::U32 | Kind::I32 | Kind::Bool => integer(op, kind),
    }
}

fn float(op: BinaryOperator, kind: Kind) -> Result<OfTwo, Fault> {
    use BinaryOperator as Op;
    let number = |f: fn(f32, f32) -> f32| -> OfTwo {
        Box::new(move |a, b| rounded(kind, f(f32::from_bits(a), f32::from_bits(b))))
    };
    let test = |f: fn(&f32, &f32) -> bool| -> OfTwo {
        Box::new(move |a, b| u32::from(f(&f32::from_bits(a), &f32::from_bits(b))))
    };
    Ok(match op {
        Op::Add => number(|a, b| a + b),
        Op::Subtract => number(|a, b| a - b),
        Op::Multiply => number(|a, b| a * b),
        Op::Divide => number(|a, b| a / b),
        Op::Modulo => number(|a, b| a % b),
        Op::Equal => test(f32::eq),
        Op::NotEqual => test(f32::ne),
        Op::Less => test(f32::lt),
        Op::LessEqual => test(f32::le),
        Op::Greater => test(f32::gt),
        Op::GreaterEqual => test(f32::ge),
        Op::And
        | Op::ExclusiveOr
        | Op::InclusiveOr
        | Op::LogicalAnd
        | Op::LogicalOr
        | Op::ShiftLeft
        | Op::ShiftRight => return Err(format!("{op:?} of {kind:?} is not interpreted")),
    })
}

fn integer(op: BinaryOperator, kind: Kind) -> Result<OfTwo, Fault> {
    use BinaryOperator as Op;
    let signed = kind == Kind::I32;
    // What WGSL says of a division by zero.
    let divided: fn(u32, u32) -> u32 = match signed {
        true => |a, b| (a as i32).checked_div(b as i32).map_or(a, |q| q as u32),
        false => |a, b| a.checked_div(b).unwrap_or(a),
    };
    let rest: fn(u32, u32) -> u32 = match signed {
        true => |a, b| (a as i32).checked_rem(b as i32).map_or(0, |r| r as u32),
        false => |a, b| a.checked_rem(b).unwrap_or(0),
    };
    // Signed numbers in the order of unsigned ones.
    let shift = if signed { 1 << 31 } else { 0 };
    let compare = |f: fn(&u32, &u32) -> bool| -> OfTwo {
        Box::new(move |a, b| u32::from(f(&(a ^ shift), &(b ^ shift))))
    };
    Ok(match op {
        Op::Add => Box::new(u32::wrapping_add),
        Op::Subtract => Box::new(u32::wrapping_sub),
        Op::Multiply => Box::new(u32::wrapping_mul),
        Op::Divide => Box::new(divided),
        Op::Modulo => Box::new(rest),
        Op::Equal => Box::new(|a, b| u32::from(a == b)),
        Op::NotEqual => Box::new(|a, b| u32::from(a != b)),
        Op::Less => compare(u32::lt),
        Op::LessEqual => compare(u32::le),
        Op::Greater => compare(u32::gt),
        Op::GreaterEqual => compare(u32::ge),
        Op::And | Op::LogicalAnd => Box::new(|a, b| a & b),
        Op::InclusiveOr | Op::LogicalOr => Box::new(|a, b| a | b),
        Op::ExclusiveOr => Box::new(|a, b| a ^ b),
        Op::ShiftLeft => Box::new(u32::wrapping_shl),
        Op::ShiftRight if signed => Box::new(|a, b| (a as i32).wrapping_shr(b) as u32),
        Op::ShiftRight => Box::new(u32::wrapping_shr),
    })
}

/// A function of one to three components of one kind.
pub fn math(fun: MathFunction, kind: Kind) -> Result<OfThree, Fault> {
    use MathFunction as Fun;
    let number = |f: fn(f32, f32, f32) -> f32| -> OfThree {
        Box::new(move |args| {
            let [a, b, c] = args.map(f32::from_bits);
            rounded(kind, f(a, b, c))
        })
    };
    Ok(match (fun, kind.is_float()) {
        (Fun::Abs, true) => number(|a, _, _| a.abs()),
        (Fun::Min, true) => number(|a, b, _| least(a, b)),
        (Fun::Max, true) => number(|a, b, _| -least(-a, -b)),
        (Fun::Clamp, true) => number(|a, low, high| least(-least(-a, -low), high)),
        (Fun::Exp, true) => number(|a, _, _| a.exp()),
        (Fun::Exp2, true) => number(|a, _, _| a.exp2()),
        (Fun::Log, true) => number(|a, _, _| a.ln()),
        (Fun::Log2, true) => number(|a, _, _| a.log2()),
        (Fun::Sqrt, true) => number(|a, _, _| a.sqrt()),
        (Fun::InverseSqrt, true) => number(|a, _, _| 1.0 / a.sqrt()),
        (Fun::Floor, true) => number(|a, _, _| a.floor()),
        (Fun::Sign, true) => number(|a, _, _| if a == 0.0 { 0.0 } else { a.signum() }),
        (Fun::Fma, true) => number(f32::mul_add),
        (Fun::Min, false) if kind == Kind::U32 => Box::new(|[a, b, _]| a.min(b)),
        (Fun::Max, false) if kind == Kind::U32 => Box::new(|[a, b, _]| a.max(b)),
        (Fun::Clamp, false) if kind == Kind::U32 => Box::new(|[a, l, h]| a.max(l).min(h)),
        (Fun::Min, false) => Box::new(|[a, b, _]| (a as i32).min(b as i32) as u32),
        (Fun::Max, false) => Box::new(|[a, b, _]| (a as i32).max(b as i32) as u32),
        _ => return Err(format!("{fun:?} of {kind:?} is not interpreted")),
    })
}

/// A NaN if one of them is: what nobody has written must not get lost.
fn least(a: f32, b: f32) -> f32 {
    if a.is_nan() || b.is_nan() { f32::NAN } else { a.min(b) }
}

/// The same number as another kind, as WGSL converts.
pub fn converted(from: Kind, to: Kind, bits: u32) -> u32 {
    let number = match from {
        Kind::F32 | Kind::F16 => f64::from(f32::from_bits(bits)),
        Kind::I32 => f64::from(bits as i32),
        Kind::U32 | Kind::Bool => f64::from(bits),
    };
    match to {
        Kind::Bool => u32::from(number != 0.0),
        // `as` saturates, and bits wrap between the integers.
        Kind::U32 | Kind::I32 if !from.is_float() => bits,
        Kind::U32 => number as u32,
        Kind::I32 => number as i32 as u32,
        Kind::F32 | Kind::F16 => rounded(to, number as f32),
    }
}
