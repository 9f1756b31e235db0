//! A part of the training pictures by which the best checkpoint is chosen.

use crate::folder::Folder;
use crate::own_pictures::{TRAIN, WEIGHTS, read, recipe};
use image::{Rgb, RgbImage};

/// Twenty training pictures of each of three classes, and two to test.
fn pets(folder: &Folder) {
    for (k, class) in ["ant", "bee", "cat"].iter().enumerate() {
        for n in 0..22 {
            let split = if n >= 20 { "test" } else { "train" };
            draw(folder, &format!("pets/{split}/{class}/{n}.png"), 60 * k as u8 + n as u8);
        }
    }
}

fn draw(folder: &Folder, path: &str, value: u8) {
    let path = folder.at(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    RgbImage::from_pixel(32, 32, Rgb([value, 200_u8.wrapping_sub(value), 7])).save(path).unwrap();
}

const AUGMENTED: &str = "{ pad: 2, flip: true }";

#[test]
fn a_run_chooses_by_it_and_tests_at_the_end() {
    let folder = Folder::new();
    pets(&folder);
    recipe(&folder, "r.yaml", AUGMENTED, "validation: 12\n");
    let said = folder.expect(0, &format!("{TRAIN} --recipe r.yaml --out r"));
    assert!(said.err.contains("validation part: 12 of the 60 training pictures"), "{said:?}");
    assert!(said.err.contains("48 are trained on") && said.err.contains("24 steps of 8, 6 an"));
    assert!(said.err.contains("epoch 1/4  validation error "), "{said:?}");
    assert!(!said.err.contains("epoch 1/4  test error"), "{said:?}");
    assert!(said.err.contains("lowest validation error ") && !said.err.contains("optimistic"));
    assert!(said.out.starts_with("test error "), "{said:?}");
    let lines = read(&folder, "r/metrics.jsonl");
    assert_eq!(lines.matches("test_error_percent").count(), 1, "{lines}");
    assert_eq!(lines.matches("validation_error_percent").count(), 4, "{lines}");
    let config = read(&folder, "r/config.yaml");
    assert!(config.contains("pictures: 48\nvalidation: 12\n"), "{config}");
    // It is the same part again.
    for (part, count) in [("validation", 12), ("val", 12), ("test", 6), ("train", 48)] {
        let said = folder.expect(0, &format!("run --eval --part {part} {WEIGHTS} r"));
        assert!(said.out.contains(&format!("of {count} wrong")), "{part}: {said:?}");
    }
    let said = folder.expect(0, &format!("run --eval --part val --format json {WEIGHTS} r"));
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((json["part"].as_str(), json.get("test_error_percent")), (Some("validation"), None));
    let last: serde_json::Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(json["error_percent"], last["validation_error_percent"]);
    folder.expect(0, "report r --recorded");
    let page = read(&folder, "r/report.html");
    assert!(page.contains("<td>validation</td>") && page.contains("r: validation error"));
    // More pictures in the folder are another run.
    draw(&folder, "pets/train/ant/more.png", 99);
    let said = folder.expect(2, "run --resume r --epochs 5 --engine cpu");
    assert!(said.err.contains("the training pictures, their labels or their order"), "{said:?}");
}

#[test]
fn copies_that_have_no_room_together_are_told() {
    let folder = Folder::new();
    pets(&folder);
    for class in ["ant", "bee", "cat"] {
        for n in 0..20 {
            let path = |copy: &str| folder.at(format!("pets/train/{class}/{copy}{n}.png"));
            std::fs::copy(path(""), path("copy")).unwrap();
        }
    }
    recipe(&folder, "r.yaml", AUGMENTED, "validation: 15\n");
    let said = folder.expect(0, &format!("{TRAIN} --recipe r.yaml --out r"));
    let told =
        "validation part: 12 (of the 15 that are asked for: copies of a picture stay together) of";
    assert!(said.err.contains(told), "{said:?}");
    let said = folder.expect(0, &format!("run --eval --part val {WEIGHTS} r"));
    assert!(said.out.contains("of 12 wrong"), "{said:?}");
}

#[test]
fn views_are_averaged_and_recorded() {
    let folder = Folder::new();
    pets(&folder);
    recipe(&folder, "r.yaml", AUGMENTED, "views: flip\n");
    let said = folder.expect(0, &format!("{TRAIN} --recipe r.yaml --out r"));
    let eval = |views: &str| {
        let line = format!("run --eval --format json {views} {WEIGHTS} r");
        serde_json::from_str::<serde_json::Value>(&folder.expect(0, &line).out).unwrap()
    };
    // As the recipe says, unless the command line says otherwise.
    let [usual, flip, none] = ["", "--views flip", "--views none"].map(eval);
    assert_eq!((&usual["views"], &none["views"]), (&"flip".into(), &"none".into()));
    assert_eq!(usual["loss"], flip["loss"]);
    let error = said.out.split_whitespace().nth(2).unwrap();
    assert_eq!(format!("{:.2}", usual["error_percent"].as_f64().unwrap()), error);
    let lines = read(&folder, "r/metrics.jsonl");
    let last: serde_json::Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(last["test_loss"], usual["loss"]);
    let said = folder.expect(0, "export r --onnx r.onnx");
    assert!(said.err.contains("several views of each picture (views: flip)"), "{said:?}");
    let text = folder.expect(0, &format!("run --eval --views translate {WEIGHTS} r")).out;
    assert!(text.contains("  (mean scores of views: translate)"), "{text}");
    let ask = |views: &str| {
        folder.expect(0, &format!("run --predict pets/test {views} --format json {WEIGHTS} r"))
    };
    let crops = ask("--views 10-crop");
    assert_eq!(crops.out.matches("\"views\":\"10-crop\"").count(), 6, "{crops:?}");
    assert!(crops.err.contains("mean scores of views: 10-crop"), "{crops:?}");
    assert!(!ask("--views none").out.contains("views"));
    // A picture of one colour is its own mirror image, up to how sums are rounded.
    let probabilities = |out: &str| -> Vec<f64> {
        let of = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
        let all = out.lines().map(|line| of(line)["classes"][0]["probability"].as_f64().unwrap());
        all.collect()
    };
    let (flip, none) = (ask("").out, ask("--views none").out);
    let [flip, none] = [probabilities(&flip), probabilities(&none)];
    assert_eq!([flip.len(), none.len()], [6, 6]);
    for (flip, none) in flip.iter().zip(none) {
        assert!((flip - none).abs() < 1e-5, "{flip}, {none}");
    }
    folder.expect(2, &format!("{TRAIN} --views flip"));
}

#[test]
fn what_chooses_on_the_test_pictures_says_so() {
    let folder = Folder::new();
    pets(&folder);
    recipe(&folder, "r.yaml", AUGMENTED, "");
    let said = folder.expect(0, &format!("{TRAIN} --recipe r.yaml --out r"));
    assert!(said.err.contains("chosen on the test pictures: optimistic"), "{said:?}");
    folder.expect(0, "report r --recorded");
    let page = read(&folder, "r/report.html");
    assert!(page.contains("<td>test</td>") && page.contains("so optimistic"), "{page}");
    let said = folder.expect(2, &format!("run --eval --part val {WEIGHTS} r"));
    assert!(said.err.contains("set none apart"), "{said:?}");
    let said = folder.expect(0, &format!("{TRAIN} --recipe r.yaml --out j --format json"));
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(json["best"]["chosen_on"], "test");
    for more in ["stop: { after: 1 }", "best: validation"] {
        recipe(&folder, "s.yaml", AUGMENTED, more);
        let said = folder.expect(1, &format!("{TRAIN} --recipe s.yaml --out s"));
        assert!(said.err.contains("needs a validation part, and"), "{said:?}");
        assert!(said.err.contains("write validation: 0.1 in the recipe"), "{said:?}");
    }
    recipe(&folder, "s.yaml", AUGMENTED, "validation: 58");
    let said = folder.expect(1, &format!("{TRAIN} --recipe s.yaml --out s"));
    assert!(said.err.contains("57 of the 60 training pictures of"), "{said:?}");
    assert!(!folder.at("s").exists());
}

#[test]
fn a_run_that_gives_up_is_over() {
    let folder = Folder::new();
    pets(&folder);
    recipe(&folder, "r.yaml", AUGMENTED, "validation: 0.2\nstop: { after: 1 }\n");
    let text =
        read(&folder, "r.yaml").replace("lr: 0.01", "lr: 0").replace("epochs: 4", "epochs: 50");
    std::fs::write(folder.at("r.yaml"), text).unwrap();
    let said = folder.expect(0, &format!("{TRAIN} --recipe r.yaml --out r"));
    assert!(said.err.contains("no lower validation error in 1 epoch"), "{said:?}");
    assert!(said.out.starts_with("test error ") && folder.at("r/final.safetensors").is_file());
    let again = folder.expect(0, "run --resume r --engine cpu");
    assert_eq!(again.out, said.out);
    let study = "title: t\ndata: ./pets\nrecipe: r.yaml\nseeds: [0]\nrows:\n\
        - { label: a, spec: tiny.rnet }\n";
    std::fs::write(folder.at("s.yaml"), study).unwrap();
    for _ in 0..2 {
        let said = folder.expect(0, "study s.yaml --engine cpu --out st");
        assert!(said.out.contains("1 of 1"), "{said:?}");
    }
    let said = folder.expect(0, "study s.yaml --engine cpu --out st");
    assert!(said.err.contains("1 run, 1 done"), "{said:?}");
}

#[test]
fn a_folder_of_validation_pictures_is_used_and_a_run_of_before_goes_on_without() {
    let folder = Folder::new();
    pets(&folder);
    recipe(&folder, "r.yaml", AUGMENTED, "");
    folder.expect(0, &format!("{TRAIN} --recipe r.yaml --epochs 2 --out old"));
    for (k, class) in ["ant", "bee", "cat"].iter().enumerate() {
        draw(&folder, &format!("pets/val/{class}/v.png"), 60 * k as u8 + 30);
    }
    folder.expect(0, "run --resume old --epochs 3 --engine cpu");
    let lines = read(&folder, "old/metrics.jsonl");
    assert_eq!(lines.matches("test_error_percent").count(), 3, "{lines}");
    assert!(!lines.contains("validation"), "{lines}");
    recipe(&folder, "r.yaml", AUGMENTED, "validation: 0.5\n");
    let said = folder.expect(0, &format!("{TRAIN} --recipe r.yaml --out r"));
    assert!(said.err.contains("the recipe's validation: 0.5 is not followed"), "{said:?}");
    assert!(said.err.contains("validation part: the 3 pictures"), "{said:?}");
    let config = read(&folder, "r/config.yaml");
    assert!(config.contains("pictures: 60\nvalidation: 3\n"), "{config}");
    let said = folder.expect(0, &format!("run --eval --part val {WEIGHTS} r"));
    assert!(said.out.contains("of 3 wrong"), "{said:?}");
    // Training pictures are not read for it.
    let whole = std::fs::read(folder.at("pets/train/ant/0.png")).unwrap();
    std::fs::write(folder.at("pets/train/ant/0.png"), "damaged").unwrap();
    let said = folder.expect(0, &format!("run --eval --part val {WEIGHTS} r"));
    assert!(said.out.contains("of 3 wrong"), "{said:?}");
    std::fs::write(folder.at("pets/train/ant/0.png"), whole).unwrap();
    // Other pictures in it are another run.
    draw(&folder, "pets/val/ant/v.png", 250);
    let said = folder.expect(2, "run --resume r --epochs 5 --engine cpu");
    assert!(said.err.contains("the pictures of the validation part"), "{said:?}");
}
