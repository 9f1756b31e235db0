//! A network as a picture: as the papers draw it, and as Graphviz's text.

mod cells;
pub mod dot;
mod kinds;
mod label;
mod overview;
mod page;
mod parts;
mod tracks;
mod unit;
pub mod unravel;
mod wires;

use crate::network::{Network, UnitId};
use crate::picture::{Theme, svg};
use crate::text::nearest;

pub use label::label;
pub use page::{one, picture};

/// Draws a network as SVG, dark where the reader's screen is.
pub fn svg(network: &Network) -> String {
    svg::svg(&picture(network), Theme::Auto)
}

/// The unit that a name or a number means: of several that are called so the first of the most
/// frequent kind, with how many kinds there are.
///
/// # Errors
/// There is none: what to say instead.
pub fn find(network: &Network, wanted: &str) -> Result<(UnitId, usize), NoUnit> {
    let by_number = wanted.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
    if let Some(at) = by_number.filter(|&at| at < network.units.len()) {
        return Ok((UnitId(at as u32), 1));
    }
    let (kinds, _) = kinds::kinds(network);
    let called = |kind: &&kinds::Kind| network.units[kind.first().index()].definition == wanted;
    let found: Vec<&kinds::Kind> = kinds.iter().filter(called).collect();
    let most = found.iter().rev().max_by_key(|kind| kind.members.len());
    match most {
        Some(kind) => Ok((kind.first(), found.len())),
        None => {
            let mut names: Vec<String> = Vec::new();
            for kind in &kinds {
                let name = &network.units[kind.first().index()].definition;
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
            let nearest = nearest(wanted, names.iter().map(String::as_str)).map(str::to_owned);
            let holds = |kind: &&kinds::Kind| {
                network.units[kind.first().index()].inner.iter().any(|name| name == wanted)
            };
            let outer = kinds.iter().find(holds).map(|kind| kind.first());
            let inside = outer.map(|unit| network.units[unit.index()].definition.clone());
            let (wanted, units) = (wanted.to_owned(), network.units.len());
            Err(NoUnit { wanted, inside, names, units, nearest })
        }
    }
}

/// A unit that is not in a net.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", no_unit(self))]
pub struct NoUnit {
    /// What was asked for.
    pub wanted: String,
    /// The unit that it stands in, if it does in one.
    pub inside: Option<String>,
    /// What its units are called.
    pub names: Vec<String>,
    /// How many it has.
    pub units: usize,
    /// What may have been meant.
    pub nearest: Option<String>,
}

fn no_unit(NoUnit { wanted, inside, names, units, nearest }: &NoUnit) -> String {
    if let Some(outer) = inside {
        return format!(
            "{wanted} stands inside the unit {outer}, and is drawn as a part of it: name {outer}"
        );
    }
    let there = match units {
        0 => return format!("there is no unit {wanted:?}: the net has none"),
        _ => format!("the net has {}, numbered 1 to {units}", names.join(", ")),
    };
    let meant = nearest.as_ref().map_or(String::new(), |name| format!("; is it {name}?"));
    format!("there is no unit {wanted:?}: {there}{meant}")
}
