//! Sizes of whole networks: the papers' tables, and a count by hand.

use super::{network, spec};
use rnetc::sema::network::{Layer, Network};

/// Parameters to the last one, and multiply-accumulates in the digits that the table gives.
fn check(network: &Network, parameters: usize, macs: &str) {
    assert_eq!(network.parameters(), parameters, "{}", network.name);
    let decimals = macs.split_once('.').map_or(0, |(_, digits)| digits.len());
    assert_eq!(format!("{:.decimals$}", network.macs() as f64 / 1e6), macs, "{}", network.name);
}

/// Multiply-accumulates of a basic network with n units a stage, counted stage by stage: two
/// 3×3 convolutions a unit, the first of stages 2 and 3 from half the width.
fn basic_macs(n: usize) -> usize {
    let stage = |width: usize, side: usize, first: usize| {
        9 * side * side * (first * width + width * width + (n - 1) * 2 * width * width)
    };
    9 * 3 * 16 * 1024 + stage(16, 32, 16) + stage(32, 16, 16) + stage(64, 8, 32) + 640
}

/// The same for bottlenecks with the stride on the first 1×1 and projections.
fn bottleneck_macs(n: usize) -> usize {
    let stage = |width: usize, side: usize, first: usize| {
        let rest = 9 * width * width + 4 * width * width;
        let project = 4 * first * width;
        side * side * (first * width + rest + project + (n - 1) * (4 * width * width + rest))
    };
    9 * 3 * 16 * 1024 + stage(16, 32, 16) + stage(32, 16, 64) + stage(64, 8, 128) + 2560
}

#[test]
fn basic_networks_have_the_tables_sizes() {
    for name in ["original", "preact"] {
        for (depth, parameters, macs) in [
            (20, 269_722, "40.55"),
            (32, 464_154, "68.86"),
            (44, 658_586, "97.17"),
            (56, 853_018, "125.49"),
            (110, 1_727_962, "252.89"),
            (1202, 19_421_274, "2829"),
        ] {
            let network = spec(name, &[("depth", &depth.to_string())]);
            check(&network, parameters, macs);
            assert_eq!(network.macs(), basic_macs((depth - 2) / 6), "{name} {depth}");
            assert_eq!(network.units.len(), (depth - 2) / 2);
        }
    }
    check(&spec("preact", &[]), 1_727_962, "252.89");
    check(&spec("original", &[]), 1_727_962, "252.89");
}

#[test]
fn option_b_adds_its_projections() {
    assert_eq!(spec("original", &[("kind", "project")]).parameters(), 1_730_714);
    // Without BN, and pre-activation has no BN there: 16·32 + 32·64 weights more.
    let preact = spec("preact", &[("kind", "project")]);
    assert_eq!(preact.parameters(), 1_727_962 + 16 * 32 + 32 * 64);
}

#[test]
fn bottleneck_networks_have_the_tables_sizes() {
    for (name, depth, parameters, macs) in [
        ("bottleneck_original", 164, 1_704_154, "244.5"),
        ("bottleneck_preact", 164, 1_703_258, "244.5"),
        ("bottleneck_original", 1001, 10_328_602, "1488"),
        ("bottleneck_preact", 1001, 10_327_706, "1488"),
    ] {
        let network = spec(name, &[("depth", &depth.to_string())]);
        check(&network, parameters, macs);
        assert_eq!(network.macs(), bottleneck_macs((depth - 2) / 9), "{name} {depth}");
        assert_eq!(network.units.len(), (depth - 2) / 3);
    }
}

#[test]
fn gates_are_counted_and_computed_once() {
    let network = spec("exclusive_gate", &[]);
    check(&network, 1_824_186, "266.8");
    let sigmoids = network.values.iter().filter(|v| v.layer == Layer::Sigmoid).count();
    assert_eq!(sigmoids, 54, "g(x) stands twice in y and is one value");
}

#[test]
fn all_shortcuts_as_convolutions() {
    let network = network(
        "unit u(width, stride = 1) {
            F = conv(3x3, width, stride: stride) -> bn -> relu -> conv(3x3, width) -> bn
            h = conv(1x1, width, stride: stride) -> bn
            y = h(x) + F(x)
            f = relu
        }
        net n(classes = 10) {
            input(3, 32, 32) -> conv(3x3, 16) -> bn -> relu -> u(16) * 18
            -> u(32, 2) -> u(32) * 17 -> u(64, 2) -> u(64) * 17
            -> global_avg_pool -> linear(classes)
        }",
    );
    check(&network, 1_826_202, "266.8");
}

#[test]
fn one_layer_units_keep_the_size() {
    let network = network(
        "unit u(width, stride = 1) {
            F = conv(3x3, width, stride: stride) -> bn
            h = shortcut(width, stride: stride)
            y = h(x) + F(x)
            f = relu
        }
        net n {
            input(3, 32, 32) -> conv(3x3, 16) -> bn -> relu -> u(16) * 36
            -> u(32, 2) -> u(32) * 35 -> u(64, 2) -> u(64) * 35
            -> global_avg_pool -> linear(10)
        }",
    );
    check(&network, 1_727_962, "252.89");
    assert_eq!(network.units.len(), 108);
}

#[test]
fn a_vgg_has_the_tables_size() {
    let layer = |width: usize| format!("-> conv(3x3, {width}) -> bn -> relu ");
    let mut chain = String::from("input(3, 32, 32) ");
    for (width, layers) in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)] {
        chain += &layer(width).repeat(layers);
        chain += "-> max_pool(2) ";
    }
    let network = network(&format!("net vgg {{ {chain} -> linear(10) }}"));
    let millions = format!("{:.2}", network.parameters() as f64 / 1e6);
    // The table has biases in no convolution or in all; 4,224 of them do not show.
    assert!(["14.72", "14.73"].contains(&millions.as_str()), "{millions}");
    assert_eq!(network.macs() / 1_000_000, 313);
    assert_eq!(network.modules[0].name, "layers.conv1");
}

#[test]
fn deep_networks_compile_fast() {
    let start = std::time::Instant::now();
    spec("bottleneck_preact", &[("depth", "1001")]);
    // 10 ms on the machine this was written on.
    assert!(start.elapsed().as_secs_f64() < 1.0, "{:?}", start.elapsed());
}
