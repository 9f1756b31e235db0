//! Reductions over every set of axes.

use rnetc::graph::autodiff::mean;
use rnetc::graph::{Axes, ReduceKind, Unary};

use super::structure::{check_op, subsets, ty};

const KINDS: [ReduceKind; 3] = [ReduceKind::Sum, ReduceKind::Max, ReduceKind::M2];

#[test]
fn plain() {
    for axes in subsets().map(Axes) {
        for kind in KINDS {
            for x in [ty([2, 3, 2, 3], true), ty([2, 3, 2, 3], false), ty([1, 2, 3, 2], true)] {
                let what = format!("{} over {}", kind.name(), axes.letters());
                check_op(&what, &[x], (-2.0, 2.0), |b, a| b.reduce(kind, axes, a[0]));
            }
        }
    }
}

/// Sums of products, negations and repeated values, from which the builder takes factors out.
#[test]
fn of_products() {
    for axes in subsets().map(Axes) {
        for kept in subsets() {
            let full = [2, 3, 2, 3];
            let shape = [0, 1, 2, 3].map(|a| if kept[a] { full[a] } else { 1 });
            let types = [ty(full, true), ty(shape, kept[0])];
            let what = format!("{} of {shape:?}", axes.letters());
            check_op(&what, &types, (-2.0, 2.0), |b, a| {
                let product = b.mul(a[0], a[1]);
                let negated = b.unary(Unary::Neg, product);
                let sum = b.reduce(ReduceKind::Sum, axes, negated);
                let wide = b.broadcast(a[1], types[0]);
                let repeated = b.reduce(ReduceKind::Sum, axes, wide);
                b.mul(sum, repeated)
            });
        }
    }
}

#[test]
fn means() {
    for axes in subsets().map(Axes) {
        check_op(axes.letters().as_str(), &[ty([2, 3, 2, 3], true)], (-2.0, 2.0), |b, a| {
            let square = b.mul(a[0], a[0]);
            mean(b, axes, square)
        });
    }
}
