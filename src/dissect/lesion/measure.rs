//! The test error under each lesion.
//!
//! The net is cut between units into a few parts. What a part reads is computed once for all
//! pictures and held; every lesion that begins in it then runs from there to the class scores.
//! Deletions are factors, reorderings are other weights: a part is compiled once.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::plan::{Item, Lesion};
use super::rewire::{permuted, survival};
use crate::data::batches::{As, Loading};
use crate::data::selected::Selected;
use crate::dissect::probes::{keep, lesions, survives};
use crate::engine::Engine;
use crate::graph::{OutputKind, Role};
use crate::lower;
use crate::lower::probes::{NONE, Part};
use crate::network::Network;
use crate::network::anatomy::Site;
use crate::train::TrainError;
use crate::train::evaluate::{loss, wrong};
use crate::train::inference::Passes;
use crate::train::runner::Runner;
use crate::train::tensors::Values;

/// Into how many parts of about equal cost the net is cut.
const PARTS: usize = 8;
/// Bytes of activations that are held.
const HELD: usize = 768 << 20;

/// What is measured, on what.
pub struct Subject<'a> {
    /// Computes.
    pub engine: &'a dyn Engine,
    /// The net.
    pub network: &'a Network,
    /// Its weights.
    pub values: &'a Values,
    /// Its units.
    pub sites: &'a [Site],
    /// The pictures; `batch` of them at once.
    pub loading: Loading,
}

/// What one lesion did to one block of pictures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// Position in the plan.
    pub lesion: usize,
    /// Which block.
    pub block: usize,
    /// Pictures.
    pub count: usize,
    /// Of them wrong.
    pub wrong: usize,
    /// Sum of the cross-entropies; null if it is not a number.
    pub loss: Option<f64>,
}

/// Who listens.
pub trait Observer {
    /// A lesion was measured on a block.
    fn tally(&mut self, tally: &Tally) -> Result<(), TrainError>;

    /// Whether to stop.
    fn interrupted(&self) -> bool;
}

impl Subject<'_> {
    /// Blocks that the pictures are measured in.
    pub fn blocks(&self) -> usize {
        self.loading.pictures.count().div_ceil(self.block())
    }

    /// Pictures of a block: as many as can be held at any cut, in whole batches.
    fn block(&self) -> usize {
        let widest = self.sites.iter().map(|site| self.network.value(site.input).shape.len());
        let bytes = 4 * widest.max().unwrap_or(1).max(self.loading.pictures.extent().bytes());
        (HELD / bytes / self.loading.batch).max(1) * self.loading.batch
    }

    /// Sites where parts begin.
    fn starts(&self) -> Vec<usize> {
        let macs = |site: &Site| self.network.macs_until(site.input) as f64;
        let (first, last) = match self.sites {
            [] => return Vec::new(),
            [first, ..] => (macs(first), self.network.macs() as f64),
        };
        let place =
            |site: &Site| ((macs(site) - first) / (last - first).max(1.0) * PARTS as f64) as usize;
        let mut starts: Vec<usize> = Vec::new();
        for at in 0..self.sites.len() {
            if at == 0 || place(&self.sites[at]) > place(&self.sites[at - 1]) {
                starts.push(at);
            }
        }
        starts
    }

    /// Measures what `done` does not have; false if it was interrupted.
    pub fn measure(
        &self,
        items: &[Item],
        done: &HashMap<(usize, usize), Tally>,
        observer: &mut dyn Observer,
    ) -> Result<bool, TrainError> {
        let starts = self.starts();
        for block in 0..self.blocks() {
            let todo: Vec<usize> =
                (0..items.len()).filter(|&at| !done.contains_key(&(at, block))).collect();
            if !todo.is_empty() && !self.measure_block(items, &todo, block, &starts, observer)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn measure_block(
        &self,
        items: &[Item],
        todo: &[usize],
        block: usize,
        starts: &[usize],
        observer: &mut dyn Observer,
    ) -> Result<bool, TrainError> {
        let Some(mut held) = self.pictures(block, observer)? else { return Ok(false) };
        for (number, &start) in starts.iter().enumerate() {
            let end = starts.get(number + 1).copied().unwrap_or(self.sites.len());
            let here = |&&at: &&usize| {
                let first = items[at].lesion.first().unwrap_or(self.sites.len() - 1);
                (start..end).contains(&first)
            };
            let here: Vec<usize> = todo.iter().filter(here).copied().collect();
            if here.is_empty() {
                continue;
            }
            if !self.advance(&mut held, start, observer)? {
                return Ok(false);
            }
            let mut rest = Rest::compile(self, start)?;
            for at in here {
                let Some(tally) = rest.measure(&items[at].lesion, &mut held, observer)? else {
                    return Ok(false);
                };
                observer.tally(&Tally { lesion: at, block, ..tally })?;
            }
        }
        Ok(true)
    }

    /// The pictures of a block, in batches.
    fn pictures(&self, block: usize, observer: &dyn Observer) -> Result<Option<Held>, TrainError> {
        let all = self.loading.pictures.clone();
        let pictures = Arc::new(Selected::from(all, block * self.block(), self.block()));
        let loading = Loading { pictures, ..self.loading.clone() };
        let mut held = Held { site: None, batches: Vec::new() };
        let mut batches = loading.evaluation(As::Numbers).map_err(TrainError::NoThread)?;
        while let Some(batch) = batches.next_item() {
            if observer.interrupted() {
                return Ok(None);
            }
            held.batches.push((batch.images.numbers().into_owned(), batch.labels.clone()));
            batches.recycle(batch);
        }
        Ok(Some(held))
    }

    /// Computes what site `start` reads from what is held; false if interrupted.
    fn advance(
        &self,
        held: &mut Held,
        start: usize,
        observer: &dyn Observer,
    ) -> Result<bool, TrainError> {
        let from = held.site.map(|site| self.sites[site].input);
        let to = Some(self.sites[start].input);
        if from == to || to == Some(self.network.input) {
            return Ok(true);
        }
        let part = Part { from, to };
        let program = lower::part(self.network, self.loading.batch, part, &NONE);
        let mut program = Runner::new(self.engine, &program)?;
        program.load(self.values)?;
        let mut passes = Passes::new(&mut program, OutputKind::Cut);
        for at in 0..held.batches.len() {
            if observer.interrupted() {
                return Ok(false);
            }
            if let Some((before, values)) = passes.begin(&held.batches[at].0, at)? {
                held.batches[before].0 = values;
            }
        }
        if let Some((last, values)) = passes.end()? {
            held.batches[last].0 = values;
        }
        held.site = Some(start);
        Ok(true)
    }
}

/// Activations of a block of pictures with their labels, batch by batch.
struct Held {
    /// The site that reads them; none: they are the pictures.
    site: Option<usize>,
    batches: Vec<(Vec<f32>, Vec<u8>)>,
}

/// The net from one site to the class scores.
struct Rest<'a> {
    subject: &'a Subject<'a>,
    start: usize,
    program: Runner,
    /// Whether the weights are those of the subject.
    own: bool,
}

impl<'a> Rest<'a> {
    fn compile(subject: &'a Subject<'a>, start: usize) -> Result<Self, TrainError> {
        let (network, input) = (subject.network, subject.sites[start].input);
        let part = Part { from: Some(input).filter(|&v| v != network.input), to: None };
        let probes = lesions(network, subject.sites, start);
        let program = lower::part(network, subject.loading.batch, part, &probes);
        let program = Runner::new(subject.engine, &program)?;
        Ok(Self { subject, start, program, own: false })
    }

    fn measure(
        &mut self,
        lesion: &Lesion,
        held: &mut Held,
        observer: &dyn Observer,
    ) -> Result<Option<Tally>, TrainError> {
        self.set(lesion)?;
        let classes = self.subject.network.classes();
        let mut tally = Tally { lesion: 0, block: 0, count: 0, wrong: 0, loss: None };
        let mut sum = 0.0;
        let mut add = |(labels, logits): (&Vec<u8>, Vec<f32>)| {
            tally.count += labels.len();
            tally.wrong += wrong(&logits, classes, labels);
            sum += loss(&logits, classes, labels);
        };
        let mut passes = Passes::new(&mut self.program, OutputKind::Logits);
        for (values, labels) in &held.batches {
            if observer.interrupted() {
                return Ok(None);
            }
            passes.begin(values, labels)?.map(&mut add);
        }
        passes.end()?.map(&mut add);
        tally.loss = sum.is_finite().then_some(sum);
        Ok(Some(tally))
    }

    /// Sets factors and weights.
    fn set(&mut self, lesion: &Lesion) -> Result<(), TrainError> {
        let Subject { network, sites, values, .. } = *self.subject;
        match lesion {
            Lesion::Reorder(order) => {
                self.program.load(&permuted(network, sites, order, values))?;
                self.own = false;
            }
            Lesion::None | Lesion::Delete(_) if !self.own => {
                self.program.load(values)?;
                self.own = true;
            }
            Lesion::None | Lesion::Delete(_) => {}
        }
        let as_they_were: Vec<usize> = (0..sites.len()).collect();
        let (gone, order) = match lesion {
            Lesion::None => (&[][..], &as_they_were),
            Lesion::Delete(gone) => (&gone[..], &as_they_were),
            Lesion::Reorder(order) => (&[][..], order),
        };
        let kept = |at: usize| (keep(at), f64::from(u8::from(!gone.contains(&at))));
        let survival = survival(network, sites, order).into_iter();
        let survival = survival.map(|(drop, factor)| (survives(sites, drop), factor));
        for (probe, factor) in (self.start..sites.len()).map(kept).chain(survival) {
            self.program.write(Role::Probe(probe), &vec![factor as f32; self.program.batch()])?;
        }
        Ok(())
    }
}
