//! `rnetc build --dump STAGE`: what a stage leaves, for a person who debugs.

use crate::api::Diagnostics;
use crate::cli::Failure;
use crate::cli::session::spec::NamedSpec;
use crate::cli::show::{diagnostics, output};
use crate::engine::Precision;
use crate::engine::cpu::simd::Isa;
use crate::engine::wgpu::{GpuPlan, Target};
use crate::engine::{cpu, wgpu};
use crate::export::BuildOptions;
use crate::graph::Program;
use crate::lower::{self, Goal};
use crate::passes;
use crate::syntax;

/// Lists the stages.
pub const HELP: &str = "help";

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Syntax,
    Network,
    /// The program as it is lowered.
    Graph,
    /// The program after so many passes.
    Pass(usize),
    Kernels,
    Phases,
    Memory,
}

/// Prints what a stage leaves of a spec, in f32.
pub fn dump(stage: &str, spec: &NamedSpec, options: &BuildOptions) -> Result<(), Failure> {
    let stages = stages(options.goal());
    let names: Vec<&str> = stages.iter().map(|(name, _)| name.as_str()).collect();
    let Some((_, stage)) = stages.iter().find(|(name, _)| name == stage) else {
        return Err(Failure::Usage(format!(
            "--dump {stage}: no such stage here; there are {}",
            names.join(", ")
        )));
    };
    output::say(text(*stage, spec, options)?.trim_end());
    Ok(())
}

/// Prints the stages there are.
pub fn help(options: &BuildOptions) {
    stages(options.goal()).iter().for_each(|(name, _)| output::say(name));
}

/// The stages of a goal in order, by name; a pass that comes again has a number.
fn stages(goal: Goal) -> Vec<(String, Stage)> {
    let named = |stages: &[(&str, Stage)]| -> Vec<(String, Stage)> {
        stages.iter().map(|(name, stage)| ((*name).to_owned(), *stage)).collect()
    };
    let (syntax, network) = (("syntax", Stage::Syntax), ("network", Stage::Network));
    let mut all = named(&[syntax, network, ("graph", Stage::Graph)]);
    let passes = passes::list(goal.passes());
    for (at, pass) in passes.iter().enumerate() {
        let before = passes[..at].iter().filter(|other| other.name == pass.name).count();
        let number = if before == 0 { String::new() } else { format!("-{}", before + 1) };
        all.push((format!("{}{number}", pass.name), Stage::Pass(at + 1)));
    }
    let (kernels, phases) = (("kernels", Stage::Kernels), ("phases", Stage::Phases));
    all.extend(named(&[kernels, phases, ("memory", Stage::Memory)]));
    all
}

fn text(stage: Stage, spec: &NamedSpec, options: &BuildOptions) -> Result<String, Failure> {
    let goal = options.goal();
    let passes = passes::list(goal.passes());
    let after = |count: usize| -> Result<Program, Failure> {
        let lowered = lower::before_passes(&spec.compile()?, options.batch, goal);
        Ok(passes[..count].iter().fold(lowered, |program, pass| pass.apply(&program)))
    };
    let planned = || after(passes.len());
    let on_gpu = || -> Result<(Program, GpuPlan), Failure> {
        let program = planned()?;
        let plan = wgpu::wgsl(&program, options.limits, Target::default())?.plan;
        Ok((program, plan))
    };
    let (isa, precision) = (Isa::from_environment()?, Precision::F32);
    Ok(match stage {
        Stage::Syntax => tree(spec)?,
        Stage::Network => spec.compile()?.to_string(),
        Stage::Graph => after(0)?.to_string(),
        Stage::Pass(count) => after(count)?.to_string(),
        Stage::Kernels => {
            let (program, plan) = on_gpu()?;
            wgpu::dump::kernels(&program, &plan)
        }
        Stage::Phases => cpu::dump::phases(&planned()?, isa, precision)?,
        Stage::Memory => {
            let (program, plan) = on_gpu()?;
            let cpu = cpu::dump::memory(&program, isa, precision)?;
            format!("CPU engine\n{cpu}\nGPU engine\n{}", wgpu::dump::memory(&program, &plan))
        }
    })
}

/// What the parser makes of a spec.
fn tree(spec: &NamedSpec) -> Result<String, Failure> {
    let source = &spec.spec.source;
    syntax::parse(source).map(|file| file.to_string()).map_err(|list| {
        diagnostics::show(&Diagnostics { source: source.clone(), list }, spec.messages);
        Failure::Shown(1)
    })
}
