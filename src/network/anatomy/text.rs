//! Anatomy as text, for a person who asks what was taken for what.

use std::fmt::{self, Display, Formatter};

use super::{Body, Gate, Shortcut, Site, Step, Term};
use crate::network::Edge;

impl Display for Site {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.body {
            Body::Residual(residual) => {
                write!(f, "h = {}; F =", residual.shortcut)?;
                for (at, branch) in residual.branches.iter().enumerate() {
                    write!(f, "{} {}", if at == 0 { "" } else { "," }, branch.term)?;
                    branch.gates.iter().try_for_each(|gate| write!(f, " {gate}"))?;
                }
                write!(f, "; deleted by")?;
                residual.deletion.iter().try_for_each(|edge| write!(f, " {edge}"))
            }
            Body::Carried(shortcut) => write!(f, "h = {shortcut}; no F"),
            Body::Chain => write!(f, "no shortcut"),
        }?;
        self.after.first().map_or(Ok(()), |_| write!(f, "; f ="))?;
        self.after.iter().try_for_each(|value| write!(f, " {value}"))
    }
}

impl Display for Shortcut {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (at, term) in self.terms.iter().enumerate() {
            write!(f, "{}{term}", if at == 0 { "" } else { ", " })?;
        }
        write!(f, " (")?;
        match self.steps.as_slice() {
            [] => write!(f, "x itself")?,
            [first, rest @ ..] => {
                write!(f, "{first}")?;
                rest.iter().try_for_each(|step| write!(f, ", {step}"))?;
            }
        }
        write!(f, ")")
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.factor != 1.0 {
            write!(f, "{} · ", self.factor)?;
        }
        write!(f, "{}", self.value)
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Step::Scaled(by) => write!(f, "scaled by {by}"),
            Step::Gated(gate) => write!(f, "{gate}"),
            Step::Learned(module) => write!(f, "scaled by {module}"),
            Step::Convolved(module) => write!(f, "convolved by {module}"),
            Step::Normalised(Some(module)) => write!(f, "normalised by {module}"),
            Step::Normalised(None) => write!(f, "normalised"),
            Step::Dropped => write!(f, "dropped"),
            Step::Detached => write!(f, "detached"),
            Step::Rectified => write!(f, "rectified"),
            Step::Squashed => write!(f, "squashed"),
            Step::Activated(function) => write!(f, "through {function}"),
            Step::Compared => write!(f, "compared"),
            Step::Joined => write!(f, "joined with other channels"),
            Step::Pooled => write!(f, "pooled"),
            Step::Upsampled => write!(f, "upsampled"),
            Step::Subsampled => write!(f, "subsampled"),
            Step::Padded => write!(f, "padded"),
            Step::Sliced => write!(f, "some of its channels"),
            Step::Cropped => write!(f, "cropped"),
            Step::Reframed => write!(f, "cropped and padded"),
        }
    }
}

impl Display for Gate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "gated by {}{}", if self.complement { "1 − " } else { "" }, self.value)
    }
}

impl Display for Edge {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.user, self.slot)
    }
}
