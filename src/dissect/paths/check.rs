//! The equations of He et al. (2016) on a real net, with running statistics.
//!
//! | equation | what is computed |
//! |---|---|
//! | (4) x_L = x_l + Σ F | ‖x_L − x_l − Σ F‖ / ‖x_L‖ over each stage |
//! | (5) g_l = g_L + (∂ΣF/∂x_l)ᵀ g_L | both terms, and g_l against g_{l+1} + J_Fᵀ g at each unit |
//! | (6)–(8) h = λx | the same with λ on the shortcuts, and the product of all λ |
//!
//! A stage is a run of units that keep the shape. F is its contribution to y as
//! [`crate::network::anatomy`] defines it, computed as F and not as y − h.

use serde::Serialize;

use super::gradient::forks;
use crate::dissect::probes::{branch, branches};
use crate::engine::Engine;
use crate::graph::{OutputKind, QuantityId, Role};
use crate::lower::probes::{NONE, Pass};
use crate::lower::{self, Wanted};
use crate::network::anatomy::Site;
use crate::network::{Activation, Layer, ModuleKind, Network, ValueId};
use crate::train::TrainError;
use crate::train::runner::Runner;
use crate::train::tensors::Values;

/// log₂ of what each F multiplies gradients by where they pass F alone, so that they stay in
/// range; taken out again.
const BOOST: i32 = 3;

/// One unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Unit {
    /// Counted from 1.
    pub unit: usize,
    /// ‖F‖ / ‖x‖: what F adds to y, beside what the unit reads.
    pub residual_ratio: Option<f64>,
    /// Share of y < 0, where f is a ReLU: what it cuts off.
    pub cut_off: Option<f64>,
    /// λ: ⟨h, x⟩ / ⟨x, x⟩, where the shape is kept.
    pub lambda: Option<f64>,
    /// Of a gate g with 1 − g on the shortcut: its mean, its standard deviation, and the share of
    /// its elements above ½, which lean to F.
    pub gate: Option<[f64; 3]>,
    /// ‖∂E/∂x_l‖ summed over the pictures' own losses.
    pub gradient: f64,
    /// The same along F only, from the scores back.
    pub gradient_through_residuals: f64,
    /// ‖g_l − g_{l+1} − J_Fᵀ g_y‖ / ‖g_l‖, where the shape is kept: zero where h and f are
    /// identities.
    pub chain_error: Option<f64>,
    /// ‖g_l − g_L‖, L the end of the stage.
    pub weighted_term: Option<f64>,
    /// Cosine between g_l − g_L and g_L.
    pub cosine: Option<f64>,
}

/// One run of units that keep the shape.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stage {
    /// First and last unit, counted from 1.
    pub units: [usize; 2],
    /// ‖x_L − x_l − Σ F‖ / ‖x_L‖.
    pub sum_error: f64,
    /// ‖x_L − ∏λ·x_l − Σ F̂‖ / ‖x_L‖, F̂_i = (∏_{j>i} λ_j) F_i.
    pub scaled_sum_error: f64,
    /// ∏λ.
    pub lambda_product: f64,
    /// ‖g_L‖, the direct term.
    pub direct_term: f64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// By unit.
    pub units: Vec<Unit>,
    /// By stage.
    pub stages: Vec<Stage>,
    /// ∏(1 − σ(b)) over all gated shortcuts, b what the gates' biases start at.
    pub initial_gates: Option<f64>,
    /// Units whose shortcut is x itself and whose f is the identity: there, an activation on
    /// F's side alone and pre-activation are the same, equation (9).
    pub clean: usize,
}

/// Checks a net on one batch: pictures as an engine takes them, and one-hot targets.
pub fn check(
    engine: &dyn Engine,
    network: &Network,
    sites: &[Site],
    values: &Values,
    (images, targets): (&[f32], &[f32]),
) -> Result<Report, TrainError> {
    let batch = targets.len() / network.classes();
    let mut plain =
        Runner::new(engine, &lower::forward_and_backward(network, batch, &NONE, &wanted(sites)))?;
    plain.load(values)?;
    plain.write(Role::Images, images)?;
    plain.write(Role::Targets, targets)?;
    plain.run()?;
    let mut read = Read { program: plain, batch };
    let through = through_residuals(engine, network, sites, values, (images, targets))?;
    let mut units = Vec::new();
    for (at, site) in sites.iter().enumerate() {
        units.push(unit(&mut read, network, site, at, through[at])?);
    }
    let mut stages = Vec::new();
    for run in runs(sites) {
        stages.push(stage(&mut read, sites, run, &mut units)?);
    }
    let clean = sites.iter().filter(|site| is_clean(site)).count();
    Ok(Report { units, stages, initial_gates: initial_gates(network, sites), clean })
}

fn is_clean(site: &Site) -> bool {
    let identity = site.residual().is_some_and(|residual| {
        residual.shortcut.is_identity && residual.shortcut.terms.len() == 1
    });
    identity && site.after.is_empty()
}

/// What is read of a site.
#[derive(Clone, Copy)]
enum Of {
    /// x, what it reads.
    Input,
    /// y, the sum.
    Sum,
    /// f(y).
    Output,
    InputGradient,
    OutputGradient,
    /// g
    Gate,
    /// h
    Shortcut,
    /// F
    Residual,
    /// J_Fᵀ·∂E/∂y
    ThroughResidual,
}

impl Of {
    fn at(self, site: usize) -> QuantityId {
        QuantityId((site * (Of::ThroughResidual as usize + 1) + self as usize) as u32)
    }
}

fn wanted(sites: &[Site]) -> Wanted {
    let mut wanted = Wanted::default();
    for (at, site) in sites.iter().enumerate() {
        wanted.sums.push((Of::Input.at(at), vec![(1.0, site.input)]));
        wanted.sums.push((Of::Sum.at(at), vec![(1.0, site.sum)]));
        wanted.sums.push((Of::Output.at(at), vec![(1.0, site.output)]));
        wanted.gradients.push((Of::InputGradient.at(at), site.input));
        wanted.gradients.push((Of::OutputGradient.at(at), site.output));
        if let Some(gate) = gate(site) {
            wanted.sums.push((Of::Gate.at(at), vec![(1.0, gate)]));
        }
        if let Some(residual) = site.residual() {
            wanted.sums.push((Of::Shortcut.at(at), residual.carried()));
            wanted.sums.push((Of::Residual.at(at), residual.contribution()));
            let through = Of::ThroughResidual.at(at);
            wanted.products.push((through, residual.contribution(), site.input, site.sum));
        }
    }
    wanted
}

/// Outputs of a program that has run, as vectors; gradients are those of each picture's own loss.
struct Read {
    program: Runner,
    batch: usize,
}

impl Read {
    fn value(&mut self, of: Of, at: usize) -> Result<Vec<f64>, TrainError> {
        let values = self.program.output(OutputKind::Quantity(of.at(at)))?;
        Ok(values.iter().map(|&v| f64::from(v)).collect())
    }

    fn gradient(&mut self, of: Of, at: usize) -> Result<Vec<f64>, TrainError> {
        let batch = self.batch as f64;
        Ok(self.value(of, at)?.iter().map(|v| v * batch).collect())
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// a + factor·b
fn plus(a: &[f64], factor: f64, b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + factor * b).collect()
}

fn unit(
    read: &mut Read,
    network: &Network,
    site: &Site,
    at: usize,
    gradient_through_residuals: f64,
) -> Result<Unit, TrainError> {
    let (x, gx) = (read.value(Of::Input, at)?, read.gradient(Of::InputGradient, at)?);
    let is_relu = matches!(site.after[..], [f] if network.value(f).layer == Layer::Activation(Activation::Relu));
    let cut_off = if is_relu {
        let y = read.value(Of::Sum, at)?;
        Some(y.iter().filter(|y| **y < 0.0).count() as f64 / y.len() as f64)
    } else {
        None
    };
    let mut unit = Unit {
        unit: at + 1,
        residual_ratio: None,
        cut_off,
        lambda: None,
        gate: None,
        gradient: norm(&gx),
        gradient_through_residuals,
        chain_error: None,
        weighted_term: None,
        cosine: None,
    };
    if gate(site).is_some() {
        unit.gate = Some(spread(&read.value(Of::Gate, at)?));
    }
    if site.residual().is_some() {
        unit.residual_ratio = Some(norm(&read.value(Of::Residual, at)?) / norm(&x));
        if site.shapes[0] == site.shapes[1] {
            unit.lambda = Some(dot(&read.value(Of::Shortcut, at)?, &x) / dot(&x, &x));
            let rest = plus(&gx, -1.0, &read.gradient(Of::OutputGradient, at)?);
            let rest = plus(&rest, -1.0, &read.gradient(Of::ThroughResidual, at)?);
            unit.chain_error = Some(norm(&rest) / norm(&gx));
        }
    }
    Ok(unit)
}

/// Runs of units with shortcuts that keep the shape.
fn runs(sites: &[Site]) -> Vec<std::ops::Range<usize>> {
    let keeps = |site: &Site| site.shapes[0] == site.shapes[1] && site.residual().is_some();
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for at in (0..sites.len()).filter(|&at| keeps(&sites[at])) {
        match runs.last_mut() {
            Some(run) if run.end == at && sites[at].input == sites[at - 1].output => run.end += 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

fn stage(
    read: &mut Read,
    sites: &[Site],
    run: std::ops::Range<usize>,
    units: &mut [Unit],
) -> Result<Stage, TrainError> {
    debug_assert!(run.end <= sites.len());
    let last = run.end - 1;
    let end = read.value(Of::Output, last)?;
    let end_gradient = read.gradient(Of::OutputGradient, last)?;
    let first = read.value(Of::Input, run.start)?;
    let (mut rest, mut scaled, mut lambdas) = (end.clone(), end.clone(), 1.0);
    for at in run.clone().rev() {
        let residual = read.value(Of::Residual, at)?;
        rest = plus(&rest, -1.0, &residual);
        scaled = plus(&scaled, -lambdas, &residual);
        lambdas *= units[at].lambda.unwrap_or(1.0);
        let weighted = plus(&read.gradient(Of::InputGradient, at)?, -1.0, &end_gradient);
        units[at].weighted_term = Some(norm(&weighted));
        let lengths = norm(&weighted) * norm(&end_gradient);
        units[at].cosine = (lengths > 0.0).then(|| dot(&weighted, &end_gradient) / lengths);
    }
    Ok(Stage {
        units: [run.start + 1, run.end],
        sum_error: norm(&plus(&rest, -1.0, &first)) / norm(&end),
        scaled_sum_error: norm(&plus(&scaled, -lambdas, &first)) / norm(&end),
        lambda_product: lambdas,
        direct_term: norm(&end_gradient),
    })
}

/// ‖∂E/∂x_l‖ where gradients pass through F only: what a plain net of the same weights has.
fn through_residuals(
    engine: &dyn Engine,
    network: &Network,
    sites: &[Site],
    values: &Values,
    (images, targets): (&[f32], &[f32]),
) -> Result<Vec<f64>, TrainError> {
    let batch = targets.len() / network.classes();
    let gradients =
        sites.iter().enumerate().map(|(at, site)| (Of::InputGradient.at(at), site.input)).collect();
    let wanted = Wanted { gradients, ..Wanted::default() };
    let program =
        lower::forward_and_backward(network, batch, &branches(sites, Pass::Backward), &wanted);
    let mut program = Runner::new(engine, &program)?;
    program.load(values)?;
    program.write(Role::Images, images)?;
    program.write(Role::Targets, targets)?;
    let forks = forks(sites);
    for &site in &forks {
        let [residual, shortcut] = branch(site).map(Role::Probe);
        program.write(residual, &vec![2f32.powi(BOOST); batch])?;
        program.write(shortcut, &vec![0.0; batch])?;
    }
    program.run()?;
    let mut read = Read { program, batch };
    (0..sites.len())
        .map(|at| {
            let passed = forks.iter().filter(|fork| **fork >= at).count() as i32;
            Ok(norm(&read.gradient(Of::InputGradient, at)?) * 2f64.powi(-BOOST * passed))
        })
        .collect()
}

/// ∏(1 − σ(b)) at the start of training, over shortcuts that carry 1 − g with g = σ(conv + b).
fn initial_gates(network: &Network, sites: &[Site]) -> Option<f64> {
    let gates: Vec<f64> = sites.iter().filter_map(|site| initial_gate(network, site)).collect();
    (!gates.is_empty()).then(|| gates.iter().product())
}

/// g, where the shortcut has 1 − g.
fn gate(site: &Site) -> Option<ValueId> {
    site.residual()?.shortcut.gates().find(|gate| gate.complement).map(|gate| gate.value)
}

/// Mean, standard deviation and share above ½.
fn spread(gate: &[f64]) -> [f64; 3] {
    let n = gate.len().max(1) as f64;
    let mean = gate.iter().sum::<f64>() / n;
    let variance = gate.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / n;
    let above = gate.iter().filter(|g| **g > 0.5).count() as f64 / n;
    [mean, variance.sqrt(), above]
}

fn initial_gate(network: &Network, site: &Site) -> Option<f64> {
    let gate = network.value(gate(site)?);
    let scores = network.value(*gate.args.first()?);
    match (&gate.layer, &scores.layer) {
        (Layer::Activation(Activation::Sigmoid), Layer::Conv { module, .. }) => {
            match network.module(*module).kind {
                ModuleKind::Conv { bias: Some(bias), .. } => Some(1.0 / (1.0 + bias.exp())),
                ModuleKind::Conv { .. }
                | ModuleKind::BatchNorm { .. }
                | ModuleKind::Linear { .. } => None,
            }
        }
        _ => None,
    }
}
