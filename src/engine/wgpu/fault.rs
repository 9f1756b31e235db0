//! What goes wrong on the device, as errors.
//!
//! wgpu reports through callbacks, and panics where there is none. Here they keep the first
//! fault, and every operation asks for it afterwards.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::engine::EngineError;

/// The first fault of a device.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults(Arc<Mutex<Option<EngineError>>>);

impl Faults {
    /// Listens to a device.
    pub fn watch(device: &wgpu::Device) -> Self {
        let faults = Self::default();
        let errors = faults.clone();
        device.on_uncaptured_error(Arc::new(move |error| errors.keep(describe(error))));
        let lost = faults.clone();
        device.set_device_lost_callback(move |reason, message| match reason {
            wgpu::DeviceLostReason::Unknown | wgpu::DeviceLostReason::Destroyed => {
                lost.keep(EngineError::Failed(format!(
                    "the GPU was lost ({}); start again with --resume, or use --engine cpu",
                    message.trim()
                )));
            }
        });
        faults
    }

    fn keep(&self, error: EngineError) {
        let mut first = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert(error);
    }

    /// The first fault so far, if any.
    pub fn check(&self) -> Result<(), EngineError> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

fn describe(error: wgpu::Error) -> EngineError {
    match error {
        wgpu::Error::OutOfMemory { .. } => EngineError::OutOfMemory(
            "the GPU is out of memory; use a smaller --batch, or --engine cpu".to_owned(),
        ),
        wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
            EngineError::Failed(format!(
                "the GPU refused a command: {}; use --engine cpu, and please report this",
                description.trim()
            ))
        }
    }
}

/// What to say when a wait ends without result.
pub(super) fn hung(patience: Duration) -> EngineError {
    EngineError::Failed(format!(
        "the GPU did not answer for {} s; use a smaller --batch, or --engine cpu",
        patience.as_secs()
    ))
}
