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
