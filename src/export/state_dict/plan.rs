//! The numbers of a family's constructor that make a network of the form, and whether there are any.

use super::Stranger;
use super::form::{Block, Form, Projection};
use super::stranger::name;
use crate::network::Network;

/// What a family's constructor is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Whether units are 1×1, 3×3, 1×1.
    pub bottleneck: bool,
    /// Whether three 3×3 convolutions are the stem, and how wide the first two are.
    pub deep: Option<usize>,
    /// Channels that the stem writes.
    pub stem: usize,
    /// Whether projections read means of pixels where they halve the picture.
    pub averaged: bool,
    /// Units of each stage.
    pub counts: Vec<usize>,
    /// Channels that each stage writes.
    pub outputs: Vec<usize>,
    /// Groups of the 3×3 convolutions of bottlenecks.
    pub groups: usize,
    /// Channels of a group where a stage writes 256, as `base_width` and `width_per_group` have them.
    pub base: usize,
}

impl Plan {
    /// A network's, if all families can have it.
    pub fn of(network: &Network, form: &Form) -> Result<Self, Stranger> {
        let colours = network.value(network.input).shape.c;
        if colours != 3 {
            return Err(Stranger::Colours(colours));
        }
        let deep = stem(form)?;
        let first = form.blocks.first().ok_or(Stranger::Stages(0))?;
        let begins = |at: usize| at == 0 || form.blocks[at].stride() != 1;
        let starts: Vec<usize> = (0..form.blocks.len()).filter(|at| begins(*at)).collect();
        let averaged = form.blocks.iter().any(|block| projected(block).is_some_and(|p| p.pooled));
        for (at, block) in form.blocks.iter().enumerate() {
            if block.convs.len() != first.convs.len() {
                return Err(Stranger::Mixed(name(network, block.unit)));
            }
            let stage = starts.partition_point(|start| *start <= at) - 1;
            let stride = if stage > 0 && starts[stage] == at { 2 } else { 1 };
            convs(network, block, stride)?;
            let is_first = starts[stage] == at;
            shortcut(network, form, block, stride, (averaged, is_first))?;
        }
        if starts.len() != 4 {
            return Err(Stranger::Stages(starts.len()));
        }
        let ends = starts.iter().skip(1).copied().chain([form.blocks.len()]);
        let outputs: Vec<usize> =
            starts.iter().map(|start| form.blocks[*start].channels()[1]).collect();
        let (bottleneck, groups) = match first.convs.as_slice() {
            [_, middle, _] => (true, middle.groups),
            _ => (false, 1),
        };
        let base = inner(network, form, groups)?;
        Ok(Self {
            bottleneck,
            deep,
            stem: form.stem.last().map_or(0, |conv| conv.channels[1]),
            averaged,
            counts: starts.iter().zip(ends).map(|(start, end)| end - start).collect(),
            outputs,
            groups,
            base,
        })
    }

    /// Channels of the stages as constructors count them.
    pub fn planes(&self) -> Vec<usize> {
        let over = if self.bottleneck { 4 } else { 1 };
        self.outputs.iter().map(|outputs| outputs / over).collect()
    }
}

fn projected(block: &Block) -> Option<&Projection> {
    block.projection.as_ref()
}

/// How wide the first convolutions are, where there are three.
fn stem(form: &Form) -> Result<Option<usize>, Stranger> {
    match form.stem.as_slice() {
        [one] if one.is(7, 2) => Ok(None),
        [one, two, three] if one.is(3, 2) && two.is(3, 1) && three.is(3, 1) => {
            let [wide, same] = [one, two].map(|conv| conv.channels[1]);
            match wide == same && three.channels[1] == 2 * wide {
                true => Ok(Some(wide)),
                false => Err(Stranger::StemConvs("twice half of the channels, then all")),
            }
        }
        _ => Err(Stranger::StemConvs(
            "one of 7×7 and stride 2, or three of 3×3 of which the first has stride 2, without biases",
        )),
    }
}

fn convs(network: &Network, block: &Block, stride: usize) -> Result<(), Stranger> {
    let strange = |wanted| Stranger::Convs(name(network, block.unit), wanted);
    match block.convs.as_slice() {
        [one, two] if one.is(3, stride) && two.is(3, 1) => Ok(()),
        [one, two, three] => {
            let middle = super::form::Conv { groups: 1, ..two.clone() };
            match one.is(1, 1) && middle.is(3, stride) && three.is(1, 1) {
                true => Ok(()),
                false => Err(strange(
                    "1×1, 3×3 and 1×1 without biases, the stride (2 where stages 2, 3 and 4 begin) on the \
                     3×3",
                )),
            }
        }
        _ => Err(strange(
            "two of 3×3 without biases, the stride (2 where stages 2, 3 and 4 begin) on the first; nor \
             1×1, 3×3, 1×1",
        )),
    }
}

fn shortcut(
    network: &Network,
    form: &Form,
    block: &Block,
    stride: usize,
    (averaged, is_first): (bool, bool),
) -> Result<(), Stranger> {
    let strange = |wanted| Err(Stranger::Shortcut(name(network, block.unit), wanted));
    let [inputs, outputs] = block.channels();
    let changes = stride != 1 || inputs != outputs;
    // timm's bottlenecks with batch norm first have a projection wherever a stage begins.
    let always = form.is_preact() && block.convs.len() == 3 && is_first;
    let Some(projection) = &block.projection else {
        return match changes || always {
            true => strange("a projection, a 1×1 convolution"),
            false => Ok(()),
        };
    };
    if !(changes || always) {
        return strange("the identity, where a unit keeps the shape");
    }
    let pooled = averaged && stride == 2;
    let wanted = if pooled { 1 } else { stride };
    if projection.pooled != pooled || !projection.conv.is(1, wanted) {
        return strange(
            "a 1×1 convolution as the others are, with the stride or behind avg_pool(2)",
        );
    }
    Ok(())
}

/// Channels of a group where a stage writes 256; F's inner widths follow from it.
fn inner(network: &Network, form: &Form, groups: usize) -> Result<usize, Stranger> {
    let mut base = None;
    for block in &form.blocks {
        let outputs = block.channels()[1];
        let found = block.convs.first().map_or(0, |conv| conv.channels[1]);
        let strange = || Stranger::Inner { unit: name(network, block.unit), found, outputs };
        let fits = match block.convs.as_slice() {
            [_, _] => found == outputs,
            [_, middle, _] => {
                let planes = outputs / 4;
                let whole = outputs % 4 == 0 && (found * 64).is_multiple_of(planes * groups);
                let of_group = found * 64 / (planes * groups).max(1);
                middle.groups == groups && whole && *base.get_or_insert(of_group) == of_group
            }
            _ => false,
        };
        // timm rounds to multiples of eight here.
        let rounds = form.is_preact()
            && (found % 8 != 0 || groups != 1 || (block.convs.len() == 3 && 4 * found != outputs));
        if !fits || rounds {
            return Err(strange());
        }
    }
    Ok(base.unwrap_or(64))
}
