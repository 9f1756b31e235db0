//! What holds a kernel on a chip that is not there.

use rnetc::engine::Precision;
use rnetc::engine::wgpu::chips::{CHIPS, Chip};
use rnetc::engine::wgpu::estimate::{DISPATCH, Estimate, LOAD, Limit, estimates};
use rnetc::engine::wgpu::{DeviceLimits, wgsl};
use rnetc::graph::builder::Builder;
use rnetc::graph::{
    Axes, ConvGeometry, NodeId, Output, Program, ReduceKind, Role, Shape, Type, Unary,
};

fn h200() -> &'static Chip {
    CHIPS.iter().find(|chip| chip.name == "h200").expect("a known chip")
}

/// The only kernel of what is built from pictures.
fn one(
    precision: Precision,
    shape: [usize; 4],
    build: impl Fn(&mut Builder, NodeId) -> NodeId,
) -> Estimate {
    let mut b = Builder::new();
    let x = b.input("images", Role::Images, Type { shape: Shape(shape), batched: true });
    let y = build(&mut b, x);
    let (outputs, updates) = (Output::quantities([y]), Vec::new());
    let program = Program { graph: b.finish(), outputs, updates, batch: shape[0] };
    let text = wgsl(&program, DeviceLimits::Adapter, h200().target(precision)).expect("text");
    let mut all = estimates(&program, &text, h200());
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn near(have: f64, want: f64) {
    assert!((have - want).abs() <= 1e-6 * want, "{have} for {want}");
}

#[test]
fn a_large_map_takes_as_long_as_its_bytes() {
    let relu = one(Precision::F32, [128, 64, 64, 64], |b, x| b.unary(Unary::Relu, x));
    let bytes = 2.0 * 4.0 * f64::from(128 * 64 * 64 * 64);
    assert_eq!((relu.limit, relu.bytes, relu.flops), (Limit::Memory, bytes, 0.0));
    near(relu.seconds, DISPATCH + bytes / 4800e9);
}

#[test]
fn a_small_map_takes_as_long_as_its_dispatch() {
    let relu = one(Precision::F32, [1, 1, 1, 64], |b, x| b.unary(Unary::Relu, x));
    assert_eq!((relu.limit, relu.groups), (Limit::Dispatch, 1));
    near(relu.seconds, DISPATCH + LOAD);
}

#[test]
fn a_long_reduction_of_few_threads_waits() {
    let sum = one(Precision::F32, [2, 32, 32, 4], |b, x| {
        b.reduce(ReduceKind::Sum, Axes([false, true, true, false]), x)
    });
    assert_eq!(sum.limit, Limit::Waiting);
    // 1,024 loads in fours, of two images in one thread.
    near(sum.seconds, DISPATCH + 2.0 * 256.0 * LOAD);
}

fn conv(images: usize, pixels: usize, channels: usize) -> Estimate {
    one(Precision::F32, [images, pixels, pixels, channels], |b, x| {
        let [input, padding] = [[pixels; 2], [1; 2]];
        let geometry =
            ConvGeometry { input, kernel: [3, 3], stride: 1, padding, ..ConvGeometry::POINT };
        let ty = Type { shape: Shape([3, 3, channels, channels]), batched: false };
        let weight = b.input("weight", Role::Parameter, ty);
        b.conv(geometry, x, weight)
    })
}

#[test]
fn a_convolution_has_its_products() {
    let large = conv(64, 32, 64);
    let flops = 2.0 * f64::from(64 * 32 * 32 * 64) * 64.0 * 9.0;
    assert_eq!(large.flops, flops);
    assert!(large.seconds >= flops / 67e12, "{large:?}");
    // Half of the pictures fill less of the chip, and take more than half of the time.
    let [four, two] = [4, 2].map(|images| conv(images, 8, 64).seconds);
    assert!(two > 0.5 * four, "{two} and {four}");
}

#[test]
fn chips_are_told_apart_and_in_order_of_size() {
    for chip in &CHIPS {
        assert_eq!(CHIPS.iter().filter(|other| other.name == chip.name).count(), 1);
        assert!(chip.matrix_tflops >= chip.f32_tflops && chip.gbytes > 0.0, "{chip:?}");
        assert!(chip.threads >= 1024 && chip.memory >= 32, "{chip:?}");
    }
}
