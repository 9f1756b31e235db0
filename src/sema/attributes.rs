//! A layer's arguments as numbers within their ranges.

use std::ops::RangeInclusive;

use super::hir::Plain;
use super::layers::{LayerName, Word};
use super::numerals::short;
use super::plain::{Env, Term};
use super::windows::{Moves, Padding};
use crate::diagnostic::{Code, Diagnostic};
use crate::network::{
    Activation, Affine, Chw, Draw, Layer, Per, PoolKind, RandomDraw, Slide, Start, Upsampling,
};
use crate::source::Span;

/// A layer with its arguments evaluated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Attributes {
    /// The pictures.
    Input(Chw),
    /// Convolution.
    Conv {
        /// The kernel, and how it moves.
        moves: Moves,
        /// Channels written.
        width: usize,
        /// Initial value of the bias, if there is one.
        bias: Option<f64>,
        /// Equal parts of the channels, each a convolution of its own.
        groups: usize,
        /// How weights start.
        init: Start,
    },
    /// Fully connected.
    Linear {
        /// Features written.
        classes: usize,
        /// Whether there is a bias, and its initial value if given.
        bias: Option<Option<f64>>,
        /// How weights start.
        init: Start,
    },
    /// Batch normalisation.
    Bn {
        /// Added to the variance.
        epsilon: f64,
        /// Weight of the newest batch in the running statistics.
        momentum: f64,
        /// What is learned.
        affine: Affine,
    },
    /// Normalisation by an image's own moments.
    Norm {
        /// Over what.
        over: NormOver,
        /// Added to the variance.
        epsilon: f64,
        /// What is learned.
        affine: Affine,
    },
    /// Learned factors.
    Scale {
        /// What they start at.
        init: f64,
        /// One a channel rather than one in all.
        each: bool,
    },
    /// Learned summands.
    Shift {
        /// What they start at.
        init: f64,
        /// One a channel rather than one in all.
        each: bool,
    },
    /// A learned number.
    Scalar {
        /// What it starts at.
        init: f64,
    },
    /// An activation function of each element.
    Activation(Activation),
    /// Dropout of elements.
    Dropout {
        /// Probability of zero.
        p: f64,
        /// Whether training divides by 1 − p.
        inverted: bool,
    },
    /// Dropout of the whole value.
    DropPath {
        /// Probability of being dropped.
        p: f64,
        /// How often is drawn.
        per: Per,
        /// Whether training divides by 1 − p.
        inverted: bool,
    },
    /// A number that is drawn.
    Random {
        /// From what.
        draw: RandomDraw,
        /// How often.
        per: Per,
        /// What it is in evaluation.
        evaluation: f64,
    },
    /// No gradient.
    Detach,
    /// Mean over rows and columns.
    GlobalAvgPool,
    /// Maximum or mean over channels.
    ChannelPool(PoolKind),
    /// Window pooling.
    Pool {
        /// Which.
        kind: PoolKind,
        /// The window, and how it moves.
        moves: Moves,
        /// Whether a mean takes in the padding.
        count_padding: bool,
    },
    /// Blur, then every n-th pixel.
    BlurPool {
        /// n.
        stride: usize,
        /// Rows and columns of the blur.
        size: usize,
    },
    /// More rows and columns.
    Upsample {
        /// How many times as many.
        factor: usize,
        /// How.
        kind: Upsampling,
    },
    /// Zero rows and columns added.
    PadPixels([[usize; 2]; 2]),
    /// Every n-th pixel.
    Subsample {
        /// n.
        stride: usize,
    },
    /// Zero channels added.
    PadChannels {
        /// Channels afterwards.
        channels: usize,
        /// How many of the zero channels stand in front.
        before: usize,
    },
    /// Identity where the shape is kept, else option A or B.
    Shortcut {
        /// Channels afterwards.
        width: usize,
        /// Step.
        stride: usize,
        /// 1×1 convolution (option B) rather than subsampling and zeros (option A).
        project: bool,
        /// Batch normalisation after the 1×1 convolution.
        bn: bool,
        /// How many of option A's zero channels stand in front.
        before: usize,
    },
    /// Nothing.
    Identity,
}

/// Over what an image is normalised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NormOver {
    /// So many groups of channels.
    Groups(usize),
    /// Each channel.
    Instance,
    /// The channels of each pixel.
    Pixel,
}

const WIDTHS: RangeInclusive<usize> = 1..=65_536;
const SIDES: RangeInclusive<usize> = 1..=65_536;
const KERNELS: RangeInclusive<usize> = 1..=64;
const STRIDES: RangeInclusive<usize> = 1..=64;
const ZEROS: RangeInclusive<usize> = 0..=65_536;
const PADDINGS: RangeInclusive<usize> = 0..=64;
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
                padding: slot(3).padding([*PADDINGS.end(); 2], half)?,
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
            let (low, high) = (slot(0).start()?, slot(1).start()?);
            if low > high {
                let error = slot(1).wrong(Code::ArgumentRange, "no less than low", short(high));
                return Err(
                    error.hint(format!("the lower number comes first: random({high}, {low})"))
                );
            }
            random(RandomDraw::Uniform { low, high }, slot(2), slot(3))?
        }
        LayerName::Bernoulli => {
            let p = slot(0).share(1.0)?;
            random(RandomDraw::Bernoulli { p }, slot(1), slot(2))?
        }
        LayerName::Detach => Attributes::Detach,
        LayerName::GlobalAvgPool => Attributes::GlobalAvgPool,
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
            let side = |i| slot(i).whole(PADDINGS, Some(0));
            Attributes::PadPixels([[side(0)?, side(1)?], [side(2)?, side(3)?]])
        }
        LayerName::Subsample => Attributes::Subsample { stride: slot(0).whole(STRIDES, None)? },
        LayerName::PadChannels => Attributes::PadChannels {
            channels: slot(0).whole(WIDTHS, None)?,
            before: slot(1).whole(ZEROS, Some(0))?,
        },
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
            let fits = |alpha: f64| alpha > 0.0 && f64::from(alpha as f32).is_finite();
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
    let given = evaluation.plain.map(|_| evaluation.start()).transpose()?;
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

/// Numbers are stored so.
const SINGLE: &str = "learned numbers are 32-bit floating-point numbers";

/// How often a stage is repeated.
pub fn times(plain: &Plain, most: usize, env: &Env<'_>) -> Result<usize, Diagnostic> {
    all_times(&[plain], env)?;
    let number = env.number(plain)?;
    if number > most as f64 {
        return Err(Diagnostic::error(
            Code::TooLarge,
            plain.span,
            format!("a stage is repeated {} times; the most is {most}", short(number)),
        )
        .label("too many")
        .hint("repeat it less often"));
    }
    Ok(number as usize)
}

/// Whether stages can be repeated so often: one message for all of them, and values of a parameter
/// with which all can.
pub fn all_times(all: &[&Plain], env: &Env<'_>) -> Result<(), Diagnostic> {
    let fits = |n: f64| n.fract() == 0.0 && n >= 0.0;
    let mut wrong = all.iter().filter_map(|plain| {
        let number = env.number(plain).ok().filter(|&number| !fits(number))?;
        Some((plain.span, short(number)))
    });
    let Some((span, number)) = wrong.next() else { return Ok(()) };
    let message = format!("a stage is repeated a whole number of times, not {number} times");
    let error =
        Diagnostic::error(Code::ArgumentRange, span, message).label(format!("this is {number}"));
    let error =
        wrong.fold(error, |error, (span, number)| error.also(span, format!("this is {number}")));
    let advice = env.advice(|env| all.iter().all(|plain| env.number(plain).is_ok_and(fits)));
    Err(error.hint(advice.unwrap_or_else(|| "write 0, 1, 2, …".into())))
}

/// One argument of a layer.
struct Slot<'a> {
    layer: LayerName,
    name: &'static str,
    plain: Option<&'a Plain>,
    span: Span,
    env: &'a Env<'a>,
}

impl Slot<'_> {
    fn wrong(&self, code: Code, wanted: &str, found: impl std::fmt::Display) -> Diagnostic {
        let span = self.plain.map_or(self.span, |plain| plain.span);
        let (name, layer) = (self.name, self.layer.text());
        let message = format!("{name} of `{layer}` must be {wanted}, and this is {found}");
        Diagnostic::error(code, span, message).label(format!("this is {found}"))
    }

    fn term(&self) -> Result<Option<Term>, Diagnostic> {
        self.plain.map(|plain| self.env.eval(plain)).transpose()
    }

    fn whole(
        &self,
        range: RangeInclusive<usize>,
        default: Option<usize>,
    ) -> Result<usize, Diagnostic> {
        let (low, high) = (*range.start() as f64, *range.end() as f64);
        let fits = |n: f64| n.fract() == 0.0 && (low..=high).contains(&n);
        let wanted = format!("a whole number from {low} to {high}");
        match (self.term()?, default, self.plain) {
            (Some(Term::Number(number)), _, _) if fits(number) => Ok(number as usize),
            (Some(Term::Number(number)), _, Some(plain)) => {
                let advice = self.env.advice(|env| env.number(plain).is_ok_and(fits));
                let hint = advice.unwrap_or_else(|| format!("write {wanted}"));
                Err(self.wrong(Code::ArgumentRange, &wanted, short(number)).hint(hint))
            }
            (None, Some(default), _) => Ok(default),
            (Some(other), _, _) => Err(self.not(&wanted, other)),
            (None, None, _) => Err(self.absent()),
        }
    }

    fn not(&self, wanted: &str, found: Term) -> Diagnostic {
        self.wrong(Code::TypeMismatch, wanted, format!("`{found}`")).hint(format!("write {wanted}"))
    }

    /// A required argument is always there; names were checked before numbers.
    fn absent(&self) -> Diagnostic {
        let message = format!("`{}` is not given {}", self.layer.text(), self.name);
        Diagnostic::error(Code::Arity, self.span, message).hint(format!("add {}: …", self.name))
    }

    fn kernel(&self) -> Result<[usize; 2], Diagnostic> {
        let wanted = "rows x columns, each from 1 to 64";
        match self.term()? {
            Some(Term::Kernel(sides)) if sides.iter().all(|side| KERNELS.contains(side)) => {
                Ok(sides)
            }
            Some(found @ Term::Kernel(_)) => {
                let hint = "write a kernel such as 3x3";
                Err(self.wrong(Code::ArgumentRange, wanted, found).hint(hint))
            }
            Some(found @ Term::Number(n)) => {
                let hint = format!("kernels are written rows x columns: {n}x{n}");
                Err(self.wrong(Code::TypeMismatch, wanted, found).hint(hint))
            }
            Some(found @ Term::Word(_)) => Err(self.not("a kernel such as 3x3", found)),
            None => Err(self.absent()),
        }
    }

    /// A number for rows and columns alike, or rows x columns.
    fn sides(
        &self,
        range: RangeInclusive<usize>,
        default: Option<[usize; 2]>,
    ) -> Result<[usize; 2], Diagnostic> {
        let (low, high) = (range.start(), range.end());
        match (self.term()?, default) {
            (Some(Term::Kernel(sides)), _) if sides.iter().all(|n| range.contains(n)) => Ok(sides),
            (Some(found @ Term::Kernel(_)), _) => {
                let wanted = format!("rows x columns, each from {low} to {high}");
                let hint = format!("write {wanted}, or one number for both");
                Err(self.wrong(Code::ArgumentRange, &wanted, found).hint(hint))
            }
            (None, Some(default)) => Ok(default),
            (Some(Term::Number(_) | Term::Word(_)) | None, _) => Ok([self.whole(range, None)?; 2]),
        }
    }

    /// As `sides`, up to `most` rows and columns; or the word for as many as keep the size.
    fn padding(&self, most: [usize; 2], default: [usize; 2]) -> Result<Padding, Diagnostic> {
        if self.term()? == Some(Term::Word(Word::Same)) {
            return Ok(Padding::Same);
        }
        let [rows, columns] = most;
        let sides = self.sides(0..=rows.max(columns), Some(default))?;
        if sides[0] <= rows && sides[1] <= columns || self.plain.is_none() {
            return Ok(Padding::Around(sides));
        }
        let (wanted, found) = (format!("at most {rows}x{columns}"), Term::Kernel(sides));
        let hint = "more would leave windows with nothing but padding";
        Err(self.wrong(Code::ArgumentRange, &wanted, found).hint(hint))
    }

    fn probability(&self) -> Result<f64, Diagnostic> {
        let fits = |p: f64| (0.0..1.0).contains(&p);
        let wanted = "at least 0 and below 1";
        match (self.term()?, self.plain) {
            (Some(Term::Number(p)), _) if fits(p) => Ok(p),
            (Some(Term::Number(p)), plain) => {
                let advice = plain
                    .and_then(|plain| self.env.advice(|env| env.number(plain).is_ok_and(fits)));
                let hint = advice.unwrap_or_else(|| match (2.0..=100.0).contains(&p) {
                    true => format!("it is a probability: write {} for {p} %", p / 100.0),
                    false => "it is the probability of dropping".into(),
                });
                Err(self.wrong(Code::ArgumentRange, wanted, short(p)).hint(hint))
            }
            (Some(other), _) => Err(self.not("a number from 0 to 1", other)),
            (None, _) => Err(self.absent()),
        }
    }

    /// A number that fits what is wanted.
    fn number(
        &self,
        fits: impl Fn(f64) -> bool,
        wanted: &str,
        default: f64,
    ) -> Result<f64, Diagnostic> {
        match (self.term()?, self.plain) {
            (Some(Term::Number(number)), _) if fits(number) => Ok(number),
            (Some(Term::Number(number)), plain) => {
                let advice = plain
                    .and_then(|plain| self.env.advice(|env| env.number(plain).is_ok_and(&fits)));
                let hint = advice.unwrap_or_else(|| format!("write a number {wanted}"));
                Err(self.wrong(Code::ArgumentRange, wanted, short(number)).hint(hint))
            }
            (Some(other), _) => Err(self.not("a number", other)),
            (None, _) => Ok(default),
        }
    }

    fn bias(&self, default: Option<Option<f64>>) -> Result<Option<Option<f64>>, Diagnostic> {
        match self.term()? {
            None => Ok(default),
            Some(Term::Word(Word::None)) => Ok(None),
            Some(Term::Number(number)) if f64::from(number as f32).is_finite() => {
                Ok(Some(Some(number)))
            }
            Some(found @ Term::Number(_)) => {
                Err(self.wrong(Code::ArgumentRange, "below 3.4e38", found).hint(SINGLE))
            }
            Some(found @ Term::Word(word @ (Word::True | Word::False))) => {
                let (name, usual) = (self.name, if self.name == "gamma" { 1 } else { 0 });
                let hint = match word == Word::True {
                    true => format!("a {name} is given by its first value: {name}: {usual}"),
                    false => format!("without a {name}: {name}: none"),
                };
                Err(self.wrong(Code::TypeMismatch, "a number or `none`", found).hint(hint))
            }
            Some(other) => Err(self.not("a number or `none`", other)),
        }
    }

    /// What something learned starts at.
    fn start(&self) -> Result<f64, Diagnostic> {
        match self.term()? {
            Some(Term::Number(number)) if f64::from(number as f32).is_finite() => Ok(number),
            Some(found @ Term::Number(_)) => {
                Err(self.wrong(Code::ArgumentRange, "below 3.4e38", found).hint(SINGLE))
            }
            Some(other) => Err(self.not("a number", other)),
            None => Err(self.absent()),
        }
    }

    /// How weights start, with the slot of the gain.
    fn init(&self, gain: Slot<'_>, usual: Start) -> Result<Start, Diagnostic> {
        let draw = match self.term()? {
            None => usual.draw,
            Some(Term::Word(Word::FanOut)) => Draw::FanOut,
            Some(Term::Word(Word::FanIn)) => Draw::FanIn,
            Some(Term::Word(Word::Uniform)) => Draw::Uniform,
            Some(Term::Word(Word::Zero)) => Draw::Zero,
            Some(Term::Word(Word::Dirac)) => Draw::Dirac,
            Some(Term::Number(0.0)) => {
                let hint = "a number is a standard deviation; zeros are init: zero";
                return Err(self.wrong(Code::ArgumentRange, "above 0", 0).hint(hint));
            }
            Some(Term::Number(_)) => Draw::Normal(self.positive(1.0)?),
            Some(other) => {
                return Err(self.not("fan_out, fan_in, uniform, zero, dirac or a number", other));
            }
        };
        Ok(Start { draw, gain: gain.positive(1.0)? })
    }

    /// A number above zero.
    fn positive(&self, default: f64) -> Result<f64, Diagnostic> {
        const MOST: f64 = 1e6;
        match self.term()? {
            None => Ok(default),
            Some(Term::Number(number)) if number > 0.0 && number <= MOST => Ok(number),
            Some(Term::Number(number)) => {
                let hint = match number > 0.0 {
                    true => "weights that large overflow",
                    false => "zeros are init: zero",
                };
                let wanted = "above 0 and at most 1e6";
                Err(self.wrong(Code::ArgumentRange, wanted, short(number)).hint(hint))
            }
            Some(other) => Err(self.not("a number", other)),
        }
    }

    /// What is added to a variance.
    fn epsilon(&self) -> Result<f64, Diagnostic> {
        let fits = |n: f64| n > 0.0 && n <= 1.0;
        match self.term()? {
            None => Ok(Layer::EPSILON),
            Some(Term::Number(number)) if fits(number) => Ok(number),
            Some(Term::Number(number)) => {
                let layer = self.layer.text();
                let hint = match number > 1.0 {
                    true => format!("{layer} takes its width from what it reads: write {layer}"),
                    false => "it keeps the division by the deviation finite: eps: 1e-5".to_owned(),
                };
                let wanted = "above 0 and at most 1";
                Err(self.wrong(Code::ArgumentRange, wanted, short(number)).hint(hint))
            }
            Some(other) => Err(self.not("a number such as 1e-5", other)),
        }
    }

    /// A share of a whole.
    fn share(&self, default: f64) -> Result<f64, Diagnostic> {
        match self.term()? {
            None => Ok(default),
            Some(Term::Number(number)) if (0.0..=1.0).contains(&number) => Ok(number),
            Some(Term::Number(number)) => {
                let hint = match self.name {
                    "momentum" => {
                        "it is the weight of the newest batch; where another tool keeps 0.99 of the old \
                         value, it is 0.01"
                    }
                    _ => "it is the probability of 1",
                };
                Err(self.wrong(Code::ArgumentRange, "from 0 to 1", short(number)).hint(hint))
            }
            Some(other) => Err(self.not("a number from 0 to 1", other)),
        }
    }

    /// How often a number is drawn.
    fn per(&self, default: Per) -> Result<Per, Diagnostic> {
        let image = self.word(Word::Image, Word::Batch, default == Per::Image)?;
        Ok(if image { Per::Image } else { Per::Batch })
    }

    /// Whether there is one number a channel.
    fn each(&self) -> Result<bool, Diagnostic> {
        self.word(Word::Channel, Word::Tensor, true)
    }

    fn flag(&self, default: bool) -> Result<bool, Diagnostic> {
        self.word(Word::True, Word::False, default)
    }

    /// Whether the first of two words is given.
    fn word(&self, yes: Word, no: Word, default: bool) -> Result<bool, Diagnostic> {
        match self.term()? {
            None => Ok(default),
            Some(Term::Word(word)) if word == yes => Ok(true),
            Some(Term::Word(word)) if word == no => Ok(false),
            Some(other) => Err(self.not(&format!("`{}` or `{}`", yes.text(), no.text()), other)),
        }
    }
}
