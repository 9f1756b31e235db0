//! The official binary files of CIFAR-10 and CIFAR-100.
//!
//! A record is its label bytes (CIFAR-10: one; CIFAR-100: coarse, then fine), then 1,024 red,
//! 1,024 green and 1,024 blue bytes, row by row.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::Extent;
use super::dataset::{Dataset, Name, Stored};
use super::error::DataError;

/// Records of an official file of CIFAR-10; a file with fewer is a sample.
const MOST_RECORDS: u64 = 50_000;
const PIXELS: usize = 1024;

/// Where a set's pictures stand and how its records look.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Which set.
    pub name: Name,
    /// The folder inside the official archive.
    pub folder: &'static str,
    /// Files of the training set.
    pub train: &'static [&'static str],
    /// Files of the test set.
    pub test: &'static [&'static str],
    /// Label bytes of a record; the last one counts.
    pub label_bytes: usize,
    /// Number of classes.
    pub classes: usize,
}

/// CIFAR-10.
pub const CIFAR10: Layout = Layout {
    name: Name::Cifar10,
    folder: "cifar-10-batches-bin",
    train: &[
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
    ],
    test: &["test_batch.bin"],
    label_bytes: 1,
    classes: 10,
};

/// CIFAR-100.
pub const CIFAR100: Layout = Layout {
    name: Name::Cifar100,
    folder: "cifar-100-binary",
    train: &["train.bin"],
    test: &["test.bin"],
    label_bytes: 2,
    classes: 100,
};

impl Layout {
    /// The files that must be there.
    pub fn files(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.train.iter().chain(self.test).copied()
    }

    /// Bytes of one record.
    pub fn record(&self) -> usize {
        self.label_bytes + 3 * PIXELS
    }

    /// Reads and checks every file of `folder`.
    pub fn load(&self, folder: &Path) -> Result<Dataset, DataError> {
        let train = self.split(folder, self.train)?;
        let test = self.split(folder, self.test)?;
        let classes = super::locate::class_names(self.name);
        let name = self.name.text().to_string();
        let (train, test) = (Arc::new(train), Arc::new(test));
        Ok(Dataset { name, classes, resize: None, train, validation: None, test })
    }

    fn split(&self, folder: &Path, files: &[&str]) -> Result<Stored, DataError> {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for file in files {
            self.read(&folder.join(file), &mut pixels, &mut labels)?;
        }
        Stored::new(Extent::CIFAR, pixels, labels)
    }

    /// Appends the records of one file, channels last.
    pub fn read(
        &self,
        path: &Path,
        pixels: &mut Vec<u8>,
        labels: &mut Vec<u8>,
    ) -> Result<(), DataError> {
        let records = self.whole(path)?;
        pixels.reserve(records.len() / self.record() * 3 * PIXELS);
        for (number, record) in records.chunks_exact(self.record()).enumerate() {
            let (label, planes) = record.split_at(self.label_bytes);
            let label = label[self.label_bytes - 1];
            if usize::from(label) >= self.classes {
                let (file, set, classes) = (path.to_path_buf(), self.name, self.classes);
                return Err(DataError::Label { file, record: number, label, set, classes });
            }
            labels.push(label);
            let (red, rest) = planes.split_at(PIXELS);
            let (green, blue) = rest.split_at(PIXELS);
            for ((&r, &g), &b) in red.iter().zip(green).zip(blue) {
                pixels.extend([r, g, b]);
            }
        }
        Ok(())
    }

    /// Bytes of its files, which are opened and not read.
    pub fn bytes(&self, folder: &Path) -> Result<u64, DataError> {
        self.files().map(|name| Ok(self.open(&folder.join(name))?.1)).sum()
    }

    /// The bytes of a file whose length is right.
    fn whole(&self, path: &Path) -> Result<Vec<u8>, DataError> {
        let (file, found) = self.open(path)?;
        let mut bytes = Vec::with_capacity(found as usize);
        // The length was checked above; `take` keeps a growing file from being followed.
        file.take(found)
            .read_to_end(&mut bytes)
            .map_err(|error| DataError::io("reading", path, error))?;
        self.check_length(path, bytes.len() as u64)?;
        Ok(bytes)
    }

    /// A file whose length is right, with that.
    fn open(&self, path: &Path) -> Result<(std::fs::File, u64), DataError> {
        let file = std::fs::File::open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => DataError::NoFile {
                file: path.to_path_buf(),
                set: self.name,
                needs: self.files().collect(),
                pickled: path.with_extension("").is_file(),
            },
            _ => DataError::io("reading", path, error),
        })?;
        let found = file.metadata().map_err(|e| DataError::io("reading", path, e))?.len();
        self.check_length(path, found)?;
        Ok((file, found))
    }

    fn check_length(&self, path: &Path, found: u64) -> Result<(), DataError> {
        let record = self.record() as u64;
        let whole = found / record;
        if found == 0 || !found.is_multiple_of(record) || whole > MOST_RECORDS {
            let expected = match whole {
                0 => record,
                1..=MOST_RECORDS => (whole + 1) * record,
                _ => MOST_RECORDS * record,
            };
            return Err(DataError::Length {
                file: path.to_path_buf(),
                bytes: found,
                record,
                most: MOST_RECORDS,
                expected,
                official: self.official_records(path) * record,
            });
        }
        Ok(())
    }

    /// Records of the official file of that name.
    pub fn official_records(&self, path: &Path) -> u64 {
        match path.file_name().and_then(|name| name.to_str()) {
            Some("train.bin") => 50_000,
            _ => 10_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(label: &[u8], colour: [u8; 3]) -> Vec<u8> {
        let mut bytes = label.to_vec();
        for value in colour {
            bytes.extend([value; PIXELS]);
        }
        // The second pixel of the first row and the first of the second tell the order.
        bytes[label.len() + 1] = 201;
        bytes[label.len() + PIXELS + 32] = 202;
        bytes
    }

    fn read(layout: &Layout, bytes: &[u8]) -> Result<(Vec<u8>, Vec<u8>), DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test_batch.bin");
        std::fs::write(&path, bytes).unwrap();
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        layout.read(&path, &mut pixels, &mut labels)?;
        Ok((pixels, labels))
    }

    #[test]
    fn records_become_pictures_with_channels_last() {
        let bytes = [record(&[3], [1, 2, 3]), record(&[9], [4, 5, 6])].concat();
        let (pixels, labels) = read(&CIFAR10, &bytes).unwrap();
        assert_eq!(labels, [3, 9]);
        assert_eq!(pixels.len(), 2 * 3072);
        assert_eq!(pixels[..6], [1, 2, 3, 201, 2, 3]);
        assert_eq!(pixels[32 * 3..][..3], [1, 202, 3]);
        assert_eq!(pixels[3072 + 3069..], [4, 5, 6]);
    }

    #[test]
    fn the_fine_label_of_cifar100_counts() {
        let (_, labels) = read(&CIFAR100, &record(&[200, 99], [1, 2, 3])).unwrap();
        assert_eq!(labels, [99]);
    }

    #[test]
    fn what_is_not_whole_records_is_refused_with_both_sizes() {
        for length in [0, 1, 3072, 3074, 2 * 3073 - 1] {
            let error = read(&CIFAR10, &vec![0; length]).unwrap_err();
            assert!(matches!(error, DataError::Length { .. }), "{length}");
            let text = error.to_string();
            assert!(text.contains("test_batch.bin"), "{text}");
            assert!(text.contains(&format!("{length} bytes")), "{text}");
            assert!(text.contains("30730000"), "{text}");
        }
    }

    #[test]
    fn a_label_out_of_range_is_refused_with_its_place() {
        let bytes = [record(&[0], [0; 3]), record(&[10], [0; 3])].concat();
        let error = read(&CIFAR10, &bytes).unwrap_err();
        assert!(matches!(error, DataError::Label { record: 1, label: 10, .. }));
        assert!(error.to_string().contains("record 1 has label 10"), "{error}");
        let error = read(&CIFAR100, &record(&[0, 100], [0; 3])).unwrap_err();
        assert!(error.to_string().contains("label 100"), "{error}");
    }

    #[test]
    fn a_whole_folder_loads_and_a_missing_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        for (k, file) in CIFAR10.files().enumerate() {
            std::fs::write(folder.path().join(file), record(&[k as u8], [7; 3])).unwrap();
        }
        let dataset = CIFAR10.load(folder.path()).unwrap();
        assert_eq!((dataset.train.count(), dataset.test.count()), (5, 1));
        assert_eq!(dataset.classes[9], "truck");
        let mut pixels = vec![0; 3072];
        assert_eq!(dataset.train.picture(0, 4, &mut pixels), 4);
        std::fs::remove_file(folder.path().join("data_batch_4.bin")).unwrap();
        let Err(error) = CIFAR10.load(folder.path()) else { panic!("loaded") };
        assert!(matches!(error, DataError::NoFile { .. }));
        assert!(error.to_string().contains("data_batch_4.bin is missing"), "{error}");
    }
}
