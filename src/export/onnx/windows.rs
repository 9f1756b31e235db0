//! Windows as operators: what is asked for on each side, what means take in, and pictures made
//! larger or blurred.

use super::{FLOAT, Message, Writer, attribute, attribute_int, attribute_ints};
use crate::network::{PoolKind, Slide, Upsampling};

/// How a window moves. Operators take the padding before both axes, then after both.
pub(super) fn sliding(slide: Slide) -> Vec<Message> {
    let [[top, bottom], [left, right]] = slide.padding;
    let mut attributes = vec![
        attribute_ints("strides", &slide.stride),
        attribute_ints("pads", &[top, left, bottom, right]),
    ];
    if slide.dilation != [1, 1] {
        attributes.push(attribute_ints("dilations", &slide.dilation));
    }
    attributes
}

impl Writer {
    /// What `Pad` adds around pictures.
    pub(super) fn pads(&mut self, padding: [[isize; 2]; 2]) -> String {
        let [[top, bottom], [left, right]] = padding.map(|sides| sides.map(|n| n as i64));
        self.integers(&[0, 0, top, left, 0, 0, bottom, right])
    }

    pub(super) fn pool(
        &mut self,
        kind: PoolKind,
        window: [usize; 2],
        (mut slide, counted): (Slide, [[usize; 2]; 2]),
        mut arguments: Vec<String>,
        out: &str,
    ) {
        let counts_all = counted == slide.padding;
        if kind == PoolKind::Avg && !counts_all && counted != [[0; 2]; 2] {
            // The operator counts all of its padding or none: what counts is put around first.
            arguments.push(self.pads(counted.map(|sides| sides.map(|n| n as isize))));
            let around = format!("{out}.padded");
            self.node("Pad", &std::mem::take(&mut arguments), &around, vec![]);
            arguments = vec![around];
            slide.padding =
                [0, 1].map(|a| [0, 1].map(|side| slide.padding[a][side] - counted[a][side]));
        }
        let mut attributes = sliding(slide);
        attributes.push(attribute_ints("kernel_shape", &window));
        let op = match kind {
            PoolKind::Max => "MaxPool",
            PoolKind::Avg => {
                attributes.push(attribute_int("count_include_pad", usize::from(counts_all)));
                "AveragePool"
            }
        };
        self.node(op, &arguments, out, attributes);
    }

    /// A depthwise convolution of pictures that are mirrored at their borders.
    pub(super) fn blur(
        &mut self,
        size: usize,
        stride: usize,
        (mut arguments, channels): (Vec<String>, usize),
        out: &str,
    ) {
        let (before, after) = ((size - 1) / 2, size / 2);
        arguments.push(self.pads([[before as isize, after as isize]; 2]));
        let mirrored = format!("{out}.mirrored");
        self.node("Pad", &arguments, &mirrored, vec![text("mode", "reflect")]);
        let row = binomial(size);
        let kernel = row.iter().flat_map(|down| row.iter().map(move |across| down * across));
        let bytes: Vec<u8> = kernel.flat_map(|weight| (weight as f32).to_le_bytes()).collect();
        let weights = self.constant(FLOAT, &[channels, 1, size, size], &bytes.repeat(channels));
        let attributes =
            vec![attribute_ints("strides", &[stride, stride]), attribute_int("group", channels)];
        self.node("Conv", &[mirrored, weights], out, attributes);
    }

    pub(super) fn resize(
        &mut self,
        kind: Upsampling,
        factor: usize,
        mut arguments: Vec<String>,
        out: &str,
    ) {
        let scales = [1.0, 1.0, factor as f32, factor as f32];
        let bytes: Vec<u8> = scales.iter().flat_map(|scale| scale.to_le_bytes()).collect();
        // No region of interest.
        arguments.push(String::new());
        arguments.push(self.constant(FLOAT, &[scales.len()], &bytes));
        let attributes = match kind {
            Upsampling::Nearest => vec![
                text("mode", "nearest"),
                text("coordinate_transformation_mode", "asymmetric"),
                text("nearest_mode", "floor"),
            ],
            Upsampling::Bilinear => {
                vec![text("mode", "linear"), text("coordinate_transformation_mode", "half_pixel")]
            }
        };
        self.node("Resize", &arguments, out, attributes);
    }
}

/// Pascal's row of `size` numbers, as shares.
fn binomial(size: usize) -> Vec<f64> {
    let whole = 2f64.powi(size as i32 - 1);
    let mut ways = 1.0;
    (0..size)
        .map(|k| {
            let share = ways / whole;
            ways *= (size - 1 - k) as f64 / (k + 1) as f64;
            share
        })
        .collect()
}

fn text(name: &str, value: &str) -> Message {
    attribute(name, 3, Message::default().bytes(4, value))
}
