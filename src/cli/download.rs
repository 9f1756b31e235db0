//! How a download is shown.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::signals::Signals;
use super::{Failure, output};
use crate::data::fetch::Progress;
use crate::data::{DataError, Dataset, Name, locate};

/// A bar on a terminal, one line elsewhere.
pub struct Download {
    bar: ProgressBar,
    signals: Signals,
}

impl Download {
    /// Nothing is shown until something comes.
    pub fn new(signals: &Signals) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) =
            ProgressStyle::with_template("fetching {bytes}/{total_bytes} {wide_bar} {eta}")
        {
            bar.set_style(style);
        }
        Self { bar, signals: signals.clone() }
    }

    /// Ends the bar and tells a signal from other failures.
    pub fn end<T>(&self, result: Result<T, DataError>) -> Result<T, Failure> {
        self.bar.finish_and_clear();
        result.map_err(|error| match error {
            DataError::Interrupted => self.signals.failure().unwrap_or(error.into()),
            DataError::Io { .. }
            | DataError::Missing(_)
            | DataError::Integrity(_)
            | DataError::Content(_) => error.into(),
        })
    }
}

impl Progress for Download {
    fn report(&self, done: u64, total: Option<u64>) {
        if self.bar.position() == 0 {
            if std::io::stderr().is_terminal() {
                self.bar.set_draw_target(ProgressDrawTarget::stderr());
            } else {
                output::note("fetching the data set; this takes some minutes");
            }
        }
        if let Some(total) = total {
            self.bar.set_length(total);
        }
        self.bar.set_position(done);
    }

    fn interrupted(&self) -> bool {
        self.signals.came()
    }
}

/// Reads a data set, fetching it where it is nowhere.
pub fn load(
    name: Name,
    folder: Option<&std::path::Path>,
    signals: &Signals,
) -> Result<Dataset, Failure> {
    let download = Download::new(signals);
    download.end(locate::load(name, folder, &download))
}
