//! Recipes that read, and how they are written.

use super::*;
use crate::lower::Updates;
use crate::nn::optimiser::{Adjust, Lion, Muon, Rule};
use crate::train::updates;

mod changed;
mod told;
mod updated;

fn error(change: impl Fn(&str) -> String) -> String {
    let text = change(HE2016);
    assert_ne!(text, HE2016, "the change changed nothing");
    Recipe::parse("r.yaml", &text).unwrap_err().to_string()
}

#[test]
fn the_papers_recipe_reads_as_the_paper_says() {
    let recipe = Recipe::he2016().unwrap();
    assert_eq!((recipe.batch, recipe.iterations), (128, Some(64_000)));
    let network = crate::Spec::preact().set("depth", 8).compile().unwrap();
    assert_eq!(&updates::of(&recipe, &network).unwrap(), Updates::PAPER);
    let curve = WarmupCurve::Constant;
    let warmup = Warmup { iterations: Some(400), epochs: None, lr: 0.01, curve };
    assert_eq!(recipe.schedule.warmup, Some(warmup));
    let divide = recipe.schedule.divide.unwrap();
    assert_eq!((divide.by, divide.at), (10.0, vec![32_000.into(), 48_000.into()]));
    assert_eq!((recipe.label_smoothing, recipe.augmentation.cutout), (0.0, 0));
}

#[test]
fn what_is_written_reads_back() {
    for (name, _) in BUNDLED {
        let recipe = Recipe::bundled(name).unwrap().unwrap();
        let text = serde_yaml::to_string(&recipe).unwrap();
        assert_eq!(Recipe::parse("again", &text).unwrap(), recipe);
    }
    assert!(Recipe::bundled("slow").is_none());
}

#[test]
fn dropped_units_are_trained_with_rates_divided_at_half_and_three_quarters() {
    for (name, epochs) in [("stochastic_depth", 500.0), ("shakedrop", 300.0)] {
        let recipe = Recipe::bundled(name).unwrap().unwrap();
        let divide = recipe.schedule.divide.clone().unwrap();
        let share = |at: &Epochs| at.0 / recipe.length();
        assert_eq!(divide.at.iter().map(share).collect::<Vec<_>>(), [0.5, 0.75]);
        assert_eq!((recipe.schedule.lr, divide.by, recipe.length()), (0.1, 10.0, epochs));
    }
}

/// Jordan's code has rate and decay of a sum of losses, decoupled from momentum and from each other.
#[test]
fn airbench_has_the_numbers_of_its_code() {
    for (name, rate, decay, epochs, pad) in
        [("airbench94", 11.5, 0.0153, 9.9, 2), ("airbench96", 9.0, 0.012, 37.0, 4)]
    {
        let recipe = Recipe::bundled(name).unwrap().unwrap();
        let scale: f64 = 1024.0 * (1.0 + 1.0 / (1.0 - 0.85));
        let (of_sum, lost) = (rate / scale, decay * 1024.0 / scale);
        let near =
            |have: f64, want: f64| assert!((have / want - 1.0).abs() < 1e-5, "{have} {want}");
        near(recipe.schedule.lr, of_sum * 1024.0);
        near(recipe.optimiser.weight_decay, lost / of_sum / 1024.0);
        let biases = &recipe.groups[1];
        near(biases.lr_factor.unwrap(), 64.0);
        near(biases.weight_decay.unwrap(), lost / (64.0 * of_sum) / 1024.0);
        let lookahead = recipe.lookahead.unwrap();
        near(1.0 - lookahead.alpha, 0.95f64.powi(5));
        assert_eq!((recipe.length(), recipe.augmentation.pad.by), (epochs, pad));
    }
    let side = |name| {
        let recipe = Recipe::bundled(name).unwrap().unwrap();
        let [least, most] = recipe.augmentation.erasing.unwrap().area;
        assert_eq!(least, most);
        (least * 1024.0).sqrt()
    };
    assert_eq!([side("airbench96"), side("resnet9")], [12.0, 8.0]);
}

/// Muon's rate is free of the loss's scale; SGD's, for a sum over a batch, and decays a step are those of the
/// code. Of the head's weights there these are 9/256.
#[test]
fn airbench94_muon_has_the_numbers_of_its_code() {
    let recipe = Recipe::bundled("airbench94_muon").unwrap().unwrap();
    let Rule::Muon(muon) = recipe.optimiser.rule() else { panic!("another rule") };
    assert_eq!((muon.momentum, muon.nesterov, muon.steps, muon.eps), (0.6, true, 3, 1e-7));
    assert!(muon.normalise_weights && muon.adjust == Adjust::None);
    assert_eq!((recipe.batch, recipe.length(), recipe.schedule.lr), (2000, 8.0, 0.24));
    let near = |have: f64, want: f64| assert!((have / want - 1.0).abs() < 1e-5, "{have} {want}");
    let (batch, lost) = (2000.0, 2e-6 * 2000.0);
    let other = recipe.optimiser.otherwise.as_ref().unwrap();
    near(other.lr, 0.053 * batch);
    near(other.weight_decay, lost / 0.053 / batch);
    let head = &recipe.groups[1];
    let rate = 0.67 * batch * (9.0f64 / 256.0).powi(2);
    near(head.lr_factor.unwrap() * other.lr, rate);
    near(head.weight_decay.unwrap(), lost / rate);
    let network = crate::Spec::bundled("airbench94").unwrap().compile().unwrap();
    let updates = updates::of(&recipe, &network).unwrap();
    // Six filters; not what whitens, norms, the head.
    let filters = 1_971_640 - 312 - 2 * (64 + 256 + 256) - 2560;
    assert_eq!(updates::shared(&updates, &network)[0], filters);
}

const SHORT: &str = "\
batch: 4
iterations: 8
optimiser:
  momentum: 0.9
  weight_decay: 0.0001
schedule:
  lr: 0.1
augmentation:
  pad: 4
  flip: true
normalise: per_channel
seed: 0
";

fn no_words_of_the_program(told: &str) {
    let words = [
        "f64",
        "f32",
        "u32",
        "u64",
        "usize",
        "i64",
        "struct",
        "enum",
        "untagged",
        "variant",
        "invalid type",
        "invalid value",
        "unit value",
        "Recipe",
        "Schedule",
        "Optimiser",
        "serde",
        "sequence",
        "field",
        "deserialize",
    ];
    let found: Vec<_> = words.iter().filter(|word| told.contains(*word)).collect();
    assert!(found.is_empty(), "{found:?} in {told}");
}

#[test]
fn marks_before_a_recipe_are_read_past() {
    let plain = Recipe::parse("r", SHORT).unwrap();
    for text in
        [format!("\u{feff}{SHORT}"), format!("\u{feff}---\n{SHORT}"), SHORT.replace('\n', "\r\n")]
    {
        assert_eq!(Recipe::parse("r", &text).unwrap(), plain);
    }
}

#[test]
fn short_and_long_forms_of_a_key_read_back() {
    for (key, from, to) in [
        ("pad", "pad: 4", "pad: { by: 4, mode: reflect }"),
        ("flip", "flip: true", "flip: alternate"),
        ("crop", "pad: 4", "pad: 0\n  crop: { scale: [0.25, 1] }"),
        ("rand_augment", "flip: true", "flip: true\n  rand_augment: {}"),
        ("jitter", "flip: true", "flip: true\n  jitter: { brightness: 0.4, hue: 0.1 }"),
        ("erasing", "flip: true", "flip: true\n  erasing: { area: [0.02, 0.3] }"),
        ("mixup", "flip: true", "flip: false\n  mixup: 0.2\n  cutmix: 1\n  mixing: 0.5"),
        ("class_weights", "seed: 0", "seed: 0\nclass_weights: balanced"),
        ("class_weights", "seed: 0", "seed: 0\nclass_weights: [1, 2.5]"),
        ("sampling", "seed: 0", "seed: 0\nsampling: balanced"),
        ("views", "seed: 0", "seed: 0\nviews: 10-crop"),
        ("lookahead", "seed: 0", "seed: 0\nlookahead: {}"),
        ("lookahead", "seed: 0", "seed: 0\nlookahead: { every: 6, alpha: 0.25, power: 3 }"),
        ("ema: 0.999\n", "seed: 0", "seed: 0\nema: 0.999"),
        ("ema", "seed: 0", "seed: 0\nema: { decay: 0.9999, warmup: true }"),
        ("resize", "seed: 0", "seed: 0\nresize: 256"),
        ("size: 24", "seed: 0", "seed: 0\nsizes: [{ size: 24, until: 2.5 }]"),
        (
            "sizes",
            "seed: 0",
            "seed: 0\nsizes: [{ size: 24, until: 2 }, { size: [8, 9], until: 3 }]",
        ),
        ("imagenet", "per_channel", "imagenet"),
        ("epochs: 9.9\n", "iterations: 8", "epochs: 9.9"),
        ("epochs: 9\n", "iterations: 8", "epochs: 9"),
        ("points", "lr: 0.1", "lr: 0.1\n  points: [[0, 0.25], [0.5, 1], [1, 0]]"),
        ("linear", "lr: 0.1", "lr: 0.1\n  warmup: { epochs: 1, lr: 0, curve: linear }"),
        ("until", "seed: 0", "seed: 0\ngroups: [{ match: stem, lr_factor: 64, until: 3 }]"),
        ("stop", "seed: 0", "seed: 0\nvalidation: 0.1\nbest: test\nstop: { after: 3 }"),
    ] {
        let recipe = Recipe::parse("r", &SHORT.replace(from, to)).unwrap();
        assert_ne!(recipe, Recipe::parse("r", SHORT).unwrap(), "{to}");
        let yaml = serde_yaml::to_string(&recipe).unwrap();
        assert!(yaml.contains(key), "{yaml}");
        assert_eq!(Recipe::parse("r", &yaml).unwrap(), recipe);
        let json = serde_json::to_string(&recipe).unwrap();
        assert_eq!(serde_json::from_str::<Recipe>(&json).unwrap(), recipe);
    }
    // What was there before is written as it was.
    let yaml = serde_yaml::to_string(&Recipe::parse("r", SHORT).unwrap()).unwrap();
    assert!(yaml.contains("pad: 4\n  flip: true\nnormalise"), "{yaml}");
}
