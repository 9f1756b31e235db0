//! Timestamps around every dispatch.

use std::sync::Arc;

use crate::engine::EngineError;

use super::adapter::Gpu;
use super::readback::read;

/// Dispatches of one query set.
const PER_SET: usize = wgpu::QUERY_SET_MAX_QUERIES as usize / 2;
/// Bytes of a timestamp.
const BYTES: u64 = wgpu::QUERY_SIZE as u64;

/// Two timestamps a dispatch.
pub(in crate::engine::wgpu) struct Timer {
    sets: Vec<wgpu::QuerySet>,
    resolved: wgpu::Buffer,
    count: usize,
}

impl Timer {
    /// For so many dispatches; none where the device has no timestamps.
    pub fn new(gpu: &Gpu, count: usize) -> Option<Self> {
        if !gpu.device.features().contains(wgpu::Features::TIMESTAMP_QUERY) || count == 0 {
            return None;
        }
        let set = |_| {
            gpu.device.create_query_set(&wgpu::QuerySetDescriptor {
                label: None,
                ty: wgpu::QueryType::Timestamp,
                count: wgpu::QUERY_SET_MAX_QUERIES,
            })
        };
        let sets: Vec<_> = (0..count.div_ceil(PER_SET)).map(set).collect();
        let resolved = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("timestamps"),
            size: (sets.len() * PER_SET) as u64 * 2 * BYTES,
            usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        Some(Self { sets, resolved, count })
    }

    /// The timestamps of a dispatch, which is a pass of its own.
    pub fn around(&self, dispatch: usize) -> wgpu::ComputePassTimestampWrites<'_> {
        let at = (dispatch % PER_SET * 2) as u32;
        wgpu::ComputePassTimestampWrites {
            query_set: &self.sets[dispatch / PER_SET],
            beginning_of_pass_write_index: Some(at),
            end_of_pass_write_index: Some(at + 1),
        }
    }

    /// After the last dispatch.
    pub fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        for (number, set) in self.sets.iter().enumerate() {
            let used = (self.count - number * PER_SET).min(PER_SET);
            let start = (number * PER_SET) as u64 * 2 * BYTES;
            encoder.resolve_query_set(set, 0..2 * used as u32, &self.resolved, start);
        }
    }

    /// Seconds of every dispatch, once what [`Timer::resolve`] was written into is submitted.
    pub fn seconds(&self, gpu: &Arc<Gpu>) -> Result<Vec<f64>, EngineError> {
        let bytes = read(gpu, &self.resolved, 0, self.count as u64 * 2 * BYTES)?;
        let period = f64::from(gpu.queue.get_timestamp_period()) * 1e-9;
        let stamps =
            bytes.chunks_exact(8).map(|b| b.iter().rev().fold(0, |v, &b| v << 8 | u64::from(b)));
        let stamps: Vec<u64> = stamps.collect();
        let spans = stamps.chunks_exact(2).map(|pair| pair[1].saturating_sub(pair[0]));
        Ok(spans.map(|ticks| ticks as f64 * period).collect())
    }
}
