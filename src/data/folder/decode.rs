//! Decoding many pictures, on several threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;

use super::list::Entry;
use crate::data::dataset::Stored;
use crate::data::progress::{Progress, Work};
use crate::data::{DataError, Extent, picture};

/// Most bytes of pictures that are held.
const MOST_BYTES: usize = 8 << 30;
/// Most threads; each may hold a large picture.
const MOST_THREADS: usize = 8;

/// Every picture, scaled, in order.
pub fn all(
    entries: &[Entry],
    extent: Extent,
    progress: &dyn Progress,
) -> Result<Stored, DataError> {
    let mut pixels = room(entries.len(), extent)?;
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(MOST_THREADS));
    let work = Mutex::new(entries.iter().zip(pixels.chunks_exact_mut(extent.bytes())));
    let stop = AtomicBool::new(false);
    let (done, from_done) = channel();
    let ended = std::thread::scope(|scope| {
        for _ in 0..threads {
            let (done, work, stop) = (done.clone(), &work, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let next = work.lock().ok().and_then(|mut work| work.next());
                    let Some((entry, to)) = next else { return };
                    // The receiver goes first only when nothing more is wanted.
                    let _ = done.send(one(entry, extent, to));
                }
            });
        }
        drop(done);
        let mut ended = Ok(());
        for (count, result) in from_done.iter().enumerate() {
            ended = ended.and(result);
            if ended.is_ok() && progress.interrupted() {
                ended = Err(DataError::Interrupted);
            }
            stop.store(ended.is_err(), Ordering::Relaxed);
            progress.report(Work::Decoding, count as u64 + 1, Some(entries.len() as u64));
        }
        ended
    });
    ended?;
    Stored::new(extent, pixels, entries.iter().map(|entry| entry.label).collect())
}

fn room(count: usize, extent: Extent) -> Result<Vec<u8>, DataError> {
    let mut pixels = Vec::new();
    let bytes = count.checked_mul(extent.bytes()).filter(|bytes| *bytes <= MOST_BYTES);
    if let Some(bytes) = bytes
        && pixels.try_reserve_exact(bytes).is_ok()
    {
        pixels.resize(bytes, 0);
        return Ok(pixels);
    }
    Err(DataError::TooMany { count, extent, most: MOST_BYTES })
}

fn one(entry: &Entry, extent: Extent, to: &mut [u8]) -> Result<(), DataError> {
    match picture::load(&entry.path, extent) {
        Ok(pixels) => {
            to.copy_from_slice(&pixels);
            Ok(())
        }
        // Among pictures, what is none is damage.
        Err(DataError::Picture { file, what, .. }) => {
            Err(DataError::Picture { file, what, of_set: true })
        }
        Err(other) => Err(other),
    }
}
