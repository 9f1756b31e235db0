//! The nearest orthogonal matrix, nearly, by products alone (Jordan 2024, "Muon: An optimizer for hidden
//! layers in neural networks").

use crate::graph::builder::Builder;
use crate::graph::{Axes, Binary, ConvGeometry, NodeId, ReduceKind, Shape, Unary};

/// Jordan's coefficients a, b, c of a·x + b·x³ + c·x⁵: the steepest at 0 that bring singular values from
/// (0, 1] to about 0.7 … 1.2.
pub const COEFFICIENTS: [f64; 3] = [3.4445, -4.775, 2.0315];

/// Rows of the matrix that a weight is, as layers read it, R×C: all that an output is summed over are rows,
/// outputs are columns.
pub fn rows(weight: Shape) -> usize {
    weight.0[..3].iter().product()
}

/// `weight`, of the shape of a layer's weights, with singular values near 1: X ← G / (‖G‖ + ε), with ‖·‖ the
/// Frobenius norm, and then X ← a·X + b·X·XᵀX + c·X·(XᵀX)², `steps` times. Where there are fewer rows than
/// columns, the same comes from XXᵀ, which is smaller.
pub fn orthogonalised(
    b: &mut Builder,
    weight: NodeId,
    steps: u32,
    coefficients: [f64; 3],
    eps: f64,
) -> NodeId {
    let shape = b.ty(weight).shape;
    let [rows, columns] = [rows(shape), shape.0[3]];
    let mut x = b.reshape(weight, Shape([rows, 1, 1, columns]));
    let norm = norm(b, x);
    let eps = b.constant(eps);
    let size = b.add(norm, eps);
    let one = b.constant(1.0);
    let share = b.binary(Binary::Div, one, size);
    x = b.mul(x, share);
    for _ in 0..steps {
        x = step(b, x, [rows, columns], coefficients);
    }
    b.reshape(x, shape)
}

/// The Frobenius norm.
pub(super) fn norm(b: &mut Builder, x: NodeId) -> NodeId {
    let square = b.mul(x, x);
    let sum = b.reduce(ReduceKind::Sum, Axes::ALL, square);
    b.unary(Unary::Sqrt, sum)
}

/// One iteration on a matrix of so many rows and columns.
fn step(
    b: &mut Builder,
    x: NodeId,
    [rows, columns]: [usize; 2],
    [first, third, fifth]: [f64; 3],
) -> NodeId {
    let point = ConvGeometry::POINT;
    let less = rows.min(columns);
    // Symmetric, so that it is its own transpose.
    let (gram, gram_rows) = if columns <= rows {
        let gram = b.conv_dw(point, x, x);
        (gram, b.reshape(gram, Shape([less, 1, 1, less])))
    } else {
        let wide = b.reshape(x, Shape([1, 1, rows, columns]));
        let gram = b.conv_dx(point, x, wide);
        (b.reshape(gram, Shape([1, 1, less, less])), gram)
    };
    let square = b.conv(point, gram_rows, gram);
    let (third, fifth) = (b.scale(gram_rows, third), b.scale(square, fifth));
    let polynomial = b.add(third, fifth);
    let moved = if columns <= rows {
        let polynomial = b.reshape(polynomial, Shape([1, 1, less, less]));
        b.conv(point, x, polynomial)
    } else {
        let wide = b.reshape(x, Shape([1, 1, rows, columns]));
        b.conv(point, polynomial, wide)
    };
    let kept = b.scale(x, first);
    b.add(kept, moved)
}
