//! One JSON form on everything that reports: objects on standard output, a line each, nothing else
//! there; and what is the same has the same name.

use serde_json::Value;

use crate::folder::Folder;

const UNITS: &str = "\
unit u(width) {
    F = bn -> relu -> conv(3x3, width)
    y = x + F(x)
}

net units(classes = 10) {
    input(3, 32, 32)
    -> conv(3x3, 4, stride: 8) -> u(4) * 3
    -> global_avg_pool -> linear(classes)
}
";

/// Its parameters: the stem, three units, the classifier.
const PARAMS: u64 = 3 * 9 * 4 + 3 * (2 * 4 + 4 * 9 * 4) + 4 * 10 + 10;

const ON: &str = "--engine cpu --threads 1";

/// A command, and fields of each of its objects.
const COMMANDS: &[(&str, &[&str])] = &[
    ("check units.rnet", &["spec", "net", "settings", "units", "params", "macs"]),
    ("check units.rnet --summary", &["spec", "params", "layers", "batch", "training_bytes"]),
    ("build units.rnet -o built", &["spec", "net", "params", "path", "mode", "batch", "kernels"]),
    ("gradcheck units.rnet", &["spec", "net", "params", "batch", "tolerance", "wrong", "checks"]),
    ("devices", &["engine", "device", "precisions"]),
    ("explain", &[]),
    ("explain warnings", &["code", "severity", "title"]),
    ("explain E0008", &["code", "severity", "title", "text"]),
    ("explain he2016", &["recipe", "text"]),
    ("data list", &["data", "classes", "drawn", "folder"]),
    ("data fetch shapes10", &["data", "classes", "drawn", "folder"]),
    (
        "data verify cifar10 --data cifar",
        &["data", "folder", "training_pictures", "test_pictures", "unchanged_files"],
    ),
    (
        "bench units.rnet --batch 4 --steps 1 ON",
        &["spec", "params", "engine", "device", "precision", "batch", "threads", "images_per_s"],
    ),
    (
        "run units.rnet --train cifar10 --data cifar --steps 2 --batch 8 --out r ON",
        &[
            "run",
            "spec",
            "net",
            "params",
            "data",
            "device",
            "precision",
            "batch",
            "steps",
            "step",
            "epoch",
            "test_error_percent",
            "test_loss",
            "weights",
        ],
    ),
    (
        "run --eval --weights r --mistakes 3 ON",
        &[
            "net",
            "params",
            "weights",
            "engine",
            "device",
            "precision",
            "batch",
            "data",
            "count",
            "wrong",
            "test_error_percent",
            "top5_error_percent",
            "test_loss",
            "images_per_s",
            "classes",
            "confusion",
            "mistakes",
        ],
    ),
    ("run --predict a.png --weights r ON", &["path", "classes"]),
    (
        "lesion r --delete each ON",
        &["run", "net", "params", "units", "study", "baseline_error_percent", "rows", "lesions"],
    ),
    ("lesion r --delete 2 ON", &["run", "net", "params", "study", "lesions"]),
    ("lesion r --reorder --swaps 1..1 --samples 1 ON", &["study", "rows", "lesions"]),
    ("paths r --samples 2 ON", &["run", "net", "params", "study", "units", "lengths"]),
    ("paths check r ON", &["run", "net", "params", "study", "count", "units", "stages"]),
    ("report r ON", &["path", "runs"]),
    ("report r --recorded -o recorded.html", &["path", "runs"]),
    ("export r --onnx net.onnx", &["net", "params", "path", "classes", "mean", "std"]),
    ("study s.yaml --data cifar ON", &["title", "note", "rows"]),
];

fn objects(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// Every number by that name, wherever it stands.
fn found<'a>(value: &'a Value, name: &str, all: &mut Vec<&'a Value>) {
    match value {
        Value::Object(map) => {
            all.extend(map.get(name));
            map.values().for_each(|value| found(value, name, all));
        }
        Value::Array(list) => list.iter().for_each(|value| found(value, name, all)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn folder() -> Folder {
    let folder = Folder::new();
    std::fs::write(folder.at("units.rnet"), UNITS).unwrap();
    let study = "title: T\ndata: cifar10\nrecipe: fast\nsteps: 1\nseeds: [0]\nrows:\n\
        - { label: a, spec: units.rnet, batch: 8 }\n";
    std::fs::write(folder.at("s.yaml"), study).unwrap();
    image::RgbImage::new(8, 8).save(folder.at("a.png")).unwrap();
    folder
}

#[test]
fn all_that_reports_prints_json_with_the_same_names() {
    let folder = folder();
    for (line, fields) in COMMANDS {
        let line = format!("{} --format json", line.replace("ON", ON));
        let said = folder.expect(0, &line);
        let objects = objects(&said.out);
        assert!(!objects.is_empty(), "{line}: {said:?}");
        for object in &objects {
            for field in *fields {
                assert!(object.get(field).is_some(), "{line}: no {field} in {object}");
            }
            // A net's parameters are its own wherever they stand at the top.
            if let Some(params) = object.get("params") {
                assert_eq!(*params, PARAMS, "{line}");
            }
            let mut rates = Vec::new();
            found(object, "images_per_s", &mut rates);
            assert!(rates.iter().all(|rate| rate.as_f64().unwrap() > 0.0), "{line}: {rates:?}");
            let mut errors = Vec::new();
            found(object, "test_error_percent", &mut errors);
            for error in errors {
                let error = error.get("median").unwrap_or(error).as_f64().unwrap();
                assert!((0.0..=100.0).contains(&error), "{line}: {error}");
            }
        }
    }
}

#[test]
fn what_is_printed_is_what_is_kept() {
    let folder = folder();
    let train = "run units.rnet --train cifar10 --data cifar --steps 2 --batch 8 --out r";
    let end = objects(&folder.expect(0, &format!("{train} --format json {ON}")).out).remove(0);
    let text = std::fs::read_to_string(folder.at("r/metrics.jsonl")).unwrap();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(end["test_error_percent"], last["test_error_percent"]);
    for (line, file) in [
        ("lesion r --delete each", "lesion/delete-each"),
        ("paths r --samples 2", "paths/paths"),
        ("paths check r", "paths/check"),
    ] {
        let json = folder.expect(0, &format!("{line} --format json {ON}"));
        let kept = std::fs::read_to_string(folder.at(format!("r/{file}.json"))).unwrap();
        assert_eq!(objects(&json.out), [serde_json::from_str::<Value>(&kept).unwrap()], "{line}");
        let csv = folder.expect(0, &format!("{line} --format csv {ON}"));
        let kept = std::fs::read_to_string(folder.at(format!("r/{file}.csv"))).unwrap();
        assert_eq!(csv.out, kept, "{line}");
    }
    let eval = format!("run --eval --weights r {ON}");
    let tested = objects(&folder.expect(0, &format!("{eval} --format json")).out).remove(0);
    assert_eq!(tested["test_error_percent"], end["test_error_percent"]);
    // The names that it had first stay.
    assert_eq!(tested["error_percent"], end["test_error_percent"]);
    assert_eq!(tested["loss"], tested["test_loss"]);
    assert!(tested.get("mistakes").is_none());
    let report = objects(&folder.expect(0, &format!("report r --format json {ON}")).out).remove(0);
    let run = &report["runs"][0];
    assert_eq!(run["test_error_percent"], end["test_error_percent"]);
    assert_eq!(run["measured"]["confusion"], tested["confusion"]);
    assert_eq!(run["measured"]["classes"], tested["classes"]);
    assert_eq!(run["measured"]["units"].as_array().unwrap().len(), 3);
    let check = folder.expect(0, "gradcheck units.rnet --format csv").out;
    assert!(check.starts_with("name,adjoint,difference,relative_error,agrees\nstem.conv.weight,"));
    let refused = folder.expect(2, &format!("{train} --format csv {ON}"));
    assert!(refused.err.contains("--format json"), "{refused:?}");
}
