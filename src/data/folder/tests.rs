use super::*;
use crate::data::progress::Work;
use image::{Rgb, RgbImage};

struct Quiet;

impl Progress for Quiet {
    fn report(&self, _work: Work, _done: u64, _total: Option<u64>) {}

    fn note(&self, _text: &str) {}

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
    Folder::list(path, None)?.load(EXTENT, Splits::Both, &Quiet)
}

#[track_caller]
fn refused(path: &Path, name: &str) {
    let Err(error) = load(path) else { panic!("{name} was taken") };
    assert!(!matches!(error, DataError::Picture { of_set: false, .. }), "{error:?}");
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
    let set = listed.load(EXTENT, Splits::Test, &Quiet).unwrap();
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
        let count = |of: &[Entry], label| of.iter().filter(|entry| entry.label == label).count();
        assert_eq!([count(&listed.test, 0), count(&listed.train, 0)], [3, 27]);
        assert_eq!([count(&listed.test, 1), count(&listed.train, 1)], [1, 4]);
        assert!(listed.test.iter().all(|entry| !listed.train.contains(entry)));
        // One more picture moves at most one.
        draw(&folder.path().join(format!("{train}a/new.png")), 1);
        let again = Folder::list(folder.path(), None).unwrap();
        let kept = listed.test.iter().filter(|entry| again.test.contains(entry)).count();
        assert!(kept >= listed.test.len() - 1);
    }
}

#[test]
fn what_is_wrong_is_named() {
    type Change<'a> = (&'a str, &'a dyn Fn(&Path));
    let changes: [Change; 8] = [
        ("train/cat/notes.txt", &|path| std::fs::write(path, "text").unwrap()),
        ("train/loose.png", &|path| draw(path, 1)),
        ("train/cat/broken.png", &|path| std::fs::write(path, "no picture").unwrap()),
        ("train/dog/a.png", &|path| std::fs::write(path, []).unwrap()),
        ("train/empty", &|path| std::fs::create_dir(path).unwrap()),
        ("train/cat/deep.png", &|path| std::fs::create_dir(path).unwrap()),
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
    refused(folder.path(), "1 folders of classes");
    std::fs::remove_dir_all(folder.path().join("train")).unwrap();
    refused(folder.path(), "1 folders of classes");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let folder = folder();
    let pipe = folder.path().join("train/cat/pipe.png");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    refused(folder.path(), "pipe.png");
}
