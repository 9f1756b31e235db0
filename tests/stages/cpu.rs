//! The CPU engine's phases and memory: every file in `cpu/` holds a spec whose first line names
//! precision and instruction set and, after a line of dashes, what a training step on two pictures
//! becomes. `RNETC_BLESS=1` writes the second parts anew.

use std::path::{Path, PathBuf};

use rnetc::engine::Precision;
use rnetc::engine::cpu::dump;
use rnetc::engine::cpu::simd::Isa;
use rnetc::lower;
use rnetc::nn::optimiser::Sgd;
use rnetc::sema;
use rnetc::source::Source;

const DASHES: &str = "\n----\n";

/// `// bf16, tiles`
fn setting(input: &str) -> (Precision, Isa) {
    let line = input.lines().next().and_then(|line| line.strip_prefix("// "));
    let (precision, isa) = line.and_then(|line| line.split_once(", ")).expect("a first line");
    let precision = match precision {
        "f32" => Precision::F32,
        "bf16x3" => Precision::Bf16x3,
        "bf16" => Precision::Bf16,
        other => panic!("no precision {other}"),
    };
    let portable = Isa::choose(Some("portable")).expect("every machine has it");
    match isa {
        "portable" => (precision, portable),
        "tiles" => (precision, portable.planning_tiles()),
        other => panic!("no instruction set {other}"),
    }
}

fn dumped(input: &str) -> String {
    let (precision, isa) = setting(input);
    let compiled = sema::compile(&Source::new("cpu", input), &[]).expect("a correct spec");
    let program = lower::training(&compiled.network, 2, &Sgd::PAPER);
    let phases = dump::phases(&program, isa, precision).expect("a schedule");
    let memory = dump::memory(&program, isa, precision).expect("a memory plan");
    format!("{phases}{memory}")
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stages/cpu");
    let entries = std::fs::read_dir(folder).expect("the folder");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

#[test]
fn phases_and_memory_are_as_written() {
    let bless = std::env::var_os("RNETC_BLESS").is_some();
    let mut wrong = Vec::new();
    let files = files();
    assert!(files.len() >= 3, "files are missing");
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a file");
        let input = text.split_once(DASHES).map_or(text.trim_end(), |(input, _)| input);
        let left = format!("{input}{DASHES}{}", dumped(input));
        if bless {
            std::fs::write(&path, left).expect("written");
        } else if left != text {
            wrong.push(format!("{}:\n{left}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "not as written:\n{}", wrong.join("\n"));
}
