//! State dicts under the names of other programs, whose logits PyTorch computed
//! (tests/goldens/make_import_names.py).

use std::path::PathBuf;

use safetensors::SafeTensors;
use safetensors::tensor::TensorView;

use crate::folder::Folder;

const PRE: &str = "
unit pre(width) {
    F = bn -> relu -> conv(3x3, width) -> bn -> relu -> conv(3x3, width)
    y = x + F(x)
}
";
const CHANGE: &str = "
unit change(width) {
    a = (bn -> relu)(x)
    F = conv(3x3, width, stride: 2) -> bn -> relu -> conv(3x3, width)
    skip = conv(1x1, width, stride: 2)
    y = skip(a) + F(a)
}
";

/// The spec of each net.
fn spec(net: &str) -> String {
    match net {
        "iso" => format!(
            "{PRE} net n {{ input(3, 8, 8) -> conv(3x3, 4) -> bn -> relu -> pre(4) * 3 -> bn -> relu
                -> global_avg_pool -> linear(5) }}"
        ),
        "listed" => format!(
            "{PRE} net n {{ input(3, 8, 8) -> conv(3x3, 4) -> bn -> relu -> pre(4) * 2 -> bn -> relu
                -> global_avg_pool -> linear(5) }}"
        ),
        "kuangliu" => format!(
            "{PRE} {CHANGE} net n {{ input(3, 8, 8) -> conv(3x3, 4) -> pre(4) * 2 -> change(8) -> pre(8)
                -> bn -> relu -> global_avg_pool -> linear(5) }}"
        ),
        "timm" => "
            unit change(width, stride) {
                a = (bn -> relu)(x)
                F = conv(1x1, width / 2) -> bn -> relu -> conv(3x3, width / 2, stride: stride)
                    -> bn -> relu -> conv(1x1, width)
                h = conv(1x1, width, stride: stride)
                y = h(a) + F(a)
            }
            unit keep(width) {
                F = bn -> relu -> conv(1x1, width / 2) -> bn -> relu -> conv(3x3, width / 2)
                    -> bn -> relu -> conv(1x1, width)
                y = x + F(x)
            }
            net n { input(3, 8, 8) -> conv(3x3, 4, stride: 2) -> change(8, 1) -> keep(8)
                -> change(16, 2) -> keep(16) -> bn -> relu -> global_avg_pool -> linear(5) }"
            .into(),
        "hugging" => "
            unit bottle(width, inner, stride = 1) {
                F = conv(1x1, inner) -> bn -> relu -> conv(3x3, inner, stride: stride) -> bn -> relu
                    -> conv(1x1, width) -> bn
                F2 = shortcut(width, stride: stride, kind: project, bn: true)
                y = F2(x) + F(x)
                f = relu
            }
            net n { input(3, 8, 8) -> conv(3x3, 4, stride: 2) -> bn -> relu -> bottle(8, 4)
                -> bottle(8, 8) -> bottle(16, 8, 2) -> bottle(16, 16)
                -> global_avg_pool -> linear(5) }"
            .into(),
        "pycls" => "
            unit post(width, stride = 1) {
                F = conv(3x3, width, stride: stride) -> bn -> relu -> conv(3x3, width) -> bn
                skip = shortcut(width, stride: stride, kind: project, bn: true)
                y = skip(x) + F(x)
                f = relu
            }
            net n { input(3, 8, 8) -> conv(3x3, 4) -> bn -> relu -> post(4) * 2 -> post(8, 2) -> post(8)
                -> global_avg_pool -> linear(5) }"
            .into(),
        "sides" => "
            unit post(width, stride = 1) {
                F = conv(3x3, width, stride: stride) -> bn -> relu -> conv(3x3, width) -> bn
                h = shortcut(width, stride: stride, before: width / 4)
                y = h(x) + F(x)
                f = relu
            }
            net n { input(3, 8, 8) -> conv(3x3, 4) -> bn -> relu -> post(4) * 2 -> post(8, 2) -> post(8)
                -> global_avg_pool -> linear(5) }"
            .into(),
        other => panic!("{other}"),
    }
}

pub const NETS: [&str; 7] = ["iso", "kuangliu", "timm", "hugging", "pycls", "sides", "listed"];

pub fn golden(name: &str) -> PathBuf {
    let here = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/import_names"));
    here.join(name)
}

/// A folder with a net's spec, state dict and logits.
fn with(net: &str) -> Folder {
    let folder = Folder::new();
    std::fs::write(folder.at("n.rnet"), spec(net)).unwrap();
    std::fs::copy(golden(&format!("{net}.safetensors")), folder.at("state.safetensors")).unwrap();
    std::fs::copy(golden(&format!("{net}.check.safetensors")), folder.at("check")).unwrap();
    folder
}

const IMPORT: &str = "import n.rnet state.safetensors -o own.safetensors";

/// What `--explain` has in the line of a module of the net.
#[track_caller]
fn explained(out: &str, own: &str) -> Vec<String> {
    let line = out.lines().find(|line| line.split_whitespace().next() == Some(own));
    let line = line.unwrap_or_else(|| panic!("no {own} in {out}"));
    line.split("  ").map(|cell| cell.trim().to_owned()).filter(|cell| !cell.is_empty()).collect()
}

#[test]
fn pytorchs_logits_come_out_under_every_programs_names() {
    for net in NETS {
        let folder = with(net);
        let run = folder.expect(0, &format!("{IMPORT} --check check"));
        assert!(run.err.contains("the same class is first for 3"), "{net}: {run:?}");
        assert!(!run.err.contains("warning: "), "{net}: {run:?}");
        assert!(folder.at("own.safetensors").is_file());
    }
}

#[test]
fn names_that_tell_nothing_by_themselves_tell_it_together() {
    let iso = with("iso").expect(0, &format!("{IMPORT} --explain"));
    assert_eq!(explained(&iso.out, "stem.bn")[1..], ["bn1", "bn 4", "named as its convolution"]);
    assert_eq!(explained(&iso.out, "head.bn")[1], "bn");
    let timm = with("timm").expect(0, &format!("{IMPORT} --explain"));
    assert_eq!(explained(&timm.out, "head.linear")[1], "head.fc");
    assert_eq!(explained(&timm.out, "units.1.h.conv")[1], "stages.0.blocks.0.downsample.conv");
    let pycls = with("pycls").expect(0, &format!("{IMPORT} --explain"));
    assert_eq!(explained(&pycls.out, "units.3.skip.bn")[1], "s2.b1.bn");
    assert!(iso.err.contains("names and shapes alone were compared"), "{iso:?}");
}

#[test]
fn an_import_for_programs_says_what_the_table_does_and_more() {
    let folder = with("timm");
    let table = folder.expect(0, &format!("{IMPORT} --explain")).out;
    let run = folder.expect(0, &format!("{IMPORT} --check check --format json --explain"));
    let told: serde_json::Value = serde_json::from_str(&run.out).expect("one object");
    assert_eq!(told["path"], "own.safetensors");
    let modules = told["modules"].as_array().unwrap();
    assert_eq!(modules.len() + 2, table.lines().count(), "a head, and the last line");
    for module in modules {
        let cells = explained(&table, module["net"].as_str().unwrap());
        assert_eq!(
            [&module["file"], &module["shape"], &module["because_of"]],
            [&cells[1], &cells[2], &cells[3]]
        );
    }
    let check = &told["check"];
    assert_eq!((&check["inputs"], &check["agree"]), (&3.into(), &3.into()));
    let number = |name: &str| check[name].as_f64().unwrap();
    assert!(number("largest_difference") <= number("allowed_difference"));
    assert!(told["classes"].is_null() && told["mean"].is_null());
}

/// Each kind of mistake that shapes allow is far above what rounding explains.
#[test]
fn a_wrong_net_or_pairing_fails_the_check_and_writes_nothing() {
    let wrong = |net: &str, change: &dyn Fn(&Folder), more: &str| {
        let folder = with(net);
        change(&folder);
        let run = folder.expect(1, &format!("{IMPORT} --check check{more}"));
        assert!(run.err.contains("rounding in f32 explains"), "{net}: {run:?}");
        assert!(run.err.contains("Nothing is written"), "{net}: {run:?}");
        assert!(!folder.at("own.safetensors").exists());
    };
    let map = |text: &'static str| {
        move |folder: &Folder| std::fs::write(folder.at("map.yaml"), text).unwrap()
    };
    wrong("iso", &map("stem.bn: bn\nhead.bn: bn1\n"), " --map map.yaml");
    let swapped = "units.2.F.bn1: blocks.1.norm2\nunits.2.F.bn2: blocks.1.norm1\n";
    wrong("iso", &map(swapped), " --map map.yaml");
    let spec = |net: &'static str, from: &'static str, to: &'static str| {
        move |folder: &Folder| {
            let text = spec(net);
            assert!(text.contains(from), "{text}");
            std::fs::write(folder.at("n.rnet"), text.replace(from, to)).unwrap();
        }
    };
    wrong("sides", &spec("sides", ", before: width / 4", ""), "");
    wrong("pycls", &spec("pycls", "    f = relu\n", ""), "");
    wrong("hugging", &spec("hugging", "bn -> relu -> conv(3x3", "bn -> tanh -> conv(3x3"), "");
}

#[test]
fn a_map_says_what_nothing_else_does() {
    let folder = with("iso");
    let rename = |from: &str, to: &str| {
        let bytes = std::fs::read(golden("iso.safetensors")).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let named = file.iter().map(|(name, view)| {
            let stem = name.rsplit_once('.').unwrap().0;
            let name = if stem == from { name.replacen(from, to, 1) } else { name.to_owned() };
            (name, view)
        });
        let views: Vec<(String, TensorView)> = named.collect();
        let bytes = safetensors::serialize(views, None).unwrap();
        std::fs::write(folder.at("state.safetensors"), bytes).unwrap();
    };
    rename("bn1", "b");
    let asked = folder.expect(1, IMPORT);
    assert!(
        asked.err.contains("b and bn of the file may each be stem.bn and head.bn"),
        "{asked:?}"
    );
    assert!(asked.err.contains("--map") && asked.err.contains("stem.bn: \"b\""), "{asked:?}");
    let with_map = |text: &str, code: i32| {
        std::fs::write(folder.at("map.yaml"), text).unwrap();
        folder.expect(code, &format!("{IMPORT} --explain --check check --map map.yaml"))
    };
    let told = with_map("stem.bn: b\n", 0);
    assert_eq!(explained(&told.out, "stem.bn")[3], "as told");
    assert_eq!(explained(&told.out, "head.bn")[3], "the only one of its shape");
    let tensors = ["weight", "bias", "running_mean", "running_var"];
    let each: String = tensors.iter().map(|part| format!("stem.bn.{part}: b.{part}\n")).collect();
    with_map(&each, 0);

    let said = |text: &str, words: &str| {
        let run = with_map(text, 1);
        assert!(run.err.contains(words), "{text}: {run:?}");
    };
    said("stem.bm: b\n", "the net has no module or tensor stem.bm; did you mean stem.bn?");
    said("stem.bn: c\n", "the file has no module c");
    said("stem.bn: b\nhead.bn: b\n", "b is named twice");
    said("stem.bn: b\nstem.bn: bn\n", "`stem.bn` stands twice");
    said("stem.bn.weight: b.weight\n", "the map names other tensors of stem.bn");
    said("stem.bn: fc\n", "fc.weight, taken for stem.bn.weight");
    said("- stem.bn\n", "lines of a name of the net");
}
