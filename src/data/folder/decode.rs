//! Decoding many pictures, on several threads.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;

use super::list::{Entry, shown};
use crate::data::dataset::Stored;
use crate::data::picture::{self, Doubt, Picture};
use crate::data::progress::{Progress, Work};
use crate::data::sizing::{Purpose, Sizing};
use crate::data::{DataError, Extent, Pictures};
use crate::text::counted;

/// Most bytes of pictures that are held.
const MOST_BYTES: usize = 8 << 30;
/// Most threads; each may hold a large picture.
const MOST_THREADS: usize = 8;

/// What came of decoding.
pub struct Decoded {
    pictures: Stored,
    /// Files that could not be read, with why.
    bad: Vec<(PathBuf, String)>,
    /// Files that are odd, and could be read.
    doubtful: Vec<(PathBuf, Doubt)>,
    /// Files whose opacity was left out.
    transparent: Vec<PathBuf>,
}

/// Every picture, scaled, in order. What cannot be read does not end it, so that all of it can be
/// told at once.
pub fn all(
    entries: &[Entry],
    (sizing, purpose): (Sizing, Purpose),
    progress: &dyn Progress,
) -> Result<Decoded, DataError> {
    let extent = purpose.extent(sizing);
    let mut pixels = room(entries.len(), extent)?;
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(MOST_THREADS));
    let work = entries.iter().zip(pixels.chunks_exact_mut(extent.bytes())).enumerate();
    let work = Mutex::new(work);
    let stop = AtomicBool::new(false);
    let (done, from_done) = channel();
    let told = std::thread::scope(|scope| {
        for _ in 0..threads {
            let (done, work, stop) = (done.clone(), &work, &stop);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let next = work.lock().ok().and_then(|mut work| work.next());
                    let Some((at, (entry, to))) = next else { return };
                    // The receiver goes first only when nothing more is wanted.
                    let _ = done.send((at, one(entry, (sizing, purpose), to)));
                }
            });
        }
        drop(done);
        let (mut told, mut ended) = (Vec::new(), Ok(()));
        for (count, (at, result)) in from_done.iter().enumerate() {
            ended = ended.and(result.map(|what| told.push((at, what))));
            if ended.is_ok() && progress.interrupted() {
                ended = Err(DataError::Interrupted);
            }
            stop.store(ended.is_err(), Ordering::Relaxed);
            progress.report(Work::Decoding, count as u64 + 1, Some(entries.len() as u64));
        }
        ended.map(|()| told)
    });
    let mut told = told?;
    told.sort_by_key(|(at, _)| *at);
    let labels = entries.iter().map(|entry| entry.label).collect();
    let file = |(entry, (_, one)): (&Entry, &(usize, One))| (entry.path.clone(), one.sha256);
    let files = entries.iter().zip(&told).map(file).collect();
    let pictures = Stored::new(extent, pixels, labels)?.from_files(files);
    let pictures = pictures.seen_as(sizing.seen);
    let mut decoded = Decoded { pictures, bad: vec![], doubtful: vec![], transparent: vec![] };
    for (at, one) in told {
        let path = || entries[at].path.clone();
        decoded.doubtful.extend(one.doubt.map(|doubt| (path(), doubt)));
        decoded.transparent.extend(one.transparent.then(path));
        decoded.bad.extend(one.bad.map(|why| (path(), why)));
    }
    Ok(decoded)
}

/// Pictures that cannot be read, where a set has been refused already: of as many as are looked at
/// in a moment.
pub fn damaged<'a>(entries: impl Iterator<Item = &'a Entry>) -> Option<DataError> {
    const MOST: usize = 500;
    const SMALL: Extent = Extent { rows: 8, columns: 8, channels: 3 };
    let (mut bad, mut of) = (Vec::new(), 0);
    let mut pixels = vec![0; SMALL.bytes()];
    for entry in entries.take(MOST) {
        of += 1;
        let why =
            one(entry, (SMALL.into(), Purpose::Test), &mut pixels).ok().and_then(|one| one.bad);
        bad.extend(why.map(|why| (entry.path.clone(), why)));
    }
    (!bad.is_empty()).then_some(DataError::BadPictures { of, bad })
}

/// All parts, where all of them can be read; what should be known of them is told.
pub fn whole(parts: Vec<Decoded>, progress: &dyn Progress) -> Result<Vec<Stored>, DataError> {
    let of = parts.iter().map(|part| part.pictures.count()).sum();
    let (mut bad, mut doubtful, mut transparent) = (Vec::new(), Vec::new(), Vec::new());
    let mut pictures = Vec::new();
    for part in parts {
        bad.extend(part.bad);
        doubtful.extend(part.doubtful);
        transparent.extend(part.transparent);
        pictures.push(part.pictures);
    }
    if !bad.is_empty() {
        return Err(DataError::BadPictures { of, bad });
    }
    let note = |paths: Vec<PathBuf>, what: &str| {
        if !paths.is_empty() {
            let count = counted(paths.len(), "picture");
            progress.note(&format!("{count} {what}: {}", shown(&paths)));
        }
    };
    for doubt in [Doubt::NoEnd, Doubt::Coarse, Doubt::Surplus] {
        let of = doubtful.iter().filter(|(_, of)| *of == doubt).map(|(path, _)| path.clone());
        note(of.collect(), &format!("read as they are though {doubt}"));
    }
    note(
        transparent,
        "with an opacity, which is left out; colours count as they stand in the file",
    );
    Ok(pictures)
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

/// What is to be told of a picture.
#[derive(Default)]
struct One {
    bad: Option<String>,
    doubt: Option<Doubt>,
    transparent: bool,
    sha256: [u8; 32],
}

fn one(
    entry: &Entry,
    (sizing, purpose): (Sizing, Purpose),
    to: &mut [u8],
) -> Result<One, DataError> {
    match picture::load_for(&entry.path, sizing, purpose) {
        Ok(picture) => {
            to.copy_from_slice(&picture.pixels);
            let Picture { doubt, transparent, sha256, .. } = picture;
            Ok(One { bad: None, doubt, transparent, sha256 })
        }
        Err(DataError::Picture { what, .. }) => Ok(One { bad: Some(what), ..One::default() }),
        Err(DataError::Io { error, .. }) => {
            Ok(One { bad: Some(error.to_string()), ..One::default() })
        }
        Err(other) => Err(other),
    }
}
