//! Names of other programs, and what only looks like them.

use super::*;
use crate::source::Source;

fn net(text: &str, settings: &[(&str, &str)]) -> Network {
    let source = Source::new("a.rnet", text);
    let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
    let settings: Vec<(String, String)> = settings.iter().map(owned).collect();
    crate::sema::compile(&source, &settings).unwrap().network
}

const ORIGINAL: &str = include_str!("../../../specs/original.rnet");
const PREACT: &str = include_str!("../../../specs/preact.rnet");

/// What a file holds, in the order of a state dict.
#[derive(Default)]
struct Dict(Vec<Found>);

impl Dict {
    fn tensor(&mut self, name: String, shape: &[usize]) {
        self.0.push(Found { name, shape: shape.to_vec() });
    }

    fn conv(&mut self, name: &str, [inputs, outputs, side]: [usize; 3]) {
        self.tensor(format!("{name}.weight"), &[outputs, inputs, side, side]);
    }

    fn norm(&mut self, name: &str, channels: usize) {
        for part in ["weight", "bias", "running_mean", "running_var"] {
            self.tensor(format!("{name}.{part}"), &[channels]);
        }
        self.tensor(format!("{name}.num_batches_tracked"), &[]);
    }

    fn linear(&mut self, name: &str, [inputs, outputs]: [usize; 2]) {
        self.tensor(format!("{name}.weight"), &[outputs, inputs]);
        self.tensor(format!("{name}.bias"), &[outputs]);
    }

    /// As safetensors.torch writes it.
    fn sorted(mut self) -> Self {
        self.0.sort_by(|a, b| a.name.cmp(&b.name));
        self
    }

    fn renamed(mut self, from: &str, to: &str) -> Self {
        self.0.iter_mut().for_each(|found| found.name = found.name.replace(from, to));
        self
    }

    fn pair(&self, network: &Network) -> Result<Pairing, Unpaired> {
        pair(network, &self.0, &Map::default())
    }
}

/// torchvision's `BasicBlock` in three layers, as for CIFAR.
fn torchvision(blocks: usize, projection: bool) -> Dict {
    let mut all = Dict::default();
    all.conv("conv1", [3, 16, 3]);
    all.norm("bn1", 16);
    for (layer, width) in [(1, 16), (2, 32), (3, 64)] {
        for block in 0..blocks {
            let at = format!("layer{layer}.{block}");
            let changes = layer > 1 && block == 0;
            let inputs = if changes { width / 2 } else { width };
            all.conv(&format!("{at}.conv1"), [inputs, width, 3]);
            all.norm(&format!("{at}.bn1"), width);
            all.conv(&format!("{at}.conv2"), [width, width, 3]);
            all.norm(&format!("{at}.bn2"), width);
            if projection && changes {
                all.conv(&format!("{at}.downsample.0"), [inputs, width, 1]);
                all.norm(&format!("{at}.downsample.1"), width);
            }
        }
    }
    all.linear("fc", [64, 10]);
    all
}

/// The file's module that one of the net is.
#[track_caller]
fn of(pairing: &Pairing, own: &str) -> String {
    let pair = pairing.pairs.iter().find(|pair| pair.own == own);
    pair.unwrap_or_else(|| panic!("no {own}")).theirs.clone()
}

#[test]
fn torchvisions_names_find_their_places() {
    // Twelve blocks a stage, so that the tenth must not come after the first.
    let network = net(ORIGINAL, &[("depth", "74")]);
    for dict in [torchvision(12, false), torchvision(12, false).sorted()] {
        let pairing = dict.pair(&network).unwrap();
        assert_eq!(pairing.doubts, []);
        assert_eq!(of(&pairing, "stem.conv"), "conv1");
        assert_eq!(of(&pairing, "stem.bn"), "bn1");
        assert_eq!(of(&pairing, "units.3.F.conv2"), "layer1.2.conv2");
        assert_eq!(of(&pairing, "units.11.F.bn1"), "layer1.10.bn1");
        assert_eq!(of(&pairing, "units.36.F.conv1"), "layer3.11.conv1");
        assert_eq!(of(&pairing, "head.linear"), "fc");
        let names = pairing.pairs.iter().flat_map(|pair| &pair.tensors);
        let unique: BTreeSet<&String> = names.map(|(_, name)| name).collect();
        assert_eq!(unique.len(), network.tensors().count());
    }
}

#[test]
fn a_shortcut_is_one_whatever_it_is_called_on_either_side() {
    let original = ORIGINAL.replace("kind = pad", "kind = project");
    let wicked = original.replace("    F = ", "    h2 = ").replace("F(x)", "h2(x)");
    let wicked = wicked.replace("    h = ", "    F = ").replace("h(x)", "F(x)");
    let skip = original.replace("    h = ", "    skip = ").replace("h(x)", "skip(x)");
    let nets = [(original, "h", "F"), (skip, "skip", "F"), (wicked, "F", "h2")];
    for (text, shortcut, branch) in nets {
        let network = net(&text, &[("depth", "20")]);
        for (conv, bn) in [(".downsample.0", ".downsample.1"), (".conv3", ".bn3")] {
            let dict = torchvision(3, true).renamed(".downsample.0", conv);
            let pairing = dict.renamed(".downsample.1", bn).sorted().pair(&network).unwrap();
            let h = |what: &str| of(&pairing, &format!("units.7.{shortcut}.{what}"));
            assert_eq!(h("conv"), format!("layer3.0{conv}"));
            assert_eq!(h("bn"), format!("layer3.0{bn}"));
            let f = |what: &str| of(&pairing, &format!("units.7.{branch}.{what}"));
            assert_eq!([f("conv1"), f("bn2")], ["layer3.0.conv1", "layer3.0.bn2"]);
        }
    }
}

#[test]
fn wrappers_and_one_numbered_module_outside_fall_away() {
    let network = net(ORIGINAL, &[("depth", "20")]);
    let wrapped = |wrapper: &str| {
        let mut dict = torchvision(3, false);
        dict.0.iter_mut().for_each(|found| found.name = format!("{wrapper}{}", found.name));
        dict.tensor("n_averaged".into(), &[]);
        dict.sorted()
    };
    for wrapper in ["module.", "_orig_mod.module.", "model.resnet."] {
        let pairing = wrapped(wrapper).pair(&network).unwrap();
        assert_eq!(of(&pairing, "units.4.F.bn2"), format!("{wrapper}layer2.0.bn2"));
    }
    let numbered = torchvision(3, false)
        .renamed("conv1.w", "conv1.w")
        .renamed("fc.", "classifier.1.")
        .renamed("layer", "stages.");
    let mut stem = Dict::default();
    for found in numbered.0 {
        let name = match found.name.strip_prefix("bn1.") {
            Some(rest) => format!("stem.1.{rest}"),
            None if found.name == "conv1.weight" => "stem.0.weight".into(),
            None => found.name,
        };
        stem.tensor(name, &found.shape);
    }
    let pairing = stem.sorted().pair(&network).unwrap();
    assert_eq!(of(&pairing, "stem.bn"), "stem.1");
    assert_eq!(of(&pairing, "head.linear"), "classifier.1");
    assert_eq!(of(&pairing, "units.9.F.conv1"), "stages.3.2.conv1");
}

#[test]
fn rnetcs_own_names_need_no_guess_in_whatever_wrapper() {
    let network = net(PREACT, &[("depth", "20")]);
    for wrapper in ["", "module.", "_orig_mod.model."] {
        let mut dict = Dict::default();
        for tensor in network.tensors() {
            dict.tensor(format!("{wrapper}{}", network.tensor_name(tensor.id)), &[9]);
        }
        dict.tensor(format!("{wrapper}units.1.F.bn1.num_batches_tracked"), &[]);
        let pairing = dict.pair(&network).unwrap();
        let first = &pairing.pairs[0];
        assert_eq!(
            (first.why, first.theirs.as_str()),
            (Why::SameName, &*format!("{wrapper}stem.conv"))
        );
    }
}

/// A net of one width: shapes tell nothing.
fn iso(units: &str, net_ends: [&str; 2]) -> String {
    let [stem, head] = net_ends;
    format!(
        "{units}
        net iso {{ input(3, 8, 8) -> conv(3x3, 16){stem} -> u * 3{head} -> global_avg_pool -> linear(10) }}"
    )
}

const PRE: &str =
    "unit u { F = bn -> relu -> conv(3x3, 16) -> bn -> relu -> conv(3x3, 16)  y = x + F(x) }";

/// A stem's and a head's names around three blocks, each of these norms and convolutions.
fn around(outside: &[&str], blocks: [&str; 3], block: [&str; 4]) -> Dict {
    let mut dict = Dict::default();
    dict.conv(outside[0], [3, 16, 3]);
    outside[2..].iter().for_each(|norm| dict.norm(norm, 16));
    for at in blocks {
        for part in block {
            match part.contains("conv") {
                true => dict.conv(&format!("{at}.{part}"), [16, 16, 3]),
                false => dict.norm(&format!("{at}.{part}"), 16),
            }
        }
    }
    dict.linear(outside[1], [16, 10]);
    dict
}

const ORDER: [&str; 4] = ["norm1", "conv1", "norm2", "conv2"];
const NUMBERED: [&str; 3] = ["blocks.0", "blocks.1", "blocks.2"];

#[test]
fn what_only_names_tell_is_told_by_numbers_neighbours_and_words() {
    let network = net(&iso(PRE, [" -> bn -> relu", " -> bn -> relu"]), &[]);
    let cases = [
        (["conv1", "fc", "bn", "bn1"], "bn1", "bn"),
        (["conv1", "fc", "norm", "bn1"], "bn1", "norm"),
        (["conv1", "fc", "bn2", "bn1"], "bn1", "bn2"),
        (["conv", "fc", "bn", "final_bn"], "bn", "final_bn"),
        (["stem.conv", "head.fc", "head.norm", "stem.norm"], "stem.norm", "head.norm"),
        (["e.x", "c.y", "embedder.normalization", "last"], "embedder.normalization", "last"),
    ];
    for (outside, stem, head) in cases {
        let pairing = around(&outside, NUMBERED, ORDER).sorted().pair(&network).unwrap();
        assert_eq!(of(&pairing, "stem.bn"), stem, "{outside:?}");
        assert_eq!(of(&pairing, "head.bn"), head, "{outside:?}");
    }
    let words = around(&["conv1", "fc", "bn", "bn1"], ["pre", "mid", "post"], ORDER).sorted();
    let pairing = words.pair(&network).unwrap();
    assert_eq!(of(&pairing, "units.1.F.bn1"), "pre.norm1");
    assert_eq!(of(&pairing, "units.3.F.conv2"), "post.conv2");
}

#[test]
fn what_only_the_alphabet_would_tell_is_asked_and_the_files_own_order_tells_it() {
    let network = net(&iso(PRE, [" -> bn -> relu", " -> bn -> relu"]), &[]);
    let unclear = |dict: Dict| match dict.sorted().pair(&network) {
        Err(Unpaired::Unclear(candidates)) => candidates,
        other => panic!("{other:?}"),
    };
    let norms = || around(&["conv1", "fc", "z", "a"], NUMBERED, ORDER);
    assert_eq!(unclear(norms()).theirs, ["a", "z"]);
    assert_eq!(unclear(norms()).ours, ["stem.bn", "head.bn"]);
    let blocks = || around(&["conv1", "fc", "bn", "bn1"], ["u", "t", "s"], ORDER);
    assert_eq!(unclear(blocks()).what, "blocks");
    let parts = ["early", "conv1", "late", "conv2"];
    let inside = || around(&["conv1", "fc", "bn", "bn1"], NUMBERED, parts);
    assert_eq!(unclear(inside()).theirs, ["blocks.0.early", "blocks.0.late"]);
    // In the order of the state dict: z, the stem's, comes before a.
    assert_eq!(of(&norms().pair(&network).unwrap(), "stem.bn"), "z");
    assert_eq!(of(&blocks().pair(&network).unwrap(), "units.1.F.bn1"), "u.norm1");
    let ordered = inside().pair(&network).unwrap();
    assert_eq!(of(&ordered, "units.2.F.bn2"), "blocks.1.late");
    let why = |pairing: &Pairing, own: &str| {
        pairing.pairs.iter().find(|pair| pair.own == own).map(|pair| pair.why)
    };
    assert_eq!(why(&ordered, "units.2.F.bn2"), Some(Why::FileOrder));
}

/// Branches side by side in a unit of a unit: their bindings' names, with numbers in them, tell.
#[test]
fn names_of_bindings_are_looked_for_inwards() {
    let text = "
        unit both { net1 = conv(3x3, 4) -> conv(3x3, 4)  net2 = conv(3x3, 4) -> conv(3x3, 4)
            y = net2(x) + net1(x) }
        unit u { F = both  y = x + F(x) }
        net n { input(3, 8, 8) -> conv(3x3, 4) -> u * 2 -> global_avg_pool -> linear(10) }";
    let network = net(text, &[]);
    let dict = |branches: [&str; 2]| {
        let mut dict = Dict::default();
        dict.conv("stem", [3, 4, 3]);
        for unit in 0..2 {
            for (branch, layer) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                dict.conv(&format!("units.{unit}.{}.{layer}", branches[branch]), [4, 4, 3]);
            }
        }
        dict.linear("fc", [4, 10]);
        dict.sorted()
    };
    let found = dict(["net1", "net2"]).pair(&network).unwrap();
    for (own, theirs) in [("net1.conv1", "net1.0"), ("net2.conv2", "net2.1")] {
        let own = format!("units.2.F.both.{own}");
        assert_eq!(of(&found, &own), format!("units.1.{theirs}"));
    }
    // A layer's own number is no name.
    assert!(matches!(dict(["conv1", "conv2"]).pair(&network), Err(Unpaired::Unclear(_))));
}

#[test]
fn a_net_of_the_same_shapes_and_another_order_is_doubted() {
    // An original net of one width, whose blocks hold what pre-activation units hold.
    let network = net(&iso(PRE, ["", " -> bn -> relu"]), &[]);
    let names = ["conv1", "fc", "bn1"];
    let original = || around(&names, NUMBERED, ["conv1", "norm1", "conv2", "norm2"]);
    let doubts = original().pair(&network).unwrap().doubts;
    let order = doubts.iter().find(|doubt| matches!(doubt, Doubt::Order { .. }));
    let text = order.unwrap_or_else(|| panic!("{doubts:?}")).to_string();
    assert!(text.contains("blocks.0 as conv, bn, conv, bn"), "{text}");
    assert!(text.contains("units.1 as bn, conv, bn, conv"), "{text}");
    // Sorted, the file has lost its order, and bn1 beside conv1 is what is left of it.
    let doubts = original().sorted().pair(&network).unwrap().doubts;
    assert!(matches!(doubts.as_slice(), [Doubt::FarFromStem { .. }]), "{doubts:?}");
    let right = around(&["conv1", "fc", "bn"], NUMBERED, ORDER);
    assert_eq!(right.pair(&network).unwrap().doubts, []);
}

#[test]
fn blocks_are_not_spread_over_units() {
    let network = net(PREACT, &[("depth", "20")]);
    for dict in [torchvision(3, false), torchvision(3, false).sorted()] {
        match dict.pair(&network) {
            Err(Unpaired::Spread(spread)) => {
                assert_eq!(spread.block, "layer1.0", "{spread}");
                assert!(spread.to_string().contains("bn"), "{spread}");
            }
            other => panic!("{other:?}"),
        }
    }
    // As told, it is done, and said.
    let dict = torchvision(3, false);
    let guess = {
        let mut map = Vec::new();
        let (mut convs, mut norms) = (Vec::new(), Vec::new());
        for found in &dict.0 {
            let stem = found.name.rsplit_once('.').unwrap().0.to_owned();
            match found.name.ends_with("running_mean") {
                true => norms.push(stem),
                false if found.shape.len() == 4 => convs.push(stem),
                false => {}
            }
        }
        let (mut convs, mut norms) = (convs.into_iter(), norms.into_iter());
        for module in &network.modules {
            let next = match Signature::of(module) {
                Signature::Norm { .. } => norms.next(),
                Signature::Weights { kernel: [3, 3], .. } => convs.next(),
                Signature::Weights { .. } => Some("fc".into()),
                Signature::Vector { .. } => unreachable!("the net has none"),
            };
            map.push((module.name.clone(), next.unwrap()));
        }
        Map::new(map)
    };
    let told = pair(&network, &dict.0, &guess).unwrap();
    assert!(matches!(told.doubts.first(), Some(Doubt::Spread(_))), "{:?}", told.doubts);
}

#[test]
fn numbers_that_run_against_the_net_are_doubted() {
    let text = "
        unit u { F = conv(3x3, 8) -> conv(1x1, 8)  y = x + F(x) }
        net n { input(8, 8, 8) -> u -> u -> global_avg_pool -> linear(4) }";
    let network = net(text, &[]);
    let mut dict = Dict::default();
    for block in 0..2 {
        dict.conv(&format!("b.{block}.conv1"), [8, 8, 1]);
        dict.conv(&format!("b.{block}.conv2"), [8, 8, 3]);
    }
    dict.linear("fc", [8, 4]);
    let doubts = dict.pair(&network).unwrap().doubts;
    assert!(matches!(doubts.as_slice(), [Doubt::Numbers { .. }]), "{doubts:?}");
}

#[test]
fn a_block_with_more_than_its_unit_is_doubted() {
    // The first unit's batch norm stands outside in the spec, so that the shortcut reads it too.
    let text = "
        unit first { F = conv(3x3, 8) -> bn -> relu -> conv(3x3, 8)  y = x + F(x) }
        unit u { F = bn -> relu -> conv(3x3, 8) -> bn -> relu -> conv(3x3, 8)  y = x + F(x) }
        net n { input(3, 8, 8) -> conv(3x3, 8) -> bn -> relu -> first -> u -> u -> global_avg_pool -> linear(4) }";
    let mut dict = Dict::default();
    dict.conv("conv1", [3, 8, 3]);
    for block in 0..3 {
        for part in 1..=2 {
            dict.norm(&format!("layers.{block}.bn{part}"), 8);
            dict.conv(&format!("layers.{block}.conv{part}"), [8, 8, 3]);
        }
    }
    dict.linear("fc", [8, 4]);
    match dict.sorted().pair(&net(text, &[])) {
        Ok(pairing) => {
            assert_eq!(of(&pairing, "stem.bn"), "layers.0.bn1");
            assert!(matches!(pairing.doubts.as_slice(), [Doubt::Outside { .. }]), "{pairing:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn lists_of_one_kind_are_no_blocks() {
    let network = net(&iso(PRE, ["", " -> bn -> relu"]), &[]);
    let mut dict = Dict::default();
    dict.conv("convs.0", [3, 16, 3]);
    (1..=6).for_each(|at| dict.conv(&format!("convs.{at}"), [16, 16, 3]));
    (0..=6).for_each(|at| dict.norm(&format!("norms.{at}"), 16));
    dict.linear("fc", [16, 10]);
    let pairing = dict.sorted().pair(&network).unwrap();
    assert_eq!(of(&pairing, "units.2.F.conv1"), "convs.3");
    assert_eq!(of(&pairing, "units.2.F.bn1"), "norms.2");
    assert_eq!(of(&pairing, "head.bn"), "norms.6");
}

#[test]
fn what_does_not_fit_is_said() {
    let network = net(ORIGINAL, &[("depth", "20")]);
    let error = |dict: Dict| dict.pair(&network).unwrap_err().to_string();
    assert!(error(torchvision(4, false)).contains("25 convolutions, and the net has 19"));
    assert!(error(torchvision(3, true)).contains("21 convolutions"));
    let with = |change: &dyn Fn(&mut Dict)| {
        let mut dict = torchvision(3, false);
        change(&mut dict);
        error(dict)
    };
    let biased = with(&|dict| dict.tensor("conv1.bias".into(), &[16]));
    assert_eq!(biased, "conv1.bias: stem.conv of the net has no bias");
    let bare = with(&|dict| dict.0.retain(|found| found.name != "fc.bias"));
    assert_eq!(bare, "fc.bias is missing, which would be head.linear.bias");
    assert!(
        with(&|dict| dict.tensor("pos.embedding".into(), &[1, 2, 3])).contains("pos.embedding")
    );
    assert!(with(&|dict| dict.tensor("ln.weight".into(), &[16])).contains("layer or group"));
    let half = with(&|dict| dict.0.retain(|found| found.name != "bn1.running_var"));
    assert!(half.contains("bn1.running_var is missing"), "{half}");
    let wide = with(&|dict| {
        let stem = dict.0.iter_mut().find(|found| found.name == "conv1.weight").unwrap();
        stem.shape = vec![16, 1, 3, 3];
    });
    assert!(wide.starts_with("conv1.weight, taken for stem.conv.weight"), "{wide}");
    assert!(wide.contains("[16, 1, 3, 3]") && wide.contains("[16, 3, 3, 3]"), "{wide}");
    assert!(with(&|dict| dict.tensor("x".repeat(5000), &[1])).len() < 200);
}

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

/// ReZero's numbers and LayerScale's vectors are parameters of a block, by whatever names.
#[test]
fn vectors_of_their_own_are_modules() {
    let text = "
        unit u {
            alpha = scalar(0)
            F = conv(3x3, 8) -> bn(gamma: none) -> scale(1)
            y = x + alpha * F(x)
        }
        net n { input(3, 8, 8) -> conv(3x3, 8) -> u * 2 -> global_avg_pool -> linear(4) }";
    let mut dict = Dict::default();
    dict.conv("stem", [3, 8, 3]);
    for block in 0..2 {
        dict.tensor(format!("blocks.{block}.resweight"), &[1]);
        dict.conv(&format!("blocks.{block}.conv"), [8, 8, 3]);
        for part in ["bias", "running_mean", "running_var"] {
            dict.tensor(format!("blocks.{block}.bn.{part}"), &[8]);
        }
        dict.tensor(format!("blocks.{block}.ls.gamma"), &[8, 1, 1]);
    }
    dict.linear("fc", [8, 4]);
    let pairing = dict.pair(&net(text, &[])).unwrap();
    let of = |own: &str| {
        let pair = pairing.pairs.iter().find(|pair| pair.own == own).unwrap();
        (pair.theirs.as_str(), pair.tensors.clone())
    };
    let whole = |name: &str| vec![(Part::Whole, name.to_owned())];
    assert_eq!(of("units.2.alpha"), ("blocks.1.resweight", whole("blocks.1.resweight")));
    assert_eq!(of("units.1.F.scale"), ("blocks.0.ls.gamma", whole("blocks.0.ls.gamma")));
    // A net without such still says that the tensor is strange.
    let plain =
        text.replace("alpha * ", "").replace("alpha = scalar(0)", "").replace(" -> scale(1)", "");
    assert!(matches!(dict.pair(&net(&plain, &[])), Err(Unpaired::Strange(_))));
    // One that learns a scale which the file lacks says which.
    let scaled = text.replace("bn(gamma: none)", "bn");
    let error = dict.pair(&net(&scaled, &[])).unwrap_err().to_string();
    assert!(error.contains("bn.weight is missing, which would be units."), "{error}");
}
