//! The buffers of a program: one a slot of the memory plan, one for all vectors, one for where
//! each kernel's vectors start.

use crate::engine::wgpu::memory::{BufferPlace, MemoryPlan, Slot};
use crate::engine::wgpu::numbers::NumberFormat;
use crate::engine::wgpu::text::{Buffer, KernelCode};
use crate::engine::{EngineError, Shortage};
use crate::graph::Program;

use super::adapter::Gpu;

/// Uniform bindings start at multiples of this many bytes.
const UNIFORM_ALIGNMENT: usize = 256;

/// On the device.
pub(in crate::engine::wgpu) struct Buffers {
    slots: Vec<wgpu::Buffer>,
    vectors: wgpu::Buffer,
    starts: wgpu::Buffer,
    /// Where each kernel's part of `starts` begins, in bytes.
    offsets: Vec<usize>,
}

impl Buffers {
    pub fn new(
        gpu: &Gpu,
        program: &Program,
        memory: &MemoryPlan,
        code: &[KernelCode],
    ) -> Result<Self, EngineError> {
        let limits = gpu.device.limits();
        let most = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        check_sizes(memory, program.batch, most as usize, &gpu.summary.name)?;
        let wanted = planned(memory, code) as u64;
        // A software driver promises what the system does not have, and is killed when it uses it.
        if let Some(free) = free_memory().filter(|free| gpu.summary.software && wanted > *free) {
            return Err(too_large(program.batch, free, wanted));
        }
        let mut held = 0;
        let mut next = |slot: Slot| {
            let buffer = storage(gpu, slot).ok_or(held)?;
            held += buffer.size();
            Ok(buffer)
        };
        let slots: Result<Vec<_>, u64> = memory.slots.iter().map(|&slot| next(slot)).collect();
        let buffers = slots.and_then(|slots| Ok((slots, next(vectors(memory))?)));
        let (slots, vectors) = buffers.map_err(|held| too_large(program.batch, held, wanted))?;
        gpu.check()?;
        let (starts, offsets) = starts(gpu, code);
        Ok(Self { slots, vectors, starts, offsets })
    }

    /// Where a value lives: a buffer, and the element that it begins at.
    pub fn at(&self, place: BufferPlace) -> (&wgpu::Buffer, usize) {
        match place {
            BufferPlace::Slot(slot) => (&self.slots[slot.0 as usize], 0),
            BufferPlace::Part(slot, start) => (&self.slots[slot.0 as usize], start),
            BufferPlace::Vector(start) => (&self.vectors, start),
        }
    }

    /// Bytes of all together.
    pub fn bytes(&self) -> usize {
        let all = self.slots.iter().chain([&self.vectors, &self.starts]);
        all.map(|buffer| buffer.size() as usize).sum()
    }

    /// What kernel number `at` binds.
    pub fn group(
        &self,
        gpu: &Gpu,
        layout: &wgpu::BindGroupLayout,
        kernel: &KernelCode,
        at: usize,
    ) -> wgpu::BindGroup {
        let entries: Vec<_> = kernel
            .bindings
            .iter()
            .enumerate()
            .map(|(index, binding)| {
                let resource = match binding.buffer {
                    Buffer::Slot(slot) => self.slots[slot.0 as usize].as_entire_binding(),
                    Buffer::Vectors => self.vectors.as_entire_binding(),
                    Buffer::Starts => wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                        buffer: &self.starts,
                        offset: self.offsets[at] as u64,
                        size: wgpu::BufferSize::new(16 * kernel.starts.len().div_ceil(4) as u64),
                    }),
                };
                wgpu::BindGroupEntry { binding: index as u32, resource }
            })
            .collect();
        gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout,
            entries: &entries,
        })
    }
}

/// Bytes that [`Buffers::new`] takes for a plan.
pub(in crate::engine::wgpu) fn planned(memory: &MemoryPlan, code: &[KernelCode]) -> usize {
    let storage = memory.slots.iter().copied().chain([vectors(memory)]).map(storage_bytes);
    storage.sum::<usize>() + code.iter().map(starts_bytes).sum::<usize>().max(UNIFORM_ALIGNMENT)
}

/// A clear word before the driver gives an unclear one: no tensor may take more than `most` bytes.
pub(in crate::engine::wgpu) fn check_sizes(
    memory: &MemoryPlan,
    batch: usize,
    most: usize,
    who: &str,
) -> Result<(), EngineError> {
    let all = memory.slots.iter().copied().chain([vectors(memory)]);
    let largest = all.map(storage_bytes).max().unwrap_or(0);
    if largest <= most {
        return Ok(());
    }
    Err(EngineError::OutOfMemory {
        shortage: Shortage::Tensor { adapter: who.to_owned(), batch, bytes: largest, most },
        fits: Some(batch.saturating_mul(most) / largest),
    })
}

/// The device gave `given` of `wanted` bytes.
fn too_large(batch: usize, given: u64, wanted: u64) -> EngineError {
    // What is not given in tensors goes to the driver: leave it a tenth.
    let fits = (batch as u128 * u128::from(given) * 9 / 10 / u128::from(wanted.max(1))) as usize;
    let shortage = Shortage::Gpu { batch, wanted, given };
    EngineError::OutOfMemory { shortage, fits: Some(fits) }
}

/// Bytes that the system has left, where it tells.
fn free_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// The buffer of vectors, as if it were a slot.
fn vectors(memory: &MemoryPlan) -> Slot {
    Slot { len: memory.vectors, format: NumberFormat::F32 }
}

/// Whole groups of four numbers, and at least one.
fn storage_bytes(slot: Slot) -> usize {
    slot.format.bytes() * slot.len.max(1).next_multiple_of(4)
}

/// None where the device has no memory left.
fn storage(gpu: &Gpu, slot: Slot) -> Option<wgpu::Buffer> {
    let scope = gpu.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
    let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: storage_bytes(slot) as u64,
        usage: wgpu::BufferUsages::STORAGE
            | wgpu::BufferUsages::COPY_DST
            | wgpu::BufferUsages::COPY_SRC,
        mapped_at_creation: false,
    });
    pollster::block_on(scope.pop()).is_none().then_some(buffer)
}

fn starts_bytes(kernel: &KernelCode) -> usize {
    (4 * kernel.starts.len()).next_multiple_of(UNIFORM_ALIGNMENT)
}

/// The uniform buffer of every kernel's vector starts, and where each kernel's begin.
fn starts(gpu: &Gpu, code: &[KernelCode]) -> (wgpu::Buffer, Vec<usize>) {
    let mut bytes: Vec<u8> = Vec::new();
    let mut offsets = Vec::new();
    for kernel in code {
        offsets.push(bytes.len());
        bytes.extend(kernel.starts.iter().flat_map(|s| s.to_le_bytes()));
        bytes.resize(bytes.len().next_multiple_of(UNIFORM_ALIGNMENT), 0);
    }
    bytes.resize(bytes.len().max(UNIFORM_ALIGNMENT), 0);
    let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: bytes.len() as u64,
        usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    });
    gpu.queue.write_buffer(&buffer, 0, &bytes);
    (buffer, offsets)
}
