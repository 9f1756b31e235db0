//! Names of other programs.

use super::*;
use crate::source::Source;

mod doubted;
mod hostile;

fn net(text: &str, settings: &[(&str, &str)]) -> Network {
    let source = Source::new("a.rnet", text);
    let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
    let settings: Vec<(String, String)> = settings.iter().map(owned).collect();
    crate::sema::compile(&source, &settings).unwrap().network
}

const ORIGINAL: &str = include_str!("../../../../specs/original.rnet");

const PREACT: &str = include_str!("../../../../specs/preact.rnet");

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
