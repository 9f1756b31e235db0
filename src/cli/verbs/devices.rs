//! `rnetc devices`.

use serde::Serialize;

use crate::cli::Failure;
use crate::cli::args::{DevicesArgs, Format};
use crate::cli::show::output::{json, say};
use crate::engine::cpu::CpuEngine;
use crate::engine::wgpu::{AdapterSummary, adapters};
use crate::engine::{Engine, Precision};

/// What can run networks.
#[derive(Serialize)]
struct Device {
    engine: &'static str,
    device: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    threads: Option<usize>,
    /// Discrete, integrated, virtual, software or unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backend: Option<String>,
    /// Its number, as `--adapter` takes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    adapter: Option<usize>,
    /// What it computes in.
    precisions: Vec<Precision>,
}

/// Lists what can run networks, the engine's name first.
pub fn devices(args: &DevicesArgs) -> Result<(), Failure> {
    let own = CpuEngine::new(None, Default::default())?.device();
    let found = adapters();
    if args.format == Format::Json {
        let threads = own.threads;
        let computes = |precision: &Precision| CpuEngine::check(*precision).is_ok();
        let precisions = Precision::ALL.into_iter().filter(computes).collect();
        let (engine, device) = (own.engine, own.to_string());
        let (kind, backend, adapter) = (None, None, None);
        json(&Device { engine, device, threads, kind, backend, adapter, precisions })?;
        return found.iter().enumerate().map(gpu).try_for_each(|device| json(&device));
    }
    say(format_args!("{:5} {own}", own.engine));
    for (number, adapter) in found.iter().enumerate() {
        let half = if adapter.half { ", f16" } else { ", no f16" };
        say(format_args!(
            "wgpu  {} ({}, {}{half}, adapter {number})",
            adapter.name, adapter.kind, adapter.backend
        ));
    }
    if found.is_empty() {
        say("wgpu  no adapter; a Vulkan, Metal or DirectX 12 driver would give one");
    }
    Ok(())
}

fn gpu((number, adapter): (usize, &AdapterSummary)) -> Device {
    let half = adapter.half.then_some(Precision::F16);
    Device {
        engine: "wgpu",
        device: adapter.name.clone(),
        threads: None,
        kind: Some(adapter.kind),
        backend: Some(adapter.backend.clone()),
        adapter: Some(number),
        precisions: [Precision::F32].into_iter().chain(half).collect(),
    }
}
