//! Windows that the graph's operations do not have: dilated, with other steps for rows than for
//! columns, with other padding before than after; means that leave padding out; and pictures made
//! larger or blurred.

use crate::graph::builder::Builder;
use crate::graph::{
    AxisMap, Binary, ConvGeometry, NodeId, PoolGeometry, PoolKind, Remap, Shape, Type, Unary,
};

/// A kernel with zeros between its elements, which reads each `dilation`-th pixel.
pub fn dilated(b: &mut Builder, w: NodeId, dilation: [usize; 2]) -> NodeId {
    let mut axes = b.ty(w).shape.0.map(AxisMap::identity);
    for (axis, step) in axes.iter_mut().zip(dilation) {
        *axis = AxisMap { len: (axis.len - 1) * step + 1, div: step, ..*axis };
    }
    remapped(b, axes, w)
}

/// Zero rows above and below, and zero columns left and right; below 0, so many are cut off.
pub fn padded(b: &mut Builder, x: NodeId, padding: [[isize; 2]; 2]) -> NodeId {
    let mut axes = b.ty(x).shape.0.map(AxisMap::identity);
    for (axis, [before, after]) in axes[1..3].iter_mut().zip(padding) {
        axis.len = axis.len.saturating_add_signed(before + after);
        axis.offset = -before;
    }
    remapped(b, axes, x)
}

/// Nothing where the map is the identity.
fn remapped(b: &mut Builder, axes: [AxisMap; 4], x: NodeId) -> NodeId {
    if axes == b.ty(x).shape.0.map(AxisMap::identity) { x } else { b.remap(Remap { axes }, x) }
}

/// Convolution. The operation has one step and the same padding before and after: what is more on
/// one side is put around the picture first, and what a longer step leaves out is computed.
pub fn conv(
    b: &mut Builder,
    [x, w]: [NodeId; 2],
    stride: [usize; 2],
    padding: [[usize; 2]; 2],
    groups: usize,
) -> NodeId {
    let common = padding.map(|[before, after]| before.min(after));
    let rest = [0, 1].map(|a| padding[a].map(|side| (side - common[a]) as isize));
    let x = padded(b, x, rest);
    let step = common_divisor(stride[0], stride[1]);
    let geometry = ConvGeometry {
        input: rows_columns(b, x),
        kernel: kernel(b, w),
        stride: step,
        padding: common,
        groups,
    };
    let y = b.conv(geometry, x, w);
    let mut axes = b.ty(y).shape.0.map(AxisMap::identity);
    for (axis, stride) in axes[1..3].iter_mut().zip(stride) {
        let left = stride / step;
        *axis = AxisMap { len: axis.len.div_ceil(left), mul: left, ..*axis };
    }
    remapped(b, axes, y)
}

/// Pooling. A mean takes in as much of the padding as `counted` says: of the rows above and below,
/// and of the columns left and right.
pub fn pool(
    b: &mut Builder,
    x: NodeId,
    geometry: PoolGeometry,
    counted: [[usize; 2]; 2],
) -> NodeId {
    let y = b.pool(geometry, x);
    if geometry.kind == PoolKind::Max || counted == geometry.padding {
        return y;
    }
    // The share of each window that counts.
    let input = [0, 1].map(|a| geometry.input[a] + counted[a].iter().sum::<usize>());
    let padding = [0, 1].map(|a| [0, 1].map(|side| geometry.padding[a][side] - counted[a][side]));
    let all = ones(b, x, input);
    let share = b.pool(PoolGeometry { input, padding, ..geometry }, all);
    over(b, y, share)
}

/// Each pixel `factor` × `factor` times.
pub fn nearest(b: &mut Builder, x: NodeId, factor: usize) -> NodeId {
    let row = vec![1.0; factor];
    spread(b, x, &row, factor, 0)
}

/// Between pixels in proportion to what is near, pixels being squares (PyTorch's
/// `align_corners=False`); at the border as far as there are pixels.
pub fn bilinear(b: &mut Builder, x: NodeId, factor: usize) -> NodeId {
    let length = 2 * factor - factor % 2;
    let centre = (length - 1) as f64 / 2.0;
    let weight = |i: usize| 1.0 - (i as f64 - centre).abs() / factor as f64;
    let row: Vec<f64> = (0..length).map(weight).collect();
    let padding = factor / 2;
    let larger = spread(b, x, &row, factor, padding);
    let input = rows_columns(b, x);
    let all = ones(b, x, input);
    let weights = spread(b, all, &row, factor, padding);
    over(b, larger, weights)
}

/// Every `stride`-th pixel after a binomial blur of `size` × `size`, pixels mirrored at the border
/// (Zhang 2019).
pub fn blur(b: &mut Builder, x: NodeId, size: usize, stride: usize) -> NodeId {
    let sides = [(size - 1) / 2, size / 2];
    let mirrored = mirror(b, x, 1, sides);
    let x = mirror(b, mirrored, 2, sides);
    let mut row = vec![1.0];
    for _ in 1..size {
        let shifted = [&[0.0][..], &row].concat();
        row.push(0.0);
        row.iter_mut().zip(shifted).for_each(|(left, right)| *left = (*left + right) / 2.0);
    }
    let groups = b.ty(x).shape.0[3];
    let geometry = ConvGeometry {
        input: rows_columns(b, x),
        kernel: [size; 2],
        stride,
        padding: [0, 0],
        groups,
    };
    let w = outer(b, &row, groups);
    b.conv(geometry, x, w)
}

/// Adds each pixel, weighted by `row` for rows and for columns, to a picture `factor` times as large.
fn spread(b: &mut Builder, x: NodeId, row: &[f64], factor: usize, padding: usize) -> NodeId {
    let groups = b.ty(x).shape.0[3];
    let geometry = ConvGeometry {
        input: rows_columns(b, x).map(|n| n * factor),
        kernel: [row.len(); 2],
        stride: factor,
        padding: [padding; 2],
        groups,
    };
    let w = outer(b, row, groups);
    b.conv_dx(geometry, x, w)
}

/// Rows (axis 1) or columns (axis 2) beyond the border, mirrored at the first and last one.
fn mirror(b: &mut Builder, x: NodeId, axis: usize, [before, after]: [usize; 2]) -> NodeId {
    let shape = b.ty(x).shape.0;
    let (extent, len) = (shape[axis], shape[axis] + before + after);
    let part = |b: &mut Builder, map: AxisMap| {
        let mut axes = shape.map(AxisMap::identity);
        axes[axis] = map;
        b.remap(Remap { axes }, x)
    };
    let middle = AxisMap { len, mul: 1, offset: -(before as isize), div: 1 };
    let mut whole = part(b, middle);
    let front = (1..=before).map(|i| single(len, before - i, i));
    let back = (1..=after).map(|i| single(len, before + extent - 1 + i, extent - 1 - i));
    for map in front.chain(back) {
        let edge = part(b, map);
        whole = b.add(whole, edge);
    }
    whole
}

/// Position `to` of an axis takes what is at `from`, and the others nothing: a divisor as long as
/// the axis leaves one position with a source.
fn single(len: usize, to: usize, from: usize) -> AxisMap {
    AxisMap { len, mul: 1, offset: (from * len) as isize - to as isize, div: len }
}

/// Constant weights size × size × 1 × channels: the products of a row's with a column's.
fn outer(b: &mut Builder, row: &[f64], channels: usize) -> NodeId {
    let len = row.len();
    let extents = [len, len, 1, 1];
    let [down, across] = [0, 1].map(|axis| {
        let mut lines = b.constant(0.0);
        for (i, &weight) in row.iter().enumerate() {
            let number = b.constant(weight);
            let all = b.broadcast(number, Type { shape: Shape(extents), batched: false });
            let mut axes = extents.map(AxisMap::identity);
            axes[axis] = single(len, i, 0);
            let line = b.remap(Remap { axes }, all);
            lines = b.add(lines, line);
        }
        lines
    });
    let both = b.binary(Binary::Mul, down, across);
    let shape = Shape([len, len, 1, channels]);
    b.broadcast(both, Type { shape, batched: false })
}

/// Ones of one channel for each of x's pictures.
fn ones(b: &mut Builder, x: NodeId, [rows, columns]: [usize; 2]) -> NodeId {
    let Type { shape: Shape([batch, ..]), batched } = b.ty(x);
    let one = b.constant(1.0);
    b.broadcast(one, Type { shape: Shape([batch, rows, columns, 1]), batched })
}

fn over(b: &mut Builder, y: NodeId, share: NodeId) -> NodeId {
    let reciprocal = b.unary(Unary::Recip, share);
    b.mul(y, reciprocal)
}

fn rows_columns(b: &Builder, x: NodeId) -> [usize; 2] {
    let [_, h, w, _] = b.ty(x).shape.0;
    [h, w]
}

fn kernel(b: &Builder, w: NodeId) -> [usize; 2] {
    let [rows, columns, ..] = b.ty(w).shape.0;
    [rows, columns]
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}
