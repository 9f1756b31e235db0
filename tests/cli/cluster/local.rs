//! A machine with several adapters: Mesa's software driver, twice.

use std::path::PathBuf;

use super::folder;
use crate::folder::outcome;

/// The description of Mesa's software driver.
fn driver() -> Option<PathBuf> {
    let files = std::fs::read_dir("/usr/share/vulkan/icd.d").ok()?.flatten();
    files.map(|file| file.path()).find(|path| path.to_string_lossy().contains("/lvp_icd"))
}

#[test]
fn of_several_adapters_each_has_one_run() {
    let Some(driver) = driver() else {
        assert!(std::env::var_os("RNETC_REQUIRE_WGPU").is_none(), "no software Vulkan driver");
        eprintln!("SKIPPED: no software Vulkan driver");
        return;
    };
    let folder = folder();
    let short = super::STUDY.replace("MANY", "2").replace("[0, 1]", "[0]");
    std::fs::write(folder.at("s/tiny.yaml"), short).unwrap();
    std::fs::copy(&driver, folder.at("again.json")).unwrap();
    let drivers = format!("{}:{}", driver.display(), folder.at("again.json").display());
    let beside = |line: &str| {
        let mut command = folder.command(line);
        outcome(
            &command
                .env("VK_DRIVER_FILES", &drivers)
                .env("VK_ICD_FILENAMES", &drivers)
                .output()
                .unwrap(),
        )
    };
    let line = "study s/tiny.yaml --data cifar --engine wgpu --out t";
    let said = beside(&format!("{line} --on local"));
    assert_eq!(said.code, 0, "{said:?}");
    let begun = ["four, seed 0: begins on adapter 0", "six, seed 0: begins on adapter 1"];
    assert!(begun.iter().all(|words| said.err.contains(words)), "{said:?}");
    // Both began before either was over.
    let first_end = said.err.find("test error").unwrap();
    assert!(begun.iter().all(|words| said.err.find(words).unwrap() < first_end), "{said:?}");

    // Where one is named, it is that one's; and where none is asked for, each run finds its own.
    let named = beside(&format!("{} --on local --adapter 1", line.replace("--out t", "--out u")));
    assert!(named.code == 0 && !named.err.contains("on adapter"), "{named:?}");
    let log = super::log(&folder, "u/four-seed0");
    assert!(log.contains("engine: wgpu"), "{log}");
    let plain = beside(&format!("{} --dry-run", line.replace("--out t", "--out v")));
    assert!(!plain.out.contains("--adapter"), "{plain:?}");
}
