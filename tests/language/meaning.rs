//! What specs mean: shapes, names, sharing, positions.

use super::{compile, network, spec};
use rnetc::diagnostic::{Code, Severity};
use rnetc::network::{BinaryOp, Chw, Layer, ModuleKind, Network};

fn shape(c: usize, h: usize, w: usize) -> Chw {
    Chw { c, h, w }
}

/// A net around one unit `u` that reads 4×8×8.
fn around(unit: &str) -> String {
    format!("{unit}\nnet n {{ input(4, 8, 8) -> u -> global_avg_pool -> linear(2) }}")
}

fn names(network: &Network) -> Vec<&str> {
    network.modules.iter().map(|module| module.name.as_str()).collect()
}

#[test]
fn units_have_the_papers_shapes() {
    let network = spec("preact", &[("depth", "20"), ("shared", "0")]);
    let wanted = [(16, 32), (16, 32), (16, 32), (32, 16), (32, 16), (32, 16), (64, 8), (64, 8)];
    for (unit, (width, side)) in network.units.iter().zip(wanted) {
        assert_eq!(network.value(unit.output).shape, shape(width, side, side), "{}", unit.index);
        let (name, f) = &unit.bindings[0];
        assert_eq!((name.as_str(), network.value(*f).shape), ("F", shape(width, side, side)));
    }
    assert_eq!(network.units[3].definition, "preact");
    assert_eq!(network.units[3].sum, network.units[3].output, "f is the identity");
    // h(x) is x itself where the shape is kept, and option A elsewhere.
    assert_eq!(network.units[1].bindings[1], ("h".to_owned(), network.units[1].input));
    let h = network.value(network.units[3].bindings[1].1);
    assert_eq!(
        (h.layer.clone(), h.shape),
        (Layer::PadChannels { channels: 32, before: 0 }, shape(32, 16, 16))
    );
    let subsampled = network.value(h.args[0]);
    assert_eq!(subsampled.layer, Layer::Subsample { stride: 2 });
    assert_eq!(network.classes(), 10);
    let settings = [("depth", 20.0), ("classes", 10.0), ("shared", 0.0)];
    assert_eq!(network.settings, settings.map(|(name, value)| (name.to_owned(), value)));
}

#[test]
fn channels_are_counted_from_zero_and_end_is_behind_the_last() {
    let text = "net n { input(6, 4, 4) -> slice_channels(1, 5) -> slice_channels(2) -> slice_channels(0, 2)
        -> slice_channels(0) -> linear(2) }";
    let network = super::network(text);
    let slices: Vec<_> = network.values[1..3].iter().map(|v| (v.layer.clone(), v.shape)).collect();
    let slice = |start, c| (Layer::SliceChannels { start }, shape(c, 4, 4));
    assert_eq!(slices, [slice(1, 4), slice(2, 2)]);
    // All of them is no layer.
    assert!(matches!(network.values[3].layer, Layer::Linear { .. }));
}

#[test]
fn values_come_after_their_arguments_and_know_their_unit() {
    let network = spec("exclusive_gate", &[("depth", "20")]);
    for (i, value) in network.values.iter().enumerate() {
        assert!(value.args.iter().all(|arg| arg.index() < i));
    }
    for (i, unit) in network.units.iter().enumerate() {
        assert_eq!(unit.index, i + 1);
        assert_eq!(network.value(unit.output).unit.map(|u| u.index()), Some(i));
    }
    assert_eq!(network.value(network.output).unit, None);
}

#[test]
fn names_are_stable_and_unique() {
    let original = spec("bottleneck_original", &[("depth", "11")]);
    assert_eq!(
        names(&original)[..11],
        [
            "stem.conv",
            "stem.bn",
            "units.1.h.conv",
            "units.1.h.bn",
            "units.1.F.conv1",
            "units.1.F.bn1",
            "units.1.F.conv2",
            "units.1.F.bn2",
            "units.1.F.conv3",
            "units.1.F.bn3",
            "units.2.h.conv",
        ]
    );
    assert_eq!(names(&original).last(), Some(&"head.linear"));
    let preact = spec("bottleneck_preact", &[("depth", "20")]);
    assert!(names(&preact).contains(&"units.1.a.bn"));
    assert!(names(&preact).contains(&"head.bn"));
    for network in [original, preact] {
        let mut all = names(&network);
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), network.modules.len());
    }
}

#[test]
fn names_that_could_meet_are_told_apart() {
    let network = network(
        "unit a { F = bn \n y = F(x) }
        unit a1 { F = bn \n y = F(x) }
        unit u { F = a -> a -> a1 \n y = F(x) }
        net n { input(4, 8, 8) -> u -> bn -> u -> global_avg_pool -> linear(2) }",
    );
    assert_eq!(
        names(&network),
        [
            "units.1.F.a1.F.bn",
            "units.1.F.a2.F.bn",
            "units.1.F.a1.F.bn_2",
            "between.1.bn",
            "units.2.F.a1.F.bn",
            "units.2.F.a2.F.bn",
            "units.2.F.a1.F.bn_2",
            "head.linear",
        ]
    );
}

#[test]
fn a_bound_chain_has_one_set_of_parameters() {
    let shared = network(&around("unit u { F = conv(3x3, 4) \n y = F(F(x)) + F(x) }"));
    assert_eq!(names(&shared), ["units.1.F.conv", "head.linear"]);
    let convolutions =
        |n: &Network| n.values.iter().filter(|v| matches!(v.layer, Layer::Conv { .. })).count();
    assert_eq!(convolutions(&shared), 2, "F(x) is computed once");
    let repeated = network(&around("unit u { F = conv(3x3, 4) * 3 \n y = F(x) }"));
    assert_eq!(names(&repeated)[..3], ["units.1.F.conv1", "units.1.F.conv2", "units.1.F.conv3"]);
    let named = network(&around("unit u { G = conv(3x3, 4) \n F = G * 3 \n y = F(x) }"));
    assert_eq!((named.modules.len(), convolutions(&named)), (2, 3));
    let inner = network(&around(
        "unit v { y = (conv(3x3, 4) -> relu)(x) }
        unit u { F = v \n y = F(x) + F(F(x)) }",
    ));
    assert_eq!(names(&inner), ["units.1.F.v.y.conv", "head.linear"]);
}

#[test]
fn position_makes_stochastic_depth() {
    let network = network(
        "unit u(last = 0.5) {
            let p = index / count * (1 - last)
            F = bn -> drop_path(p)
            y = x + F(x)
        }
        net n { input(4, 8, 8) -> u * 4 -> global_avg_pool -> linear(2) }",
    );
    let drops: Vec<f64> = network
        .values
        .iter()
        .filter_map(|v| match v.layer {
            Layer::DropPath { p, .. } => Some(p),
            _ => None,
        })
        .collect();
    assert_eq!(drops, [0.125, 0.25, 0.375, 0.5]);
}

/// A function of values is what it is written as, wherever it is applied.
#[test]
fn functions_are_what_they_are_written_as() {
    let layers = |text: &str| -> Vec<(Layer, Vec<rnetc::network::ValueId>)> {
        network(text).values.into_iter().map(|value| (value.layer, value.args)).collect()
    };
    let defs = "def swish(v, beta = 1) = v * sigmoid(beta * v)
        def mix(a, b, share = 0.5) = share * a + swish(b, 2)
        def pooled(x) = (global_avg_pool -> relu)(x)";
    for (with, without) in [
        ("y = swish(x)", "y = x * sigmoid(1 * x)"),
        ("y = swish(x, 3) * swish(x, beta: 2)", "y = x * sigmoid(3 * x) * (x * sigmoid(2 * x))"),
        ("F = relu -> pooled y = F(x)", "F = relu -> global_avg_pool -> relu y = F(x)"),
        ("y = mix(x, tanh(x), share: 0.25)", "y = 0.25 * x + tanh(x) * sigmoid(2 * tanh(x))"),
    ] {
        let with = layers(&around(&format!("{defs} unit u {{ {with} }}")));
        let mut without = layers(&around(&format!("unit u {{ {without} }}")));
        // What is given is computed once, and is written twice here.
        without.dedup();
        let kinds = |all: &[(Layer, Vec<_>)]| {
            let mut all: Vec<String> = all.iter().map(|value| format!("{:?}", value.0)).collect();
            all.sort();
            all.dedup();
            all
        };
        assert_eq!(kinds(&with), kinds(&without));
    }
    let exact = layers(&around(&format!("{defs} unit u {{ y = swish(x) + swish(x, beta: 2) }}")));
    let plain = layers(&around("unit u { y = x * sigmoid(1 * x) + x * sigmoid(2 * x) }"));
    assert_eq!(exact, plain);
    let chain = layers(&format!(
        "{defs} net n {{ input(4, 8, 8) -> swish(beta: 2) -> swish * 2 -> global_avg_pool -> linear(2) }}"
    ));
    assert_eq!(chain.iter().filter(|(layer, _)| *layer == Layer::Binary(BinaryOp::Mul)).count(), 6);
}

#[test]
fn gates_of_one_pixel_broadcast() {
    let network = network(&around(
        "unit u {
            F = conv(3x3, 4) -> bn
            s = (global_avg_pool -> linear(2) -> relu -> linear(4) -> sigmoid)(F(x))
            y = x + s * F(x)
        }",
    ));
    let s = network.units[0].bindings.iter().find(|(name, _)| name == "s").expect("s").1;
    assert_eq!(network.value(s).shape, shape(4, 1, 1));
    assert_eq!(network.value(network.units[0].output).shape, shape(4, 8, 8));
    assert_eq!(names(&network)[2..4], ["units.1.s.linear1", "units.1.s.linear2"]);
}

#[test]
fn arithmetic_has_the_usual_order() {
    let network = network(&around("unit u { y = -x + 2 * 3 - x / 2 }"));
    let ops: Vec<_> = network
        .values
        .iter()
        .filter_map(|v| match v.layer {
            Layer::Binary(op) => Some(format!("{op:?}")),
            Layer::Const(number) => Some(number.to_string()),
            _ => None,
        })
        .collect();
    // −x; the number 6 in one piece; x/2 before the subtraction.
    assert_eq!(ops, ["-1", "Mul", "2", "Div", "6", "Add", "Sub"]);
    let last = network.value(network.units[0].sum);
    assert_eq!(last.layer, Layer::Binary(BinaryOp::Sub));
}

#[test]
fn layers_apply_and_sizes_follow() {
    let network = network(
        "unit u(k = 5x3) { F = conv(k, 6, stride: 2, padding: 2) -> max_pool(3, 2, 1)
            y = tanh(F(x)) \n f = dropout(0.25, inverted: false) -> identity }
        net n { input(4, 33, 32) -> subsample(2) -> u -> avg_pool(2) -> pad_channels(9)
            -> linear(3, bias: none) }",
    );
    let shapes: Vec<String> = network.values.iter().map(|v| v.shape.to_string()).collect();
    // 33×32 → 17×16 → (17+4−5)/2+1 × (16+4−3)/2+1 → (9+2−3)/2+1 × the same → halves
    assert_eq!(
        shapes,
        ["4×33×32", "4×17×16", "6×9×9", "6×5×5", "6×5×5", "6×5×5", "6×2×2", "9×2×2", "3×1×1"]
    );
    assert_eq!(network.parameters(), 5 * 3 * 4 * 6 + 9 * 4 * 3);
}

#[test]
fn zero_channels_stand_where_before_says() {
    let network = network(
        "unit u(width, stride = 1) { h = shortcut(width, stride: stride, before: width / 4)
            y = h(x) + conv(3x3, width, stride: stride)(x) }
        net n { input(4, 8, 8) -> u(4) -> u(4, stride: 2) -> u(8) -> pad_channels(9, 1)
            -> global_avg_pool -> linear(3) }",
    );
    let pads: Vec<&Layer> = network.values.iter().map(|value| &value.layer).collect();
    let pads: Vec<_> =
        pads.into_iter().filter(|layer| matches!(layer, Layer::PadChannels { .. })).collect();
    let pad = |channels, before| Layer::PadChannels { channels, before };
    // The first two keep their width, so that there is nothing to pad.
    assert_eq!(pads, [&pad(8, 2), &pad(9, 1)]);
    let steps = &network.units[2];
    let site = rnetc::network::anatomy::site(&network, steps);
    let residual = site.residual().expect("a shortcut and F");
    assert_eq!(residual.shortcut.steps, [rnetc::network::anatomy::Step::Padded]);
}

#[test]
fn settings_take_words_and_defaults_build_on_each_other() {
    let network = network(
        "unit u(width, outer = 2 * width) { F = conv(1x1, outer) \n y = F(x) }
        net n(classes = 10, width = classes - 2) {
            input(3, 4, 4) -> u(width) -> global_avg_pool -> linear(classes) }",
    );
    assert_eq!(network.value(network.units[0].output).shape, shape(16, 4, 4));
}

#[test]
fn what_is_unused_is_warned_about_and_not_built() {
    let text = around("unit u(a = 1) { G = bn \n F = conv(3x3, 4) \n let k = 2 \n y = x + F(x) }")
        + "\nunit v { y = x }";
    let compiled = compile(&text).expect("legal");
    let names: Vec<_> = compiled.warnings.iter().map(|w| w.message.as_str()).collect();
    assert_eq!(
        names,
        [
            "parameter `a` is never used",
            "binding `G` is never used",
            "binding `k` is never used",
            "unit `v` is never used",
        ]
    );
    assert!(compiled.warnings.iter().all(|w| w.severity == Severity::Warning));
    assert!(compiled.warnings.iter().all(|w| w.code == Code::Unused));
    assert_eq!(compiled.network.modules.len(), 2);
}

#[test]
fn compiling_twice_gives_the_same() {
    for name in ["original", "preact", "bottleneck_preact", "exclusive_gate"] {
        let (a, b) = (spec(name, &[]), spec(name, &[]));
        assert_eq!(format!("{:?}", a.values), format!("{:?}", b.values));
        assert_eq!(a.modules, b.modules);
        assert_eq!(a.units, b.units);
    }
}

/// As other languages call it.
#[test]
fn a_layer_without_arguments_may_have_brackets() {
    let text = "net n { input(3, 8, 8) -> conv(3x3, 4) -> bn() -> relu() -> global_avg_pool() -> linear(2) }";
    let plain = network(&text.replace("()", ""));
    let layers =
        |net: &Network| net.values.iter().map(|value| value.layer.clone()).collect::<Vec<_>>();
    assert_eq!(layers(&network(text)), layers(&plain));
}

#[test]
fn default_padding_is_half_the_kernel() {
    // (8 + 2·⌊k/2⌋ − k)/1 + 1: odd kernels keep the size, even ones add one.
    for (kernel, padding, sides) in
        [("1x1", [0, 0], (8, 8)), ("3x7", [1, 3], (8, 8)), ("5x4", [2, 2], (8, 9))]
    {
        let network = network(&around(&format!("unit u {{ y = conv({kernel}, 4)(x) }}")));
        let value = &network.values[1];
        assert_eq!(value.shape, shape(4, sides.0, sides.1), "{kernel}");
        assert!(
            matches!(value.layer, Layer::Conv { slide, .. } if slide.padding == padding.map(|n| [n, n])),
            "{kernel}"
        );
    }
}

/// The warnings' codes and messages.
fn warnings(text: &str) -> Vec<(Code, String)> {
    let compiled = compile(text).unwrap_or_else(|errors| panic!("{errors:#?}"));
    compiled.warnings.into_iter().map(|warning| (warning.code, warning.message)).collect()
}

#[test]
fn what_stands_on_the_shortcut_is_warned_about() {
    for (y, code, what) in [
        ("0.5 * x + F(x)", Code::ShortcutNotIdentity, "multiplies x by 0.5"),
        ("(1 - g(x)) * x + F(x)", Code::ShortcutNotIdentity, "a gate"),
        ("conv(1x1, 4)(x) + F(x)", Code::ShortcutNotIdentity, "a convolution"),
        ("(conv(1x1, 4) -> bn)(x) + F(x)", Code::ShortcutNotIdentity, "a convolution"),
        ("dropout(0.5)(x) + F(x)", Code::ShortcutNotIdentity, "dropout"),
        ("relu(x) + F(x)", Code::ShortcutActivation, "a ReLU"),
        ("F(x)", Code::ShortcutNotIdentity, "nothing carries x"),
        ("relu(F(x) * 2)", Code::ShortcutNotIdentity, "nothing carries x"),
    ] {
        let gate = if y.contains('g') { "g = conv(1x1, 4) -> sigmoid" } else { "" };
        let f = if y.contains('F') { "F = bn -> conv(3x3, 4) -> relu" } else { "" };
        let found = warnings(&around(&format!("unit u {{ {f} {gate} y = {y} }}")));
        assert!(
            matches!(&found[..], [(c, text)] if *c == code && text.contains(what)),
            "{y}: {found:?}"
        );
    }
    // Clean shortcuts, also where x is a sum itself, a shape that changes, and a last ReLU.
    for unit in [
        "unit u { F = bn -> relu -> conv(3x3, 4) \n y = x + F(x) }",
        "unit u { F = bn -> conv(3x3, 4) \n y = F(x) - (x + F(F(x))) + x }",
        "unit u { F = bn -> conv(3x3, 8) \n y = conv(1x1, 8)(x) + F(x) \n f = relu }",
    ] {
        assert_eq!(warnings(&around(unit)), [], "{unit}");
    }
    let sums = around("unit u { F = bn -> conv(3x3, 4) \n y = x + F(x) }");
    assert_eq!(warnings(&sums.replace("-> u", "-> u * 2")), []);
    let rectified = around("unit u { F = conv(3x3, 4) \n y = x + F(x) \n f = bn -> relu }");
    assert_eq!(warnings(&rectified)[0].0, Code::ShortcutActivation);
    assert_eq!(warnings(&format!("// allow W0002: the original\n{rectified}")), []);
    assert_eq!(warnings(&format!("// allow W0003: another\n{rectified}")).len(), 1);
}

#[test]
fn learned_numbers_have_names_of_their_own() {
    let network = network(&around(
        "unit u { alpha = scalar(0)  F = conv(3x3, 4) -> bn(gamma: none) -> scale(0.1) -> shift(2, per: tensor)
          y = x + alpha * F(x) + scalar(3) * F(F(x)) - alpha * tanh(x) }",
    ));
    let tensors: Vec<(String, usize)> = network
        .tensors()
        .map(|tensor| (network.tensor_name(tensor.id), tensor.shape.iter().product()))
        .filter(|(name, _)| name.starts_with("units.1"))
        .collect();
    let wanted = [
        ("units.1.alpha", 1),
        ("units.1.F.conv.weight", 144),
        ("units.1.F.bn.bias", 4),
        ("units.1.F.bn.running_mean", 4),
        ("units.1.F.bn.running_var", 4),
        ("units.1.F.scale", 4),
        ("units.1.F.shift", 1),
        ("units.1.y.scalar", 1),
    ];
    let wanted: Vec<(String, usize)> =
        wanted.into_iter().map(|(name, len)| (name.to_owned(), len)).collect();
    let mut sorted = tensors.clone();
    sorted.sort();
    let mut expected = wanted.clone();
    expected.sort();
    assert_eq!(sorted, expected);
    // 144 + 4 + 4 + 1, α and the other number, and the head.
    assert_eq!(network.parameters(), 144 + 4 + 4 + 1 + 2 + 10);
}

/// What a batch norm is told stands in the network, and what it is not told is PyTorch's.
#[test]
fn arguments_of_batch_norm() {
    let norm = |bn: &str| {
        let network = network(&around(&format!("unit u {{ y = x + {bn}(x) }}")));
        let found = network.values.iter().find_map(|value| match value.layer {
            Layer::BatchNorm { module, epsilon, momentum, ghost } => {
                Some((network.module(module).kind.clone(), epsilon, momentum, ghost))
            }
            _ => None,
        });
        match found.expect("a batch norm") {
            (ModuleKind::BatchNorm { channels: 4, affine }, epsilon, momentum, ghost) => {
                (affine.gamma, affine.beta, epsilon, momentum, ghost)
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(norm("bn"), (Some(1.0), Some(0.0), 1e-5, 0.1, None));
    assert_eq!(norm("bn(eps: 1e-3, momentum: 0.01)"), (Some(1.0), Some(0.0), 1e-3, 0.01, None));
    assert_eq!(norm("bn(1e-3)"), (Some(1.0), Some(0.0), 1e-3, 0.1, None));
    assert_eq!(norm("bn(gamma: 0, beta: none)"), (Some(0.0), None, 1e-5, 0.1, None));
    assert_eq!(norm("bn(affine: false)"), (None, None, 1e-5, 0.1, None));
    assert_eq!(norm("bn(ghost: 16 * 2)"), (Some(1.0), Some(0.0), 1e-5, 0.1, Some(32)));
    assert_eq!(norm("bn(ghost: none)"), norm("bn"));
}

/// Words that came later may be names in specs that are older.
#[test]
fn names_that_became_words_stay_names() {
    let network = network(
        "unit scale(channel) { y = channel * x }
         unit u(shift) { scalar = tanh(x)  y = x + shift * scalar }
         net n(tensor = 3) { input(4, 8, 8) -> scale(2) -> u(tensor) -> global_avg_pool -> linear(2) }",
    );
    assert_eq!(network.units.len(), 2);
    assert!(!network.values.iter().any(|value| matches!(value.layer, Layer::Scale { .. })));
}
