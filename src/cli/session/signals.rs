//! Signals: the first asks the work to end in order, the second ends it. Beside Ctrl-C and SIGTERM those
//! of a terminal that is gone (SIGHUP, where `nohup` does not ignore it) and of schedulers that are
//! about to end a job (SIGUSR1).

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use signal_hook::consts::{SIGINT, SIGTERM};
#[cfg(unix)]
use signal_hook::consts::{SIGUSR1, SIGXFSZ};
use signal_hook::{SigId, flag, low_level};

use crate::cli::Failure;

/// The signals that are caught.
fn caught() -> Vec<i32> {
    let mut caught = vec![SIGINT, SIGTERM];
    #[cfg(unix)]
    caught.push(SIGUSR1);
    caught.extend(hangup());
    caught
}

/// SIGHUP, unless it is ignored. Only Linux tells that without calling into the system's library.
#[cfg(target_os = "linux")]
fn hangup() -> Option<i32> {
    use signal_hook::consts::SIGHUP;
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    let ignored = u64::from_str_radix(ignored.trim(), 16).ok()?;
    (ignored >> (SIGHUP - 1) & 1 == 0).then_some(SIGHUP)
}

#[cfg(not(target_os = "linux"))]
fn hangup() -> Option<i32> {
    None
}

/// Which signal has come, if any.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    number: Arc<AtomicUsize>,
    /// Whether the next signal ends the program.
    again: Arc<AtomicBool>,
    /// What sets `again` when a signal comes.
    setters: Arc<Mutex<Vec<SigId>>>,
}

impl Signals {
    /// Starts catching.
    pub fn catch() -> Result<Self, Failure> {
        let signals = Self::default();
        // A file that may not grow then fails to be written, which is told.
        #[cfg(unix)]
        flag::register(SIGXFSZ, Arc::default()).map_err(failed)?;
        for number in caught() {
            // Before the setters, so that the first signal finds `again` unset.
            flag::register_conditional_shutdown(number, 128 + number, signals.again.clone())
                .and_then(|_| flag::register_usize(number, signals.number.clone(), number as usize))
                .map_err(failed)?;
        }
        signals.set_again().map_err(failed)?;
        Ok(signals)
    }

    fn set_again(&self) -> std::io::Result<()> {
        let mut setters = self.setters.lock().unwrap_or_else(PoisonError::into_inner);
        for number in caught() {
            setters.push(flag::register(number, self.again.clone())?);
        }
        Ok(())
    }

    /// From now on a second signal ends nothing: what is on the terminal must be put back first.
    pub fn hold(&self) {
        let mut setters = self.setters.lock().unwrap_or_else(PoisonError::into_inner);
        for id in setters.drain(..) {
            low_level::unregister(id);
        }
    }

    /// A second signal ends the program again.
    pub fn release(&self) {
        // Where this fails, signals are still counted, and a second one goes unheard.
        let _ = self.set_again();
        if self.came() {
            self.again.store(true, Ordering::Relaxed);
        }
    }

    /// The failure to end with, once a signal has come.
    pub fn failure(&self) -> Option<Failure> {
        match self.number.load(Ordering::Relaxed) {
            0 => None,
            number => Some(Failure::Signal(number as u8)),
        }
    }

    /// Whether a signal has come.
    pub fn came(&self) -> bool {
        self.failure().is_some()
    }
}

fn failed(error: std::io::Error) -> Failure {
    Failure::File(format!("catching signals: {error}"))
}

/// Sends the program a SIGINT, as Ctrl-C does where the terminal is not in raw mode.
pub fn raise() {
    // It fails for signals that do not exist.
    let _ = low_level::raise(SIGINT);
}
