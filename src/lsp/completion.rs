//! Names that may stand at a place.

use lsp_types::{CompletionItem, CompletionItemKind};

use super::hover::usage;
use super::outline::Outline;
use crate::sema::layers::{LayerName, Word};

/// Arguments of the layer or unit in whose brackets the byte stands, then local names, units,
/// layers and words.
pub fn completion(text: &str, byte: usize) -> Vec<CompletionItem> {
    let outline = Outline::new(text);
    let mut items = labels(&outline, byte);
    if let Some(around) = outline.around(byte) {
        for local in &around.locals {
            let detail = if local.is_parameter { "parameter" } else { "binding" };
            items.push(item(local.name.text, CompletionItemKind::VARIABLE, detail));
        }
        if around.is_unit {
            items.push(item("x", CompletionItemKind::VARIABLE, "the unit's input"));
            items.push(item("index", CompletionItemKind::CONSTANT, "position of the unit, from 1"));
            items.push(item("count", CompletionItemKind::CONSTANT, "units in the net"));
        }
    }
    for unit in outline.definitions.iter().filter(|definition| definition.is_unit) {
        items.push(item(unit.name.text, CompletionItemKind::CLASS, "unit"));
    }
    for layer in LayerName::all() {
        items.push(item(layer.text(), CompletionItemKind::FUNCTION, &usage(layer)));
    }
    for word in Word::ALL {
        items.push(item(word.text(), CompletionItemKind::ENUM_MEMBER, "option"));
    }
    items
}

fn labels(outline: &Outline<'_>, byte: usize) -> Vec<CompletionItem> {
    let Some(callee) = outline.callee(byte) else { return Vec::new() };
    let label = |name: &str| {
        let insert_text = Some(format!("{name}: "));
        CompletionItem {
            insert_text,
            ..item(name, CompletionItemKind::FIELD, &format!("argument of {}", callee.text))
        }
    };
    if let Some(layer) = LayerName::find(callee.text) {
        return layer.slots().iter().map(|slot| label(slot.name)).collect();
    }
    let unit = outline.unit(callee.text);
    let parameters = unit.iter().flat_map(|unit| unit.locals.iter().filter(|l| l.is_parameter));
    parameters.map(|local| label(local.name.text)).collect()
}

fn item(label: &str, kind: CompletionItemKind, detail: &str) -> CompletionItem {
    CompletionItem {
        label: label.to_owned(),
        kind: Some(kind),
        detail: Some(detail.to_owned()),
        ..CompletionItem::default()
    }
}
