//! Functions applied to values: layers with their shape rules, chains, bound functions.

use std::rc::Rc;

use super::arithmetic::Operand;
use super::attributes::{Attributes, NormOver};
use super::expander::{Expander, Failure};
use super::instance::{Bound, Instance, LayerInstance, Modules};
use super::shapes;
use super::whitened::{self, WhitenedConv};
use super::windows::{Moves, Placed};
use crate::diagnostic::{Code, Diagnostic};
use crate::network::{
    Affine, Chw, Draw, Layer, ModuleId, ModuleKind, Over, PoolKind, Slide, Start, ValueId,
};
use crate::source::Span;

impl<'a> Expander<'a> {
    /// Applies a function to a value.
    pub fn apply(
        &mut self,
        function: &Rc<Instance<'a>>,
        input: ValueId,
        span: Span,
    ) -> Result<ValueId, Failure> {
        self.step(span)?;
        let applied = self.deeper(span, |expander| match &**function {
            Instance::Layer(layer) => Ok(expander.layer(layer, input)?),
            Instance::Unit(call) => {
                let name = format!("`{}`", expander.program.units[call.definition].name);
                expander.unit(call, input, &name).map(|applied| applied.output)
            }
            Instance::Def(call) => {
                let argument = [Operand::Value(input)];
                let operand = expander.def(call.definition, &argument, &call.numbers, call.span)?;
                Ok(expander.materialise(operand, call.span)?)
            }
            Instance::Chain(stages, _) => {
                stages.iter().try_fold(input, |value, stage| expander.apply(stage, value, span))
            }
            Instance::Bound(bound, _) => expander.bound(bound, input, span),
        })?;
        self.note(function.span(), input, applied);
        Ok(applied)
    }

    fn bound(&mut self, bound: &Bound<'a>, input: ValueId, span: Span) -> Result<ValueId, Failure> {
        let known = bound.images.borrow().get(&input).copied();
        if let Some(value) = known {
            return Ok(value);
        }
        let value = self.apply(&bound.function, input, span)?;
        bound.images.borrow_mut().insert(input, value);
        Ok(value)
    }

    fn layer(&mut self, layer: &LayerInstance, x: ValueId) -> Result<ValueId, Diagnostic> {
        let (input, span) = (self.net.shape(x), layer.span);
        let same = |expander: &mut Self, kind| expander.net.value(kind, vec![x], input, span);
        match layer.attributes {
            Attributes::Input(_) => Err(misplaced_input(span)),
            Attributes::Conv { moves, width, bias, groups, init } => {
                let conv = Conv { moves, width, bias, groups, init };
                if init.draw == Draw::Whiten {
                    let Moves { window: kernel, dilation, .. } = moves;
                    let kind = WhitenedConv { kernel, dilation, width, groups };
                    kind.reads(input, self.net.values[x.index()].layer == Layer::Input, span)?;
                }
                let [module, _] = self.modules(layer, input, |e| {
                    Ok([Some(e.conv_module(layer, input, &conv)?), None])
                })?;
                self.conv(x, module, &conv, span)
            }
            Attributes::Linear { init: Start { draw: Draw::Whiten, .. }, .. } => {
                Err(whitened::of_no_patches(span))
            }
            Attributes::Linear { classes, bias, init } => {
                self.linear(layer, x, classes, (bias, init))
            }
            Attributes::Bn { epsilon, momentum, affine, ghost } => {
                let [module, _] = self.modules(layer, input, |e| {
                    Ok([Some(e.bn_module(layer, 0, input.c, affine)?), None])
                })?;
                self.bn(x, module, ([epsilon, momentum], ghost), span)
            }
            Attributes::Norm { over, epsilon, affine } => {
                self.norm(layer, x, (over, epsilon, affine))
            }
            Attributes::Scale { init, each } => {
                let module = self.vector(layer, input, if each { input.c } else { 1 }, init)?;
                same(self, Layer::Scale { module })
            }
            Attributes::Shift { init, each } => {
                let module = self.vector(layer, input, if each { input.c } else { 1 }, init)?;
                same(self, Layer::Shift { module })
            }
            // A value is applied to nothing; see `made`.
            Attributes::Scalar { .. } | Attributes::Random { .. } => Ok(x),
            Attributes::Activation(activation) => same(self, Layer::Activation(activation)),
            Attributes::Dropout { p, inverted } => same(self, Layer::Dropout { p, inverted }),
            Attributes::DropPath { p, per, inverted } => {
                same(self, Layer::DropPath { p, per, inverted })
            }
            Attributes::Detach => same(self, Layer::Detach),
            Attributes::ChannelPool(kind) => {
                self.net.value(Layer::ChannelPool(kind), vec![x], Chw { c: 1, ..input }, span)
            }
            Attributes::GlobalPool(kind) => {
                let shape = Chw { c: input.c, h: 1, w: 1 };
                self.net.value(Layer::GlobalPool(kind), vec![x], shape, span)
            }
            Attributes::Pool { kind, moves, count_padding } => {
                let Placed { slide, asked, output: [h, w] } = moves.over(input, span)?;
                let counted = match (kind, count_padding) {
                    (PoolKind::Max, _) => slide.padding,
                    (PoolKind::Avg, true) => asked,
                    (PoolKind::Avg, false) => [[0; 2]; 2],
                };
                let layer = Layer::Pool { kind, window: moves.window, slide, counted };
                self.net.value(layer, vec![x], Chw { c: input.c, h, w }, span)
            }
            Attributes::BlurPool { stride, size } => {
                shapes::mirrored(input, size, span)?;
                let shape = shapes::subsampled(input, stride);
                self.net.value(Layer::BlurPool { size, stride }, vec![x], shape, span)
            }
            Attributes::Upsample { factor: 1, .. } => Ok(x),
            Attributes::Upsample { factor, kind } => {
                let shape = Chw { c: input.c, h: input.h * factor, w: input.w * factor };
                self.net.value(Layer::Upsample { kind, factor }, vec![x], shape, span)
            }
            Attributes::PadPixels([[0, 0], [0, 0]]) => Ok(x),
            Attributes::PadPixels(padding) => {
                let shape = shapes::around(input, padding, span)?;
                self.net.value(Layer::PadPixels { padding }, vec![x], shape, span)
            }
            Attributes::Subsample { stride } => self.subsample(x, stride, span),
            Attributes::PadChannels { channels, before } => self.pad(x, channels, before, span),
            Attributes::SliceChannels { start, end } => {
                let shape = shapes::sliced(input, start, end, span)?;
                if shape == input {
                    return Ok(x);
                }
                self.net.value(Layer::SliceChannels { start }, vec![x], shape, span)
            }
            Attributes::Shortcut { width, stride, project, bn, before } => {
                self.shortcut(layer, x, Shortcut { width, stride, project, bn, before })
            }
            Attributes::Identity => Ok(x),
        }
    }

    fn norm(
        &mut self,
        layer: &LayerInstance,
        x: ValueId,
        (over, epsilon, affine): (NormOver, f64, Affine),
    ) -> Result<ValueId, Diagnostic> {
        let (input, span) = (self.net.shape(x), layer.span);
        let over = match over {
            NormOver::Groups(groups) => {
                shapes::normalised(input, groups, span)?;
                Over::Groups(groups)
            }
            NormOver::Instance => Over::Groups(input.c),
            NormOver::Pixel => Over::Pixel,
        };
        let kind = ModuleKind::Norm { channels: input.c, affine };
        let [module, _] = match affine.parts() {
            0 => [None; 2],
            _ => self.modules(layer, input, |e| {
                Ok([Some(e.net.module(name(layer, 0), kind, span)?), None])
            })?,
        };
        self.net.value(Layer::Norm { module, over, epsilon }, vec![x], input, span)
    }

    /// A value that is made of nothing.
    pub fn made(&mut self, function: &Instance<'a>, span: Span) -> Result<ValueId, Failure> {
        let Instance::Layer(layer) = function else { return Err(Failure::default()) };
        let shape = Chw { c: 1, h: 1, w: 1 };
        let made = match layer.attributes {
            Attributes::Scalar { init } => {
                Layer::Scalar { module: self.vector(layer, shape, 1, init)? }
            }
            Attributes::Random { draw, per, evaluation } => Layer::Random { draw, per, evaluation },
            _ => return Err(Failure::default()),
        };
        Ok(self.net.value(made, vec![], shape, span)?)
    }

    /// The module of learned numbers of their own.
    fn vector(
        &mut self,
        layer: &LayerInstance,
        input: Chw,
        channels: usize,
        init: f64,
    ) -> Result<ModuleId, Diagnostic> {
        let kind = ModuleKind::Vector { channels, init };
        let made = |e: &mut Self| Ok([Some(e.net.module(name(layer, 0), kind, layer.span)?), None]);
        let [module, _] = self.modules(layer, input, made)?;
        // Just made, or made before.
        module.ok_or_else(|| misplaced_input(layer.span))
    }

    /// The layer's modules: made at its first use, and used again where they fit.
    fn modules(
        &mut self,
        layer: &LayerInstance,
        input: Chw,
        make: impl FnOnce(&mut Self) -> Result<Modules, Diagnostic>,
    ) -> Result<Modules, Diagnostic> {
        let Some((modules, first)) = layer.modules.get() else {
            let modules = make(self)?;
            layer.modules.set(Some((modules, input)));
            return Ok(modules);
        };
        let fits = match layer.attributes {
            Attributes::Linear { .. } => input == first,
            _ => input.c == first.c,
        };
        if fits {
            return Ok(modules);
        }
        Err(Diagnostic::error(
            Code::ShapeMismatch,
            layer.span,
            format!("its weights were made for {first}, and now it reads {input}"),
        )
        .label("one set of weights")
        .hint("bind a second function for the second shape"))
    }

    fn conv_module(
        &mut self,
        layer: &LayerInstance,
        input: Chw,
        conv: &Conv,
    ) -> Result<ModuleId, Diagnostic> {
        let Conv { moves: Moves { window: kernel, .. }, width, bias, groups, init } = *conv;
        shapes::grouped(input, width, groups, layer.span)?;
        if conv.moves.dilation != [1, 1] {
            let reach = Slide::reach(kernel, conv.moves.dilation);
            shapes::spread(reach, [input.c / groups, width], layer.span)?;
        }
        let kind = ModuleKind::Conv { kernel, inputs: input.c, outputs: width, groups, bias, init };
        self.net.module(name(layer, 0), kind, layer.span)
    }

    fn bn_module(
        &mut self,
        layer: &LayerInstance,
        position: usize,
        channels: usize,
        affine: Affine,
    ) -> Result<ModuleId, Diagnostic> {
        let kind = ModuleKind::BatchNorm { channels, affine };
        self.net.module(name(layer, position), kind, layer.span)
    }

    fn conv(
        &mut self,
        x: ValueId,
        module: Option<ModuleId>,
        conv: &Conv,
        span: Span,
    ) -> Result<ValueId, Diagnostic> {
        let Some(module) = module else { return Ok(x) };
        let Placed { slide, output: [h, w], .. } = conv.moves.over(self.net.shape(x), span)?;
        let shape = Chw { c: conv.width, h, w };
        self.net.value(Layer::Conv { module, slide }, vec![x], shape, span)
    }

    fn bn(
        &mut self,
        x: ValueId,
        module: Option<ModuleId>,
        ([epsilon, momentum], ghost): ([f64; 2], Option<usize>),
        span: Span,
    ) -> Result<ValueId, Diagnostic> {
        let Some(module) = module else { return Ok(x) };
        let layer = Layer::BatchNorm { module, epsilon, momentum, ghost };
        self.net.value(layer, vec![x], self.net.shape(x), span)
    }

    fn linear(
        &mut self,
        layer: &LayerInstance,
        x: ValueId,
        outputs: usize,
        (bias, init): (Option<Option<f64>>, Start),
    ) -> Result<ValueId, Diagnostic> {
        let input = self.net.shape(x);
        let rows_columns = [input.h, input.w];
        let kind = ModuleKind::Linear { inputs: input.len(), rows_columns, outputs, bias, init };
        let [module, _] = self.modules(layer, input, |e| {
            Ok([Some(e.net.module(name(layer, 0), kind, layer.span)?), None])
        })?;
        let Some(module) = module else { return Ok(x) };
        let shape = Chw { c: outputs, h: 1, w: 1 };
        self.net.value(Layer::Linear { module }, vec![x], shape, layer.span)
    }

    fn subsample(&mut self, x: ValueId, stride: usize, span: Span) -> Result<ValueId, Diagnostic> {
        if stride == 1 {
            return Ok(x);
        }
        let shape = shapes::subsampled(self.net.shape(x), stride);
        self.net.value(Layer::Subsample { stride }, vec![x], shape, span)
    }

    fn pad(
        &mut self,
        x: ValueId,
        channels: usize,
        before: usize,
        span: Span,
    ) -> Result<ValueId, Diagnostic> {
        let shape = shapes::padded(self.net.shape(x), channels, before, span)?;
        if channels == self.net.shape(x).c {
            return Ok(x);
        }
        self.net.value(Layer::PadChannels { channels, before }, vec![x], shape, span)
    }

    /// Identity where the shape is kept; else option A (every n-th pixel, zero channels) or option
    /// B (1×1 convolution).
    fn shortcut(
        &mut self,
        layer: &LayerInstance,
        x: ValueId,
        shortcut: Shortcut,
    ) -> Result<ValueId, Diagnostic> {
        let (input, span) = (self.net.shape(x), layer.span);
        let Shortcut { width, stride, project, bn, before } = shortcut;
        if stride == 1 && width == input.c {
            return Ok(x);
        }
        if !project {
            let x = self.subsample(x, stride, span)?;
            // With a stride alone there is nothing to pad, and a unit's `before` is for others.
            let before = if width == input.c { 0 } else { before };
            return self.pad(x, width, before, span);
        }
        let conv = Conv {
            moves: Moves::even([1, 1], stride, [0, 0]),
            width,
            bias: None,
            groups: 1,
            init: Start::CONV,
        };
        let [conv_module, bn_module] = self.modules(layer, input, |e| {
            let conv = e.conv_module(layer, input, &conv)?;
            Ok([Some(conv), bn.then(|| e.bn_module(layer, 1, width, Affine::LEARNED)).transpose()?])
        })?;
        let x = self.conv(x, conv_module, &conv, span)?;
        self.bn(x, bn_module, ([Layer::EPSILON, Layer::MOMENTUM], None), span)
    }
}

/// A convolution's arguments.
struct Conv {
    moves: Moves,
    width: usize,
    bias: Option<f64>,
    groups: usize,
    init: Start,
}

/// A shortcut's arguments.
#[derive(Clone, Copy)]
struct Shortcut {
    width: usize,
    stride: usize,
    project: bool,
    bn: bool,
    before: usize,
}

fn name(layer: &LayerInstance, position: usize) -> &str {
    layer.names.get().and_then(|names| names.get(position)).map_or("layer", String::as_str)
}

/// `input` anywhere but at the start of the net.
fn misplaced_input(span: Span) -> Diagnostic {
    Diagnostic::error(Code::NetStructure, span, "`input` stands only at the start of the net")
        .label("not at the start")
        .hint("a unit's input is x; move this to the start of the net's chain")
}
