//! The language server: what an editor asks about the specs that are open in it.
//!
//! Editors send whole texts; each is compiled when it changes, which takes milliseconds. What
//! names mean is read from tokens (`index`), so it works on texts that do not parse yet; shapes and
//! numbers are the compiler's, where there is no error.

use std::collections::HashMap;

use lsp_server::{Connection, ErrorCode, Message, Notification, ProtocolError, Request, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, Notification as _,
    PublishDiagnostics,
};
use lsp_types::request::{
    CodeActionRequest, Completion, DocumentHighlightRequest, DocumentSymbolRequest, Formatting,
    GotoDefinition, HoverRequest, InlayHintRequest, PrepareRenameRequest, References, Rename,
    Request as _, SignatureHelpRequest,
};
use lsp_types::{
    ClientCapabilities, CodeActionKind, CodeActionParams, CompletionParams,
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    DocumentFormattingParams, DocumentSymbolParams, Hover, HoverContents, InlayHintParams,
    Location, MarkupContent, MarkupKind, Position, PrepareRenameResponse, PublishDiagnosticsParams,
    ReferenceParams, RenameParams, TextDocumentPositionParams, Uri, WorkspaceEdit,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

mod actions;
mod completion;
mod confirm;
mod diagnostics;
mod document;
mod editor;
mod hints;
mod hover;
mod index;
mod lines;
mod rename;
mod shapes;
mod signature;
mod symbols;
mod whole;

use confirm::annotated;
use document::Document;
use editor::Editor;
use rename::Refusal;

/// Serves one editor until it says goodbye or goes away.
pub fn serve(connection: &Connection) -> Result<(), ProtocolError> {
    let (id, params) = connection.initialize_start()?;
    let client: Option<ClientCapabilities> =
        params.get("capabilities").cloned().and_then(|value| serde_json::from_value(value).ok());
    let editor = Editor::new(&client.unwrap_or_default());
    let offered = serde_json::json!({ "capabilities": editor.offered() });
    connection.initialize_finish(id, offered)?;
    let mut server = Server { connection, editor, documents: HashMap::new() };
    for message in &connection.receiver {
        match message {
            Message::Request(request) => {
                if connection.handle_shutdown(&request)? {
                    return Ok(());
                }
                server.send(Message::Response(server.answer(request)));
            }
            Message::Notification(notification) => server.note(notification),
            Message::Response(_) => {}
        }
    }
    Ok(())
}

struct Server<'c> {
    connection: &'c Connection,
    editor: Editor,
    documents: HashMap<String, Document>,
}

impl Server<'_> {
    /// An editor that has gone away is noticed at the next message, or rather by its absence.
    fn send(&self, message: Message) {
        let _ = self.connection.sender.send(message);
    }

    fn note(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        match method.as_str() {
            DidOpenTextDocument::METHOD => {
                if let Some(p) = read::<DidOpenTextDocumentParams>(params) {
                    self.update(p.text_document.uri, Some(p.text_document.text));
                }
            }
            DidChangeTextDocument::METHOD => {
                if let Some(mut p) = read::<DidChangeTextDocumentParams>(params) {
                    let last = p.content_changes.pop();
                    self.update(p.text_document.uri, last.map(|change| change.text));
                }
            }
            DidCloseTextDocument::METHOD => {
                if let Some(p) = read::<DidCloseTextDocumentParams>(params) {
                    self.update(p.text_document.uri, None);
                }
            }
            _ => {}
        }
    }

    /// Takes a text, or forgets it, and says what is wrong with it.
    fn update(&mut self, uri: Uri, text: Option<String>) {
        let mut diagnostics = Vec::new();
        match text {
            None => drop(self.documents.remove(uri.as_str())),
            Some(text) => {
                let document = Document::new(uri.as_str(), text);
                diagnostics = document.diagnostics(&uri);
                self.documents.insert(uri.as_str().to_owned(), document);
            }
        }
        let params = PublishDiagnosticsParams { uri, diagnostics, version: None };
        let note = Notification::new(PublishDiagnostics::METHOD.to_owned(), params);
        self.send(Message::Notification(note));
    }

    fn answer(&self, request: Request) -> Response {
        let Request { id, method, params } = request;
        let answer = match method.as_str() {
            HoverRequest::METHOD => self.at(params, Self::hover),
            GotoDefinition::METHOD => self.at(params, |_, document, uri, at| {
                let uri = uri.clone();
                document.definition(at).and_then(|range| json(Location { uri, range }))
            }),
            DocumentHighlightRequest::METHOD => {
                self.at(params, |_, document, _, at| json(document.highlights(at)?))
            }
            SignatureHelpRequest::METHOD => self.at(params, |own, document, _, at| {
                json(document.signature(at, own.editor.parameter_offsets)?)
            }),
            References::METHOD => self.references(params),
            DocumentSymbolRequest::METHOD => self.symbols(params),
            InlayHintRequest::METHOD => self.hints(params),
            Completion::METHOD => self.completion(params),
            Formatting::METHOD => self.formatting(params),
            CodeActionRequest::METHOD => self.actions(params),
            PrepareRenameRequest::METHOD | Rename::METHOD => {
                let answer = match method == Rename::METHOD {
                    true => self.rename(params),
                    false => self.nameable(params),
                };
                return answer.unwrap_or(Ok(Value::Null)).map_or_else(
                    |refusal| {
                        let code = ErrorCode::RequestFailed as i32;
                        Response::new_err(id.clone(), code, refusal.to_string())
                    },
                    |value| Response::new_ok(id.clone(), value),
                );
            }
            _ => {
                let text = format!("rnetc does not answer {method}");
                return Response::new_err(id, ErrorCode::MethodNotFound as i32, text);
            }
        };
        Response::new_ok(id, answer.unwrap_or(Value::Null))
    }

    fn document(&self, uri: &Uri) -> Option<&Document> {
        self.documents.get(uri.as_str())
    }

    /// Answers what is asked about one position of a text.
    fn at(
        &self,
        params: Value,
        answer: impl FnOnce(&Self, &Document, &Uri, Position) -> Option<Value>,
    ) -> Option<Value> {
        let TextDocumentPositionParams { text_document, position } = read(params)?;
        answer(self, self.document(&text_document.uri)?, &text_document.uri, position)
    }

    fn hover(&self, document: &Document, _: &Uri, at: Position) -> Option<Value> {
        let contents = MarkupContent { kind: MarkupKind::Markdown, value: document.hover(at)? };
        json(Hover { contents: HoverContents::Markup(contents), range: None })
    }

    fn references(&self, params: Value) -> Option<Value> {
        let ReferenceParams { text_document_position: at, context, .. } = read(params)?;
        let uri = at.text_document.uri;
        let found = self.document(&uri)?.references(at.position, context.include_declaration)?;
        let location = |range| Location { uri: uri.clone(), range };
        json(found.into_iter().map(location).collect::<Vec<_>>())
    }

    fn symbols(&self, params: Value) -> Option<Value> {
        let uri = read::<DocumentSymbolParams>(params)?.text_document.uri;
        json(self.document(&uri)?.symbols(&uri, self.editor.nested_symbols))
    }

    fn hints(&self, params: Value) -> Option<Value> {
        let InlayHintParams { text_document, range, .. } = read(params)?;
        json(self.document(&text_document.uri)?.hints(range))
    }

    fn nameable(&self, params: Value) -> Option<Result<Value, Refusal>> {
        let TextDocumentPositionParams { text_document, position } = read(params)?;
        match self.document(&text_document.uri)?.nameable(position).transpose()? {
            Ok((range, placeholder)) => {
                json(PrepareRenameResponse::RangeWithPlaceholder { range, placeholder }).map(Ok)
            }
            Err(refusal) => Some(Err(refusal)),
        }
    }

    fn rename(&self, params: Value) -> Option<Result<Value, Refusal>> {
        let RenameParams { text_document_position: at, new_name, .. } = read(params)?;
        let uri = at.text_document.uri;
        let document = self.document(&uri)?;
        let edits = match document.rename(at.position, &new_name) {
            Ok(edits) => edits,
            Err(refusal) => return Some(Err(refusal)),
        };
        let asks = self.editor.annotated_edits;
        let tensors = asks.then(|| document.renamed_tensors(at.position, &new_name)).flatten();
        json(match tensors {
            Some(tensors) => annotated(uri, edits, &tensors),
            None => {
                let changes = Some(HashMap::from([(uri, edits)]));
                WorkspaceEdit { changes, ..WorkspaceEdit::default() }
            }
        })
        .map(Ok)
    }

    fn completion(&self, params: Value) -> Option<Value> {
        let at = read::<CompletionParams>(params)?.text_document_position;
        json(self.document(&at.text_document.uri)?.completion(at.position)?)
    }

    fn formatting(&self, params: Value) -> Option<Value> {
        let uri = read::<DocumentFormattingParams>(params)?.text_document.uri;
        json(self.document(&uri)?.formatting()?)
    }

    fn actions(&self, params: Value) -> Option<Value> {
        let CodeActionParams { text_document, range, context, .. } = read(params)?;
        let document = self.document(&text_document.uri)?;
        // An editor that asks for some kinds wants no other; the empty one stands for all.
        let wanted = |kind: &CodeActionKind| {
            *kind == CodeActionKind::QUICKFIX || *kind == CodeActionKind::EMPTY
        };
        match context.only {
            Some(kinds) if !kinds.iter().any(wanted) => json(Vec::<Value>::new()),
            Some(_) | None => json(document.actions(&text_document.uri, range)),
        }
    }
}

fn read<T: DeserializeOwned>(params: Value) -> Option<T> {
    serde_json::from_value(params).ok()
}

fn json(value: impl serde::Serialize) -> Option<Value> {
    serde_json::to_value(value).ok()
}
