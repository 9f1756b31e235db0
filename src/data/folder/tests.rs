use super::*;
use crate::data::Extent;
use crate::data::progress::Work;
use image::{Rgb, RgbImage};

/// Keeps what is told.
#[derive(Default)]
struct Kept(std::cell::RefCell<Vec<String>>);

impl Progress for Kept {
    fn report(&self, _work: Work, _done: u64, _total: Option<u64>) {}

    fn note(&self, text: &str) {
        self.0.borrow_mut().push(text.to_owned());
    }

    fn interrupted(&self) -> bool {
        false
    }
}

const EXTENT: Extent = Extent { rows: 4, columns: 3, channels: 3 };

/// A picture of one colour, whose red tells it.
fn draw(path: &Path, red: u8) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    RgbImage::from_pixel(5 + u32::from(red), 7, Rgb([red, 8, 9])).save(path).unwrap();
}

/// Two classes with training and test pictures.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (red, name) in ["train/dog/b.png", "train/dog/a.png", "train/cat/x.JPG", "test/dog/t.png"]
        .iter()
        .enumerate()
    {
        draw(&folder.path().join(name), red as u8 * 10);
    }
    std::fs::write(folder.path().join("train/.DS_Store"), "litter").unwrap();
    folder
}

fn load(path: &Path) -> Result<Dataset, DataError> {
    Folder::list(path, None)?.load(EXTENT.into(), Splits::Both, &Kept::default())
}

/// Numbers of training and test pictures, classes, and what is told.
fn taken(path: &Path, trained: Option<&[String]>) -> (usize, usize, String, String) {
    let (listed, kept) = (Folder::list(path, trained).unwrap(), Kept::default());
    let set = listed.load(EXTENT.into(), Splits::Both, &kept);
    let set = set.or_else(|_| listed.load(EXTENT.into(), Splits::Test, &kept)).unwrap();
    (set.train.count(), set.test.count(), set.classes.join(" "), kept.0.take().join("\n"))
}

#[track_caller]
fn refused(path: &Path, name: &str) {
    let Err(error) = load(path) else { panic!("{name} was taken") };
    assert!(!matches!(error, DataError::Picture { .. }), "{error:?}");
    assert!(error.to_string().contains(name), "{error}");
}

#[test]
fn classes_and_pictures_come_in_the_order_of_their_names() {
    let folder = folder();
    let set = load(folder.path()).unwrap();
    assert_eq!(set.classes, ["cat", "dog"]);
    assert_eq!((set.train.count(), set.test.count()), (3, 1));
    let mut pixels = vec![0; EXTENT.bytes()];
    let mut red = |split: &Arc<dyn crate::data::Pictures>, index| {
        let label = split.picture(0, index, &mut pixels);
        (label, pixels[0], pixels[1])
    };
    let first = red(&set.train, 0);
    // JPEG is near, PNG exact.
    assert!(first.0 == 0 && first.1.abs_diff(20) < 3, "{first:?}");
    assert_eq!([red(&set.train, 1), red(&set.train, 2)], [(1, 10, 8), (1, 0, 8)]);
    assert_eq!(red(&set.test, 0), (1, 30, 8));
}

#[test]
fn a_trained_nets_classes_keep_their_labels() {
    let folder = folder();
    let trained = ["ant", "cat", "dog"].map(String::from);
    let listed = Folder::list(folder.path(), Some(&trained)).unwrap();
    let set = listed.load(EXTENT.into(), Splits::Test, &Kept::default()).unwrap();
    assert_eq!((set.classes.len(), set.train.count(), set.test.count()), (3, 0, 1));
    assert_eq!(set.test.picture(0, 0, &mut vec![0; EXTENT.bytes()]), 2);
    let error = Folder::list(folder.path(), Some(&trained[..2])).unwrap_err().to_string();
    assert!(
        error.contains("dog is none of the 2 classes") && error.contains("ant, cat"),
        "{error}"
    );
}

#[test]
fn without_a_test_folder_a_tenth_of_each_class_is_held_out() {
    for train in ["train/", ""] {
        let folder = tempfile::tempdir().unwrap();
        for k in 0..30 {
            draw(&folder.path().join(format!("{train}a/{k}.png")), k);
            draw(&folder.path().join(format!("{train}b/{}.png", k % 5)), k % 5);
        }
        let listed = Folder::list(folder.path(), None).unwrap();
        let split = |listed: Folder| held_out::split(listed.train, &listed.classes).unwrap();
        let (in_train, in_test) = split(listed);
        let count = |of: &[Entry], label| of.iter().filter(|entry| entry.label == label).count();
        assert_eq!([count(&in_test, 0), count(&in_train, 0)], [3, 27]);
        assert_eq!([count(&in_test, 1), count(&in_train, 1)], [1, 4]);
        assert!(in_test.iter().all(|entry| !in_train.contains(entry)));
        // One more picture moves at most one.
        draw(&folder.path().join(format!("{train}a/new.png")), 1);
        let (_, again) = split(Folder::list(folder.path(), None).unwrap());
        let kept = in_test.iter().filter(|entry| again.contains(entry)).count();
        assert!(kept >= in_test.len() - 1);
    }
}

#[test]
fn what_is_wrong_is_named() {
    type Change<'a> = (&'a str, &'a dyn Fn(&Path));
    let changes: [Change; 5] = [
        ("train/cat/broken.png", &|path| std::fs::write(path, "no picture").unwrap()),
        ("train/dog/a.png", &|path| std::fs::write(path, []).unwrap()),
        ("train/empty", &|path| std::fs::create_dir(path).unwrap()),
        ("test/horse", &|path| draw(&path.join("a.png"), 1)),
        ("test/dog/late.jpg", &|path| std::fs::write(path, [0xff, 0xd8, 0xff, 0xe0]).unwrap()),
    ];
    for (name, change) in changes {
        let folder = folder();
        change(&folder.path().join(name));
        refused(folder.path(), name);
    }
    let folder = folder();
    refused(&folder.path().join("none"), "no such folder");
    std::fs::remove_dir_all(folder.path().join("train/dog")).unwrap();
    refused(folder.path(), "train has one folder of a class, cat, and a net tells 2 to 256 apart");
    std::fs::remove_dir_all(folder.path().join("train")).unwrap();
    refused(folder.path(), "test has one folder of a class, dog");
    let above = tempfile::tempdir().unwrap();
    draw(&above.path().join("pets/Train/cat/1.png"), 1);
    refused(above.path(), &format!("; is {} meant?", above.path().join("pets").display()));
}

#[test]
fn all_that_is_wrong_is_named_at_once_and_not_without_end() {
    let folder = folder();
    for k in 0..30 {
        std::fs::write(folder.path().join(format!("train/cat/bad{k:02}.png")), "none").unwrap();
    }
    std::fs::write(folder.path().join("test/dog/worse.jpg"), "").unwrap();
    let error = load(folder.path()).err().unwrap().to_string();
    for told in
        ["31 of 35 pictures", "bad00.png: no PNG or JPEG picture", "bad19.png", "and 11 more"]
    {
        assert!(error.contains(told), "{told}: {error}");
    }
    assert!(!error.contains("bad20") && error.lines().count() == 22, "{error}");
    let folder = self::folder();
    for class in ["eel", "fox"] {
        std::fs::create_dir(folder.path().join("train").join(class)).unwrap();
        draw(&folder.path().join("test").join(class).join("1.png"), 1);
    }
    let error = load(folder.path()).err().unwrap().to_string();
    assert!(error.contains("train/eel and") && error.contains("train/fox hold no PNG"), "{error}");
    std::fs::write(folder.path().join("train/eel/a.webp"), "RIFF").unwrap();
    let error = load(folder.path()).err().unwrap().to_string();
    assert!(error.contains("pictures (but ") && error.contains("eel/a.webp: convert"), "{error}");
    for class in ["eel", "fox"] {
        std::fs::remove_dir_all(folder.path().join("train").join(class)).unwrap();
    }
    let error = load(folder.path()).err().unwrap().to_string();
    assert!(error.contains("eel and fox are none of the 2 classes"), "{error}");
    std::fs::remove_dir_all(folder.path().join("test/eel")).unwrap();
    std::fs::rename(folder.path().join("test/fox"), folder.path().join("test/Cat ")).unwrap();
    let error = load(folder.path()).err().unwrap().to_string();
    assert!(error.contains("Cat  is none of") && error.contains("; is \"cat\" meant?"), "{error}");
}

#[test]
fn what_is_no_picture_is_left_out_and_told() {
    let folder = folder();
    for k in 0..30 {
        let name = format!("train/{}/note{k:02}.txt", ["cat", "dog"][k % 2]);
        std::fs::write(folder.path().join(name), "").unwrap();
    }
    std::fs::write(folder.path().join("test/dog/late.gif"), "GIF89a").unwrap();
    let (train, test, _, told) = taken(folder.path(), None);
    assert_eq!((train, test), (3, 1));
    let (notes, gif): (Vec<&str>, Vec<&str>) = told
        .lines()
        .filter(|line| line.contains("left out"))
        .partition(|line| line.contains("note"));
    assert!(
        notes[0]
            .contains("train: 30 files in folders of classes are no PNG or JPEG, and left out: ")
            && notes[0].ends_with("cat/note14.txt and 22 more"),
        "{told}"
    );
    assert!(gif[0].contains("test: 1 file in") && gif[0].contains("late.gif"), "{told}");
}

#[test]
fn kinds_of_problems_are_told_together() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("train/eel")).unwrap();
    draw(&folder.path().join("test/fox/1.png"), 1);
    std::fs::write(folder.path().join("train/cat/broken.png"), "none").unwrap();
    let error = load(folder.path()).err().unwrap().to_string();
    assert!(error.starts_with("3 things are wrong with the pictures:\n- "), "{error}");
    for told in ["eel holds no PNG", "fox is none of the 3 classes", "broken.png: no PNG"] {
        assert!(error.contains(told), "{told}: {error}");
    }
    // Without a test part, too: two classes of one picture, and one that is broken.
    let folder = tempfile::tempdir().unwrap();
    draw(&folder.path().join("a/1.png"), 1);
    draw(&folder.path().join("b/1.png"), 2);
    std::fs::write(folder.path().join("b/1.png"), "none").unwrap();
    let error = load(folder.path()).err().unwrap().to_string();
    for told in ["only picture of a", "only picture of b", "1.png: no PNG"] {
        assert!(error.contains(told), "{told}: {error}");
    }
}

#[test]
fn parts_go_by_many_names_and_what_is_not_used_is_told() {
    for (train, test) in [
        ("train", "valid"),
        ("Train", "Validation"),
        ("TRAINING", "val"),
        ("train", "eval"),
        ("train", "Test"),
        ("train", "testing"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        for (part, from, count) in [(train, 0, 5), (test, 100, 2)] {
            for k in 0..count {
                draw(&folder.path().join(format!("{part}/a/{k}.png")), from + 10 * k);
                draw(&folder.path().join(format!("{part}/b/{k}.jpeg")), from + 10 * k);
            }
        }
        let plain = taken(folder.path(), None);
        assert_eq!(plain, (10, 4, "a b".into(), String::new()), "{train} {test}");
        // Another part, another folder, pictures without a class, and what systems leave.
        draw(&folder.path().join("evaluation/a/1.png"), 1);
        draw(&folder.path().join("extra/1.png"), 1);
        for litter in ["__MACOSX/train/1.png", "@eaDir/1.png"] {
            draw(&folder.path().join(litter), 1);
        }
        draw(&folder.path().join(train).join("loose.png"), 1);
        std::fs::write(folder.path().join(train).join("classes.csv"), "").unwrap();
        std::fs::write(folder.path().join(train).join("a/Thumbs.db"), "").unwrap();
        let (trains, tests, classes, told) = taken(folder.path(), None);
        assert_eq!((trains, tests, classes.as_str()), (10, 4, "a b"), "{told}");
        for what in [
            &format!("{test} is the test part; not used: "),
            "evaluation",
            "extra is neither the training nor the test part, and is not used",
            "1 picture beside the folders of classes, in none, and so not used: ",
        ] {
            assert!(told.contains(what), "{what}: {told}");
        }
        assert!(!told.contains("MACOSX") && !told.contains("classes.csv"), "{told}");
    }
}

#[test]
fn a_folder_of_pictures_called_train_is_a_class() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["cat", "train", "test", "val"] {
        (0..3).for_each(|k| draw(&folder.path().join(format!("{class}/{k}.png")), k));
    }
    let (train, test, classes, told) = taken(folder.path(), None);
    assert_eq!((train, test, classes.as_str()), (8, 4, "cat test train val"));
    assert!(
        told.contains("train holds no folders of classes, and so is taken as a class"),
        "{told}"
    );
    // Pictures without a class beside a training part are none of its classes.
    let folder = tempfile::tempdir().unwrap();
    for name in ["train/a", "train/b", "test"] {
        (0..3).for_each(|k| draw(&folder.path().join(format!("{name}/{k}.png")), k));
    }
    let (train, test, classes, told) = taken(folder.path(), None);
    assert_eq!((train, test, classes.as_str()), (4, 2, "a b"));
    assert!(told.contains("test holds no folders of classes, and is not used"), "{told}");
}

#[test]
fn of_another_folder_all_pictures_are_tested() {
    let folder = tempfile::tempdir().unwrap();
    for (part, class) in [("train", "a"), ("train", "b"), ("valid", "a")] {
        (0..4).for_each(|k| draw(&folder.path().join(format!("{part}/{class}/{k}.png")), k));
    }
    let trained = ["a", "b"].map(String::from);
    for (part, tested, told) in [
        ("train", 8, "train: no test folder; all 8 pictures are tested"),
        ("valid", 4, "valid: no test folder; all 4 pictures are tested"),
        ("", 4, "valid has no pictures of b: they are not tested"),
    ] {
        let listed = Folder::list(&folder.path().join(part), Some(&trained)).unwrap();
        let (listed, kept) = (listed.tested_whole(), Kept::default());
        let set = listed.load(EXTENT.into(), Splits::Test, &kept).unwrap();
        let notes = kept.0.take().join("\n");
        assert!(set.test.count() == tested && notes.contains(told), "{notes}");
    }
}

#[test]
fn pictures_on_both_sides_are_told() {
    let folder = folder();
    let (.., told) = taken(folder.path(), None);
    assert!(!told.contains("stand among"), "{told}");
    let copy = folder.path().join("test/dog/copy.png");
    std::fs::copy(folder.path().join("train/cat/x.JPG"), copy.with_extension("jpg")).unwrap();
    std::fs::copy(folder.path().join("train/dog/a.png"), copy).unwrap();
    let (.., told) = taken(folder.path(), None);
    let warned = "warning: 2 test pictures of 3 found among the training pictures";
    assert!(told.contains(warned), "{told}");
    assert!(told.contains("dog/copy.jpg and ") && !told.contains("t.png"), "{told}");
}

#[test]
fn deeper_folders_are_of_the_class_above_and_circles_end() {
    let folder = folder();
    draw(&folder.path().join("train/cat/persian/grey/1.png"), 1);
    #[cfg(unix)]
    {
        let to = folder.path().join("train/cat/persian");
        std::os::unix::fs::symlink(folder.path().join("train/cat"), to.join("again")).unwrap();
    }
    let (train, _, _, told) = taken(folder.path(), None);
    assert_eq!(train, 4);
    assert!(told.contains("of the class above: ") && told.contains("persian/grey"), "{told}");
    assert_eq!(told.contains("persian/again"), cfg!(unix), "{told}");
}

/// As Python sorts, and so torchvision.
#[test]
fn classes_are_in_the_order_of_their_characters() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["b", "a10", "a9", "B", "é", "z", "_", "日本", "a b", "🐶"] {
        (0..2).for_each(|k| draw(&folder.path().join(format!("{class}/{k}.PNG")), k));
    }
    let (_, _, classes, _) = taken(folder.path(), None);
    assert_eq!(classes, "B _ a b a10 a9 b z é 日本 🐶");
}

#[test]
fn what_a_picture_lacks_is_told_once() {
    let folder = folder();
    for name in ["x", "y"] {
        let path = folder.path().join(format!("train/cat/{name}.jpg"));
        draw(&path, 9);
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 2]).unwrap();
    }
    let clear = image::RgbaImage::from_pixel(3, 3, image::Rgba([1, 2, 3, 0]));
    // A PNG whatever its name says.
    clear.save_with_format(folder.path().join("train/dog/c.jpg"), image::ImageFormat::Png).unwrap();
    let (.., told) = taken(folder.path(), None);
    assert!(told.contains("2 pictures read as they are though the marker at the end"), "{told}");
    assert!(told.contains("1 picture with an opacity, which is left out"), "{told}");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let folder = folder();
    let pipe = folder.path().join("train/cat/pipe.png");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (train, _, _, told) = taken(folder.path(), None);
    assert!(train == 3 && told.contains("left out: ") && told.contains("pipe.png"), "{told}");
}

#[test]
fn a_val_beside_a_test_is_a_validation_part_and_alone_it_is_the_test_part() {
    let folder = folder();
    for (k, name) in ["Val/dog/v.png", "Val/cat/v.png", "valid/cat/w.png"].iter().enumerate() {
        draw(&folder.path().join(name), 100 + k as u8);
    }
    let kept = Kept::default();
    let listed = Folder::list(folder.path(), None).unwrap();
    let set = listed.load(EXTENT.into(), Splits::Both, &kept).unwrap();
    let counts = (set.train.count(), set.validation.unwrap().count(), set.test.count());
    assert_eq!(counts, (3, 2, 1));
    let said = kept.0.take().join("\n");
    assert!(
        said.contains("Val is the validation part; not used: ") && said.contains("valid"),
        "{said}"
    );
    assert!(listed.load(EXTENT.into(), Splits::Test, &kept).unwrap().validation.is_none());
    // A copy of a training picture in it is told.
    std::fs::copy(folder.path().join("train/dog/a.png"), folder.path().join("Val/dog/a.png"))
        .unwrap();
    let again = Folder::list(folder.path(), None).unwrap();
    again.load(EXTENT.into(), Splits::Both, &kept).unwrap();
    let said = kept.0.take().join("\n");
    assert!(said.contains("1 validation picture of 3 found among the training"), "{said}");
    // The part alone can be read, and what it lacks is told.
    let alone = again.load(EXTENT.into(), Splits::Validation, &kept).unwrap();
    let counts = (alone.train.count(), alone.validation.unwrap().count(), alone.test.count());
    assert_eq!(counts, (0, 3, 0));
    std::fs::remove_file(folder.path().join("Val/cat/v.png")).unwrap();
    kept.0.take();
    let lacking = Folder::list(folder.path(), None).unwrap();
    lacking.load(EXTENT.into(), Splits::Both, &kept).unwrap();
    let said = kept.0.take().join("\n");
    assert!(said.contains("Val has no pictures of cat: they count in no choice"), "{said}");
    for name in ["v", "a"] {
        std::fs::remove_file(folder.path().join(format!("Val/dog/{name}.png"))).unwrap();
    }
    let empty = Folder::list(folder.path(), None).unwrap();
    assert!(empty.load(EXTENT.into(), Splits::Both, &kept).unwrap().validation.is_none());
    let said = kept.0.take().join("\n");
    assert!(said.contains("Val holds no pictures, and is not used"), "{said}");
    for (k, name) in ["dog/v", "dog/a", "cat/v"].iter().enumerate() {
        draw(&folder.path().join(format!("Val/{name}.png")), 100 + k as u8);
    }
    draw(&folder.path().join("Val/cow/v.png"), 90);
    assert!(matches!(Folder::list(folder.path(), None), Err(DataError::UnknownClasses { .. })));
    std::fs::remove_dir_all(folder.path().join("Val/cow")).unwrap();
    std::fs::remove_dir_all(folder.path().join("test")).unwrap();
    let set = load(folder.path()).unwrap();
    assert_eq!((set.train.count(), set.validation.is_some(), set.test.count()), (3, false, 3));
}

#[test]
fn a_picture_is_known_by_its_file_which_is_read_once() {
    use sha2::{Digest, Sha256};
    let folder = folder();
    let set = load(folder.path()).unwrap();
    let files: Vec<PathBuf> = (0..3).map(|k| set.train.file(k).unwrap().to_path_buf()).collect();
    let sums: Vec<[u8; 32]> =
        files.iter().map(|file| Sha256::digest(std::fs::read(file).unwrap()).into()).collect();
    std::fs::remove_dir_all(folder.path()).unwrap();
    let found: Vec<[u8; 32]> = (0..3).map(|k| set.train.identity(k).unwrap()).collect();
    assert_eq!(found, sums);
}
