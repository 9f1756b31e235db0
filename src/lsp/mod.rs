//! The language server: what an editor asks about the specs that are open in it.
//!
//! Editors send whole texts; each is compiled when it changes, which takes milliseconds. What
//! names mean is read from tokens, so it works on texts that do not parse yet.

use std::collections::HashMap;

use lsp_server::{Connection, ErrorCode, Message, Notification, ProtocolError, Request, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, Notification as _,
    PublishDiagnostics,
};
use lsp_types::request::{
    CodeActionRequest, Completion, Formatting, GotoDefinition, HoverRequest, Request as _,
};
use lsp_types::{
    CodeActionParams, CodeActionProviderCapability, CompletionOptions, CompletionParams,
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    DocumentFormattingParams, GotoDefinitionParams, Hover, HoverContents, HoverParams,
    HoverProviderCapability, Location, MarkupContent, MarkupKind, OneOf, PublishDiagnosticsParams,
    ServerCapabilities, TextDocumentPositionParams, TextDocumentSyncCapability,
    TextDocumentSyncKind, Uri,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

mod completion;
mod diagnostics;
mod document;
mod hover;
mod outline;
mod position;

use document::Document;

/// What the server can do.
fn capabilities() -> ServerCapabilities {
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::FULL)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        completion_provider: Some(CompletionOptions::default()),
        document_formatting_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(CodeActionProviderCapability::Simple(true)),
        ..ServerCapabilities::default()
    }
}

/// Serves one editor until it says goodbye or goes away.
pub fn serve(connection: &Connection) -> Result<(), ProtocolError> {
    let capabilities = serde_json::to_value(capabilities()).unwrap_or_default();
    connection.initialize(capabilities)?;
    let mut server = Server { connection, documents: HashMap::new() };
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
                diagnostics = diagnostics::published(&uri, &document.source.text, &document.found);
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
            HoverRequest::METHOD => self.hover(params),
            GotoDefinition::METHOD => self.definition(params),
            Completion::METHOD => self.completion(params),
            Formatting::METHOD => self.formatting(params),
            CodeActionRequest::METHOD => self.actions(params),
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

    fn hover(&self, params: Value) -> Option<Value> {
        let TextDocumentPositionParams { text_document, position } =
            read::<HoverParams>(params)?.text_document_position_params;
        let value = self.document(&text_document.uri)?.hover(position)?;
        let contents = MarkupContent { kind: MarkupKind::Markdown, value };
        json(Hover { contents: HoverContents::Markup(contents), range: None })
    }

    fn definition(&self, params: Value) -> Option<Value> {
        let TextDocumentPositionParams { text_document, position } =
            read::<GotoDefinitionParams>(params)?.text_document_position_params;
        let range = self.document(&text_document.uri)?.definition(position)?;
        json(Location { uri: text_document.uri, range })
    }

    fn completion(&self, params: Value) -> Option<Value> {
        let at = read::<CompletionParams>(params)?.text_document_position;
        json(self.document(&at.text_document.uri)?.completion(at.position))
    }

    fn formatting(&self, params: Value) -> Option<Value> {
        let uri = read::<DocumentFormattingParams>(params)?.text_document.uri;
        json(self.document(&uri)?.formatting()?)
    }

    fn actions(&self, params: Value) -> Option<Value> {
        let CodeActionParams { text_document, range, .. } = read(params)?;
        let document = self.document(&text_document.uri)?;
        let text = &document.source.text;
        json(diagnostics::actions(&text_document.uri, text, &document.found, range))
    }
}

fn read<T: DeserializeOwned>(params: Value) -> Option<T> {
    serde_json::from_value(params).ok()
}

fn json(value: impl serde::Serialize) -> Option<Value> {
    serde_json::to_value(value).ok()
}
