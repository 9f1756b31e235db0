//! How a study is shown: a bar on a terminal, a line now and then elsewhere.

use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use crate::cli::show::output;

/// Time between lines where there is no terminal.
const PAUSE: Duration = Duration::from_secs(10);

/// Progress of a known number of pieces.
pub struct StudyProgress {
    bar: Option<ProgressBar>,
    total: usize,
    done: usize,
    /// When this run began, and with how many done.
    began: (Instant, usize),
    last_line: Instant,
}

impl StudyProgress {
    /// With some pieces done by an earlier run.
    pub fn new(total: usize, done: usize) -> Self {
        let bar = output::is_watched().then(|| {
            let bar = ProgressBar::new(total as u64).with_position(done as u64);
            let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg}");
            bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        let now = Instant::now();
        Self { bar, total, done, began: (now, done), last_line: now }
    }

    /// One more is done.
    pub fn piece(&mut self, message: &str) {
        self.done += 1;
        let (start, before) = self.began;
        let each = start.elapsed().as_secs_f64() / (self.done - before).max(1) as f64;
        let left = each * self.total.saturating_sub(self.done) as f64;
        let left = HumanDuration(Duration::from_secs_f64(left.clamp(0.0, 1e9)));
        match &self.bar {
            Some(bar) => {
                bar.set_message(format!("{message}, {left:#} left"));
                bar.set_position(self.done as u64);
            }
            None if self.last_line.elapsed() >= PAUSE => {
                self.last_line = Instant::now();
                output::note(format_args!(
                    "{}/{}  {message}, {left:#} left",
                    self.done, self.total
                ));
            }
            None => {}
        }
    }

    /// Takes the bar away.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
