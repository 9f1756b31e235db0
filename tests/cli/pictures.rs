//! Folders of a user's own pictures.

use std::path::Path;

use crate::folder::Folder;
use image::{Rgb, RgbImage};

/// Pictures of three sizes in one colour a class, under `pets`.
fn pets(folder: &Folder, test: bool) {
    for (k, class) in ["ant", "bee", "cat"].iter().enumerate() {
        for n in 0..12 {
            let split = if test && n >= 10 { "test" } else { "train" };
            let path = format!("pets/{split}/{class}/{n}.{}", ["png", "jpg"][n % 2]);
            draw(&folder.at(path), 60 * k as u8 + n as u8, 20 + n as u32);
        }
    }
}

fn draw(path: &Path, value: u8, side: u32) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    RgbImage::from_pixel(side, 40, Rgb([value, 200_u8.wrapping_sub(value), 7])).save(path).unwrap();
}

const CIFAR: &str = "--train cifar10 --data cifar --engine cpu --batch 10";
const TRAIN: &str = "run tiny.rnet --train pets --engine cpu --batch 10 --epochs 2";

#[test]
fn a_folder_trains_and_its_classes_are_named_everywhere() {
    let folder = Folder::new();
    pets(&folder, true);
    let said = folder.expect(0, &format!("{TRAIN} --out r"));
    assert!(said.err.contains("classes = 3, as the data has"), "{said:?}");
    let config = std::fs::read_to_string(folder.at("r/config.yaml")).unwrap();
    assert!(config.contains("classes: '3'") && config.contains("- bee"), "{config}");
    assert!(config.contains(folder.at("pets").canonicalize().unwrap().to_str().unwrap()));
    // --data names the other run's files, and this one's pictures stay where they are.
    folder.expect(0, &format!("run tiny.rnet {CIFAR} --out s --steps 2"));
    let page = folder.expect(0, "report r s --data cifar --engine cpu");
    assert!(page.out.contains("report of 2 runs") && !page.err.contains("not here"), "{page:?}");
    let weights = "--weights r/final.safetensors --engine cpu";
    let tested = folder.expect(0, &format!("run --eval pets {weights}"));
    let end = said.out.split_whitespace().nth(2).unwrap();
    assert!(tested.out.starts_with(&format!("test error {end} % (")), "{tested:?} {said:?}");
    assert!(tested.out.contains("of 6 wrong"), "{tested:?}");
    let asked = folder.expect(0, &format!("run --predict pets/test/cat/10.png {weights}"));
    assert!(["ant", "bee", "cat"].iter().all(|class| asked.out.contains(class)), "{asked:?}");
    folder.expect(0, "report r --engine cpu");
    let page = std::fs::read_to_string(folder.at("r/report.html")).unwrap();
    assert!(page.contains("Confusion") && page.contains(">bee<"));
    let units = "unit u(width) { F = conv(3x3, width)  y = x + F(x) }\n".to_string()
        + &crate::folder::TINY.replace("-> global", "-> u(width) -> global");
    std::fs::write(folder.at("units.rnet"), units).unwrap();
    let train = "run units.rnet --train pets --engine cpu --batch 10 --steps 1";
    folder.expect(0, &format!("{train} --out u"));
    folder.expect(0, "lesion u --delete each --engine cpu");
    // The same run goes on; with other pictures it does not.
    folder.expect(0, &format!("{TRAIN} --out r --resume"));
    draw(&folder.at("pets/train/ant/0.png"), 255, 40);
    let other = folder.expect(2, &format!("{TRAIN} --out r --resume"));
    assert!(other.err.contains("the training pictures, their labels or their order"), "{other:?}");
    draw(&folder.at("pets/test/dog/0.png"), 255, 40);
    let other = folder.expect(3, &format!("run --eval pets {weights}"));
    assert!(other.err.contains("dog is none of the 3 classes"), "{other:?}");
}

#[test]
fn without_a_test_folder_some_pictures_are_held_out() {
    let folder = Folder::new();
    pets(&folder, false);
    let said = folder.expect(0, &format!("{TRAIN} --out r"));
    assert!(said.err.contains("held out for testing (3 of 36 pictures)"), "{said:?}");
}

#[test]
fn what_does_not_fit_is_said_before_anything_is_written() {
    let folder = Folder::new();
    pets(&folder, true);
    let said = folder.expect(1, &format!("{TRAIN} --set classes=4"));
    assert!(said.err.contains("--set classes=3"), "{said:?}");
    let fixed = crate::folder::TINY.replace(", classes = 10", "").replace("(classes)", "(10)");
    std::fs::write(folder.at("fixed.rnet"), fixed).unwrap();
    let said = folder.expect(1, &TRAIN.replace("tiny", "fixed"));
    assert!(said.err.contains("write linear(3) in the spec"), "{said:?}");
    let said = folder.expect(1, "run cbam --train shapes10 --engine cpu");
    assert!(said.err.contains("say --set pixels=32; where the net has cifar"), "{said:?}");
    folder.expect(2, &format!("{TRAIN} --data cifar"));
    let said = folder.expect(2, &TRAIN.replace("pets", "mnist"));
    assert!(said.err.contains("a folder of pictures"), "{said:?}");
    let said = folder.expect(3, &TRAIN.replace("pets", "./none"));
    assert!(said.err.contains("no such folder"), "{said:?}");
    std::fs::write(folder.at("pets/train/bee/3.jpg"), "no picture").unwrap();
    let said = folder.expect(3, TRAIN);
    assert!(said.err.contains("bee/3.jpg"), "{said:?}");
    assert!(!folder.at("runs").exists());
}

#[test]
fn a_studys_folders_count_from_its_own() {
    let folder = Folder::new();
    pets(&folder, true);
    let text = "title: t\ndata: ./pets\nrecipe: he2016\nsteps: 2\nseeds: [0]\nrows:\n\
        - { label: a, spec: tiny.rnet, batch: 10 }\n";
    std::fs::write(folder.at("s.yaml"), text).unwrap();
    for _ in 0..2 {
        let said = folder.expect(0, "study s.yaml --engine cpu --out st --data cifar");
        assert!(said.out.contains("1 of 1"), "{said:?}");
    }
}

/// A picture of noise as a JPEG.
fn jpeg(seed: u32) -> Vec<u8> {
    let noise = |x: u32, y: u32| (x * 91 + y * 57 + x * y * seed) as u8;
    let picture = RgbImage::from_fn(48, 48, |x, y| Rgb([noise(x, y), noise(y, x), 90]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

#[test]
fn jpegs_are_judged_by_what_they_hold() {
    let folder = Folder::new();
    pets(&folder, true);
    folder.expect(0, &format!("{TRAIN} --out r"));
    let whole = jpeg(3);
    let end = whole.len() - 2;
    let video = [&whole[..], b"\0\0\0\x18ftypmp42\xff\xda\0\x0c\x03\x01", &[7; 100]].concat();
    let half = [&whole[..whole.len() / 2], &[0xff, 0xd9]].concat();
    for (name, bytes) in [
        ("q.jpg", &whole[..]),
        ("video.jpg", &video),
        ("noend.jpg", &whole[..end]),
        ("half.jpg", &half),
    ] {
        std::fs::write(folder.at(name), bytes).unwrap();
    }
    let ask = "run --weights r --engine cpu --predict";
    let named = |line: &str| {
        let said = folder.expect(0, &format!("{ask} {line}"));
        (said.out.split_once(':').unwrap().1.to_owned(), said.err)
    };
    let (right, told) = named("q.jpg");
    assert!(!told.contains("q.jpg"), "{told}");
    assert_eq!(named("video.jpg").0, right);
    let (found, told) = named("noend.jpg");
    assert!(told.contains("noend.jpg: the marker at the end of the file is missing"), "{told}");
    assert_eq!(found, right);
    let cut = folder.expect(1, &format!("{ask} half.jpg"));
    assert!(cut.err.contains("half.jpg: the picture is cut off: its coded data end too early"));
    assert!(cut.out.is_empty(), "{cut:?}");
    // In a set they are all named at once.
    for name in ["half.jpg", "noend.jpg"] {
        for class in ["ant", "bee"] {
            std::fs::copy(folder.at(name), folder.at(format!("pets/train/{class}/{name}")))
                .unwrap();
        }
    }
    let said = folder.expect(3, TRAIN);
    assert!(said.err.contains("2 of 40 pictures cannot be read:\n"), "{said:?}");
    assert_eq!(said.err.matches("half.jpg: the picture is cut off").count(), 2, "{said:?}");
    for class in ["ant", "bee"] {
        std::fs::remove_file(folder.at(format!("pets/train/{class}/half.jpg"))).unwrap();
    }
    let said = folder.expect(0, TRAIN);
    assert!(said.err.contains("2 pictures read as they are though the marker"), "{said:?}");
}

#[test]
fn a_valid_part_tests_and_a_train_of_pictures_is_a_class() {
    let folder = Folder::new();
    for (class, value) in [("cat", 10), ("dog", 150)] {
        (0..8).for_each(|k| draw(&folder.at(format!("set/train/{class}/{k}.png")), value + k, 32));
        (8..12).for_each(|k| draw(&folder.at(format!("set/valid/{class}/{k}.png")), value + k, 32));
        draw(&folder.at(format!("set/eval/{class}/1.png")), value, 32);
        let class = class.replace("dog", "train");
        (0..8).for_each(|k| draw(&folder.at(format!("flat/{class}/{k}.png")), value + k, 32));
    }
    let train = "run tiny.rnet --engine cpu --batch 4 --epochs 2";
    let said = folder.expect(0, &format!("{train} --train set --out a"));
    assert!(said.err.contains("valid is the test part; not used: "), "{said:?}");
    assert!(said.err.contains("8 steps of 4, 4 an epoch"), "{said:?}");
    let weights = "--engine cpu --weights";
    let said = folder.expect(0, &format!("run --eval set {weights} a"));
    assert!(said.out.contains("of 8 wrong"), "{said:?}");
    // A part that is named itself is tested whole; so is another folder.
    let said = folder.expect(0, &format!("run --eval set/train {weights} a"));
    assert!(said.out.contains("of 16 wrong"), "{said:?}");
    let said = folder.expect(0, &format!("{train} --train flat --out b"));
    assert!(
        said.err.contains("flat/train holds no folders of classes, and so is taken as a class")
    );
    assert!(said.err.contains("(2 of 16 pictures)"), "{said:?}");
    // What was trained on is not tested on.
    for line in ["--eval flat", "--eval"] {
        let said = folder.expect(0, &format!("run {line} {weights} b"));
        assert!(said.out.contains("of 2 wrong"), "{said:?}");
    }
}

#[test]
fn predictions_go_past_what_is_bad_and_into_folders() {
    let folder = Folder::new();
    pets(&folder, true);
    folder.expect(0, &format!("{TRAIN} --out r"));
    let ask = "run --weights r --engine cpu --predict";
    draw(&folder.at("a.png"), 3, 30);
    draw(&folder.at("z,1.png"), 130, 30);
    std::fs::write(folder.at("bad.png"), "none").unwrap();
    let said = folder.expect(1, &format!("{ask} a.png bad.png none.png z,1.png"));
    let named: Vec<&str> = said.out.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(named, ["a.png", "z,1.png"]);
    assert!(said.err.contains("bad.png: no PNG or JPEG picture"), "{said:?}");
    assert!(said.err.contains("none.png") && said.err.contains("2 pictures of 4 not named"));
    // One alone says why, as it is.
    folder.expect(3, &format!("{ask} none.png"));
    folder.expect(1, &format!("{ask} bad.png"));

    std::fs::write(folder.at("pets/test/notes.txt"), "").unwrap();
    let said = folder.expect(0, &format!("{ask} pets/test a.png --top 1"));
    assert_eq!(said.out.lines().count(), 7, "{said:?}");
    assert!(said.out.starts_with("pets/test/ant/10.png: ") && said.out.matches('%').count() == 7);
    assert!(said.err.contains("pets/test: 1 file passed over"), "{said:?}");
    std::fs::create_dir(folder.at("empty")).unwrap();
    let said = folder.expect(1, &format!("{ask} empty a.png"));
    assert!(said.err.contains("empty: there are no PNG or JPEG files in it"), "{said:?}");
    assert_eq!(said.out.lines().count(), 1);

    let said = folder.expect(0, &format!("{ask} z,1.png a.png --top 2 --format csv"));
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines[0], "path,class1,probability1,class2,probability2");
    assert!(lines[1].starts_with("\"z,1.png\",") && lines[2].starts_with("a.png,"), "{said:?}");
    let said = folder.expect(0, &format!("{ask} z,1.png a.png --format json"));
    for (line, path) in said.out.lines().zip(["z,1.png", "a.png"]) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["path"], path);
        let shares = line["classes"].as_array().unwrap().iter();
        let sum: f64 = shares.map(|class| class["probability"].as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-6 && line["classes"][0]["class"].is_string(), "{line}");
    }
    folder.expect(2, &format!("{ask} a.png --top 0"));
}

#[test]
fn an_evaluation_counts_what_each_class_was_taken_for() {
    let folder = Folder::new();
    pets(&folder, true);
    (0..3).for_each(|k| draw(&folder.at(format!("pets/test/ant/x{k}.png")), 200 + k, 32));
    folder.expect(0, &format!("{TRAIN} --out r"));
    let eval = "run --eval pets --weights r --engine cpu";
    let plain = folder.expect(0, eval);
    assert_eq!(plain.out.lines().count(), 1, "{plain:?}");
    let said = folder.expect(0, &format!("{eval} --format json"));
    let all: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let told = format!("({} of {} wrong)", all["wrong"], all["count"]);
    assert!(plain.out.contains(&told) && all["count"] == 9, "{plain:?} {all}");
    assert_eq!(all["top5_error_percent"], 0.0);
    let rows = all["confusion"].as_array().unwrap();
    let cell = |row: usize, column: usize| rows[row][column].as_u64().unwrap();
    for (at, class) in ["ant", "bee", "cat"].iter().enumerate() {
        let of = &all["classes"][at];
        let (row, column): (u64, u64) =
            ((0..3).map(|k| cell(at, k)).sum(), (0..3).map(|k| cell(k, at)).sum());
        assert!(of["class"] == *class && of["count"] == row && of["correct"] == cell(at, at));
        assert_eq!(of["recall"].as_f64().unwrap(), cell(at, at) as f64 / row as f64);
        let precision = (column > 0).then(|| cell(at, at) as f64 / column as f64);
        assert_eq!(of["precision"].as_f64(), precision);
    }
    assert_eq!(all["classes"][0]["count"], 5);
    let wrong: u64 = 9 - (0..3).map(|k| cell(k, k)).sum::<u64>();
    assert_eq!(all["wrong"], wrong);
    let said = folder.expect(0, &format!("{eval} --format csv"));
    let lines: Vec<&str> = said.out.lines().collect();
    assert_eq!(lines[0], "class,count,correct,precision,recall,top5,as ant,as bee,as cat");
    assert!(lines.len() == 4 && lines[1].starts_with("ant,5,"), "{said:?}");
    assert!(said.err.contains(&told), "{said:?}");
}

#[test]
fn pictures_that_were_wrong_are_named_by_their_files() {
    let folder = Folder::new();
    pets(&folder, true);
    // Every picture of the net's own first class is in the folder of another.
    for k in 0..4 {
        draw(&folder.at(format!("pets/test/ant/odd{k}.png")), 120 + k, 32);
        draw(&folder.at(format!("pets/test/bee/odd{k}.png")), k, 32);
    }
    folder.expect(0, &format!("{TRAIN} --out r"));
    let eval = "run --eval --weights r --engine cpu";
    let json = folder.expect(0, &format!("{eval} --format json --mistakes 100")).out;
    let all: serde_json::Value = serde_json::from_str(&json).unwrap();
    let mistakes = all["mistakes"].as_array().unwrap();
    assert!(all["wrong"].as_u64().unwrap() > 2, "{all}");
    assert_eq!(mistakes.len() as u64, all["wrong"].as_u64().unwrap());
    let mut last = 1.0;
    for mistake in mistakes {
        let file = mistake["file"].as_str().unwrap();
        let class = mistake["class"].as_str().unwrap();
        assert!(
            std::path::Path::new(file).is_file() && file.contains(&format!("/{class}/")),
            "{file}"
        );
        assert_ne!(mistake["class"], mistake["taken_for"]);
        let probability = mistake["probability"].as_f64().unwrap();
        assert!(probability <= last, "{mistakes:?}");
        last = probability;
        // What the net says of that file by itself.
        let line = format!("run --predict {file} --weights r --engine cpu --top 1 --format json");
        let alone: serde_json::Value = serde_json::from_str(&folder.expect(0, &line).out).unwrap();
        assert_eq!(alone["classes"][0]["class"], mistake["taken_for"]);
        let apart = alone["classes"][0]["probability"].as_f64().unwrap() - probability;
        assert!(apart.abs() < 1e-5, "{apart}");
    }
    let text = folder.expect(0, &format!("{eval} --mistakes 2")).out;
    assert_eq!(text.lines().count(), 3, "{text}");
    let first = mistakes[0]["file"].as_str().unwrap();
    assert!(text.lines().nth(1).unwrap().starts_with(&format!("wrong: {first}: ")), "{text}");
    let csv = folder.expect(0, &format!("{eval} --mistakes 2 --format csv")).out;
    assert!(csv.starts_with("index,file,class,taken_for,probability\n"), "{csv}");
    assert_eq!(csv.lines().count(), 3);

    folder.expect(0, "report r --engine cpu --mistakes 3");
    let page = std::fs::read_to_string(folder.at("r/report.html")).unwrap();
    let wrong = format!("the 3 surest of {} wrong pictures", mistakes.len());
    assert!(page.contains(&wrong), "{wrong}");
    let within = first.split("/pets/").nth(1).unwrap();
    assert!(page.contains(&format!("<td>{within}</td>")), "{within}");
    assert_eq!(page.matches("<figure><img").count(), 3);
    // Pictures without files of their own have numbers.
    let said = folder.expect(0, &format!("run tiny.rnet {CIFAR} --steps 1 --out s"));
    let said =
        folder.expect(0, "run --eval --weights s --mistakes 1 --engine cpu --data cifar").out
            + &said.out;
    assert!(said.contains("wrong: test picture "), "{said}");
}

#[test]
fn weights_of_other_classes_are_told_so() {
    let folder = Folder::new();
    pets(&folder, true);
    folder.expect(0, &format!("{TRAIN} --out r"));
    let said = folder.expect(1, "run --eval cifar10 --data cifar --weights r --engine cpu").err;
    assert!(said.contains("tells 3 classes apart, and cifar10 has 10; its weights were"), "{said}");
    assert!(!said.contains("--set classes"), "{said}");
}

#[test]
fn notes_among_the_pictures_are_left_out_and_told() {
    let folder = Folder::new();
    pets(&folder, true);
    std::fs::write(folder.at("pets/train/ant/notes.txt"), "mine").unwrap();
    let said = folder.expect(0, &format!("{TRAIN} --out r"));
    let told = "1 file in folders of classes is no PNG or JPEG, and left out: ";
    assert!(said.err.contains(told) && said.err.contains("ant/notes.txt"), "{said:?}");
}
