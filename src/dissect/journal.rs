//! What a study has found so far, a JSON line each, so that it goes on where it stopped.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::train::TrainError;
use crate::train::record::json_lines::{JsonLines, text};

/// An open journal.
pub struct Journal {
    lines: JsonLines,
}

impl Journal {
    /// Opens a journal whose first line is `header`, and reads what it holds. A journal with
    /// another header is refused, unless `again` says to begin anew.
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
        let mut records = Vec::new();
        for line in lines {
            // A last line cut short by a crash does not parse, and goes.
            if let Ok(record) = serde_json::from_str(line) {
                records.push(record);
                kept.extend([line, "\n"]);
            }
        }
        Ok((Self { lines: JsonLines::begin(path, &kept)? }, records))
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
        assert_eq!(found, [7, 8]);
        journal.add(&9).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "\"seed 1\"\n7\n8\n9\n");
        let error = Journal::open::<u32>(&path, &"seed 2", false).err().unwrap();
        assert!(matches!(error, TrainError::OtherStudy { .. }), "{error}");
        assert!(Journal::open::<u32>(&path, &"seed 2", true).unwrap().1.is_empty());
    }
}
