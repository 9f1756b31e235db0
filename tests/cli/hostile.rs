//! Specs that mean harm, given to the program: a diagnostic, soon, in little memory.

use std::process::Command;

use crate::folder::{Folder, Outcome, outcome};

/// Address space in KiB: what the program maps before it reads anything, and 64 MiB.
const MEMORY: usize = 64 * 1024 + 96 * 1024;
/// Processor seconds, which the system counts whole; `language::hostile` has the tight bound.
const SECONDS: usize = 1;

/// `rnetc check` under limits on memory and processor seconds.
fn check(folder: &Folder, file: &str) -> Outcome {
    let line = format!("ulimit -v {MEMORY}; ulimit -t {SECONDS}; exec \"$0\" check \"$1\"");
    let mut command = Command::new("sh");
    command.args(["-c", &line, env!("CARGO_BIN_EXE_rnetc"), file]);
    outcome(&command.current_dir(folder.at("")).output().unwrap())
}

fn refused(folder: &Folder, what: &str, bytes: &[u8]) {
    std::fs::write(folder.at("hostile.rnet"), bytes).unwrap();
    let outcome = check(folder, "hostile.rnet");
    assert_eq!(outcome.code, 1, "{what}: {} {}", outcome.code, first(&outcome.err));
    assert!(outcome.err.contains("error"), "{what}: {}", first(&outcome.err));
    assert!(!outcome.err.contains("panicked"), "{what}: {}", first(&outcome.err));
    assert!(outcome.err.len() < 64 << 10, "{what}: {} bytes of message", outcome.err.len());
}

fn first(text: &str) -> &str {
    text.lines().next().unwrap_or("")
}

#[test]
fn hostile_specs_are_refused_soon_in_little_memory() {
    let folder = Folder::new();
    let net = |chain: &str| format!("net n {{ input(1, 1, 1) -> {chain} }}");
    let doubled: String =
        (1..60).map(|i| format!("unit u{i} {{ y = (u{0} -> u{0})(x) }}\n", i - 1)).collect();
    let circle: String =
        (0..2000).map(|i| format!("unit u{i} {{ y = u{}(x) }}\n", (i + 1) % 2000)).collect();
    for (what, text) in [
        ("a billion", net("bn * 1000000000")),
        ("a billion units", format!("unit u {{ y = x }} {}", net("u * 1000000000"))),
        ("nested repetition", net("((identity * 9999) * 9999) * 9999")),
        ("doubling", format!("unit u0 {{ y = x }} {doubled} {}", net("u59"))),
        ("overflow of sizes", "net n { input(65536, 65536, 65536) }".into()),
        ("overflow of weights", "net n { input(65536, 1, 1) -> conv(64x64, 65536) }".into()),
        ("overflow of numbers", net("conv(3x3, 1e308 * 1e308)")),
        ("overflow of kernels", net("conv(99999999999999999999999x3, 1)")),
        ("overflow of indices", net("conv(3x3, 18446744073709551617)")),
        ("deep brackets", net(&format!("{}1{}", "(".repeat(30_000), ")".repeat(30_000)))),
        ("brackets behind a lone CR", format!("//\r{}", "(".repeat(60_000))),
        ("deep minus", net(&"-".repeat(60_000))),
        ("deep calls", format!("unit u {{ y = relu{} }} {}", "(x)".repeat(20_000), net("u"))),
        ("a circle", format!("{circle} {}", net("u0"))),
        ("a huge file", " ".repeat(8 << 20)),
        ("a huge name", net(&"a".repeat(60_000))),
        ("NUL", "net \0 n".into()),
    ] {
        refused(&folder, what, text.as_bytes());
    }
    refused(&folder, "invalid UTF-8", b"net n { \xff\xfe }");
    refused(&folder, "only bytes", &[0x80; 4096]);
}

#[test]
fn names_do_not_lead_out_of_the_folder() {
    let folder = Folder::new();
    std::fs::create_dir_all(folder.at("a/b")).unwrap();
    for name in ["...rnet", "a/b/..rnet", "a/../a/b/.rnet"] {
        std::fs::copy(folder.at("tiny.rnet"), folder.at(name)).unwrap();
        let outcome = folder.run(&format!("build {name} --batch 2"));
        assert_eq!(outcome.code, 0, "{name}: {outcome:?}");
    }
    let here: Vec<_> = std::fs::read_dir(folder.at(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name == "manifest.yaml")
        .collect();
    assert!(here.is_empty(), "a build beside the specs: {here:?}");
    for net in ["../n", "a/../../b", "n/.."] {
        std::fs::write(folder.at("evil.rnet"), format!("net {net} {{ input(1, 1, 1) }}")).unwrap();
        assert!(folder.expect(1, "check evil.rnet").err.contains("E0001"));
    }
}
