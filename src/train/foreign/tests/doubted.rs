//! What only looks like a net's tensors.

use super::*;

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
