//! TensorBoard's event files: records of one protobuf message `Event` each.
//!
//! A record is the length of its data (64 bits, little endian), a masked CRC-32C of those bytes,
//! the data, and a masked CRC-32C of the data. Of `Event` are written `wall_time` (1), `step` (2),
//! `file_version` (3), `summary` (5), which holds `value`s (1) of `tag` (1) and `simple_value` (2), and
//! `session_log` (7), whose `status` (1) is START (1).

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::protobuf::Message;
use crate::train::TrainError;

/// An open event file.
pub struct Events {
    path: PathBuf,
    file: File,
}

impl Events {
    /// Begins a file in a run folder. A run that goes on after `done` steps begins another:
    /// TensorBoard reads all, and drops what earlier ones have of the steps that come again.
    pub fn create(run: &Path, done: u64) -> Result<Self, TrainError> {
        let time = now();
        let name = format!("events.out.tfevents.{:.6}.{}.rnetc", time, std::process::id());
        let path = run.join(name);
        let file = File::create(&path).map_err(|error| TrainError::writing(&path, error))?;
        let mut events = Self { path, file };
        let version = Message::default().double(1, time).bytes(3, "brain.Event:2");
        events.record(&version.into_bytes())?;
        if done > 0 {
            events.record(&start(time, done + 1))?;
        }
        Ok(events)
    }

    /// Adds values after a step.
    pub fn write(&mut self, step: u64, values: &[(&str, f64)]) -> Result<(), TrainError> {
        self.record(&event(now(), step, values))
    }

    fn record(&mut self, data: &[u8]) -> Result<(), TrainError> {
        self.file.write_all(&record(data)).map_err(|error| TrainError::writing(&self.path, error))
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

fn event(time: f64, step: u64, values: &[(&str, f64)]) -> Vec<u8> {
    let mut summary = Message::default();
    for (tag, value) in values {
        summary = summary.message(1, Message::default().bytes(1, tag).float(2, *value as f32));
    }
    Message::default().double(1, time).int(2, step).message(5, summary).into_bytes()
}

/// Whatever was told of this step and of later ones no longer counts.
fn start(time: f64, step: u64) -> Vec<u8> {
    const START: u64 = 1;
    let log = Message::default().int(1, START);
    Message::default().double(1, time).int(2, step).message(7, log).into_bytes()
}

fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    let sum = |bytes: &[u8]| masked(crc32c(bytes)).to_le_bytes();
    [&length[..], &sum(&length), data, &sum(data)].concat()
}

/// So that the sum of a text that holds sums is not degenerate.
fn masked(sum: u32) -> u32 {
    sum.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// Castagnoli's cyclic redundancy check.
fn crc32c(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    !bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ if sum & 1 == 1 { POLYNOMIAL } else { 0 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_is_that_of_rfc_3720() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&(0..32).collect::<Vec<u8>>()), 0x46dd_794e);
    }

    #[test]
    fn records_are_those_that_tensorboard_writes() {
        // Written by tensorboard 2.21: EventFileWriter's RecordWriter on the serialised
        // Event(wall_time=1.5, step=300, summary=Summary(value=[Value(tag="a/b",
        // simple_value=0.25)])).
        let expected: &[u8] = include_bytes!("../../../tests/goldens/tensorboard.event");
        assert_eq!(record(&event(1.5, 300, &[("a/b", 0.25)])), expected);
    }

    #[test]
    fn a_file_that_goes_on_says_from_where() {
        let run = tempfile::tempdir().unwrap();
        let events = Events::create(run.path(), 1000).unwrap();
        let content = std::fs::read(&events.path).unwrap();
        // Event(wall_time=…, step=1001, session_log=SessionLog(status=START))
        let expected = [0x10, 0xe9, 0x07, 0x3a, 0x02, 0x08, 0x01];
        assert_eq!(content[content.len() - 4 - expected.len()..content.len() - 4], expected);
    }

    #[test]
    fn a_file_begins_with_its_version() {
        let run = tempfile::tempdir().unwrap();
        let mut events = Events::create(run.path(), 0).unwrap();
        events.write(1, &[("loss", 2.0), ("lr", 0.1)]).unwrap();
        let content = std::fs::read(&events.path).unwrap();
        assert_eq!(content[..8], [24, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(content[12 + 9..12 + 24], *b"\x1a\x0dbrain.Event:2");
    }
}
