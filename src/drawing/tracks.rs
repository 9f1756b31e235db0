//! Tracks: wires that run side by side in a channel or a gutter.

use std::collections::BTreeMap;

use crate::network::ValueId;

/// Between two tracks.
pub const APART: f64 = 8.0;

/// What stretches of a channel or gutter nets take, and then on which tracks.
#[derive(Default)]
pub struct Tracks {
    stretches: BTreeMap<ValueId, [f64; 2]>,
    tracks: BTreeMap<ValueId, usize>,
    count: usize,
}

impl Tracks {
    /// A net comes by a place.
    pub fn add(&mut self, net: ValueId, at: f64) {
        let stretch = self.stretches.entry(net).or_insert([at, at]);
        *stretch = [stretch[0].min(at), stretch[1].max(at)];
    }

    /// Gives nets whose stretches come nearer to each other than `apart` different tracks.
    pub fn assign(&mut self, apart: f64) {
        let mut nets: Vec<(ValueId, [f64; 2])> =
            self.stretches.iter().map(|(&net, &stretch)| (net, stretch)).collect();
        nets.sort_by(|a, b| a.1[0].total_cmp(&b.1[0]).then(a.0.cmp(&b.0)));
        let mut ends: Vec<f64> = Vec::new();
        for (net, [from, to]) in nets {
            let free = ends.iter().position(|&end| end + apart < from);
            let track = free.unwrap_or(ends.len());
            match free {
                Some(track) => ends[track] = to,
                None => ends.push(to),
            }
            self.tracks.insert(net, track);
        }
        self.count = ends.len();
    }

    /// How much room tracks take.
    pub fn width(&self) -> f64 {
        APART * self.count.saturating_sub(1) as f64
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Where a net's track is, from the first.
    pub fn at(&self, net: ValueId) -> f64 {
        APART * self.tracks.get(&net).copied().unwrap_or(0) as f64
    }
}
