//! Every operation, at sizes that do and do not fill tiles and groups of four.

use rnetc::engine::Precision;
use rnetc::engine::cpu::CpuEngine;
use rnetc::engine::cpu::simd::Isa;
use rnetc::graph::PoolKind;
use rnetc::graph::builder::Builder;
use rnetc::graph::{
    Axes, AxisMap, Binary, ConvGeometry, NodeId, Output, PoolGeometry, Program, ReduceKind, Remap,
    Role, Shape, Type, Unary,
};

use super::compare::{agree, agrees};

/// f32 rounding, over sums of up to some thousand terms.
const TOLERANCE: f64 = 2e-6;

fn batched(shape: [usize; 4]) -> Type {
    Type { shape: Shape(shape), batched: true }
}

fn program(b: Builder, batch: usize, outputs: &[NodeId]) -> Program {
    let outputs = Output::quantities(outputs.iter().copied());
    Program { graph: b.finish(), outputs, updates: Vec::new(), batch }
}

fn images(b: &mut Builder, shape: [usize; 4]) -> NodeId {
    b.input("images", Role::Images, batched(shape))
}

fn parameter(b: &mut Builder, shape: [usize; 4]) -> NodeId {
    b.input("weight", Role::Parameter, Type { shape: Shape(shape), batched: false })
}

#[test]
fn scalar_functions() {
    for channels in [1, 3, 8] {
        let mut b = Builder::new();
        let x = images(&mut b, [3, 5, 4, channels]);
        let one = b.constant(2.5);
        let positive = b.add(x, one);
        let mut outputs = Vec::new();
        for &op in Unary::ALL {
            let defined_below_zero = !matches!(op, Unary::Log | Unary::Sqrt | Unary::Recip);
            outputs.push(b.unary(op, if defined_below_zero { x } else { positive }));
        }
        let v = parameter(&mut b, [1, 1, 1, channels]);
        for &op in Binary::ALL {
            outputs.push(b.binary(op, x, positive));
            outputs.push(b.binary(op, x, v));
        }
        agrees(
            &format!("scalar functions, {channels} channels"),
            &program(b, 3, &outputs),
            TOLERANCE,
        );
    }
}

#[test]
fn sigmoid_tanh_and_erf_hold_far_out_and_near_zero() {
    let mut b = Builder::new();
    let x = images(&mut b, [2, 3, 3, 4]);
    let mut outputs = Vec::new();
    for factor in [100.0, 1e-3] {
        let scaled = b.scale(x, factor);
        outputs.push(b.unary(Unary::Sigmoid, scaled));
        outputs.push(b.unary(Unary::Tanh, scaled));
        outputs.push(b.unary(Unary::Erf, scaled));
    }
    agrees("extreme arguments", &program(b, 2, &outputs), TOLERANCE);
}

#[test]
fn random_numbers_are_the_same_bits() {
    for channels in [3, 4] {
        let mut b = Builder::new();
        let seed = b.input("seed", Role::Seed, Type { shape: Shape::SCALAR, batched: false });
        let drawn = b.random(5, seed, batched([3, 4, 5, channels]));
        let other = b.random(6, seed, batched([3, 1, 1, 1]));
        agrees("random", &program(b, 3, &[drawn, other]), 1e-12);
    }
}

/// Of images, of what is not batched, and of both where they meet.
#[test]
fn elements_are_numbered() {
    for channels in [3, 4, 16] {
        let mut b = Builder::new();
        let x = images(&mut b, [5, 3, 4, channels]);
        let all = b.index(b.ty(x));
        let images = b.index(batched([5, 1, 1, 1]));
        let channel = b.index(Type { shape: Shape::channels(channels), batched: false });
        let rows = b.index(Type { shape: Shape([1, 3, 1, 1]), batched: false });
        let mut outputs = vec![all, images, channel, rows];
        for index in outputs.clone() {
            outputs.push(b.mul(index, x));
        }
        // Which rows an image is among, in no memory: what statistics of parts of a batch are made of.
        let difference = b.sub(images, rows);
        let below = b.unary(Unary::Step, difference);
        let mean = b.reduce(ReduceKind::Sum, Axes::SPACE, x);
        let chosen = b.mul(below, mean);
        let sums = b.reduce(ReduceKind::Sum, Axes::BATCH, chosen);
        let again = b.mul(below, sums);
        outputs.extend([sums, b.reduce(ReduceKind::Sum, Axes::SPACE, again)]);
        agrees("index", &program(b, 5, &outputs), TOLERANCE);
    }
}

#[test]
fn convolutions() {
    // Images, rows, columns, inputs, outputs, kernel, stride, padding.
    for [n, h, w, ci, co, k, stride, padding] in [
        [2, 6, 6, 4, 8, 3, 1, 1],
        [3, 7, 5, 3, 16, 3, 1, 1],
        [1, 8, 8, 16, 32, 3, 2, 1],
        [2, 8, 8, 16, 32, 1, 2, 0],
        [5, 1, 1, 64, 10, 1, 1, 0],
        [2, 9, 9, 5, 7, 5, 2, 2],
        [1, 1, 1, 1, 1, 1, 1, 0],
        [33, 4, 4, 8, 36, 3, 1, 1],
        [2, 7, 9, 4, 4, 3, 3, 0],
        // Filled by what slides: one, two and three to a row, several rows, edges on each side.
        [2, 16, 16, 8, 16, 3, 1, 1],
        [1, 6, 32, 3, 8, 3, 1, 1],
        [3, 4, 16, 4, 12, 3, 2, 1],
        [2, 8, 8, 8, 16, 1, 1, 0],
        [2, 8, 8, 4, 8, 3, 2, 0],
        [2, 16, 24, 3, 8, 5, 2, 2],
        [2, 10, 12, 4, 4, 7, 1, 3],
        [1, 4, 16, 4, 4, 1, 2, 0],
        [5, 4, 4, 64, 64, 3, 1, 1],
        [2, 10, 10, 4, 4, 3, 3, 1],
        [1, 4, 4, 4, 4, 7, 1, 3],
        [2, 16, 16, 4, 4, 2, 4, 1],
    ] {
        let geometry = ConvGeometry {
            input: [h, w],
            kernel: [k, k],
            stride,
            padding: [padding; 2],
            ..ConvGeometry::POINT
        };
        let [oh, ow] = geometry.output();
        let mut b = Builder::new();
        let x = images(&mut b, [n, h, w, ci]);
        let g = images(&mut b, [n, oh, ow, co]);
        let weight = parameter(&mut b, [k, k, ci, co]);
        let outputs = [
            b.conv(geometry, x, weight),
            b.conv_dx(geometry, g, weight),
            b.conv_dw(geometry, x, g),
        ];
        let name = format!("{n}×{h}×{w}, {ci}→{co}, {k}×{k}/{stride}+{padding}");
        agrees(&name, &program(b, n, &outputs), TOLERANCE);
    }
}

/// On all of a CPU's instructions, and in all of its precisions.
#[test]
fn grouped_convolutions() {
    // Images, rows, columns, groups, inputs and outputs of a group, kernel, stride, padding.
    for [n, h, w, groups, read, written, k, stride, padding] in [
        [2, 6, 6, 8, 1, 1, 3, 1, 1],
        [3, 7, 5, 37, 1, 1, 3, 1, 1],
        [2, 8, 8, 64, 1, 1, 3, 2, 1],
        [2, 9, 9, 16, 1, 1, 5, 2, 2],
        [2, 8, 8, 6, 1, 3, 3, 1, 1],
        [2, 5, 6, 4, 3, 1, 3, 1, 0],
        [2, 8, 8, 8, 4, 4, 3, 1, 1],
        [2, 8, 8, 4, 8, 8, 3, 2, 1],
        [2, 8, 8, 2, 16, 16, 3, 1, 1],
        [2, 8, 8, 3, 32, 32, 3, 1, 1],
        [1, 8, 8, 2, 64, 64, 3, 2, 1],
        [2, 5, 7, 2, 6, 10, 1, 1, 0],
        [2, 4, 4, 2, 6, 5, 4, 1, 0],
        [17, 3, 3, 12, 1, 1, 3, 1, 1],
    ] {
        let geometry =
            ConvGeometry { input: [h, w], kernel: [k, k], stride, padding: [padding; 2], groups };
        let [oh, ow] = geometry.output();
        let mut b = Builder::new();
        let x = images(&mut b, [n, h, w, groups * read]);
        let g = images(&mut b, [n, oh, ow, groups * written]);
        let weight = parameter(&mut b, [k, k, read, groups * written]);
        let outputs = [
            b.conv(geometry, x, weight),
            b.conv_dx(geometry, g, weight),
            b.conv_dw(geometry, x, g),
        ];
        let name = format!("{n}×{h}×{w}, {groups} of {read}→{written}, {k}×{k}/{stride}+{padding}");
        let program = program(b, n, &outputs);
        agrees(&name, &program, TOLERANCE);
        let every = Isa::available().into_iter().flat_map(|isa| {
            [(Precision::F32, TOLERANCE), (Precision::Bf16x3, 2e-5), (Precision::Bf16, 8e-3)]
                .map(|(precision, most)| (isa, precision, most))
        });
        for (isa, precision, most) in every {
            let engine = CpuEngine::on(isa, Some(2), precision).expect("the machine has it");
            agree(
                &format!("{name} in {precision}"),
                &program,
                most,
                vec![(isa.name(), Box::new(engine))],
            );
        }
    }
}

#[test]
fn whole_image_kernels() {
    let geometry = ConvGeometry {
        input: [4, 3],
        kernel: [4, 3],
        stride: 1,
        padding: [0, 0],
        ..ConvGeometry::POINT
    };
    let mut b = Builder::new();
    let x = images(&mut b, [6, 4, 3, 5]);
    let g = images(&mut b, [6, 1, 1, 10]);
    let weight = parameter(&mut b, [4, 3, 5, 10]);
    let outputs =
        [b.conv(geometry, x, weight), b.conv_dx(geometry, g, weight), b.conv_dw(geometry, x, g)];
    agrees("linear", &program(b, 6, &outputs), TOLERANCE);
}

#[test]
fn reductions_over_every_set_of_axes() {
    for channels in [3, 8] {
        for kind in [ReduceKind::Sum, ReduceKind::Max, ReduceKind::M2] {
            let mut b = Builder::new();
            let x = images(&mut b, [5, 9, 7, channels]);
            let one = b.constant(1.0);
            let shifted = b.add(x, one);
            let mut outputs = Vec::new();
            for set in 1..16u32 {
                let axes = Axes([0, 1, 2, 3].map(|a| set >> a & 1 == 1));
                if kind == ReduceKind::M2 && !axes.0[0] {
                    // Second moments are taken over the batch.
                    continue;
                }
                outputs.push(b.reduce(kind, axes, shifted));
            }
            agrees(&format!("{kind:?}, {channels} channels"), &program(b, 5, &outputs), TOLERANCE);
        }
    }
}

#[test]
fn variance_far_from_zero() {
    let mut b = Builder::new();
    let x = images(&mut b, [16, 8, 8, 8]);
    let far = b.constant(1000.0);
    let shifted = b.add(x, far);
    let m2 = b.reduce(ReduceKind::M2, Axes::BATCH_AND_SPACE, shifted);
    // One ulp at 1000 is 6e-5; the values' spread is about one. A raw Σx² would lose all digits.
    agrees("variance around 1000", &program(b, 16, &[m2]), 1e-4);
}

#[test]
fn pooling() {
    for kind in [PoolKind::Max, PoolKind::Avg] {
        for [h, w, c, window, stride, padding] in
            [[8, 8, 4, 2, 2, 0], [7, 9, 3, 3, 2, 1], [5, 5, 8, 3, 1, 1], [4, 1, 4, 1, 1, 0]]
        {
            let geometry = PoolGeometry::square(kind, [h, w], [window, stride, padding]);
            let [oh, ow] = geometry.output();
            let mut b = Builder::new();
            let x = images(&mut b, [3, h, w, c]);
            let g = images(&mut b, [3, oh, ow, c]);
            // Clipped, so that windows have equal elements and the first must win.
            let clipped = b.unary(Unary::Relu, x);
            let outputs = [b.pool(geometry, clipped), b.pool_dx(geometry, clipped, g)];
            let name = format!("{kind:?} pool {window}/{stride}+{padding} of {h}×{w}×{c}");
            agrees(&name, &program(b, 3, &outputs), TOLERANCE);
        }
    }
}

#[test]
fn re_indexing() {
    let identity = AxisMap::identity;
    for (name, shape, axes) in [
        (
            "subsample",
            [2, 8, 7, 4],
            [
                identity(2),
                AxisMap { len: 4, mul: 2, offset: 0, div: 1 },
                AxisMap { len: 4, mul: 2, offset: 0, div: 1 },
                identity(4),
            ],
        ),
        (
            "zero insertion",
            [2, 4, 4, 4],
            [
                identity(2),
                AxisMap { len: 8, mul: 1, offset: 0, div: 2 },
                AxisMap { len: 7, mul: 1, offset: 0, div: 2 },
                identity(4),
            ],
        ),
        ("channels appended", [2, 4, 4, 4], [identity(2), identity(4), identity(4), identity(12)]),
        (
            "channels before and after",
            [2, 3, 3, 6],
            [
                identity(2),
                identity(3),
                identity(3),
                AxisMap { len: 12, mul: 1, offset: -3, div: 1 },
            ],
        ),
        (
            "slice",
            [2, 5, 5, 8],
            [
                identity(2),
                AxisMap { len: 3, mul: 1, offset: 1, div: 1 },
                AxisMap { len: 5, mul: 1, offset: -1, div: 1 },
                AxisMap { len: 4, mul: 1, offset: 4, div: 1 },
            ],
        ),
        (
            "one row, padded",
            [2, 1, 1, 4],
            [
                identity(2),
                AxisMap { len: 3, mul: 1, offset: -1, div: 1 },
                AxisMap { len: 1, mul: 1, offset: -1, div: 1 },
                identity(4),
            ],
        ),
    ] {
        let mut b = Builder::new();
        let x = images(&mut b, shape);
        let one = b.constant(1.0);
        let shifted = b.add(x, one);
        let moved = b.remap(Remap { axes }, shifted);
        agrees(name, &program(b, 2, &[moved]), TOLERANCE);
    }
}

/// The same elements under another shape: groups of channels apart and together, fours or not, with what
/// is done to them before and behind.
#[test]
fn other_shapes() {
    for (from, to) in [
        ([3, 1, 1, 12], [3, 1, 3, 4]),
        ([2, 1, 1, 15], [2, 1, 5, 3]),
        ([2, 1, 4, 8], [2, 1, 1, 32]),
        ([2, 3, 5, 2], [2, 5, 2, 3]),
    ] {
        let mut b = Builder::new();
        let x = images(&mut b, from);
        let one = b.constant(1.0);
        let shifted = b.add(x, one);
        let other = b.reshape(shifted, Shape(to));
        let sums = b.reduce(ReduceKind::Sum, Axes::CHANNELS, other);
        let repeated = b.broadcast(sums, batched(to));
        let back = b.reshape(repeated, Shape(from));
        let both = b.mul(back, x);
        agrees(&format!("{from:?} as {to:?}"), &program(b, from[0], &[other, both]), TOLERANCE);
    }
}

/// Products of matrices outside the batch, whose rows are another shape of a filter's; on all of a CPU's
/// instructions and in all of its precisions, which they do not follow.
#[test]
fn products_outside_the_batch() {
    // Of a filter: rows, columns, channels read, channels written.
    for [h, w, ci, co] in
        [[3, 3, 4, 8], [3, 3, 5, 7], [1, 1, 3, 16], [2, 2, 1, 1], [5, 1, 33, 12], [3, 3, 24, 36]]
    {
        let rows = h * w * ci;
        let mut b = Builder::new();
        let filter = parameter(&mut b, [h, w, ci, co]);
        let half = b.scale(filter, 0.5);
        let x = b.reshape(half, Shape([rows, 1, 1, co]));
        let point = ConvGeometry::POINT;
        let gram = b.conv_dw(point, x, x);
        let of_rows = b.reshape(gram, Shape([co, 1, 1, co]));
        let square = b.conv(point, of_rows, gram);
        let again = b.reshape(square, Shape([1, 1, co, co]));
        let polynomial = b.add(gram, again);
        let product = b.conv(point, x, polynomial);
        let wide = b.reshape(half, Shape([1, 1, rows, co]));
        let other = b.conv_dx(point, x, wide);
        let back = b.reshape(product, Shape([h, w, ci, co]));
        let moved = b.sub(filter, back);
        let program = program(b, 1, &[gram, square, other, moved, back]);
        let name = format!("{h}×{w}×{ci}×{co}");
        agrees(&name, &program, TOLERANCE);
        for isa in Isa::available() {
            for precision in [Precision::F32, Precision::Bf16x3, Precision::Bf16] {
                let engine = CpuEngine::on(isa, Some(2), precision).expect("the machine has it");
                let name = format!("{name} in {precision}");
                agree(&name, &program, TOLERANCE, vec![(isa.name(), Box::new(engine))]);
            }
        }
    }
}
