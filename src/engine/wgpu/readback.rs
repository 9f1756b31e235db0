//! Reading device memory back.

use std::sync::mpsc;

use crate::engine::EngineError;

use super::adapter::Gpu;
use super::fault::hung;

/// Copies `len` elements of `buffer`, from element `start` on, to the host.
pub(super) fn read(
    gpu: &Gpu,
    buffer: &wgpu::Buffer,
    start: usize,
    len: usize,
) -> Result<Vec<f32>, EngineError> {
    let bytes = 4 * len as u64;
    let staging = gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("readback"),
        size: bytes,
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    encoder.copy_buffer_to_buffer(buffer, 4 * start as u64, &staging, 0, bytes);
    let submission = gpu.queue.submit([encoder.finish()]);
    gpu.faults.check()?;
    let (done, result) = mpsc::channel();
    staging.map_async(wgpu::MapMode::Read, .., move |mapped| {
        // The receiver waits below, or has given up.
        let _ = done.send(mapped);
    });
    wait(gpu, submission)?;
    // Whichever thread polls the device runs the callback, so it may still be on its way.
    match result.recv_timeout(gpu.patience()) {
        Ok(Ok(())) => {}
        Ok(Err(_)) | Err(_) => {
            gpu.faults.check()?;
            return Err(EngineError::Failed(
                "the GPU did not hand over a result; use --engine cpu".to_owned(),
            ));
        }
    }
    let view = staging.slice(..).get_mapped_range().map_err(|error| {
        EngineError::Failed(format!("a result of the GPU cannot be read: {error}"))
    })?;
    let values = view.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    Ok(values.collect())
}

/// Waits for a submission, for a bounded time.
pub(super) fn wait(gpu: &Gpu, submission: wgpu::SubmissionIndex) -> Result<(), EngineError> {
    let patience = gpu.patience();
    let poll = wgpu::PollType::Wait { submission_index: Some(submission), timeout: Some(patience) };
    let answer = gpu.device.poll(poll);
    gpu.faults.check()?;
    answer.map(|_| ()).map_err(|_| hung(patience))
}
