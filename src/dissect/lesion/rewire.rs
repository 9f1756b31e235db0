//! Reordering units: their parameters and statistics change places.

use crate::dissect::probes::drops;
use crate::network::anatomy::Site;
use crate::network::{Layer, ModuleId, Network, TensorId, ValueId};
use crate::train::tensors::Values;

/// Modules of `a` and `b`, each with its counterpart, where the two may change places: the same
/// layers on the same shapes. What drop_path keeps may differ.
pub fn counterparts(network: &Network, a: &Site, b: &Site) -> Option<Vec<(ModuleId, ModuleId)>> {
    let length = |site: &Site| site.output.index() - site.input.index();
    if a.shapes != b.shapes || length(a) != length(b) {
        return None;
    }
    let mut modules = Vec::new();
    for step in 1..=length(a) as u32 {
        let (left, right) = (ValueId(a.input.0 + step), ValueId(b.input.0 + step));
        let (left, right) = (network.value(left), network.value(right));
        let offset = |site: &Site, args: &[ValueId]| -> Option<Vec<u32>> {
            args.iter().map(|arg| arg.0.checked_sub(site.input.0)).collect()
        };
        let places = offset(a, &left.args)?;
        if Some(places) != offset(b, &right.args) || left.shape != right.shape {
            return None;
        }
        match (&left.layer, &right.layer) {
            (Layer::DropPath { .. }, Layer::DropPath { .. })
            | (Layer::Live { .. }, Layer::Live { .. }) => {}
            (left, right) => modules.extend(pair(network, left, right)?),
        }
    }
    Some(modules)
}

/// Whether two layers do the same, with their modules if they have any.
fn pair(network: &Network, left: &Layer, right: &Layer) -> Option<Option<(ModuleId, ModuleId)>> {
    let modules = match (left, right) {
        (&Layer::Conv { module: a, slide }, &Layer::Conv { module: b, slide: other }) => {
            (slide == other).then_some((a, b))
        }
        (
            &Layer::BatchNorm { module: a, epsilon, momentum, ghost },
            &Layer::BatchNorm { module: b, epsilon: other, momentum: weight, ghost: parts },
        ) => (epsilon == other && momentum == weight && ghost == parts).then_some((a, b)),
        (
            &Layer::Norm { module: Some(a), over, epsilon },
            &Layer::Norm { module: Some(b), over: others, epsilon: other },
        ) => (over == others && epsilon == other).then_some((a, b)),
        (&Layer::Linear { module: a }, &Layer::Linear { module: b })
        | (&Layer::Scale { module: a }, &Layer::Scale { module: b })
        | (&Layer::Shift { module: a }, &Layer::Shift { module: b })
        | (&Layer::Scalar { module: a }, &Layer::Scalar { module: b }) => Some((a, b)),
        _ => return (left == right).then_some(None),
    };
    modules.filter(|&(a, b)| network.module(a).kind == network.module(b).kind).map(Some)
}

/// The state of the net with `order[i]` standing where site i stood.
pub fn permuted(network: &Network, sites: &[Site], order: &[usize], values: &Values) -> Values {
    let mut moved = values.clone();
    for (place, &from) in order.iter().enumerate().filter(|(place, from)| place != *from) {
        let pairs = counterparts(network, &sites[place], &sites[from]).unwrap_or_default();
        for (to, from) in pairs {
            for TensorId { part, .. } in network.tensors_of(from).map(|tensor| tensor.id) {
                let name = |module| network.tensor_name(TensorId { module, part });
                if let Some(value) = values.get(&name(from)) {
                    moved.insert(name(to), value.clone());
                }
            }
        }
    }
    moved
}

/// Evaluation multiplies by what drop_path keeps, which moves with the unit: for each drop_path of
/// a site where `order[i]` stands in place of i, the moved unit's probability over its own.
pub fn survival(network: &Network, sites: &[Site], order: &[usize]) -> Vec<(ValueId, f64)> {
    let ratios = |(at, &from): (usize, &usize)| -> Vec<(ValueId, f64)> {
        let moved = drops(network, &sites[from]);
        let own = drops(network, &sites[at]);
        own.into_iter().zip(moved).map(|((id, own), (_, moved))| (id, moved / own)).collect()
    };
    order.iter().enumerate().flat_map(ratios).collect()
}

/// Kendall's rank correlation of an order with 0, 1, 2, …: 1 for no change, −1 for the reverse.
pub fn tau(order: &[usize]) -> f64 {
    let n = order.len();
    let pairs = n * n.saturating_sub(1) / 2;
    let inverted: usize =
        (0..n).map(|i| order[i + 1..].iter().filter(|&&later| later < order[i]).count()).sum();
    if pairs == 0 { 1.0 } else { 1.0 - 2.0 * inverted as f64 / pairs as f64 }
}

#[cfg(test)]
mod tests {
    use super::tau;

    #[test]
    fn kendalls_tau_by_hand() {
        assert_eq!(tau(&[0, 1, 2, 3]), 1.0);
        assert_eq!(tau(&[3, 2, 1, 0]), -1.0);
        // One neighbouring pair of six is inverted.
        assert!((tau(&[1, 0, 2, 3]) - 2.0 / 3.0).abs() < 1e-12);
        // Swapping places 0 and 3 inverts 2·3 − 1 of six pairs.
        assert!((tau(&[3, 1, 2, 0]) + 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(tau(&[0]), 1.0);
    }
}
