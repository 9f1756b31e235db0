//! Convolution, both of its adjoints, and window pooling.

use rnetc::graph::PoolKind;
use rnetc::graph::{ConvGeometry, PoolGeometry, Shape, Type};

use super::structure::{check_op, ty};

const BATCH: usize = 2;
/// Channels read and written by a group.
const CI: usize = 2;
const CO: usize = 3;

fn geometries() -> Vec<ConvGeometry> {
    let mut all = Vec::new();
    for input in [[5, 7], [6, 4], [7, 7]] {
        for kernel in [[1, 1], [3, 3], [2, 3], [1, 4]] {
            for stride in [1, 2, 3] {
                for padding in [[0, 0], [1, 1], [0, 1], [2, 1]] {
                    all.push(ConvGeometry {
                        input,
                        kernel,
                        stride,
                        padding,
                        ..ConvGeometry::POINT
                    });
                }
            }
        }
    }
    for kernel in [[1, 1], [3, 3], [2, 3]] {
        for stride in [1, 2] {
            for groups in [2, 3] {
                let padding = [1, 0];
                all.push(ConvGeometry { input: [5, 4], kernel, stride, padding, groups });
            }
        }
    }
    all
}

fn types(g: &ConvGeometry) -> [Type; 3] {
    let ([h, w], [oh, ow], [kh, kw]) = (g.input, g.output(), g.kernel);
    let [ci, co] = [CI, CO].map(|each| each * g.groups);
    let x = ty([BATCH, h, w, ci], true);
    let y = ty([BATCH, oh, ow, co], true);
    [x, ty([kh, kw, CI, co], false), y]
}

#[test]
fn conv() {
    for g in geometries() {
        let [x, w, _] = types(&g);
        check_op(&format!("{g:?}"), &[x, w], (-1.0, 1.0), |b, a| b.conv(g, a[0], a[1]));
    }
}

#[test]
fn conv_dx() {
    for g in geometries() {
        let [_, w, y] = types(&g);
        check_op(&format!("{g:?}"), &[y, w], (-1.0, 1.0), |b, a| b.conv_dx(g, a[0], a[1]));
    }
}

#[test]
fn conv_dw() {
    for g in geometries() {
        let [x, _, y] = types(&g);
        check_op(&format!("{g:?}"), &[x, y], (-1.0, 1.0), |b, a| b.conv_dw(g, a[0], a[1]));
    }
}

/// Products of matrices: 4×3 by 3×5, by their transposes, and of what is another shape of the same elements.
#[test]
fn products_outside_the_batch() {
    let g = ConvGeometry::POINT;
    let [x, w, y] = [[4, 1, 1, 3], [1, 1, 3, 5], [4, 1, 1, 5]].map(|shape| ty(shape, false));
    check_op("x·w", &[x, w], (-1.0, 1.0), |b, a| b.conv(g, a[0], a[1]));
    check_op("g·wᵀ", &[y, w], (-1.0, 1.0), |b, a| b.conv_dx(g, a[0], a[1]));
    check_op("xᵀ·g", &[x, y], (-1.0, 1.0), |b, a| b.conv_dw(g, a[0], a[1]));
    check_op("xᵀ·x, squared", &[ty([2, 2, 1, 3], false)], (-1.0, 1.0), |b, a| {
        let x = b.reshape(a[0], Shape([4, 1, 1, 3]));
        let gram = b.conv_dw(g, x, x);
        let rows = b.reshape(gram, Shape([3, 1, 1, 3]));
        b.conv(g, rows, gram)
    });
}

#[test]
fn pool() {
    for kind in [PoolKind::Max, PoolKind::Avg] {
        for window in [1, 2, 3] {
            for stride in [1, 2, 3] {
                for padding in 0..window {
                    let g = PoolGeometry::square(kind, [5, 6], [window, stride, padding]);
                    let x = ty([BATCH, 5, 6, CI], true);
                    check_op(&format!("{g:?}"), &[x], (-2.0, 2.0), |b, a| b.pool(g, a[0]));
                }
            }
        }
    }
}
