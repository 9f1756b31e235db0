//! Names that nobody gives.

use super::*;

/// Far more tensors than the net has, and as many as the largest nets have.
#[test]
fn a_hundred_thousand_tensors_cost_little() {
    let text = "
        unit u { F = conv(1x1, 1) -> bn  y = x + F(x) }
        net n(units = 5000) { input(1, 1, 1) -> (conv(1x1, 1) -> bn) * 3 -> u * units -> linear(2) }";
    let dict = |blocks: usize| {
        let mut dict = Dict::default();
        for at in 0..3 {
            dict.conv(&format!("stem.{}", 2 * at), [1, 1, 1]);
            dict.norm(&format!("stem.{}", 2 * at + 1), 1);
        }
        for at in 0..blocks {
            dict.conv(&format!("blocks.{at}.c"), [1, 1, 1]);
            dict.norm(&format!("blocks.{at}.b"), 1);
        }
        dict.linear("fc", [1, 2]);
        dict.sorted()
    };
    let started = std::time::Instant::now();
    let many = dict(17_000);
    assert!(many.0.len() > 100_000);
    let network = net(text, &[("units", "5")]);
    assert!(matches!(many.pair(&network), Err(Unpaired::Counts { .. })));
    let network = net(text, &[]);
    assert!(matches!(many.pair(&network), Err(Unpaired::Counts { .. })));
    let pairing = dict(5000).pair(&network).unwrap();
    assert_eq!(of(&pairing, "units.4321.F.bn"), "blocks.4320.b");
    // A few seconds without optimisation.
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

/// Names that an enemy chose, as many as a net may have values: no time to speak of, and no panic.
#[test]
fn hostile_names_cost_little() {
    let text = "
        unit u { F = conv(1x1, 1) -> bn  y = x + F(x) }
        net n { input(1, 1, 1) -> u * 1500 -> linear(2) }";
    let network = net(text, &[]);
    let started = std::time::Instant::now();
    type Style = fn(usize) -> String;
    let styles: [Style; 5] = [
        |at| format!("{at}"),
        |at| format!("a{}b", "1a".repeat(at % 300)),
        |at| format!("{}x{at}", ".".repeat(at % 50)),
        |at| format!("{}{}", "a.".repeat(at % 400), at),
        |at| format!("{:b}", at).replace('1', "n.").replace('0', "1_"),
    ];
    for style in styles {
        let mut dict = Dict::default();
        for at in 0..1500 {
            dict.conv(&format!("{}.c", style(at)), [1, 1, 1]);
            dict.norm(&format!("{}.b", style(at)), 1);
        }
        dict.linear("fc", [1, 2]);
        let _ = dict.pair(&network);
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}
