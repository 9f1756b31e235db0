//! A text's units and net with what they define: an editor's outline.

use lsp_types::{DocumentSymbol, DocumentSymbolResponse, Location, SymbolInformation, Uri};

use super::index::{Definition, Index, SymbolId, SymbolKind};
use super::lines::Lines;

/// Units and nets, each with its parameters and bindings.
pub fn nested(index: &Index, lines: &Lines) -> DocumentSymbolResponse {
    let definition = |definition: &Definition| DocumentSymbol {
        children: Some(definition.locals.iter().map(|&id| one(index, lines, id)).collect()),
        ..one(index, lines, definition.symbol)
    };
    DocumentSymbolResponse::Nested(index.definitions.iter().map(definition).collect())
}

#[expect(deprecated, reason = "the type wants all its fields")]
fn one(index: &Index, lines: &Lines, id: SymbolId) -> DocumentSymbol {
    let symbol = index.symbol(id);
    DocumentSymbol {
        name: index.name(id).to_owned(),
        detail: None,
        kind: kind(symbol.kind),
        tags: None,
        deprecated: None,
        range: lines.range(symbol.whole),
        selection_range: lines.range(symbol.name),
        children: None,
    }
}

/// The same as a list, for editors that know no other form.
#[expect(deprecated, reason = "the type wants all its fields")]
pub fn flat(index: &Index, lines: &Lines, uri: &Uri) -> DocumentSymbolResponse {
    let one = |id: SymbolId, container_name: Option<String>| {
        let symbol = index.symbol(id);
        let location = Location { uri: uri.clone(), range: lines.range(symbol.whole) };
        let (name, kind) = (index.name(id).to_owned(), kind(symbol.kind));
        SymbolInformation { name, kind, tags: None, deprecated: None, location, container_name }
    };
    let mut found = Vec::new();
    for definition in &index.definitions {
        found.push(one(definition.symbol, None));
        let name = index.name(definition.symbol);
        found.extend(definition.locals.iter().map(|&id| one(id, Some(name.to_owned()))));
    }
    DocumentSymbolResponse::Flat(found)
}

fn kind(kind: SymbolKind) -> lsp_types::SymbolKind {
    match kind {
        SymbolKind::Unit => lsp_types::SymbolKind::CLASS,
        SymbolKind::Def => lsp_types::SymbolKind::FUNCTION,
        SymbolKind::Net => lsp_types::SymbolKind::MODULE,
        SymbolKind::Parameter => lsp_types::SymbolKind::PROPERTY,
        SymbolKind::Number => lsp_types::SymbolKind::CONSTANT,
        SymbolKind::Binding | SymbolKind::Given => lsp_types::SymbolKind::VARIABLE,
    }
}
