//! Choosing and opening an engine.

use super::args::{EngineArgs, EngineChoice, LimitsChoice};
use super::{Failure, output};
use crate::data::locate;
use crate::engine::cpu::CpuEngine;
use crate::engine::wgpu::{Options, WgpuEngine, adapters};
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
    if (args.engine, args.limits) == (EngineChoice::Cpu, LimitsChoice::WebgpuDefault) {
        return Err(Failure::Usage("--limits is of the GPU engine: leave out --engine cpu".into()));
    }
    let (opened, why) = match args.engine {
        EngineChoice::Cpu => (cpu(args)?, "as asked".to_string()),
        EngineChoice::Wgpu => (wgpu(args)?, "as asked".to_string()),
        EngineChoice::Auto if args.precision() != Precision::F32 => {
            (cpu(args)?, format!("which computes in {}", args.precision()))
        }
        EngineChoice::Auto => auto(args)?,
    };
    let device = opened.engine.device();
    output::note(format_args!("engine: {} ({}), {why}", device.engine, device.name));
    Ok(opened)
}

/// Refuses what an engine does not compute in.
pub fn check_precision(args: &EngineArgs) -> Result<(), Failure> {
    match (args.precision(), args.engine) {
        (Precision::Bf16x3 | Precision::Bf16, EngineChoice::Wgpu) => Err(Failure::Usage(
            "the wgpu engine computes in f32 only; say --precision f32 or take --engine cpu".into(),
        )),
        (Precision::F32, _)
        | (Precision::Bf16x3 | Precision::Bf16, EngineChoice::Auto | EngineChoice::Cpu) => Ok(()),
    }
}

/// A real GPU if there is one and it opens, else the CPU.
fn auto(args: &EngineArgs) -> Result<(Opened, String), Failure> {
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

fn cpu(args: &EngineArgs) -> Result<Opened, EngineError> {
    let engine = CpuEngine::new(args.threads, args.precision())?;
    if let Some(why) = engine.slow_because() {
        output::note(format_args!("precision: slow on this machine, as {why}"));
    }
    Ok(Opened { threads: engine.threads(), engine: Box::new(engine) })
}

fn wgpu(args: &EngineArgs) -> Result<Opened, EngineError> {
    let options = Options {
        limits: args.limits.of_device(),
        // Without a cache folder, pipelines are compiled each time.
        pipelines: locate::cache().ok().map(|cache| cache.join("pipelines")),
        ..Options::default()
    };
    Ok(Opened { engine: Box::new(WgpuEngine::open(&options)?), threads: 0 })
}
