//! Recipes that read, and mistakes in them.

use super::*;

fn error(change: impl Fn(&str) -> String) -> String {
    let text = change(HE2016);
    assert_ne!(text, HE2016, "the change changed nothing");
    Recipe::parse("r.yaml", &text).unwrap_err().to_string()
}

#[test]
fn the_papers_recipe_reads_as_the_paper_says() {
    let recipe = Recipe::he2016().unwrap();
    assert_eq!((recipe.batch, recipe.iterations), (128, Some(64_000)));
    assert_eq!(recipe.sgd(), Sgd::PAPER);
    assert_eq!(recipe.schedule.warmup, Some(Warmup { iterations: 400, lr: 0.01 }));
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
    let share = |at: &u64| *at as f64 / recipe.length() as f64;
    assert_eq!(divide.at.iter().map(share).collect::<Vec<_>>(), [0.5, 0.75]);
    assert_eq!((recipe.schedule.lr, divide.by), (0.1, 10.0));
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
            "`f8`, expected one of `f32`, `bf16x3`, `bf16`, `f16`",
        ),
        ("seed: 0", "seed: 0\nprecision: bf61", "did you mean `bf16`?"),
        ("evaluate: { epochs: 1 }", "evaluate: { epochs: 1, steps: 2 }", "one of epochs and steps"),
        ("evaluate: { epochs: 1 }", "evaluate: { steps: 0 }", "every 1 to"),
        ("keep: 5", "keep: 0", "keep is 0"),
        ("flip: true", "flip: true\n  cutout: 65", "cutout is 65"),
        ("lr: 0.1\n", "lr: 0.1\n  cosine: { to: 0 }\n", "one of divide, cosine and one_cycle"),
        ("decay: all", "decay: some", "some"),
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
