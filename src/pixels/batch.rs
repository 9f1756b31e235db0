//! Pictures that are standardised together.

use std::sync::Arc;

use super::{Crop, Extent, Mix, Table};

/// Pictures of one size as bytes, and what becomes of each.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// Size of each.
    pub extent: Extent,
    /// What standardises them.
    pub table: Arc<Table>,
    /// Picture × rows × columns × channels, as they are.
    pub bytes: Vec<u8>,
    /// What is seen of each.
    pub crops: Vec<Crop>,
    /// How they are mixed then.
    pub mix: Mix,
}

impl Batch {
    /// So many black pictures.
    pub fn black(count: usize, extent: Extent, table: Arc<Table>) -> Self {
        let (bytes, crops) = (vec![0; count * extent.bytes()], vec![Crop::default(); count]);
        Self { extent, table, bytes, crops, mix: Mix::None }
    }

    /// What the pictures become, batch × rows × columns × channels.
    pub fn expanded(&self) -> Vec<f32> {
        let len = self.extent.bytes();
        let mut all = vec![0.0; self.bytes.len()];
        let pictures = self.bytes.chunks_exact(len).zip(all.chunks_exact_mut(len));
        for ((from, to), crop) in pictures.zip(&self.crops) {
            crop.apply(&self.table, self.extent, from, to);
        }
        self.mix.apply(self.extent, &mut all);
        all
    }
}
