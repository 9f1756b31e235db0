//! Compiled pipelines that are kept between runs, where the driver hands them out (Vulkan).
//!
//! A driver is only ever given what it wrote ([`disk`]). A cache that cannot be read or written costs
//! time and nothing else.

use std::path::PathBuf;

use crate::engine::wgpu::device::adapter::Gpu;
use crate::engine::wgpu::device::disk::{self, MOST};

/// The cache of a device.
pub(super) struct PipelineCache {
    pub cache: wgpu::PipelineCache,
    path: PathBuf,
    before: usize,
}

impl PipelineCache {
    /// With what an earlier run left; none where there is no cache for this device.
    pub fn open(gpu: &Gpu) -> Option<Self> {
        let path = gpu.pipelines.clone()?;
        if !gpu.device.features().contains(wgpu::Features::PIPELINE_CACHE) {
            return None;
        }
        let data = disk::read(&path).filter(|data| data.len() < MOST);
        let descriptor =
            wgpu::PipelineCacheDescriptor { label: None, data: data.as_deref(), fallback: true };
        // SAFETY: by its hash, the data is what `PipelineCache::get_data` gave; the driver checks
        // in its header that it belongs to it.
        let cache = unsafe { gpu.device.create_pipeline_cache(&descriptor) };
        Some(Self { cache, path, before: data.map_or(0, |data| data.len()) })
    }

    /// Writes it, if there is anything new.
    pub fn save(&self) {
        let Some(data) = self.cache.get_data().filter(|data| data.len() != self.before) else {
            return;
        };
        // Without the file, the next run compiles again.
        let _ = disk::write(&self.path, &data);
    }
}
