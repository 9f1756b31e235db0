//! The unravelled view (Veit et al. 2016, Fig. 1): a network of n units is a sum over 2^n paths,
//! each of which passes every unit by its F or by its shortcut.

use super::parts::{self, HEIGHT};
use crate::network::anatomy::sites;
use crate::network::{BinaryOp, Network};
use crate::picture::{Anchor, Face, Paint, Picture, Shape, Stroke};

/// Most units drawn: 2^n paths must fit on a page.
pub const MOST_UNITS: usize = 6;

/// Width of a box.
const BOX: f64 = 54.0;
/// Between units, and between paths.
const STEP: [f64; 2] = [105.0, 44.0];
const MARGIN: f64 = 20.0;

/// Units that a path can pass in two ways.
pub fn forks(network: &Network) -> usize {
    sites(network).iter().filter(|site| site.residual().is_some()).count()
}

/// Draws the paths of a network, the shortest first; none if no unit has a shortcut beside its F,
/// or too many have.
pub fn picture(network: &Network) -> Option<Picture> {
    let units = forks(network);
    if units == 0 || units > MOST_UNITS {
        return None;
    }
    let mut paths: Vec<u32> = (0..1u32 << units).collect();
    paths.sort_by_key(|path| (path.count_ones(), *path));
    let end = STEP[0] * (units + 1) as f64;
    let middle = (paths.len() + 1) as f64 / 2.0 * STEP[1];
    let title = format!("{}: {units} units, {} paths", network.name, paths.len());
    let mut texts = vec![parts::line([0.0, 14.0], Anchor::Start, Face::Bold, Paint::Ink, &title)];
    let (mut lines, mut boxes) = (Vec::new(), Vec::new());
    for (row, &path) in paths.iter().enumerate() {
        let y = (row + 1) as f64 * STEP[1];
        let right = end - 24.0;
        let points = vec![[BOX, middle], [BOX + 24.0, y], [right, y], [end, middle]];
        let stroke = Stroke::new(Paint::Faint, 1.1);
        lines.push(Shape::Line { points, stroke, bend: 0.0, tip: false });
        for unit in (0..units).filter(|unit| path >> unit & 1 == 1) {
            let at = [STEP[0] * unit as f64 + BOX + 40.0, y - HEIGHT / 2.0];
            let name = format!("F{}", unit + 1);
            boxes.extend(parts::labelled(at, BOX, Paint::Unit, &name));
        }
        texts.push(parts::note([end + BOX, y + 4.5], &length(path)));
    }
    boxes.extend(parts::labelled([0.0, middle - HEIGHT / 2.0], BOX, Paint::Input, "x"));
    boxes.extend(parts::sign([end, middle], BinaryOp::Add));
    let width = texts.iter().map(|text| text.at[0] + text.width()).fold(0.0, f64::max);
    let size = [width, (paths.len() + 1) as f64 * STEP[1]].map(|side| (side + 2.0 * MARGIN).ceil());
    let shapes = lines.into_iter().chain(boxes).chain(texts.into_iter().map(Shape::Text));
    let shapes = shapes.map(|shape: Shape| shape.moved([MARGIN; 2])).collect();
    Some(Picture { size, title, shapes })
}

fn length(path: u32) -> String {
    match path.count_ones() {
        0 => "length 0: the shortcuts alone".to_owned(),
        n => format!("length {n}"),
    }
}
