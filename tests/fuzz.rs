//! The fuzz targets' checks on a corpus (every spec, broken or not, and every example of the
//! reference) and on random units, within seconds.

#[path = "../fuzz/checks.rs"]
mod checks;

use std::path::Path;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

fn corpus() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = Vec::new();
    for folder in ["specs", "tests/bad"] {
        for entry in std::fs::read_dir(root.join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|ending| ending == "rnet") {
                texts.push(std::fs::read_to_string(path).expect("a text"));
            }
        }
    }
    let reference = std::fs::read_to_string(root.join("specs/LANGUAGE.md")).expect("a text");
    let blocks = reference.split("```rnet\n").skip(1);
    texts.extend(blocks.filter_map(|block| block.split("```").next()).map(str::to_owned));
    texts
}

#[test]
fn the_corpus_holds() {
    for text in corpus() {
        checks::parser(&text);
        checks::format(&text);
    }
}

/// Texts of the corpus with a piece cut out, doubled, or put into another.
#[test]
fn mutations_of_the_corpus_hold() {
    let corpus = corpus();
    let start = Instant::now();
    let mut runner = TestRunner::deterministic();
    let strategy = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<[u16; 4]>());
    let mut done = 0;
    while start.elapsed() < Duration::from_secs(4) {
        let (a, b, places) = strategy.new_tree(&mut runner).expect("a choice").current();
        let text = mutated(&corpus[a.index(corpus.len())], &corpus[b.index(corpus.len())], places);
        checks::parser(&text);
        checks::format(&text);
        done += 1;
    }
    assert!(done > 50, "{done}");
}

fn mutated(a: &str, b: &str, [from, length, take, put]: [u16; 4]) -> String {
    let piece = |text: &str, from: u16, length: u16| -> (usize, usize) {
        let boundary = |mut at: usize| {
            at = at.min(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let from = boundary(usize::from(from) % (text.len() + 1));
        (from, boundary(from + usize::from(length) % 40))
    };
    let (cut_from, cut_to) = piece(a, from, length);
    let (other_from, other_to) = piece(b, take, put);
    format!("{}{}{}", &a[..cut_from], &b[other_from..other_to], &a[cut_to..])
}

/// A function of `w` channels that keeps the shape, or a value of x.
fn unit() -> impl Strategy<Value = String> {
    let layer = prop::sample::select(
        &[
            "bn",
            "relu",
            "tanh",
            "sigmoid",
            "conv(3x3, 4)",
            "conv(1x1, 4, bias: -1)",
            "conv(5x3, 4)",
            "dropout(0.3)",
            "drop_path(0.2)",
            "max_pool(3, 1, 1)",
            "identity",
            "avg_pool(3, stride: 1, padding: 1)",
            "shortcut(4)",
        ][..],
    );
    let chain = prop::collection::vec(layer, 1..4).prop_map(|layers| layers.join(" -> "));
    let applied = chain.prop_map(|chain| format!("({chain})(x)"));
    let leaf = prop_oneof![applied, Just("x".to_owned()), Just("0.5".to_owned())];
    leaf.prop_recursive(3, 8, 2, |inner| {
        (inner.clone(), prop::sample::select(&["+", "-", "*"][..]), inner)
            .prop_map(|(a, sign, b)| format!("({a} {sign} {b})"))
    })
}

#[test]
fn kernels_of_random_units_are_wgsl() {
    let start = Instant::now();
    let mut runner = TestRunner::deterministic();
    let strategy = (unit(), unit(), any::<bool>());
    let mut kernels = 0;
    while start.elapsed() < Duration::from_secs(6) {
        let (a, b, rectified) = strategy.new_tree(&mut runner).expect("a unit").current();
        let f = if rectified { "f = relu" } else { "" };
        let text = format!(
            "unit u {{ y = x + {a} * ({b}) {f} }}
            net n {{ input(3, 6, 5) -> conv(3x3, 4) -> u * 2 -> global_avg_pool -> linear(3) }}"
        );
        kernels += checks::kernels_of(&text).expect("a small net");
        checks::format(&text);
    }
    assert!(kernels > 100, "{kernels} kernels");
}
