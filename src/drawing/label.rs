//! Layers in words.

use crate::network::{
    BinaryOp, Layer, Network, Over, PoolKind, RandomDraw, Slide, Upsampling, Value, ValueId,
};
use crate::text::short;

/// A layer in a word or two.
pub fn name(value: &Value) -> &'static str {
    match value.layer {
        Layer::Input => "input",
        Layer::Const(_) => "number",
        Layer::Conv { .. } => "conv",
        Layer::Linear { .. } => "linear",
        Layer::BatchNorm { .. } => "BN",
        Layer::Norm { over: Over::Groups(1), .. } | Layer::Norm { over: Over::Pixel, .. } => {
            "layer norm"
        }
        Layer::Norm { over: Over::Groups(groups), .. } if groups == value.shape.c => {
            "instance norm"
        }
        Layer::Norm { .. } => "group norm",
        Layer::Scale { .. } => "scale",
        Layer::Shift { .. } => "shift",
        Layer::Scalar { .. } => "scalar",
        Layer::Activation(activation) => activation.shown(),
        Layer::Dropout { .. } => "dropout",
        Layer::DropPath { .. } => "drop path",
        Layer::Random { draw: RandomDraw::Uniform { .. }, .. } => "random",
        Layer::Random { draw: RandomDraw::Bernoulli { .. }, .. } => "coin",
        Layer::Detach => "detach",
        Layer::Live { .. } => "live",
        Layer::Binary(BinaryOp::Add) => "⊕",
        Layer::Binary(BinaryOp::Sub) => "⊖",
        Layer::Binary(BinaryOp::Mul) => "⊗",
        Layer::Binary(BinaryOp::Div) => "⊘",
        Layer::Binary(BinaryOp::Max) => "max",
        Layer::Binary(BinaryOp::Min) => "min",
        Layer::Concat => "concat",
        Layer::ChannelPool(PoolKind::Max) => "max of channels",
        Layer::ChannelPool(PoolKind::Avg) => "mean of channels",
        Layer::GlobalPool(PoolKind::Avg) => "global avg pool",
        Layer::GlobalPool(PoolKind::Max) => "global max pool",
        Layer::Pool { kind: PoolKind::Max, .. } => "max pool",
        Layer::Pool { kind: PoolKind::Avg, .. } => "avg pool",
        Layer::BlurPool { .. } => "blur pool",
        Layer::Upsample { .. } => "upsample",
        Layer::Subsample { .. } => "subsample",
        Layer::PadPixels { .. } => "pad pixels",
        Layer::PadChannels { .. } => "pad channels",
        Layer::SliceChannels { .. } => "slice",
    }
}

/// A layer with its numbers, and the constant operand of arithmetic.
pub fn label(network: &Network, value: &Value) -> String {
    use crate::network::ModuleKind;
    match value.layer {
        Layer::Conv { module, slide } => match network.module(module).kind {
            ModuleKind::Conv { kernel: [h, w], inputs, outputs, groups, .. } => {
                let (stride, dilated) = (strided(slide), dilated(slide));
                let groups = match groups {
                    1 => String::new(),
                    all if all == inputs => ", depthwise".into(),
                    some => format!(", {some} groups"),
                };
                format!("{h}×{w} conv, {outputs}{stride}{groups}{dilated}")
            }
            ModuleKind::BatchNorm { .. }
            | ModuleKind::Norm { .. }
            | ModuleKind::Linear { .. }
            | ModuleKind::Vector { .. } => name(value).to_string(),
        },
        Layer::Linear { .. } => format!("linear, {}", value.shape.c),
        Layer::Random { draw: RandomDraw::Uniform { low, high }, .. } => {
            format!("random {} to {}", short(low), short(high))
        }
        Layer::Dropout { p, .. }
        | Layer::DropPath { p, .. }
        | Layer::Random { draw: RandomDraw::Bernoulli { p }, .. } => {
            format!("{} {p:.2}", name(value))
        }
        Layer::Norm { over: Over::Groups(groups), .. } if name(value) == "group norm" => {
            format!("group norm, {groups}")
        }
        Layer::Norm { over: Over::Pixel, .. } => "layer norm of pixels".to_owned(),
        Layer::Live { units, of, .. } => format!("{units} of {of} live"),
        Layer::Pool { window: [h, w], slide, .. } => {
            format!("{h}×{w} {}, /{}", name(value), Slide::pair(slide.stride))
        }
        Layer::BlurPool { size, stride } => format!("{size}×{size} blur pool, /{stride}"),
        Layer::Upsample { kind: Upsampling::Nearest, factor } => format!("upsample ×{factor}"),
        Layer::Upsample { kind: Upsampling::Bilinear, factor } => {
            format!("upsample ×{factor}, bilinear")
        }
        Layer::PadPixels { padding } => {
            let [[top, bottom], [left, right]] = padding;
            let all = padding.as_flattened();
            if all.iter().all(|&side| side == top) {
                format!("pad pixels {top}")
            } else if all.iter().all(|&side| side >= 0) {
                format!("pad pixels {top}+{bottom}, {left}+{right}")
            } else {
                let any_more = all.iter().any(|&side| side > 0);
                let what = if any_more { "pad and cut pixels" } else { "cut pixels" };
                format!("{what} {top:+} {bottom:+}, {left:+} {right:+}")
            }
        }
        Layer::Subsample { stride } => format!("subsample /{stride}"),
        Layer::PadChannels { channels, before: 0 } => format!("pad to {channels}"),
        Layer::PadChannels { channels, before } => format!("pad to {channels}, {before} before"),
        Layer::SliceChannels { start } => match value.shape.c {
            1 => format!("channel {start}"),
            all => format!("channels {start} to {}", start + all - 1),
        },
        Layer::Binary(op) => {
            let constant =
                value.args.iter().enumerate().find_map(|(side, &a)| match network.value(a).layer {
                    Layer::Const(number) => Some((side, number)),
                    _ => None,
                });
            match constant {
                Some((_, number)) if matches!(op, BinaryOp::Max | BinaryOp::Min) => {
                    format!("{} with {}", name(value), short(number))
                }
                Some((0, number)) => format!("{} {} ·", short(number), sign(op)),
                Some((_, number)) => format!("· {} {}", sign(op), short(number)),
                None => name(value).to_string(),
            }
        }
        Layer::BatchNorm { ghost: Some(ghost), .. } => {
            format!("{}, ghosts of {ghost}", name(value))
        }
        Layer::Input
        | Layer::Detach
        | Layer::Const(_)
        | Layer::BatchNorm { ghost: None, .. }
        | Layer::Norm { .. }
        | Layer::Scale { .. }
        | Layer::Shift { .. }
        | Layer::Scalar { .. }
        | Layer::Activation(_)
        | Layer::Concat
        | Layer::ChannelPool(_)
        | Layer::GlobalPool(_) => name(value).to_string(),
    }
}

/// The arguments that are drawn, each with its number from 1 on where their order matters.
pub fn operands(
    value: &Value,
    drawn: impl Fn(ValueId) -> bool,
) -> impl Iterator<Item = (ValueId, Option<usize>)> {
    let drawn: Vec<ValueId> = value.args.iter().copied().filter(|&id| drawn(id)).collect();
    let ordered = is_ordered(&value.layer) && drawn.len() > 1;
    drawn.into_iter().enumerate().map(move |(at, id)| (id, ordered.then_some(at + 1)))
}

/// Whether it matters which of its arguments is the first.
fn is_ordered(layer: &Layer) -> bool {
    match layer {
        Layer::Concat => true,
        Layer::Binary(op) => match op {
            BinaryOp::Sub | BinaryOp::Div => true,
            BinaryOp::Add | BinaryOp::Mul | BinaryOp::Max | BinaryOp::Min => false,
        },
        // Of one argument, or of one that the others are for.
        _ => false,
    }
}

fn strided(slide: Slide) -> String {
    if slide.stride == [1, 1] { String::new() } else { format!(" /{}", Slide::pair(slide.stride)) }
}

fn dilated(slide: Slide) -> String {
    match slide.dilation {
        [1, 1] => String::new(),
        dilation => format!(", dilation {}", Slide::pair(dilation)),
    }
}

fn sign(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "−",
        BinaryOp::Mul => "×",
        BinaryOp::Div => "÷",
        BinaryOp::Max => "max",
        BinaryOp::Min => "min",
    }
}
