//! Hidden layers: all but those that see the pictures and those that nothing but the scores follows.

use std::collections::BTreeSet;

use crate::network::{ModuleId, ModuleKind, Network, Value};

/// Convolutions and linear layers with others before and behind them, wherever they are used.
pub(super) fn hidden(network: &Network) -> BTreeSet<ModuleId> {
    let weighted = |value: &Value| {
        let module = value.layer.module()?;
        match network.module(module).kind {
            ModuleKind::Conv { .. } | ModuleKind::Linear { .. } => Some(module),
            ModuleKind::BatchNorm { .. } | ModuleKind::Norm { .. } | ModuleKind::Vector { .. } => {
                None
            }
        }
    };
    let mut before = vec![false; network.values.len()];
    for (at, value) in network.values.iter().enumerate() {
        before[at] = value
            .args
            .iter()
            .any(|arg| before[arg.index()] || weighted(network.value(*arg)).is_some());
    }
    let mut behind = vec![false; network.values.len()];
    for (at, value) in network.values.iter().enumerate().rev() {
        let seen = behind[at] || weighted(value).is_some();
        value.args.iter().for_each(|arg| behind[arg.index()] |= seen);
    }
    let mut hidden = BTreeSet::new();
    let mut outer = BTreeSet::new();
    for (at, value) in network.values.iter().enumerate() {
        if let Some(module) = weighted(value) {
            let set = if before[at] && behind[at] { &mut hidden } else { &mut outer };
            set.insert(module);
        }
    }
    &hidden - &outer
}
