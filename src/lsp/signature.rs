//! What a layer or unit takes, while its arguments are being written.

use lsp_types::{
    Documentation, ParameterInformation, ParameterLabel, SignatureHelp, SignatureInformation,
};

use super::index::Index;
use super::index::call::{Callee, Slot};
use crate::sema::layers::LayerName;

/// `conv(kernel, width, [stride: …], …)`
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

/// Of the call around a byte. Where `offsets` are not understood, parameters are told by their text.
pub fn help(index: &Index, byte: usize, offsets: bool) -> Option<SignatureHelp> {
    let call = index.call(byte)?;
    let slots = index.slots(call.callee);
    if slots.is_empty() {
        return None;
    }
    let mut label = format!("{}(", index.callee_name(call.callee));
    let mut parameters = Vec::new();
    for (at, slot) in slots.iter().enumerate() {
        if at > 0 {
            label.push_str(", ");
        }
        let (start, text) = (units(&label), written(slot));
        label.push_str(&text);
        let label = match offsets {
            true => ParameterLabel::LabelOffsets([start, units(&label)]),
            false => ParameterLabel::Simple(text),
        };
        parameters.push(ParameterInformation { label, documentation: None });
    }
    label.push(')');
    // One past the last stands for none: an argument too many, or one whose name is not known.
    let active = call.slot(call.current, &slots).unwrap_or(slots.len());
    let about = match call.callee {
        Callee::Layer(layer) => Some(Documentation::String(layer.about().to_owned())),
        Callee::Unit(_) => None,
    };
    let signature = SignatureInformation {
        label,
        documentation: about,
        parameters: Some(parameters),
        active_parameter: None,
    };
    Some(SignatureHelp {
        signatures: vec![signature],
        active_signature: Some(0),
        active_parameter: Some(active as u32),
    })
}

fn units(text: &str) -> u32 {
    text.encode_utf16().count() as u32
}

/// As in a definition's head, or as in the language's reference.
fn written(slot: &Slot) -> String {
    match (&slot.default, slot.required) {
        (Some(default), _) => format!("{} = {default}", slot.name),
        (None, true) => slot.name.clone(),
        (None, false) => format!("[{}: …]", slot.name),
    }
}
