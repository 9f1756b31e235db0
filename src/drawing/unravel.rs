//! The unravelled view (Veit et al. 2016, Fig. 1): a network of n units is a sum over 2^n paths,
//! each of which passes every unit by its F or by its shortcut.

use super::figure::{BOX_HEIGHT, COLUMN, Figure, ROW};
use crate::network::Network;
use crate::network::anatomy::sites;

/// Most units drawn: 2^n paths must fit on a page.
pub const MOST_UNITS: usize = 6;

const NARROW: f64 = 54.0;

/// Units that a path can pass in two ways.
pub fn forks(network: &Network) -> usize {
    sites(network).iter().filter(|site| site.residual().is_some()).count()
}

/// Draws the paths of a network, the shortest first; none if no unit has a shortcut beside its F,
/// or too many have.
pub fn svg(network: &Network) -> Option<String> {
    let units = forks(network);
    if units == 0 || units > MOST_UNITS {
        return None;
    }
    let mut figure = Figure::new();
    let mut paths: Vec<u32> = (0..1u32 << units).collect();
    paths.sort_by_key(|path| (path.count_ones(), *path));
    let end = 0.7 * COLUMN * (units + 1) as f64;
    let middle = (paths.len() + 1) as f64 / 2.0 * ROW;
    let title = format!("{}: {units} units, {} paths", network.name, paths.len());
    figure.title(0.0, &title);
    for (row, &path) in paths.iter().enumerate() {
        let y = (row + 1) as f64 * ROW;
        figure.line(&[(NARROW, middle), (NARROW + 24.0, y), (end - 24.0, y), (end, middle)]);
        for unit in (0..units).filter(|unit| path >> unit & 1 == 1) {
            let x = 0.7 * COLUMN * unit as f64 + NARROW + 40.0;
            let name = format!("F{}", unit + 1);
            figure.boxed((x, y - BOX_HEIGHT / 2.0), NARROW, &name, "unit");
        }
        figure.note((end + NARROW + 8.0, y + BOX_HEIGHT / 2.0), &length(path));
    }
    let top = middle - BOX_HEIGHT / 2.0;
    figure.boxed((0.0, top), NARROW, "x", "input");
    figure.boxed((end, top), NARROW, "+", "sum");
    Some(figure.finish(end + 2.0 * COLUMN, (paths.len() + 1) as f64 * ROW, &title))
}

fn length(path: u32) -> String {
    match path.count_ones() {
        0 => "length 0: the shortcuts alone".to_owned(),
        n => format!("length {n}"),
    }
}
