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

use std::ops::Range;

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

/// The sums that a unit's numbers are made of.
#[derive(Clone, Copy, Debug, Default)]
struct UnitSums {
    /// ⟨x, x⟩, ⟨F, F⟩ and ⟨h, x⟩.
    input: f64,
    residual: f64,
    carried: f64,
    /// Elements of y below zero, and all.
    cut_off: [f64; 2],
    /// Elements of a gate, their sum, their squares', and how many are above ½.
    gate: [f64; 4],
    /// ⟨g, g⟩ of ∂E/∂x_l, of the same along F only, and of what equation (5) leaves.
    gradient: f64,
    through_residuals: f64,
    rest: f64,
    /// ⟨w, w⟩ and ⟨w, g_L⟩ for w = g_l − g_L.
    weighted: [f64; 2],
}

/// The sums that a stage's numbers are made of.
#[derive(Clone, Debug)]
struct StageSums {
    /// Its units, counted from 0.
    run: Range<usize>,
    /// ⟨x_L, x_L⟩, and the same of what equation (4), and (6), leaves.
    end: f64,
    rest: f64,
    scaled: f64,
    /// ⟨g_L, g_L⟩
    end_gradient: f64,
}

/// A net under check. Running statistics make a picture's numbers its own, so that what batches add
/// up to is what one batch of all pictures would give; of equation (6), with each batch's own λ.
pub struct Check<'a> {
    network: &'a Network,
    sites: &'a [Site],
    plain: Runner,
    through_residuals: Runner,
    units: Vec<UnitSums>,
    stages: Vec<StageSums>,
}

impl<'a> Check<'a> {
    /// Compiles it for batches of a size.
    pub fn new(
        engine: &dyn Engine,
        network: &'a Network,
        sites: &'a [Site],
        values: &Values,
        batch: usize,
    ) -> Result<Self, TrainError> {
        let program = lower::forward_and_backward(network, batch, &NONE, &wanted(sites));
        let mut plain = Runner::new(engine, &program)?;
        plain.load(values)?;
        let through_residuals = through_residuals(engine, network, sites, values, batch)?;
        let units = vec![UnitSums::default(); sites.len()];
        let stage = |run| StageSums { run, end: 0.0, rest: 0.0, scaled: 0.0, end_gradient: 0.0 };
        let stages = runs(sites).into_iter().map(stage).collect();
        Ok(Self { network, sites, plain, through_residuals, units, stages })
    }

    /// Takes a batch in, as an engine takes it, with one-hot targets: its first `pictures`.
    pub fn add(
        &mut self,
        (images, targets): (&[f32], &[f32]),
        pictures: usize,
    ) -> Result<(), TrainError> {
        for program in [&mut self.plain, &mut self.through_residuals] {
            program.write(Role::Images, images)?;
            program.write(Role::Targets, targets)?;
            program.run()?;
        }
        let forks = forks(self.sites);
        let mut along = Read { program: &mut self.through_residuals, pictures };
        let mut read = Read { program: &mut self.plain, pictures };
        let mut lambdas = Vec::new();
        for (at, (site, sums)) in self.sites.iter().zip(&mut self.units).enumerate() {
            lambdas.push(unit(&mut read, self.network, site, at, sums)?);
            let passed = forks.iter().filter(|fork| **fork >= at).count() as i32;
            let gradient = norm(&along.gradient(Of::InputGradient, at)?);
            sums.through_residuals += (gradient * 2f64.powi(-BOOST * passed)).powi(2);
        }
        for sums in &mut self.stages {
            stage(&mut read, &lambdas, sums, &mut self.units)?;
        }
        Ok(())
    }

    /// What has been found so far.
    pub fn report(&self) -> Report {
        let of_unit = |(at, (site, sums)): (usize, (&Site, &UnitSums))| sums.unit(at, site);
        let units: Vec<Unit> =
            self.sites.iter().zip(&self.units).enumerate().map(of_unit).collect();
        let clean = self.sites.iter().filter(|site| is_clean(site)).count();
        let initial_gates = initial_gates(self.network, self.sites);
        let mut report = Report { units, stages: Vec::new(), initial_gates, clean };
        for sums in &self.stages {
            report.stages.push(sums.stage(&mut report.units, &self.units));
        }
        report
    }
}

impl UnitSums {
    fn unit(&self, at: usize, site: &Site) -> Unit {
        let is_there = |number: f64, there: bool| there.then_some(number);
        let [below, elements] = self.cut_off;
        let [values, sum, squares, above] = self.gate;
        let mean = sum / values;
        let deviation = (squares / values - mean * mean).max(0.0).sqrt();
        let forks = site.residual().is_some();
        let keeps = forks && site.shapes[0] == site.shapes[1];
        Unit {
            unit: at + 1,
            residual_ratio: is_there((self.residual / self.input).sqrt(), forks),
            cut_off: is_there(below / elements, elements > 0.0),
            lambda: is_there(self.carried / self.input, keeps),
            gate: (values > 0.0).then_some([mean, deviation, above / values]),
            gradient: self.gradient.sqrt(),
            gradient_through_residuals: self.through_residuals.sqrt(),
            chain_error: is_there((self.rest / self.gradient).sqrt(), keeps),
            weighted_term: None,
            cosine: None,
        }
    }
}

impl StageSums {
    /// The stage, and what its end says of its units.
    fn stage(&self, units: &mut [Unit], sums: &[UnitSums]) -> Stage {
        for at in self.run.clone() {
            let [weighted, product] = sums[at].weighted;
            let lengths = (weighted * self.end_gradient).sqrt();
            units[at].weighted_term = Some(weighted.sqrt());
            units[at].cosine = (lengths > 0.0).then_some(product / lengths);
        }
        Stage {
            units: [self.run.start + 1, self.run.end],
            sum_error: (self.rest / self.end).sqrt(),
            scaled_sum_error: (self.scaled / self.end).sqrt(),
            lambda_product: units[self.run.clone()].iter().filter_map(|unit| unit.lambda).product(),
            direct_term: self.end_gradient.sqrt(),
        }
    }
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

/// Outputs of a program that has run, of its first pictures, as vectors; gradients are those of each
/// picture's own loss.
struct Read<'a> {
    program: &'a mut Runner,
    pictures: usize,
}

impl Read<'_> {
    fn value(&mut self, of: Of, at: usize) -> Result<Vec<f64>, TrainError> {
        let values = self.program.output(OutputKind::Quantity(of.at(at)))?;
        let own = values.len() / self.program.batch() * self.pictures;
        Ok(values[..own].iter().map(|&v| f64::from(v)).collect())
    }

    fn gradient(&mut self, of: Of, at: usize) -> Result<Vec<f64>, TrainError> {
        // The loss is the mean over the batch.
        let batch = self.program.batch() as f64;
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

/// Adds what a batch says of a unit; the batch's λ.
fn unit(
    read: &mut Read,
    network: &Network,
    site: &Site,
    at: usize,
    sums: &mut UnitSums,
) -> Result<f64, TrainError> {
    let (x, gx) = (read.value(Of::Input, at)?, read.gradient(Of::InputGradient, at)?);
    let input = dot(&x, &x);
    sums.input += input;
    sums.gradient += dot(&gx, &gx);
    let is_relu = matches!(site.after[..], [f] if network.value(f).layer == Layer::Activation(Activation::Relu));
    if is_relu {
        let y = read.value(Of::Sum, at)?;
        sums.cut_off[0] += y.iter().filter(|y| **y < 0.0).count() as f64;
        sums.cut_off[1] += y.len() as f64;
    }
    if gate(site).is_some() {
        let gate = read.value(Of::Gate, at)?;
        let above = gate.iter().filter(|g| **g > 0.5).count() as f64;
        let own = [gate.len() as f64, gate.iter().sum(), dot(&gate, &gate), above];
        sums.gate.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
    }
    if site.residual().is_none() {
        return Ok(1.0);
    }
    let residual = read.value(Of::Residual, at)?;
    sums.residual += dot(&residual, &residual);
    if site.shapes[0] != site.shapes[1] {
        return Ok(1.0);
    }
    let carried = dot(&read.value(Of::Shortcut, at)?, &x);
    sums.carried += carried;
    let rest = plus(&gx, -1.0, &read.gradient(Of::OutputGradient, at)?);
    let rest = plus(&rest, -1.0, &read.gradient(Of::ThroughResidual, at)?);
    sums.rest += dot(&rest, &rest);
    Ok(carried / input)
}

/// Runs of units with shortcuts that keep the shape.
fn runs(sites: &[Site]) -> Vec<Range<usize>> {
    let keeps = |site: &Site| site.shapes[0] == site.shapes[1] && site.residual().is_some();
    let mut runs: Vec<Range<usize>> = Vec::new();
    for at in (0..sites.len()).filter(|&at| keeps(&sites[at])) {
        match runs.last_mut() {
            Some(run) if run.end == at && sites[at].input == sites[at - 1].output => run.end += 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

/// Adds what a batch says of a stage, with the batch's λ of each unit.
fn stage(
    read: &mut Read,
    batch_lambdas: &[f64],
    sums: &mut StageSums,
    units: &mut [UnitSums],
) -> Result<(), TrainError> {
    let last = sums.run.end - 1;
    let end = read.value(Of::Output, last)?;
    let end_gradient = read.gradient(Of::OutputGradient, last)?;
    let first = read.value(Of::Input, sums.run.start)?;
    let (mut rest, mut scaled, mut lambdas) = (end.clone(), end.clone(), 1.0);
    for at in sums.run.clone().rev() {
        let residual = read.value(Of::Residual, at)?;
        rest = plus(&rest, -1.0, &residual);
        scaled = plus(&scaled, -lambdas, &residual);
        lambdas *= batch_lambdas[at];
        let weighted = plus(&read.gradient(Of::InputGradient, at)?, -1.0, &end_gradient);
        units[at].weighted[0] += dot(&weighted, &weighted);
        units[at].weighted[1] += dot(&weighted, &end_gradient);
    }
    let square = |values: &[f64]| dot(values, values);
    sums.end += square(&end);
    sums.rest += square(&plus(&rest, -1.0, &first));
    sums.scaled += square(&plus(&scaled, -lambdas, &first));
    sums.end_gradient += square(&end_gradient);
    Ok(())
}

/// A program of ∂E/∂x_l where gradients pass through F only: what a plain net of the same weights has.
fn through_residuals(
    engine: &dyn Engine,
    network: &Network,
    sites: &[Site],
    values: &Values,
    batch: usize,
) -> Result<Runner, TrainError> {
    let gradients =
        sites.iter().enumerate().map(|(at, site)| (Of::InputGradient.at(at), site.input)).collect();
    let wanted = Wanted { gradients, ..Wanted::default() };
    let program =
        lower::forward_and_backward(network, batch, &branches(sites, Pass::Backward), &wanted);
    let mut program = Runner::new(engine, &program)?;
    program.load(values)?;
    for site in forks(sites) {
        let [residual, shortcut] = branch(site).map(Role::Probe);
        program.write(residual, &vec![2f32.powi(BOOST); batch])?;
        program.write(shortcut, &vec![0.0; batch])?;
    }
    Ok(program)
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

fn initial_gate(network: &Network, site: &Site) -> Option<f64> {
    let gate = network.value(gate(site)?);
    let scores = network.value(*gate.args.first()?);
    match (&gate.layer, &scores.layer) {
        (Layer::Activation(Activation::Sigmoid), Layer::Conv { module, .. }) => {
            match network.module(*module).kind {
                ModuleKind::Conv { bias: Some(bias), .. } => Some(1.0 / (1.0 + bias.exp())),
                ModuleKind::Conv { .. }
                | ModuleKind::BatchNorm { .. }
                | ModuleKind::Norm { .. }
                | ModuleKind::Vector { .. }
                | ModuleKind::Linear { .. } => None,
            }
        }
        _ => None,
    }
}
