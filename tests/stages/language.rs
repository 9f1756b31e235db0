//! Stages of the language: the input is a spec.

use rnetc::source::Source;
use rnetc::syntax;

use crate::{compare, network};

#[test]
fn the_parser_leaves_what_is_written() {
    compare("syntax", |spec| {
        syntax::parse(&Source::new("syntax", spec)).expect("a spec that parses").to_string()
    });
}

#[test]
fn networks_are_what_is_written() {
    compare("network", |spec| network("network", spec, &[]).to_string());
}
