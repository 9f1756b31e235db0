//! Reading data, and how that is shown.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::Failure;
use crate::cli::session::signals::Signals;
use crate::cli::show::output;
use crate::data::folder::Splits;
use crate::data::locate::Found;
use crate::data::progress::{Progress, Work};
use crate::data::sizing::Sizing;
use crate::data::{DataError, Dataset};
use crate::text::thousands;

/// Pictures that take so long to read that it is worth a line.
const MANY: u64 = 5_000;

/// A bar on a terminal, one line elsewhere.
pub struct Download {
    bar: ProgressBar,
    signals: Signals,
}

impl Download {
    /// Nothing is shown until something comes.
    pub fn new(signals: &Signals) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Self { bar, signals: signals.clone() }
    }

    /// Ends the bar and tells a signal from other failures.
    pub fn end<T>(&self, result: Result<T, DataError>) -> Result<T, Failure> {
        self.bar.finish_and_clear();
        result.map_err(|error| match error {
            DataError::Interrupted => self.signals.failure().unwrap_or(error.into()),
            error => error.into(),
        })
    }

    fn begin(&self, work: Work, total: Option<u64>) {
        let (template, line) = match work {
            // From where has been told.
            Work::Fetching => ("fetching {bytes}/{total_bytes} {wide_bar} {eta}", None),
            Work::Decoding => (
                "reading pictures {pos}/{len} {wide_bar} {eta}",
                total.filter(|total| *total >= MANY).map(|n| format!("reading {n} pictures")),
            ),
        };
        if output::is_watched() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template(template) {
                self.bar.set_style(style);
            }
        } else if let Some(line) = line {
            output::note(line);
        }
    }
}

impl Progress for Download {
    fn report(&self, work: Work, done: u64, total: Option<u64>) {
        if self.bar.position() == 0 {
            self.begin(work, total);
        }
        if let Some(total) = total {
            self.bar.set_length(total);
        }
        self.bar.set_position(done);
    }

    fn note(&self, text: &str) {
        self.bar.suspend(|| output::note(text));
    }

    fn warn(&self, text: &str) {
        self.bar.suspend(|| output::warn(text));
    }

    fn interrupted(&self) -> bool {
        self.signals.came()
    }
}

/// Reads a data set, fetching it where it is nowhere.
pub fn load(
    found: &Found,
    sizing: Sizing,
    splits: Splits,
    signals: &Signals,
) -> Result<Dataset, Failure> {
    let download = Download::new(signals);
    let data = download.end(found.load(sizing, splits, &download))?;
    let place = found.place();
    let place =
        place.map_or("drawn by the program".into(), |at| format!("read from {}", at.display()));
    output::detail(format_args!(
        "data: {} {place}: {} training and {} test pictures of {} classes",
        data.name,
        thousands(data.train.count()),
        thousands(data.test.count()),
        data.classes.len()
    ));
    Ok(data)
}
