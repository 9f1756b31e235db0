//! Factors on what [`crate::network::anatomy`] finds: to delete a unit, or to have a pass go
//! through F only or through the shortcut only.

use crate::graph::ProbeId;
use crate::lower::probes::{Bypass, Pass, Probes, Tap};
use crate::network::Network;
use crate::network::anatomy::{Residual, Site};

/// A probe for each site from number `first` on that can be deleted ([`keep`]): 1 keeps it, 0
/// deletes it.
pub fn deletions(network: &Network, sites: &[Site], first: usize) -> Probes {
    let mut probes = Probes::default();
    for (index, site) in sites.iter().enumerate().skip(first) {
        let probe = keep(index);
        match site.residual() {
            Some(Residual { deletion, .. }) => {
                probes.taps.extend(deletion.iter().map(|&edge| Tap { edge, probe }));
            }
            None if site.deletable(network) => {
                probes.bypasses.push(Bypass { value: site.sum, instead: site.input, probe });
            }
            None => continue,
        }
        probes.ids.push(probe);
    }
    probes
}

/// The probe that keeps a site, counted from 0.
pub fn keep(site: usize) -> ProbeId {
    ProbeId(site as u32)
}

/// Two probes for each site with a shortcut ([`branch`]): factors on F's contribution and on h,
/// in one pass.
pub fn branches(sites: &[Site], pass: Pass) -> Probes {
    let mut probes = Probes { pass, ..Probes::default() };
    for (index, site) in sites.iter().enumerate() {
        let Some(residual) = site.residual() else { continue };
        let [on_residual, on_shortcut] = branch(index);
        probes.ids.extend([on_residual, on_shortcut]);
        let branches = residual.branches.iter().map(|branch| (branch.term.edge, on_residual));
        let shortcut = residual.shortcut.terms.iter().map(|term| (term.edge, on_shortcut));
        probes.taps.extend(branches.chain(shortcut).map(|(edge, probe)| Tap { edge, probe }));
    }
    probes
}

/// The probes on F's contribution and on h of a site, counted from 0.
pub fn branch(site: usize) -> [ProbeId; 2] {
    [0, 1].map(|side| ProbeId(2 * site as u32 + side))
}
