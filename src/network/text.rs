//! A network as text, for a person who looks at what a spec became: a line a module, a value, a
//! unit.

use std::fmt::{self, Display, Formatter};

use super::anatomy::site;
use super::{
    Affine, BinaryOp, Draw, Layer, Module, ModuleKind, Network, Over, Per, PoolKind, RandomDraw,
    Slide, Start, UnitInstance, Upsampling, Value,
};

impl Display for Network {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "net {}", self.name)?;
        self.settings.iter().try_for_each(|(name, value)| write!(f, "  {name} = {value}"))?;
        writeln!(f, "\n\n# modules: what they hold, and their names")?;
        for (at, module) in self.modules.iter().enumerate() {
            writeln!(f, "m{at}: {module}")?;
        }
        writeln!(f, "\n# values: shape = layer and arguments, and the unit that they stand in")?;
        for (at, value) in self.values.iter().enumerate() {
            write!(f, "v{at}: {} = ", value.shape)?;
            self.layer(f, value)?;
            value.unit.map_or(Ok(()), |unit| write!(f, "  {unit}"))?;
            writeln!(f)?;
        }
        writeln!(f, "output {}", self.output)?;
        if !self.units.is_empty() {
            writeln!(
                f,
                "\n# units: x, bindings, y and f(y); what stands where (see network::anatomy)"
            )?;
        }
        self.units.iter().try_for_each(|unit| writeln!(f, "{unit}\n    {}", site(self, unit)))
    }
}

impl Network {
    fn layer(&self, f: &mut Formatter<'_>, value: &Value) -> fmt::Result {
        match &value.layer {
            Layer::Input => write!(f, "input"),
            Layer::Const(number) => write!(f, "const {number}"),
            Layer::Conv { module, slide } => {
                let [rows, columns] = slide.padding.map(sides);
                write!(f, "conv {module} /{} pad {rows}×{columns}", Slide::pair(slide.stride))?;
                match slide.dilation {
                    [1, 1] => Ok(()),
                    dilation => write!(f, " dilation {}", Slide::pair(dilation)),
                }
            }
            Layer::Linear { module } => write!(f, "linear {module}"),
            Layer::BatchNorm { module, epsilon, momentum, ghost } => {
                write!(f, "bn {module}")?;
                if *epsilon != Layer::EPSILON {
                    write!(f, " eps {epsilon}")?;
                }
                if *momentum != Layer::MOMENTUM {
                    write!(f, " momentum {momentum}")?;
                }
                ghost.map_or(Ok(()), |ghost| write!(f, " ghost {ghost}"))
            }
            Layer::Norm { module, over, epsilon } => {
                match over {
                    Over::Groups(groups) => write!(f, "norm of {groups} groups"),
                    Over::Pixel => write!(f, "norm of pixels"),
                }?;
                module.map_or(Ok(()), |module| write!(f, " {module}"))?;
                if *epsilon == Layer::EPSILON { Ok(()) } else { write!(f, " eps {epsilon}") }
            }
            Layer::Scale { module } => write!(f, "scale {module}"),
            Layer::Shift { module } => write!(f, "shift {module}"),
            Layer::Scalar { module } => write!(f, "scalar {module}"),
            Layer::Activation(activation) => write!(f, "{activation}"),
            Layer::Dropout { p, inverted: true } => write!(f, "dropout {p}"),
            Layer::Dropout { p, inverted: false } => write!(f, "dropout {p}, scaled in evaluation"),
            Layer::DropPath { p, per, inverted } => {
                write!(f, "drop_path {p}")?;
                if *per == Per::Image {
                    write!(f, " per image")?;
                }
                if *inverted { write!(f, " inverted") } else { Ok(()) }
            }
            Layer::Random { draw, per, evaluation } => {
                match draw {
                    RandomDraw::Uniform { low, high } => write!(f, "random {low} to {high}"),
                    RandomDraw::Bernoulli { p } => write!(f, "bernoulli {p}"),
                }?;
                let per = match per {
                    Per::Image => "image",
                    Per::Batch => "batch",
                };
                write!(f, " per {per}, {evaluation} in evaluation")
            }
            Layer::Detach => write!(f, "detach"),
            Layer::Live { unit, units, of } => write!(f, "live {unit} ({units} of {of})"),
            Layer::Binary(op) => f.write_str(match op {
                BinaryOp::Add => "add",
                BinaryOp::Sub => "sub",
                BinaryOp::Mul => "mul",
                BinaryOp::Div => "div",
                BinaryOp::Max => "max",
                BinaryOp::Min => "min",
            }),
            Layer::Concat => write!(f, "concat"),
            Layer::ChannelPool(PoolKind::Max) => write!(f, "channel_max"),
            Layer::ChannelPool(PoolKind::Avg) => write!(f, "channel_mean"),
            Layer::GlobalPool(PoolKind::Avg) => write!(f, "global_avg_pool"),
            Layer::GlobalPool(PoolKind::Max) => write!(f, "global_max_pool"),
            Layer::Pool { kind, window, slide, counted } => {
                let kind = match kind {
                    PoolKind::Max => "max",
                    PoolKind::Avg => "avg",
                };
                let ([rows, columns], stride) = (window, Slide::pair(slide.stride));
                write!(f, "{kind}_pool {rows}×{columns}/{stride} pad {}", around(slide.padding))?;
                if *counted == slide.padding {
                    return Ok(());
                }
                write!(f, " counted {}", around(*counted))
            }
            Layer::BlurPool { size, stride } => write!(f, "blur_pool {size}×{size}/{stride}"),
            Layer::Upsample { kind, factor } => {
                let kind = match kind {
                    Upsampling::Nearest => "nearest",
                    Upsampling::Bilinear => "bilinear",
                };
                write!(f, "upsample {factor} {kind}")
            }
            Layer::PadPixels { padding } => write!(f, "pad_pixels {}", around(*padding)),
            Layer::Subsample { stride } => write!(f, "subsample /{stride}"),
            Layer::SliceChannels { start } => {
                write!(f, "slice_channels {start} to {}", start + value.shape.c - 1)
            }
            Layer::PadChannels { channels, before: 0 } => write!(f, "pad_channels {channels}"),
            Layer::PadChannels { channels, before } => {
                write!(f, "pad_channels {channels} before {before}")
            }
        }?;
        value.args.iter().enumerate().try_for_each(|(at, arg)| {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma} {arg}")
        })
    }
}

impl Start {
    /// How weights start, where it is not as usual.
    fn write(self, f: &mut Formatter<'_>, usual: Start) -> fmt::Result {
        if self.draw != usual.draw {
            match self.draw {
                Draw::FanOut => write!(f, " init fan_out"),
                Draw::FanIn => write!(f, " init fan_in"),
                Draw::Uniform => write!(f, " init uniform"),
                Draw::Normal(std) => write!(f, " init {std}"),
                Draw::Zero => write!(f, " init zero"),
                Draw::Dirac => write!(f, " init dirac"),
                Draw::Whiten => write!(f, " init whiten"),
            }?;
        }
        if self.gain == 1.0 { Ok(()) } else { write!(f, " gain {}", self.gain) }
    }
}

impl Affine {
    /// What is not as it is unless given.
    fn write(self, f: &mut Formatter<'_>) -> fmt::Result {
        let parts = [
            ("gamma", self.gamma, Affine::LEARNED.gamma),
            ("beta", self.beta, Affine::LEARNED.beta),
        ];
        for (name, start, _) in parts.into_iter().filter(|(_, start, usual)| start != usual) {
            match start {
                Some(start) => write!(f, " {name} {start}")?,
                None => write!(f, " without {name}")?,
            }
        }
        Ok(())
    }
}

/// One number where both sides have the same.
fn sides<N: Display + PartialEq>([before, after]: [N; 2]) -> String {
    if before == after { before.to_string() } else { format!("{before}+{after}") }
}

fn around<N: Display + PartialEq>(padding: [[N; 2]; 2]) -> String {
    let [rows, columns] = padding.map(sides);
    if rows == columns { rows } else { format!("{rows}×{columns}") }
}

impl Display for Module {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.kind {
            ModuleKind::Conv { kernel: [rows, columns], inputs, outputs, groups, bias, init } => {
                write!(f, "conv {rows}×{columns} {inputs} → {outputs}")?;
                if groups > 1 {
                    write!(f, " groups {groups}")?;
                }
                bias.map_or(Ok(()), |bias| write!(f, " bias {bias}"))?;
                init.write(f, Start::CONV)
            }
            ModuleKind::BatchNorm { channels, affine } => {
                write!(f, "bn {channels}")?;
                affine.write(f)
            }
            ModuleKind::Norm { channels, affine } => {
                write!(f, "norm {channels}")?;
                affine.write(f)
            }
            ModuleKind::Vector { channels, init } => write!(f, "vector {channels} init {init}"),
            ModuleKind::Linear { inputs, outputs, bias, init, .. } => {
                write!(f, "linear {inputs} → {outputs}")?;
                match bias {
                    Some(Some(bias)) => write!(f, " bias {bias}"),
                    Some(None) => write!(f, " bias uniform"),
                    None => Ok(()),
                }?;
                init.write(f, Start::LINEAR)
            }
        }?;
        write!(f, "  \"{}\"", self.name)
    }
}

impl Display for UnitInstance {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { definition, input, bindings, sum, output, .. } = self;
        write!(f, "{}: {definition}  x {input}", self.id())?;
        bindings.iter().try_for_each(|(name, value)| write!(f, "  {name} {value}"))?;
        write!(f, "  y {sum}  f(y) {output}")
    }
}
