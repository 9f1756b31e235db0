//! A step as it is recorded, and submitted part by part where sums cross to other ranks.

use std::ops::Range;

use super::{GpuProgram, due};
use crate::engine::EngineError;
use crate::engine::wgpu::crossing::{Underway, segments};
use crate::engine::wgpu::device::readback::Arriving;
use crate::engine::wgpu::device::timer::Timer;

impl GpuProgram {
    /// A step, whose last part is still to be submitted. Without other ranks nothing crosses to them.
    pub(super) fn begun(
        &mut self,
        timer: Option<&Timer>,
    ) -> Result<wgpu::CommandEncoder, EngineError> {
        let all = self.steps.len();
        let Some(ranks) = self.ranks.clone() else {
            let mut encoder = self.encoder();
            self.record(&mut encoder, 0..all, timer);
            return Ok(encoder);
        };
        let (crossings, staging) = (self.crossings.clone(), self.staging.clone());
        let mut underway = Underway::new(&ranks, &staging);
        let mut encoder = self.encoder();
        for segment in segments(&crossings, all) {
            let end = segment.end;
            underway.arrive(segment.start, &self.gpu, &self.buffers)?;
            self.record(&mut encoder, segment, timer);
            let mut is_open = true;
            for crossing in crossings.iter().filter(|crossing| crossing.begins(end)) {
                if !is_open {
                    // It takes what the one before brings back.
                    underway.arrive(end, &self.gpu, &self.buffers)?;
                }
                let target = crossing.copied(&self.gpu, &self.buffers, &staging, &mut encoder);
                let submission = self.hand_over(&mut encoder)?;
                underway.begin(crossing, Arriving::new(&self.gpu, target, submission));
                is_open = false;
            }
            if is_open && (end < all || !underway.is_empty()) {
                self.hand_over(&mut encoder)?;
            }
            underway.hand_on(end)?;
        }
        underway.arrive(all, &self.gpu, &self.buffers)?;
        Ok(encoder)
    }

    /// Submits what has been recorded of a step, which goes on.
    fn hand_over(
        &self,
        encoder: &mut wgpu::CommandEncoder,
    ) -> Result<wgpu::SubmissionIndex, EngineError> {
        let recorded = std::mem::replace(encoder, self.encoder());
        let submission = self.gpu.queue.submit([recorded.finish()]);
        self.gpu.check()?;
        Ok(submission)
    }

    /// Some dispatches: in one pass, or each in a pass of its own between two timestamps.
    fn record(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        dispatches: Range<usize>,
        timer: Option<&Timer>,
    ) {
        match timer {
            Some(timer) => self.timed(encoder, dispatches, timer),
            None => self.encoded(encoder, dispatches),
        }
    }

    fn encoded(&mut self, encoder: &mut wgpu::CommandEncoder, dispatches: Range<usize>) {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        due(&mut self.expansions).for_each(|expansion| expansion.dispatch(&mut pass));
        let mut current = None;
        for step in &self.steps[dispatches] {
            if current != Some(step.pipeline) {
                pass.set_pipeline(&self.pipelines.distinct[step.pipeline]);
                current = Some(step.pipeline);
            }
            step.dispatch(&mut pass);
        }
    }

    fn timed(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        dispatches: Range<usize>,
        timer: &Timer,
    ) {
        self.expand(encoder);
        for at in dispatches {
            let step = &self.steps[at];
            let descriptor = wgpu::ComputePassDescriptor {
                label: None,
                timestamp_writes: Some(timer.around(at)),
            };
            let mut pass = encoder.begin_compute_pass(&descriptor);
            pass.set_pipeline(&self.pipelines.distinct[step.pipeline]);
            step.dispatch(&mut pass);
        }
    }

    /// Makes numbers of the pictures that were written since the last step.
    pub(super) fn expand(&mut self, encoder: &mut wgpu::CommandEncoder) {
        if due(&mut self.expansions).next().is_some() {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            due(&mut self.expansions).for_each(|expansion| expansion.dispatch(&mut pass));
        }
    }
}
