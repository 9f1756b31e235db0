//! Data sets that are whole, damaged or not there.

use crate::folder::{FILES, Folder};

#[test]
fn whole_files_are_counted() {
    let folder = Folder::new();
    let outcome = folder.expect(0, "data verify cifar10 --data cifar");
    assert!(outcome.out.contains("80 training and 20 test pictures"), "{outcome:?}");
    let list = folder.expect(0, "data list --data cifar");
    assert!(list.out.lines().any(|l| l.starts_with("cifar10 ") && l.contains("in cifar")));
    assert!(list.out.lines().any(|l| l.starts_with("cifar100") && l.contains("not here")));
    folder.expect(0, "data verify --data cifar");
    folder.expect(0, "data fetch shapes10");
}

#[test]
fn damaged_files_are_named_with_both_sizes() {
    let folder = Folder::new();
    let path = folder.at("cifar").join(FILES[1]);
    let whole = std::fs::read(&path).unwrap();
    for length in [0, 1, 3072, whole.len() - 1] {
        std::fs::write(&path, &whole[..length]).unwrap();
        for line in [
            "data verify cifar10 --data cifar",
            "run tiny.rnet --train cifar10 --data cifar --engine cpu",
        ] {
            let outcome = folder.expect(3, line);
            assert!(outcome.err.contains(FILES[1]), "{outcome:?}");
            assert!(outcome.err.contains(&format!("{length} bytes")), "{outcome:?}");
        }
    }
    let mut bad = whole;
    bad[3073] = 77;
    std::fs::write(&path, bad).unwrap();
    let outcome = folder.expect(1, "run tiny.rnet --train cifar10 --data cifar --engine cpu");
    assert!(outcome.err.contains("record 1 has label 77"), "{outcome:?}");
    std::fs::remove_file(&path).unwrap();
    let outcome = folder.expect(3, "run tiny.rnet --train cifar10 --data cifar --engine cpu");
    assert!(outcome.err.contains("data_batch_2.bin is missing"), "{outcome:?}");
    assert!(!folder.at("runs").exists(), "nothing half-written");
}

#[test]
fn the_other_forms_of_a_set_are_known() {
    let folder = Folder::new();
    let run = "run tiny.rnet --train cifar10 --engine cpu --data";
    for file in FILES {
        let path = folder.at("cifar").join(file);
        std::fs::rename(&path, path.with_extension("")).unwrap();
    }
    let said = folder.expect(3, &format!("{run} cifar"));
    assert!(said.err.contains("Python's pickles, and only the binary version is read"), "{said:?}");
    std::fs::write(folder.at("cifar-10-binary.tar.gz"), "").unwrap();
    let said = folder.expect(3, &format!("{run} cifar-10-binary.tar.gz"));
    assert!(said.err.contains("a file, and not a folder; unpack it"), "{said:?}");
    let said = folder.expect(3, "run tiny.rnet --train ./cifar-10-binary.tar.gz --engine cpu");
    assert!(said.err.contains("a file, and not a folder; unpack it"), "{said:?}");
}

#[test]
fn without_data_and_network_the_message_says_what_to_do() {
    let folder = Folder::new();
    for line in ["run tiny.rnet --train cifar10 --engine cpu", "data fetch cifar100"] {
        let outcome = folder.expect(3, line);
        assert!(outcome.err.contains("--data DIR") && outcome.err.contains("https://"));
    }
    let left = std::fs::read_dir(folder.at("cache/rnetc")).unwrap().count();
    assert_eq!(left, 0, "nothing half-written");
    assert!(!folder.at("runs").exists());
    let outcome = folder.expect(3, "run tiny.rnet --train cifar10 --data nowhere --engine cpu");
    assert!(outcome.err.contains("nowhere"), "{outcome:?}");
    folder.expect(3, "data verify cifar10");
}

#[test]
fn a_net_for_other_pictures_is_refused_before_anything_is_written() {
    let folder = Folder::new();
    let line = "run tiny.rnet --train cifar10 --data cifar --engine cpu";
    let outcome = folder.expect(1, &format!("{line} --set classes=7"));
    assert!(outcome.err.contains("--set classes=10"), "{outcome:?}");
    let other = crate::folder::TINY.replace("3, 32, 32", "1, 28, 28");
    std::fs::write(folder.at("other.rnet"), other).unwrap();
    let outcome = folder.expect(1, "run other.rnet --train cifar10 --data cifar --engine cpu");
    assert!(outcome.err.contains("1×28×28") && outcome.err.contains("3×32×32"), "{outcome:?}");
    assert!(!folder.at("runs").exists());
}

#[test]
fn a_set_smaller_than_a_batch_is_one_and_what_an_epoch_leaves_out_is_said() {
    let folder = Folder::new();
    let line = "run tiny.rnet --train cifar10 --data cifar --engine cpu --steps 2";
    let outcome = folder.expect(0, &format!("{line} --batch 81 --out a"));
    let told = "cifar10 has 80 training pictures: a batch is all of them, and not 81";
    assert!(outcome.err.contains(told) && outcome.err.contains("2 steps of 80, 1 an epoch"));
    assert!(!outcome.err.contains("leaves out"), "{outcome:?}");
    // It goes on as it was begun.
    folder.expect(0, "run --resume a --data cifar --engine cpu");
    let outcome = folder.expect(0, &format!("{line} --batch 30 --out b"));
    let told = "each epoch leaves out 20 of the 80 training pictures, others each time";
    assert_eq!(outcome.err.matches(told).count(), 1, "{outcome:?}");
}
