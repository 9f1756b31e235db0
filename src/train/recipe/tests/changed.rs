//! Recipes that change another.

use super::*;

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
    assert_eq!(epochs.schedule.divide.unwrap().at, [10.into(), 15.into()]);
    let ten = based("base: he2016\nepochs: 10\n").unwrap();
    assert_eq!(ten.schedule.divide.unwrap().at, [Epochs(5.0), Epochs(7.5)]);
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
fn parts_at_other_sizes_keep_their_shares_of_another_length() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(folder.path().join("small.yaml"), text).unwrap();
    let small = |keys: &str| {
        let beside = folder.path().join("mine.yaml");
        Recipe::parse(&beside.to_string_lossy(), &format!("base: small.yaml\n{keys}"))
    };
    let ends = |recipe: Recipe| recipe.sizes.iter().map(|of| of.until.0).collect::<Vec<_>>();
    write("base: he2016\nepochs: 20\nsizes: [{ size: 16, until: 3 }, { size: 24, until: 12 }]\n");
    assert_eq!(ends(small("").unwrap()), [3.0, 12.0]);
    assert_eq!(ends(small("epochs: 10\nschedule: { cosine: { to: 0 } }\n").unwrap()), [1.5, 6.0]);
    assert_eq!(ends(small("epochs: 40\n").unwrap()), [6.0, 24.0]);
    assert_eq!(ends(small("epochs: 40\nsizes: [{ size: 8, until: 1 }]\n").unwrap()), [1.0]);
    assert_eq!(ends(small("sizes:\n").unwrap()), [0.0; 0]);
    let changed =
        |key: &str, value: &str| small("").unwrap().changed(&[(key.into(), value.into())]);
    assert_eq!(ends(changed("epochs", "40").unwrap()), [6.0, 24.0]);
    assert_eq!(ends(changed("sizes", "").unwrap()), [0.0; 0]);
    let late = changed("sizes", "[{ size: 8, until: 21 }]").unwrap_err().to_string();
    assert!(late.contains("sizes: until is 21, and the recipe has 20 epochs"), "{late}");

    // What no run can have is not made into what one can.
    write("base: he2016\nschedule: { divide: { at: [-1] } }\n");
    let early = small("epochs: 10\n").unwrap_err().to_string();
    assert!(early.contains("must rise and stay within"), "{early}");
    write("base: he2016\nepochs: 20\nsizes: [{ size: 16, until: 3 }, { size: 24, until: 12 }]\n");

    // What is counted otherwise has no such shares, and nothing is guessed.
    let told = "`sizes` has shares of 20 epochs, and this length is in iterations; write sizes: \
                [{ size: 24, until: 10 }] anew, or the length in epochs";
    for error in [small("iterations: 640\n"), changed("iterations", "640")] {
        let error = error.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
    assert_eq!(ends(small("iterations: 640\nsizes: [{ size: 8, until: 1 }]\n").unwrap()), [1.0]);
    assert_eq!(ends(small("iterations: 640\nsizes:\n").unwrap()), [0.0; 0]);
    write("base: he2016\nsizes: [{ size: 16, until: 40 }]\n");
    assert_eq!(ends(small("iterations: 32000\n").unwrap()), [20.0]);
    let error = small("epochs: 20\n").unwrap_err().to_string();
    assert!(error.contains("shares of 64000 iterations, and this length is in epochs"), "{error}");

    // A part that is the whole run is all of it, whatever a quotient is rounded to.
    let tenths = |count: u32| f64::from(count) / 10.0;
    for was in (1..=300).step_by(7).map(tenths) {
        let cosine = "schedule: { cosine: { to: 0 } }";
        let sizes = format!("sizes: [{{ size: 16, until: {was} }}]");
        let text = format!("base: he2016\nepochs: {was}\n{cosine}\n{sizes}\n");
        let base = Recipe::parse("base.yaml", &text).unwrap();
        for now in (1..=300).step_by(13).map(tenths) {
            let changed = base.changed(&[("epochs".into(), now.to_string())]).unwrap();
            assert_eq!(ends(changed), [now], "{was}");
        }
    }
    let eleven = "base: he2016\nepochs: 11\nschedule: { cosine: { to: 0 } }\n\
                  sizes: [{ size: 16, until: 11 }]\n";
    write(eleven);
    assert_eq!(ends(small("epochs: 25\n").unwrap()), [25.0]);
}

#[test]
fn another_kind_beside_muon_has_a_rate_and_a_decay_of_its_own() {
    let muon = |more: &[(&str, &str)]| {
        let changes = more
            .iter()
            .map(|(key, value)| (format!("optimiser.otherwise.{key}"), (*value).to_owned()));
        Recipe::bundled("airbench94_muon").unwrap().unwrap().changed(&changes.collect::<Vec<_>>())
    };
    let [adamw, lr, decay] = [("kind", "adamw"), ("lr", "0.001"), ("weight_decay", "0.01")];
    for (given, missing) in
        [(vec![adamw], "lr"), (vec![adamw, decay], "lr"), (vec![adamw, lr], "weight_decay")]
    {
        let error = muon(&given).unwrap_err().to_string();
        assert!(error.contains(&format!("`optimiser.otherwise.{missing}` is missing")), "{error}");
    }
    let mine = muon(&[adamw, lr, decay]).unwrap().optimiser.otherwise.unwrap();
    assert_eq!((mine.kind, mine.lr, mine.momentum), (Kind::AdamW, 0.001, None));
    let same = muon(&[("kind", "sgd"), ("momentum", "0.9")]).unwrap().optimiser.otherwise.unwrap();
    assert_eq!((same.lr, same.momentum), (106.0, Some(0.9)));
    let error = based("base: airbench94_muon\noptimiser: { otherwise: { kind: lion } }\n");
    let error = error.unwrap_err().to_string();
    assert!(error.contains("`optimiser.otherwise.lr` is missing"), "{error}");
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
        ("base: he2016\niterations: 30\n", "after 48000 of 64000"),
        (
            "base: he2016\nschedule: { divide: { at: [0.5, 3] } }\n",
            "schedule.divide.at is 0.5, and iterations are whole",
        ),
        ("base: he2016\nschedule: { divide: { at: [-1] } }\n", "must rise and stay within"),
        ("base: he2016\noptimiser: { betas: [0.9, 0.9] }\n", "sgd has no `betas`"),
        ("base: he2016\nseed: 1\nseed: 2\n", "`seed` stands twice"),
        // What a mistake is of is no matter of words that a text has.
        (
            "base: he2016\nseed: \"` is missing\"\n",
            "a whole number from 0 on is needed at line 2 column 7",
        ),
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
    assert_eq!((divide.by, divide.at), (10.0, vec![10.into(), 20.into()]));
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
        ("schedule.lr", "so at line 9", "this is \"so at line 9\", and a number is needed"),
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
