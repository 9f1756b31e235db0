//! The modules of `src/` and the paths that each names, read from the tokens of its text. What
//! is compiled for tests alone does not count: it may use what a user of the module would.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A module's path from the crate's root: `["engine", "cpu"]`.
pub type Module = Vec<String>;

/// Every module, with its text.
#[derive(Clone)]
pub struct Source {
    pub texts: BTreeMap<Module, String>,
}

impl Source {
    /// The source of this crate; the two roots (`lib.rs`, `main.rs`) stand above all rooms.
    pub fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut source = Self { texts: BTreeMap::new() };
        source.folder(&root, &Module::new());
        source
    }

    fn folder(&mut self, folder: &Path, at: &Module) {
        for entry in std::fs::read_dir(folder).expect("a folder of the source") {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() {
                self.folder(&path, &[at.as_slice(), &[name]].concat());
            } else if name == "mod" {
                self.texts.insert(at.clone(), std::fs::read_to_string(&path).expect("a module"));
            } else if !(at.is_empty() && ["lib", "main"].contains(&name.as_str())) {
                let text = std::fs::read_to_string(&path).expect("a module");
                self.texts.insert([at.as_slice(), &[name]].concat(), text);
            }
        }
    }

    /// The modules that each module names, through whatever others hand on what it names.
    pub fn imports(&self) -> BTreeMap<Module, BTreeSet<Module>> {
        let mut named: BTreeMap<&Module, Named> =
            self.texts.iter().map(|(module, text)| (module, Named::of(module, text))).collect();
        let tests: Vec<Module> = named.values().flat_map(|n| n.tests.clone()).collect();
        named.retain(|module, _| !tests.iter().any(|test| module.starts_with(test)));
        let owner = |path: &[String]| owner(&named, path, 0);
        named
            .iter()
            .map(|(&module, names)| {
                let all = names.paths.iter().filter_map(|path| owner(path));
                (module.clone(), all.filter(|other| other != module).collect())
            })
            .collect()
    }
}

/// The module that a path from the root leads to, re-exports followed.
fn owner(named: &BTreeMap<&Module, Named>, path: &[String], depth: usize) -> Option<Module> {
    let module =
        (1..=path.len()).rev().map(|n| path[..n].to_vec()).find(|m| named.contains_key(m))?;
    let next = path.get(module.len());
    let handed_on = next.and_then(|name| named[&module].handed_on.get(name));
    match handed_on {
        Some(from) if depth < 8 => {
            let longer = [from.as_slice(), &path[module.len() + 1..]].concat();
            owner(named, &longer, depth + 1).or(Some(module))
        }
        Some(_) | None => Some(module),
    }
}

/// What a module's text names, as paths from the crate's root.
#[derive(Default)]
struct Named {
    paths: Vec<Vec<String>>,
    /// Names that `pub use` hands on, and what they stand for.
    handed_on: BTreeMap<String, Vec<String>>,
    /// Its modules that are compiled for tests alone.
    tests: Vec<Module>,
}

impl Named {
    fn of(module: &Module, text: &str) -> Self {
        let tokens = TokenStream::from_str(text).expect("the source is Rust");
        let mut named = Self::default();
        named.walk(module, tokens);
        named
    }

    fn walk(&mut self, here: &Module, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let word = |at: usize| match tokens.get(at) {
            Some(TokenTree::Ident(ident)) => Some(ident.to_string()),
            _ => None,
        };
        let mut at = 0;
        while at < tokens.len() {
            if is_for_tests(&tokens[at..]) {
                let end = (at + 2..tokens.len()).find(|&i| ends_item(&tokens[i]));
                let end = end.unwrap_or(tokens.len());
                let name = (at..end).find(|&i| word(i).as_deref() == Some("mod"));
                if let Some(name) = name.and_then(|i| word(i + 1)) {
                    self.tests.push([here.as_slice(), &[name]].concat());
                }
                at = end + 1;
                continue;
            }
            match (word(at).as_deref(), word(at + 1)) {
                (Some("use"), _) => {
                    let end = (at..tokens.len()).find(|&i| is_punct(&tokens[i], ';'));
                    let end = end.unwrap_or(tokens.len());
                    let public = at > 0 && is_public(&tokens[..at]);
                    self.import(here, &tokens[at + 1..end], public);
                    at = end;
                }
                // A module in the text itself, such as its tests.
                (Some("mod"), Some(name)) => {
                    if let Some(TokenTree::Group(body)) = tokens.get(at + 2) {
                        self.walk(&[here.as_slice(), &[name]].concat(), body.stream());
                        at += 3;
                        continue;
                    }
                }
                (Some("crate" | "super" | "self"), _) if starts_path(&tokens, at) => {
                    let path = simple_path(&tokens, at);
                    self.paths.extend(absolute(here, &path));
                }
                _ => {}
            }
            if let Some(TokenTree::Group(group)) = tokens.get(at) {
                self.walk(here, group.stream());
            }
            at += 1;
        }
    }

    fn import(&mut self, here: &Module, tokens: &[TokenTree], public: bool) {
        let mut found = Vec::new();
        use_tree(tokens, &mut Vec::new(), &mut found);
        for (path, alias) in found {
            let relative = !["crate", "super", "self"].contains(&path[0].as_str());
            // A path of another crate, or of a module of this one's own.
            let absolute = match relative {
                true if public => Some([here.as_slice(), &path].concat()),
                true => None,
                false => absolute(here, &path),
            };
            let Some(absolute) = absolute else { continue };
            if public {
                self.handed_on.insert(alias, absolute.clone());
            }
            self.paths.push(absolute);
        }
    }
}

fn is_punct(token: &TokenTree, c: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == c)
}

/// Whether `#[cfg(test)]` stands here.
fn is_for_tests(tokens: &[TokenTree]) -> bool {
    match tokens {
        [hash, TokenTree::Group(attribute), ..] if is_punct(hash, '#') => {
            attribute.stream().to_string().replace(' ', "") == "cfg(test)"
        }
        _ => false,
    }
}

/// Whether an item ends with this token: its body, or a semicolon.
fn ends_item(token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(_) | TokenTree::Ident(_) | TokenTree::Literal(_) => is_punct(token, ';'),
    }
}

/// Whether what comes before a `use` makes it public in any degree.
fn is_public(before: &[TokenTree]) -> bool {
    let last = before.last().filter(|t| !matches!(t, TokenTree::Group(_)));
    let last = last.or_else(|| before.len().checked_sub(2).map(|at| &before[at]));
    matches!(last, Some(TokenTree::Ident(ident)) if ident == "pub")
}

/// Whether a path begins here, and does not go on.
fn starts_path(tokens: &[TokenTree], at: usize) -> bool {
    let follows = tokens.get(at + 1).is_some_and(|t| is_punct(t, ':'))
        && tokens.get(at + 2).is_some_and(|t| is_punct(t, ':'));
    let goes_on = at > 0 && is_punct(&tokens[at - 1], ':');
    follows && !goes_on
}

fn simple_path(tokens: &[TokenTree], mut at: usize) -> Vec<String> {
    let mut path = Vec::new();
    while let Some(TokenTree::Ident(ident)) = tokens.get(at) {
        path.push(ident.to_string());
        let goes_on = tokens.get(at + 1).is_some_and(|t| is_punct(t, ':'))
            && tokens.get(at + 2).is_some_and(|t| is_punct(t, ':'));
        if !goes_on {
            break;
        }
        at += 3;
    }
    path
}

/// Every path of a `use`, with the name that it goes by.
fn use_tree(
    tokens: &[TokenTree],
    prefix: &mut Vec<String>,
    found: &mut Vec<(Vec<String>, String)>,
) {
    for branch in tokens.split(|token| is_punct(token, ',')) {
        let depth = prefix.len();
        let mut alias = None;
        for (at, token) in branch.iter().enumerate() {
            match token {
                TokenTree::Ident(ident) if ident == "as" => {
                    alias = branch.get(at + 1).map(ToString::to_string);
                    break;
                }
                TokenTree::Ident(ident) => prefix.push(ident.to_string()),
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    use_tree(&inner, prefix, found);
                    prefix.truncate(depth);
                }
                TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
        if prefix.len() > depth {
            if prefix.last().is_some_and(|last| last == "self") {
                prefix.pop();
            }
            let name = alias.or_else(|| prefix.last().cloned()).unwrap_or_default();
            if !prefix.is_empty() {
                found.push((prefix.clone(), name));
            }
        }
        prefix.truncate(depth);
    }
}

/// A path of `crate`, `super` or `self` from the root; none that leaves the root.
fn absolute(here: &Module, path: &[String]) -> Option<Vec<String>> {
    let mut from: Vec<String> = here.clone();
    let mut rest = path.iter().peekable();
    match rest.peek().map(|s| s.as_str()) {
        Some("crate") => {
            rest.next();
            from.clear();
        }
        Some("self") => {
            rest.next();
        }
        Some("super") => {
            while rest.next_if(|part| *part == "super").is_some() {
                from.pop()?;
            }
        }
        Some(_) | None => return None,
    }
    from.extend(rest.cloned());
    Some(from)
}
