//! What the engine writes for adapters of every kind is run, and agrees with the f64 interpreter.

use rnetc::engine::Engine;
use rnetc::engine::wgpu::{Capabilities, MOST_CHOICES, Matrices, NumberFormat, Style, Target};
use rnetc::graph::builder::Builder;
use rnetc::graph::{ConvGeometry, Output, Program, Role, Shape, Type, Unary};

use super::Emulator;
use super::module::Limits;
use crate::compare::agree_for;
use crate::gpu::tuning::convolution;
use crate::nets::Net;

/// Half of the distance between neighbours in f16, relative.
pub const ROUNDING: f64 = 1.0 / 2048.0;

/// An adapter with subgroups of so many threads and matrices of this edge, as the engine writes for
/// it untuned.
pub fn adapter(
    activations: NumberFormat,
    subgroup: Option<u32>,
    edge: Option<usize>,
) -> (String, Emulator) {
    let matrices = edge.zip(subgroup);
    let matrices = matrices.map(|(edge, threads)| Matrices { edge, subgroup: threads as usize });
    let core = Capabilities::default();
    let capabilities = Capabilities { subgroups: subgroup.is_some(), matrices, ..core };
    let target = Target { activations, capabilities, style: Style::Staged, ..Target::default() };
    let limits = Limits {
        subgroup,
        matrices: edge.is_some(),
        half: activations == NumberFormat::F16 || edge.is_some(),
        memory: core.memory as u32,
        threads: core.threads as u32,
    };
    let subgroup = subgroup.map_or("no".into(), |n| n.to_string());
    let edge = edge.map_or("no".into(), |n| n.to_string());
    let name = format!("{activations:?}, subgroups of {subgroup}, matrices of {edge}");
    (name, Emulator { target, limits })
}

/// With subgroups of every size or none, and matrices of every size or none: in f32 they multiply
/// operands in two parts.
pub fn adapters(activations: NumberFormat) -> Vec<(String, Emulator)> {
    let subgroups = [None, Some(4), Some(8), Some(16), Some(32), Some(64), Some(128)];
    let edges = [None, Some(8), Some(16)];
    let pairs = subgroups.iter().flat_map(|s| edges.iter().map(move |e| (*s, *e)));
    let there = pairs.filter(|(subgroup, edge)| edge.is_none() || subgroup.is_some());
    there.map(|(subgroup, edge)| adapter(activations, subgroup, edge)).collect()
}

/// A program agrees with the f64 interpreter on all of them.
pub fn agrees(program: &Program, tolerance: f64, adapters: &[(String, Emulator)]) {
    let engines = adapters.iter();
    let engines =
        engines.map(|(name, it)| (name.as_str(), Box::new(*it) as Box<dyn Engine>)).collect();
    agree_for(1, "interpreted", program, tolerance, engines);
}

/// A training step with a strided unit.
fn net() -> Program {
    let mut net = Net::new(2);
    let x = net.images([8, 8, 3]);
    let x = net.conv(x, 16, 3, 1);
    let x = net.preact(x, 32, 2);
    net.trained(x, 10)
}

#[test]
fn a_net_trains_in_f32_on_every_adapter() {
    agrees(&net(), 1e-4, &adapters(NumberFormat::F32));
}

/// Operands and results of four layers and their gradients have eleven bits.
#[test]
fn a_net_trains_in_f16_on_every_adapter() {
    agrees(&net(), 8.0 * ROUNDING, &adapters(NumberFormat::F16));
}

/// Operands in two parts have 22 bits, so that what is left is that of f32 sums.
#[test]
fn operands_in_two_parts_are_as_good_as_single_precision() {
    for (subgroup, edge) in [(32, 16), (8, 8)] {
        let (name, it) = adapter(NumberFormat::F32, Some(subgroup), Some(edge));
        let blocked = (0..MOST_CHOICES).step_by(3).map(|choice| {
            let target = Target { choice, ..it.target };
            (format!("{name}, choice {choice}"), Emulator { target, ..it })
        });
        agrees(&convolution(2, 24, true), 2e-6, &blocked.collect::<Vec<_>>());
    }
}

/// Every blocking of the adapters whose subgroups multiply matrices: as NVIDIA's, as AMD's, as
/// Apple's, as lavapipe's.
#[test]
fn a_convolution_runs_in_every_blocking_by_matrices() {
    for (subgroup, edge) in [(32, 16), (64, 16), (32, 8), (8, 8)] {
        let (name, it) = adapter(NumberFormat::F16, Some(subgroup), Some(edge));
        let blocked = (0..MOST_CHOICES).map(|choice| {
            let target = Target { choice, ..it.target };
            (format!("{name}, choice {choice}"), Emulator { target, ..it })
        });
        // The sums of squares take each result in twice.
        agrees(&convolution(2, 24, true), 4.0 * ROUNDING, &blocked.collect::<Vec<_>>());
    }
}

/// Products of matrices outside the batch are in f32 where all else is in halves: an operand of eleven bits
/// would show.
#[test]
fn an_optimisers_products_are_never_by_matrices_of_halves() {
    let [x, w] =
        [[40, 1, 1, 24], [1, 1, 24, 36]].map(|shape| Type { shape: Shape(shape), batched: false });
    let point = ConvGeometry::POINT;
    let mut b = Builder::new();
    let (x, w) = (b.input("x", Role::Parameter, x), b.input("w", Role::Parameter, w));
    let g = b.conv(point, x, w);
    let nodes = [g, b.conv_dx(point, g, w), b.conv_dw(point, x, g)];
    let outputs = Output::quantities(nodes);
    let program = Program { graph: b.finish(), outputs, updates: Vec::new(), batch: 1 };
    for activations in [NumberFormat::F32, NumberFormat::F16] {
        let (name, it) = adapter(activations, Some(32), Some(16));
        let blocked = [0, 5, 11].map(|choice| {
            let target = Target { choice, ..it.target };
            (format!("{name}, choice {choice}"), Emulator { target, ..it })
        });
        agrees(&program, 1e-6, &blocked);
    }
}

/// The same adapter with so many bytes of workgroup memory, and so many threads a workgroup.
pub fn roomy((name, it): (String, Emulator), [memory, threads]: [usize; 2]) -> (String, Emulator) {
    let capabilities = Capabilities { memory, threads, ..it.target.capabilities };
    let target = Target { capabilities, ..it.target };
    let limits = Limits { memory: memory as u32, threads: threads as u32, ..it.limits };
    (format!("{name}, {memory} bytes, {threads} threads"), Emulator { target, limits })
}

/// A convolution of three pictures with both gradients.
fn contractions(kernel: usize, stride: usize, pixels: usize, [from, to]: [usize; 2]) -> Program {
    let [kernels, input, padding] = [kernel, pixels, kernel / 2].map(|extent| [extent; 2]);
    let geometry = ConvGeometry { input, kernel: kernels, stride, padding, ..ConvGeometry::POINT };
    let [h, w] = geometry.output();
    let mut b = Builder::new();
    let batched = |shape| Type { shape: Shape(shape), batched: true };
    let x = b.input("images", Role::Images, batched([3, pixels, pixels, from]));
    let g = b.input("gradient", Role::Images, batched([3, h, w, to]));
    let ty = Type { shape: Shape([kernel, kernel, from, to]), batched: false };
    let weight = b.input("weight", Role::Parameter, ty);
    let nodes =
        [b.conv(geometry, x, weight), b.conv_dx(geometry, g, weight), b.conv_dw(geometry, x, g)];
    Program { graph: b.finish(), outputs: Output::quantities(nodes), updates: Vec::new(), batch: 3 }
}

/// Kernels, strides and channels of every kind, with whatever a strip has beyond a row, a picture or
/// the channels, on adapters with little and with much room.
#[test]
fn contractions_of_every_shape_run_in_little_and_in_much_room() {
    use NumberFormat::{F16, F32};
    let kinds = [(F32, None), (F32, Some(16)), (F16, Some(16)), (F16, Some(8)), (F16, None)];
    let shapes = [
        (3, 1, 7, [20, 36]),
        (3, 2, 8, [16, 24]),
        (1, 1, 5, [40, 10]),
        (1, 2, 6, [16, 32]),
        (5, 1, 6, [3, 12]),
        (3, 2, 9, [5, 7]),
    ];
    for (kernel, stride, pixels, channels) in shapes {
        let program = contractions(kernel, stride, pixels, channels);
        for (activations, edge) in kinds {
            let tight = adapter(activations, Some(32), edge);
            let rooms = [[16 << 10, 256], [48 << 10, 512]];
            let each = rooms.iter().flat_map(|room| {
                let (name, it) = roomy(tight.clone(), *room);
                [0, 7].map(|choice| {
                    let target = Target { choice, ..it.target };
                    let name = format!("{kernel}×{kernel} {channels:?}, {name}, choice {choice}");
                    (name, Emulator { target, ..it })
                })
            });
            let tolerance = if activations == F32 { 2e-6 } else { 4.0 * ROUNDING };
            agrees(&program, tolerance, &each.collect::<Vec<_>>());
        }
    }
}

/// A weight gradient: images, rows and columns, channels read and written, kernel, stride, padding.
type Layer = (usize, [usize; 2], [usize; 2], [usize; 3]);

/// Kernels of every size, strides, ragged rows, strips and channels, and a linear layer.
const LAYERS: [Layer; 8] = [
    (3, [7, 9], [3, 5], [3, 1, 1]),
    (3, [9, 9], [20, 24], [3, 2, 1]),
    (2, [6, 5], [36, 70], [1, 1, 0]),
    (5, [7, 7], [16, 16], [1, 2, 0]),
    (2, [9, 8], [4, 8], [5, 1, 2]),
    (1, [12, 12], [3, 16], [7, 2, 3]),
    (40, [1, 1], [64, 10], [1, 1, 0]),
    // Two strips side by side, of which runs have a rest.
    (1, [3, 70], [4, 8], [3, 1, 1]),
];

fn weight_gradient((images, input, [from, to], [kernel, stride, padding]): Layer) -> Program {
    let geometry = ConvGeometry {
        input,
        kernel: [kernel; 2],
        stride,
        padding: [padding; 2],
        ..ConvGeometry::POINT
    };
    let mut b = Builder::new();
    let batched = |[h, w]: [usize; 2], channels| Type {
        shape: Shape([images, h, w, channels]),
        batched: true,
    };
    let x = b.input("images", Role::Images, batched(input, from));
    let g = b.input("gradient", Role::Images, batched(geometry.output(), to));
    let x = b.unary(Unary::Relu, x);
    let weights = b.conv_dw(geometry, x, g);
    let outputs = Output::quantities([weights]);
    Program { graph: b.finish(), outputs, updates: Vec::new(), batch: images }
}

/// By threads, and by matrices of halves and of numbers in two parts; with little memory and with more.
#[test]
fn weight_gradients_of_every_kind_are_added_up() {
    use NumberFormat::{F16, F32};
    let devices = [(F32, None, None), (F16, Some(32), Some(16)), (F32, Some(8), Some(8))];
    for (activations, subgroup, edge) in devices {
        let (name, it) = adapter(activations, subgroup, edge);
        let tolerance = if activations == F16 { 4.0 * ROUNDING } else { 2e-6 };
        let large = roomy((name.clone(), it), [48 << 10, 512]).1;
        let blocked = [(0, it), (5, large), (11, it)].map(|(choice, it)| {
            let target = Target { choice, ..it.target };
            (format!("{name}, choice {choice}"), Emulator { target, ..it })
        });
        LAYERS.iter().for_each(|layer| agrees(&weight_gradient(*layer), tolerance, &blocked));
    }
}
