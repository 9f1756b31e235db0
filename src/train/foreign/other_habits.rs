//! What other programs do that their names tell, or that no name tells and every net of theirs does.

use std::collections::BTreeMap;

use super::cells::Pairs;
use super::file::File;
use super::names::{Token, of_shortcut};
use super::net::Net;
use super::pairing::Doubt;
use crate::network::anatomy::Place;
use crate::network::{Layer, ModuleId, PoolKind, Value};

/// What is doubtful about pairs for habits of the file's program.
pub fn doubts(net: &Net<'_>, file: &File, pairs: &Pairs) -> Vec<Doubt> {
    averaged(net, file, pairs).into_iter().chain(scaled(net)).collect()
}

/// The list of a shortcut begins with a convolution, or, where means of pixels are taken before it
/// (ResNet-D, He T. et al. 2018), with a pool that has no tensors: timm's `downsample.0` and `downsample.1`.
fn averaged(net: &Net<'_>, file: &File, pairs: &Pairs) -> Option<Doubt> {
    let mut reads: BTreeMap<ModuleId, &Value> = BTreeMap::new();
    for value in &net.network.values {
        if let Some(module) = value.layer.module() {
            reads.entry(module).or_insert(value);
        }
    }
    pairs.of.iter().find_map(|(own, (their, ..))| {
        let (ours, theirs) = (&net.modules[*own], &file.modules[*their]);
        if ours.place != Place::Shortcut || ours.signature.is_norm() {
            return None;
        }
        let (Token::Number(number, _), list) = theirs.name.tokens.split_last()? else {
            return None;
        };
        let of_list = list.last().is_some_and(|word| of_shortcut(std::slice::from_ref(word)));
        let value = reads.get(&ours.id)?;
        let Layer::Conv { slide, .. } = value.layer else { return None };
        let read = value.args.first().map(|read| &net.network.value(*read).layer);
        let pooled = matches!(read, Some(Layer::Pool { kind: PoolKind::Avg, .. }));
        let differs = match number {
            0 => pooled,
            1 => !pooled && slide.stride != [1, 1],
            _ => false,
        };
        (of_list && differs).then(|| Doubt::Averaged {
            theirs: theirs.name.text.clone(),
            own: net.name(*own).to_owned(),
            pooled,
        })
    })
}

/// Layers that evaluation multiplies by the probability of being kept, where PyTorch's divide in training.
fn scaled(net: &Net<'_>) -> Option<Doubt> {
    let layer = |value: &Value| match value.layer {
        Layer::DropPath { p, inverted: false, .. } if p > 0.0 => Some("drop_path"),
        Layer::Dropout { p, inverted: false } if p > 0.0 => Some("dropout"),
        Layer::Live { .. } => Some("live units of a recipe"),
        _ => None,
    };
    net.network.values.iter().find_map(layer).map(Doubt::Scaled)
}
