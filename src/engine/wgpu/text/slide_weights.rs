//! Gradients with respect to weights in registers: a thread has all places of the kernel for a few
//! channels, and goes over the pixels of a range of images.

use std::collections::HashMap;

use crate::engine::wgpu::cut::{Contraction, Window, WindowReach};

use super::scalar::part;
use super::slide::load;
use super::template::{SLIDE_WEIGHTS, fill};
use super::writer::{At, Writer};

/// The module.
pub(super) fn slide(writer: &mut Writer, it: &Contraction, window: Window) -> String {
    let (threads, splits) = (window.weight_threads(), writer.cut.splits);
    let groups = writer.cut.workgroups(writer.kernel);
    let [images, h, w] = it.pixels();
    let each = h * w / window.across;
    let constants = format!(
        "alias V = vec4<f32>;\nconst INPUTS = {}u;\nconst BLOCKS = {}u;\nconst SIDE = {}u;\n\
         const SPLITS = {splits}u;\nconst SPLIT_THREADS = {threads}u;\nconst STEPS = {}u;\n\
         const SPLIT_STEPS = {}u;\nconst GROUPS = {groups}u;\n",
        it.a_width,
        window.blocks,
        window.side[0],
        images * each,
        writer.cut.split_images(images) * each
    );
    let sums = sums(it, window.blocks);
    let accumulators = sums.iter().map(|sum| format!("var {} = V(0.0);\n", sum.name())).collect();
    fill(
        SLIDE_WEIGHTS,
        &[
            ("constants", constants),
            ("accumulators", accumulators),
            ("products", products(writer, it, window, &sums)),
            ("stores", sums.iter().map(|sum| store(writer, it, sum)).collect()),
        ],
    )
}

/// Four sums of a thread: a place of the kernel, an input channel, a block of output channels.
struct Sum {
    place: [usize; 2],
    input: usize,
    block: usize,
}

impl Sum {
    fn name(&self) -> String {
        let Self { place: [i, j], input, block } = self;
        format!("acc{i}_{j}_{input}_{block}")
    }
}

fn sums(it: &Contraction, blocks: usize) -> Vec<Sum> {
    let [kh, kw] = it.geometry.kernel;
    let mut all = Vec::with_capacity(kh * kw * it.a_width * blocks);
    for i in 0..kh {
        for j in 0..kw {
            for input in 0..it.a_width {
                all.extend((0..blocks).map(|block| Sum { place: [i, j], input, block }));
            }
        }
    }
    all
}

/// One step: the products of a few neighbouring pixels.
fn products(writer: &mut Writer, it: &Contraction, window: Window, sums: &[Sum]) -> String {
    let reach = WindowReach::of(it, window);
    let [_, h, w] = it.pixels();
    let across = window.across;
    let x = writer.bind(format!("step % {}u * {across}u", w / across));
    let y = writer.bind(format!("step / {}u % {h}u", w / across));
    let n = writer.bind(format!("step / {}u", h * w / across));
    let gradient: Vec<Vec<String>> = (0..across)
        .map(|p| {
            let x = writer.bind(format!("{x} + {p}u"));
            let mut block = |b: usize| {
                let col = format!("(col + {}u)", 4 * b);
                writer.value(it.operands[1], &At::new([&n, &y, &x, &col], 4))
            };
            (0..window.blocks).map(&mut block).collect()
        })
        .collect();
    let first = reach.first(writer, &x);
    let columns = reach.columns(across);
    for i in 0..it.geometry.kernel[0] {
        let row = reach.row(writer, &y, &format!("{i}u"));
        let mut seen = HashMap::new();
        for &column in &columns {
            let pixel = reach.pixel(writer, &first, column, &row);
            seen.insert(column, load(writer, it, [&n, &row.index, "channel"], &pixel));
        }
        for sum in sums.iter().filter(|sum| sum.place[0] == i) {
            let part = part(it.a_width, sum.input);
            let terms: String = (0..across)
                .filter_map(|p| Some((p, reach.column(p, sum.place[1])?)))
                .map(|(p, column)| {
                    format!(" + {}{part} * {}", seen[&column], gradient[p][sum.block])
                })
                .collect();
            writer.line(format!("{name} = {name}{terms};", name = sum.name()));
        }
    }
    writer.take()
}

fn store(writer: &mut Writer, it: &Contraction, sum: &Sum) -> String {
    let Some(partials) = writer.partials else {
        writer.refuse(it.node);
        return String::new();
    };
    let tile = writer.cut;
    let place = (sum.place[0] * it.geometry.kernel[1] + sum.place[1]) * it.inner + sum.input;
    let at = format!(
        "(split * {}u + {place}u + channel) * {}u + col + {}u",
        tile.rows,
        tile.cols,
        4 * sum.block
    );
    writer.bindings.store(partials, &at, &sum.name(), 4) + "\n"
}
