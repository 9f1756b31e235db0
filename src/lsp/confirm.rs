//! Changes that an editor asks about before it makes them.

use std::collections::HashMap;

use lsp_types::{
    AnnotatedTextEdit, ChangeAnnotation, DocumentChanges, OneOf,
    OptionalVersionedTextDocumentIdentifier, TextDocumentEdit, TextEdit, Uri, WorkspaceEdit,
};

use super::rename::Tensors;
use crate::text::counted;

/// Changes of a name that stands in files of weights, which are to be confirmed.
pub fn annotated(uri: Uri, edits: Vec<TextEdit>, tensors: &Tensors) -> WorkspaceEdit {
    let id = "tensors".to_owned();
    let Tensors { count, first: [before, after] } = tensors;
    let annotation = ChangeAnnotation {
        label: format!("Renames {} in weight files", counted(*count, "tensor")),
        needs_confirmation: Some(true),
        description: Some(format!(
            "{before} becomes {after}. Weights that were saved before fit the spec that they carry, \
             and this one no longer"
        )),
    };
    let edit = |text_edit| OneOf::Right(AnnotatedTextEdit { text_edit, annotation_id: id.clone() });
    let edits = TextDocumentEdit {
        text_document: OptionalVersionedTextDocumentIdentifier { uri, version: None },
        edits: edits.into_iter().map(edit).collect(),
    };
    WorkspaceEdit {
        changes: None,
        document_changes: Some(DocumentChanges::Edits(vec![edits])),
        change_annotations: Some(HashMap::from([(id.clone(), annotation)])),
    }
}
