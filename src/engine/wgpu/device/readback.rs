//! Reading device memory back.

use std::sync::{Arc, Mutex, PoisonError, mpsc};

use crate::engine::EngineError;

use super::adapter::Gpu;
use super::fault::{guarded, hung};

/// Buffers that the host can read, for use again.
#[derive(Clone, Debug, Default)]
pub(in crate::engine::wgpu) struct Staging(Arc<Mutex<Vec<wgpu::Buffer>>>);

impl Staging {
    /// A buffer of so many bytes.
    pub fn take(&self, gpu: &Gpu, bytes: u64) -> wgpu::Buffer {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = free.iter().position(|buffer| buffer.size() == bytes);
        known.map(|at| free.swap_remove(at)).unwrap_or_else(|| {
            gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("readback"),
                size: bytes,
                usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
                mapped_at_creation: false,
            })
        })
    }

    fn put(&self, buffer: wgpu::Buffer) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }
}

/// What a submission copies into a staging buffer.
pub(in crate::engine::wgpu) struct Arriving {
    gpu: Arc<Gpu>,
    buffer: wgpu::Buffer,
    submission: wgpu::SubmissionIndex,
    mapped: mpsc::Receiver<Result<(), wgpu::BufferAsyncError>>,
}

impl Arriving {
    /// Asks for `buffer`, which `submission` fills.
    pub fn new(gpu: &Arc<Gpu>, buffer: wgpu::Buffer, submission: wgpu::SubmissionIndex) -> Self {
        let (done, mapped) = mpsc::channel();
        buffer.map_async(wgpu::MapMode::Read, .., move |result| {
            // The receiver waits below, or has given up.
            let _ = done.send(result);
        });
        Self { gpu: gpu.clone(), buffer, submission, mapped }
    }

    /// Waits for the bytes, and gives the buffer back to `staging`.
    pub fn bytes(self, staging: &Staging) -> Result<Vec<u8>, EngineError> {
        let Self { gpu, buffer, submission, mapped } = self;
        wait(&gpu, submission)?;
        // Whichever thread polls the device runs the callback, so it may still be on its way.
        match mapped.recv_timeout(gpu.patience) {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => {
                gpu.check()?;
                return Err(EngineError::NoResult { why: None });
            }
        }
        let view = buffer
            .slice(..)
            .get_mapped_range()
            .map_err(|error| EngineError::NoResult { why: Some(error.to_string()) })?;
        let bytes = view.to_vec();
        drop(view);
        buffer.unmap();
        staging.put(buffer);
        Ok(bytes)
    }
}

/// Copies `bytes` of `buffer`, from byte `start` on, to the host.
pub(in crate::engine::wgpu) fn read(
    gpu: &Arc<Gpu>,
    buffer: &wgpu::Buffer,
    start: u64,
    bytes: u64,
) -> Result<Vec<u8>, EngineError> {
    let staging = Staging::default();
    let target = staging.take(gpu, bytes);
    let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_buffer_to_buffer(buffer, start, &target, 0, bytes);
    let submission = gpu.queue.submit([encoder.finish()]);
    gpu.check()?;
    Arriving::new(gpu, target, submission).bytes(&staging)
}

/// Bytes of the device as numbers.
pub(in crate::engine::wgpu) fn numbers(bytes: &[u8]) -> Vec<f32> {
    let values = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    values.collect()
}

/// Waits for a submission, for a bounded time.
pub(in crate::engine::wgpu) fn wait(
    gpu: &Gpu,
    submission: wgpu::SubmissionIndex,
) -> Result<(), EngineError> {
    let timeout = Some(gpu.patience);
    let poll = wgpu::PollType::Wait { submission_index: Some(submission), timeout };
    let answer = guarded(|| gpu.device.poll(poll));
    gpu.check()?;
    answer?.map(|_| ()).map_err(|_| hung(gpu.patience))
}
