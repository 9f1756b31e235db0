//! Every example of `specs/LANGUAGE.md` is right, without warnings and in the layout.

use rnetc::sema;
use rnetc::source::Source;
use rnetc::syntax::format;

const REFERENCE: &str = include_str!("../../specs/LANGUAGE.md");

fn examples() -> Vec<&'static str> {
    let mut blocks = REFERENCE.split("```rnet\n").skip(1);
    blocks.by_ref().map(|block| block.split("```").next().expect("it ends")).collect()
}

#[test]
fn every_example_compiles() {
    let examples = examples();
    assert!(examples.len() >= 7, "{}", examples.len());
    for text in examples {
        let source = Source::new("LANGUAGE.md", text);
        let compiled = sema::compile(&source, &[]).unwrap_or_else(|e| panic!("{text}\n{e:#?}"));
        assert_eq!(compiled.warnings, [], "{text}");
    }
}

#[test]
fn every_example_is_in_the_layout() {
    for text in examples() {
        // Comments beside code are aligned in the page.
        let aligned = |line: &str| match line.split_once("  //") {
            Some((code, comment)) => format!("{} //{comment}\n", code.trim_end()),
            None => format!("{line}\n"),
        };
        let text: String = text.lines().map(aligned).collect();
        assert_eq!(format::format(&Source::new("t", text.as_str())), Ok(text));
    }
}

#[test]
fn every_layer_and_word_is_in_the_reference() {
    for layer in sema::layers::LayerName::all() {
        assert!(REFERENCE.contains(&format!("`{}", layer.text())), "{}", layer.text());
        for slot in layer.slots().iter().filter(|slot| slot.required) {
            assert!(REFERENCE.contains(slot.name), "{} of {}", slot.name, layer.text());
        }
    }
    for function in sema::functions::FunctionName::ALL {
        assert!(REFERENCE.contains(&format!("`{}", function.usage())), "{}", function.text());
    }
    for word in sema::layers::Word::ALL {
        assert!(REFERENCE.contains(&format!("`{}`", word.text())), "{}", word.text());
    }
    for code in rnetc::diagnostic::Code::ALL.iter().filter(|code| code.text().starts_with('W')) {
        assert!(REFERENCE.contains(code.text()), "{}", code.text());
    }
}

/// The TextMate grammar colours what the language has.
#[test]
fn the_editor_grammar_knows_every_layer_and_word() {
    const GRAMMAR: &str = include_str!("../../grammar/rnet.tmLanguage.json");
    let grammar: serde_json::Value = serde_json::from_str(GRAMMAR).expect("JSON");
    let patterns = grammar["repository"]["expression"]["patterns"].as_array().expect("a list");
    let words: Vec<&str> = patterns
        .iter()
        .filter_map(|pattern| pattern["match"].as_str())
        .flat_map(|pattern| pattern.split(['(', ')', '|']))
        .collect();
    for function in sema::functions::FunctionName::ALL {
        assert!(words.contains(&function.text()), "{}", function.text());
    }
    let layers = sema::layers::LayerName::all().map(|layer| layer.text());
    for word in layers.chain(sema::layers::Word::ALL.iter().map(|word| word.text())) {
        assert!(words.contains(&word), "{word}");
    }
}
