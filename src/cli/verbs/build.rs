//! `rnetc build`.

use std::path::{Path, PathBuf};

use crate::cli::Failure;
use crate::cli::args::{BuildArgs, Mode};
use crate::cli::session::last_build;
use crate::cli::session::spec::NamedSpec;
use crate::cli::show::output;
use crate::drawing;
use crate::export::{self, Build, BuildError};
use crate::lower::{self, Form, Goal};
use crate::nn::optimiser::Sgd;

/// Writes a build folder.
pub fn build(args: &BuildArgs) -> Result<(), Failure> {
    let spec = NamedSpec::file(&args.spec, &args.set)?.messages(args.message_format);
    let network = spec.compile()?;
    let (mode, goal) = match args.mode {
        Mode::Train => {
            let form = Form { recompute: args.recompute, scaled: false };
            (export::Mode::Train, Goal::Training(Sgd::PAPER, form))
        }
        Mode::Infer => (export::Mode::Infer, Goal::Inference),
    };
    let program = lower::program(&network, args.batch, goal);
    let build = Build::new(&network, spec.spec.settings.clone(), mode, program, args.limits)?;
    let folder = args.out.clone().unwrap_or_else(|| Path::new("build").join(&spec.name));
    let manifest = export::write(&build, &drawing::svg(&network), &folder).map_err(failure)?;
    last_build::record(&folder)?;
    if args.explain {
        output::say(export::explain(&build).trim_end());
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

fn shown(folder: &Path) -> PathBuf {
    folder.strip_prefix(".").unwrap_or(folder).to_path_buf()
}

fn failure(error: BuildError) -> Failure {
    let text = error.to_string();
    match error {
        BuildError::NotABuild(_) => Failure::Usage(text),
        BuildError::Io(..) => Failure::File(text),
        BuildError::Kernel(_) => Failure::Device(text),
    }
}
