//! Recipes that read, and mistakes in them.

use super::*;
use crate::lower::Updates;
use crate::nn::optimiser::{Lion, Rule};
use crate::train::updates;

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
    assert_eq!((divide.by, divide.at), (10.0, vec![32_000, 48_000]));
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
fn stochastic_depth_divides_at_half_and_three_quarters() {
    let recipe = Recipe::bundled("stochastic_depth").unwrap().unwrap();
    let divide = recipe.schedule.divide.clone().unwrap();
    let share = |at: &u64| *at as f64 / recipe.length();
    assert_eq!(divide.at.iter().map(share).collect::<Vec<_>>(), [0.5, 0.75]);
    assert_eq!((recipe.schedule.lr, divide.by), (0.1, 10.0));
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

#[test]
fn mistakes_are_named() {
    let unknown = error(|t| t.replace("momentum:", "momentun:"));
    assert!(unknown.contains("`momentun`") && unknown.contains("line 9"), "{unknown}");
    assert!(unknown.contains("did you mean `momentum`?"), "{unknown}");
    for (from, to, expected) in [
        ("iterations: 64000", "iterations: 64000\nepochs: 3", "one of iterations and epochs"),
        ("iterations: 64000", "", "one of iterations and epochs"),
        ("[32000, 48000]", "[48000, 32000]", "must rise"),
        ("by: 10", "by: 0.1", "write by: 10"),
        ("48000]", "65000]", "within the length"),
        ("batch: 128", "batch: 0", "batch is 0"),
        ("momentum: 0.9", "momentum: 1", "momentum is 1"),
        ("lr: 0.1\n", "lr: .nan\n", "schedule.lr"),
        ("seed: 0", "seed: -1", "seed"),
        ("seed: 0", "seed: 0\nlabel_smoothing: 1", "label_smoothing is 1"),
        (
            "seed: 0",
            "seed: 0\nprecision: f8",
            "`f8`, expected one of `f32`, `bf16x3`, `bf16`, `f16x3`, `f16`",
        ),
        ("seed: 0", "seed: 0\nprecision: bf61", "did you mean `bf16`?"),
        ("evaluate: { epochs: 1 }", "evaluate: { epochs: 1, steps: 2 }", "one of epochs and steps"),
        ("evaluate: { epochs: 1 }", "evaluate: { steps: 0 }", "every 1 to"),
        ("keep: 5", "keep: 0", "keep is 0"),
        ("flip: true", "flip: true\n  cutout: 65", "cutout is 65"),
        ("lr: 0.1\n", "lr: 0.1\n  cosine: { to: 0 }\n", "one of divide, cosine, one_cycle and"),
        ("lr: 0.1\n", "lr: 0.1\n  points: [[0, 1], [1, 0]]\n", "one of divide, cosine, one_cycle"),
        ("iterations: 64000", "epochs: 0", "epochs is 0, and must be above 0, at most"),
        ("iterations: 64000", "epochs: -1.5", "epochs is -1.5, and must be above 0"),
        ("iterations: 64000", "epochs: .inf", "epochs is inf, and must be above 0"),
        ("iterations: 64000", "iterations: 0", "its length must be 1 to"),
        ("iterations: 400,", "iterations: 400, epochs: 1,", "one of iterations and epochs"),
        ("iterations: 400,", "epochs: 0,", "schedule.warmup.epochs is 0, and must be above 0"),
        ("lr: 0.01 }", "lr: 0.01, curve: cosine }", "`cosine`, expected `constant` or `linear`"),
        ("decay: all", "decay: some", "some"),
        ("pad: 4 ", "pad: 0\n  crop: { scale: [0, 1] } ", "scale is [0, 1]"),
        ("pad: 4 ", "pad: 0\n  crop: { ratio: [2, 1] } ", "ratio is [2, 1]"),
        ("flip: true", "flip: true\n  crop: {}", "write pad: 0"),
        ("flip: true", "flip: true\n  mixup: 1000", "augmentation.mixup is 1000"),
        ("flip: true", "flip: true\n  cutmix: -1", "augmentation.cutmix is -1"),
        ("flip: true", "flip: true\n  mixing: 0.5", "there is neither"),
        ("flip: true", "flip: true\n  mixup: 1\n  mixing: 2", "augmentation.mixing is 2"),
        ("flip: true", "flip: true\n  cutout: 8\n  erasing: {}", "one of cutout and erasing"),
        ("flip: true", "flip: true\n  erasing: { probability: 2 }", "probability is 2"),
        ("flip: true", "flip: true\n  erasing: { area: [0.5, 0.1] }", "area is [0.5, 0.1]"),
        ("flip: true", "flip: true\n  erasing: { ratio: [0, 1] }", "ratio is [0, 1]"),
        ("flip: true", "flip: true\n  erasing: { size: 3 }", "there is no key `size` here"),
        ("pad: 4 ", "pad: { by: 65, mode: reflect } ", "augmentation.pad is 65"),
        ("pad: 4 ", "pad: { by: 4, mode: circular } ", "`circular`, expected `zeros` or `reflect`"),
        ("seed: 0", "seed: 0\nclass_weights: [1, -1]", "class_weights has -1"),
        (
            "seed: 0",
            "seed: 0\nclass_weights: []",
            "class_weights is empty: write a number for each",
        ),
        ("seed: 0", "seed: 0\nclass_weights: [0, 0]", "nothing would be learnt"),
        ("seed: 0", "seed: 0\nclass_weights: [1e308, 1]", "only their ratios count"),
        ("seed: 0", "seed: 0\nsampling: twice", "expected `once` or `balanced`"),
        (
            "seed: 0",
            "seed: 0\nviews: mirror",
            "expected one of `none`, `flip`, `translate`, `10-crop`",
        ),
        (
            "flip: true",
            "flip: true\n  rand_augment: { magnitude: 31 }",
            "magnitude is 31, and must be 0 to 30",
        ),
        (
            "flip: true",
            "flip: true\n  rand_augment: { operations: 17 }",
            "operations is 17, and must be 0 to 16",
        ),
        ("flip: true", "flip: true\n  jitter: { hue: 0.6 }", "hue is 0.6, and must be 0 to 0.5"),
        ("flip: true", "flip: true\n  jitter: { contrast: -1 }", "contrast is -1, and must be 0"),
        ("flip: true", "flip: true\n  jitter: { light: 1 }", "there is no key `light` here"),
        ("seed: 0", "seed: 0\nresize: 0", "resize is 0, and must be 1 to 4096"),
        ("seed: 0", "seed: 0\nvalidation: 0", "leave it away for none"),
        ("seed: 0", "seed: 0\nvalidation: 1.0", "above 0 and below 1"),
        ("seed: 0", "seed: 0\nvalidation: .nan", "above 0 and below 1"),
        ("seed: 0", "seed: 0\nstop: { after: 0 }", "stop.after is 0"),
        ("seed: 0", "seed: 0\nbest: train", "`train`, expected `validation` or `test`"),
    ] {
        let text = error(|t| t.replace(from, to));
        assert!(text.contains(expected), "{to}: {text}");
        // What is missing altogether has no line.
        assert_eq!(text.contains("\n      | "), !to.is_empty(), "{to}: {text}");
    }
    let late = error(|t| t.replace("48000]", "65000]"));
    assert!(late.contains("| ") && late.contains("65000] }\n"), "{late}");
    let cycle = |t: &str| {
        t.replace(
            "divide: { by: 10, at: [32000, 48000] }",
            "one_cycle: { rise: R, from: 0, to: 0 }",
        )
    };
    let rise = error(|t| cycle(t).replace('R', "1.5"));
    assert!(rise.contains("rise is 1.5"), "{rise}");
    let both = error(|t| cycle(t).replace("R,", "0.5,"));
    assert!(both.contains("leave warmup away"), "{both}");
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

/// What people write, the line it is shown at, and what they are told.
#[test]
fn what_people_write_is_told_in_plain_words_at_its_line() {
    let rows: &[(&str, &str, usize, &str)] = &[
        ("seed: 0", "seed: 0\nbatch: 8", 13, "`batch` stands twice, first on line 1"),
        ("  lr: 0.1", "  lr: 0.1\n  lr: 0.2", 8, "`lr` stands twice, first on line 7"),
        ("0.9", "fast", 4, "optimiser.momentum: this is \"fast\", and a number is needed"),
        ("lr: 0.1", "lr: 0,1", 7, "write 0.1"),
        ("lr: 0.1", "lr: 0.1,", 7, "write 0.1"),
        ("lr: 0.1", "lr: [0.1]", 7, "this is a list, and a number is needed"),
        (
            "flip: true",
            "flip: no",
            10,
            "this is \"no\", and true, false or alternate is needed; write false",
        ),
        ("flip: true", "flip: Yes", 10, "write true"),
        ("  momentum", "\tmomentum", 4, "indented with spaces, and this is a tab"),
        ("seed: 0", "seed: 1.5", 12, "this is 1.5, and a whole number from 0 on is needed"),
        ("batch: 4", "batch: 4.0", 1, "write 4"),
        ("batch: 4", "batch: 1e1", 1, "write 10"),
        ("iterations: 8", "iterations: 64,000", 2, "write 64000"),
        ("schedule:\n", "schedule: 0.1\n#", 6, "a set of keys and values is needed"),
        ("  lr: 0.1", "  # none", 6, "`schedule.lr` is missing"),
        ("momentum: 0.9", "momentum:", 4, "this is nothing, and a number is needed"),
        ("  weight_decay", "    weight_decay", 4, "is the line below indented too far?"),
        ("batch: 4", "batch:4", 1, "with a space behind the colon"),
        ("per_channel", "channel", 11, "expected one of `per_channel`, `per_pixel`, `imagenet`"),
        ("per_channel", "{ mean: 0.5 }", 11, "this is keys and values, and one word is needed"),
        ("optimiser:", "optimizer:", 3, "did you mean `optimiser`?"),
        ("batch: 4", "batch_size: 4", 1, "write batch: 128"),
        ("lr: 0.1", "learning_rate: 0.1", 7, "write schedule: { lr: 0.1 }"),
        ("seed: 0", "seed: 0\nlr: 0.1", 13, "write schedule: { lr: 0.1 }"),
        ("lr: 0.1", "lr: 0.1\n  gamma: 0.1", 8, "the rate is divided by it, so 10 for 0.1"),
        ("lr: 0.1", "lr: \"0.1", 7, "a quote is opened here and never closed"),
        ("lr: 0.1", "lr: 0.1\n  divide: { by: 10, at: 5 }", 8, "write [5]"),
        ("lr: 0.1", "lr: 0.1\n  warmup: { iterations: 1, lr: 1 }", 8, "is a rate, and above lr"),
        (
            "lr: 0.1",
            "lr: 0.1\n  one_cycle: { rise: 0.3, from: 25, to: 0 }",
            8,
            "is a rate, and above lr",
        ),
        ("lr: 0.1", "lr: 0.1\n  cosine: { to: 1 }", 8, "is a rate, and above lr"),
        (
            "lr: 0.1",
            "lr: 0.1\n  points: [[0, 25]]",
            8,
            "schedule.points has 25: a point is a share",
        ),
        ("lr: 0.1", "lr: 0.1\n  points: [[0.5, 1], [0, 1]]", 8, "their first shares rise"),
        ("lr: 0.1", "lr: 0.1\n  points: []", 8, "schedule.points are none"),
        (
            "lr: 0.1",
            "lr: 0.1\n  points: [[0, 1, 2]]",
            8,
            "a list of 2 values is needed, and this has 3",
        ),
        ("lr: 0.1", "lr: 0.1\n  points: 3", 8, "this is 3, and a list such as [1, 2] is needed"),
        ("seed: 0", "seed: 0\nwarmup_epochs: 5", 13, "write schedule: { … warmup: { epochs: 5"),
        ("lr: 0.1", "lr: 0.1\n  piecewise: 1", 8, "points: [[0, 0.2], [0.23, 1], [1, 0.07]]"),
        ("lr: 0.1", "lr: 0.1 momentum: 0.9", 7, "on a line of its own"),
        ("schedule:\n  lr: 0.1", "schedule: 0.1", 6, "write schedule: { lr: 0.1 }"),
        ("per_channel", "{ mean: [0.5], std: [0.2] }", 11, "write normalise: per_channel"),
        ("lr: 0.1", "lr: @0.1", 7, "must stand in quotes"),
        (
            "seed: 0",
            "seed: 0\nvalidation: a tenth",
            13,
            "this is \"a tenth\", and a number of pictures such as 5000, or a share of them such as 0.1, is \
             needed",
        ),
        ("seed: 0", "seed: 0\nvalidation: -3", 13, "a number of pictures such as 5000"),
        ("seed: 0", "seed: 0\nvalidation: true", 13, "a number of pictures such as 5000"),
        ("seed: 0", "seed: 0\nvalidation: [1]", 13, "this is a list, and a number of pictures"),
        (
            "seed: 0",
            "seed: 0\nvalidation: { a: 1 }",
            13,
            "this is keys and values, and a number of",
        ),
        ("seed: 0", "seed: 0\nvalidation: 99999999999999999999", 13, "a number of pictures such"),
        ("seed: 0", "seed: 0\nvalidation: !x 3", 13, "a number of pictures such as 5000"),
        ("seed: 0", "seed: 0\nval_split: 0.1", 13, "write validation: 0.1"),
        ("seed: 0", "seed: 0\nearly_stopping: 5", 13, "write stop: { after: 10 }"),
        ("flip: true", "flip: sometimes", 10, "true, false or alternate is needed"),
        (
            "pad: 4",
            "pad: some",
            9,
            "a whole number from 0 on, or { by: 4, mode: reflect }, is needed",
        ),
        (
            "seed: 0",
            "seed: 0\nclass_weights: even",
            13,
            "balanced, or a list of a number for each class,",
        ),
        ("seed: 0", "seed: 0\nclass_weight: balanced", 13, "did you mean `class_weights`?"),
        ("seed: 0", "seed: 0\nmixup: 0.2", 13, "write augmentation: { … mixup: 0.2 }"),
        (
            "flip: true",
            "flip: true\n  random_erasing: 0.5",
            11,
            "write erasing: { probability: 0.5 }",
        ),
        ("seed: 0", "seed: 0\nstop: 5", 13, "write stop: { after: 10 }"),
    ];
    for (from, to, line, told) in rows {
        for mark in ["", "\u{feff}"] {
            let text = format!("{mark}{}", SHORT.replacen(from, to, 1));
            let error = Recipe::parse("r.yaml", &text).expect_err(to).to_string();
            assert!(error.contains(told), "{to}: {error}");
            assert!(error.contains(&format!(" at line {line} column ")), "{to}: {error}");
            no_words_of_the_program(&error);
        }
    }
    let missing = Recipe::parse("r.yaml", &SHORT.replace("seed: 0\n", "")).unwrap_err().to_string();
    assert_eq!(missing, "recipe r.yaml: `seed` is missing");
    let two = Recipe::parse("r.yaml", &format!("{SHORT}---\n{SHORT}")).unwrap_err().to_string();
    assert!(two.contains("a file holds one document"), "{two}");
    for text in [
        "",
        "- 1\n",
        "4\n",
        "a: b: c\n",
        "{",
        "\u{feff}---\n- a\n",
        "batch: &a [*a]\n",
        "? {a: 1}\n: 2\n",
    ] {
        no_words_of_the_program(&Recipe::parse("r.yaml", text).unwrap_err().to_string());
    }
}

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

/// Keys of optimisers, groups and frozen parts: what is wrong, at its line, and what it comes to.
#[test]
fn optimisers_take_their_own_keys() {
    let adamw = |keys: &str| {
        let text = SHORT.replace("  momentum: 0.9\n", keys);
        Recipe::parse("r.yaml", &text)
    };
    let read = adamw("  kind: adamw\n").unwrap();
    let written = serde_yaml::to_string(&read.optimiser).unwrap();
    assert_eq!(
        written,
        "kind: adamw\nbetas:\n- 0.9\n- 0.999\neps: 1e-8\nweight_decay: 0.0001\ndecay: all\n"
    );
    let lion = adamw("  kind: lion\n  betas: [0.95, 0.98]\n  layer_decay: 0.7\n").unwrap();
    assert_eq!(lion.optimiser.rule(), Rule::Lion(Lion { betas: [0.95, 0.98] }));
    // SGD is written as before there were others.
    let sgd = serde_yaml::to_string(&Recipe::parse("r", SHORT).unwrap().optimiser).unwrap();
    assert_eq!(sgd, "momentum: 0.9\nweight_decay: 0.0001\ndecay: all\nnesterov: false\n");
    for (keys, line, told) in [
        ("", 3, "`optimiser.momentum` is missing"),
        ("  kind: adam\n", 4, "did you mean `adamw`?"),
        ("  kind: adamw\n  momentum: 0.9\n", 5, "adamw has no `momentum`; it takes betas, eps, "),
        ("  kind: adamw\n  nesterov: true\n", 5, "adamw has no `nesterov`"),
        ("  kind: lion\n  eps: 1\n", 5, "lion has no `eps`; it takes betas, weight_decay, decay "),
        ("  momentum: 0.9\n  betas: [0.9, 0.9]\n", 5, "sgd has no `betas`; it takes momentum, "),
        (
            "  kind: adamw\n  betas: [0.9, 1]\n",
            5,
            "optimiser.betas is 1, and must be 0 or more, below",
        ),
        (
            "  kind: adamw\n  betas: 0.9\n",
            5,
            "optimiser.betas: this is 0.9, and a list of 2 values is needed",
        ),
        (
            "  kind: adamw\n  betas: [0.9]\n",
            5,
            "optimiser.betas: a list of 2 values is needed, and this has 1",
        ),
        (
            "  kind: adamw\n  betas: [0.9, 0.9, 1]\n",
            5,
            "optimiser.betas: a list of 2 values is needed, and this has 3",
        ),
        ("  kind: adamw\n  eps: 0\n", 5, "optimiser.eps is 0, and must be above 0"),
        ("  kind: adamw\n  layer_decay: 1.5\n", 5, "must be above 0, at most 1"),
        ("  kind: adamw\n  beta: [0.9, 0.9]\n", 5, "did you mean `betas`?"),
    ] {
        let error = adamw(keys).expect_err(keys).to_string();
        assert!(error.contains(told), "{keys}: {error}");
        assert!(error.contains(&format!(" at line {line} column ")), "{keys}: {error}");
        no_words_of_the_program(&error);
    }
}

#[test]
fn groups_frozen_parts_and_clipping_are_checked() {
    let many = format!("freeze: [{}]", "stem, ".repeat(1001));
    for (keys, told) in [
        (
            "freeze: 3",
            "this is 3, and a name, or a list of names such as [stem, stage1], is needed",
        ),
        ("freeze: ['units.{3..1}']", "a range of numbers is written {1..9}"),
        ("freeze: ['']", "a pattern has 1 to 200 characters"),
        (many.as_str(), "have 1001 patterns; the most is 1000"),
        ("statistics: still", "expected `frozen` or `moving`"),
        ("groups: [{ lr_factor: 1 }]", "`groups[0].match` is missing"),
        ("groups: [{ match: norms }]", "a group changes something"),
        ("groups: [{ match: [], freeze: true }]", "a group must match something"),
        ("groups: [{ match: head, freeze: true, lr_factor: 2 }]", "has neither"),
        ("groups: [{ match: head, until: soon }]", "and a number is needed"),
        ("groups: [{ match: head, until: 0 }]", "until of a group is 0, and must be above 0"),
        ("groups: [{ match: head, freeze: true, until: 2 }]", "nor until"),
        ("groups: [{ match: head, lr_factor: -2 }]", "lr_factor of a group is -2"),
        ("groups: [{ match: head, lr: 2 }]", "there is no key `lr` here"),
        ("clip: {}", "give clip one of norm and value"),
        ("clip: { norm: 1, value: 1 }", "give clip one of norm and value"),
        ("clip: { norm: 0 }", "clip.norm is 0, and must be above 0"),
        ("clip_grad: 1", "write clip: { norm: 1 }"),
        ("lookahead: { every: 0 }", "lookahead.every is 0, and must be 1 to"),
        ("lookahead: { alpha: 0 }", "lookahead.alpha is 0, and must be above 0, at most 1"),
        ("lookahead: { power: -1 }", "lookahead.power is -1, and must be 0 to 100"),
        ("lookahead: { k: 5 }", "there is no key `k` here"),
        ("lookahead: 5", "this is 5, and a set of keys and values is needed"),
        ("ema: 1", "ema is 1, and must be above 0, below 1"),
        ("ema: { decay: .nan }", "ema is NaN"),
        ("ema: yes", "a number such as 0.999, or { decay: 0.9999, warmup: true }, is needed"),
        ("ema: { warmup: true }", "`ema.decay` is missing"),
        ("model_ema: true", "write ema: 0.999"),
    ] {
        let text = format!("{SHORT}{keys}\n");
        let error = Recipe::parse("r.yaml", &text).expect_err(keys).to_string();
        assert!(error.contains(told), "{keys}: {error}");
        assert!(error.contains(" at line 13 column "), "{keys}: {error}");
        no_words_of_the_program(&error);
    }
    let keys = "freeze: stem\nstatistics: moving\ngroups:\n- match: [norms, '*.bias']\n  \
        weight_decay: 0\nclip: { value: 0.5 }\n";
    let recipe = Recipe::parse("r", &format!("{SHORT}{keys}")).unwrap();
    let text = serde_yaml::to_string(&recipe).unwrap();
    assert_eq!(Recipe::parse("again", &text).unwrap(), recipe);
    assert_eq!(recipe.clip.unwrap().rule(), crate::nn::optimiser::Clip::Value(0.5));
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

fn based(text: &str) -> Result<Recipe, TrainError> {
    Recipe::parse("mine.yaml", text)
}

#[test]
fn a_recipe_changes_another_key_by_key() {
    assert_eq!(based("base: he2016\n").unwrap(), Recipe::he2016().unwrap());
    let he = Recipe::he2016().unwrap();
    let changed = based("base: he2016\nschedule: { lr: 0.05 }\nlabel_smoothing: 0.1\n").unwrap();
    let schedule = Schedule { lr: 0.05, ..he.schedule.clone() };
    assert_eq!(changed, Recipe { schedule, label_smoothing: 0.1, ..he.clone() });
    // What says the same in another way takes its place; boundaries keep their shares.
    let epochs = based("base: he2016\nepochs: 20\nevaluate: { steps: 7 }\n").unwrap();
    assert_eq!((epochs.iterations, epochs.epochs), (None, Some(20.into())));
    assert_eq!(epochs.schedule.divide.unwrap().at, [10, 15]);
    assert_eq!((epochs.evaluate.epochs, epochs.evaluate.steps), (None, Some(7)));
    let cosine = based("base: he2016\nepochs: 3\nschedule: { cosine: { to: 0 } }\n").unwrap();
    assert!(cosine.schedule.divide.is_none() && cosine.schedule.warmup == he.schedule.warmup);
    let points =
        based("base: he2016\nepochs: 9.9\nschedule: { points: [[0, 1], [1, 0]] }\n").unwrap();
    assert_eq!((points.schedule.divide, points.schedule.warmup), (None, None));
    let part = based("base: he2016\nepochs: 4\nschedule: { warmup: { epochs: 0.5, lr: 0 } }\n");
    let warmup = part.unwrap().schedule.warmup.unwrap();
    assert_eq!((warmup.iterations, warmup.epochs), (None, Some(crate::train::epochs::Epochs(0.5))));
    let kept = based("base: he2016\nschedule: { one_cycle: }\n").unwrap();
    assert_eq!(kept.schedule, he.schedule);
    let cosine = based("base: he2016\nschedule: { cosine: { to: 0 }, warmup: }\n").unwrap();
    assert_eq!((cosine.schedule.divide, cosine.schedule.warmup), (None, None));
    let adamw = based("base: he2016\noptimiser: { kind: adamw, weight_decay: 0.05 }\n").unwrap();
    assert_eq!((adamw.optimiser.momentum, adamw.optimiser.weight_decay), (None, 0.05));

    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let write = |name: &str, text: &str| std::fs::write(at(name), text).unwrap();
    write("a.yaml", "base: he2016\nseed: 3\nbatch: 64\n");
    let both = Recipe::parse(&at("b.yaml"), "base: a.yaml\nseed: 4\n").unwrap();
    assert_eq!(both, Recipe { batch: 64, seed: 4, ..he });
    write("a.yaml", "base: b.yaml\n");
    write("b.yaml", "base: a.yaml\n");
    let circle = Recipe::parse(&at("a.yaml"), "base: b.yaml\n").unwrap_err().to_string();
    assert!(circle.contains("b.yaml → ") && circle.ends_with(": a circle"), "{circle}");
    // A long way is no circle.
    for at in 0..20 {
        write(&format!("c{at}.yaml"), &format!("base: c{}.yaml\n", at + 1));
    }
    let long = Recipe::parse(&at("c0.yaml"), "base: c1.yaml\n").unwrap_err().to_string();
    assert!(long.contains("at most 16 recipes change one another"), "{long}");
    write("c14.yaml", "base: he2016\n");
    assert!(Recipe::parse(&at("c0.yaml"), "base: c1.yaml\n").is_ok());

    // A mistake is shown in the file that has it.
    let in_file = |text: &str| {
        write("d.yaml", text);
        Recipe::parse(&at("e.yaml"), "base: d.yaml\nseed: 4\n").unwrap_err().to_string()
    };
    for (text, told) in [
        ("base: he2016\nschedule:\n  lr: fast\n", "a number is needed at line 3 column 7"),
        ("base: he2016\n\nsede: 3\n", "did you mean `seed`? at line 3 column 1"),
        ("base: he2016\nbatch: 0\n", "batch is 0, and must be 1 to 65536 at line 2 column 1"),
        ("base: he2016\nvalidaton:\n", "did you mean `validation`? at line 2 column 1"),
    ] {
        let error = in_file(text);
        assert!(error.starts_with(&format!("recipe {}: ", at("d.yaml"))), "{error}");
        assert!(error.contains(told), "{error}");
        no_words_of_the_program(&error);
    }
}

#[test]
fn mistakes_in_a_recipe_that_changes_another_are_shown_in_its_own_text() {
    for (text, told) in [
        ("base: 3\n", "base: the name of a recipe, or of a file beside it, is needed"),
        (
            "base: he2015\n",
            "did you mean he2016? and the recipes that come with rnetc are he2016, ",
        ),
        ("base: he2016\nsede: 3\n", "did you mean `seed`? at line 2 column 1"),
        ("base: he2016\nschedule:\n  lr: fast\n", "schedule.lr: this is \"fast\", and a number"),
        ("base: he2016\nschedule:\n  lr: fast\n", "line 3 column 7"),
        (
            "base: he2016\nschedule: { lr: -1 }\n",
            "schedule.lr is -1, and must be 0 or more at line 2",
        ),
        ("base: he2016\nbatch: 0\n", "batch is 0, and must be 1 to 65536 at line 2 column 1"),
        ("base: he2016\nepochs: 30\n", "after 48000 of 64000"),
        ("base: he2016\noptimiser: { betas: [0.9, 0.9] }\n", "sgd has no `betas`"),
        ("base: he2016\nseed: 1\nseed: 2\n", "`seed` stands twice"),
        (
            "base: he2016\nvalidaton:\n",
            "there is no key `validaton` here; did you mean `validation`? at line 2 column 1",
        ),
        ("base: he2016\nschedule: { lrr: }\n", "did you mean `lr`? at line 2 column 13"),
        ("base: he2016\noptimiser: { betas: , kid: null }\n", "there is no key `kid` here"),
    ] {
        let error = based(text).expect_err(text).to_string();
        assert!(error.contains(told), "{text}: {error}");
        no_words_of_the_program(&error);
    }
}

#[test]
fn single_keys_are_changed_by_their_paths() {
    let he = Recipe::he2016().unwrap();
    let changed = |changes: &[(&str, &str)]| {
        let owned: Vec<Change> =
            changes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        he.changed(&owned)
    };
    assert_eq!(changed(&[]).unwrap(), he);
    let both = changed(&[("schedule.lr", "0.05"), ("optimiser.weight_decay", "5e-4")]).unwrap();
    assert_eq!((both.schedule.lr, both.optimiser.weight_decay), (0.05, 5e-4));
    let kind = changed(&[("optimiser.kind", "adamw"), ("freeze", "[stem]")]).unwrap();
    assert_eq!((kind.optimiser.kind, kind.freeze.0.len()), (Kind::AdamW, 1));
    let part = changed(&[("iterations", "40"), ("schedule.divide.at", "[10, 20]")]).unwrap();
    let divide = part.schedule.divide.unwrap();
    assert_eq!((divide.by, divide.at), (10.0, vec![10, 20]));
    let away = changed(&[("schedule.warmup", ""), ("epochs", "4")]).unwrap();
    assert!(away.schedule.warmup.is_none());
    let away = changed(&[("schedule.warmup", "null"), ("epochs", "4")]).unwrap();
    assert_eq!((away.schedule.warmup, away.epochs), (None, Some(4.into())));
    for (key, value, told) in [
        (
            "schedule.lrr",
            "1",
            "recipe, with schedule.lrr: schedule: there is no key `lrr` here; did you mean `lr`?",
        ),
        ("optimizer.lr", "1", "did you mean `optimiser`?"),
        ("schedule.lr", "fast", "this is \"fast\", and a number is needed"),
        ("schedule.lr", "-1", "recipe, with schedule.lr: schedule.lr is -1, and must be 0 or more"),
        ("schedule.lr", "[", "recipe, with schedule.lr: schedule.lr: "),
        ("seed", "null", "`seed` is missing"),
        ("validaton", "null", "there is no key `validaton` here; did you mean `validation`?"),
        ("schedule.lrr", "", "there is no key `lrr` here; did you mean `lr`?"),
        ("schedule.lr.deep", "1", "keys and values"),
        ("", "1", "there is no key ``"),
        ("..", "1", "there is no key ``"),
    ] {
        let error = changed(&[(key, value)]).expect_err(key).to_string();
        assert!(error.contains(told), "{key}: {error}");
        no_words_of_the_program(&error);
    }
    let twice = changed(&[("seed", "1"), ("seed", "2")]).unwrap_err().to_string();
    assert_eq!(twice, "recipe, with seed, seed: seed is given twice");
    let whole = changed(&[("schedule", "1"), ("schedule.lr", "2")]).unwrap_err().to_string();
    assert!(whole.contains("schedule is given twice, once as a whole"), "{whole}");
}
