use std::collections::BTreeSet;
use std::path::PathBuf;

use super::*;
use crate::data::dataset::Stored;
use crate::data::shapes::Shapes;
use crate::pixels::Extent;

const EXTENT: Extent = Extent { rows: 2, columns: 2, channels: 1 };

/// A picture that its number tells; of ten, six are of class 0, three of 1, one of 2.
fn one(number: usize) -> ([u8; 4], u8) {
    let label = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2][number % 10];
    ((number as u32 * 77_777).to_le_bytes(), label)
}

fn set(numbers: impl IntoIterator<Item = usize>) -> Dataset {
    let (pixels, labels): (Vec<_>, Vec<_>) = numbers.into_iter().map(one).unzip();
    let train = Arc::new(Stored::new(EXTENT, pixels.concat(), labels).unwrap());
    let classes = ["a", "b", "c"].map(String::from).to_vec();
    Dataset {
        name: "set".into(),
        classes,
        resize: None,
        train: train.clone(),
        validation: None,
        test: train,
    }
}

/// The pictures of a split.
fn seen(pictures: &dyn Pictures) -> Vec<[u8; 4]> {
    let picture = |number| {
        let mut pixels = [0; 4];
        let label = pictures.picture(0, number, &mut pixels);
        assert_eq!(label, pictures.label(0, number));
        pixels
    };
    (0..pictures.count()).map(picture).collect()
}

fn held(set: &Dataset, amount: Amount, seed: u32) -> BTreeSet<[u8; 4]> {
    let divided = set.divided(amount, seed).unwrap();
    let part = divided.validation.unwrap();
    let held: BTreeSet<_> = seen(part.as_ref()).into_iter().collect();
    let rest = seen(divided.train.as_ref());
    assert!(rest.iter().all(|picture| !held.contains(picture)));
    assert_eq!(rest.len() + part.count(), set.train.count());
    held
}

#[test]
fn a_number_of_pictures_is_of_each_class_in_proportion() {
    let all = set(0..1000);
    let divided = all.divided(Amount::Count(105), 0).unwrap();
    let part = divided.validation.unwrap();
    let of = |class| (0..part.count()).filter(|&k| part.label(0, k) == class).count();
    // 63, 31.5 and 10.5: the largest remainders have the rest.
    assert_eq!([of(0), of(1) + of(2)], [63, 42]);
    assert!(of(1).abs_diff(31) <= 1 && of(2).abs_diff(10) <= 1);
    assert_ne!(held(&all, Amount::Count(105), 0), held(&all, Amount::Count(105), 1));
    assert_eq!(held(&all, Amount::Count(105), 7), held(&all, Amount::Count(105), 7));
}

#[test]
fn by_a_share_no_picture_moves_when_others_come() {
    let (few, share) = (set(0..1000), Amount::Share(0.1));
    let (before, after) = (held(&few, share, 3), held(&set(0..2500), share, 3));
    let old: BTreeSet<_> = seen(few.train.as_ref()).into_iter().collect();
    assert_eq!(after.intersection(&old).copied().collect::<BTreeSet<_>>(), before);
    assert!((60..140).contains(&before.len()), "{}", before.len());
    // Nor in another order, nor beside a copy of itself.
    assert_eq!(held(&set((0..1000).rev().chain(0..1000)), share, 3), before);
}

#[test]
fn by_a_number_few_pictures_move() {
    let (before, after) =
        (held(&set(0..1000), Amount::Count(100), 3), held(&set(0..1010), Amount::Count(100), 3));
    // Each that came may take the place of one.
    assert!(before.difference(&after).count() <= 10);
}

#[test]
fn copies_of_a_picture_stay_together() {
    // Each twice, some of them five times.
    let copies = set((0..1000).chain(0..1000).chain((0..30).flat_map(|k| [k; 3])));
    for (count, seed) in [(105, 0), (104, 1), (399, 2), (9, 4), (1001, 5)] {
        let divided = copies.divided(Amount::Count(count), seed).unwrap();
        let (part, rest) = (divided.validation.unwrap(), divided.train);
        let held: BTreeSet<_> = seen(part.as_ref()).into_iter().collect();
        assert!(seen(rest.as_ref()).iter().all(|picture| !held.contains(picture)), "{count}");
        let missed = count - part.count() as u64;
        // A class that wants an odd number has one less.
        assert!(missed <= 3, "{count}: {missed}");
    }
    let Err(error) = copies.divided(Amount::Count(1), 3) else { panic!("one is alone") };
    assert!(error.to_string().contains("copies of a picture stay together"), "{error}");
    // Nor are copies split that are labelled otherwise.
    let (pixels, labels): (Vec<_>, Vec<_>) = (0..300)
        .map(|number| (one(number / 3).0, (number % 3) as u8))
        .chain((100..200).map(one))
        .unzip();
    let train = Arc::new(Stored::new(EXTENT, pixels.concat(), labels).unwrap());
    let odd = Dataset { train, ..set(0..1) };
    held(&odd, Amount::Count(90), 1);
    held(&odd, Amount::Share(0.3), 1);
}

#[test]
fn what_cannot_be_drawn_is_told() {
    let all = set(0..30);
    let told = |amount| {
        let Err(error) = all.divided(amount, 0) else { panic!("{amount} was drawn") };
        assert!(matches!(error, DataError::Validation { .. }));
        error.to_string()
    };
    let text = told(Amount::Count(28));
    assert!(text.contains("validation is 28, and 27 of the 30 training pictures"), "{text}");
    let text = told(Amount::Count(u64::MAX));
    assert!(text.contains("one of each class stays"), "{text}");
    let text = told(Amount::Share(1e-12));
    assert!(text.contains("holds out none of the 30"), "{text}");
    assert_eq!(held(&all, Amount::Share(0.999_999_9), 0).len(), 27);
}

#[test]
fn a_part_has_the_digest_of_the_same_pictures_by_themselves() {
    let divided = set(0..100).divided(Amount::Count(20), 0).unwrap();
    for part in [divided.train, divided.validation.unwrap()] {
        let labels = (0..part.count()).map(|k| part.label(0, k)).collect();
        let alone = Stored::new(EXTENT, seen(part.as_ref()).concat(), labels).unwrap();
        assert_eq!(part.digest(), alone.digest());
    }
}

#[test]
fn a_file_is_known_by_its_content_whatever_it_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let names = |prefix: &str| -> Vec<PathBuf> {
        (0..60).map(|k| folder.path().join(format!("{prefix}{k}"))).collect()
    };
    let part = |files: Vec<PathBuf>| {
        // As the files were read, with what they held.
        let read = |(k, file): (usize, PathBuf)| (file, Sha256::digest([k as u8; 9]).into());
        let files = files.into_iter().enumerate().map(read).collect();
        let (pixels, labels): (Vec<_>, Vec<_>) = (0..60).map(one).unzip();
        let train = Stored::new(EXTENT, pixels.concat(), labels).unwrap().from_files(files);
        held(&Dataset { train: Arc::new(train), ..set(0..1) }, Amount::Share(0.3), 0)
    };
    assert_eq!(part(names("a")), part(names("other")));
    assert_ne!(part(names("a")), held(&set(0..60), Amount::Share(0.3), 0));
}

#[test]
fn drawn_pictures_of_the_part_are_never_trained_on() {
    let divided = Shapes::dataset(0).divided(Amount::Share(0.01), 0).unwrap();
    let (part, train) = (divided.validation.unwrap(), divided.train);
    assert_eq!(part.count() + train.count(), 50_000);
    let picture = |of: &Arc<dyn Pictures>, epoch, number| {
        let mut pixels = vec![0; Extent::CIFAR.bytes()];
        let label = of.picture(epoch, number, &mut pixels);
        assert_eq!(label, of.label(epoch, number));
        pixels
    };
    let held: BTreeSet<_> = (0..20).map(|number| picture(&part, 0, number)).collect();
    for epoch in 0..3 {
        assert!((0..100).all(|number| !held.contains(&picture(&train, epoch, number))));
    }
    assert_ne!(picture(&train, 0, 5), picture(&train, 1, 5));
}

#[test]
fn amounts_are_read_and_written() {
    let read = |text: &str| serde_yaml::from_str::<Amount>(text);
    for (text, amount) in
        [("5000", Amount::Count(5000)), ("0.1", Amount::Share(0.1)), ("1.0", Amount::Share(1.0))]
    {
        assert_eq!(read(text).unwrap(), amount);
        assert_eq!(serde_yaml::to_string(&amount).unwrap().trim(), text);
        let json = serde_json::to_string(&amount).unwrap();
        assert_eq!(serde_json::from_str::<Amount>(&json).unwrap(), amount);
    }
    for text in ["some", "-3", "[1]"] {
        assert!(read(text).unwrap_err().to_string().contains("a number of pictures"), "{text}");
    }
}
