//! The program of `docs/src/library.md` compiles.

use crate::page::read;

/// Compiled, and not run: it trains for minutes.
#[allow(dead_code, reason = "compiled only")]
#[rustfmt::skip]
fn program() -> Result<(), Box<dyn std::error::Error>> {
    let spec = rnetc::Spec::preact().set("depth", 20);
    let training = rnetc::Training::new(&spec, spec.compile()?, rnetc::Recipe::he2016()?)?;
    let engine = rnetc::EngineOptions::best().open()?;
    let data = rnetc::Dataset::shapes10();
    let mut run = training.length(rnetc::Length::Epochs(4.into())).prepare(&data, &engine)?;
    run.train(&mut ())?; // `()` watches nothing; an `Observer` of yours is told of each step, and may stop
    run.model()?.save("shapes.safetensors")?;
    Ok(())
}

#[test]
fn the_program_of_the_page_is_the_one_that_compiles() {
    let page = read("docs/src/library.md");
    let block = page.blocks.iter().find(|block| block.language == "rust").expect("a program");
    let body = include_str!("library.rs").split("std::error::Error>> {\n").nth(1).expect("a body");
    let body: String = body
        .lines()
        .take_while(|line| !line.contains("Ok(())"))
        .map(|line| format!("{}\n", line.trim()))
        .collect();
    assert_eq!(block.text, body);
}
