//! How runs of a study end, and what is kept and said of it.

use std::path::Path;
use std::process::ExitStatus;
use std::time::Instant;

use super::job::Job;
use crate::cli::show::output;
use crate::cli::{Failure, failure};
use crate::study::State;

/// How a run ended.
pub enum End {
    /// It came to its last step.
    Over,
    /// The loss became no number, which is a result.
    NoNumbers,
    /// With an error, in its words.
    Failed(String),
    /// A signal ended it. It goes on when it is begun again.
    Stopped,
}

impl End {
    /// Of a run in this process.
    pub fn of(result: &Result<(), Failure>, log: &Path) -> Self {
        match result {
            Ok(()) => End::Over,
            Err(Failure::Numbers(_)) => End::NoNumbers,
            Err(Failure::Signal(_)) => End::Stopped,
            Err(Failure::Shown(_)) => End::Failed(format!("see {}", log.display())),
            Err(
                Failure::Wrong(text)
                | Failure::Usage(text)
                | Failure::File(text)
                | Failure::Device(text),
            ) => End::Failed(text.clone()),
        }
    }

    /// Of a run in a process of its own.
    pub fn of_process(status: ExitStatus, log: &Path) -> Self {
        match status.code().and_then(|code| u8::try_from(code).ok()) {
            Some(0) => End::Over,
            Some(failure::NUMBERS) => End::NoNumbers,
            Some(code) if code < failure::SIGNALS => End::Failed(last_error(log)),
            Some(_) | None => End::Stopped,
        }
    }

    /// Keeps it for the study's table, and says what is a result.
    pub fn keep(&self, job: &Job, began: Instant) -> Result<(), Failure> {
        match self {
            End::Over => {
                if let State::Done(error) = job.state()? {
                    let (label, seconds) = (&job.label, began.elapsed().as_secs_f64());
                    output::note(format_args!("{label}: test error {error:.2} %, {seconds:.0} s"));
                }
                Ok(())
            }
            End::NoNumbers => {
                output::fault(format_args!("{}: the loss became no number", job.label));
                job.no_numbers()
            }
            End::Failed(why) => job.failed(why),
            End::Stopped => Ok(()),
        }
    }
}

/// The last error that a log tells of.
fn last_error(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().rfind(|line| line.starts_with("error")).unwrap_or_default().to_owned()
}
