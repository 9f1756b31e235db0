//! Markdown, as far as the tests read it.

use std::path::{Path, PathBuf};

/// A page.
pub struct Page {
    /// From the root of the repository.
    pub path: PathBuf,
    pub text: String,
    pub blocks: Vec<Block>,
}

/// A block of code.
pub struct Block {
    /// Of its first line, from 1.
    pub line: usize,
    /// `rnet`, `console`, …
    pub language: String,
    pub text: String,
    /// Comments that stand right before it.
    pub comments: Vec<String>,
}

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// README.md and the guide's pages.
pub fn pages() -> Vec<Page> {
    let mut paths = vec![PathBuf::from("README.md")];
    let listed = std::fs::read_dir(root().join("docs/src")).expect("docs/src");
    paths.extend(listed.filter_map(|entry| {
        let name = entry.expect("an entry").file_name();
        name.to_string_lossy().ends_with(".md").then(|| Path::new("docs/src").join(name))
    }));
    paths.sort();
    paths.into_iter().map(read).collect()
}

/// A page by its path.
pub fn read(path: impl Into<PathBuf>) -> Page {
    let path = path.into();
    let text = std::fs::read_to_string(root().join(&path)).expect("a page");
    let blocks = blocks(&text);
    Page { path, text, blocks }
}

impl Page {
    /// Where a block stands.
    pub fn place(&self, block: &Block) -> String {
        format!("{}:{}", self.path.display(), block.line)
    }

    /// The text outside blocks of code, line by line.
    pub fn prose(&self) -> impl Iterator<Item = &str> {
        let mut inside = false;
        self.text.lines().filter(move |line| {
            let fence = line.trim_start().starts_with("```");
            inside ^= fence;
            !inside && !fence
        })
    }
}

fn blocks(text: &str) -> Vec<Block> {
    let (mut blocks, mut comments) = (Vec::new(), Vec::new());
    let mut open: Option<Block> = None;
    for (at, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        match &mut open {
            Some(_) if trimmed == "```" => blocks.extend(open.take()),
            Some(block) => {
                block.text += line;
                block.text.push('\n');
            }
            None => match (trimmed.strip_prefix("```"), trimmed.strip_prefix("<!-- ")) {
                (Some(language), _) => {
                    let comments = std::mem::take(&mut comments);
                    let language = language.to_owned();
                    open = Some(Block { line: at + 2, language, text: String::new(), comments });
                }
                (None, Some(comment)) => {
                    let comment = comment.strip_suffix(" -->").expect("a comment of one line");
                    comments.push(comment.to_owned());
                }
                (None, None) if trimmed.is_empty() => {}
                (None, None) => comments.clear(),
            },
        }
    }
    assert!(open.is_none(), "a block of code does not end");
    blocks
}
