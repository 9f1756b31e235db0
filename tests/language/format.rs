//! One layout: idempotent, without loss, and kept by every spec of this repository.

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use rnetc::source::Source;
use rnetc::syntax::{format::format, tokens::tokens};

fn formatted(text: &str) -> String {
    format(&Source::new("t.rnet", text)).unwrap_or_else(|errors| panic!("{text}\n{errors:#?}"))
}

fn words(text: &str) -> Vec<&str> {
    tokens(text).into_iter().map(|token| token.text).collect()
}

/// Formats, and checks that nothing was lost and that formatting again changes nothing.
fn sound(text: &str) -> String {
    let once = formatted(text);
    assert_eq!(words(&once), words(text), "tokens of\n{text}");
    assert_eq!(formatted(&once), once, "idempotent on\n{text}");
    once
}

fn specs(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| path.extension().is_some_and(|e| e == "rnet")).collect()
}

#[test]
fn every_spec_is_in_the_layout() {
    for path in specs("specs") {
        let text = std::fs::read_to_string(&path).expect("a spec");
        assert_eq!(sound(&text), text, "{}", path.display());
        let code = |line: &str| match line.starts_with("//") {
            true => format!("{line}\n"),
            false => format!("  {}\n", line.replace(" = ", "=").replace(", ", " ,")),
        };
        for ugly in [
            text.lines().map(code).collect(),
            text.replace('\n', "\r\n"),
            text.replace("    ", "\t "),
        ] {
            assert_eq!(sound(&ugly), text, "{}", path.display());
        }
    }
}

#[test]
fn broken_specs_that_parse_are_formatted_without_loss() {
    for path in specs("tests/bad") {
        let text = std::fs::read_to_string(&path).expect("a spec");
        if format(&Source::new("t", text.as_str())).is_ok() {
            sound(&text);
        }
    }
}

#[test]
fn the_layout() {
    let ugly = "// head\nunit  u( width,stride=1 ){// why\n\n\n F=bn->relu\n->conv( 3x3 ,width,stride :stride)\n\
        // between\n\n\n let a=- 1-  -2*( width+1e-4 )\n\n y=x+F( x )*a // sum\n // last\n\n} // end\n\
        net n{let k=2 input(1,8,8)->u( 1 )*k // twice\n->global_avg_pool\n// linear at last\n->linear(2)}";
    let pretty = "\
// head
unit u(width, stride = 1) { // why
    F = bn -> relu
        -> conv(3x3, width, stride: stride)
    // between

    let a = -1 - -2 * (width + 1e-4)

    y = x + F(x) * a // sum
    // last
} // end

net n {
    let k = 2
    input(1, 8, 8) -> u(1) * k // twice
    -> global_avg_pool
    // linear at last
    -> linear(2)
}
";
    assert_eq!(sound(ugly), pretty);
}

#[test]
fn long_lines_are_broken_at_the_outermost_place() {
    let stages = ["conv(3x3, 16, stride: 1)"; 9].join(" -> ");
    let sum = vec!["F(x)"; 40].join(" + ");
    let text = sound(&format!("unit u {{ F = {stages} y = x + {sum} }}"));
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    assert!(text.contains("\n        -> conv(3x3, 16, stride: 1) -> conv"), "{text}");
    let long = "x".repeat(150);
    assert!(sound(&format!("unit {long} {{ y = {long}(x) }}")).contains(&long));
}

#[test]
fn nothing_but_comments_is_a_file_too() {
    assert_eq!(sound(""), "");
    assert_eq!(sound("\n\n  // a\n\n\n// b"), "// a\n\n// b\n");
}

/// An expression of the grammar, with comments and breaks between tokens.
fn expression() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(
        &["x", "width", "3x3", "0.5", "1e-3", "-2", "- a", "bn", "conv(3x3, 16)", "F(x)"][..],
    );
    let space =
        || proptest::sample::select(&["", " ", "\n", " // c\n", "\n\n // d\n", "\r\n", "\t"][..]);
    leaf.prop_map(str::to_owned).prop_recursive(4, 24, 3, move |inner| {
        let infix = proptest::sample::select(&["->", "+", "-", "*", "/"][..]);
        let separator = infix.prop_map(|sign| format!(" {sign} "));
        prop_oneof![
            (inner.clone(), space(), separator, space(), inner.clone())
                .prop_map(|(a, s, sign, t, b)| format!("{a}{s}{sign}{t}{b}")),
            (space(), inner.clone(), space()).prop_map(|(s, a, t)| format!("({s}{a}{t})")),
            (inner.clone(), space(), inner)
                .prop_map(|(a, s, b)| format!("f({s}{a},{s}stride{s}:{b}{s},)")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn random_specs_keep_their_tokens(
        bindings in proptest::collection::vec(expression(), 0..4),
        chain in expression(),
        default in expression(),
    ) {
        let bindings: String =
            bindings.iter().enumerate().map(|(i, e)| format!("a{i} = {e} // e\n")).collect();
        let text = format!("unit u(w, s = {default}) {{ {bindings} }} net n {{ let b = 1 {chain} }}");
        if format(&Source::new("t", text.as_str())).is_ok() {
            sound(&text);
        }
    }
}

/// A byte order mark and line ends of other systems are no part of what is written.
#[test]
fn marks_and_line_ends_are_read_past() {
    let text = "net n {\n    input(3, 8, 8) -> linear(2) // scores\n}\n";
    let marked = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    assert_eq!(formatted(&marked), text);
    let source = Source::new("t.rnet", marked.replace("linear", "linaer"));
    let errors = rnetc::sema::compile(&source, &[]).expect_err("a misspelt layer");
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert_eq!(source.line_column(errors[0].span.range().start), (2, 23));
    let [start, end] = source.in_file(errors[0].span).map(|at| at as usize);
    assert_eq!(&marked.replace("linear", "linaer")[start..end], "linaer");
    let first = Source::new("t.rnet", "\u{feff}nte n { input(3, 8, 8) -> linear(2) }");
    let errors = rnetc::sema::compile(&first, &[]).expect_err("no definition");
    assert_eq!(first.line_column(errors[0].span.range().start), (1, 1));
    let allowed = "\u{feff}// allow W0007: a test\nnet n { input(3, 8, 8) -> linear(2) -> relu }";
    let compiled = rnetc::sema::compile(&Source::new("t.rnet", allowed), &[]).expect("a net");
    assert_eq!(compiled.warnings, []);
}
