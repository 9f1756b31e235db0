//! Small networks written by hand, as sema would hand them on.

use rnetc::network::*;
use rnetc::source::{Source, Span};

/// A network under construction. Layers that name the same module share its parameters.
pub struct Draft {
    values: Vec<Value>,
    modules: Vec<Module>,
}

impl Draft {
    /// A network that reads pictures of this shape; value 0 is the pictures.
    pub fn new(c: usize, h: usize, w: usize) -> (Self, ValueId) {
        let mut draft = Self { values: Vec::new(), modules: Vec::new() };
        let x = draft.push(Layer::Input, &[], Chw { c, h, w });
        (draft, x)
    }

    pub fn finish(self, output: ValueId) -> Network {
        Network {
            name: "draft".into(),
            source: Source::new("<draft>", ""),
            values: self.values,
            modules: self.modules,
            units: Vec::new(),
            input: ValueId(0),
            output,
            settings: Vec::new(),
        }
    }

    pub fn shape(&self, x: ValueId) -> Chw {
        self.values[x.index()].shape
    }

    fn push(&mut self, layer: Layer, args: &[ValueId], shape: Chw) -> ValueId {
        let id = ValueId(self.values.len() as u32);
        let args = args.to_vec();
        self.values.push(Value { layer, args, shape, span: Span::default(), unit: None });
        id
    }

    fn module(&mut self, name: &str, kind: ModuleKind) -> ModuleId {
        if let Some(at) = self.modules.iter().position(|m| m.name == name) {
            assert_eq!(self.modules[at].kind, kind, "shared modules are alike");
            return ModuleId(at as u32);
        }
        self.modules.push(Module { name: name.into(), kind, span: Span::default() });
        ModuleId(self.modules.len() as u32 - 1)
    }

    /// An odd kernel with padding k/2, without bias.
    pub fn conv(
        &mut self,
        name: &str,
        x: ValueId,
        k: usize,
        outputs: usize,
        stride: usize,
    ) -> ValueId {
        self.conv_with(name, x, [k, k], outputs, stride, None)
    }

    /// Any odd kernel with padding k/2; `bias` is its initial value.
    pub fn conv_with(
        &mut self,
        name: &str,
        x: ValueId,
        kernel: [usize; 2],
        outputs: usize,
        stride: usize,
        bias: Option<f64>,
    ) -> ValueId {
        let Chw { c, h, w } = self.shape(x);
        let module = self.module(
            name,
            ModuleKind::Conv { kernel, inputs: c, outputs, groups: 1, bias, init: Start::CONV },
        );
        let padding = kernel.map(|k| k / 2);
        let shape = Chw { c: outputs, h: h.div_ceil(stride), w: w.div_ceil(stride) };
        self.push(Layer::Conv { module, slide: Slide::even(stride, padding) }, &[x], shape)
    }

    pub fn linear(&mut self, name: &str, x: ValueId, outputs: usize) -> ValueId {
        let Chw { c, h, w } = self.shape(x);
        let kind = ModuleKind::Linear {
            inputs: c * h * w,
            rows_columns: [h, w],
            outputs,
            bias: Some(None),
            init: Start::LINEAR,
        };
        let module = self.module(name, kind);
        self.push(Layer::Linear { module }, &[x], Chw { c: outputs, h: 1, w: 1 })
    }

    pub fn bn(&mut self, name: &str, x: ValueId) -> ValueId {
        self.bn_with(name, x, Affine::LEARNED, [Layer::EPSILON, Layer::MOMENTUM])
    }

    /// With ε and momentum.
    pub fn bn_with(
        &mut self,
        name: &str,
        x: ValueId,
        affine: Affine,
        [epsilon, momentum]: [f64; 2],
    ) -> ValueId {
        let channels = self.shape(x).c;
        let module = self.module(name, ModuleKind::BatchNorm { channels, affine });
        self.same(Layer::BatchNorm { module, epsilon, momentum, ghost: None }, x)
    }

    /// Of parts of the batch.
    pub fn ghost_bn(&mut self, name: &str, x: ValueId, ghost: usize) -> ValueId {
        let (channels, affine) = (self.shape(x).c, Affine::LEARNED);
        let module = self.module(name, ModuleKind::BatchNorm { channels, affine });
        let [epsilon, momentum] = [1e-3, Layer::MOMENTUM];
        self.same(Layer::BatchNorm { module, epsilon, momentum, ghost: Some(ghost) }, x)
    }

    /// By an image's own moments.
    pub fn norm(&mut self, name: &str, x: ValueId, over: Over, affine: Affine) -> ValueId {
        let channels = self.shape(x).c;
        let module = self.module(name, ModuleKind::Norm { channels, affine });
        self.same(Layer::Norm { module: Some(module), over, epsilon: 1e-3 }, x)
    }

    fn vector(&mut self, name: &str, channels: usize) -> ModuleId {
        self.module(name, ModuleKind::Vector { channels, init: 0.5 })
    }

    /// Learned factors, one a channel or one in all.
    pub fn scale(&mut self, name: &str, x: ValueId, channels: usize) -> ValueId {
        let module = self.vector(name, channels);
        self.same(Layer::Scale { module }, x)
    }

    /// Learned summands.
    pub fn shift(&mut self, name: &str, x: ValueId, channels: usize) -> ValueId {
        let module = self.vector(name, channels);
        self.same(Layer::Shift { module }, x)
    }

    /// A learned number.
    pub fn scalar(&mut self, name: &str) -> ValueId {
        let module = self.vector(name, 1);
        self.push(Layer::Scalar { module }, &[], Chw { c: 1, h: 1, w: 1 })
    }

    /// A layer that keeps its argument's shape.
    pub fn same(&mut self, layer: Layer, x: ValueId) -> ValueId {
        let shape = self.shape(x);
        self.push(layer, &[x], shape)
    }

    pub fn relu(&mut self, x: ValueId) -> ValueId {
        self.same(Layer::Activation(Activation::Relu), x)
    }

    pub fn number(&mut self, value: f64) -> ValueId {
        self.push(Layer::Const(value), &[], Chw { c: 1, h: 1, w: 1 })
    }

    /// a op b, axes of length 1 broadcasting.
    pub fn binary(&mut self, op: BinaryOp, a: ValueId, b: ValueId) -> ValueId {
        let (p, q) = (self.shape(a), self.shape(b));
        let shape = Chw { c: p.c.max(q.c), h: p.h.max(q.h), w: p.w.max(q.w) };
        self.push(Layer::Binary(op), &[a, b], shape)
    }

    pub fn add(&mut self, a: ValueId, b: ValueId) -> ValueId {
        self.binary(BinaryOp::Add, a, b)
    }

    /// Channels of all, one behind the other.
    pub fn concat(&mut self, all: &[ValueId]) -> ValueId {
        let c = all.iter().map(|&x| self.shape(x).c).sum();
        let shape = Chw { c, ..self.shape(all[0]) };
        self.push(Layer::Concat, all, shape)
    }

    pub fn channel_pool(&mut self, kind: PoolKind, x: ValueId) -> ValueId {
        let shape = Chw { c: 1, ..self.shape(x) };
        self.push(Layer::ChannelPool(kind), &[x], shape)
    }

    pub fn global_avg_pool(&mut self, x: ValueId) -> ValueId {
        let c = self.shape(x).c;
        self.push(Layer::GlobalPool(PoolKind::Avg), &[x], Chw { c, h: 1, w: 1 })
    }

    pub fn pool(
        &mut self,
        kind: PoolKind,
        x: ValueId,
        window: usize,
        stride: usize,
        padding: usize,
    ) -> ValueId {
        let Chw { c, h, w } = self.shape(x);
        let out = |n: usize| (n + 2 * padding - window) / stride + 1;
        let shape = Chw { c, h: out(h), w: out(w) };
        let slide = Slide::even(stride, [padding; 2]);
        let layer = Layer::Pool { kind, window: [window; 2], slide, counted: slide.padding };
        self.push(layer, &[x], shape)
    }

    /// Option A: every `stride`-th pixel, then zero channels.
    pub fn option_a(&mut self, x: ValueId, channels: usize, stride: usize) -> ValueId {
        let Chw { c, h, w } = self.shape(x);
        let shape = Chw { c, h: h.div_ceil(stride), w: w.div_ceil(stride) };
        let x = if stride == 1 { x } else { self.push(Layer::Subsample { stride }, &[x], shape) };
        if c == channels {
            return x;
        }
        self.push(Layer::PadChannels { channels, before: 0 }, &[x], Chw { c: channels, ..shape })
    }

    /// The head: global average pooling and a linear layer.
    pub fn classify(mut self, x: ValueId, classes: usize) -> Network {
        let pooled = self.global_avg_pool(x);
        let logits = self.linear("linear", pooled, classes);
        self.finish(logits)
    }
}
