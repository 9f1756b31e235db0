//! The network as Graphviz DOT: layers as nodes, units as clusters.

use std::fmt::Write;

use super::label::{label, operands};
use crate::network::{Layer, Network, UnitId, ValueId};

/// The whole network.
pub fn dot(network: &Network) -> String {
    let mut text = format!(
        "digraph {} {{\n    node [shape=box, style=\"rounded,filled\", fillcolor=white, \
         fontname=sans];\n",
        quoted(&network.name)
    );
    let mut unit = None;
    for at in 0..network.values.len() {
        let id = ValueId(at as u32);
        let value = network.value(id);
        if value.unit != unit {
            cluster(&mut text, network, unit, value.unit);
            unit = value.unit;
        }
        if !matches!(value.layer, Layer::Const(_)) {
            node(&mut text, network, id);
        }
    }
    cluster(&mut text, network, unit, None);
    for (at, value) in network.values.iter().enumerate() {
        let drawn = |id: ValueId| !matches!(network.value(id).layer, Layer::Const(_));
        for (from, place) in operands(value, drawn) {
            let place = place.map_or_else(String::new, |place| format!(" [headlabel={place}]"));
            // Writing to a String cannot fail.
            let _ = writeln!(text, "    {from} -> {}{place};", ValueId(at as u32));
        }
    }
    text + "}\n"
}

/// Closes one unit's cluster and opens another's.
fn cluster(text: &mut String, network: &Network, from: Option<UnitId>, to: Option<UnitId>) {
    if from.is_some() {
        text.push_str("    }\n");
    }
    if let Some(id) = to {
        // A unit is listed once all of it is built, so the last one may be missing here.
        let name = network.units.get(id.index()).map_or("unit", |unit| &unit.definition);
        let label = quoted(&format!("{name} {}", id.index() + 1));
        let _ = writeln!(
            text,
            "    subgraph cluster_{id} {{\n    label={label}; style=filled; color=\"#dfeaf7\";"
        );
    }
}

fn node(text: &mut String, network: &Network, id: ValueId) {
    let value = network.value(id);
    let shape = match value.layer {
        Layer::Binary(_) => ", fillcolor=\"#fbe8c8\"",
        _ => "",
    };
    let words = quoted(&format!("{}\\n{}", label(network, value), value.shape));
    let _ = writeln!(text, "    {id} [label={words}{shape}];");
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\\\""))
}
