//! An open text and what the compiler says about it.

use lsp_types::{
    CodeActionOrCommand, CompletionItem, DocumentHighlight, DocumentHighlightKind,
    DocumentSymbolResponse, InlayHint, Position, Range, SignatureHelp, TextEdit, Uri,
};

use super::index::{Index, Occurrence, Role};
use super::lines::Lines;
use super::rename::{Refusal, Tensors};
use super::whole::Whole;
use super::{actions, completion, diagnostics, hints, hover, rename, signature, symbols};
use crate::diagnostic::Diagnostic;
use crate::sema;
use crate::source::{Source, Span};
use crate::syntax::{self, format};

/// An open text.
#[derive(Debug)]
pub struct Document {
    source: Source,
    lines: Lines,
    index: Index,
    /// Errors, or warnings where there are none.
    found: Vec<Diagnostic>,
    /// Where there is no error.
    whole: Option<Whole>,
}

impl Document {
    /// Compiles a text with the defaults of its parameters.
    pub fn new(name: &str, text: String) -> Self {
        let source = Source::new(name, text);
        let compiled = syntax::parse(&source).and_then(|file| {
            let compiled = sema::compile_file(&file, &source, &[])?;
            Ok((file, compiled))
        });
        let (found, whole) = match compiled {
            Ok((file, sema::Compiled { network, warnings, places })) => {
                (warnings, Some(Whole { file, network, places }))
            }
            Err(errors) => (errors, None),
        };
        let (lines, index) = (Lines::new(&source), Index::new(&source.text));
        Self { source, lines, index, found, whole }
    }

    /// What is wrong with it.
    pub fn diagnostics(&self, uri: &Uri) -> Vec<lsp_types::Diagnostic> {
        self.found.iter().map(|found| diagnostics::published(uri, &self.lines, found)).collect()
    }

    /// Markdown about what stands at a position.
    pub fn hover(&self, at: Position) -> Option<String> {
        hover::hover(&self.index, &self.lines, self.whole.as_ref(), self.lines.byte(at)?)
    }

    fn occurrence(&self, at: Position) -> Option<Occurrence> {
        self.index.occurrence(self.lines.byte(at)?)
    }

    /// Where the name at a position is defined.
    pub fn definition(&self, at: Position) -> Option<Range> {
        let symbol = self.occurrence(at)?.symbol;
        let mut places = self.index.places(symbol);
        let defined = places.find(|place| place.role == Role::Definition)?;
        Some(self.lines.range(defined.span))
    }

    /// All places of the name at a position.
    pub fn references(&self, at: Position, definition: bool) -> Option<Vec<Range>> {
        let symbol = self.occurrence(at)?.symbol;
        let places = self.index.places(symbol);
        let wanted = places.filter(|place| definition || place.role != Role::Definition);
        Some(wanted.map(|place| self.lines.range(place.span)).collect())
    }

    /// The same for an editor that marks them.
    pub fn highlights(&self, at: Position) -> Option<Vec<DocumentHighlight>> {
        let symbol = self.occurrence(at)?.symbol;
        let highlight = |place: Occurrence| DocumentHighlight {
            range: self.lines.range(place.span),
            kind: Some(match place.role {
                Role::Definition => DocumentHighlightKind::WRITE,
                Role::Use | Role::Label => DocumentHighlightKind::READ,
            }),
        };
        Some(self.index.places(symbol).map(highlight).collect())
    }

    /// The name at a position, if it can be changed, and where it stands.
    pub fn nameable(&self, at: Position) -> Result<Option<(Range, String)>, Refusal> {
        let Some(byte) = self.lines.byte(at) else { return Ok(None) };
        match rename::nameable(&self.index, byte) {
            Ok((span, _)) => Ok(Some((self.lines.range(span), self.index.text(span).to_owned()))),
            Err(Refusal::NoName) => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// Changes that give the name at a position another, everywhere.
    pub fn rename(&self, at: Position, new: &str) -> Result<Vec<TextEdit>, Refusal> {
        let byte = self.lines.byte(at).ok_or(Refusal::NoName)?;
        let places = rename::rename(&self.index, byte, new)?;
        let edit = |span| TextEdit { range: self.lines.range(span), new_text: new.to_owned() };
        Ok(places.into_iter().map(edit).collect())
    }

    /// What such changes do to names in files of weights, where it compiles.
    pub fn renamed_tensors(&self, at: Position, new: &str) -> Option<Tensors> {
        let (whole, byte) = (self.whole.as_ref()?, self.lines.byte(at)?);
        let mut places = rename::rename(&self.index, byte, new).ok()?;
        places.sort_by_key(|place| place.start);
        let mut text = self.source.text.to_string();
        for place in places.into_iter().rev() {
            text.replace_range(place.range(), new);
        }
        let after = sema::compile(&Source::new(&*self.source.name, text), &[]).ok()?;
        Tensors::between(&whole.network, &after.network)
    }

    /// Its units and net; as a tree, if the editor knows that.
    pub fn symbols(&self, uri: &Uri, nested: bool) -> DocumentSymbolResponse {
        match nested {
            true => symbols::nested(&self.index, &self.lines),
            false => symbols::flat(&self.index, &self.lines, uri),
        }
    }

    /// Shapes between its words, where it compiles.
    pub fn hints(&self, wanted: Range) -> Vec<InlayHint> {
        self.whole.as_ref().map_or(Vec::new(), |whole| {
            hints::hints(&whole.file, &whole.places, &self.lines, wanted)
        })
    }

    /// What the call at a position takes.
    pub fn signature(&self, at: Position, offsets: bool) -> Option<SignatureHelp> {
        signature::help(&self.index, self.lines.byte(at)?, offsets)
    }

    /// Names that may stand at a position.
    pub fn completion(&self, at: Position) -> Option<Vec<CompletionItem>> {
        Some(completion::completion(&self.index, self.lines.byte(at)?))
    }

    /// What can be done about messages in a range.
    pub fn actions(&self, uri: &Uri, wanted: Range) -> Vec<CodeActionOrCommand> {
        actions::actions(uri, &self.source, &self.lines, &self.found, wanted)
    }

    /// The one change that brings it into the layout; none where it is, or does not parse.
    pub fn formatting(&self) -> Option<Vec<TextEdit>> {
        let new_text = format::format(&self.source).ok()?;
        if *new_text == *self.source.text {
            return Some(Vec::new());
        }
        let range = self.lines.range(Span::new(0, self.lines.end()));
        Some(vec![TextEdit { range, new_text }])
    }
}
