//! Opening the engine that the arguments name, and saying which one it is.

use std::path::Path;

use crate::api::{EngineKind, EngineOptions, OpenEngine, Reason};
use crate::cli::Failure;
use crate::cli::args::EngineArgs;
use crate::cli::session::launched;
use crate::cli::show::output;
use crate::data::locate;
use crate::engine::cpu::simd::ENVIRONMENT_VARIABLE;
use crate::engine::wgpu::{DeviceLimits, Tune};
use crate::ranks::Ranks;
use crate::text::counted;

/// Opens the engine that was asked for and says which one it is, and why.
pub fn open(args: &EngineArgs) -> Result<OpenEngine, Failure> {
    open_with(args, None)
}

/// The same with the ranks with which it trains.
pub fn open_with(args: &EngineArgs, ranks: Option<&Ranks>) -> Result<OpenEngine, Failure> {
    check(args)?;
    let mut options = options(args);
    if let Some(ranks) = ranks {
        let shared = || launched::threads(ranks.here());
        options.threads = Some(options.threads.unwrap_or_else(shared));
        options.ranks = Some(ranks.clone());
    }
    let kept = options.pipelines.as_deref().map(kept);
    let opened = options.open()?;
    if let Some(remark) = &opened.remark {
        output::note(format_args!("precision: {remark}"));
    }
    let device = opened.device();
    let why = because(&opened.why);
    output::note(format_args!("engine: {} ({device}), {why}", device.engine));
    if let Reason::OnlySoftware(name) = &opened.why {
        output::detail(format_args!("adapter: {name} is software; --engine wgpu takes it"));
    }
    let unasked = ranks.filter(|_| args.adapter.is_none());
    if let Some(shared) = unasked.and_then(|ranks| sharing(ranks, opened.adapters)) {
        output::note(shared);
    }
    if let Some(crowded) = device.threads.and_then(crowded) {
        output::note(crowded);
    }
    match (device.threads, kept) {
        (Some(_), _) => {
            let asked = std::env::var(ENVIRONMENT_VARIABLE).is_ok();
            let why = if asked { "asked for by" } else { "the widest here; another by" };
            output::detail(format_args!(
                "instructions: {}, {why} {ENVIRONMENT_VARIABLE}",
                device.name
            ));
        }
        (None, Some(kept)) => output::detail(kept),
        (None, None) => {
            output::detail("pipelines: compiled each time, as there is no cache folder")
        }
    }
    Ok(opened)
}

/// What more ranks than adapters mean.
fn sharing(ranks: &Ranks, adapters: usize) -> Option<String> {
    let shared = adapters > 0 && ranks.here() > adapters;
    let [here, adapters] = [counted(ranks.here(), "rank"), counted(adapters, "adapter")];
    shared.then(|| {
        format!(
            "adapter: {here} on this machine share {adapters}, unless each is shown one of its own"
        )
    })
}

/// What more threads than cores mean.
fn crowded(threads: usize) -> Option<String> {
    let cores = std::thread::available_parallelism().ok()?.get();
    let cores = (threads > cores).then(|| counted(cores, "core"))?;
    Some(format!("threads: {threads} take turns on {cores}; one a core is fastest"))
}

/// What earlier runs left of compiled pipelines and timed kernels.
fn kept(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let sizes: Vec<u64> = entries.filter_map(|entry| Some(entry.metadata().ok()?.len())).collect();
    let (folder, files) = (folder.display(), counted(sizes.len(), "file"));
    format!("pipelines: kept in {folder}; {files} of before, {} bytes", sizes.iter().sum::<u64>())
}

fn options(args: &EngineArgs) -> EngineOptions {
    let mut options = EngineOptions::best().precision(args.precision());
    options.kind = args.engine;
    options.threads = args.threads;
    options.adapter = args.adapter;
    options.limits = args.limits;
    options.tune = args.tune.unwrap_or(Tune::Cached);
    // Without a cache folder, pipelines are compiled each time.
    options.pipelines = locate::cache().ok().map(|cache| cache.join("pipelines"));
    options
}

fn because(why: &Reason) -> String {
    match why {
        Reason::Asked => "as asked".into(),
        Reason::Precision(precision) => format!("the engine for {precision}"),
        Reason::Gpu(kind) => format!("the GPU found ({kind})"),
        Reason::GpuDoesNotOpen { name, error } => format!("as {name} does not open: {error}"),
        Reason::OnlySoftware(_) | Reason::NoGpu => "as there is no GPU".into(),
    }
}

/// Refuses flags of the engine that make no sense together, before anything is read.
pub fn check(args: &EngineArgs) -> Result<(), Failure> {
    check_precision(args)?;
    if (args.engine, args.limits) == (EngineKind::Cpu, DeviceLimits::WebGpuDefault) {
        return Err(Failure::Usage("--limits is of the GPU engine: leave out --engine cpu".into()));
    }
    if args.engine == EngineKind::Cpu && args.adapter.is_some() {
        return Err(Failure::Usage(
            "--adapter is of the GPU engine: leave out --engine cpu".into(),
        ));
    }
    if args.engine == EngineKind::Cpu && args.tune.is_some() {
        return Err(Failure::Usage("--tune is of the GPU engine: leave out --engine cpu".into()));
    }
    Ok(())
}

/// Refuses what the engine that was asked for does not compute in, before anything is read.
pub fn check_precision(args: &EngineArgs) -> Result<(), Failure> {
    Ok(options(args).check()?)
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
