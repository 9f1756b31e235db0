//! What is written, and over what: outputs never take the place of inputs, and a result that is
//! lost is an error.

use crate::folder::Folder;

const TRAIN: &str = "run tiny.rnet --train cifar10 --data cifar --engine cpu --batch 16 --steps 1";

#[test]
fn outputs_never_take_the_place_of_what_is_read_or_of_another_kind() {
    let folder = Folder::new();
    folder.expect(0, &format!("{TRAIN} --out r"));
    std::fs::copy(folder.at("r/final.safetensors"), folder.at("own.safetensors")).unwrap();
    let weights = std::fs::read(folder.at("own.safetensors")).unwrap();
    for line in [
        "export own.safetensors --onnx own.safetensors",
        "export own.safetensors --onnx ./r/../own.safetensors",
        "import tiny.rnet own.safetensors -o own.safetensors",
        "import tiny.rnet own.safetensors -o tiny.rnet",
        "report r --recorded -o tiny.rnet",
        "report r --recorded -o own.safetensors",
    ] {
        let told = folder.expect(2, line);
        assert!(told.err.contains("choose another name"), "{line}: {told:?}");
    }
    assert_eq!(std::fs::read(folder.at("own.safetensors")).unwrap(), weights);
    // What was written before is written anew.
    for _ in 0..2 {
        folder.expect(0, "export own.safetensors --onnx net.onnx");
        folder.expect(0, "report r --recorded -o page.html");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_result_that_cannot_be_written_is_an_error() {
    let folder = Folder::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = folder.command("check tiny.rnet").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("writing to standard output"));
}

#[test]
fn a_build_that_is_older_than_its_spec_is_told() {
    let folder = Folder::new();
    folder.expect(0, "build tiny.rnet");
    let line = TRAIN.replace("tiny.rnet ", "");
    let fresh = folder.expect(0, &line);
    assert!(
        fresh.err.contains("the last build") && !fresh.err.contains("has changed"),
        "{fresh:?}"
    );
    let spec = std::fs::read_to_string(folder.at("tiny.rnet")).unwrap();
    std::fs::write(folder.at("tiny.rnet"), spec.replace("relu", "sigmoid")).unwrap();
    let old = folder.expect(0, &line);
    assert!(old.err.contains("tiny.rnet has changed since that build"), "{old:?}");
    folder.expect(0, "build tiny.rnet");
    assert!(!folder.expect(0, &line).err.contains("has changed"));
}

#[test]
fn weights_under_another_text_are_told() {
    let folder = Folder::new();
    folder.expect(0, &format!("{TRAIN} --out r"));
    let eval = "--eval --data cifar --engine cpu --weights r";
    assert!(!folder.expect(0, &format!("run tiny.rnet {eval}")).err.contains("another text"));
    let spec = std::fs::read_to_string(folder.at("tiny.rnet")).unwrap();
    std::fs::write(folder.at("other.rnet"), spec.replace(" -> relu", "")).unwrap();
    let told = folder.expect(0, &format!("run other.rnet {eval}"));
    assert!(told.err.contains("another text of tiny.rnet than other.rnet has"), "{told:?}");
    let told = folder.expect(0, "export r --onnx n.onnx --spec other.rnet");
    assert!(told.err.contains("another text"), "{told:?}");
}

#[test]
fn equal_weights_are_equal_files_whatever_the_number_of_threads() {
    let folder = Folder::new();
    let last = |threads: u32| {
        let out = format!("t{threads}");
        folder.expect(0, &format!("{TRAIN} --threads {threads} --out {out}"));
        std::fs::read(folder.at(out).join("final.safetensors")).unwrap()
    };
    assert_eq!(last(1), last(3));
}
