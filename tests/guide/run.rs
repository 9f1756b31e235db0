//! The pages' commands, run from top to bottom in a fresh folder each.

use std::path::Path;
use std::process::Command;

use image::{Rgb, RgbImage};
use rnetc::train::init::initial;
use rnetc::train::record::checkpoint;
use rnetc::train::tensors;
use tempfile::TempDir;

use crate::lines::typed;
use crate::page::{Block, Page, pages, read, root};
use crate::shown::missing;

/// What a comment asks.
#[derive(Debug, PartialEq)]
enum Order<'a> {
    Run { exit: i32, changes: Vec<(&'a str, &'a str)> },
    File { name: &'a str, changes: Vec<(&'a str, &'a str)> },
    Before(&'a str),
    NotRun,
}

fn order(comment: &str) -> Option<Order<'_>> {
    if let Some(line) = comment.strip_prefix("before: ") {
        return Some(Order::Before(line));
    }
    let (head, changes) = comment.split_once(": ").unwrap_or((comment, ""));
    let changes = || changes.split("; ").filter(|change| !change.is_empty()).map(change).collect();
    match head.split_once(' ').map_or((head, ""), |(word, rest)| (word, rest)) {
        ("run", "") => Some(Order::Run { exit: 0, changes: changes() }),
        ("run,", exit) => {
            let exit = exit.strip_prefix("exit ").and_then(|exit| exit.parse().ok());
            Some(Order::Run { exit: exit.expect("exit N"), changes: changes() })
        }
        ("file", name) => Some(Order::File { name, changes: changes() }),
        ("not", "run") => Some(Order::NotRun),
        _ => None,
    }
}

fn change(text: &str) -> (&str, &str) {
    match text.strip_prefix("+ ") {
        Some(added) => ("", added),
        None => text.split_once(" => ").unwrap_or_else(|| panic!("no change: {text}")),
    }
}

/// A text with its changes; one that changes nothing is out of date.
fn changed(text: &str, changes: &[(&str, &str)], place: &str) -> String {
    changes.iter().fold(text.to_owned(), |text, (from, to)| match from.is_empty() {
        true => text.lines().map(|line| format!("{line} {to}\n")).collect(),
        false => {
            assert!(text.contains(from), "{place}: nothing to change: {from}");
            text.replace(from, to)
        }
    })
}

/// The folder in which a page is read.
struct Folder(TempDir);

impl Folder {
    /// The specs, a cache with a little CIFAR-10, a folder of pictures, a picture, a state dict.
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        copy(&root().join("specs"), &folder.0.path().join("specs"));
        let cifar = folder.0.path().join("cache/rnetc/cifar-10-batches-bin");
        std::fs::create_dir_all(&cifar).expect("a folder");
        for part in 0..6_u8 {
            let name = if part == 5 {
                "test_batch".to_owned()
            } else {
                format!("data_batch_{}", part + 1)
            };
            let record = |at: u8| {
                let pixel =
                    move |pixel: u32| (pixel * (u32::from(at) + 3) + u32::from(part) * 91) as u8;
                std::iter::once(at % 10).chain((0..3072).map(pixel))
            };
            let bytes: Vec<u8> = (0..20).flat_map(record).collect();
            std::fs::write(cifar.join(format!("{name}.bin")), bytes).expect("a file");
        }
        for (class, value) in [("cat", 10), ("dog", 100), ("horse", 200)] {
            (0..8).for_each(|k| folder.draw(&format!("pets/train/{class}/{k}.png"), value + k));
            (8..12).for_each(|k| folder.draw(&format!("pets/test/{class}/{k}.png"), value + k));
        }
        folder.draw("cat.png", 9);
        folder.state_dict();
        folder
    }

    /// Weights of specs/original.rnet, depth 8, as PyTorch would save them.
    fn state_dict(&self) {
        let text = std::fs::read_to_string(root().join("specs/original.rnet")).expect("a spec");
        let network = rnetc::Spec::new("original.rnet", text).set("depth", 8).compile();
        let tensors = tensors::of(&network.expect("a spec"));
        let path = self.0.path().join("state.safetensors");
        let mut values = initial(&tensors, 1);
        values.retain(|name, _| tensors.iter().any(|tensor| tensor.name == *name));
        checkpoint::save_imported(&path, &tensors, &values, None).expect("a file");
    }

    fn draw(&self, name: &str, value: u8) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        let picture = RgbImage::from_fn(32, 32, |x, y| Rgb([value, (x * 8) as u8, (y * 8) as u8]));
        picture.save(path).expect("a picture");
    }

    /// Runs a line of the shell; its exit code, and all that it printed.
    fn run(&self, line: &str) -> (i32, String) {
        let program = Path::new(env!("CARGO_BIN_EXE_rnetc")).parent().expect("a folder");
        let path = std::env::var("PATH").unwrap_or_default();
        let output = Command::new("sh")
            .args(["-c", &format!("{{ {line}\n}} 2>&1")])
            .current_dir(self.0.path())
            .env("PATH", format!("{}:{path}", program.display()))
            .env("XDG_CACHE_HOME", self.0.path().join("cache"))
            .env("HOME", self.0.path())
            .output()
            .expect("a shell");
        let code = output.status.code().expect("an exit code");
        (code, String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        match entry.file_type().expect("a type").is_dir() {
            true => copy(&entry.path(), &to),
            false => _ = std::fs::copy(entry.path(), to).expect("a file"),
        }
    }
}

/// Runs a block's lines; below each stands what it prints.
fn run_block(folder: &Folder, page: &Page, block: &Block, exit: i32, changes: &[(&str, &str)]) {
    let place = page.place(block);
    let lines: Vec<&str> = typed(block).collect();
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let text = changed(&text, changes, &place);
    let mut shown = block.text.split("$ ").skip(1).filter(|_| block.language == "console");
    for (at, line) in text.lines().enumerate() {
        let (code, printed) = folder.run(line);
        let last = at + 1 == lines.len();
        assert_eq!(code, if last { exit } else { 0 }, "{place}: {line}\n{printed}");
        let shown = shown.next().and_then(|shown| shown.split_once('\n')).unwrap_or_default().1;
        let missing = missing(shown, &printed);
        assert_eq!(missing, None, "{place}: {line}\nis shown, and what was printed is\n{printed}");
    }
}

fn run_page(path: &str) {
    let (folder, page) = (Folder::new(), read(path));
    for block in &page.blocks {
        for order in block.comments.iter().filter_map(|comment| order(comment)) {
            match order {
                Order::Run { exit, changes } => run_block(&folder, &page, block, exit, &changes),
                Order::File { name, changes } => {
                    let text = changed(&block.text, &changes, &page.place(block));
                    std::fs::write(folder.0.path().join(name), text).expect("a file");
                }
                Order::Before(line) => {
                    let (code, printed) = folder.run(line);
                    assert_eq!(code, 0, "{}: {line}\n{printed}", page.place(block));
                }
                Order::NotRun => {}
            }
        }
    }
}

macro_rules! run {
    ($($name:ident $path:literal)*) => {
        /// The pages that have a test.
        const RUN: &[&str] = &[$($path),*];
        $(#[test]
        fn $name() {
            run_page($path);
        })*
    };
}

run! {
    readme "README.md"
    first_net "docs/src/first-net.md"
    own_unit "docs/src/own-unit.md"
    own_pictures "docs/src/own-pictures.md"
    own_weights "docs/src/own-weights.md"
    fine_tuning "docs/src/fine-tuning.md"
    recipes "docs/src/recipes.md"
    speed "docs/src/speed.md"
    gpu "docs/src/gpu.md"
    studies "docs/src/studies.md"
    clusters "docs/src/clusters.md"
    ranks "docs/src/ranks.md"
    lesions "docs/src/lesions.md"
    interchange "docs/src/interchange.md"
    exit_codes "docs/src/exit-codes.md"
}

/// Nothing is left out without a word.
#[test]
fn every_block_of_commands_says_whether_it_runs() {
    for page in pages() {
        for block in page.blocks.iter().filter(|block| typed(block).next().is_some()) {
            let orders = block.comments.iter().filter_map(|comment| order(comment));
            let said = orders.filter(|order| matches!(order, Order::Run { .. } | Order::NotRun));
            assert_eq!(said.count(), 1, "{}: write <!-- run --> before it", page.place(block));
        }
        let path = page.path.to_str().expect("UTF-8");
        let runs =
            page.blocks.iter().flat_map(|block| &block.comments).any(|c| c.starts_with("run"));
        assert_eq!(runs, RUN.contains(&path), "{path}");
    }
}
