//! Specs drawn at random: a net of one to three units, each with its own chains, shortcut and sum.

use rnetc::graph::random;

/// Numbers drawn from a seed, one after another.
struct Dice {
    key: u32,
    drawn: u32,
}

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.drawn += 1;
        ((random::uniform(self.key, self.drawn) * n as f32) as usize).min(n - 1)
    }

    fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// A convolution with what stands around it, in every order of the papers and some others.
const LINKS: [&str; 23] = [
    "bn -> relu -> CONV",
    "relu -> CONV -> bn",
    "CONV -> bn -> relu",
    "CONV -> bn",
    "bn -> CONV",
    "bn -> tanh -> CONV",
    "tanh -> CONV -> dropout(0)",
    "CONV",
    "CONV -> drop_path(0)",
    "group_norm(1) -> CONV",
    "layer_norm(over: channels) -> silu -> CONV",
    "CONV -> instance_norm(affine: false) -> relu",
    "CONV -> group_norm(width, gamma: 0.5) -> tanh",
    "scale(0.75) -> CONV",
    "CONV -> shift(0.25, per: tensor) -> gelu",
    "blur_pool(1) -> CONV",
    "pad_pixels(top: 1, bottom: -1, left: -1, right: 1) -> CONV",
    "upsample(2) -> WIDE",
    "upsample(2, kind: bilinear) -> WIDE",
    "CONV -> slice_channels(1) -> pad_channels(width, before: 1)",
    "max_pool(3, stride: 1, padding: 1) -> CONV",
    "bn -> leaky_relu(0.25) -> CONV",
    "CONV -> bn(ghost: 2) -> relu",
];

/// What becomes of shortcut `h`, branches `F` and `G`, and gate `g`.
const SUMS: [&str; 17] = [
    "h(x) + F(x)",
    "0.5 * h(x) + 0.5 * F(x)",
    "(1 - g(x)) * h(x) + g(x) * F(x)",
    "g(x) * h(x) + F(x)",
    "h(x) + g(x) * F(x)",
    "h(x) + F(x) - G(x) / 3",
    "h(x) + 0.5 * F(x) * G(x)",
    "h(x) + F(x) + 0.25 * a",
    "h(x) + concat(slice_channels(0, 2)(F(x)), slice_channels(2)(G(x)))",
    "concat(slice_channels(1)(h(x)), slice_channels(0, 1)(G(x))) + F(x)",
    "max(h(x), F(x), G(x) - 0.5)",
    "h(x) + min(F(x), 0.25)",
    "h(x) + sigmoid(channel_mean(F(x))) * F(x)",
    "h(x) + tanh(global_max_pool(F(x)) + channel_max(F(x))) * F(x)",
    "h(x) + scalar(0.5) * F(x)",
    "h(x) + random(0.5, 1.5) * F(x)",
    "h(x) + detach(F(x)) * G(x)",
];

/// A chain of one or two convolutions, the first of which has the stride.
fn chain(dice: &mut Dice) -> String {
    let links = 1 + dice.below(2);
    let link = |at: usize| {
        let kernel = dice.one_of(&["1x1", "3x3", "3x3", "3x3", "5x5", "3x1", "1x5"]);
        let bias = dice.one_of(&["", "", ", bias: 0.5", ", dilation: 2", ", padding: same"]);
        // The second reads as many channels as it writes.
        let [more, twice] = match at {
            0 => [", stride: stride", ", stride: 2 * stride"],
            _ => [dice.one_of(&["", "", ", groups: width"]), ", stride: 2"],
        };
        let conv = |more: &str| format!("conv({kernel}, width{more}{bias})");
        // Of a picture twice as large a step twice as long makes the same.
        dice.one_of(&LINKS).replace("CONV", &conv(more)).replace("WIDE", &conv(twice))
    };
    (0..links).map(link).collect::<Vec<_>>().join(" -> ")
}

fn unit(dice: &mut Dice, name: &str) -> String {
    let sum = dice.one_of(&SUMS);
    let kind = dice.one_of(&["", ", kind: pad", ", kind: project", ", kind: project, bn: true"]);
    let mut lines =
        vec![format!("F = {}", chain(dice)), format!("h = shortcut(width, stride: stride{kind})")];
    if sum.contains("g(x)") {
        let bias = dice.one_of(&["-1", "0", "1"]);
        lines.push(format!("g = conv(1x1, width, stride: stride, bias: {bias}) -> sigmoid"));
    }
    if sum.contains("G(x)") {
        lines.push(format!("G = {}", chain(dice)));
    }
    if sum.contains("* a") {
        lines.push("a = (shortcut(width, stride: stride) -> tanh)(x)".to_owned());
    }
    lines.push(format!("y = {sum}"));
    if dice.below(3) == 0 {
        lines.push("f = relu".to_owned());
    }
    format!("unit {name}(width, stride = 1) {{\n    {}\n}}\n", lines.join("\n    "))
}

/// A spec, and how many pictures it is given.
pub struct Drawn {
    pub text: String,
    pub batch: usize,
}

/// The spec of a seed: sides, widths and batch are no multiples of any tile.
pub fn drawn(seed: u32) -> Drawn {
    let mut dice = Dice { key: random::key(seed, 99), drawn: 0 };
    let batch = 1 + dice.below(3);
    let [rows, columns] = [0, 1].map(|_| dice.one_of(&[5, 6, 7, 9]));
    let channels = 1 + dice.below(4);
    let mut width = dice.one_of(&[3, 4, 5, 8, 9]);
    let stem = dice.one_of(&["", " -> bn -> relu", " -> tanh"]);
    let mut text = String::new();
    let mut net = format!("input({channels}, {rows}, {columns}) -> conv(3x3, {width}){stem}");
    for number in 0..dice.one_of(&[1, 1, 1, 2, 2, 3]) {
        let name = format!("u{number}");
        text += &unit(&mut dice, &name);
        // One stride at most, so that no batch norm sees a handful of elements.
        let strided = number == 0 && dice.below(2) == 0;
        width += if strided { dice.below(4) } else { 0 };
        let stride = if strided { ", stride: 2" } else { "" };
        net += &format!("\n    -> {name}({width}{stride})");
    }
    let end = dice.one_of(&[
        "",
        " -> max_pool(2)",
        " -> avg_pool(3, stride: 1, padding: 1)",
        " -> bn -> relu -> global_avg_pool",
        " -> global_avg_pool",
    ]);
    let classes = 2 + dice.below(4);
    text += &format!("net drawn {{\n    {net}{end} -> linear({classes})\n}}\n");
    Drawn { text, batch }
}
