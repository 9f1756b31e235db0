//! What kind of residual network of ImageNet's form a network is, read from its values.
//!
//! It is followed from its scores back to the pictures, value by value, and whatever is not as the form
//! has it ends that: two nets with equal tensors that compute other things are told apart. No name of a
//! unit or binding is looked at.

use super::Stranger;
use crate::network::{
    Activation, BinaryOp, Layer, ModuleId, ModuleKind, Network, PoolKind, Slide, UnitId, ValueId,
};

/// A convolution, as it is applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv {
    /// Its weights.
    pub module: ModuleId,
    /// Rows and columns.
    pub kernel: [usize; 2],
    /// Channels read and written.
    pub channels: [usize; 2],
    /// Equal parts of both.
    pub groups: usize,
    /// Whether it has a bias.
    pub bias: bool,
    /// Step.
    pub stride: usize,
    /// Zeros on each side.
    pub padding: [usize; 2],
}

impl Conv {
    /// Whether it is a side×side one with zeros that keep the picture, and nothing special.
    pub fn is(&self, side: usize, stride: usize) -> bool {
        self.kernel == [side; 2]
            && self.padding == [side / 2; 2]
            && self.stride == stride
            && self.groups == 1
            && !self.bias
    }
}

/// A projection on a shortcut.
#[derive(Clone, Debug, PartialEq)]
pub struct Projection {
    /// Its convolution.
    pub conv: Conv,
    /// The batch norm behind it.
    pub norm: Option<ModuleId>,
    /// Whether means of 2×2 pixels stand before it.
    pub pooled: bool,
}

/// A residual unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    /// The spec's unit that its sum stands in.
    pub unit: Option<UnitId>,
    /// F's convolutions, in order.
    pub convs: Vec<Conv>,
    /// As many batch norms: behind each convolution, or before each.
    pub norms: Vec<ModuleId>,
    /// What stands on the shortcut.
    pub projection: Option<Projection>,
}

impl Block {
    /// By how much it makes the picture smaller.
    pub fn stride(&self) -> usize {
        self.convs.iter().map(|conv| conv.stride).product()
    }

    /// Channels read and written.
    pub fn channels(&self) -> [usize; 2] {
        let end = |conv: Option<&Conv>, at: usize| conv.map_or(0, |conv| conv.channels[at]);
        [end(self.convs.first(), 0), end(self.convs.last(), 1)]
    }
}

/// A network of ImageNet's form: stem, max pooling, units, pooling over the picture, linear layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// Convolutions of the stem, in order.
    pub stem: Vec<Conv>,
    /// Their batch norms; where units begin with one, the last convolution has none.
    pub stem_norms: Vec<ModuleId>,
    /// Units in order.
    pub blocks: Vec<Block>,
    /// The batch norm behind all units, where units begin with one.
    pub last_norm: Option<ModuleId>,
    /// The linear layer.
    pub head: ModuleId,
}

impl Form {
    /// Whether units begin with a batch norm (He et al. 2016).
    pub fn is_preact(&self) -> bool {
        self.last_norm.is_some()
    }

    /// Reads a network.
    pub fn read(network: &Network) -> Result<Self, Stranger> {
        let reader = Reader { network };
        let (head, last) = reader.head(reader.evaluated(network.output)).ok_or(Stranger::Head)?;
        let (mut at, last_norm) = match reader.relu(last) {
            Some(sum) if reader.sum(sum).is_some() => (last, None),
            Some(normed) => match reader.norm(normed) {
                Some((norm, sum)) if reader.sum(sum).is_some() => (sum, Some(norm)),
                Some(_) | None => return Err(Stranger::Head),
            },
            None => return Err(Stranger::Head),
        };
        let mut blocks = Vec::new();
        while let Some((sum, sides)) = reader.unit(at, last_norm.is_some()) {
            let read = match last_norm {
                Some(_) => reader.preact(sides),
                None => reader.postact(sides),
            };
            let unit = network.value(sum).unit;
            let (block, input) = read.ok_or_else(|| reader.strange_unit(sum))?;
            blocks.push(Block { unit, ..block });
            at = input;
        }
        blocks.reverse();
        let (stem, stem_norms) = reader.stem(at, last_norm.is_some()).ok_or(Stranger::Stem)?;
        Ok(Self { stem, stem_norms, blocks, last_norm, head })
    }
}

struct Reader<'a> {
    network: &'a Network,
}

impl Reader<'_> {
    fn layer(&self, at: ValueId) -> &Layer {
        &self.network.value(at).layer
    }

    /// What a value reads first, past what does nothing in evaluation.
    fn argument(&self, at: ValueId) -> Option<ValueId> {
        Some(self.evaluated(*self.network.value(at).args.first()?))
    }

    fn evaluated(&self, mut at: ValueId) -> ValueId {
        while let (
            Layer::Dropout { inverted: true, .. }
            | Layer::Dropout { p: 0.0, .. }
            | Layer::DropPath { inverted: true, .. }
            | Layer::DropPath { p: 0.0, .. }
            | Layer::Detach,
            &[read],
        ) = (self.layer(at), self.network.value(at).args.as_slice())
        {
            at = read;
        }
        at
    }

    fn conv(&self, at: ValueId) -> Option<(Conv, ValueId)> {
        let &Layer::Conv { module, slide } = self.layer(at) else { return None };
        let (stride, padding) = slide.as_even()?;
        let ModuleKind::Conv { kernel, inputs, outputs, groups, bias, .. } =
            self.network.module(module).kind
        else {
            return None;
        };
        let (channels, bias) = ([inputs, outputs], bias.is_some());
        let conv = Conv { module, kernel, channels, groups, bias, stride, padding };
        Some((conv, self.argument(at)?))
    }

    /// A batch norm as PyTorch has it unless told otherwise.
    fn norm(&self, at: ValueId) -> Option<(ModuleId, ValueId)> {
        let Layer::BatchNorm { module, epsilon, .. } = *self.layer(at) else { return None };
        let ModuleKind::BatchNorm { affine, .. } = self.network.module(module).kind else {
            return None;
        };
        let usual = epsilon == Layer::EPSILON && affine.gamma.is_some() && affine.beta.is_some();
        usual.then_some((module, self.argument(at)?))
    }

    fn relu(&self, at: ValueId) -> Option<ValueId> {
        match self.layer(at) {
            Layer::Activation(Activation::Relu) => self.argument(at),
            _ => None,
        }
    }

    fn sum(&self, at: ValueId) -> Option<[ValueId; 2]> {
        match (self.layer(at), self.network.value(at).args.as_slice()) {
            (Layer::Binary(BinaryOp::Add), &[a, b]) => Some([a, b].map(|at| self.evaluated(at))),
            _ => None,
        }
    }

    fn pool(&self, at: ValueId, wanted: PoolKind, sides: [usize; 3]) -> Option<ValueId> {
        match *self.layer(at) {
            Layer::Pool { kind, window, slide, counted } => {
                let [side, stride, padding] = sides;
                let same = slide == Slide::even(stride, [padding; 2]) && counted == slide.padding;
                let found = same && kind == wanted && window == [side; 2];
                found.then(|| self.argument(at)).flatten()
            }
            _ => None,
        }
    }

    /// The linear layer, and what is pooled before it.
    fn head(&self, at: ValueId) -> Option<(ModuleId, ValueId)> {
        let &Layer::Linear { module } = self.layer(at) else { return None };
        if !matches!(self.network.module(module).kind, ModuleKind::Linear { bias: Some(_), .. }) {
            return None;
        }
        let at = self.argument(at)?;
        matches!(self.layer(at), Layer::GlobalPool(PoolKind::Avg))
            .then_some((module, self.argument(at)?))
    }

    /// The sum of a unit that ends here, and its sides.
    fn unit(&self, at: ValueId, preact: bool) -> Option<(ValueId, [ValueId; 2])> {
        let sum = if preact { at } else { self.relu(at)? };
        Some((sum, self.sum(sum)?))
    }

    /// The order of shortcut and F is the spec's; either may stand first.
    fn postact(&self, sides: [ValueId; 2]) -> Option<(Block, ValueId)> {
        let [a, b] = sides;
        let either = |[shortcut, f]: [ValueId; 2]| {
            let projected = self.projection(shortcut, true).map(|(p, x)| (Some(p), x));
            let tried = projected.into_iter().chain([(None, shortcut)]);
            tried.filter_map(move |(projection, x)| {
                let (convs, norms) = self.conv_bn(f, x)?;
                Some((Block { unit: None, convs, norms, projection }, x))
            })
        };
        [[a, b], [b, a]].into_iter().flat_map(either).next()
    }

    /// F's convolutions, each with a batch norm behind it, and ReLUs between them.
    fn conv_bn(&self, f: ValueId, x: ValueId) -> Option<(Vec<Conv>, Vec<ModuleId>)> {
        let (mut convs, mut norms, mut at) = (Vec::new(), Vec::new(), f);
        loop {
            let (norm, normed) = self.norm(at)?;
            let (conv, read) = self.conv(normed)?;
            convs.push(conv);
            norms.push(norm);
            if read == x {
                break;
            }
            at = self.relu(read)?;
        }
        convs.reverse();
        norms.reverse();
        Some((convs, norms))
    }

    fn preact(&self, sides: [ValueId; 2]) -> Option<(Block, ValueId)> {
        let [a, b] = sides;
        let either = |[shortcut, f]: [ValueId; 2]| {
            let projected = self.projection(shortcut, false).and_then(|(projection, active)| {
                let (_, x) = self.norm(self.relu(active)?)?;
                Some((Some(projection), Some(active), x))
            });
            let tried = projected.into_iter().chain([(None, None, shortcut)]);
            tried.filter_map(move |(projection, active, x)| {
                let (convs, norms) = self.bn_relu_conv(f, active, x)?;
                Some((Block { unit: None, convs, norms, projection }, x))
            })
        };
        [[a, b], [b, a]].into_iter().flat_map(either).next()
    }

    /// F's convolutions, each with a batch norm and a ReLU before it, the first of them shared with a
    /// projection (`active`) where there is one.
    fn bn_relu_conv(
        &self,
        f: ValueId,
        active: Option<ValueId>,
        x: ValueId,
    ) -> Option<(Vec<Conv>, Vec<ModuleId>)> {
        let (mut convs, mut norms, mut at) = (Vec::new(), Vec::new(), f);
        loop {
            let (conv, rectified) = self.conv(at)?;
            let (norm, normed) = self.norm(self.relu(rectified)?)?;
            convs.push(conv);
            norms.push(norm);
            if normed == x && active.is_none_or(|active| active == rectified) {
                break;
            }
            at = normed;
        }
        convs.reverse();
        norms.reverse();
        Some((convs, norms))
    }

    fn projection(&self, at: ValueId, normed: bool) -> Option<(Projection, ValueId)> {
        let (norm, at) = match self.norm(at) {
            Some((norm, at)) if normed => (Some(norm), at),
            None if !normed => (None, at),
            Some(_) | None => return None,
        };
        let (conv, read) = self.conv(at)?;
        let pooled = self.pool(read, PoolKind::Avg, [2, 2, 0]);
        Some((Projection { conv, norm, pooled: pooled.is_some() }, pooled.unwrap_or(read)))
    }

    fn stem(&self, at: ValueId, preact: bool) -> Option<(Vec<Conv>, Vec<ModuleId>)> {
        let mut at = self.pool(at, PoolKind::Max, [3, 2, 1])?;
        let (mut convs, mut norms) = (Vec::new(), Vec::new());
        let mut bare = preact;
        loop {
            if !std::mem::take(&mut bare) {
                let (norm, normed) = self.norm(self.relu(at)?)?;
                norms.push(norm);
                at = normed;
            }
            let (conv, read) = self.conv(at)?;
            convs.push(conv);
            if read == self.network.input {
                break;
            }
            at = read;
        }
        convs.reverse();
        norms.reverse();
        Some((convs, norms))
    }

    fn strange_unit(&self, sum: ValueId) -> Stranger {
        Stranger::unit(self.network, self.network.value(sum).unit)
    }
}
