//! Convolutions, and their gradients with respect to pictures, in registers: a thread loads the
//! pixels that its windows see in one row once for all places of the kernel's row.

use std::collections::HashMap;

use crate::engine::wgpu::cut::{Contraction, ContractionKind, Window, WindowReach};

use super::scalar::{part, type_name};
use super::seen::{Seen, pixel};
use super::template::{SLIDE, fill};
use super::writer::{At, Writer};

/// The module.
pub(super) fn slide(writer: &mut Writer, it: &Contraction, window: Window) -> String {
    let threads = writer.cut.rows / window.pixels();
    let groups = writer.cut.workgroups(writer.kernel);
    let constants = format!(
        "alias V = vec4<f32>;\nconst THREADS = {threads}u;\nconst PIXELS = {}u;\n\
         const BLOCKS = {}u;\nconst SIDE = {}u;\nconst GROUPS = {groups}u;\n",
        window.pixels(),
        window.blocks,
        window.side[0]
    );
    let names = (0..window.blocks * window.pixels()).map(sum);
    fill(
        SLIDE,
        &[
            ("constants", constants),
            ("accumulators", names.map(|sum| format!("var {sum} = V(0.0);\n")).collect()),
            ("products", products(writer, it, window)),
            ("stores", stores(writer, it, window)),
        ],
    )
}

fn sum(number: usize) -> String {
    format!("acc{number}")
}

/// What becomes of the sums: the result, without an epilogue.
fn stores(writer: &mut Writer, it: &Contraction, window: Window) -> String {
    let Some(place) = writer.plan.memory.nodes[it.node.index()] else {
        writer.refuse(it.node);
        return String::new();
    };
    let mut text = String::new();
    for number in 0..window.blocks * window.pixels() {
        let (block, pixel) = (number / window.pixels(), number % window.pixels());
        let at = format!("(row + {pixel}u) * {}u + col + {}u", writer.cut.cols, 4 * block);
        text += &writer.bindings.store(place, &at, &sum(number), 4);
        text.push('\n');
    }
    text
}

/// The loop over the kernel's rows and the channels.
fn products(writer: &mut Writer, it: &Contraction, window: Window) -> String {
    let reach = WindowReach::of(it, window);
    let [kh, kw] = it.geometry.kernel;
    let groups = it.inner / it.a_width;
    let pixels = it.pixels();
    let [n, y, x] = pixel(writer, "row", pixels);
    let first = reach.first(writer, &x);
    writer.open(format!("for (var step = 0u; step < {}u; step++)", kh * groups));
    let i = writer.bind(format!("step / {groups}u"));
    let channel = writer.bind(format!("step % {groups}u * {}u", it.a_width));
    let mut left = HashMap::new();
    for down in 0..window.down {
        let row = reach.row(writer, &format!("({y} + {down}u)"), &i);
        for column in reach.columns(window.across) {
            let seen = reach.pixel(writer, &first, column, &row);
            left.insert((down, column), load(writer, it, [&n, &row.index, &channel], &seen));
        }
    }
    let right: Vec<_> =
        (0..kw).map(|j| weights(writer, it, window, [&i, &format!("{j}u"), &channel])).collect();
    for block in 0..window.blocks {
        for pixel in 0..window.pixels() {
            let (down, across) = (pixel / window.across, pixel % window.across);
            let seen = (0..kw).filter_map(|j| Some((j, reach.column(across, j)?)));
            let terms = seen.flat_map(|(j, column)| {
                let (a, right) = (&left[&(down, column)], &right[j]);
                (0..it.a_width)
                    .map(move |k| format!(" + {a}{} * {}", part(it.a_width, k), right[k][block]))
            });
            let sum = sum(block * window.pixels() + pixel);
            let terms: String = terms.collect();
            // All of a sum's products together, so that it is in a register meanwhile.
            writer.line(format!("{sum} = {sum}{terms};"));
        }
    }
    writer.close();
    writer.take()
}

/// What a thread sees of the left operand at a pixel: zero outside.
pub(super) fn load(
    writer: &mut Writer,
    it: &Contraction,
    [n, row, channel]: [&str; 3],
    seen: &Seen,
) -> String {
    let value = writer.value(it.operands[0], &At::new([n, row, &seen.index, channel], it.a_width));
    let v = type_name(it.a_width);
    writer.bind(format!("select({v}(0.0), {value}, {})", seen.inside))
}

/// For each channel loaded at once and each block, four weights at a place of the kernel.
fn weights(
    writer: &mut Writer,
    it: &Contraction,
    window: Window,
    [i, j, channel]: [&str; 3],
) -> Vec<Vec<String>> {
    let blocks = window.blocks;
    let col = |at: usize| format!("(col + {at}u)");
    if it.kind != ContractionKind::PictureGradient {
        let mut value = |k: usize, block: usize| {
            let at = At::new([i, j, &format!("({channel} + {k}u)"), &col(4 * block)], 4);
            writer.value(it.operands[1], &at)
        };
        return (0..it.a_width).map(|k| (0..blocks).map(|b| value(k, b)).collect()).collect();
    }
    // The weights of neighbouring inputs lie a row apart: loaded along the outputs, and turned.
    let rows: Vec<_> = (0..4 * blocks)
        .map(|c| writer.value(it.operands[1], &At::new([i, j, &col(c), channel], it.a_width)))
        .collect();
    let mut turned = |k: usize, block: usize| {
        let rows = rows[4 * block..][..4].iter();
        let parts: Vec<_> = rows.map(|row| format!("{row}{}", part(it.a_width, k))).collect();
        writer.bind(format!("V({})", parts.join(", ")))
    };
    (0..it.a_width).map(|k| (0..blocks).map(|b| turned(k, b)).collect()).collect()
}
