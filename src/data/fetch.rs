//! Fetching an official archive into the cache: checked before it is opened, taken apart by
//! expected names only, and moved into place when it is whole.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use md5::{Digest, Md5};

use super::checksums;
use super::cifar::Layout;
use super::dataset::Name;
use super::error::DataError;
use super::progress::{Progress, Work};

/// Largest archive that is followed; the official ones have some 170 MB.
const MOST_BYTES: u64 = 256 << 20;
/// Longest silence of the other side.
const PATIENCE: Duration = Duration::from_secs(60);

/// An archive on the official site.
#[derive(Clone, Copy, Debug)]
pub struct Archive {
    /// Where it is.
    pub url: &'static str,
    /// Its MD5, as the official page gives it.
    pub md5: &'static str,
    /// What is in it.
    pub layout: &'static Layout,
}

impl Archive {
    /// The archive that holds a layout's files.
    pub fn of(layout: &'static Layout) -> Self {
        let (url, md5) = match layout.name {
            Name::Cifar10 | Name::Shapes10 => (
                "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                "c32a1d4ab5d03f1284b67883e8d87530",
            ),
            Name::Cifar100 => (
                "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
                "03b5dce01913d631647c71ecec9e9cb8",
            ),
        };
        Self { url, md5, layout }
    }

    /// Fetches, checks and unpacks; returns the folder with the files. What fails leaves nothing
    /// behind.
    pub fn fetch_into(&self, cache: &Path, progress: &dyn Progress) -> Result<PathBuf, DataError> {
        self.fetch_from(self.url, cache, progress)
    }

    fn fetch_from(
        &self,
        url: &str,
        cache: &Path,
        progress: &dyn Progress,
    ) -> Result<PathBuf, DataError> {
        let writing = |error| DataError::io("writing", cache, error);
        std::fs::create_dir_all(cache).map_err(writing)?;
        let mut archive = tempfile::tempfile_in(cache).map_err(writing)?;
        let sum = self.download(url, &mut archive, cache, progress)?;
        if sum != self.md5 {
            return Err(DataError::Integrity(format!(
                "{url}: MD5 is {sum}, and should be {}; try again, or {}",
                self.md5,
                self.by_hand()
            )));
        }
        archive.rewind().map_err(writing)?;
        self.unpack(archive, cache)
    }

    fn download(
        &self,
        url: &str,
        to: &mut File,
        cache: &Path,
        progress: &dyn Progress,
    ) -> Result<String, DataError> {
        let unreachable = |error: &dyn std::fmt::Display| {
            DataError::Missing(format!("cannot fetch {url}: {error}; {}", self.by_hand()))
        };
        let config = ureq::Agent::config_builder()
            .timeout_connect(Some(PATIENCE))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_per_read(Some(PATIENCE))
            .build();
        let response = ureq::Agent::new_with_config(config).get(url).call();
        let body = response.map_err(|error| unreachable(&error))?.into_body();
        let total = body.content_length();
        let mut from = body.into_reader().take(MOST_BYTES);
        let (mut sum, mut done, mut buffer) = (Md5::new(), 0, vec![0; 1 << 16]);
        loop {
            if progress.interrupted() {
                return Err(DataError::Interrupted);
            }
            let read = from.read(&mut buffer).map_err(|error| unreachable(&error))?;
            if read == 0 {
                return Ok(checksums::hex(&sum.finalize()));
            }
            sum.update(&buffer[..read]);
            to.write_all(&buffer[..read]).map_err(|e| DataError::io("writing", cache, e))?;
            done += read as u64;
            progress.report(Work::Fetching, done, total);
        }
    }

    /// Takes the layout's files out of the archive, and nothing else.
    fn unpack(&self, archive: File, cache: &Path) -> Result<PathBuf, DataError> {
        let writing = |error| DataError::io("writing", cache, error);
        let broken = |error| DataError::io("unpacking", Path::new(self.url), error);
        let beside = tempfile::tempdir_in(cache).map_err(writing)?;
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(archive));
        for entry in tar.entries().map_err(broken)? {
            let entry = entry.map_err(broken)?;
            let path = entry.path().map_err(broken)?.into_owned();
            if let Some(file) = self.expected(&path) {
                let size = self.layout.official_records(&path) * self.layout.record() as u64;
                let to = beside.path().join(file);
                let mut out = File::create(&to).map_err(writing)?;
                std::io::copy(&mut entry.take(size), &mut out).map_err(broken)?;
                out.sync_all().map_err(writing)?;
            }
        }
        self.move_into_place(beside.path(), &cache.join(self.layout.folder))
    }

    fn expected(&self, path: &Path) -> Option<&'static str> {
        self.layout.files().find(|file| path == Path::new(self.layout.folder).join(file))
    }

    fn move_into_place(&self, from: &Path, to: &Path) -> Result<PathBuf, DataError> {
        self.layout.load(from)?;
        let writing = |error| DataError::io("writing", to, error);
        std::fs::create_dir_all(to).map_err(writing)?;
        checksums::write(from, self.layout)?;
        for file in self.layout.files().chain([checksums::FILE]) {
            std::fs::rename(from.join(file), to.join(file)).map_err(writing)?;
        }
        Ok(to.to_path_buf())
    }

    /// What to do without a network.
    fn by_hand(&self) -> String {
        format!(
            "fetch {} on another machine, unpack it and pass its folder {} with --data DIR; \
             or use shapes10, which needs no files",
            self.url, self.layout.folder
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::cifar::CIFAR10;
    use std::io::{BufRead, BufReader};
    use std::net::TcpListener;

    struct Quiet;

    impl Progress for Quiet {
        fn report(&self, _work: Work, _done: u64, _total: Option<u64>) {}

        fn note(&self, _text: &str) {}

        fn interrupted(&self) -> bool {
            false
        }
    }

    fn add(tar: &mut tar::Builder<impl Write>, path: &str, bytes: &[u8]) {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, bytes).unwrap();
    }

    fn archive(files: usize) -> Vec<u8> {
        let gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut tar = tar::Builder::new(gz);
        add(&mut tar, "elsewhere/data_batch_1.bin", b"not wanted");
        for file in CIFAR10.files().take(files) {
            add(&mut tar, &format!("{}/{file}", CIFAR10.folder), &[1; 3073 * 2]);
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    /// Serves `bytes` once and returns the address.
    fn serve(bytes: Vec<u8>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/a.tar.gz", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let mut stream = stream;
            write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", bytes.len()).unwrap();
            let _ = stream.write_all(&bytes);
        });
        url
    }

    fn fetch(bytes: Vec<u8>, md5: &'static str) -> (tempfile::TempDir, Result<PathBuf, DataError>) {
        let cache = tempfile::tempdir().unwrap();
        let archive = Archive { url: "http://unused", md5, layout: &CIFAR10 };
        let result = archive.fetch_from(&serve(bytes), cache.path(), &Quiet);
        (cache, result)
    }

    fn sum(bytes: &[u8]) -> &'static str {
        checksums::hex(&Md5::digest(bytes)).leak()
    }

    #[test]
    fn an_archive_becomes_a_folder_of_expected_files() {
        let bytes = archive(6);
        let md5 = sum(&bytes);
        let (cache, folder) = fetch(bytes, md5);
        let folder = folder.unwrap();
        assert_eq!(folder, cache.path().join(CIFAR10.folder));
        assert_eq!(CIFAR10.load(&folder).unwrap().train.count(), 10);
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 7);
        assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 1);
        assert_eq!(checksums::check(&folder, &CIFAR10).unwrap(), Some(6));
    }

    #[test]
    fn a_wrong_sum_or_a_missing_member_leaves_nothing() {
        let (cache, result) = fetch(archive(6), "00");
        assert!(matches!(result, Err(DataError::Integrity(_))), "{result:?}");
        assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0);
        let bytes = archive(5);
        let md5 = sum(&bytes);
        let (cache, result) = fetch(bytes, md5);
        assert!(matches!(result, Err(DataError::Missing(_))), "{result:?}");
        assert_eq!(std::fs::read_dir(cache.path()).unwrap().count(), 0);
    }

    #[test]
    fn without_a_network_the_message_says_what_to_do() {
        let cache = tempfile::tempdir().unwrap();
        let archive = Archive::of(&CIFAR10);
        // Port 9 of the own machine: nobody listens.
        let result = archive.fetch_from("http://127.0.0.1:9/x", cache.path(), &Quiet);
        let text = result.unwrap_err().to_string();
        assert!(text.contains("--data DIR") && text.contains(archive.url), "{text}");
    }
}
