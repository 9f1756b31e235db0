//! Pictures in files whose shorter side is resized, and whose middle is seen.

use crate::folder::Folder;
use crate::own_pictures::{TRAIN, WEIGHTS, read, recipe};
use image::{Rgb, RgbImage};

/// Wide pictures whose middle tells the class, and whose ends say another one.
fn pets(folder: &Folder) {
    for (k, class) in ["ant", "bee", "cat"].iter().enumerate() {
        for n in 0..14 {
            let split = if n >= 10 { "test" } else { "train" };
            let path = folder.at(format!("pets/{split}/{class}/{n}.png"));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let colour = |k: usize| Rgb([80 * k as u8 + n, 200 - 90 * k as u8, 7 * n]);
            let picture = RgbImage::from_fn(160, 50, |x, _| {
                colour(if (50..110).contains(&x) { k } else { (k + 1) % 3 })
            });
            picture.save(path).unwrap();
        }
    }
}

#[test]
fn training_evaluation_prediction_and_export_see_the_same_middle() {
    let folder = Folder::new();
    pets(&folder);
    recipe(&folder, "r.yaml", "{ pad: 0, flip: true }", "resize: 40\n");
    let said = folder.expect(0, &format!("{TRAIN} --recipe r.yaml --out r"));
    assert!(read(&folder, "r/config.yaml").contains("\n  resize: 40\n"));
    let end = said.out.split_whitespace().nth(2).unwrap().to_owned();
    let tested = folder.expect(0, &format!("run --eval {WEIGHTS} r"));
    assert!(tested.out.starts_with(&format!("test error {end} % (")), "{tested:?} {said:?}");
    for (part, count) in [("train", 30), ("test", 12)] {
        let said = folder.expect(0, &format!("run --eval --part {part} {WEIGHTS} r"));
        assert!(said.out.contains(&format!("of {count} wrong")), "{said:?}");
    }
    // What is asked about a file is what was measured of it: the middle alone decides.
    let wide = open(&folder.at("pets/test/bee/12.png"));
    let middle = image::imageops::crop_imm(&wide, 55, 0, 50, 50).to_image();
    middle.save(folder.at("middle.png")).unwrap();
    let ask = |path: &str, weights: &str| {
        let line = format!("run --predict {path} --format csv {WEIGHTS} {weights}");
        folder.expect(0, &line).out.lines().nth(1).unwrap().split_once(',').unwrap().1.to_owned()
    };
    assert_eq!(ask("pets/test/bee/12.png", "r"), ask("middle.png", "r"));
    folder.expect(0, "export r --onnx r.onnx");
    let onnx = std::fs::read(folder.at("r.onnx")).unwrap();
    let note = b"torchvision's Resize(40), CenterCrop";
    assert!(onnx.windows(note.len()).any(|window| window == note));
    // Without it, pictures are stretched, and their ends count.
    recipe(&folder, "s.yaml", "{ pad: 0, flip: true }", "");
    folder.expect(0, &format!("{TRAIN} --recipe s.yaml --out s"));
    assert_ne!(ask("pets/test/bee/12.png", "s"), ask("middle.png", "s"));
    // Fine-tuning says where they differ.
    let said = folder.expect(0, &format!("{TRAIN} --recipe s.yaml --weights r --out t"));
    let told = "pictures are stretched to the size that the net reads, and those that the weights were \
                trained on were resized to 40 by their shorter side, and cropped (--with resize=40)";
    assert!(said.err.contains(told), "{said:?}");
    folder.expect(0, "report r --engine cpu");
    folder.expect(0, &format!("{TRAIN} --recipe r.yaml --out r --resume"));
    let said = folder.expect(2, "run --resume r --with resize=48 --engine cpu");
    assert!(said.err.contains("recipe.resize"), "{said:?}");
}

fn open(path: &std::path::Path) -> RgbImage {
    image::open(path).unwrap().into_rgb8()
}

#[test]
fn crops_of_training_come_out_of_more_than_is_seen_and_go_on_alike() {
    let folder = Folder::new();
    pets(&folder);
    let painted = "{ pad: 0, flip: true, jitter: { brightness: 0.4, hue: 0.1 }, rand_augment: {} }";
    for (name, augmentation) in [
        ("d", painted),
        ("a", "{ pad: 0, flip: true }"),
        ("b", "{ pad: 0, flip: true, crop: { scale: [0.3, 1] } }"),
    ] {
        recipe(&folder, &format!("{name}.yaml"), augmentation, "resize: 44\n");
        folder.expect(0, &format!("{TRAIN} --recipe {name}.yaml --out {name}"));
        let last = format!("{name}/final.safetensors");
        let whole = std::fs::read(folder.at(&last)).unwrap();
        std::fs::remove_file(folder.at(&last)).unwrap();
        for step in ["00000009", "00000012"] {
            let path = format!("{name}/checkpoints/step-{step}.safetensors");
            std::fs::remove_file(folder.at(path)).unwrap();
        }
        folder.expect(0, &format!("run --resume {name} --engine cpu"));
        assert_eq!(std::fs::read(folder.at(&last)).unwrap(), whole, "{name}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let folder = Folder::new();
    pets(&folder);
    for (augmentation, resize, data, told) in [
        ("{ pad: 0, flip: true }", 31, "pets", "resize is 31, and the net reads 32 pixels a side"),
        (
            "{ pad: 2, flip: true }",
            40,
            "pets",
            "with resize: 40 training crops are taken out of more",
        ),
        ("{ pad: 0, flip: true }", 40, "cifar10 --data cifar", "come in a size of their own"),
    ] {
        recipe(&folder, "r.yaml", augmentation, &format!("resize: {resize}\n"));
        let train = format!("run tiny.rnet --train {data} --engine cpu --recipe r.yaml --out r");
        let said = folder.expect(1, &train);
        assert!(said.err.contains(told) && !folder.at("r").exists(), "{said:?}");
    }
    recipe(&folder, "r.yaml", "{ pad: 0, flip: true }", "views: 10-crop\n");
    let said = folder.expect(1, &format!("{TRAIN} --recipe r.yaml --out r"));
    assert!(said.err.contains("it would be flip five times"), "{said:?}");
    recipe(&folder, "r.yaml", "{ pad: 0, flip: true }", "");
    folder.expect(0, &format!("{TRAIN} --recipe r.yaml --out r"));
    for ask in ["--eval", "--predict pets/test/ant/12.png"] {
        let said = folder.expect(1, &format!("run {ask} --views 10-crop {WEIGHTS} r"));
        assert!(said.err.contains("it would be flip five times"), "{said:?}");
    }
}

#[test]
fn the_numbers_of_imagenet_are_used_as_they_are() {
    let folder = Folder::new();
    pets(&folder);
    recipe(&folder, "r.yaml", "{ pad: 0, flip: true }", "");
    folder.expect(0, &format!("{TRAIN} --recipe r.yaml --with normalise=imagenet --out r"));
    let config = read(&folder, "r/config.yaml");
    assert!(config.contains("  mean:\n  - 123.675\n") && config.contains("normalise: imagenet"));
    let grey = crate::folder::TINY.replace("input(3", "input(1");
    std::fs::write(folder.at("grey.rnet"), grey).unwrap();
    let line = "run grey.rnet --train pets --engine cpu --recipe r.yaml --with normalise=imagenet";
    let said = folder.expect(1, line);
    assert!(said.err.contains("normalise: imagenet is of colours"), "{said:?}");
}

#[test]
fn weights_of_another_program_say_how_their_pictures_were_seen_or_are_warned_of() {
    let folder = Folder::new();
    pets(&folder);
    recipe(&folder, "r.yaml", "{ pad: 0, flip: true }", "");
    folder.expect(0, &format!("{TRAIN} --recipe r.yaml --out r"));
    folder.expect(0, "export r --state-dict rnetc -o state.safetensors");
    let import = "import tiny.rnet --set classes=3 state.safetensors -o own.safetensors";
    let said = folder.expect(0, import);
    assert!(said.err.contains("see the middle of a larger picture: --resize 256"), "{said:?}");
    let train = format!("{TRAIN} --recipe r.yaml --weights own.safetensors");
    let warning =
        "the weights do not say how the pictures that they were trained on were standardised";
    let said = folder.expect(0, &format!("{train} --out s"));
    assert!(
        said.err.contains(warning) && said.err.contains("--with normalise=imagenet"),
        "{said:?}"
    );
    let said = folder.expect(0, &format!("{train} --with normalise=imagenet --out t"));
    assert!(!said.err.contains(warning), "{said:?}");
    let said = folder.expect(1, &format!("{import} --resize 31"));
    assert!(said.err.contains("resize is 31, and the net reads 32 pixels a side"), "{said:?}");
    let known = "--mean 0.5,0.5,0.5 --std 0.2,0.2,0.2 --classes ant,bee,cat";
    let said = folder.expect(0, &format!("{import} --resize 40 {known} --format json"));
    assert!(said.out.contains("\"resize\":40"), "{said:?}");
    let said = folder.expect(0, &format!("{train} --out u"));
    assert!(!said.err.contains(warning) && said.err.contains("(--with resize=40)"), "{said:?}");
    // The file says it wherever it is asked.
    let ask = |path: &str| {
        let line =
            format!("run --predict {path} --format csv --engine cpu --weights own.safetensors");
        folder.expect(0, &line).out.lines().nth(1).unwrap().split_once(',').unwrap().1.to_owned()
    };
    let wide = open(&folder.at("pets/test/bee/12.png"));
    let middle = image::imageops::crop_imm(&wide, 55, 0, 50, 50).to_image();
    middle.save(folder.at("middle.png")).unwrap();
    assert_eq!(ask("pets/test/bee/12.png"), ask("middle.png"));
    let said = folder.expect(0, "export own.safetensors --state-dict rnetc --format json");
    assert!(said.out.contains("\"resize\":40"), "{said:?}");
}
