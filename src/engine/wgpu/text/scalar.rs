//! Scalar functions as WGSL, one element or four at a time.

use crate::graph::{Binary, Unary};

/// The WGSL type of `width` elements.
pub(super) fn type_name(width: usize) -> &'static str {
    if width == 4 { "vec4<f32>" } else { "f32" }
}

/// A number as all devices know it.
pub(super) fn single(value: f64) -> f32 {
    let value = (value as f32).clamp(f32::MIN, f32::MAX);
    if value.is_normal() { value } else { 0.0 }
}

/// The same as text, exactly.
pub(super) fn literal(value: f64) -> String {
    let value = single(value);
    if value < 0.0 { format!("({value:?}f)") } else { format!("{value:?}f") }
}

/// `op` of the value named `x`.
pub(super) fn unary(op: Unary, x: &str, width: usize) -> String {
    match op {
        Unary::Neg => format!("-{x}"),
        Unary::Relu => format!("relu{width}({x})"),
        Unary::Step => format!("step{width}({x})"),
        Unary::Exp => format!("exp({x})"),
        Unary::Log => format!("log({x})"),
        Unary::Sqrt => format!("sqrt({x})"),
        Unary::Recip => format!("1.0 / {x}"),
        Unary::Sigmoid => format!("sigmoid{width}({x})"),
        Unary::Tanh => format!("tanh{width}({x})"),
        Unary::Erf => format!("erf{width}({x})"),
        Unary::Finite => format!("finite{width}({x})"),
    }
}

/// `op` of the values named `a` and `b`.
pub(super) fn binary(op: Binary, a: &str, b: &str, width: usize) -> String {
    match op {
        Binary::Add => format!("{a} + {b}"),
        Binary::Sub => format!("{a} - {b}"),
        Binary::Mul => format!("{a} * {b}"),
        Binary::Div => format!("{a} / {b}"),
        Binary::Max => format!("larger{width}({a}, {b})"),
    }
}

/// How element `k` of a value of `width` elements is named.
pub(super) fn part(width: usize, k: usize) -> &'static str {
    if width == 1 { "" } else { [".x", ".y", ".z", ".w"][k] }
}
