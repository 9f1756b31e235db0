//! `rnetc build`.

mod dump;

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::Failure;
use crate::cli::args::{BuildArgs, Format};
use crate::cli::session::last_build;
use crate::cli::session::spec::NamedSpec;
use crate::cli::show::output;
use crate::engine::cpu::CpuEngine;
use crate::engine::{Engine, Precision};
use crate::export::{self, Build, BuildError, BuildOptions, Mode};
use crate::train::updates;

/// Writes a build folder.
pub fn build(args: &BuildArgs) -> Result<(), Failure> {
    let options = BuildOptions {
        mode: args.mode,
        batch: args.batch,
        recompute: args.recompute,
        limits: args.limits,
    };
    if args.dump.as_deref() == Some(dump::HELP) {
        dump::help(&options);
        return Ok(());
    }
    if args.ranks.is_some() && args.mode != Mode::Train {
        return Err(Failure::Usage("--ranks is of training: leave --mode infer away".to_owned()));
    }
    let Some(path) = &args.spec else {
        return Err(Failure::Usage("name the spec whose stage is to be printed".to_owned()));
    };
    let spec = NamedSpec::file(path, &args.set)?.messages(args.message_format);
    if let Some(stage) = &args.dump {
        return dump::dump(stage, &spec, &options);
    }
    let network = spec.compile()?;
    if args.mode == Mode::Train {
        spec.warn_of_batch(&network, args.batch);
        updates::check_ghosts(args.batch, &network)?;
    }
    let build = Build::new(&network, spec.spec.settings.clone(), &options)?;
    let folder = args.out.clone().unwrap_or_else(|| Path::new("build").join(&spec.name));
    let manifest = build.write(&folder).map_err(failure)?;
    last_build::record(&folder, path)?;
    if args.explain {
        output::say(export::explain(&build).trim_end());
    }
    if let Some(chip) = args.chip {
        output::say(format_args!("\n{}", export::estimate(&network, &options, chip)?));
    }
    if let Some(most) = args.ranks {
        let engine = CpuEngine::new(None, Precision::F32)?;
        if let Some(limits) = engine.limits() {
            let machine = export::Machine { limits, threads: engine.threads() };
            let told = export::ranks(&build, &options, usize::from(most), machine)?;
            output::say(format_args!("\n{}", told.trim_end()));
        }
    }
    if args.format == Format::Json {
        return output::json(&Built {
            spec: &spec.spec.source.name,
            net: &network.name,
            params: network.parameters(),
            path: folder.display().to_string(),
            mode: args.mode.name(),
            batch: args.batch,
            kernels: manifest.kernels.len(),
        });
    }
    output::say(format_args!(
        "{}: {} parameters, {} kernels, graph.svg and manifest.yaml in {}",
        network.name,
        network.parameters(),
        manifest.kernels.len(),
        shown(&folder).display()
    ));
    Ok(())
}

/// What was written, for programs.
#[derive(Serialize)]
struct Built<'a> {
    spec: &'a str,
    net: &'a str,
    params: usize,
    path: String,
    mode: &'static str,
    batch: usize,
    kernels: usize,
}

fn shown(folder: &Path) -> PathBuf {
    folder.strip_prefix(".").unwrap_or(folder).to_path_buf()
}

fn failure(error: BuildError) -> Failure {
    let text = error.to_string();
    match error {
        BuildError::NotABuild(_) => {
            Failure::Usage(format!("{text}; choose another folder with -o, or move it away"))
        }
        BuildError::Io(..) => Failure::File(text),
        BuildError::Kernel(_) => Failure::Device(text),
    }
}
