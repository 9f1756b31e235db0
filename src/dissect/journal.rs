//! What a study has found so far, a JSON line each, so that it goes on where it stopped.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::train::TrainError;
use crate::train::record::json_lines::{JsonLines, text};

/// An open journal.
pub struct Journal {
    path: PathBuf,
    lines: JsonLines,
    unreadable: Vec<usize>,
}

impl Journal {
    /// Opens a journal whose first line is `header`, and reads what it holds; lines that cannot be
    /// read go. A journal with another header is refused, unless `again` says to begin anew.
    pub fn open<R: DeserializeOwned>(
        path: &Path,
        header: &impl Serialize,
        again: bool,
    ) -> Result<(Self, Vec<R>), TrainError> {
        let header =
            serde_json::to_string(header).map_err(|error| TrainError::writing(path, error))?;
        let text = if again { String::new() } else { text(path)? };
        let mut lines = text.lines();
        if let Some(first) = lines.next().filter(|&first| first != header) {
            let (path, holds) = (path.to_path_buf(), first.to_owned());
            return Err(TrainError::OtherStudy { path, holds, asked: header });
        }
        let mut kept = header + "\n";
        let (mut records, mut unreadable) = (Vec::new(), Vec::new());
        for (number, line) in (2..).zip(lines) {
            match serde_json::from_str(line) {
                Ok(record) => {
                    records.push(record);
                    kept.extend([line, "\n"]);
                }
                Err(_) => unreadable.push(number),
            }
        }
        // A last line without an end was cut short by a crash, which is as it should be.
        let lines = text.lines().count();
        unreadable.retain(|&number| number < lines || text.ends_with('\n'));
        let (path, lines) = (path.to_path_buf(), JsonLines::begin(path, &kept)?);
        Ok((Self { path, lines, unreadable }, records))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lines, counted from 1, that were dropped since something else than a crash spoilt them.
    pub fn unreadable(&self) -> &[usize] {
        &self.unreadable
    }

    /// Adds a record.
    pub fn add(&mut self, record: &impl Serialize) -> Result<(), TrainError> {
        self.lines.add(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_after_a_line_cut_short_and_refuses_another_study() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let (mut journal, found) = Journal::open::<u32>(&path, &"seed 1", false).unwrap();
        assert!(found.is_empty());
        journal.add(&7).unwrap();
        journal.add(&8).unwrap();
        std::fs::write(&path, std::fs::read_to_string(&path).unwrap() + "\"cut").unwrap();
        let (mut journal, found) = Journal::open::<u32>(&path, &"seed 1", false).unwrap();
        assert_eq!((found, journal.unreadable()), (vec![7, 8], &[][..]));
        journal.add(&9).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "\"seed 1\"\n7\n8\n9\n");
        let error = Journal::open::<u32>(&path, &"seed 2", false).err().unwrap();
        assert!(matches!(error, TrainError::OtherStudy { .. }), "{error}");
        assert!(Journal::open::<u32>(&path, &"seed 2", true).unwrap().1.is_empty());
    }

    #[test]
    fn lines_that_no_crash_spoilt_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        std::fs::write(&path, "\"seed 1\"\n7\nseven\n8\n{\n9").unwrap();
        let (journal, found) = Journal::open::<u32>(&path, &"seed 1", false).unwrap();
        assert_eq!((found, journal.unreadable()), (vec![7, 8, 9], &[3, 5][..]));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "\"seed 1\"\n7\n8\n9\n");
        // Whole, and none.
        std::fs::write(&path, "\"seed 1\"\n7\nnine\n").unwrap();
        let (journal, _) = Journal::open::<u32>(&path, &"seed 1", false).unwrap();
        assert_eq!(journal.unreadable(), [3]);
    }
}
