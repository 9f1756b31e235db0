//! Warnings about units whose shortcut is not clean: what He et al. (2016) measured that it costs.
//!
//! What stands on a shortcut is for [`crate::network::anatomy`] to say, which sees through names,
//! chains and numbers; here is what it cost. A unit that changes the shape says nothing, since
//! something must stand on its shortcut.

use std::collections::HashSet;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::network::anatomy::{self, Body, Site, Step};
use crate::network::{Activation, Layer, Network, UnitInstance, ValueId};
use crate::source::Span;

/// Warnings on every definition that keeps the shape somewhere, each once.
pub fn warnings(network: &Network) -> Vec<Diagnostic> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for unit in &network.units {
        let shape = |value: ValueId| network.value(value).shape;
        if shape(unit.input) == shape(unit.sum) && seen.insert(&unit.definition) {
            let site = anatomy::site(network, unit);
            found.extend(shortcut(network, unit, &site));
            found.extend(after(network, &site));
        }
    }
    found
}

fn shortcut(network: &Network, unit: &UnitInstance, site: &Site) -> Option<Diagnostic> {
    let shortcut = match &site.body {
        Body::Residual(residual) => &residual.shortcut,
        Body::Carried(shortcut) => shortcut,
        Body::Chain => return Some(no_shortcut(unit, place(network, unit, unit.sum))),
    };
    if shortcut.is_identity {
        return None;
    }
    // The last thing done to x of which something is known.
    let mut steps = shortcut.steps.iter().zip(&shortcut.at).rev();
    let known = steps.find_map(|(step, at)| Some((measured(step)?, *at)));
    let Some(((code, what, cost), at)) = known else {
        return Some(no_shortcut(unit, place(network, unit, unit.sum)));
    };
    let what = what.replace('`', &format!("`{}`", unit.definition));
    Some(warn(code, place(network, unit, at), what).label("not the identity").hint(cost))
}

/// What a step on the shortcut was measured to cost; a ` stands for the unit.
fn measured(step: &Step) -> Option<(Code, String, &'static str)> {
    let (code, what, cost) = match step {
        Step::Scaled(by) => (
            Code::ShortcutNotIdentity,
            format!("the shortcut of ` multiplies x by {by}"),
            "over L units the product of all factors remains (He et al. 2016, equation 6); 110 layers: 12.35 % \
             error with 0.5 on both sides, over 20 % on the shortcut alone, 6.61 % without",
        ),
        Step::Gated(_) => (
            Code::ShortcutNotIdentity,
            "a gate stands on the shortcut of `".into(),
            "110 layers: 8.70 % error at best with exclusive gates, 6.91 % with shortcut-only \
             gates, 6.61 % without (He et al. 2016, Table 1); start the bias at -6 or below",
        ),
        Step::Learned(_) => (
            Code::ShortcutNotIdentity,
            "the shortcut of ` multiplies x by learned numbers".into(),
            "over L units the product of all factors remains (He et al. 2016, equation 6), and training \
             moves them; put them on F's side: y = x + scalar(0) * F(x) (Bachlechner et al. 2020)",
        ),
        Step::Convolved(_) => (
            Code::ShortcutNotIdentity,
            "a convolution stands on the shortcut of `".into(),
            "110 layers: 12.22 % error with 1x1 convolutions, 6.61 % with the identity (He et al. 2016, \
             Table 1); shortcut(width) is the identity where the shape is kept",
        ),
        Step::Detached => (
            Code::ShortcutNotIdentity,
            "no gradient passes the shortcut of `".into(),
            "the gradient's direct way back is what a shortcut is for (He et al. 2016, equation 5); detach \
             what is in F",
        ),
        Step::Dropped => (
            Code::ShortcutNotIdentity,
            "dropout stands on the shortcut of `".into(),
            "110 layers: over 20 % error with dropout of 0.5 there, 6.61 % without (He et al. 2016, \
             Table 1); put it into F",
        ),
        Step::Rectified => (
            Code::ShortcutActivation,
            "a ReLU stands on the shortcut of `".into(),
            "what x has below zero is lost in every unit (He et al. 2016, section 4); put the ReLU first in F",
        ),
        Step::Normalised(_)
        | Step::Squashed
        | Step::Activated(_)
        | Step::Compared
        | Step::Joined
        | Step::Pooled
        | Step::Upsampled
        | Step::Subsampled
        | Step::Padded
        | Step::Sliced
        | Step::Cropped
        | Step::Reframed => return None,
    };
    Some((code, what, cost))
}

fn no_shortcut(unit: &UnitInstance, span: Span) -> Diagnostic {
    let what = format!("nothing carries x to y unchanged in `{}`", unit.definition);
    warn(Code::ShortcutNotIdentity, span, what)
        .label("no shortcut")
        .hint("110 layers without shortcuts: over 20 % error, 6.61 % with (He et al. 2016, Table 1); add x")
}

/// f with a ReLU: every signal on the shortcut path passes it.
fn after(network: &Network, site: &Site) -> Option<Diagnostic> {
    let mut f = site.after.iter().map(|&value| network.value(value));
    let relu = f.find(|value| value.layer == Layer::Activation(Activation::Relu))?;
    let what = format!("f of `{}` puts a ReLU on the shortcut path", site.name);
    let cost = "1001 layers: 7.61 % error with f = relu, 4.92 % with full pre-activation; 110 \
                layers: 6.61 and 6.37 (He et al. 2016, Tables 2 and 3)";
    let warning = warn(Code::ShortcutActivation, relu.span, what);
    Some(warning.label("after the addition").hint(cost))
}

fn warn(code: Code, span: Span, message: String) -> Diagnostic {
    Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, span, message) }
}

/// A unit's input stands outside it; the call is the nearest place.
fn place(network: &Network, unit: &UnitInstance, value: ValueId) -> Span {
    if value == unit.input { unit.span } else { network.value(value).span }
}
