//! A unit as the papers draw it: the shortcut as the straight spine, the branches beside it, the
//! addition, f after it.

use std::collections::BTreeMap;

use super::cells::{Cell, Cells};
use super::label::{label, operands};
use super::parts::{self, Block, HEIGHT, RADIUS};
use super::tracks::Tracks;
use super::wires::{Across, Down, Edge, Side, Wire, half_row, wires};
use crate::network::{BinaryOp, Layer, Network, UnitId, UnitInstance, ValueId};
use crate::picture::{At, Paint, Text};

/// Most layers of a unit that is drawn; more, nobody could read.
const MOST: usize = 400;
/// Narrowest column: room for a circle and the tips of arrows at both its sides.
const NARROWEST: f64 = 64.0;
/// Between columns where no wire runs.
const GUTTER: f64 = 24.0;
/// Between a gutter's wires and the boxes beside it: room for the tip of an arrow.
const BESIDE: f64 = 16.0;
/// From a row down to the first wire below it.
const BELOW: f64 = 8.0;
/// From the last wire of a channel down to the row below: room for the tip of an arrow.
const TIP: f64 = 14.0;

/// What stands in a cell.
struct Node {
    cell: Cell,
    /// The sign, for what joins two values.
    sign: Option<BinaryOp>,
    words: String,
    fill: Paint,
    /// Names beside it.
    note: Option<Text>,
}

/// Draws a unit.
pub fn unit(network: &Network, id: UnitId) -> Block {
    let instance = &network.units[id.index()];
    let cells = Cells::new(network, id, instance);
    if cells.of.len() > MOST {
        let words = format!("{} layers: too many to be drawn", cells.of.len());
        let width = parts::box_width(&words);
        let shapes = parts::labelled([0.0, 0.0], width, Paint::Layer, &words).to_vec();
        return Block { size: [width, HEIGHT], shapes };
    }
    let nodes = nodes(network, instance, &cells);
    let mut edges = Vec::new();
    for (&to, node) in nodes.iter().filter(|(to, _)| **to != instance.input) {
        let no_right = node.sign.is_none() && node.note.is_some();
        let operands = operands(network.value(to), |from| nodes.contains_key(&from));
        edges.extend(operands.map(|(from, place)| Edge { from, to, place, no_right }));
    }
    let wires = wires(&cells.of, &edges);
    Grid::new(&nodes, &wires, cells.size()).block(&nodes, &wires)
}

fn nodes(network: &Network, instance: &UnitInstance, cells: &Cells) -> BTreeMap<ValueId, Node> {
    let mut names = names(instance);
    let node = |(&id, &cell): (&ValueId, &Cell)| {
        let value = network.value(id);
        let drawn = value.args.iter().filter(|arg| cells.of.contains_key(arg)).count();
        let sign = match value.layer {
            Layer::Binary(BinaryOp::Max | BinaryOp::Min) => None,
            Layer::Binary(op) if drawn == 2 && id != instance.input => Some(op),
            _ => None,
        };
        let (words, fill) = if id == instance.input {
            (format!("x, {}", value.shape), Paint::Input)
        } else if matches!(value.layer, Layer::Binary(_)) {
            (label(network, value), Paint::Sum)
        } else {
            (label(network, value), Paint::Layer)
        };
        let note = names.remove(&id).map(|words| parts::note([0.0, 0.0], &words));
        (id, Node { cell, sign, words, fill, note })
    };
    cells.of.iter().map(node).collect()
}

/// Names of values other than x, those of one value together.
fn names(instance: &UnitInstance) -> BTreeMap<ValueId, String> {
    let mut names: BTreeMap<ValueId, String> = BTreeMap::new();
    for (name, value) in instance.bindings.iter().filter(|(_, value)| *value != instance.input) {
        names
            .entry(*value)
            .and_modify(|text| *text = format!("{text}, {name}"))
            .or_insert_with(|| name.clone());
    }
    names
}

/// Where columns, rows and the tracks between them are.
struct Grid {
    /// Left edge and width of each column's boxes.
    columns: Vec<[f64; 2]>,
    /// Upper edge of each row.
    rows: Vec<f64>,
    /// The first track of each gutter.
    gutters: Vec<(f64, Tracks)>,
    /// The first track of each channel.
    channels: Vec<(f64, Tracks)>,
    size: At,
}

impl Grid {
    fn new(nodes: &BTreeMap<ValueId, Node>, wires: &[Wire], [columns, rows]: [usize; 2]) -> Self {
        let mut widths = vec![NARROWEST; columns];
        for node in nodes.values().filter(|node| node.sign.is_none()) {
            let width = &mut widths[node.cell.column];
            *width = width.max(parts::box_width(&node.words));
        }
        // Beside its boxes a column has their names.
        let mut beside = vec![0f64; columns];
        for node in nodes.values() {
            let Some(note) = &node.note else { continue };
            let column = node.cell.column;
            let inside = if node.sign.is_some() { widths[column] / 2.0 - RADIUS } else { 0.0 };
            beside[column] = beside[column].max(note.width() + 6.0 - inside);
        }
        let mut gutters: Vec<Tracks> = (0..=columns).map(|_| Tracks::default()).collect();
        for wire in wires {
            for &(across, down) in &wire.corners {
                if let Across::Gutter(gutter) = across {
                    gutters[gutter].add(wire.net, half_row(down) as f64);
                }
            }
        }
        let mut grid = Self {
            columns: Vec::new(),
            rows: Vec::new(),
            gutters: Vec::new(),
            channels: Vec::new(),
            size: [0.0; 2],
        };
        let mut x = 0.0;
        for (column, mut tracks) in gutters.into_iter().enumerate() {
            tracks.assign(0.5);
            let outer = column == 0 || column == columns;
            let first = if column == 0 { x } else { x + BESIDE };
            x += match (tracks.is_empty(), outer) {
                (true, true) => 0.0,
                (true, false) => GUTTER,
                (false, true) => BESIDE + tracks.width(),
                (false, false) => 2.0 * BESIDE + tracks.width(),
            };
            grid.gutters.push((first, tracks));
            if let (Some(width), Some(beside)) = (widths.get(column), beside.get(column)) {
                grid.columns.push([x, *width]);
                x += width + beside;
            }
        }
        grid.size[0] = x;
        grid.rows(wires, rows);
        grid
    }

    /// Places rows, once it is known where across wires turn.
    fn rows(&mut self, wires: &[Wire], rows: usize) {
        let mut channels: Vec<Tracks> = (0..rows).map(|_| Tracks::default()).collect();
        for wire in wires {
            for &(across, down) in &wire.corners {
                if let (Down::Channel(row), Some(x)) = (down, self.across(wire.net, across)) {
                    channels[row].add(wire.net, x);
                }
            }
        }
        let mut y = 0.0;
        for mut tracks in channels {
            tracks.assign(10.0);
            self.rows.push(y);
            y += HEIGHT;
            self.size[1] = y;
            let (first, width) = (y + BELOW, tracks.width());
            self.channels.push((first, tracks));
            y += BELOW + width + TIP;
        }
    }

    /// Where across; none for the side of a box.
    fn across(&self, net: ValueId, across: Across) -> Option<f64> {
        match across {
            Across::Column(column) => Some(self.middle(column)),
            Across::Gutter(gutter) => {
                let (first, tracks) = &self.gutters[gutter];
                Some(first + tracks.at(net))
            }
            Across::Side(_) => None,
        }
    }

    fn middle(&self, column: usize) -> f64 {
        let [left, width] = self.columns[column];
        left + width / 2.0
    }

    /// A box's sides, or a circle's: left, right, upper, lower.
    fn edges(&self, node: &Node) -> [f64; 4] {
        let [left, width] = self.columns[node.cell.column];
        let top = self.rows[node.cell.row];
        if node.sign.is_none() {
            return [left, left + width, top, top + HEIGHT];
        }
        let (x, y) = (left + width / 2.0, top + HEIGHT / 2.0);
        [x - RADIUS, x + RADIUS, y - RADIUS, y + RADIUS]
    }

    fn block(&self, nodes: &BTreeMap<ValueId, Node>, wires: &[Wire]) -> Block {
        let mut shapes = Vec::new();
        let mut ends: BTreeMap<(ValueId, Option<Side>), (At, Vec<usize>)> = BTreeMap::new();
        for wire in wires {
            let [from, to] = [&nodes[&wire.net], &nodes[&wire.to]];
            let point = |&(across, down): &(Across, Down)| {
                let x = self.across(wire.net, across).unwrap_or_else(|| match across {
                    Across::Side(Side::Left) => self.edges(to)[0],
                    Across::Side(Side::Right) | Across::Column(_) | Across::Gutter(_) => {
                        self.edges(to)[1]
                    }
                });
                let y = match down {
                    Down::Top(_) => self.edges(to)[2],
                    Down::Bottom(_) => self.edges(from)[3],
                    Down::Middle(row) => self.rows[row] + HEIGHT / 2.0,
                    Down::Channel(row) => {
                        let (first, tracks) = &self.channels[row];
                        first + tracks.at(wire.net)
                    }
                };
                [x, y]
            };
            let points: Vec<At> = wire.corners.iter().map(point).collect();
            if let (Some(place), Some(&end)) = (wire.place, points.last()) {
                let side = match wire.corners.last() {
                    Some(&(Across::Side(side), _)) => Some(side),
                    Some((Across::Column(_) | Across::Gutter(_), _)) | None => None,
                };
                let (_, places) = ends.entry((wire.to, side)).or_insert((end, Vec::new()));
                places.push(place);
            }
            shapes.push(parts::wire(points));
        }
        for ((_, side), (end, places)) in ends {
            shapes.push(parts::place(end, side, &entering(places)));
        }
        for node in nodes.values() {
            let [left, right, top, bottom] = self.edges(node);
            let middle = [(left + right) / 2.0, (top + bottom) / 2.0];
            match node.sign {
                Some(op) => shapes.extend(parts::sign(middle, op)),
                None => shapes.extend(parts::labelled(
                    [left, top],
                    right - left,
                    node.fill,
                    &node.words,
                )),
            }
            if let Some(note) = &node.note {
                // Beside a circle above the line by which a branch comes in.
                let up = if node.sign.is_some() { -6.0 } else { 4.5 };
                let at = [right + 5.0, middle[1] + up];
                shapes.push(crate::picture::Shape::Text(Text { at, ..note.clone() }));
            }
        }
        Block { size: self.size, shapes }
    }
}

/// Which operands come in together: `2`, `1,3`, `2…5`.
fn entering(mut places: Vec<usize>) -> String {
    places.sort_unstable();
    match places[..] {
        [first, .., last] if last - first >= 2 && last - first + 1 == places.len() => {
            format!("{first}…{last}")
        }
        _ => places.iter().map(usize::to_string).collect::<Vec<_>>().join(","),
    }
}
