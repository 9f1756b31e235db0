//! What holds for every text; the fuzz targets and `tests/fuzz.rs` both run these.
#![allow(dead_code)]

use rnetc::diagnostic::render::render;
use rnetc::engine::wgpu;
use rnetc::lower;
use rnetc::nn::optimiser::Sgd;
use rnetc::sema;
use rnetc::source::Source;
use rnetc::syntax::{format, tokens::tokens};

/// A text is a network or has an error that can be shown.
pub fn parser(text: &str) {
    let source = Source::new("fuzz.rnet", text);
    match sema::compile(&source, &[]) {
        Ok(compiled) => assert!(compiled.network.parameters() < 1 << 32),
        Err(errors) => {
            assert!(!errors.is_empty());
            assert!(!render(&source, &errors, true).is_empty());
        }
    }
}

/// Formatting loses nothing, changes no meaning, and is done after one time.
pub fn format(text: &str) {
    let Ok(once) = self::formatted(text) else { return };
    // A byte order mark is no word, and is not kept.
    let words = |text: &str| {
        let source = Source::new("fuzz.rnet", text);
        tokens(&source.text).iter().map(|t| t.text.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(words(text), words(&once));
    assert_eq!(formatted(&once).as_ref(), Ok(&once));
    let net = |text: &str| {
        let compiled = sema::compile(&Source::new("fuzz.rnet", text), &[]).ok()?;
        let network = compiled.network;
        let values = network.values.iter().map(|v| (v.layer.clone(), v.args.clone(), v.shape));
        Some((values.collect::<Vec<_>>(), network.parameters()))
    };
    assert_eq!(net(text), net(&once));
}

fn formatted(text: &str) -> Result<String, ()> {
    format::format(&Source::new("fuzz.rnet", text)).map_err(drop)
}

/// The number of kernels checked, where the text is a small network.
pub fn kernels_of(text: &str) -> Option<usize> {
    const MOST_MACS: u64 = 1 << 22;
    const MOST_VALUES: usize = 200;
    let compiled = sema::compile(&Source::new("fuzz.rnet", text), &[]).ok()?;
    let network = compiled.network;
    let elements: usize = network.values.iter().map(|value| value.shape.len()).sum();
    if network.macs() > MOST_MACS
        || network.values.len() > MOST_VALUES
        || elements as u64 > MOST_MACS
    {
        return None;
    }
    let programs = [lower::training(&network, 2, &Sgd::PAPER), lower::inference(&network, 2)];
    let mut count = 0;
    for program in &programs {
        // A refusal is an answer; a kernel that is not WGSL is none.
        for kernel in wgpu::kernels(program).into_iter().flatten() {
            wgpu::validate(&kernel.wgsl).unwrap_or_else(|fault| panic!("{text}\n{fault}"));
            count += 1;
        }
    }
    Some(count)
}

/// A small network's kernels are WGSL that naga accepts.
pub fn kernels(text: &str) {
    kernels_of(text);
}
