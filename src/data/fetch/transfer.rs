//! One attempt to bring a file, or the rest of it, over HTTP.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

use ureq::http::{Response, header};
use ureq::{Body, Error, Timeout};

use super::Patience;
use crate::data::DataError;
use crate::data::progress::{Progress, Work};

/// Largest file that is followed; the official ones have some 170 MB.
const MOST_BYTES: u64 = 256 << 20;

/// Why an attempt brought no whole file.
#[derive(Debug)]
pub enum Trouble {
    /// Nothing is to be had at this place.
    Gone(String),
    /// It may work later.
    Passing(String),
    /// The file there is another.
    Wrong(String),
    /// No place would do.
    Fatal(DataError),
}

/// Appends to `part` what it lacks of the file at `url`; from the beginning where the server sends
/// it from there.
pub fn go_on(
    url: &str,
    part: &mut File,
    path: &Path,
    patience: Patience,
    progress: &dyn Progress,
) -> Result<(), Trouble> {
    let io = |error| Trouble::Fatal(DataError::io("writing", path, error));
    let done = part.seek(SeekFrom::End(0)).map_err(io)?;
    let response = ask(url, done, patience)?;
    let done = match response.status().as_u16() {
        206 if starts_at(&response) == Some(done) => done,
        // The server has no more than is here, or sends something else than was asked for.
        206 | 416 => {
            part.set_len(0).map_err(io)?;
            return Err(Trouble::Passing("it sends another part than was asked for".into()));
        }
        200 => {
            part.set_len(0).map_err(io)?;
            0
        }
        status @ (408 | 429 | 500..=599) => {
            return Err(Trouble::Passing(format!("the server answers {status}")));
        }
        status => return Err(Trouble::Gone(format!("the server answers {status}"))),
    };
    part.seek(SeekFrom::Start(done)).map_err(io)?;
    receive(response, done, part, path, progress)
}

fn ask(url: &str, done: u64, patience: Patience) -> Result<Response<Body>, Trouble> {
    let silence = Some(patience.silence);
    let config = ureq::Agent::config_builder()
        .timeout_resolve(silence)
        .timeout_connect(silence)
        .timeout_send_request(silence)
        .timeout_recv_response(silence)
        .timeout_per_read(silence)
        .http_status_as_error(false)
        .build();
    // A server that unpacked the archive on the way would change its sum.
    let mut request =
        ureq::Agent::new_with_config(config).get(url).header(header::ACCEPT_ENCODING, "identity");
    if done > 0 {
        request = request.header(header::RANGE, format!("bytes={done}-"));
    }
    request.call().map_err(|error| match &error {
        Error::HostNotFound
        | Error::ConnectionFailed
        | Error::BadUri(_)
        | Error::Http(_)
        | Error::Tls(_)
        | Error::Rustls(_)
        | Error::TooManyRedirects
        | Error::RedirectFailed
        | Error::InvalidProxyUrl
        | Error::ConnectProxyFailed(_)
        | Error::Timeout(Timeout::Resolve | Timeout::Connect) => Trouble::Gone(error.to_string()),
        Error::Io(io) if io.kind() == ErrorKind::ConnectionRefused => {
            Trouble::Gone(error.to_string())
        }
        _ => Trouble::Passing(error.to_string()),
    })
}

/// The first byte that a partial answer holds: `bytes 100-199/200`.
fn starts_at(response: &Response<Body>) -> Option<u64> {
    let range = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split_once('-')?.0.trim().parse().ok()
}

fn receive(
    response: Response<Body>,
    mut done: u64,
    part: &mut File,
    path: &Path,
    progress: &dyn Progress,
) -> Result<(), Trouble> {
    let body = response.into_body();
    let total = body.content_length().map(|rest| done + rest);
    let mut from = body.into_reader();
    let mut buffer = vec![0; 1 << 16];
    loop {
        if progress.interrupted() {
            return Err(Trouble::Fatal(DataError::Interrupted));
        }
        let read = from.read(&mut buffer).map_err(|error| Trouble::Passing(error.to_string()))?;
        if read == 0 {
            break;
        }
        part.write_all(&buffer[..read])
            .map_err(|error| Trouble::Fatal(DataError::io("writing", path, error)))?;
        done += read as u64;
        if done > MOST_BYTES {
            part.set_len(0).map_err(|e| Trouble::Fatal(DataError::io("writing", path, e)))?;
            return Err(Trouble::Wrong(format!("longer than {} MiB", MOST_BYTES >> 20)));
        }
        progress.report(Work::Fetching, done, total);
    }
    match total {
        Some(total) if done < total => {
            Err(Trouble::Passing(format!("it ended after {done} of {total} bytes")))
        }
        Some(_) | None => Ok(()),
    }
}
