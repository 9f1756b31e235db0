//! The arguments of each layer.

use std::ops::RangeInclusive;

use super::slot::{KERNELS, SINGLE_DRAW, Slot, is_single};
use super::{Attributes, NormOver};
use crate::diagnostic::{Code, Diagnostic};
use crate::network::{
    Activation, Affine, Chw, Layer, Per, PoolKind, RandomDraw, Slide, Start, Upsampling,
};
use crate::sema::hir::Plain;
use crate::sema::layers::{LayerName, Word};
use crate::sema::plain::{Env, Term};
use crate::sema::windows::Moves;
use crate::source::Span;
use crate::text::short;

const WIDTHS: RangeInclusive<usize> = 1..=65_536;
const SIDES: RangeInclusive<usize> = 1..=65_536;
const STRIDES: RangeInclusive<usize> = 1..=64;
const ZEROS: RangeInclusive<usize> = 0..=65_536;
const PADDINGS: RangeInclusive<usize> = 0..=64;
const CROPS: RangeInclusive<i64> = -64..=64;
const BLURS: RangeInclusive<usize> = 2..=7;
const FACTORS: RangeInclusive<usize> = 1..=16;

/// Evaluates the arguments of `layer`, given in the order of its slots.
pub fn evaluate(
    layer: LayerName,
    given: &[Option<Plain>],
    span: Span,
    env: &Env<'_>,
) -> Result<Attributes, Diagnostic> {
    let slot = |i: usize| Slot {
        layer,
        name: layer.slots().get(i).map_or("", |slot| slot.name),
        plain: given.get(i).and_then(Option::as_ref),
        span,
        env,
    };
    Ok(match layer {
        LayerName::Input => Attributes::Input(Chw {
            c: slot(0).whole(WIDTHS, None)?,
            h: slot(1).whole(SIDES, None)?,
            w: slot(2).whole(SIDES, None)?,
        }),
        LayerName::Conv => {
            in_order(&slot(0), &slot(1))?;
            let (window, dilation) = (slot(0).kernel()?, slot(6).sides(STRIDES, Some([1, 1]))?);
            let half = Slide::reach(window, dilation).map(|side| side / 2);
            let moves = Moves {
                window,
                stride: slot(2).sides(STRIDES, Some([1, 1]))?,
                padding: slot(3).padding(half.map(|side| side.max(*PADDINGS.end())), half)?,
                dilation,
                ceil: false,
            };
            Attributes::Conv {
                moves,
                width: slot(1).whole(WIDTHS, None)?,
                bias: slot(4).bias(None)?.flatten(),
                groups: slot(5).whole(WIDTHS, Some(1))?,
                init: slot(7).init(slot(8), Start::CONV)?,
            }
        }
        LayerName::Linear => Attributes::Linear {
            classes: slot(0).whole(WIDTHS, None)?,
            bias: slot(1).bias(Some(None))?,
            init: slot(2).init(slot(3), Start::LINEAR)?,
        },
        LayerName::Bn => Attributes::Bn {
            epsilon: slot(0).epsilon()?,
            momentum: slot(1).share(Layer::MOMENTUM)?,
            affine: affine([slot(2), slot(3), slot(4)])?,
            ghost: slot(5).ghost()?,
        },
        LayerName::GroupNorm => norm(
            NormOver::Groups(slot(0).whole(WIDTHS, None)?),
            [slot(1), slot(2), slot(3), slot(4)],
        )?,
        LayerName::LayerNorm => {
            let pixel = slot(0).word(Word::Channels, Word::Image, false)?;
            let over = if pixel { NormOver::Pixel } else { NormOver::Groups(1) };
            norm(over, [slot(1), slot(2), slot(3), slot(4)])?
        }
        LayerName::InstanceNorm => norm(NormOver::Instance, [slot(0), slot(1), slot(2), slot(3)])?,
        LayerName::Scale => Attributes::Scale { init: slot(0).start()?, each: slot(1).each()? },
        LayerName::Shift => Attributes::Shift { init: slot(0).start()?, each: slot(1).each()? },
        LayerName::Scalar => Attributes::Scalar { init: slot(0).start()? },
        LayerName::Activation(function) => Attributes::Activation(activation(function, &slot(0))?),
        LayerName::Dropout => {
            with_point(&slot(0), &slot(1))?;
            Attributes::Dropout { p: slot(0).probability()?, inverted: slot(1).flag(true)? }
        }
        LayerName::DropPath => Attributes::DropPath {
            p: slot(0).probability()?,
            per: slot(1).per(Per::Batch)?,
            inverted: slot(2).flag(false)?,
        },
        LayerName::Random => {
            let (low, high) = (slot(0).draw()?, slot(1).draw()?);
            if low > high {
                let error = slot(1).wrong(Code::ArgumentRange, "no less than low", short(high));
                let [low, high] = [low, high].map(short);
                return Err(
                    error.hint(format!("the lower number comes first: random({high}, {low})"))
                );
            }
            if !is_single(high - low) {
                let wanted = "within 3.4e38 of low";
                let error = slot(1).wrong(Code::ArgumentRange, wanted, short(high));
                return Err(error.hint(SINGLE_DRAW));
            }
            random(RandomDraw::Uniform { low, high }, slot(2), slot(3))?
        }
        LayerName::Bernoulli => {
            let p = slot(0).share(1.0)?;
            random(RandomDraw::Bernoulli { p }, slot(1), slot(2))?
        }
        LayerName::Detach => Attributes::Detach,
        LayerName::GlobalAvgPool => Attributes::GlobalPool(PoolKind::Avg),
        LayerName::GlobalMaxPool => Attributes::GlobalPool(PoolKind::Max),
        LayerName::ChannelMax => Attributes::ChannelPool(PoolKind::Max),
        LayerName::ChannelMean => Attributes::ChannelPool(PoolKind::Avg),
        LayerName::MaxPool => pool(PoolKind::Max, slot)?,
        LayerName::AvgPool => pool(PoolKind::Avg, slot)?,
        LayerName::BlurPool => Attributes::BlurPool {
            stride: slot(0).whole(STRIDES, None)?,
            size: slot(1).whole(BLURS, Some(3))?,
        },
        LayerName::Upsample => Attributes::Upsample {
            factor: slot(0).whole(FACTORS, None)?,
            kind: match slot(1).word(Word::Nearest, Word::Bilinear, true)? {
                true => Upsampling::Nearest,
                false => Upsampling::Bilinear,
            },
        },
        LayerName::PadPixels => {
            let side = |i| slot(i).integer(CROPS, Some(0)).map(|side| side as isize);
            Attributes::PadPixels([[side(0)?, side(1)?], [side(2)?, side(3)?]])
        }
        LayerName::Subsample => Attributes::Subsample { stride: slot(0).whole(STRIDES, None)? },
        LayerName::PadChannels => Attributes::PadChannels {
            channels: slot(0).whole(WIDTHS, None)?,
            before: slot(1).whole(ZEROS, Some(0))?,
        },
        LayerName::SliceChannels => slice(&slot(0), &slot(1))?,
        LayerName::Shortcut => Attributes::Shortcut {
            width: slot(0).whole(WIDTHS, None)?,
            stride: slot(1).whole(STRIDES, Some(1))?,
            project: slot(2).word(Word::Project, Word::Pad, false)?,
            bn: slot(3).flag(false)?,
            before: slot(4).whole(ZEROS, Some(0))?,
        },
        LayerName::Identity => Attributes::Identity,
    })
}

/// A function with its numbers.
fn activation(function: Activation, slot: &Slot<'_>) -> Result<Activation, Diagnostic> {
    Ok(match function {
        Activation::Gelu { approximate } => {
            Activation::Gelu { approximate: slot.flag(approximate)? }
        }
        Activation::LeakyRelu { slope } => {
            let fits = |slope: f64| (0.0..1.0).contains(&slope);
            let slope = slot.number(fits, "at least 0 and below 1", slope)?;
            Activation::LeakyRelu { slope }
        }
        Activation::Elu { alpha } => {
            let fits = |alpha: f64| alpha > 0.0 && is_single(alpha);
            Activation::Elu { alpha: slot.number(fits, "above 0", alpha)? }
        }
        Activation::Relu
        | Activation::Sigmoid
        | Activation::Tanh
        | Activation::Silu
        | Activation::Softplus
        | Activation::HardSwish
        | Activation::HardSigmoid
        | Activation::Relu6
        | Activation::Exp
        | Activation::Log
        | Activation::Sqrt
        | Activation::Abs
        | Activation::Square => function,
    })
}

/// At least one channel.
fn slice(start: &Slot<'_>, end: &Slot<'_>) -> Result<Attributes, Diagnostic> {
    let from = start.whole(ZEROS, None)?;
    let to = end.plain.map(|_| end.whole(WIDTHS, None)).transpose()?;
    if let Some(to) = to.filter(|&to| to <= from) {
        let wanted = format!("above start, {from}");
        let hint = format!(
            "channels are counted from 0, and end is the one behind the last: the first {from} are \
             slice_channels(0, {from})"
        );
        return Err(end.wrong(Code::ArgumentRange, &wanted, to).hint(hint));
    }
    Ok(Attributes::SliceChannels { start: from, end: to })
}

/// A convolution's kernel comes before its width.
fn in_order(kernel: &Slot<'_>, width: &Slot<'_>) -> Result<(), Diagnostic> {
    match (kernel.term()?, width.term()?, kernel.plain, width.plain) {
        (
            Some(number @ Term::Number(_)),
            Some(sides @ Term::Kernel(_)),
            Some(first),
            Some(second),
        ) => {
            let message = format!("the kernel of `conv` is {number}, and its width {sides}");
            Err(Diagnostic::error(Code::TypeMismatch, first.span.to(second.span), message)
                .label("the other way round")
                .hint(format!("the kernel comes first: conv({sides}, {number})")))
        }
        _ => Ok(()),
    }
}

fn norm(
    over: NormOver,
    [eps, gamma, beta, learned]: [Slot<'_>; 4],
) -> Result<Attributes, Diagnostic> {
    let (epsilon, affine) = (eps.epsilon()?, affine([gamma, beta, learned])?);
    Ok(Attributes::Norm { over, epsilon, affine })
}

fn random(draw: RandomDraw, per: Slot<'_>, evaluation: Slot<'_>) -> Result<Attributes, Diagnostic> {
    let given = evaluation.plain.map(|_| evaluation.draw()).transpose()?;
    let evaluation = given.unwrap_or(draw.mean());
    Ok(Attributes::Random { draw, per: per.per(Per::Image)?, evaluation })
}

/// γ and β of a normalisation: each is learned unless it is `none`, or neither is.
fn affine([gamma, beta, affine]: [Slot<'_>; 3]) -> Result<Affine, Diagnostic> {
    let usual = Affine::LEARNED;
    let own = Affine {
        gamma: gamma.bias(Some(usual.gamma))?.flatten(),
        beta: beta.bias(Some(usual.beta))?.flatten(),
    };
    if affine.flag(true)? {
        return Ok(own);
    }
    let Some((given, plain)) = [&gamma, &beta].into_iter().find_map(|s| Some((s, s.plain?))) else {
        return Ok(Affine::NONE);
    };
    let (name, layer) = (given.name, given.layer.text());
    let message = format!("`{layer}` is given {name}, and affine: false, which leaves {name} out");
    Err(Diagnostic::error(Code::ArgumentRange, plain.span, message).label("given here").hint(
        format!("leave one of the two out; without a scale alone it is {layer}(gamma: none)"),
    ))
}

/// `dropout(0,5)`: a decimal comma.
fn with_point(p: &Slot<'_>, next: &Slot<'_>) -> Result<(), Diagnostic> {
    match (p.term()?, next.term()?, p.plain, next.plain) {
        (Some(Term::Number(whole)), Some(Term::Number(part)), Some(first), Some(second))
            if first.span.end + 1 == second.span.start =>
        {
            let span = first.span.to(second.span);
            let message = format!("`{}` is given two numbers", p.layer.text());
            Err(Diagnostic::error(Code::TypeMismatch, span, message)
                .label(format!("{whole} and {part}"))
                .hint(format!("a fraction is written with a point: {whole}.{part}")))
        }
        _ => Ok(()),
    }
}

fn pool<'a>(kind: PoolKind, slot: impl Fn(usize) -> Slot<'a>) -> Result<Attributes, Diagnostic> {
    let window = slot(0).sides(KERNELS, None)?;
    let moves = Moves {
        window,
        stride: slot(1).sides(STRIDES, Some(window))?,
        // More would leave windows with nothing but padding.
        padding: slot(2).padding(window.map(|side| side / 2), [0, 0])?,
        dilation: [1, 1],
        ceil: slot(3).flag(false)?,
    };
    let count_padding = kind == PoolKind::Max || slot(4).flag(true)?;
    Ok(Attributes::Pool { kind, moves, count_padding })
}
