//! What the server can do, and what the editor on the other side can.

use lsp_types::{
    ClientCapabilities, CodeActionKind, CodeActionOptions, CodeActionProviderCapability,
    CompletionOptions, HoverProviderCapability, OneOf, RenameOptions, ServerCapabilities,
    SignatureHelpOptions, TextDocumentSyncCapability, TextDocumentSyncKind,
    WorkDoneProgressOptions,
};

/// What an editor understands beyond the protocol's first version.
#[derive(Clone, Copy, Debug, Default)]
pub struct Editor {
    /// Units with their bindings as a tree.
    pub nested_symbols: bool,
    /// To ask whether a name can be changed before it is.
    pub prepared_rename: bool,
    /// Edits with a word about them, which it asks before it makes.
    pub annotated_edits: bool,
    /// Parameters of signatures by where they stand in its text.
    pub parameter_offsets: bool,
}

impl Editor {
    /// As it says itself.
    pub fn new(client: &ClientCapabilities) -> Self {
        let document = client.text_document.as_ref();
        let symbols = document.and_then(|d| d.document_symbol.as_ref());
        let rename = document.and_then(|d| d.rename.as_ref());
        let signature = document.and_then(|d| d.signature_help.as_ref());
        let signature = signature.and_then(|s| s.signature_information.as_ref());
        let parameter = signature.and_then(|s| s.parameter_information.as_ref());
        let nested_symbols = symbols.and_then(|s| s.hierarchical_document_symbol_support);
        let prepared_rename = rename.and_then(|r| r.prepare_support);
        let parameter_offsets = parameter.and_then(|p| p.label_offset_support);
        let edit = client.workspace.as_ref().and_then(|w| w.workspace_edit.as_ref());
        let annotated_edits = edit.is_some_and(|edit| {
            edit.document_changes == Some(true) && edit.change_annotation_support.is_some()
        });
        Self {
            annotated_edits,
            nested_symbols: nested_symbols.unwrap_or(false),
            prepared_rename: prepared_rename.unwrap_or(false),
            parameter_offsets: parameter_offsets.unwrap_or(false),
        }
    }

    /// What the server offers it.
    pub fn offered(self) -> ServerCapabilities {
        let characters = |all: &[&str]| Some(all.iter().map(|&one| one.to_owned()).collect());
        let work_done_progress_options = WorkDoneProgressOptions::default();
        let prepared = RenameOptions { prepare_provider: Some(true), work_done_progress_options };
        ServerCapabilities {
            text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::FULL)),
            hover_provider: Some(HoverProviderCapability::Simple(true)),
            definition_provider: Some(OneOf::Left(true)),
            references_provider: Some(OneOf::Left(true)),
            document_highlight_provider: Some(OneOf::Left(true)),
            document_symbol_provider: Some(OneOf::Left(true)),
            rename_provider: Some(match self.prepared_rename {
                true => OneOf::Right(prepared),
                false => OneOf::Left(true),
            }),
            inlay_hint_provider: Some(OneOf::Left(true)),
            signature_help_provider: Some(SignatureHelpOptions {
                trigger_characters: characters(&["(", ","]),
                ..SignatureHelpOptions::default()
            }),
            completion_provider: Some(CompletionOptions {
                trigger_characters: characters(&["(", ",", ":", ">"]),
                ..CompletionOptions::default()
            }),
            document_formatting_provider: Some(OneOf::Left(true)),
            code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
                code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
                ..CodeActionOptions::default()
            })),
            ..ServerCapabilities::default()
        }
    }
}
