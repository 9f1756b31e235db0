//! Warnings about units whose shortcut is not clean: what He et al. (2016) measured that it costs.
//!
//! The check looks at the finished network, so it sees through names, chains and numbers. A unit
//! that changes the shape says nothing, since something must stand on its shortcut.

use std::collections::HashSet;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::network::{BinaryOp, Layer, Network, UnitInstance, ValueId};
use crate::source::Span;

/// How x reaches y on the shortest way.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shortcut {
    /// As it is.
    Identity,
    /// Multiplied by a number.
    Scaled(f64),
    /// Multiplied by a value.
    Gated,
    /// Through a 1×1 convolution.
    Convolved,
    /// Through dropout.
    Dropped,
    /// Through a ReLU.
    Rectified,
}

impl Shortcut {
    /// Whether all of x is still there.
    fn is_kept(self) -> bool {
        match self {
            Shortcut::Identity | Shortcut::Scaled(_) | Shortcut::Gated => true,
            Shortcut::Convolved | Shortcut::Dropped | Shortcut::Rectified => false,
        }
    }
}

/// Warnings on every definition that keeps the shape somewhere, each once.
pub fn warnings(network: &Network) -> Vec<Diagnostic> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for unit in &network.units {
        let shape = |value: ValueId| network.value(value).shape;
        if shape(unit.input) == shape(unit.sum) && seen.insert(&unit.definition) {
            found.extend(shortcut(network, unit));
            found.extend(after(network, unit));
        }
    }
    found
}

fn shortcut(network: &Network, unit: &UnitInstance) -> Option<Diagnostic> {
    let mut terms = Vec::new();
    addends(network, unit, &mut terms);
    let ways: Vec<_> = terms
        .iter()
        .filter_map(|&term| way(network, unit.input, term).map(|way| (term, way)))
        .collect();
    if ways.iter().any(|(_, way)| *way == Shortcut::Identity) {
        return None;
    }
    // What is not added to anything is F, whatever it is made of.
    let Some(&(term, way)) = ways.first().filter(|(_, way)| terms.len() > 1 || way.is_kept())
    else {
        return Some(no_shortcut(unit, place(network, unit, unit.sum)));
    };
    let span = place(network, unit, term);
    let name = &unit.definition;
    let (code, what, cost) = match way {
        Shortcut::Identity => return None,
        Shortcut::Scaled(by) => (
            Code::ShortcutNotIdentity,
            format!("the shortcut of `{name}` multiplies x by {by}"),
            "over L units the product of all factors remains (P1, eq. 6); 110 layers: 12.35 % \
             error with 0.5 on both sides, over 20 % on the shortcut alone, 6.61 % without",
        ),
        Shortcut::Gated => (
            Code::ShortcutNotIdentity,
            format!("a gate stands on the shortcut of `{name}`"),
            "110 layers: 8.70 % error at best with exclusive gates, 6.91 % with shortcut-only \
             gates, 6.61 % without (P1, Table 1); start the bias at -6 or below",
        ),
        Shortcut::Convolved => (
            Code::ShortcutNotIdentity,
            format!("a convolution stands on the shortcut of `{name}`"),
            "110 layers: 12.22 % error with 1x1 convolutions, 6.61 % with the identity (P1, \
             Table 1); shortcut(width) is the identity where the shape is kept",
        ),
        Shortcut::Dropped => (
            Code::ShortcutNotIdentity,
            format!("dropout stands on the shortcut of `{name}`"),
            "110 layers: over 20 % error with dropout of 0.5 there, 6.61 % without (P1, \
             Table 1); put it into F",
        ),
        Shortcut::Rectified => (
            Code::ShortcutActivation,
            format!("a ReLU stands on the shortcut of `{name}`"),
            "what x has below zero is lost in every unit (P1, section 4); put the ReLU first in F",
        ),
    };
    Some(warn(code, span, what).label("not the identity").hint(cost))
}

fn no_shortcut(unit: &UnitInstance, span: Span) -> Diagnostic {
    let what = format!("nothing carries x to y unchanged in `{}`", unit.definition);
    warn(Code::ShortcutNotIdentity, span, what)
        .label("no shortcut")
        .hint("110 layers without shortcuts: over 20 % error, 6.61 % with (P1, Table 1); add x")
}

/// f with a ReLU: every signal on the shortcut path passes it.
fn after(network: &Network, unit: &UnitInstance) -> Option<Diagnostic> {
    let mut at = unit.output;
    while at != unit.sum {
        let value = network.value(at);
        if value.layer == Layer::Relu {
            let what = format!("f of `{}` puts a ReLU on the shortcut path", unit.definition);
            return Some(
                warn(Code::ShortcutActivation, value.span, what).label("after the addition").hint(
                    "1001 layers: 7.61 % error with f = relu, 4.92 % with full \
                         pre-activation; 110 layers: 6.61 and 6.37 (P1, Tables 2 and 3)",
                ),
            );
        }
        at = *value.args.iter().max()?;
        if at < unit.sum {
            return None;
        }
    }
    None
}

fn warn(code: Code, span: Span, message: String) -> Diagnostic {
    Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, span, message) }
}

/// A unit's input stands outside it; the call is the nearest place.
fn place(network: &Network, unit: &UnitInstance, value: ValueId) -> Span {
    if value == unit.input { unit.span } else { network.value(value).span }
}

/// What is added up to y. x is one term, even where it is a sum itself.
fn addends(network: &Network, unit: &UnitInstance, found: &mut Vec<ValueId>) {
    let mut open = vec![unit.sum];
    while let Some(id) = open.pop() {
        match (&network.value(id).layer, network.value(id).args.as_slice()) {
            _ if id == unit.input => found.push(id),
            (Layer::Binary(BinaryOp::Add), [a, b]) => open.extend([*b, *a]),
            (Layer::Binary(BinaryOp::Sub), [a, _]) => open.push(*a),
            _ => found.push(id),
        }
        // Terms that are shared many times need not be seen again.
        if found.len() > network.values.len() {
            return;
        }
    }
}

/// How `value` comes from x, if it is x with at most one thing done to it.
fn way(network: &Network, x: ValueId, value: ValueId) -> Option<Shortcut> {
    if value == x {
        return Some(Shortcut::Identity);
    }
    let args = network.value(value).args.as_slice();
    let of_x = |shortcut| (args == [x]).then_some(shortcut);
    match network.value(value).layer {
        Layer::Binary(BinaryOp::Mul) => product(network, x, args),
        Layer::Binary(BinaryOp::Div) => (args.first() == Some(&x)).then_some(Shortcut::Gated),
        Layer::Conv { .. } => of_x(Shortcut::Convolved),
        Layer::BatchNorm { .. } => {
            let inner = network.value(*args.first()?);
            let convolved = matches!(inner.layer, Layer::Conv { .. }) && inner.args == [x];
            convolved.then_some(Shortcut::Convolved)
        }
        Layer::Dropout { .. } | Layer::DropPath { .. } | Layer::Live { .. } => {
            of_x(Shortcut::Dropped)
        }
        Layer::Relu => of_x(Shortcut::Rectified),
        Layer::Input
        | Layer::Const(_)
        | Layer::Linear { .. }
        | Layer::Sigmoid
        | Layer::Tanh
        | Layer::Binary(BinaryOp::Add | BinaryOp::Sub)
        | Layer::GlobalAvgPool
        | Layer::Pool { .. }
        | Layer::Subsample { .. }
        | Layer::PadChannels { .. } => None,
    }
}

fn product(network: &Network, x: ValueId, args: &[ValueId]) -> Option<Shortcut> {
    let other = match args {
        [a, b] if *b == x => *a,
        [a, b] if *a == x => *b,
        _ => return None,
    };
    Some(match network.value(other).layer {
        Layer::Const(number) => Shortcut::Scaled(number),
        _ => Shortcut::Gated,
    })
}
