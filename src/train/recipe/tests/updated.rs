//! Keys of optimisers, groups and frozen parts: what is wrong, at its line, and what it comes to.

use super::*;

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
        ("  kind: adamw\n  eps: 0\n", 5, "optimiser.eps is 0.0, and must be 1e-30 to 1e30"),
        ("  kind: adamw\n  eps: 1e-50\n", 5, "optimiser.eps is 1e-50, and must be 1e-30 to 1e30"),
        ("  kind: adamw\n  eps: .inf\n", 5, "optimiser.eps is inf, and must be"),
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
    let parts = (1..=21).map(|at| format!("{{ size: 8, until: {at} }}")).collect::<Vec<_>>();
    let parts = format!("sizes: [{}]", parts.join(", "));
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
        ("groups: [{ match: head, lr: 2 }]", "there is no key `lr` here; write lr_factor: 10"),
        ("groups: [{ params: head, freeze: true }]", "write match: [norms, biases]"),
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
        (
            "sizes: [{ size: 2.5, until: 1 }]",
            "this is 2.5, and a whole number of pixels a side such as 24",
        ),
        ("sizes: [{ size: -3, until: 1 }]", "this is -3, and a whole number of pixels a side"),
        (
            "sizes: [{ size: small, until: 1 }]",
            "this is \"small\", and a whole number of pixels a side",
        ),
        ("sizes: [{ size: [1, 2, 3], until: 1 }]", "a list of 2 values is needed, and this has 3"),
        ("sizes: [{ size: 0, until: 1 }]", "size in sizes is 0, and must be 1 to 4096"),
        ("sizes: [{ size: [24, 4097], until: 1 }]", "size in sizes is 4097, and must be 1 to 4096"),
        ("sizes: [{ size: 24, until: 0 }]", "until in sizes is 0, and must be above 0"),
        ("sizes: [{ size: 24 }]", "`sizes[0].until` is missing"),
        ("sizes: [{ size: 16, until: 2 }, { size: 24, until: 2 }]", "until is 2 behind until: 2"),
        (
            "sizes: [{ size: 16, until: 2 }, { size: 24, until: 1.5 }]",
            "until is 1.5 behind until: 2",
        ),
        (parts.as_str(), "sizes has 21 parts; the most is 20"),
        ("sizes: 24", "needed; write sizes: [{ size: 24, until: 10 }]"),
        ("sizes: { size: 24 }", "needed; write sizes: [{ size: 24, until: 10 }]"),
        (
            "sizes: [{ size: 99999999999999999999, until: 1 }]",
            "this is 99999999999999999999, and a",
        ),
        ("sizes: [24]", "this is 24, and a set of keys and values is needed"),
        ("image_sizes: [24, 32]", "write sizes: [{ size: 24, until: 10 }]"),
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

/// What Muon takes, and what it comes to: PyTorch's form where nothing is said.
#[test]
fn muon_takes_its_own_keys_and_an_optimiser_beside_it() {
    let muon = |keys: &str| {
        let text = SHORT.replace("  momentum: 0.9\n", &format!("  kind: muon\n{keys}"));
        Recipe::parse("r.yaml", &text)
    };
    let beside = "  otherwise: { kind: sgd, lr: 2, momentum: 0.85, weight_decay: 0.5 }\n";
    let read = muon(beside).unwrap();
    let written = serde_yaml::to_string(&read.optimiser).unwrap();
    assert_eq!(
        written,
        "kind: muon\nmomentum: 0.95\nnesterov: true\nns_steps: 5\nns_coefficients:\n- 3.4445\n- -4.775\n\
         - 2.0315\neps: 1e-7\nadjust_lr: original\nnormalise_weights: false\nweight_decay: 0.0001\n\
         decay: all\notherwise:\n  kind: sgd\n  lr: 2.0\n  momentum: 0.85\n  weight_decay: 0.5\n  \
         nesterov: false\n"
    );
    let again = serde_yaml::to_string(&read).unwrap();
    assert_eq!(Recipe::parse("again", &again).unwrap().optimiser.rule(), read.optimiser.rule());
    let own = "  nesterov: false\n  ns_steps: 3\n  ns_coefficients: [2, -1.5, 0.5]\n  eps: 0.001\n  \
        adjust_lr: match_rms_adamw\n  normalise_weights: true\n  momentum: 0.6\n";
    let Rule::Muon(found) = muon(&format!("{own}{beside}")).unwrap().optimiser.rule() else {
        panic!("another rule");
    };
    let wanted = Muon {
        momentum: 0.6,
        nesterov: false,
        steps: 3,
        coefficients: [2.0, -1.5, 0.5],
        eps: 0.001,
        adjust: Adjust::MatchRmsAdamW,
        normalise_weights: true,
    };
    assert_eq!(found, wanted);
    for (keys, told) in [
        ("", "`optimiser.otherwise` is missing: what trains biases, norms, the first layer"),
        ("  betas: [0.9, 0.9]\n", "muon has no `betas`; it takes momentum, nesterov, ns_steps, "),
        ("  eps: 1e-39\n", "optimiser.eps is 1e-39, and must be 1e-15 to 1e30"),
        (
            "  otherwise: { kind: adamw, lr: 1, weight_decay: 0, eps: 1e-31 }\n",
            "optimiser.otherwise.eps is 1e-31, and must be 1e-30 to 1e30",
        ),
        ("  ns_steps: 0\n", "optimiser.ns_steps is 0, and must be 1 to 20"),
        ("  ns_steps: 99999999999\n", "optimiser.ns_steps is 99999999999, and must be 1 to 20"),
        (
            "  ns_coefficients: [1, .nan, 1]\n",
            "ns_coefficients has NaN, and must have numbers from -100",
        ),
        ("  ns_coefficients: [1, 2]\n", "a list of 3 values is needed, and this has 2"),
        ("  adjust_lr_fn: original\n", "write adjust_lr in an optimiser"),
        ("  adjust_lr: rms\n", "`match_rms_adamw`"),
        ("  momentum: 1\n", "optimiser.momentum is 1, and must be 0 or more, below 1"),
        ("  otherwise: sgd\n", "this is \"sgd\", and a set of keys and values is needed"),
        (
            "  otherwise: { kind: muon, lr: 1, weight_decay: 0 }\n",
            "muon trains matrices; for the rest",
        ),
        ("  otherwise: { lr: 1, weight_decay: 0 }\n", "`optimiser.otherwise.kind` is missing"),
        ("  otherwise: { kind: adamw, weight_decay: 0 }\n", "`optimiser.otherwise.lr` is missing"),
        ("  otherwise: { kind: adamw, lr: -1, weight_decay: 0 }\n", "optimiser.otherwise.lr is -1"),
        (
            "  otherwise: { kind: sgd, lr: 1, weight_decay: 0 }\n",
            "`optimiser.otherwise.momentum` is missing",
        ),
        (
            "  otherwise: { kind: adamw, lr: 1, weight_decay: 0, momentum: 0.9 }\n",
            "adamw has no `momentum`; it takes betas, eps, lr and weight_decay",
        ),
        (
            "  otherwise: { kind: lion, lr: 1, weight_decay: 0, ns_steps: 3 }\n",
            "no key `ns_steps` here",
        ),
    ] {
        let error = muon(keys).expect_err(keys).to_string();
        assert!(error.contains(told), "{keys}: {error}");
        no_words_of_the_program(&error);
    }
    let adamw = SHORT.replace("  momentum: 0.9\n", &format!("  kind: adamw\n{beside}"));
    let error = Recipe::parse("r.yaml", &adamw).unwrap_err().to_string();
    assert!(error.contains("adamw has no `otherwise`; it takes betas, eps, "), "{error}");
}

/// The rate of the optimiser beside Muon is a multiple of the schedule's, in f32.
#[test]
fn rates_beside_muon_are_near_enough_to_its_own() {
    let read = |lr: &str, other: &str, factor: &str| {
        let text = format!(
            "base: he2016\noptimiser: {{ kind: muon, otherwise: {{ kind: adamw, lr: {other}, weight_decay: 0 }} }}\n\
             schedule: {{ lr: {lr}, warmup: , divide: }}\ngroups: [{{ match: head, lr_factor: {factor} }}]\n"
        );
        Recipe::parse("r.yaml", &text)
    };
    for (lr, other, factor) in
        [("0.02", "1e-3", "10"), ("0", "0", "2"), ("1e-20", "1e-3", "0"), ("0.1", "0", "1e9")]
    {
        assert!(read(lr, other, factor).is_ok(), "{lr}, {other}, {factor}");
    }
    let share = read("0.02", "0.001", "1").unwrap().optimiser.otherwise.unwrap().share(0.02);
    assert!((share - 0.05).abs() < 1e-12);
    for (lr, other, factor, told) in [
        ("0", "0.001", "1", "lr follows schedule.lr, which is 0, and so would never be 0.001: "),
        ("1e-40", "0.001", "1", "lr is 1e-3 and schedule.lr 1e-40: with the factors of groups"),
        ("1e-320", "1e300", "1", "lr is 1e300 and schedule.lr"),
        ("1e10", "1e-25", "1", "lr is 1e-25 and schedule.lr 1e10: "),
        ("1e-20", "0.001", "1e15", "lr is 1e-3 and schedule.lr 1e-20: "),
    ] {
        let error = read(lr, other, factor).expect_err(told).to_string();
        assert!(error.contains(&format!("optimiser.otherwise.{told}")), "{error}");
    }
}

/// Keys of a kind go with it, one by one too; a group chooses between the two optimisers that are there.
#[test]
fn muon_is_changed_key_by_key_and_chosen_by_groups() {
    let sgd = Recipe::parse("r", SHORT).unwrap();
    let changes = |all: &[(&str, &str)]| {
        let all: Vec<_> = all.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        sgd.changed(&all)
    };
    let beside = ("optimiser.otherwise", "{ kind: adamw, lr: 0.001, weight_decay: 0 }");
    let error = changes(&[("optimiser.kind", "muon")]).unwrap_err().to_string();
    assert!(error.contains("`optimiser.otherwise` is missing"), "{error}");
    let muon = changes(&[("optimiser.kind", "muon"), beside]).unwrap();
    assert_eq!(muon.optimiser.momentum, None, "SGD's momentum is not Muon's");
    let one = |path: &str, value: &str| muon.changed(&[(path.to_owned(), value.to_owned())]);
    let error = one("optimiser.otherwise.kind", "lion").unwrap_err().to_string();
    assert!(error.contains("`optimiser.otherwise.lr` is missing"), "{error}");
    let lion = [("kind", "lion"), ("lr", "0.001"), ("weight_decay", "0")]
        .map(|(key, value)| (format!("optimiser.otherwise.{key}"), value.to_owned()));
    let otherwise = muon.changed(&lion).unwrap().optimiser.otherwise.unwrap();
    assert_eq!((otherwise.kind, otherwise.eps, otherwise.lr), (Kind::Lion, None, 0.001));
    assert_eq!(one("optimiser.ns_steps", "3").unwrap().optimiser.ns_steps, Some(3));
    let back = one("optimiser", "{ kind: sgd, momentum: 0.9 }").unwrap();
    assert_eq!(back.optimiser, sgd.optimiser);
    let group = "[{ match: head, optimiser: muon }, { match: stage1, optimiser: adamw }]";
    assert_eq!(one("groups", group).unwrap().groups[1].optimiser, Some(Kind::AdamW));
    let error = one("groups", "[{ match: head, optimiser: lion }]").unwrap_err().to_string();
    assert!(
        error.contains("a group asks for lion, and the recipe's optimisers are muon and adamw"),
        "{error}"
    );
    let alone = "[{ match: head, optimiser: muon }]";
    let error = changes(&[("groups", alone)]).unwrap_err().to_string();
    assert!(
        error.contains("a group asks for muon, and the recipe's optimiser is sgd: "),
        "{error}"
    );
    let frozen = "[{ match: head, optimiser: muon, freeze: true }]";
    let error = one("groups", frozen).unwrap_err().to_string();
    assert!(error.contains("nor optimiser"), "{error}");
}
