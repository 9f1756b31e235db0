//! Rates of single steps, and what is due.

use super::*;

/// The schedule of a PyTorch script:
/// `0.01 if step < min(400, total // 8)
///  else 0.1 * 0.1 ** ((step >= total / 2) + (step >= total * 3 / 4))`.
fn torch(step: u64, total: u64) -> f64 {
    if step < 400.min(total / 8) {
        return 0.01;
    }
    let (at, total) = (step as f64, total as f64);
    let passed = i32::from(at >= total / 2.0) + i32::from(at >= total * 3.0 / 4.0);
    0.1 * 0.1f64.powi(passed)
}

#[test]
fn every_step_has_the_rate_of_the_reference() {
    let recipe = Recipe::he2016().unwrap();
    // 3900 is ten epochs of CIFAR-10; odd and tiny lengths round differently.
    for total in [1, 2, 3, 7, 8, 9, 101, 1170, 3199, 3201, 3900, 64_000] {
        let plan = StepPlan::new(&recipe, Length::Steps(total), 390);
        assert_eq!(plan.total, total);
        for step in 0..total {
            let (found, expected) = (plan.rate(step), torch(step, total));
            assert!((found - expected).abs() < 1e-15, "{step} of {total}: {found}");
        }
    }
}

#[test]
fn lengths_in_epochs_and_in_steps_agree() {
    let recipe = Recipe::he2016().unwrap();
    let epochs = StepPlan::new(&recipe, Length::Epochs(10.into()), 390);
    assert_eq!(epochs, StepPlan::new(&recipe, Length::Steps(3900), 390));
    assert_eq!(StepPlan::new(&recipe, Length::Recipe, 390).total, 64_000);
    let mut in_epochs = recipe.clone();
    (in_epochs.iterations, in_epochs.epochs) = (None, Some(200.into()));
    in_epochs.schedule.divide.as_mut().unwrap().at = vec![100.into(), 150.into()];
    let plan = StepPlan::new(&in_epochs, Length::Recipe, 50);
    assert_eq!(plan.total, 10_000);
    assert_eq!([4_999, 5_000, 7_500].map(|s| plan.rate(s)), [0.1, 0.1 / 10.0, 0.1 / 100.0]);
}

fn with(schedule: &str) -> Recipe {
    let from = "warmup: { iterations: 400, lr: 0.01 }\n  divide: { by: 10, at: [32000, 48000] }";
    let text = crate::train::recipe::HE2016.replace(from, schedule);
    Recipe::parse("test", &text).unwrap()
}

#[track_caller]
fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
}

#[test]
fn a_cosine_is_that_of_pytorch() {
    // torch.optim.lr_scheduler.CosineAnnealingLR(T_max=8, eta_min=0.02), lr 0.1.
    let plan = StepPlan::new(&with("cosine: { to: 0.02 }"), Length::Steps(8), 4);
    close(plan.rate(0), 0.1);
    close(plan.rate(2), 0.02 + 0.04 * (1.0 + 0.5f64.sqrt()));
    close(plan.rate(4), 0.06);
    close(plan.rate(7), 0.02 + 0.04 * (1.0 + (std::f64::consts::PI * 7.0 / 8.0).cos()));
    let warm = with("warmup: { iterations: 1, lr: 0.01 }\n  cosine: { to: 0 }");
    let plan = StepPlan::new(&warm, Length::Steps(9), 4);
    assert_eq!([plan.rate(0), plan.rate(1)], [0.01, 0.1]);
    close(plan.rate(5), 0.05);
}

#[test]
fn one_cycle_is_that_of_pytorch() {
    // torch.optim.lr_scheduler.OneCycleLR(max_lr=0.1, total_steps=10, pct_start=0.3,
    // div_factor=10, final_div_factor=100): the top after steps 2, the end after 9.
    let cosine = with("one_cycle: { rise: 0.3, from: 0.01, to: 0.0001 }");
    let plan = StepPlan::new(&cosine, Length::Steps(10), 4);
    let expected = [0.01, 0.055, 0.1, 0.095_053_394_95, 0.081_193_315_6];
    for (step, expected) in expected.into_iter().enumerate() {
        assert!((plan.rate(step as u64) - expected).abs() < 1e-9, "{step}");
    }
    close(plan.rate(9), 0.0001);
    let linear = with("one_cycle: { rise: 0.5, from: 0, to: 0.02, curve: linear }");
    let plan = StepPlan::new(&linear, Length::Steps(6), 4);
    close(plan.rate(1), 0.05);
    close(plan.rate(2), 0.1);
    close(plan.rate(5), 0.02);
    // pct_start 0.9 of 7 steps: the fall takes less than a step. 0.1 of 5: the top is before step 0.
    let late = with("one_cycle: { rise: 0.9, from: 0.01, to: 0.0002 }");
    close(StepPlan::new(&late, Length::Steps(7), 4).rate(6), 0.0002);
    let early = with("one_cycle: { rise: 0.1, from: 0.01, to: 0, curve: linear }");
    close(StepPlan::new(&early, Length::Steps(5), 4).rate(0), 0.1 * (1.0 - 0.5 / 4.5));
    for total in [1, 2, 3] {
        let plan = StepPlan::new(&linear, Length::Steps(total), 1);
        assert!((0..total).all(|step| (0.0..=0.1).contains(&plan.rate(step))), "{total}");
    }
}

#[test]
fn what_is_due_is_due_at_multiples_and_at_the_end() {
    let mut recipe = Recipe::he2016().unwrap();
    recipe.evaluate = Cadence { epochs: Some(2), steps: None };
    (recipe.checkpoint.epochs, recipe.checkpoint.steps) = (None, Some(7));
    let plan = StepPlan::new(&recipe, Length::Steps(45), 10);
    let at = |due: &dyn Fn(u64) -> bool| (1..=45).filter(|&s| due(s)).collect::<Vec<u64>>();
    assert_eq!(at(&|s| plan.evaluates(s)), [20, 40, 45]);
    assert_eq!(at(&|s| plan.saves(s)), [7, 14, 21, 28, 35, 42, 45]);
    assert_eq!([0, 9, 10, 24].map(|s| plan.epoch(s)), [1, 1, 2, 3]);
}

/// `get_lr` of airbench94: warm-up over int(0.23·steps) from a fifth, then down to 0.07.
#[test]
fn points_are_airbenchs_triangle() {
    let airbench = |step: u64, total: u64| {
        let warmup = (total as f64 * 0.23) as u64;
        if step < warmup {
            let frac = step as f64 / warmup as f64;
            0.2 * (1.0 - frac) + 1.0 * frac
        } else {
            let frac = (step - warmup) as f64 / (total - warmup) as f64;
            1.0 * (1.0 - frac) + 0.07 * frac
        }
    };
    let recipe = with("points: [[0, 0.2], [0.23, 1], [1, 0.07]]");
    for total in [1, 2, 3, 10, 100, 476, 1776] {
        let plan = StepPlan::new(&recipe, Length::Steps(total), 48);
        for step in 0..total {
            close(plan.rate(step), 0.1 * airbench(step, total));
        }
    }
    // np.interp([epoch], [0, 5, 24], [0, 0.4, 0]) of cifar10-fast (Page), at steps: 97 whole batches of 512
    // an epoch, so that five are 485 of 2328.
    let recipe = with("points: [[0, 0], [0.2083333, 1], [1, 0]]");
    let plan = StepPlan::new(&recipe, Length::Steps(24 * 97), 97);
    for step in 0..24 * 97 {
        let epoch = step as f64 / 97.0;
        close(plan.rate(step), 0.1 * (epoch / 5.0).min((24.0 - epoch) / 19.0));
    }
    // A jump, and what lies outside.
    let recipe = with("points: [[0.25, 0.5], [0.5, 0.5], [0.5, 1], [0.75, 0.25]]");
    let plan = StepPlan::new(&recipe, Length::Steps(8), 8);
    let rates = [0.05, 0.05, 0.05, 0.05, 0.1, 0.0625, 0.025, 0.025];
    (0..8).zip(rates).for_each(|(step, rate)| close(plan.rate(step), rate));
}

#[test]
fn a_rising_warm_up_is_that_of_pytorch() {
    // SequentialLR([LinearLR(start_factor=0.1, total_iters=4), CosineAnnealingLR(T_max=6)], [4]), lr 0.1.
    let warm = |length: &str| {
        with(&format!("warmup: {{ {length}, lr: 0.01, curve: linear }}\n  cosine: {{ to: 0 }}"))
    };
    let mut recipe = warm("iterations: 4");
    recipe.iterations = Some(10);
    let plan = StepPlan::new(&recipe, Length::Recipe, 5);
    let torch = [0.01, 0.0325, 0.055, 0.0775, 0.1, 0.093_301_270_189, 0.075, 0.05, 0.025];
    for (step, expected) in torch.into_iter().enumerate() {
        assert!((plan.rate(step as u64) - expected).abs() < 1e-12, "{step}");
    }
    assert_eq!(plan.shortened_warmup(), None);
    // In epochs the same; a shorter run has its share, but an eighth where that is more.
    let mut epochs = warm("epochs: 0.8");
    (epochs.iterations, epochs.epochs) = (None, Some(2.into()));
    let same = StepPlan::new(&epochs, Length::Recipe, 5);
    (0..10).for_each(|step| assert_eq!(same.rate(step), plan.rate(step)));
    let short = StepPlan::new(&epochs, Length::Steps(5), 5);
    assert_eq!(short.shortened_warmup(), Some((2, 4)));
    assert_eq!([0, 1, 2].map(|step| short.rate(step)), [0.01, 0.055, 0.1]);
    let long = StepPlan::new(&warm("iterations: 4"), Length::Steps(32), 5);
    close(long.rate(3), 0.0775);
    close(long.rate(4), 0.1);
}

/// With the step that exact fractions name: rounding moves no boundary either way.
#[test]
fn rates_are_divided_at_decimal_fractions() {
    let mut recipe = Recipe::he2016().unwrap();
    (recipe.iterations, recipe.schedule.warmup) = (None, None);
    // In tenths of epochs, each of which is some whole steps.
    for (length, at) in (1..60u64).flat_map(|length| (0..length).map(move |at| (length, at))) {
        for per_epoch in [10, 50, 390] {
            recipe.epochs = Some(Epochs(length as f64 / 10.0));
            recipe.schedule.divide.as_mut().unwrap().at = vec![Epochs(at as f64 / 10.0)];
            let plan = StepPlan::new(&recipe, Length::Recipe, per_epoch);
            assert_eq!(plan.total, length * per_epoch / 10);
            let first = at * per_epoch / 10;
            let divided = |step: u64| plan.rate(step) < 0.05;
            assert!(divided(first), "{length} {at} {per_epoch}: late");
            assert!(first == 0 || !divided(first - 1), "{length} {at} {per_epoch}: early");
        }
    }
}

#[test]
fn epochs_need_not_be_whole() {
    let mut recipe = Recipe::he2016().unwrap();
    (recipe.iterations, recipe.epochs) = (None, Some(Epochs(9.9)));
    recipe.schedule.divide.as_mut().unwrap().at = vec![5.into(), 8.into()];
    let plan = StepPlan::new(&recipe, Length::Recipe, 48);
    assert_eq!(plan.total, 476);
    // The last epoch has 44 of 48 steps, and ends with the run.
    let due = (1..=476).filter(|&steps| plan.evaluates(steps)).collect::<Vec<u64>>();
    assert_eq!(due, [48, 96, 144, 192, 240, 288, 336, 384, 432, 476]);
    assert_eq!([plan.epoch(431), plan.epoch(432), plan.epoch(475)], [9, 10, 10]);
    // The boundaries are shares of 9.9.
    let rates = [240, 241, 384, 385].map(|step| plan.rate(step));
    assert_eq!(rates, [0.1, 0.1 / 10.0, 0.1 / 10.0, 0.1 / 100.0]);
    assert_eq!(StepPlan::new(&recipe, Length::Epochs(Epochs(0.5)), 48).total, 24);
}

#[test]
fn training_of_groups_ends_at_epochs_of_the_run() {
    let text = crate::train::recipe::HE2016.to_owned()
        + "groups:\n- { match: stem, until: 1.5 }\n- { match: head, until: 3 }\n\
           - { match: norms, until: 1.5 }\n";
    let recipe = Recipe::parse("r", &text).unwrap();
    assert_eq!(recipe.ends(), [Epochs(1.5), Epochs(3.0)]);
    let plan = StepPlan::new(&recipe, Length::Steps(100), 10);
    let open = |step| plan.open(step).collect::<Vec<bool>>();
    assert_eq!([open(0), open(14)], [[true, true], [true, true]]);
    assert_eq!([open(15), open(29), open(30)], [[false, true], [false, true], [false, false]]);
}

#[test]
fn parts_at_other_sizes_keep_their_shares_of_the_run() {
    let text = crate::train::recipe::HE2016
        .replace("iterations: 64000", "epochs: 20")
        .replace("at: [32000, 48000]", "at: [10, 15]")
        + "sizes:\n- { size: 16, until: 6.5 }\n- { size: [24, 20], until: 12 }\n";
    let recipe = Recipe::parse("r", &text).unwrap();
    let plan = StepPlan::new(&recipe, Length::Recipe, 10);
    let parts = [(0..65, Some([16, 16])), (65..120, Some([24, 20])), (120..200, None)];
    assert_eq!(plan.stages(0), parts);
    assert_eq!(plan.stages(65), parts[1..]);
    assert_eq!(plan.stages(100), [(100..120, Some([24, 20])), (120..200, None)]);
    assert_eq!((plan.stages(199), plan.stages(200)), (vec![(199..200, None)], vec![]));
    let at = [0, 64, 65, 119, 120, 199].map(|step| plan.sides(step));
    let (small, larger) = (Some([16, 16]), Some([24, 20]));
    assert_eq!(at, [small, small, larger, larger, None, None]);
    // A fifth of the steps; a part of a step is a whole one.
    let plan = StepPlan::new(&recipe, Length::Epochs(Epochs(4.0)), 10);
    assert_eq!(plan.stages(0), [(0..13, small), (13..24, larger), (24..40, None)]);
    let short = StepPlan::new(&recipe, Length::Steps(2), 10);
    assert_eq!(short.stages(0), [(0..1, small), (1..2, larger)]);
    // Of a length in steps, epochs are as long as they are.
    let text = crate::train::recipe::HE2016.to_owned() + "sizes: [{ size: 16, until: 40 }]\n";
    let recipe = Recipe::parse("r", &text).unwrap();
    let stages = |length| StepPlan::new(&recipe, length, 400).stages(0);
    assert_eq!(stages(Length::Recipe), [(0..16_000, small), (16_000..64_000, None)]);
    assert_eq!(stages(Length::Steps(100)), [(0..25, small), (25..100, None)]);
    // One that is longer than the run is all of it.
    let long = StepPlan::new(&recipe, Length::Recipe, 4000);
    assert_eq!(long.stages(0), [(0..64_000, small)]);
}
