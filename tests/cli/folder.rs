//! A folder to run the program in, with small files to feed it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Files of CIFAR-10.
pub const FILES: [&str; 6] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
    "test_batch.bin",
];

/// A net that trains in milliseconds.
pub const TINY: &str = "\
net tiny(width = 4, classes = 10) {
    input(3, 32, 32)
    -> conv(3x3, width, stride: 4) -> bn -> relu
    -> global_avg_pool -> linear(classes)
}
";

/// A temporary folder.
pub struct Folder(tempfile::TempDir);

/// What a run of the program gave.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Folder {
    /// With `tiny.rnet` and `cifar/`, 16 training pictures a file and 20 test pictures.
    pub fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        std::fs::write(folder.at("tiny.rnet"), TINY).unwrap();
        std::fs::create_dir(folder.at("cifar")).unwrap();
        for (k, file) in FILES.iter().enumerate() {
            let count = if k == 5 { 20 } else { 16 };
            let bytes: Vec<u8> = (0..count).flat_map(|n| record(k * 16 + n)).collect();
            std::fs::write(folder.at("cifar").join(file), bytes).unwrap();
        }
        folder
    }

    /// A path in it.
    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(path)
    }

    /// The program, to be run in it, with a cache of its own and no network.
    pub fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rnetc"));
        command
            .args(line.split_whitespace())
            .current_dir(self.0.path())
            .env("XDG_CACHE_HOME", self.at("cache"))
            .env("HOME", self.0.path())
            // Nobody listens there.
            .env("ALL_PROXY", "http://127.0.0.1:9")
            .env("HTTPS_PROXY", "http://127.0.0.1:9")
            .env_remove("NO_PROXY");
        command
    }

    /// Runs the program.
    pub fn run(&self, line: &str) -> Outcome {
        outcome(&self.command(line).output().unwrap())
    }

    /// Runs the program and expects an exit code.
    #[track_caller]
    pub fn expect(&self, code: i32, line: &str) -> Outcome {
        let outcome = self.run(line);
        assert_eq!(outcome.code, code, "{line}: {outcome:?}");
        assert!(!outcome.err.contains("panicked"), "{line}: {outcome:?}");
        outcome
    }
}

/// What a process left.
pub fn outcome(output: &Output) -> Outcome {
    Outcome {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A picture whose colour tells its class.
fn record(n: usize) -> Vec<u8> {
    let label = (n * 7 % 10) as u8;
    let mut bytes = vec![label];
    for channel in 0..3u8 {
        let value = 20 + 23 * ((label * (channel + 1)) % 10);
        bytes.extend((0..1024u32).map(|p| value + (p * 31 % 7) as u8));
    }
    bytes
}
