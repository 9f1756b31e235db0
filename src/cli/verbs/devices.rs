//! `rnetc devices`.

use crate::cli::Failure;
use crate::cli::show::output::say;
use crate::engine::Engine;
use crate::engine::cpu::CpuEngine;
use crate::engine::wgpu::adapters;

/// Lists what can run networks, the engine's name first.
pub fn devices() -> Result<(), Failure> {
    let device = CpuEngine::new(None, Default::default())?.device();
    say(format_args!("{:5} {device}", device.engine));
    let found = adapters();
    for adapter in &found {
        let half = if adapter.half { ", f16" } else { ", no f16" };
        say(format_args!("wgpu  {} ({}, {}{half})", adapter.name, adapter.kind, adapter.backend));
    }
    if found.is_empty() {
        say("wgpu  no adapter; a Vulkan, Metal or DirectX 12 driver would give one");
    }
    Ok(())
}
