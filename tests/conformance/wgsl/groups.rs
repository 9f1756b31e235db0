//! Convolutions by groups of channels on adapters of every kind, and in every blocking.

use rnetc::engine::wgpu::{MOST_CHOICES, NumberFormat, Style, Target};
use rnetc::graph::builder::Builder;
use rnetc::graph::{Axes, ConvGeometry, Output, Program, ReduceKind, Role, Shape, Type, Unary};

use super::Emulator;
use super::adapters::{ROUNDING, adapter, adapters, agrees, roomy};
use crate::nets::Net;

/// Rows and columns, groups, channels that a group reads and writes, kernel, stride, padding.
type Layer = ([usize; 2], [usize; 3], [usize; 3]);

/// A convolution of three pictures with the sums of its channels, and both gradients; what the
/// pictures are read through is a prologue.
fn convolution((input, [groups, read, written], [kernel, stride, padding]): Layer) -> Program {
    let geometry =
        ConvGeometry { input, kernel: [kernel; 2], stride, padding: [padding; 2], groups };
    let mut b = Builder::new();
    let batched =
        |[h, w]: [usize; 2], channels| Type { shape: Shape([3, h, w, channels]), batched: true };
    let x = b.input("images", Role::Images, batched(input, groups * read));
    let g = b.input("gradient", Role::Images, batched(geometry.output(), groups * written));
    let ty = Type { shape: Shape([kernel, kernel, read, groups * written]), batched: false };
    let weight = b.input("weight", Role::Parameter, ty);
    let [x, g] = [x, g].map(|pictures| b.unary(Unary::Relu, pictures));
    let y = b.conv(geometry, x, weight);
    let doubled = b.add(y, y);
    let sums = b.reduce(ReduceKind::M2, Axes::BATCH_AND_SPACE, doubled);
    let [dx, dw] = [b.conv_dx(geometry, g, weight), b.conv_dw(geometry, x, g)];
    let outputs = Output::quantities([doubled, sums, dx, dw]);
    Program { graph: b.finish(), outputs, updates: Vec::new(), batch: 3 }
}

/// Groups that fill tiles and fours and that do not, one channel of several, strides.
const LAYERS: [Layer; 8] = [
    ([4, 5], [3, 8, 8], [3, 1, 1]),
    ([5, 4], [2, 16, 24], [3, 2, 1]),
    ([3, 4], [2, 20, 12], [3, 1, 1]),
    ([3, 3], [4, 6, 10], [1, 1, 0]),
    ([4, 4], [5, 4, 4], [3, 2, 1]),
    ([4, 3], [3, 1, 2], [3, 1, 1]),
    ([4, 4], [2, 6, 5], [4, 1, 0]),
    ([4, 3], [2, 32, 32], [5, 1, 2]),
];

#[test]
fn groups_run_in_little_and_in_much_room() {
    use NumberFormat::{F16, F32};
    let kinds = [
        (F32, None, None),
        (F32, Some(32), Some(16)),
        (F16, Some(32), Some(16)),
        (F16, Some(8), Some(8)),
    ];
    for layer in LAYERS {
        let program = convolution(layer);
        for (activations, subgroup, edge) in kinds {
            let (name, it) = adapter(activations, subgroup, edge);
            let large = roomy((name.clone(), it), [48 << 10, 512]).1;
            let blocked = [(0, it), (MOST_CHOICES / 2, large)].map(|(choice, it)| {
                let target = Target { choice, ..it.target };
                (format!("{layer:?}, {name}, choice {choice}"), Emulator { target, ..it })
            });
            let tolerance = if activations == F32 { 2e-6 } else { 4.0 * ROUNDING };
            agrees(&program, tolerance, &blocked);
        }
    }
}

/// A training step of a unit by groups, then of one whose groups are channels.
fn net() -> Program {
    let mut net = Net::new(2);
    let x = net.images([4, 5, 4]);
    let x = net.resnext(x, 8, 2);
    let x = net.resnext(x, 4, 4);
    net.trained(x, 4)
}

#[test]
fn a_net_by_groups_trains_on_every_adapter() {
    agrees(&net(), 8.0 * ROUNDING, &adapters(NumberFormat::F16));
    let some = [(None, None), (Some(32), Some(16)), (Some(8), None)];
    let some = some.map(|(subgroup, edge)| adapter(NumberFormat::F32, subgroup, edge));
    agrees(&net(), 1e-4, &some);
}

/// Groups of one channel: whole and ragged fours and blocks, kernels whose rows are written out and
/// whose are not, strides that blocks are whole ones of and that they are not, a kernel of one place.
const DEPTHWISE: [Layer; 9] = [
    ([4, 8], [8, 1, 1], [3, 1, 1]),
    ([8, 6], [40, 1, 1], [3, 1, 1]),
    ([7, 5], [5, 1, 1], [3, 2, 1]),
    ([8, 8], [4, 1, 1], [3, 2, 1]),
    ([4, 6], [12, 1, 1], [5, 1, 2]),
    ([7, 7], [4, 1, 1], [7, 1, 3]),
    ([6, 4], [8, 1, 1], [1, 2, 0]),
    ([5, 7], [6, 1, 1], [4, 1, 0]),
    ([9, 8], [4, 1, 1], [4, 3, 2]),
];

#[test]
fn single_channels_run_in_every_blocking() {
    for layer in DEPTHWISE {
        let program = convolution(layer);
        let (name, it) = adapter(NumberFormat::F32, None, None);
        let sliding = Target { style: Style::Sliding, ..it.target };
        let (half, with_half) = adapter(NumberFormat::F16, Some(32), Some(16));
        let blocked = (0..MOST_CHOICES).map(|choice| {
            let target = Target { choice, ..it.target };
            (format!("{layer:?}, {name}, choice {choice}"), Emulator { target, ..it })
        });
        let software = Emulator { target: sliding, ..it };
        let blocked = blocked.chain([(format!("{layer:?}, {name}, sliding"), software)]);
        agrees(&program, 2e-6, &blocked.collect::<Vec<_>>());
        agrees(&program, 4.0 * ROUNDING, &[(format!("{layer:?}, {half}"), with_half)]);
    }
}
