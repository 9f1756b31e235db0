//! Mistakes, in plain words and at their line.

use super::*;

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
