//! Studies of a trained net on the command line.

use crate::folder::Folder;

const UNITS: &str = "\
unit u(width) {
    F = bn -> relu -> conv(3x3, width)
    y = x + F(x)
}

net units(classes = 10) {
    input(3, 32, 32)
    -> conv(3x3, 4, stride: 8) -> u(4) * 4
    -> global_avg_pool -> linear(classes)
}
";

const ON: &str = "--data cifar --engine cpu --threads 1";

fn trained(name: &str, spec: &str) -> Folder {
    let folder = Folder::new();
    std::fs::write(folder.at(name), spec).unwrap();
    folder.expect(0, &format!("run {name} --train cifar10 --steps 2 --batch 8 --out run {ON}"));
    folder
}

#[test]
fn a_net_is_lesioned_and_the_same_command_goes_on() {
    let folder = trained("units.rnet", UNITS);
    let each = format!("lesion run --delete each --batch 4 {ON}");
    let first = folder.expect(0, &each);
    assert!(first.out.starts_with("baseline ") && first.out.contains("without    4 "), "{first:?}");
    for file in ["delete-each.csv", "delete-each.json", "delete-each.svg"] {
        assert!(folder.at("run/lesion").join(file).is_file(), "{file}");
    }
    // As if it had been stopped after two lesions, in the middle of a line.
    let journal = folder.at("run/lesion/delete-each.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1 + 5);
    let cut = format!("{}\n{}\n{}\n{}", lines[0], lines[1], lines[2], &lines[3][..9]);
    std::fs::write(&journal, cut).unwrap();
    let again = folder.expect(0, &each);
    assert!(again.err.contains("2 done before"), "{again:?}");
    assert_eq!(again.out, first.out);
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&std::fs::read_to_string(&journal).unwrap()), sorted(&text));

    let random = folder.expect(0, &format!("lesion run --delete random --samples 2 {ON}"));
    assert!(random.err.contains("left alone, each stage's first: 1"), "{random:?}");
    let reorder = folder.expect(0, &format!("lesion run --reorder --swaps 1..2 --samples 2 {ON}"));
    assert!(reorder.out.contains("τ"), "{reorder:?}");
    let other = folder.expect(2, &format!("lesion run --reorder --seed 1 {ON}"));
    assert!(other.err.contains("--again"), "{other:?}");
    folder.expect(0, &format!("lesion run --reorder --seed 1 --samples 1 --again {ON}"));
}

#[test]
fn chosen_units_are_deleted_and_runs_share_axes() {
    let folder = trained("units.rnet", UNITS);
    folder.expect(0, &format!("lesion run --delete each --batch 4 {ON}"));
    let each = std::fs::read_to_string(folder.at("run/lesion/delete-each.csv")).unwrap();
    let alone = folder.expect(0, &format!("lesion run --delete 3 --batch 4 {ON}"));
    assert!(alone.out.contains("without    3 ") && alone.err.contains("{csv,json}"), "{alone:?}");
    let chosen = std::fs::read_to_string(folder.at("run/lesion/delete-3.csv")).unwrap();
    // The same number as where every unit is deleted alone.
    assert_eq!(chosen.lines().nth(2), each.lines().find(|line| line.starts_with("1,3,")));
    let both = folder.expect(0, &format!("lesion run --delete 4,2 --batch 4 {ON}"));
    assert!(both.out.contains("without  2,4 "), "{both:?}");
    for (which, said) in
        [("9", "take one of 1 to 4"), ("0", "each, random, or units"), ("x", "each")]
    {
        let refused = folder.expect(2, &format!("lesion run --delete {which} {ON}"));
        assert!(refused.err.contains(said), "{refused:?}");
    }

    folder
        .expect(0, &format!("run units.rnet --train cifar10 --steps 1 --batch 8 --out other {ON}"));
    let beside = format!("lesion run --delete each --batch 4 --beside other {ON}");
    assert!(folder.expect(2, &beside).err.contains("first: rnetc lesion other"));
    folder.expect(0, &format!("lesion other --delete each --batch 4 {ON}"));
    folder.expect(0, &beside);
    let figure = std::fs::read_to_string(folder.at("run/lesion/delete-each.svg")).unwrap();
    assert!(figure.contains(">run</text>") && figure.contains(">other</text>"), "{figure}");
    // Four units a run, and the two of the legend.
    assert_eq!(figure.matches("<circle").count(), 10);
    let random = "lesion other --delete random --samples 2 --counts 1..2";
    folder.expect(0, &format!("{random} {ON}"));
    folder.expect(0, &format!("{} --beside other {ON}", random.replace("other", "run")));
    let figure = std::fs::read_to_string(folder.at("run/lesion/delete-random.svg")).unwrap();
    assert!(figure.contains(">run: baseline, ") && figure.contains(">other</text>"), "{figure}");
}

/// Rings in the figure, and in the JSON what they read and write.
#[test]
fn units_that_change_the_shape_are_marked() {
    let change = "unit c(width) { F = conv(3x3, width, stride: 2)  h = shortcut(width, stride: 2)
        y = h(x) + F(x) }\n";
    let spec = UNITS.replace("u(4) * 4", "u(4) * 2 -> c(8) -> u(8)");
    let folder = trained("units.rnet", &format!("{change}{spec}"));
    let said = folder.expect(0, &format!("lesion run --delete each --format json {ON}"));
    let told: serde_json::Value = serde_json::from_str(&said.out).expect("one object");
    let shapes: Vec<bool> = told["units"]
        .as_array()
        .unwrap()
        .iter()
        .map(|unit| unit["reads"] == unit["writes"])
        .collect();
    assert_eq!(shapes, [true, true, false, true]);
    let figure = std::fs::read_to_string(folder.at("run/lesion/delete-each.svg")).unwrap();
    let circles = figure.split("<circle").skip(1).map(|rest| rest.split("/>").next().unwrap());
    let rings = circles.clone().filter(|circle| circle.contains("stroke-width")).count();
    // Three dots and a ring, and the ring of the legend.
    assert_eq!((circles.count(), rings), (5, 2), "{figure}");
    assert!(figure.contains(">the unit changes the shape</text>"), "{figure}");
    // Beside a run whose study was made before units were kept, too.
    let path = folder.at("run/lesion/delete-each.json");
    let mut older = told.clone();
    older.as_object_mut().unwrap().remove("units");
    folder
        .expect(0, &format!("run units.rnet --train cifar10 --steps 1 --batch 8 --out other {ON}"));
    std::fs::write(&path, older.to_string()).unwrap();
    folder.expect(0, &format!("lesion other --delete each --beside run {ON}"));
    let figure = std::fs::read_to_string(folder.at("other/lesion/delete-each.svg")).unwrap();
    assert_eq!(figure.matches("the unit changes the shape").count(), 1, "{figure}");
}

#[test]
fn paths_are_followed_and_equations_checked() {
    let folder = trained("units.rnet", UNITS);
    let paths = folder.expect(0, &format!("paths run --samples 6 --batch 4 {ON}"));
    for part in ["16 paths through 4 units", "effective paths", "their sum is the gradient"] {
        assert!(paths.out.contains(part), "{part}: {paths:?}");
    }
    // Lengths 0, 0, 1 and 2 of four units, each once.
    let head = paths.out.lines().find(|line| line.starts_with("  deleted")).unwrap();
    for length in ["0", "1", "2"] {
        assert_eq!(head.matches(&format!("length   {length}")).count(), 1, "{head}");
    }
    let again = folder.expect(0, &format!("paths run --samples 6 --batch 4 {ON}"));
    assert_eq!(again.out, paths.out);
    let check = folder.expect(0, &format!("paths check run --batch 4 {ON}"));
    assert!(check.out.contains("units 1–4: (4) off by"), "{check:?}");
    assert!(check.err.contains("over the first 4 of these pictures"), "{check:?}");
    let six = folder.expect(0, &format!("paths check run --batch 4 --pictures 6 {ON}"));
    assert!(six.err.contains("over the first 6 of these pictures"), "{six:?}");
    let at_once = folder.expect(0, &format!("paths check run --batch 6 --pictures 6 {ON}"));
    let ratio = |out: &str| {
        let first = out.lines().find(|line| line.starts_with("   1 "));
        first.map(|line| line[..15].to_owned()).expect("a first unit")
    };
    assert_eq!(ratio(&six.out), ratio(&at_once.out));
    assert_ne!(ratio(&six.out), ratio(&check.out));
    // Each column is explained above the table.
    let head = check.out.lines().find(|line| line.starts_with("unit ")).unwrap();
    for column in ["F added/x", "y<0 cut", "λ", "‖∂E/∂x‖", "through F", "(5) chain", "cosine"]
    {
        assert!(head.contains(column), "{head}");
        let explained = |line: &&str| line.trim_start().starts_with(&format!("{column}  "));
        assert_eq!(check.out.lines().filter(explained).count(), 1, "{column}: {check:?}");
    }
    for file in ["gradient.svg", "deletions.svg", "paths.csv", "paths.json", "check.svg"] {
        assert!(folder.at("run/paths").join(file).is_file(), "{file}");
    }
}

#[test]
fn what_cannot_be_studied_is_refused_with_a_reason() {
    let folder = trained("units.rnet", UNITS);
    for (code, line, reason) in [
        (2, "lesion run", "--delete"),
        (2, "lesion run --delete each --reorder", "--reorder"),
        (2, "lesion run --delete random --counts 5..2", "1..20"),
        (2, "lesion run --delete random --counts 1..9", "--counts 1..3"),
        (2, "lesion run --reorder --swaps 1..9", "3 pairs"),
        (3, "lesion nowhere --delete each", "holds no run"),
        (3, "paths nowhere", "holds no run"),
        (2, "paths", "RUN"),
        (3, "paths check run --weights nothing.safetensors", "nothing.safetensors"),
    ] {
        let outcome = folder.expect(code, &format!("{line} {ON}"));
        assert!(outcome.err.contains(reason), "{line}: {outcome:?}");
    }
    // Means and deviations that are not those of three channels.
    let config = std::fs::read_to_string(folder.at("run/config.yaml")).unwrap();
    let (before, rest) = config.split_once("normalisation:").expect("it says how");
    let (_, after) = rest.split_once("spec_text:").expect("it ends with the spec");
    let none = format!("{before}normalisation:\n  mean: []\n  std: []\nspec_text:{after}");
    std::fs::write(folder.at("run/config.yaml"), none).unwrap();
    for line in ["lesion run --delete each", "paths run", "paths check run"] {
        let outcome = folder.expect(1, &format!("{line} {ON}"));
        assert!(outcome.err.contains("standardised"), "{line}: {outcome:?}");
    }
    let folder = trained("tiny.rnet", crate::folder::TINY);
    let outcome = folder.expect(2, &format!("lesion run --delete each {ON}"));
    assert!(outcome.err.contains("3×32×32"), "{outcome:?}");
    let outcome = folder.expect(2, &format!("lesion run --delete random {ON}"));
    assert!(outcome.err.contains("a deeper net") && !outcome.err.contains("0..0"), "{outcome:?}");
    let outcome = folder.expect(2, &format!("lesion run --delete 1 {ON}"));
    assert!(outcome.err.contains("unit 1 (") && outcome.err.contains("3×32×32"), "{outcome:?}");
    let outcome = folder.expect(2, &format!("paths run {ON}"));
    assert!(outcome.err.contains("one path"), "{outcome:?}");
}

#[test]
fn a_recipe_keeps_some_units_live_and_evaluation_knows() {
    let folder = Folder::new();
    std::fs::write(folder.at("units.rnet"), UNITS).unwrap();
    let recipe = include_str!("../../specs/recipes/he2016.yaml").to_string();
    std::fs::write(folder.at("live.yaml"), recipe + "survival: { live: { units: 2 } }\n").unwrap();
    let train = "run units.rnet --train cifar10 --recipe live.yaml --steps 2 --batch 8 --out run";
    let trained = folder.expect(0, &format!("{train} {ON}"));
    let eval = "run --eval cifar10 --weights run/final.safetensors --batch 8";
    let tested = folder.expect(0, &format!("{eval} {ON}"));
    let error = |text: &str| text.split("test error ").nth(1).map(|t| t[..5].to_string());
    assert_eq!(error(&trained.out), error(&tested.out), "{trained:?} {tested:?}");
    folder.expect(0, &format!("lesion run --delete each {ON}"));
}
