//! Weights in the order in which a pass reads them.

use super::pass::Pass;
use super::sweep::{Strip, Sweep};
use crate::graph::ConvGeometry;

/// A group's weights as the graph holds them: rows × columns × channels that it reads × channels that
/// all groups write.
pub struct Weights<'a> {
    values: &'a [f32],
    cols: usize,
    ci: usize,
    co: usize,
}

impl<'a> Weights<'a> {
    /// Those that write channels from `first` on, of a convolution in which a group reads `ci` channels
    /// and all write `co`.
    pub fn new(
        geometry: &ConvGeometry,
        [ci, co]: [usize; 2],
        first: usize,
        values: &'a [f32],
    ) -> Self {
        let [rows, cols] = geometry.kernel;
        assert_eq!(values.len(), rows * cols * ci * co);
        Weights { values: &values[first..], cols, ci, co }
    }

    fn index(&self, row: usize, col: usize, ci: usize, co: usize) -> usize {
        ((row * self.cols + col) * self.ci + ci) * self.co + co
    }

    /// Packs for the forward pass.
    pub fn pack_forward(&self, pass: &Pass, out: &mut [f32]) {
        pack(pass, out, |row, col, read, first, lanes| {
            let from = self.index(row, col, read, first);
            lanes.copy_from_slice(&self.values[from..from + lanes.len()]);
        });
    }

    /// Packs for a pass of the input gradient, which reads output channels.
    pub fn pack_dx(&self, pass: &Pass, out: &mut [f32]) {
        pack(pass, out, |row, col, read, first, lanes| {
            if first + lanes.len() <= self.ci {
                let from = self.values[self.index(row, col, first, read)..].iter();
                lanes
                    .iter_mut()
                    .zip(from.step_by(self.co))
                    .for_each(|(lane, value)| *lane = *value);
                return;
            }
            for (written, lane) in (first..).zip(lanes) {
                // All groups are packed at once: `read` counts in the group of what is written.
                let group = written / self.ci * self.ci;
                *lane = self.values[self.index(row, col, written - group, group + read)];
            }
        });
    }
}

fn pack(pass: &Pass, out: &mut [f32], fetch: impl Fn(usize, usize, usize, usize, &mut [f32])) {
    match pass {
        Pass::Direct(sweep) => pack_sweep(sweep, out, fetch),
        Pass::Winograd(winograd) => winograd.pack(out, fetch),
        Pass::Narrow(narrow) => narrow.pack(out, fetch),
    }
}

/// Fills each row of packed weights by `fetch(kernel row, kernel column, channel read, first
/// channel written, to)`; lanes beyond the last channel are zero.
fn pack_sweep(
    sweep: &Sweep,
    out: &mut [f32],
    fetch: impl Fn(usize, usize, usize, usize, &mut [f32]),
) {
    let taps = sweep.taps();
    for &Strip { channel, width, w, .. } in sweep.strips() {
        let used = width.min(taps.written - channel);
        let mut at = w;
        for &row in &taps.rows {
            for &col in &taps.cols {
                for read in 0..taps.read {
                    let (lanes, beyond) = out[at..at + width].split_at_mut(used);
                    fetch(row, col, read, channel, lanes);
                    beyond.fill(0.0);
                    at += width;
                }
            }
        }
    }
}
