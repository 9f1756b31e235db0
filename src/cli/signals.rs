//! SIGINT and SIGTERM: the first asks the work to end in order, the second ends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use super::Failure;

/// Which signal has come, if any.
#[derive(Clone, Debug, Default)]
pub struct Signals {
    number: Arc<AtomicUsize>,
}

impl Signals {
    /// Starts catching.
    pub fn catch() -> Result<Self, Failure> {
        let signals = Self::default();
        let once = Arc::new(AtomicBool::new(false));
        for number in [SIGINT, SIGTERM] {
            // In this order the first signal finds `once` unset, and sets it.
            flag::register_conditional_shutdown(number, 128 + number, once.clone())
                .and_then(|_| flag::register(number, once.clone()))
                .and_then(|_| flag::register_usize(number, signals.number.clone(), number as usize))
                .map_err(|error| Failure::File(format!("catching signals: {error}")))?;
        }
        Ok(signals)
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
