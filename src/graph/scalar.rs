//! Scalar functions: what each is called, what it computes, and how adjoints pass it. A new one
//! is a variant and its row here, and its text in the engines.

use super::types::listed;
use Binary::{Add, Div, Max, Mul, Sub};
use Rule::{A, B, Both, G, Number, Of, Y};
use Unary::{Erf, Exp, Finite, Log, Neg, Recip, Relu, Sigmoid, Sqrt, Step, Tanh};

listed! {
    /// Scalar functions of one argument.
    pub enum Unary {
        /// −x
        Neg = "neg",
        /// max(x, 0); a NaN stays.
        Relu = "relu",
        /// 0 where x ≤ 0, else 1: the slope of `Relu`, which lets a NaN's gradient pass.
        Step = "step",
        /// eˣ
        Exp = "exp",
        /// ln x
        Log = "log",
        /// √x
        Sqrt = "sqrt",
        /// 1/x
        Recip = "recip",
        /// 1 / (1 + e⁻ˣ)
        Sigmoid = "sigmoid",
        /// tanh x
        Tanh = "tanh",
        /// The error function 2/√π ∫₀ˣ e^(−t²) dt
        Erf = "erf",
        /// x, and 0 where x is infinite or no number
        Finite = "finite",
    }
}

listed! {
    /// Scalar functions of two arguments.
    pub enum Binary {
        /// a + b
        Add = "add",
        /// a − b
        Sub = "sub",
        /// a · b
        Mul = "mul",
        /// a / b
        Div = "div",
        /// The larger of a and b; a NaN if either is one.
        Max = "max",
    }
}

/// What flows back through a function y of a and b, as an expression.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// The adjoint of y.
    G,
    /// y itself: backward then needs no more than what forward handed on.
    Y,
    /// The first argument.
    A,
    /// The second argument.
    B,
    /// A number.
    Number(f64),
    /// A function of one expression.
    Of(Unary, &'static Rule),
    /// A function of two expressions.
    Both(Binary, &'static Rule, &'static Rule),
}

/// A row of the table of functions of one argument.
#[derive(Clone, Copy, Debug)]
pub struct UnaryFacts {
    /// Its value; the oracle's definition, which no engine uses.
    pub value: fn(f64) -> f64,
    /// The argument's adjoint; none where no gradient flows back.
    pub adjoint: Option<Rule>,
}

/// A row of the table of functions of two arguments.
#[derive(Clone, Copy, Debug)]
pub struct BinaryFacts {
    /// Its value; the oracle's definition, which no engine uses.
    pub value: fn(f64, f64) -> f64,
    /// The arguments' adjoints.
    pub adjoints: [Rule; 2],
}

/// 0 where a ≤ b, else 1.
const A_IS_LARGER: Rule = Of(Step, &Both(Sub, &A, &B));

impl Unary {
    /// Its row.
    pub fn facts(self) -> UnaryFacts {
        let row = |value, adjoint| UnaryFacts { value, adjoint: Some(adjoint) };
        let flat = |value| UnaryFacts { value, adjoint: None };
        match self {
            Neg => row(|x| -x, Of(Neg, &G)),
            Relu => row(|x| if x <= 0.0 { 0.0 } else { x }, Both(Mul, &G, &Of(Step, &Y))),
            Step => flat(|x| if x <= 0.0 { 0.0 } else { 1.0 }),
            Exp => row(f64::exp, Both(Mul, &G, &Y)),
            Log => row(f64::ln, Both(Mul, &G, &Of(Recip, &A))),
            Sqrt => row(f64::sqrt, Both(Mul, &G, &Of(Recip, &Both(Mul, &Y, &Number(2.0))))),
            Recip => row(f64::recip, Both(Mul, &G, &Of(Neg, &Both(Mul, &Y, &Y)))),
            Sigmoid => {
                let slope = &Both(Mul, &Y, &Both(Sub, &Number(1.0), &Y));
                row(|x| 1.0 / (1.0 + (-x).exp()), Both(Mul, &G, slope))
            }
            Tanh => {
                let slope = &Both(Sub, &Number(1.0), &Both(Mul, &Y, &Y));
                row(f64::tanh, Both(Mul, &G, slope))
            }
            Erf => {
                let slope = &Both(
                    Mul,
                    &Of(Exp, &Of(Neg, &Both(Mul, &A, &A))),
                    &Number(std::f64::consts::FRAC_2_SQRT_PI),
                );
                row(erf, Both(Mul, &G, slope))
            }
            Finite => flat(|x| if x.is_finite() { x } else { 0.0 }),
        }
    }
}

impl Binary {
    /// Its row.
    pub fn facts(self) -> BinaryFacts {
        let row = |value, adjoints| BinaryFacts { value, adjoints };
        match self {
            Add => row(|a, b| a + b, [G, G]),
            Sub => row(|a, b| a - b, [G, Of(Neg, &G)]),
            Mul => row(|a, b| a * b, [Both(Mul, &G, &B), Both(Mul, &G, &A)]),
            Div => {
                let second = &Both(Mul, &G, &Both(Mul, &Y, &Of(Recip, &B)));
                row(|a, b| a / b, [Both(Mul, &G, &Of(Recip, &B)), Of(Neg, second)])
            }
            // A tie goes to the second argument.
            Max => {
                let b_is_not_less = &Both(Sub, &Number(1.0), &A_IS_LARGER);
                row(larger, [Both(Mul, &G, &A_IS_LARGER), Both(Mul, &G, b_is_not_less)])
            }
        }
    }
}

/// The larger of two numbers, the second of equals; the first NaN if there is one.
fn larger(a: f64, b: f64) -> f64 {
    if a > b || a.is_nan() { a } else { b }
}

/// The error function by its series without cancellation, 2/√π e^(−x²) Σ 2ⁿ x^(2n+1) / (2n+1)!!
/// (Abramowitz and Stegun 1964, 7.1.6).
fn erf(x: f64) -> f64 {
    // From here on it is 1 to the last bit.
    const FAR: f64 = 6.0;
    if x.abs() >= FAR {
        return x.signum();
    }
    let (mut term, mut sum, mut n) = (x, x, 0.0);
    while term.abs() > f64::EPSILON / 4.0 * sum.abs() {
        n += 1.0;
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
    }
    std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Abramowitz and Stegun 1964, table 7.1, and what is exact.
    #[test]
    fn the_error_function() {
        let erf = Erf.facts().value;
        for (x, y) in
            [(0.1, 0.1124629160), (0.5, 0.5204998778), (1.0, 0.8427007929), (2.0, 0.9953222650)]
        {
            assert!((erf(x) - y).abs() < 1e-10 && erf(-x) == -erf(x), "{x}: {}", erf(x));
        }
        assert_eq!([erf(0.0), erf(7.0), erf(f64::NEG_INFINITY)], [0.0, 1.0, -1.0]);
        assert!(erf(f64::NAN).is_nan());
    }
}
