//! Against a server that does what servers do.

use super::*;
use crate::data::cifar::CIFAR10;
use crate::data::progress::Work;
use md5::Digest;
use std::cell::{Cell, RefCell};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

/// Notes the last report, and stops the work after so many bytes.
struct Watch {
    last: Cell<(u64, Option<u64>)>,
    notes: RefCell<Vec<String>>,
    stop_after: u64,
}

impl Watch {
    fn new() -> Self {
        let (last, notes) = (Cell::new((0, None)), RefCell::new(Vec::new()));
        Self { last, notes, stop_after: u64::MAX }
    }
}

impl Progress for Watch {
    fn report(&self, _work: Work, done: u64, total: Option<u64>) {
        self.last.set((done, total));
    }

    fn note(&self, text: &str) {
        self.notes.borrow_mut().push(text.to_owned());
    }

    fn interrupted(&self) -> bool {
        self.last.get().0 >= self.stop_after
    }
}

const PATIENCE: Patience = Patience {
    silence: Duration::from_millis(300),
    pause: Duration::from_millis(1),
    tries: 3,
    whole: Duration::from_secs(60),
};

fn add(tar: &mut tar::Builder<impl Write>, path: &str, bytes: &[u8]) {
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, path, bytes).unwrap();
}

/// An archive of the first so many files of CIFAR-10, two records each.
fn archive(files: usize) -> Vec<u8> {
    let gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    let mut tar = tar::Builder::new(gz);
    add(&mut tar, "elsewhere/data_batch_1.bin", b"not wanted");
    for file in CIFAR10.files().take(files) {
        add(&mut tar, &format!("{}/{file}", CIFAR10.folder), &[1; 3073 * 2]);
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// What a server does with a request.
#[derive(Clone, Debug)]
enum Answer {
    /// Sends what was asked for.
    Right,
    /// The same, and hangs up after so many bytes.
    Cut(usize),
    /// Sends everything, whatever was asked for.
    Whole,
    /// Sends everything and hangs up after so many bytes.
    WholeCut(usize),
    /// Sends other bytes.
    Other,
    /// Names another place.
    Elsewhere(String),
    /// Says a number and nothing else.
    Status(u16),
    /// Says nothing for a while.
    Silent,
}

/// Answers requests in turn; the address, and the ranges that were asked for.
fn serve(bytes: Vec<u8>, answers: Vec<Answer>) -> (String, Receiver<Option<u64>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/a.tar.gz", listener.local_addr().unwrap());
    let (asked, ranges) = channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (stream, _) = listener.accept().unwrap();
            let from = request(&stream);
            asked.send(from).unwrap();
            // A client that went away is its own business.
            let _ = reply(stream, &answer, &bytes, from.unwrap_or(0) as usize);
        }
    });
    (url, ranges)
}

/// Reads a request; where it wants to begin.
fn request(stream: &TcpStream) -> Option<u64> {
    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let lines: Vec<String> =
        lines.map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
    let range = lines
        .iter()
        .find_map(|line| line.to_lowercase().strip_prefix("range: bytes=").map(String::from));
    range.map(|range| range.trim_end_matches('-').parse().unwrap())
}

fn reply(mut to: TcpStream, answer: &Answer, bytes: &[u8], from: usize) -> std::io::Result<()> {
    let (from, cut) = match answer {
        Answer::Right => (from, usize::MAX),
        Answer::Cut(after) => (from, *after),
        Answer::Whole => (0, usize::MAX),
        Answer::WholeCut(after) => (0, *after),
        Answer::Other => return reply(to, &Answer::Right, &vec![7; bytes.len()], from),
        Answer::Elsewhere(url) => {
            return write!(
                to,
                "HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\n\r\n"
            );
        }
        Answer::Status(status) => {
            return write!(to, "HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n");
        }
        Answer::Silent => {
            std::thread::sleep(2 * PATIENCE.silence);
            return Ok(());
        }
    };
    let status = if from > 0 { "206 Partial Content" } else { "200 OK" };
    let (rest, all) = (&bytes[from.min(bytes.len())..], bytes.len());
    write!(to, "HTTP/1.1 {status}\r\nContent-Length: {}\r\n", rest.len())?;
    write!(to, "Content-Range: bytes {from}-{}/{all}\r\n\r\n", all.saturating_sub(1))?;
    to.write_all(&rest[..cut.min(rest.len())])
}

struct Case {
    cache: tempfile::TempDir,
    archive: Archive,
    bytes: Vec<u8>,
}

impl Case {
    fn new() -> Self {
        let bytes = archive(6);
        let md5 = crate::text::hex(&Md5::digest(&bytes)).leak();
        let archive = Archive { file: "a.tar.gz", places: &[], md5, layout: &CIFAR10 };
        Self { cache: tempfile::tempdir().unwrap(), archive, bytes }
    }

    fn fetch(&self, urls: &[String]) -> Result<PathBuf, DataError> {
        self.archive.fetch(urls, self.cache.path(), PATIENCE, &Watch::new())
    }

    /// Fetches from a server of such answers; the ranges asked for.
    fn through(&self, answers: &[Answer]) -> (Result<PathBuf, DataError>, Vec<Option<u64>>) {
        let (url, ranges) = serve(self.bytes.clone(), answers.to_vec());
        (self.fetch(&[url]), ranges.try_iter().collect())
    }

    fn left(&self) -> usize {
        std::fs::read_dir(self.cache.path()).unwrap().count()
    }

    #[track_caller]
    fn is_whole(&self, folder: Result<PathBuf, DataError>) {
        let folder = folder.unwrap();
        assert_eq!(folder, self.cache.path().join(CIFAR10.folder));
        assert_eq!(CIFAR10.load(&folder).unwrap().train.count(), 10);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 7);
        assert_eq!(self.left(), 1);
        assert_eq!(checksums::check(&folder, &CIFAR10).unwrap(), Some(6));
    }
}

#[test]
fn an_archive_becomes_a_folder_of_expected_files() {
    let case = Case::new();
    let (folder, ranges) = case.through(&[Answer::Right]);
    case.is_whole(folder);
    assert_eq!(ranges, [None]);
}

#[test]
fn a_transfer_that_is_cut_goes_on_where_it_was() {
    let case = Case::new();
    let (folder, ranges) =
        case.through(&[Answer::Cut(10_000), Answer::Status(503), Answer::Cut(500), Answer::Right]);
    case.is_whole(folder);
    assert_eq!(ranges, [None, Some(10_000), Some(10_000), Some(10_500)]);
}

#[test]
fn what_has_come_is_kept_for_the_next_command() {
    let case = Case::new();
    let (url, _ranges) = serve(case.bytes.clone(), vec![Answer::Cut(9_000)]);
    let error = case.fetch(&[url]).unwrap_err().to_string();
    assert!(error.contains("9000 bytes are kept"), "{error}");
    let (folder, ranges) = case.through(&[Answer::Right]);
    case.is_whole(folder);
    assert_eq!(ranges, [Some(9_000)]);
}

#[test]
fn a_server_without_ranges_begins_again() {
    let case = Case::new();
    let (folder, _) = case.through(&[Answer::Cut(10_000), Answer::Whole]);
    case.is_whole(folder);
    let case = Case::new();
    let always_cut = vec![Answer::WholeCut(10_000); 9];
    let (result, ranges) = case.through(&always_cut);
    assert!(result.is_err());
    // The first attempt brings something; those after it begin again, and bring no more.
    assert_eq!(ranges.len(), PATIENCE.tries as usize);
}

#[test]
fn wrong_bytes_are_thrown_away_and_the_next_place_is_tried() {
    let case = Case::new();
    let (wrong, _ranges) = serve(case.bytes.clone(), vec![Answer::Other]);
    let (missing, _ranges) = serve(case.bytes.clone(), vec![Answer::Status(404)]);
    let (right, _ranges) = serve(case.bytes.clone(), vec![Answer::Right]);
    case.is_whole(case.fetch(&[wrong, missing, right]));
    let case = Case::new();
    let (result, _) = case.through(&[Answer::Other]);
    assert!(
        matches!(&result, Err(DataError::NotFetched { troubles, .. }) if troubles[0].contains("MD5")),
        "{result:?}"
    );
    assert_eq!(case.left(), 0);
}

#[test]
fn another_files_beginning_is_found_out_and_fetched_anew() {
    for length in [5_000, 40_000, 400_000] {
        let case = Case::new();
        std::fs::write(case.cache.path().join("a.tar.gz.part"), vec![9; length]).unwrap();
        let (folder, ranges) = case.through(&[Answer::Right, Answer::Right]);
        case.is_whole(folder);
        assert_eq!(ranges, [Some(length as u64), None]);
    }
}

#[test]
fn redirections_are_followed() {
    let case = Case::new();
    let (url, _ranges) = serve(case.bytes.clone(), vec![Answer::Right]);
    let (folder, _) = case.through(&[Answer::Elsewhere(url)]);
    case.is_whole(folder);
}

#[test]
fn silence_ends() {
    let case = Case::new();
    let (silent, _ranges) = serve(case.bytes.clone(), vec![Answer::Silent; 3]);
    let (right, _ranges) = serve(case.bytes.clone(), vec![Answer::Right]);
    case.is_whole(case.fetch(&[silent, right]));
}

#[test]
fn an_interruption_keeps_what_has_come() {
    let case = Case::new();
    let (url, _ranges) = serve(case.bytes.clone(), vec![Answer::Right]);
    let watch = Watch { stop_after: 1, ..Watch::new() };
    let result = case.archive.fetch(&[url], case.cache.path(), PATIENCE, &watch);
    assert!(matches!(result, Err(DataError::Interrupted)), "{result:?}");
    assert_eq!(watch.last.get().1, Some(case.bytes.len() as u64));
    assert_eq!(case.left(), 1);
}

#[test]
fn an_archive_without_all_files_leaves_nothing() {
    let mut case = Case::new();
    case.bytes = archive(5);
    case.archive.md5 = crate::text::hex(&Md5::digest(&case.bytes)).leak();
    let (result, _) = case.through(&[Answer::Right]);
    assert!(matches!(result, Err(DataError::NoFile { .. })), "{result:?}");
    assert_eq!(case.left(), 0);
}

#[test]
fn two_processes_do_not_fetch_at_once() {
    let case = Case::new();
    let path = case.cache.path().join("a.tar.gz.part");
    let _held = case.archive.open(&path).unwrap();
    let error = case.fetch(&[]).unwrap_err().to_string();
    assert!(error.contains("another process"), "{error}");
}

#[test]
fn without_a_network_the_message_says_what_was_tried() {
    let case = Case::new();
    let archive = Archive::of(&CIFAR10);
    assert_eq!(archive.url("http://a/b/"), "http://a/b/cifar-10-binary.tar.gz");
    // Port 9 of the own machine: nobody listens.
    let urls = ["http://127.0.0.1:9/x.gz".to_string(), "no address".to_string()];
    let watch = Watch::new();
    let result = archive.fetch(&urls, case.cache.path(), PATIENCE, &watch);
    // Each place is named before it is waited for.
    let into = case.cache.path().display();
    let told = urls.map(|url| format!("fetching {url} into {into}"));
    assert_eq!(*watch.notes.borrow(), told);
    let Err(DataError::NotFetched { official, troubles, kept: 0, .. }) = result else {
        panic!("{result:?}");
    };
    assert!(official.starts_with("https://www.cs.toronto.edu"), "{official}");
    assert!(troubles[0].contains("127.0.0.1:9") && troubles.len() == 2, "{troubles:?}");
    assert_eq!(case.left(), 0);
}
