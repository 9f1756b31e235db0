//! Factors on what [`crate::network::anatomy`] finds: to delete a unit, or to have a pass go
//! through F only or through the shortcut only.

use crate::graph::ProbeId;
use crate::lower::probes::{Bypass, Pass, Probes, Tap};
use crate::network::anatomy::{Residual, Site};
use crate::network::{Edge, Layer, Network, ValueId};

/// What lesions of the sites from number `first` on need: [`deletions`], and a probe on each
/// drop_path ([`survives`]), since what it keeps moves with its unit.
pub fn lesions(network: &Network, sites: &[Site], first: usize) -> Probes {
    let mut probes = deletions(network, sites, first);
    for (user, _) in sites[first..].iter().flat_map(|site| drops(network, site)) {
        let probe = survives(sites, user);
        probes.ids.push(probe);
        probes.taps.push(Tap { edge: Edge { user, slot: 0 }, probe });
    }
    probes
}

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

/// A site's drop_paths, each with the probability with which training kept what it drops.
pub fn drops(network: &Network, site: &Site) -> Vec<(ValueId, f64)> {
    let inside = (site.input.0 + 1..=site.output.0).map(ValueId);
    let kept = |id: ValueId| match network.value(id).layer {
        Layer::DropPath { p, inverted, .. } => Some((id, if inverted { 1.0 } else { 1.0 - p })),
        _ => None,
    };
    inside.filter_map(kept).collect()
}

/// The factor on what a drop_path drops; numbered after those that keep a site.
pub fn survives(sites: &[Site], drop: ValueId) -> ProbeId {
    ProbeId(sites.len() as u32 + drop.0)
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
