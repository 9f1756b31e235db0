//! Grouping nodes into kernels.

use std::collections::HashSet;

use crate::graph::placement::Placement;
use crate::graph::{NodeId, Program};

use super::former::Former;
use super::types::Kernels;
use super::{absorb, updates};

/// Forms kernels for every live node. What is in `bare` gets a kernel without prologue and epilogue:
/// its arguments are stored.
pub fn form(program: &Program, placement: &Placement, bare: &HashSet<NodeId>) -> Kernels {
    // Anchors for whose own result a buffer is kept free: known when they turn out not to fit.
    let mut whole = HashSet::new();
    loop {
        let mut former = Former::new(program, placement, [&whole, bare]);
        former.run(placement);
        let crowded = former.store_raw_values();
        if crowded.is_empty() || crowded.iter().all(|node| whole.contains(node)) {
            absorb::absorb(&mut former);
            let Former { list, made_in, .. } = former;
            return updates::placed(program, Kernels { list, made_in, in_place: Vec::new() });
        }
        whole.extend(crowded);
    }
}
