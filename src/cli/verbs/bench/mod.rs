//! `rnetc bench`: how fast a step is, on made-up pictures.

use std::time::Instant;

use serde::Serialize;

use crate::cli::Failure;
use crate::cli::args::{BenchArgs, Format};
use crate::cli::session::engine;
use crate::cli::session::spec::NamedSpec;
use crate::cli::show::output;
use crate::data::random::{Draws, Purpose};
use crate::engine::Precision;
use crate::export::Mode;
use crate::graph::{OutputKind, Role};
use crate::lower::{self, Form, Goal, Updates};
use crate::network::Network;
use crate::train::init::initial;
use crate::train::runner::Runner;
use crate::train::{tensors, updates};

mod loading;
mod profile;
mod steps;

use steps::{WARM_UP, marks, seconds};

/// What is printed; the names are relied on by scripts.
#[derive(Debug, Serialize)]
struct Report {
    system: String,
    engine: &'static str,
    device: String,
    precision: Precision,
    mode: &'static str,
    spec: String,
    batch: usize,
    threads: usize,
    params: usize,
    images_per_s: f64,
    warmup_s: f64,
    peak_rss_mib: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<profile::Profile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    loading: Option<loading::Loading>,
}

/// Measures and prints.
pub fn bench(args: &BenchArgs) -> Result<(), Failure> {
    engine::check_precision(&args.engine)?;
    let spec = NamedSpec::find(Some(&args.spec), &args.set)?;
    let network = spec.compile()?;
    if args.mode == Mode::Train {
        spec.warn_of_batch(&network, args.batch);
    }
    let opened = engine::open(&args.engine)?;
    let begin = Instant::now();
    let mut program = prepare(&network, opened.engine.as_ref(), args)?;
    let output = if args.mode == Mode::Train { OutputKind::Loss } else { OutputKind::Logits };
    let marks = marks(&mut program, output, args.steps, &mut |_| Ok(()))?;
    let warm_up = (marks[WARM_UP - 1] - begin).as_secs_f64();
    let profile = match args.profile {
        true => Some(profile::measure(&mut program, opened.engine.as_ref(), args.steps)?),
        false => None,
    };
    let step = seconds(&marks);
    let loading = match (args.profile, args.mode) {
        (true, Mode::Train) => Some(loading::measure(&mut program, &network, args.steps, step)?),
        (true, Mode::Infer) | (false, _) => None,
    };
    let device = opened.engine.device();
    print(
        args,
        &Report {
            system: concat!("rnetc ", env!("CARGO_PKG_VERSION")).into(),
            engine: device.engine,
            device: device.to_string(),
            precision: args.engine.precision(),
            mode: args.mode.name(),
            spec: spec.spec.source.name.to_string(),
            batch: args.batch,
            threads: opened.threads,
            params: network.parameters(),
            images_per_s: (args.batch as f64 / step * 10.0).round() / 10.0,
            warmup_s: (warm_up * 100.0).round() / 100.0,
            peak_rss_mib: peak_rss_mib(),
            profile,
            loading,
        },
    )
}

fn prepare(
    network: &Network,
    engine: &dyn crate::engine::Engine,
    args: &BenchArgs,
) -> Result<Runner, Failure> {
    let program = match args.mode {
        Mode::Train => {
            updates::check_ghosts(args.batch, network)?;
            let scaled = args.engine.precision().scales_loss();
            let form = Form { recompute: args.recompute, scaled, ranks: None };
            let goal = Goal::Training(Updates::PAPER, form);
            lower::program(network, args.batch, goal)
        }
        Mode::Infer => lower::inference(network, args.batch),
    };
    let mut compiled = Runner::new(engine, &program)?;
    compiled.load(&initial(&tensors::of(network), 0))?;
    let mut draws = Draws::new(0, Purpose::Order, 0);
    let (shape, classes) = (network.value(network.input).shape, network.classes());
    let images: Vec<f32> = (0..args.batch * shape.len()).map(|_| draws.range(-1.7, 1.7)).collect();
    let mut targets = vec![0.0; args.batch * classes];
    targets.chunks_exact_mut(classes).for_each(|row| row[draws.below(classes)] = 1.0);
    compiled.write(Role::Images, &images)?;
    compiled.write(Role::Targets, &targets)?;
    compiled.write(Role::LearningRate, &[0.01])?;
    compiled.write(Role::Seed, &[1.0])?;
    Ok(compiled)
}

fn print(args: &BenchArgs, report: &Report) -> Result<(), Failure> {
    match args.format {
        Format::Json => {
            let text = serde_json::to_string(report)
                .map_err(|error| Failure::File(format!("writing the report: {error}")))?;
            output::say(text);
        }
        Format::Text => {
            output::say(format_args!(
                "{}: {} {:.1} images/s (batch {}, median of {} steps; {:.2} s until warm, {} MiB)",
                report.spec,
                report.mode,
                report.images_per_s,
                report.batch,
                args.steps,
                report.warmup_s,
                report.peak_rss_mib
            ));
            if let Some(profile) = &report.profile {
                profile::print(profile);
            }
            if let Some(loading) = &report.loading {
                loading::print(loading);
            }
        }
    }
    Ok(())
}

/// Most memory that this process has had, where the system tells.
fn peak_rss_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}
