//! What goes wrong on the device, as errors.
//!
//! wgpu reports through callbacks, and panics where there is none. Here they keep the first
//! fault, and every operation asks for it afterwards. Where wgpu panics even so, the panic is
//! caught and nothing is printed ([`guarded`]).

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use crate::engine::{EngineError, Shortage};

/// The first fault of a device, and its loss, which explains all others.
#[derive(Clone, Debug, Default)]
pub(in crate::engine::wgpu) struct Faults(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    first: Option<EngineError>,
    loss: Option<EngineError>,
}

impl Faults {
    /// Listens to a device.
    pub fn watch(device: &wgpu::Device) -> Self {
        let faults = Self::default();
        let errors = faults.clone();
        device.on_uncaptured_error(Arc::new(move |error| errors.keep(describe(error))));
        let of_loss = faults.clone();
        device.set_device_lost_callback(move |reason, message| match reason {
            wgpu::DeviceLostReason::Unknown | wgpu::DeviceLostReason::Destroyed => {
                let loss = lost(message.trim());
                of_loss.known().loss.get_or_insert(loss);
            }
        });
        faults
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, error: EngineError) {
        self.known().first.get_or_insert(error);
    }

    /// The loss of the device, else the first fault so far, if any.
    pub fn check(&self) -> Result<(), EngineError> {
        let known = self.known();
        known.loss.clone().or_else(|| known.first.clone()).map_or(Ok(()), Err)
    }
}

fn describe(error: wgpu::Error) -> EngineError {
    match error {
        wgpu::Error::OutOfMemory { .. } => {
            EngineError::OutOfMemory { shortage: Shortage::Running, fits: None }
        }
        wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
            EngineError::Refused { what: description.trim().to_owned() }
        }
    }
}

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Calls what wgpu answers with a panic when the device is lost meanwhile: `Device::poll`.
pub(in crate::engine::wgpu) fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, EngineError> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            if !GUARDED.get() {
                before(panic);
            }
        }));
    });
    GUARDED.set(true);
    // What the call leaves behind is a device that is not used again.
    let answer = catch_unwind(AssertUnwindSafe(call));
    GUARDED.set(false);
    answer.map_err(|_| lost("while it was waited for"))
}

fn lost(how: &str) -> EngineError {
    EngineError::DeviceLost { how: how.to_owned() }
}

/// A wait that ended without result.
pub(in crate::engine::wgpu) fn hung(patience: Duration) -> EngineError {
    EngineError::NoAnswer { seconds: patience.as_secs() }
}

#[cfg(test)]
mod tests;
