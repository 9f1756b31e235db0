//! Every spec that the pages show compiles, without warnings and in the layout.

use rnetc::sema;
use rnetc::source::Source;
use rnetc::syntax::format;

use crate::page::pages;

#[test]
fn every_spec_compiles_and_is_in_the_layout() {
    let mut count = 0;
    for page in pages() {
        for block in page.blocks.iter().filter(|block| block.language == "rnet") {
            let place = page.place(block);
            let source = Source::new(place.clone(), block.text.clone());
            assert_eq!(format::format(&source), Ok(block.text.clone()), "{place}");
            let source = Source::new(place.clone(), in_a_net(&block.text));
            let compiled = sema::compile(&source, &[]);
            let compiled = compiled.unwrap_or_else(|errors| panic!("{place}: {errors:#?}"));
            assert_eq!(compiled.warnings, [], "{place}");
            count += 1;
        }
    }
    assert!(count >= 2, "{count}");
}

/// A unit alone gets a net around it.
fn in_a_net(text: &str) -> String {
    if text.contains("net ") {
        return text.to_owned();
    }
    let name = text.strip_prefix("unit ").and_then(|text| text.split('(').next());
    let name = name.expect("a net, or a unit at the start");
    format!("{text}\nnet n {{ input(16, 8, 8) -> {name}(16) -> global_avg_pool -> linear(10) }}\n")
}
