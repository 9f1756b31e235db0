//! Partial sums are added up whatever their number: parts of weight gradients, sums of tiles.

use rnetc::engine::Engine;
use rnetc::engine::wgpu::Style;
use rnetc::graph::builder::Builder;
use rnetc::graph::{Axes, ConvGeometry, Output, Program, ReduceKind, Role, Shape, Type};

use super::subgroups::subgroups;
use crate::compare::agree;
use crate::support::gpu;

/// A weight gradient, its sum and second moment, and those of the pictures: of each channel, and of
/// all.
fn program(images: usize, channels: usize) -> Program {
    let geometry = ConvGeometry {
        input: [5, 3],
        kernel: [3, 3],
        stride: 1,
        padding: [1, 1],
        ..ConvGeometry::POINT
    };
    let mut b = Builder::new();
    let batched = |channels| Type { shape: Shape([images, 5, 3, channels]), batched: true };
    let x = b.input("images", Role::Images, batched(4));
    let g = b.input("gradient", Role::Images, batched(channels));
    let weights = b.conv_dw(geometry, x, g);
    let mut nodes = vec![weights];
    for value in [weights, g] {
        for axes in [Axes::BATCH_AND_SPACE, Axes([true; 4])] {
            nodes.extend([ReduceKind::Sum, ReduceKind::M2].map(|kind| b.reduce(kind, axes, value)));
        }
    }
    let outputs = Output::quantities(nodes.iter().copied());
    Program { graph: b.finish(), outputs, updates: Vec::new(), batch: images }
}

#[test]
fn any_number_of_parts_is_added_up() {
    let Some(engine) = gpu() else { return };
    let staged = engine.with_style(Style::Staged);
    let with = subgroups().map(|engine| engine.with_style(Style::Staged));
    // Parts for one thread and for some, a last turn that few have, a last tile of few rows.
    for (images, channels) in [(1, 3), (2, 8), (5, 20), (37, 16), (37, 3), (203, 130)] {
        let mut engines: Vec<(&str, Box<dyn Engine>)> = vec![("staged", Box::new(staged.clone()))];
        let subgroups = with.clone().map(|engine| Box::new(engine) as Box<dyn Engine>);
        engines.extend(subgroups.map(|engine| ("subgroups", engine)));
        let name = format!("{images} images, {channels} channels");
        agree(&name, &program(images, channels), 2e-6, engines);
    }
}
