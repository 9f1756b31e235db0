//! Scalar functions.

use rnetc::graph::{Binary, Unary};

use super::structure::{check_op, subsets, ty};

/// Where a function has the slope that its adjoint says.
fn ranges(op: Unary) -> &'static [(f64, f64)] {
    match op {
        Unary::Neg | Unary::Relu | Unary::Step | Unary::Exp | Unary::Tanh | Unary::Erf => {
            &[(-2.0, 2.0)]
        }
        Unary::Sigmoid => &[(-2.0, 2.0), (-20.0, 20.0)],
        Unary::Log | Unary::Sqrt => &[(0.4, 3.0)],
        Unary::Recip => &[(0.4, 3.0), (-3.0, -0.4)],
        // Stands behind gradients: none flows through it.
        Unary::Finite => &[],
    }
}

#[test]
fn unary() {
    for &op in Unary::ALL {
        for &range in ranges(op) {
            for x in [ty([2, 3, 2, 3], true), ty([1, 1, 1, 5], false), ty([1; 4], false)] {
                check_op(op.name(), &[x], range, |b, x| b.unary(op, x[0]));
            }
        }
    }
}

/// Every pair of broadcasting patterns, outer products among them.
#[test]
fn binary() {
    let full = [2, 3, 2, 3];
    for &op in Binary::ALL {
        for left in subsets() {
            for right in subsets() {
                let pattern =
                    |kept: [bool; 4]| [0, 1, 2, 3].map(|a| if kept[a] { full[a] } else { 1 });
                let types = [ty(pattern(left), left[0]), ty(pattern(right), right[0])];
                check_op(&format!("{} {types:?}", op.name()), &types, (0.4, 3.0), |b, x| {
                    b.binary(op, x[0], x[1])
                });
            }
        }
    }
}

/// A batch of one is still a batch.
#[test]
fn batch_of_one() {
    for &op in Binary::ALL {
        let types = [ty([1, 2, 2, 3], true), ty([1, 1, 1, 3], false)];
        check_op(op.name(), &types, (0.4, 3.0), |b, x| b.binary(op, x[0], x[1]));
        check_op(op.name(), &types, (0.4, 3.0), |b, x| b.binary(op, x[1], x[0]));
    }
}

#[test]
fn one_operand_twice() {
    let x = [ty([2, 1, 2, 3], true)];
    for op in [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div] {
        check_op(op.name(), &x, (0.4, 3.0), |b, x| b.binary(op, x[0], x[0]));
    }
}
