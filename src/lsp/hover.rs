//! What stands at a place: a layer's arguments, shapes, parameter counts, what numbers come to.

use std::fmt::Write;

use super::index::{Index, Occurrence, Role, SymbolId, SymbolKind};
use super::lines::Lines;
use super::shapes::{SHOWN, joined, list};
use super::signature::usage;
use super::whole::Whole;
use crate::network::{Chw, Network, UnitInstance};
use crate::sema::functions::FunctionName;
use crate::sema::layers::LayerName;
use crate::source::Span;
use crate::text::thousands;

/// Markdown about the name at a byte.
pub fn hover(index: &Index, lines: &Lines, whole: Option<&Whole>, byte: usize) -> Option<String> {
    let span = index.at(byte)?;
    let Some(Occurrence { symbol, .. }) = index.occurrence_of(span) else {
        let name = index.text(span);
        if let Some(function) = FunctionName::find(name) {
            return Some(format!("```rnet\n{}\n```\n{}\n", function.usage(), function.about()));
        }
        return Some(of_layer(LayerName::find(name)?, whole, byte));
    };
    match index.symbol(symbol).kind {
        SymbolKind::Net => whole.map(|whole| net(&whole.network)),
        SymbolKind::Unit => Some(unit(index, whole, symbol)),
        SymbolKind::Def => {
            Some(format!("```rnet\n{}\n```\n", index.text(index.symbol(symbol).whole)))
        }
        SymbolKind::Parameter => Some(parameter(index, lines, whole, symbol)),
        SymbolKind::Number => Some(number(index, lines, whole, symbol)),
        SymbolKind::Binding => binding(index, whole?, symbol),
        SymbolKind::Given => given(index, whole, symbol),
    }
}

fn of_layer(layer: LayerName, whole: Option<&Whole>, byte: usize) -> String {
    let places = whole.map_or(String::new(), |whole| applied(&whole.network, byte));
    format!("```rnet\n{}\n```\n{}\n{places}", usage(layer), layer.about())
}

fn net(network: &Network) -> String {
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
    let holds = |span: Span| span.range().contains(&byte);
    let values = network.values.iter().filter(|value| holds(value.span));
    let Some(shortest) = values.clone().map(|value| value.span.range().len()).min() else {
        return String::new();
    };
    let here = values.filter(|value| value.span.range().len() == shortest);
    let mut shapes: Vec<(Chw, Chw)> = Vec::new();
    for value in here.filter(|value| !value.args.is_empty()) {
        let pair = (network.value(value.args[0]).shape, value.shape);
        if shapes.len() <= SHOWN && !shapes.contains(&pair) {
            shapes.push(pair);
        }
    }
    let modules = network
        .modules
        .iter()
        .filter(|module| holds(module.span) && module.span.range().len() == shortest);
    let parameters: usize = modules.map(|module| module.kind.parameters()).sum();
    let mut text = list(&shapes);
    if parameters > 0 {
        let _ = write!(text, "; {} parameters in the net", thousands(parameters));
    }
    text
}

fn unit(index: &Index, whole: Option<&Whole>, symbol: SymbolId) -> String {
    let head = index.text(index.symbol(symbol).whole).split('{').next().unwrap_or("").trim();
    let places = whole.map_or(String::new(), |whole| of_unit(&whole.network, index.name(symbol)));
    format!("```rnet\n{head}\n```\n{places}")
}

fn of_unit(network: &Network, name: &str) -> String {
    let units: Vec<&UnitInstance> =
        network.units.iter().filter(|unit| unit.definition == name).collect();
    let mut shapes: Vec<(Chw, Chw)> = Vec::new();
    for unit in &units {
        let pair = (network.value(unit.input).shape, network.value(unit.output).shape);
        if shapes.len() <= SHOWN && !shapes.contains(&pair) {
            shapes.push(pair);
        }
    }
    let modules = units.first().map_or(Vec::new(), |unit| network.modules_of(unit.id()));
    let parameters: usize = modules.iter().map(|&id| network.module(id).kind.parameters()).sum();
    match units.len() {
        0 => "not among the net's units".to_owned(),
        n => format!(
            "{n} in the net: {}; the first has {} parameters",
            list(&shapes),
            thousands(parameters)
        ),
    }
}

/// Its default, where it is used, and what it is in the net.
fn parameter(index: &Index, lines: &Lines, whole: Option<&Whole>, symbol: SymbolId) -> String {
    let mut text = format!("parameter `{}` of {}: ", index.name(symbol), owner(index, symbol));
    match index.default(symbol) {
        Some(default) => _ = write!(text, "`{default}` unless given"),
        None => text.push_str("must be given"),
    }
    text.push_str(&uses(index, lines, symbol));
    let name = index.symbol(symbol).name;
    let own = whole.and_then(|whole| whole.parameter(name.start));
    text.push_str(&comes_to(whole, own, index.definition(symbol).is_unit));
    text
}

/// What it comes to.
fn number(index: &Index, lines: &Lines, whole: Option<&Whole>, symbol: SymbolId) -> String {
    let name = index.symbol(symbol).name;
    let written = index.text(index.symbol(symbol).whole);
    let mut text = format!("```rnet\nlet {written}\n```\nof {}", owner(index, symbol));
    text.push_str(&uses(index, lines, symbol));
    let own = whole.and_then(|whole| whole.binding(name.start)).map(|value| value.span);
    text.push_str(&comes_to(whole, own, index.definition(symbol).is_unit));
    text
}

fn owner(index: &Index, symbol: SymbolId) -> String {
    let definition = index.definition(symbol);
    format!("{} `{}`", definition.word, index.name(definition.symbol))
}

/// Lines in which a name is used.
fn uses(index: &Index, lines: &Lines, symbol: SymbolId) -> String {
    let used = |role: Role| {
        let places = index.places(symbol).filter(move |place| place.role == role);
        let mut found: Vec<u32> =
            places.map(|place| lines.position(place.span.start as usize).line + 1).collect();
        found.dedup();
        joined(found.into_iter().map(|line| line.to_string()))
    };
    let mut text = match used(Role::Use).as_str() {
        "" => "  \nused nowhere".to_owned(),
        lines => format!("  \nused in line {lines}"),
    };
    match used(Role::Label).as_str() {
        "" => {}
        lines => _ = write!(text, "; given by name in line {lines}"),
    }
    text
}

/// Numbers in the net, with the defaults of its parameters.
fn comes_to(whole: Option<&Whole>, place: Option<Span>, in_unit: bool) -> String {
    let (Some(whole), Some(place)) = (whole, place) else { return String::new() };
    let terms = whole.places.numbers(place);
    let list = joined(terms.iter().map(|term| format!("`{term}`")));
    match (terms.is_empty(), in_unit) {
        (true, _) => String::new(),
        (false, true) => format!("  \nin the net, with its defaults: {list}"),
        (false, false) => format!("  \nwith the net's defaults: {list}"),
    }
}

/// Shapes read and written, or what it comes to.
fn binding(index: &Index, whole: &Whole, symbol: SymbolId) -> Option<String> {
    let value = whole.binding(index.symbol(symbol).name.start)?;
    let head = format!("`{}` in {}", index.name(symbol), owner(index, symbol));
    match whole.places.stage(value.span) {
        Some(stage) => Some(format!("{head}: {}", list(&stage.shapes))),
        None => {
            let numbers = comes_to(Some(whole), Some(value.span), true);
            (!numbers.is_empty()).then(|| format!("{head}{numbers}"))
        }
    }
}

fn given(index: &Index, whole: Option<&Whole>, symbol: SymbolId) -> Option<String> {
    let unit = index.name(index.definition(symbol).symbol);
    let network = whole.map(|whole| &whole.network);
    let units = network.map(|network| network.units.len());
    Some(match index.name(symbol) {
        "index" => {
            let last = units.map_or(String::new(), |units| format!(" to {units}"));
            format!("`index`: position of the unit in the net, from 1{last}")
        }
        "count" => {
            let all = units.map_or(String::new(), |units| format!(": {units}"));
            format!("`count`: units in the net{all}")
        }
        _ => {
            let network = network?;
            let own = network.units.iter().filter(|other| other.definition == unit);
            let mut shapes: Vec<Chw> = Vec::new();
            for shape in own.map(|unit| network.value(unit.input).shape) {
                if shapes.len() <= SHOWN && !shapes.contains(&shape) {
                    shapes.push(shape);
                }
            }
            let list = joined(shapes.iter().map(Chw::to_string));
            format!("`x`: the input of unit `{unit}`: {list}")
        }
    })
}
