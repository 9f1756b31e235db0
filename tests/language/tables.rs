//! Sizes of whole networks: the papers' tables, and a count by hand.

use super::spec;
use rnetc::network::{Activation, Layer, Network};

/// Parameters to the last one, and multiply-accumulates in the digits that the table gives.
fn check(network: &Network, parameters: usize, macs: &str) {
    assert_eq!(network.parameters(), parameters, "{}", network.name);
    let decimals = macs.split_once('.').map_or(0, |(_, digits)| digits.len());
    assert_eq!(format!("{:.decimals$}", network.macs() as f64 / 1e6), macs, "{}", network.name);
}

/// Multiply-accumulates of a basic network with n units a stage, counted stage by stage: two
/// 3×3 convolutions a unit, the first of stages 2 and 3 from half the width.
fn basic_macs(n: u64) -> u64 {
    let stage = |width: u64, side: u64, first: u64| {
        9 * side * side * (first * width + width * width + (n - 1) * 2 * width * width)
    };
    9 * 3 * 16 * 1024 + stage(16, 32, 16) + stage(32, 16, 16) + stage(64, 8, 32) + 640
}

/// The same for bottlenecks with the stride on the first 1×1 and projections.
fn bottleneck_macs(n: u64) -> u64 {
    let stage = |width: u64, side: u64, first: u64| {
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
            assert_eq!(network.units.len() as u64, (depth - 2) / 2);
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
        assert_eq!(network.units.len() as u64, (depth - 2) / 3);
    }
}

#[test]
fn gates_are_counted_and_computed_once() {
    let network = spec("exclusive_gate", &[]);
    check(&network, 1_824_186, "266.8");
    let sigmoids =
        network.values.iter().filter(|v| v.layer == Layer::Activation(Activation::Sigmoid)).count();
    assert_eq!(sigmoids, 54, "g(x) stands twice in y and is one value");
}

/// Every spec with what a net of the papers' depth has: parameters, multiply-accumulates in
/// millions, units.
#[allow(clippy::type_complexity)]
const SIZES: &[(&str, &[(&str, &str)], usize, &str, usize)] = &[
    ("plain", &[], 1_727_962, "252.89", 54),
    ("constant_scaling", &[], 1_727_962, "252.89", 54),
    ("exclusive_gate", &[], 1_824_186, "266.8", 54),
    ("shortcut_gate", &[], 1_824_186, "266.8", 54),
    ("conv_shortcut", &[], 1_826_202, "266.8", 54),
    ("dropout_shortcut", &[], 1_727_962, "252.89", 54),
    ("bn_after_addition", &[], 1_727_962, "252.89", 54),
    ("relu_before_addition", &[], 1_727_962, "252.89", 54),
    ("relu_only_preact", &[], 1_727_962, "252.89", 54),
    ("stochastic_depth", &[], 1_727_962, "252.89", 54),
    ("stochastic_depth", &[("average", "0")], 1_727_962, "252.89", 54),
    ("original", &[], 1_727_962, "252.89", 54),
    ("original", &[("kind", "project")], 1_730_714, "253.1", 54),
    ("original", &[("depth", "20"), ("front", "1")], 269_722, "40.55", 9),
    ("preact", &[], 1_727_962, "252.89", 54),
    ("preact", &[("shared", "0")], 1_727_962, "252.89", 54),
    ("one_layer", &[], 1_727_962, "252.89", 108),
    ("one_layer_preact", &[], 1_727_962, "252.89", 108),
    ("bottleneck_original", &[], 1_704_154, "244.5", 54),
    ("bottleneck_original", &[("first", "1")], 1_704_154, "247.6", 54),
    ("bottleneck_original", &[("depth", "1001")], 10_328_602, "1488", 333),
    ("bottleneck_preact", &[], 1_703_258, "244.5", 54),
    ("bottleneck_preact", &[("first", "1")], 1_703_258, "247.6", 54),
    ("bottleneck_preact", &[("depth", "1001")], 10_327_706, "1488", 333),
    ("bottleneck_constant_scaling", &[], 1_704_154, "244.5", 54),
    ("bottleneck_dropout_shortcut", &[], 1_704_154, "244.5", 54),
    // The projections have no BN of their own: 2·(64 + 128 + 256) parameters fewer.
    ("bottleneck_bn_after_addition", &[], 1_703_258, "244.5", 54),
    ("bottleneck_relu_before_addition", &[], 1_704_154, "244.5", 54),
    ("bottleneck_relu_only_preact", &[], 1_704_154, "244.5", 54),
    // A gate or 1×1 shortcut on every unit.
    ("bottleneck_exclusive_gate", &[], 3_216_474, "464", 54),
    ("bottleneck_shortcut_gate", &[], 3_216_474, "464", 54),
    ("bottleneck_conv_shortcut", &[], 3_181_658, "458", 54),
    ("vgg", &[], 14_728_266, "313", 0),
    ("vgg_lesion", &[], 1_925_258, "455", 14),
    ("highway", &[], 532_330, "83.02", 17),
    // Huang et al. 2017, Table 2: 0.8, 15.3 and 25.6 million; the first is what the authors' code has.
    ("densenet_bc", &[], 769_162, "287.93", 48),
    ("densenet_bc", &[("depth", "250"), ("growth", "24")], 15_324_406, "5419", 123),
    ("densenet_bc", &[("depth", "190"), ("growth", "40")], 25_624_430, "9302", 93),
    // What torchvision's networks of these names have.
    ("imagenet_original", &[], 25_557_032, "4089", 16),
    ("imagenet_original", &[("depth", "101")], 44_549_160, "7801", 33),
    ("imagenet_original", &[("depth", "152"), ("second", "8")], 60_192_808, "11514", 50),
    ("imagenet_original", &[("depth", "200"), ("second", "24")], 64_673_832, "15007", 66),
    ("imagenet_original", &[("inner", "2")], 68_883_240, "11398", 16),
    ("imagenet_original", &[("depth", "101"), ("inner", "2")], 126_886_696, "22753", 33),
    ("imagenet_original", &[("inner", "2"), ("groups", "32")], 25_028_904, "4230", 16),
    ("imagenet_original", &RESNEXT_101, 88_791_336, "16414", 33),
    ("resnet18", &[], 11_689_512, "1814", 8),
    ("resnet18", &[("depth", "34")], 21_797_672, "3664", 16),
    ("imagenet_preact", &[], 64_666_152, "15007", 66),
    // What timm's resnetv2_50, resnetv2_101, resnet50d, resnet101d and resnet152d have.
    ("imagenet_preact", &V2_50, 25_549_352, "4089", 16),
    ("imagenet_preact", &V2_101, 44_541_480, "7801", 33),
    ("resnet_d", &[], 25_576_264, "4329", 16),
    ("resnet_d", &[("depth", "101")], 44_568_392, "8041", 33),
    ("resnet_d", &[("depth", "152"), ("second", "8")], 60_212_040, "11753", 50),
    // With group norm in place of batch norm, torchvision's ResNet-50 and -101.
    ("resnet_gn", &[], 25_557_032, "4089", 16),
    ("resnet_gn", &[("depth", "101")], 44_549_160, "7801", 33),
    // As many as in PyTorch, counted with tests/goldens/make_nets.py.
    ("rezero", &[], 853_045, "125.49", 27),
    ("fixup", &[], 1_720_138, "252.89", 54),
    // Zagoruyko & Komodakis 2016, Table 5: 36.5, 8.9 and 11.0 million.
    ("wide", &[], 36_479_194, "5243", 12),
    ("wide", &[("drop", "0.3")], 36_479_194, "5243", 12),
    ("wide", &[("depth", "40"), ("widen", "4")], 8_949_210, "1299", 18),
    ("wide", &[("depth", "16"), ("widen", "8")], 10_961_370, "1548", 6),
    // What pytorch-cifar's ResNet18, ResNet34, ResNet50, PreActResNet18 and PreActResNet34 have.
    ("resnet18", &[("cifar", "1")], 11_173_962, "555.42", 8),
    ("resnet18", &[("cifar", "1"), ("depth", "34")], 21_282_122, "1159", 16),
    ("imagenet_original", &[("cifar", "1")], 23_520_842, "1297.83", 16),
    ("preact_resnet18", &[], 11_171_146, "555.42", 8),
    ("preact_resnet18", &[("depth", "34")], 21_279_306, "1159", 16),
    // With the BN-ReLU of He et al. 2016 behind the last unit.
    ("preact_resnet18", &[("last", "1")], 11_172_170, "555.42", 8),
    // pytorchcv's fractalnet_cifar10.
    ("fractal", &[], 33_724_618, "845.22", 5),
    // Han et al. 2016, Table 2: 1.7, 3.8 and 28.3 million, the last of which comes to 28.5 here.
    ("pyramid", &[], 1_739_730, "393.53", 54),
    ("pyramid", &[("alpha", "84")], 3_855_054, "757.85", 54),
    ("pyramid", &[("alpha", "270")], 28_485_477, "4717.98", 54),
    // Page 2018, part 4: 6.57 million.
    ("resnet9", &[], 6_573_120, "379.26", 3),
    ("resnet9", &[("classes", "100")], 6_619_200, "379.31", 3),
    // The author's code for 9.9 and 37 epochs of 49,152 pictures, three passes each: 0.36 and 4.91 PFLOPs.
    ("airbench94", &[], 1_971_640, "118.15", 4),
    ("airbench96", &[], 9_915_704, "451.97", 7),
    // Xie et al. 2016, Table 7: 34.4 and 68.1 million.
    ("resnext29", &[], 34_426_698, "5387.27", 9),
    ("resnext29", &[("groups", "16")], 68_155_210, "10688.9", 9),
    // What pytorch-cifar's SENet18 has; SE adds 2·w·w/16 + w + w/16 to a unit of w channels.
    ("se_preact", &[], 11_260_354, "555.51", 8),
    ("se_preact", &[("depth", "34")], 21_440_630, "1159.56", 16),
    // Woo et al. 2018, Table 4: 11.78 and 21.96 million.
    ("cbam", &[], 11_779_392, "1815", 8),
    ("cbam", &[("depth", "34")], 21_960_468, "3665", 16),
    // Gastaldi 2017: 2.9, 11.7 and 26.2 million.
    ("shake_shake", &[], 2_923_162, "426.69", 12),
    ("shake_shake", &[("width", "64")], 11_653_978, "1685.51", 12),
    ("shake_shake", &[("width", "96")], 26_192_922, "3776.89", 12),
    // Yamada et al. 2018 have Han et al.'s nets: 28.3 and 26.0 million.
    ("shakedrop", &[], 28_485_477, "4717.98", 54),
    ("shakedrop", &SHAKEDROP_272, 26_049_562, "4446.85", 90),
    // Gomez et al. 2017, Table 1: 0.46 and 1.73 million.
    ("revnet", &[], 464_890, "77.23", 9),
    ("revnet", &[("depth", "110"), ("last", "128")], 1_729_194, "253.33", 27),
    // kuangliu's for CIFAR, torchvision's.
    ("mobilenetv2", &[], 2_296_922, "91.15", 17),
    ("mobilenetv2", &[("cifar", "0")], 3_504_872, "300.77", 17),
];

const RESNEXT_101: [(&str, &str); 3] = [("depth", "101"), ("inner", "4"), ("groups", "32")];
const SHAKEDROP_272: [(&str, &str); 3] = [("depth", "272"), ("widen", "200"), ("bottleneck", "1")];
const V2_50: [(&str, &str); 3] = [("depth", "50"), ("second", "4"), ("early", "0")];
const V2_101: [(&str, &str); 3] = [("depth", "101"), ("second", "4"), ("early", "0")];

#[test]
fn every_spec_has_the_tables_size() {
    for &(name, settings, parameters, macs, units) in SIZES {
        let network = spec(name, settings);
        check(&network, parameters, macs);
        assert_eq!(network.units.len(), units, "{name}");
    }
}

#[test]
fn every_spec_is_in_the_table() {
    let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/specs")).expect("specs");
    let paths = folder.map(|entry| entry.expect("entry").path());
    for path in paths.filter(|path| path.extension().is_some_and(|e| e == "rnet")) {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(SIZES.iter().any(|row| row.0 == name), "{name} has no row");
        let text = std::fs::read_to_string(&path).expect("spec");
        let head = text.split("\nunit").next().expect("a head");
        let papers = [
            "He et al. 2015",
            "He et al. 2016",
            "Veit et al. 2016",
            "Huang et al. 2016",
            "Huang et al. 2017",
            "Zagoruyko & Komodakis 2016",
            "Xie et al. 2016",
            "Sandler et al. 2018",
            "He T. et al. 2018",
            "Page 2018",
            "Jordan 2024",
            "Wu & He 2018",
            "Bachlechner et al. 2020",
            "Zhang et al. 2019",
            "Larsson et al. 2016",
            "Han et al. 2016",
            "Gomez et al. 2017",
            "Gastaldi 2017",
            "Yamada et al. 2018",
            "Hu et al. 2017",
            "Woo et al. 2018",
        ];
        let named = papers.iter().any(|paper| head.contains(paper));
        assert!(named, "{name} does not say what it stands for");
    }
}

#[test]
fn deep_networks_compile_fast() {
    let start = std::time::Instant::now();
    spec("bottleneck_preact", &[("depth", "1001")]);
    // 10 ms on the machine this was written on.
    assert!(start.elapsed().as_secs_f64() < 1.0, "{:?}", start.elapsed());
}
