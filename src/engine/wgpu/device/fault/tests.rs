//! Faults by themselves, and what wgpu finds wrong with commands that the engine never gives.

use super::super::adapter::Gpu;
use super::super::options::Options;
use super::*;
use crate::engine::wgpu::numbers::NumberFormat;

#[test]
fn a_panic_becomes_an_error_and_others_still_do_panic() {
    let error = guarded(|| panic!("as wgpu does")).unwrap_err();
    assert_eq!(error, lost("while it was waited for"));
    assert!(!GUARDED.get());
    assert_eq!(guarded(|| 3), Ok(3));
}

#[test]
fn a_loss_comes_before_what_it_causes() {
    let faults = Faults::default();
    faults.keep(hung(Duration::from_secs(1)));
    faults.keep(hung(Duration::from_secs(2)));
    assert_eq!(faults.check(), Err(hung(Duration::from_secs(1))));
    faults.known().loss = Some(lost("why"));
    assert_eq!(faults.check(), Err(lost("why")));
}

/// A device; none where there is no adapter, and then the conformance suite says so.
fn device() -> Option<Gpu> {
    Gpu::open(&Options::default(), NumberFormat::F32).ok()
}

/// A pipeline that does nothing.
fn pipeline(gpu: &Gpu, wgsl: &str) -> wgpu::ComputePipeline {
    let module = gpu.device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(wgsl.into()),
    });
    gpu.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: None,
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    })
}

fn dispatch(gpu: &Gpu, groups: u32) {
    let pipeline = pipeline(gpu, "@compute @workgroup_size(1) fn main() {}");
    let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
    pass.set_pipeline(&pipeline);
    pass.dispatch_workgroups(groups, 1, 1);
    drop(pass);
    gpu.queue.submit([encoder.finish()]);
}

fn refused(gpu: &Gpu, why: &str) {
    match gpu.check().unwrap_err() {
        EngineError::Refused { what } => assert!(what.contains(why), "{what}"),
        error => panic!("{error}"),
    }
}

#[test]
fn a_broken_module_is_an_error() {
    let Some(gpu) = device() else { return };
    // Its only function returns what it should not.
    pipeline(&gpu, "@compute @workgroup_size(1) fn main() { return 1u; }");
    refused(&gpu, "main");
}

#[test]
fn a_dispatch_that_is_too_large_is_an_error_and_a_large_one_is_not() {
    let Some(gpu) = device() else { return };
    let most = gpu.device.limits().max_compute_workgroups_per_dimension;
    dispatch(&gpu, most);
    assert_eq!(gpu.check(), Ok(()));
    dispatch(&gpu, most + 1);
    refused(&gpu, &most.to_string());
}
