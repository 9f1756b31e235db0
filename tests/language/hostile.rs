//! Texts that mean harm: each ends in a diagnostic, soon, and nothing panics.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use rnetc::diagnostic::Code;
use rnetc::diagnostic::render::render;
use rnetc::sema;
use rnetc::source::Source;

fn net(body: &str) -> String {
    format!("net n {{ {body} }}")
}

/// Time that this thread has computed, where the system tells, since a busy machine makes the
/// clock on the wall run ahead; that clock elsewhere.
fn computed(start: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let told = told.and_then(|text| text.split_whitespace().next()?.parse().ok());
    told.map_or_else(|| start.elapsed(), Duration::from_nanos)
}

/// Most time of the fastest of a few runs. A quiet machine takes less than 100 ms for each;
/// neighbours on the same cores slow down even the clock of one thread.
const TIME: Duration = Duration::from_millis(400);

/// Compiles and renders; there must be an error, soon.
fn refused(what: &str, text: &str) -> Vec<Code> {
    let start = Instant::now();
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let before = computed(start);
        let source = Source::new("hostile.rnet", text);
        let errors = sema::compile(&source, &[]).expect_err(what);
        assert!(!errors.is_empty(), "{what}");
        assert!(!render(&source, &errors, true).is_empty());
        fastest = fastest.min(computed(start) - before);
        if fastest < TIME {
            return errors.into_iter().map(|error| error.code).collect();
        }
    }
    panic!("{what}: {fastest:?}");
}

fn too_large(what: &str, text: &str) {
    assert!(refused(what, text).contains(&Code::TooLarge), "{what}");
}

#[test]
fn nesting() {
    let deep = 30_000;
    too_large("brackets", &net(&format!("{}1{}", "(".repeat(deep), ")".repeat(deep))));
    refused("open brackets", &"(".repeat(60));
    refused("braces", &"net n {".repeat(30));
    // A lone carriage return ends a comment, for the grammar and so for the scan before it.
    too_large("brackets behind a comment", &format!("//\r{}", "(".repeat(deep)));
    let calls = "(x)".repeat(20_000);
    too_large("calls", &format!("unit u {{ y = relu{calls} }} {}", net("input(1,1,1) -> u")));
    refused("minus signs", &net(&"-".repeat(60_000)));
    let sixty = format!("{}1{}", "-(1+2*".repeat(60), ")".repeat(60));
    assert!(
        sema::compile(&Source::new("t", net(&format!("let a = {sixty} input(1, 1, 1)"))), &[])
            .is_ok()
    );
}

/// Functions that are given what functions are, over and over.
#[test]
fn functions_in_functions() {
    let all = |first: &str, next: &dyn Fn(usize) -> String, count: usize| {
        let defs: Vec<String> = (1..count).map(next).collect();
        let unit = format!("unit u {{ y = a{}(x) }}", count - 1);
        format!(
            "def a0(v) = {first} {} {unit} {}",
            defs.join(" "),
            net("input(4, 8, 8) -> u -> linear(2)")
        )
    };
    let twice = |i: usize| format!("def a{i}(v) = a{0}(v) + a{0}(v)", i - 1);
    too_large("twice as much each time", &all("relu(v)", &twice, 60));
    let inside = |i: usize| format!("def a{i}(v) = a{0}(a{0}(v))", i - 1);
    too_large("each in itself", &all("relu(v)", &inside, 60));
    let line = |i: usize| format!("def a{i}(v) = a{}(v)", i - 1);
    too_large("a long line", &all("relu(v)", &line, 1_500));
    let circle = |i: usize| format!("def a{i}(v) = a{}(v)", i - 1);
    refused("a circle", &all("a700(v)", &circle, 701));
    let numbers = |i: usize| format!("def a{i}(v, n = 1) = a{}(v, n * 2 + max(n, {i})) * n", i - 1);
    refused("numbers", &all("v", &numbers, 900));
    let calls = format!("{}v{}", "a0(".repeat(62), ")".repeat(62));
    assert!(
        sema::compile(
            &Source::new(
                "t",
                format!(
                    "def a0(v) = v def b(v) = {calls} unit u {{ y = b(x) }} {}",
                    net("input(1, 1, 1) -> u -> linear(2)")
                )
            ),
            &[]
        )
        .is_ok()
    );
}

#[test]
fn long_lists() {
    let sum = vec!["1"; 30_000].join("+");
    assert!(
        sema::compile(&Source::new("t", net(&format!("let a = {sum} input(1, 1, 1)"))), &[])
            .is_ok()
    );
    let chain = vec!["relu"; 7_000].join("->");
    let text = net(&format!("input(1, 1, 1) -> {chain}"));
    assert!(sema::compile(&Source::new("t", text), &[]).is_ok());
    refused("text", &" ".repeat(2_000_000));
    let unknown: String = (0..4_000).map(|i| format!("a{i} = b{i} ")).collect();
    refused("unknown names", &format!("unit u {{ {unknown} }}"));
    let bindings: String = (1..3_000).map(|i| format!("a{i} = a{} -> bn ", i - 1)).collect();
    let text = format!("unit u {{ a0 = bn {bindings} y = a2999(x) }}");
    too_large("bindings on bindings", &(text + &net("input(1, 1, 1) -> u")));
    let units: String =
        (1..1_800).map(|i| format!("unit u{i} {{ y = u{}()(x) }} ", i - 1)).collect();
    let text = format!("unit u0 {{ y = x }} {units} {}", net("input(1, 1, 1) -> u1799"));
    too_large("units in units", &text);
}

#[test]
fn repetition() {
    too_large("a billion", &net("input(1, 1, 1) -> bn * 1000000000"));
    too_large("nested", &net("input(1, 1, 1) -> ((identity * 9999) * 9999) * 9999"));
    let doubled: String =
        (1..60).map(|i| format!("unit u{i} {{ y = (u{0} -> u{0})(x) }} ", i - 1)).collect();
    let text = format!("unit u0 {{ y = x }} {doubled} {}", net("input(1, 1, 1) -> u59"));
    too_large("doubling", &text);
    too_large("units", &format!("unit u {{ y = x }} {}", net("input(1, 1, 1) -> u * 10001")));
    too_large("values", &net("input(1, 1, 1) -> relu * 200001"));
}

#[test]
fn long_numbers_in_many_places() {
    let sum = vec!["1"; 30_000].join("+");
    let text =
        format!("unit u {{ let a = {sum} y = x * a }} {}", net("input(1, 1, 1) -> u * 9999"));
    too_large("in units", &text);
    too_large("in arguments", &net(&format!("input(1, 1, 1) -> dropout({sum} - 29999.5) * 9999")));
    let parameters: String = (0..5_000).map(|i| format!("a{i} = 1.5, ")).collect();
    let text = format!("unit u({parameters}) {{ y = conv(1x1, a0 + a4999 + 0.1)(x) }}");
    refused("advice", &(text + &net("input(1, 1, 1) -> u")));
}

#[test]
fn sizes() {
    too_large("picture", &net("input(65536, 65536, 65536)"));
    too_large("weights", &net("input(65536, 1, 1) -> conv(64x64, 65536)"));
    too_large("linear", &net("input(4096, 64, 64) -> linear(65536)"));
    let unit = "unit u { F = conv(1x1, 4096) y = (F * 9000)(x) }";
    too_large("work", &format!("{unit} {}", net("input(4096, 256, 256) -> u")));
    refused("exponent", &net("input(1, 1, 1e999)"));
    refused("kernel", &net("input(1, 1, 1) -> conv(99999999999999999999x1, 1)"));
    refused("overflow", &net("let a = 1e308 * 10 input(1, 1, a)"));
    refused("digits", &net(&"9".repeat(60_000)));
}

#[test]
fn odd_bytes() {
    for text in ["\0", "net \0 {}", "\u{feff}net", "é", "🦀 -> 🦀", "net n { é }", "//", "}", "x"]
    {
        refused(text, text);
    }
}

#[test]
fn settings() {
    let text = net("input(1, 1, 1)").replace("net n", "net n(a = 1, b = pad, c = 3x3)");
    let source = Source::new("s", text);
    for (name, value) in [
        ("a", "nan"),
        ("a", "inf"),
        ("a", "1e999"),
        ("a", ""),
        ("a", "pad"),
        ("a", "3x3"),
        ("b", "1"),
        ("c", "3"),
        ("c", "3x"),
        ("c", "x"),
        ("d", "1"),
        ("", ""),
        ("é", "🦀"),
        ("a", "0x10"),
        ("depth=", "=="),
    ] {
        let errors = sema::compile(&source, &[(name.to_owned(), value.to_owned())]);
        let errors = errors.expect_err(&format!("{name}={value}"));
        assert_eq!(errors[0].code, Code::UnknownSetting, "{name}={value}");
        assert!(!render(&source, &errors, false).is_empty());
    }
}

/// Words of the language, to make texts that get past the parser now and then.
const WORDS: &[&str] = &[
    "unit", "net", "let", "u", "n", "x", "y", "f", "F", "index", "count", "pad", "none", "(", ")",
    "{", "}", ",", ":", "=", "->", "+", "-", "*", "/", "0", "1", "2", "3x3", "0.5", "1e3", "bn",
    "relu", "conv", "linear", "shortcut", "input", "identity", "dropout", "max_pool", "\n", "//",
];

fn survives(text: &str) {
    let source = Source::new("soup.rnet", text);
    if let Err(errors) = sema::compile(&source, &[("n".to_owned(), "3".to_owned())]) {
        assert!(!errors.is_empty());
        assert!(!render(&source, &errors, false).is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        survives(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn soups_never_panic(words in proptest::collection::vec(proptest::sample::select(WORDS), 0..60)) {
        survives(&words.join(" "));
    }

    #[test]
    fn units_of_soup_never_panic(
        a in proptest::collection::vec(proptest::sample::select(WORDS), 0..8),
        b in proptest::collection::vec(proptest::sample::select(WORDS), 0..8),
        c in proptest::collection::vec(proptest::sample::select(WORDS), 0..8),
    ) {
        let [a, b, c] = [a, b, c].map(|words| words.join(" "));
        survives(&format!(
            "unit u(n = 2, k = 3x3) {{ F = {a}\n y = {b} }}\nnet m(n = 3) {{ input(4, 8, 8) -> u -> {c} }}"
        ));
    }

    #[test]
    fn cut_specs_never_panic(cut in 0usize..900, drop in 1usize..6) {
        let text = include_str!("../../specs/exclusive_gate.rnet");
        let mut cut_text: Vec<char> = text.chars().collect();
        let at = cut.min(cut_text.len());
        cut_text.drain(at..(at + drop).min(text.chars().count()));
        survives(&cut_text.into_iter().collect::<String>());
    }
}
