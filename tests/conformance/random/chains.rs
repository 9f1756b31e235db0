//! Chains of convolutions that read each other with nothing, or little, between: kernels of every
//! form, with and without padding, strides up to four, up to 160 channels, sides from 1 to 40.
//!
//! The CPU engine's own tests draw them too, with AMX's tiles emulated, so nothing is imported here.

/// A spec, and how many pictures it is given.
pub struct Chain {
    pub text: String,
    pub batch: usize,
}

/// Kernels, rows first: square, flat, upright, even, and larger than most pictures.
const KERNELS: [[usize; 2]; 14] = [
    [1, 1],
    [1, 1],
    [1, 1],
    [3, 3],
    [3, 3],
    [1, 7],
    [7, 1],
    [2, 2],
    [4, 4],
    [5, 5],
    [2, 3],
    [1, 3],
    [3, 1],
    [6, 2],
];
const STRIDES: [usize; 7] = [1, 1, 1, 1, 2, 3, 4];
const WIDTHS: [usize; 16] = [1, 3, 4, 8, 12, 15, 16, 17, 20, 24, 32, 33, 48, 64, 96, 160];
const SIDES: [usize; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 17, 24, 32, 40];
/// What stands between two convolutions: mostly nothing. Nothing here changes sides, so that rounding
/// is all by which engines differ.
const BETWEEN: [&str; 8] = ["", "", "", "", " -> tanh", " -> sigmoid", "POOL", "POOL"];
/// Multiplications of a convolution, over the batch: the interpreter takes them one by one.
const MOST: usize = 400_000;

/// What a chain has so far.
struct Shape {
    width: usize,
    sides: [usize; 2],
}

/// The chain that numbers below given ones make.
pub fn chain(below: &mut dyn FnMut(usize) -> usize) -> Chain {
    let batch = 1 + below(3);
    let mut shape = Shape { width: 1 + below(4), sides: [0, 1].map(|_| SIDES[below(16)]) };
    let [rows, columns] = shape.sides;
    let mut net = format!("input({}, {rows}, {columns})", shape.width);
    let mut since = 0;
    for _ in 0..2 + below(4) {
        net += &convolution(below, batch, &mut shape);
        // Three in a row at most, whose numbers stay near 1.
        since += 1;
        let between = if since == 3 { " -> tanh" } else { BETWEEN[below(8)] };
        if !between.is_empty() {
            since = 0;
        }
        net += &match between {
            "POOL" => pooling(below, &mut shape),
            plain => plain.to_owned(),
        };
    }
    let end = ["", " -> tanh", " -> tanh -> global_avg_pool"][below(3)];
    net += &format!("{end} -> linear({})", 2 + below(4));
    Chain { text: format!("net chain {{ {net} }}"), batch }
}

fn convolution(below: &mut dyn FnMut(usize) -> usize, batch: usize, shape: &mut Shape) -> String {
    let (mut kernel, stride) = (KERNELS[below(14)], STRIDES[below(7)]);
    let padded = below(2) == 0;
    let padding = |k: usize| if padded { k / 2 } else { 0 };
    for (k, side) in kernel.iter_mut().zip(shape.sides) {
        // A kernel fits into its picture and what stands around it.
        *k = (1..=*k).rev().find(|&k| k <= side + 2 * padding(k)).unwrap_or(1);
    }
    let out = [0, 1].map(|a| (shape.sides[a] + 2 * padding(kernel[a]) - kernel[a]) / stride + 1);
    let each = batch * out[0] * out[1] * kernel[0] * kernel[1] * shape.width;
    let mut width = WIDTHS[below(16)];
    width = width.min((MOST / each).max(1));
    let groups = if below(3) == 0 { groups(below, shape.width, &mut width) } else { 1 };
    *shape = Shape { width, sides: out };
    let stride = if stride == 1 { String::new() } else { format!(", stride: {stride}") };
    let padding = if padded { "" } else { ", padding: 0" };
    let bias = ["", "", ", bias: 0.1"][below(3)];
    let groups = if groups == 1 { String::new() } else { format!(", groups: {groups}") };
    format!(" -> conv({}x{}, {width}{stride}{padding}{bias}{groups})", kernel[0], kernel[1])
}

/// Groups of what is read; mostly as wide written as read.
fn groups(below: &mut dyn FnMut(usize) -> usize, read: usize, width: &mut usize) -> usize {
    let divisors: Vec<usize> = (1..=read).filter(|g| read.is_multiple_of(*g)).collect();
    let groups = divisors[below(divisors.len())];
    let same = below(3) > 0;
    *width = if same { read } else { (*width).next_multiple_of(groups) };
    groups
}

fn pooling(below: &mut dyn FnMut(usize) -> usize, shape: &mut Shape) -> String {
    let (window, stride) = (2 + below(2), 1 + below(3));
    if shape.sides.iter().any(|&side| side < window) {
        return " -> tanh".to_owned();
    }
    shape.sides = shape.sides.map(|side| (side - window) / stride + 1);
    format!(" -> avg_pool({window}, stride: {stride})")
}
