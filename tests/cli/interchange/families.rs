//! Which networks are torchvision's and timm's, their names at full size, and why others are none.

use rnetc::export::state_dict::{Entry, Family, Held, StateDict};
use rnetc::network::Network;
use rnetc::source::Source;
use rnetc::train::foreign::{Found, Map, pair};

fn network(text: &str, settings: &str) -> Network {
    let pairs = settings.split_whitespace().filter_map(|pair| pair.split_once('='));
    let settings: Vec<_> = pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    let compiled = rnetc::sema::compile(&Source::new("n", text), &settings);
    compiled.unwrap_or_else(|errors| panic!("{errors:#?}")).network
}

fn spec(name: &str) -> String {
    let path = format!("{}/specs/{name}.rnet", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("a spec")
}

fn golden(name: &str) -> Vec<Found> {
    let path = format!("{}/tests/goldens/state_dicts/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("names");
    let line = |line: &str| {
        let (name, shape) = line.split_once(' ').unwrap_or((line, ""));
        let shape = shape.split(',').filter_map(|side| side.parse().ok()).collect();
        Found { name: name.to_owned(), shape }
    };
    text.lines().map(line).collect()
}

const TORCHVISION: Family = Family::Torchvision;

/// Names and shapes are those of the program, so that `strict=True` takes them; and import takes each for
/// the module that export gives the name to.
#[test]
fn names_at_full_size_are_the_programs_and_import_agrees() {
    for (name, family, spec_name, settings, model) in [
        ("torchvision_resnet18", TORCHVISION, "resnet18", "", "torchvision.models.resnet18("),
        (
            "torchvision_resnext50_32x4d",
            TORCHVISION,
            "imagenet_original",
            "inner=2 groups=32",
            "torchvision.models.resnext50_32x4d(",
        ),
        ("timm_resnet50d", Family::Timm, "resnet_d", "", "timm.create_model('resnet50d'"),
        (
            "timm_resnetv2_50",
            Family::Timm,
            "imagenet_preact",
            "depth=50 second=4 early=0",
            "timm.create_model('resnetv2_50'",
        ),
    ] {
        let network = network(&spec(spec_name), settings);
        let state = StateDict::of(&network, family).unwrap_or_else(|why| panic!("{name}: {why}"));
        assert!(state.model.as_deref().is_some_and(|line| line.starts_with(model)), "{state:?}");
        let found = golden(name);
        let sorted = |mut all: Vec<(String, Vec<usize>)>| {
            all.sort();
            all
        };
        let ours = state.entries.iter().map(|entry| (entry.name.clone(), entry.shape.clone()));
        let theirs = found.iter().map(|of| (of.name.clone(), of.shape.clone()));
        assert_eq!(sorted(ours.collect()), sorted(theirs.collect()), "{name}");
        let mut by_alphabet = found.clone();
        by_alphabet.sort_by(|a, b| a.name.cmp(&b.name));
        for found in [found, by_alphabet] {
            let pairing = pair(&network, &found, &Map::default()).expect(name);
            assert_eq!(pairing.doubts, [], "{name}");
            let told: Vec<(String, String)> = pairing
                .pairs
                .iter()
                .flat_map(|pair| {
                    let own = |(part, theirs): &(rnetc::network::Part, String)| {
                        (part.of(&pair.own), theirs.clone())
                    };
                    pair.tensors.iter().map(own)
                })
                .collect();
            for Entry { name: entry, of, .. } in &state.entries {
                let Held::Tensor(id) = of else { continue };
                let own = network.tensor_name(*id);
                assert!(told.contains(&(own.clone(), entry.clone())), "{name}: {own} is {entry}");
            }
        }
    }
}

/// Models whose constructors differ in numbers only.
#[test]
fn models_are_called_by_their_names() {
    let model = |family, name: &str, settings: &str| {
        StateDict::of(&network(&spec(name), settings), family).expect(name).model.expect("a line")
    };
    for (name, settings, torchvision, timm) in [
        ("resnet18", "depth=34", "resnet34", "resnet34"),
        ("imagenet_original", "", "resnet50", "resnet50"),
        ("imagenet_original", "depth=152 second=8", "resnet152", "resnet152"),
        ("imagenet_original", "inner=2", "wide_resnet50_2", "wide_resnet50_2"),
        (
            "imagenet_original",
            "depth=101 inner=4 groups=32",
            "resnext101_32x8d",
            "resnext101_32x8d",
        ),
    ] {
        let line = format!("torchvision.models.{torchvision}(num_classes=7)");
        assert_eq!(model(TORCHVISION, name, &format!("{settings} classes=7")), line);
        let line = format!("timm.create_model('{timm}', num_classes=7)");
        assert_eq!(model(Family::Timm, name, &format!("{settings} classes=7")), line);
    }
    let other = model(TORCHVISION, "imagenet_original", "depth=26 second=1 inner=3 groups=2");
    let at = "torchvision.models.resnet";
    let line = format!(
        "{at}.ResNet({at}.Bottleneck, [3, 1, 1, 3], num_classes=1000, groups=2, width_per_group=96)"
    );
    assert_eq!(other, line);
    let d = model(Family::Timm, "resnet_d", "depth=101");
    assert_eq!(d, "timm.create_model('resnet101d', num_classes=1000)");
}

/// Each has the tensors of a net of the family, or nearly, and is another net.
#[test]
fn what_computes_something_else_is_refused_with_the_reason() {
    let refused = |family, text: &str, settings: &str, words: &str| match StateDict::of(
        &network(text, settings),
        family,
    ) {
        Ok(state) => panic!("{words}: {:?}", state.model),
        Err(why) => assert!(why.to_string().contains(words), "{why}"),
    };
    let basic = spec("resnet18");
    let change = |from: &str, to: &str| {
        assert!(basic.contains(from), "{from}");
        basic.replace(from, to)
    };
    let both = |text: &str, settings: &str, words: &str| {
        refused(Family::Torchvision, text, settings, words);
        refused(Family::Timm, text, settings, words);
    };
    both(&basic, "cifar=1", "its stem is not convolutions");
    both(&basic, "width=32", "one of 7×7 with 64 channels");
    both(
        &change("-> relu -> conv", "-> tanh -> conv"),
        "",
        "unit 8 (basic) is not F, convolutions",
    );
    both(&change("    f = relu\n", ""), "", "does not end with a unit");
    both(&change("y = h(x) + F(x)", "y = h(x) + 0.5 * F(x)"), "", "unit 8 (basic) is not F");
    both(&change("input(3,", "input(1,"), "", "reads 1 channels");
    both(&change("linear(classes)", "linear(classes, bias: none)"), "", "does not end with");
    let projected = "conv(1x1, width, stride: stride) -> bn";
    let shortcut = "shortcut(width, stride: stride, kind: project, bn: true)";
    both(
        &change(shortcut, projected),
        "",
        "unit 1 (basic) is not the identity, where a unit keeps",
    );
    both(&change(shortcut, "shortcut(width, stride: stride)"), "", "unit 7 (basic) is not F");
    both(
        &change("conv(3x3, width) -> bn\n", "conv(3x3, width, bias: 0) -> bn\n"),
        "",
        "without biases",
    );
    both(&change("-> basic(8 * width, stride: 2)", "-> basic(8 * width)"), "", "it has 3 stages");
    both(
        &change("-> max_pool(3, stride: 2, padding: 1) *", "-> max_pool(2) *"),
        "",
        "its stem is not",
    );
    let original = spec("imagenet_original");
    both(&original, "first=2", "the stride (2 where stages 2, 3 and 4 begin) on the 3×3");
    let d = spec("resnet_d");
    refused(Family::Torchvision, &d, "", "timm has those of three 3×3");
    let preact = spec("imagenet_preact");
    let small = "depth=50 second=4";
    refused(Family::Torchvision, &preact, &format!("{small} early=0"), "begin with batch norm");
    refused(Family::Timm, &preact, small, "unit 1 (first) is not F");
    refused(
        Family::Timm,
        &preact,
        "depth=26 second=1 early=0 width=12",
        "unit 1 (change) is 12 channels wide",
    );
    both(&change("-> bn\n    h", "-> bn(eps: 1e-3)\n    h"), "", "unit 8 (basic) is not F");
    both(&change("-> bn\n    h", "-> bn(affine: false)\n    h"), "", "unit 8 (basic) is not F");
    both(&spec("preact"), "depth=20", "unit 7 (change) is not F");
    both(&spec("vgg"), "", "does not end with a unit");
    // What does nothing in evaluation is no difference.
    both(&spec("wide"), "drop=0.3", "its stem is not");
    both(
        &change("y = h(x) + F(x)", "y = h(x) + drop_path(0.1)(F(x))"),
        "",
        "unit 8 (basic) is not F",
    );
    let inverted = change("y = h(x) + F(x)", "y = h(x) + drop_path(0.1, inverted: true)(F(x))");
    assert!(StateDict::of(&network(&inverted, ""), Family::Timm).is_ok());
    let dropout = change("-> linear", "-> dropout(0.5) -> linear");
    let kept = StateDict::of(&network(&dropout, ""), Family::Timm).expect("timm's resnet18");
    assert_eq!(kept.model.as_deref(), Some("timm.create_model('resnet18', num_classes=1000)"));
}
