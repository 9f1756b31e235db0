//! An open text and what the compiler says about it.

use lsp_types::{CompletionItem, Position, Range, TextEdit};

use super::position::{byte, position, range};
use super::{completion, hover, outline::Outline};
use crate::diagnostic::Diagnostic;
use crate::network::Network;
use crate::sema;
use crate::source::{Source, Span};
use crate::syntax::format;

/// An open text.
#[derive(Debug)]
pub struct Document {
    /// The text and its name.
    pub source: Source,
    /// Errors, or warnings where there are none.
    pub found: Vec<Diagnostic>,
    /// Where there is no error.
    network: Option<Network>,
}

impl Document {
    /// Compiles a text with the defaults of its parameters.
    pub fn new(name: &str, text: String) -> Self {
        let source = Source::new(name, text);
        let (found, network) = match sema::compile(&source, &[]) {
            Ok(compiled) => (compiled.warnings, Some(compiled.network)),
            Err(errors) => (errors, None),
        };
        Self { source, found, network }
    }

    /// Markdown about what stands at a position.
    pub fn hover(&self, at: Position) -> Option<String> {
        let byte = byte(&self.source.text, at);
        hover::hover(&self.source.text, self.network.as_ref(), byte)
    }

    /// Where the name at a position is defined.
    pub fn definition(&self, at: Position) -> Option<Range> {
        let text = &self.source.text;
        let token = Outline::new(text).origin(byte(text, at))?;
        Some(range(text, Span::new(token.start, token.start + token.text.len())))
    }

    /// Names that may stand at a position.
    pub fn completion(&self, at: Position) -> Vec<CompletionItem> {
        completion::completion(&self.source.text, byte(&self.source.text, at))
    }

    /// The one change that brings it into the layout; none where it is, or does not parse.
    pub fn formatting(&self) -> Option<Vec<TextEdit>> {
        let new_text = format::format(&self.source).ok()?;
        let text = &self.source.text;
        if *new_text == **text {
            return Some(Vec::new());
        }
        let range = Range { start: Position::default(), end: position(text, text.len()) };
        Some(vec![TextEdit { range, new_text }])
    }
}
