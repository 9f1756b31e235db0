//! Nets without units, VGG for one: their layers are what can be deleted.

use super::{Body, Site};
use crate::network::{Layer, Network, ValueId};

/// Each convolution of a chain with the normalisation and activation behind it.
pub fn sites(network: &Network) -> Vec<Site> {
    let mut sites = Vec::new();
    for (index, value) in network.values.iter().enumerate() {
        let (Layer::Conv { module, .. }, &[input]) = (&value.layer, value.args.as_slice()) else {
            continue;
        };
        let output = end(network, ValueId(index as u32));
        let shapes = [input, output].map(|v| network.value(v).shape);
        let name = network.module(*module).name.clone();
        sites.push(Site {
            name,
            unit: None,
            input,
            sum: output,
            output,
            shapes,
            body: Body::Chain,
            way: (index as u32..=output.0).map(ValueId).collect(),
            after: Vec::new(),
        });
    }
    sites
}

/// The last of the values that only normalise or activate what a convolution made.
fn end(network: &Network, conv: ValueId) -> ValueId {
    let mut end = conv;
    loop {
        let next = ValueId(end.0 + 1);
        let Some(value) = network.values.get(next.index()) else { return end };
        let follows = value.args == [end]
            && matches!(
                value.layer,
                Layer::BatchNorm { .. }
                    | Layer::Norm { .. }
                    | Layer::Scale { .. }
                    | Layer::Shift { .. }
                    | Layer::Activation(_)
            );
        if !follows {
            return end;
        }
        end = next;
    }
}
