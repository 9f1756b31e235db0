//! What stands at a place: a layer's arguments, a unit's or binding's shapes, parameter counts.

use std::fmt::Write;

use super::outline::Outline;
use crate::network::{Chw, Network, UnitInstance, ValueId};
use crate::sema::layers::LayerName;
use crate::text::thousands;

/// Most shapes listed.
const SHOWN: usize = 4;

/// Markdown about the name at a byte.
pub fn hover(text: &str, network: Option<&Network>, byte: usize) -> Option<String> {
    let outline = Outline::new(text);
    let token = outline.at(byte)?;
    let around = outline.around(byte);
    if let Some(layer) = LayerName::find(token.text) {
        let places = network.map_or(String::new(), |network| applied(network, byte));
        return Some(format!("```rnet\n{}\n```\n{}\n{places}", usage(layer), layer.about()));
    }
    if let Some(network) = network
        && around.is_some_and(|d| !d.is_unit && d.name == token)
    {
        return Some(whole(network));
    }
    if let Some(unit) = outline.unit(token.text) {
        let head = text.get(unit.start..unit.end)?.split('{').next()?.trim();
        let places = network.map_or(String::new(), |network| of_unit(network, token.text));
        return Some(format!("```rnet\n{head}\n```\n{places}"));
    }
    let inside = around.filter(|d| d.is_unit)?;
    let shapes = of_binding(network?, inside.name.text, token.text)?;
    Some(format!("`{}` in `{}`: {shapes}", token.text, inside.name.text))
}

/// `conv(kernel, width, [stride], …)`
pub fn usage(layer: LayerName) -> String {
    let slot = |slot: &crate::sema::layers::Slot| match slot.required {
        true => slot.name.to_owned(),
        false => format!("[{}: …]", slot.name),
    };
    match layer.slots() {
        [] => layer.text().to_owned(),
        slots => {
            format!("{}({})", layer.text(), slots.iter().map(slot).collect::<Vec<_>>().join(", "))
        }
    }
}

fn whole(network: &Network) -> String {
    format!(
        "net `{}`: {} units, {} parameters, {} multiply-adds an image",
        network.name,
        network.units.len(),
        thousands(network.parameters()),
        thousands(network.macs())
    )
}

/// Shapes that the layer written here reads and writes, and its parameters.
fn applied(network: &Network, byte: usize) -> String {
    let holds = |span: crate::source::Span| span.range().contains(&byte);
    let values = network.values.iter().filter(|value| holds(value.span));
    let Some(shortest) = values.clone().map(|value| value.span.range().len()).min() else {
        return String::new();
    };
    let here = values.filter(|value| value.span.range().len() == shortest);
    let shapes = here.filter_map(|value| {
        value.args.first().map(|&from| (network.value(from).shape, value.shape))
    });
    let modules = network
        .modules
        .iter()
        .filter(|module| holds(module.span) && module.span.range().len() == shortest);
    let parameters: usize = modules.map(|module| module.kind.parameters()).sum();
    let mut text = list(shapes);
    if parameters > 0 {
        let _ = write!(text, "; {} parameters in the net", thousands(parameters));
    }
    text
}

fn of_unit(network: &Network, name: &str) -> String {
    let units: Vec<&UnitInstance> =
        network.units.iter().filter(|unit| unit.definition == name).collect();
    let shape = |value: ValueId| network.value(value).shape;
    let shapes = list(units.iter().map(|unit| (shape(unit.input), shape(unit.output))));
    let modules = units.first().map_or(Vec::new(), |unit| network.modules_of(unit.id()));
    let parameters: usize = modules.iter().map(|&id| network.module(id).kind.parameters()).sum();
    match units.len() {
        0 => "not in the net".to_owned(),
        n => {
            format!("{n} in the net: {shapes}; the first has {} parameters", thousands(parameters))
        }
    }
}

fn of_binding(network: &Network, unit: &str, name: &str) -> Option<String> {
    let units = network.units.iter().filter(|instance| instance.definition == unit);
    let shape = |value: ValueId| network.value(value).shape;
    let shapes: Vec<(Chw, Chw)> = units
        .filter_map(|instance| {
            let value = match name {
                "x" => instance.input,
                "y" => instance.sum,
                "f" => instance.output,
                _ => instance.bindings.iter().find(|(own, _)| own == name)?.1,
            };
            Some((shape(instance.input), shape(value)))
        })
        .collect();
    (!shapes.is_empty()).then(|| list(shapes.into_iter()))
}

/// `16×32×32 → 32×16×16`, each once.
fn list(shapes: impl Iterator<Item = (Chw, Chw)>) -> String {
    let mut seen: Vec<(Chw, Chw)> = Vec::new();
    for pair in shapes {
        if !seen.contains(&pair) {
            seen.push(pair);
        }
        if seen.len() > SHOWN {
            break;
        }
    }
    let mut texts: Vec<_> =
        seen.iter().take(SHOWN).map(|(from, to)| format!("{from} → {to}")).collect();
    if seen.len() > SHOWN {
        texts.push("…".to_owned());
    }
    texts.join(", ")
}
