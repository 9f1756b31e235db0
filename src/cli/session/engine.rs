//! Choosing and opening an engine.

use crate::cli::Failure;
use crate::cli::args::{EngineArgs, EngineChoice};
use crate::cli::show::output;
use crate::data::locate;
use crate::engine::cpu::CpuEngine;
use crate::engine::wgpu::{AdapterSummary, DeviceLimits, Options, Tune, WgpuEngine, adapters};
use crate::engine::{Engine, EngineError, Precision};

/// An engine with what reports say about it.
pub struct Opened {
    /// The engine.
    pub engine: Box<dyn Engine>,
    /// Threads it computes with; 0 on a GPU.
    pub threads: usize,
}

/// Opens the engine that was asked for and says which one it is, and why.
pub fn open(args: &EngineArgs) -> Result<Opened, Failure> {
    check_precision(args)?;
    if (args.engine, args.limits) == (EngineChoice::Cpu, DeviceLimits::WebGpuDefault) {
        return Err(Failure::Usage("--limits is of the GPU engine: leave out --engine cpu".into()));
    }
    if args.engine == EngineChoice::Cpu && args.tune.is_some() {
        return Err(Failure::Usage("--tune is of the GPU engine: leave out --engine cpu".into()));
    }
    let (opened, why) = match args.engine {
        EngineChoice::Cpu => (cpu(args)?, "as asked".to_string()),
        EngineChoice::Wgpu => (wgpu(args)?, "as asked".to_string()),
        EngineChoice::Auto => auto(args)?,
    };
    let device = opened.engine.device();
    output::note(format_args!("engine: {} ({}), {why}", device.engine, device.name));
    Ok(opened)
}

/// Refuses what the engine that was asked for does not compute in, before anything is read.
pub fn check_precision(args: &EngineArgs) -> Result<(), Failure> {
    match args.engine {
        EngineChoice::Cpu => CpuEngine::check(args.precision())?,
        EngineChoice::Wgpu => WgpuEngine::check(args.precision())?,
        // It takes an engine for the precision.
        EngineChoice::Auto => {}
    }
    Ok(())
}

/// Refuses a precision that needs a scaled loss, where gradients are measured without one.
pub fn check_unscaled(args: &EngineArgs) -> Result<(), Failure> {
    let precision = args.precision();
    if !precision.scales_loss() {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "--precision {precision}: gradients are measured here without loss scaling, and small ones \
         would vanish; say --precision f32 or bf16, whatever the net was trained in"
    )))
}

/// An engine for the precision, and why that one.
fn auto(args: &EngineArgs) -> Result<(Opened, String), Failure> {
    let why = format!("which computes in {}", args.precision());
    match args.precision() {
        Precision::F32 => fastest(args),
        Precision::Bf16x3 | Precision::Bf16 => Ok((cpu(args)?, why)),
        Precision::F16 => Ok((hardware(args)?, why)),
    }
}

/// A real GPU if there is one and it opens, else the CPU.
fn fastest(args: &EngineArgs) -> Result<(Opened, String), Failure> {
    let found = adapters();
    let software = found.iter().find(|adapter| adapter.software);
    let why = match (found.iter().find(|adapter| !adapter.software), software) {
        (Some(gpu), _) => match wgpu(args) {
            Ok(opened) => return Ok((opened, format!("the GPU found ({})", gpu.kind))),
            Err(error) => format!("as {} does not open: {error}", gpu.name),
        },
        (None, Some(adapter)) => {
            format!("as there is no GPU ({} is software; --engine wgpu takes it)", adapter.name)
        }
        (None, None) => "as there is no GPU".to_string(),
    };
    Ok((cpu(args)?, why))
}

/// A real GPU, which alone computes in f16.
fn hardware(args: &EngineArgs) -> Result<Opened, Failure> {
    let found = adapters();
    if found.iter().any(|adapter| !adapter.software) {
        return Ok(wgpu(args)?);
    }
    let software = match found.first() {
        Some(AdapterSummary { name, half: true, .. }) => {
            format!(" ({name} is software; --engine wgpu takes it)")
        }
        Some(AdapterSummary { name, half: false, .. }) => {
            format!(" ({name} is software, and has no 16-bit floats either)")
        }
        None => String::new(),
    };
    Err(Failure::Device(format!(
        "f16 is a precision of GPUs, and there is none{software}; say --precision f32, bf16x3 or bf16"
    )))
}

fn cpu(args: &EngineArgs) -> Result<Opened, EngineError> {
    let engine = CpuEngine::new(args.threads, args.precision())?;
    if let Some(why) = engine.slow_because() {
        output::note(format_args!("precision: slow on this machine, as {why}"));
    }
    Ok(Opened { threads: engine.threads(), engine: Box::new(engine) })
}

fn wgpu(args: &EngineArgs) -> Result<Opened, EngineError> {
    let options = Options {
        limits: args.limits,
        precision: args.precision(),
        tune: args.tune.unwrap_or(Tune::Cached),
        // Without a cache folder, pipelines are compiled each time.
        pipelines: locate::cache().ok().map(|cache| cache.join("pipelines")),
        ..Options::default()
    };
    let engine = WgpuEngine::open(&options)?;
    if let Some(remark) = engine.remark() {
        output::note(format_args!("precision: {remark}"));
    }
    Ok(Opened { engine: Box::new(engine), threads: 0 })
}
