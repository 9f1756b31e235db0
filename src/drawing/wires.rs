//! Which way each wire of a unit takes, in columns and rows.
//!
//! Between two rows lies a channel, between two columns a gutter, and wires run there side by side
//! on tracks of their own; down a column or along a row they run only where no box and no other
//! wire is. What a value feeds is one *net*: its wires may share their way. A wire that does not
//! come straight down enters from above if nothing else does, else from a side, as the papers
//! draw sums.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::cells::Cell;
use crate::network::ValueId;

/// Where along x.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Across {
    /// The middle of a column.
    Column(usize),
    /// The net's track in the gutter left of a column.
    Gutter(usize),
    /// A side of the box that the wire ends at.
    Side(Side),
}

/// Where along y.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Down {
    /// The upper edge of the box in a row that the wire ends at.
    Top(usize),
    /// The middle of a row.
    Middle(usize),
    /// The lower edge of the box that the wire begins at.
    Bottom(usize),
    /// The net's track in the channel below a row.
    Channel(usize),
}

/// A side of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// Its left one.
    Left,
    /// Its right one.
    Right,
}

/// A wire.
#[derive(Clone, Debug, PartialEq)]
pub struct Wire {
    /// The value it brings.
    pub net: ValueId,
    /// Where it ends.
    pub to: ValueId,
    /// Which operand it brings, from 1, where their order matters.
    pub place: Option<usize>,
    /// Its corners, with its ends.
    pub corners: Vec<(Across, Down)>,
}

/// What to draw a wire between.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// From which value.
    pub from: ValueId,
    /// To which.
    pub to: ValueId,
    /// Which operand it is, from 1, where their order matters.
    pub place: Option<usize>,
    /// Whether the right side of `to` has to stay free, as there is a name beside it.
    pub no_right: bool,
}

/// Finds ways for all wires.
pub fn wires(cells: &BTreeMap<ValueId, Cell>, edges: &[Edge]) -> Vec<Wire> {
    let mut router = Router {
        cells,
        boxes: cells.values().copied().collect(),
        columns: HashMap::new(),
        rows: HashMap::new(),
        entered: HashSet::new(),
    };
    for edge in edges {
        let from = cells[&edge.from];
        router.columns.insert((from.column, 2 * from.row + 1), edge.from);
    }
    let (straight, others): (Vec<&Edge>, Vec<&Edge>) =
        edges.iter().partition(|edge| router.is_straight(edge));
    let mut found = Vec::new();
    for edge in straight.into_iter().chain(others) {
        let corners = router.route(edge);
        router.claim(edge, &corners);
        found.push(Wire { net: edge.from, to: edge.to, place: edge.place, corners });
    }
    found
}

struct Router<'a> {
    cells: &'a BTreeMap<ValueId, Cell>,
    boxes: HashSet<Cell>,
    /// Which net runs down a column, at row r (2r) or in the channel below it (2r + 1).
    columns: HashMap<(usize, usize), ValueId>,
    /// Which net runs along a row, over column c (2c + 1) or the gutter left of it (2c).
    rows: HashMap<(usize, usize), ValueId>,
    /// Entries that are taken; none is the top.
    entered: HashSet<(ValueId, Option<Side>)>,
}

impl Router<'_> {
    fn is_straight(&self, edge: &Edge) -> bool {
        let (from, to) = (self.cells[&edge.from], self.cells[&edge.to]);
        from.column == to.column
            && (from.row + 1..to.row).all(|row| !self.boxes.contains(&Cell { row, ..from }))
    }

    /// Whether a net may run down a column between two half rows, both included.
    fn clear(&self, net: ValueId, column: usize, from: usize, to: usize) -> bool {
        (from..=to).all(|half| {
            let is_box =
                half.is_multiple_of(2) && self.boxes.contains(&Cell { column, row: half / 2 });
            !is_box && self.columns.get(&(column, half)).is_none_or(|&other| other == net)
        })
    }

    /// Whether a net may run along a row between two half columns, both included.
    fn level(&self, net: ValueId, row: usize, [from, to]: [usize; 2]) -> bool {
        (from..=to).all(|half| {
            let is_box =
                !half.is_multiple_of(2) && self.boxes.contains(&Cell { column: half / 2, row });
            !is_box && self.rows.get(&(row, half)).is_none_or(|&other| other == net)
        })
    }

    fn route(&self, edge: &Edge) -> Vec<(Across, Down)> {
        let (from, to) = (self.cells[&edge.from], self.cells[&edge.to]);
        let start = (Across::Column(from.column), Down::Bottom(from.row));
        if self.is_straight(edge) && !self.entered.contains(&(edge.to, None)) {
            return vec![start, (Across::Column(to.column), Down::Top(to.row))];
        }
        if let Some(turns) = self.way_to_top(edge.from, from, edge.to, to) {
            let end = (Across::Column(to.column), Down::Top(to.row));
            return [start].into_iter().chain(turns).chain([end]).collect();
        }
        let first = if from.column < to.column { Side::Left } else { Side::Right };
        let sides = match first {
            Side::Left => [Side::Left, Side::Right],
            Side::Right => [Side::Right, Side::Left],
        };
        let end = |side| (Across::Side(side), Down::Middle(to.row));
        let free = |side: &Side| {
            let named = *side == Side::Right && edge.no_right;
            !named && !self.entered.contains(&(edge.to, Some(*side)))
        };
        for side in sides.into_iter().filter(free) {
            if let Some(turns) = self.way_to_side(edge.from, from, to, side) {
                return [start].into_iter().chain(turns).chain([end(side)]).collect();
            }
        }
        // Nothing is free: the way that never meets a box, beside a wire that may be there.
        let side = sides.into_iter().find(free).unwrap_or(Side::Left);
        let turns = by_gutter(from, from.row, gutter(to, side), to.row);
        [start].into_iter().chain(turns).chain([end(side)]).collect()
    }

    /// A way to the upper edge of a box, if nothing else enters there: across at once, or at last.
    fn way_to_top(
        &self,
        net: ValueId,
        from: Cell,
        target: ValueId,
        to: Cell,
    ) -> Option<Vec<(Across, Down)>> {
        if self.entered.contains(&(target, None)) {
            return None;
        }
        let last = to.row - 1;
        let across = |row| {
            let down = Down::Channel(row);
            vec![(Across::Column(from.column), down), (Across::Column(to.column), down)]
        };
        if self.clear(net, to.column, 2 * from.row + 1, 2 * last + 1) {
            return Some(across(from.row));
        }
        let free = self.clear(net, from.column, 2 * from.row + 1, 2 * last + 1)
            && self.clear(net, to.column, 2 * last + 1, 2 * last + 1);
        free.then(|| across(last))
    }

    /// A way to a side of a box: down the own column and along the row, or through the gutter beside
    /// the box, reached in the channel above it or in the one below the start.
    fn way_to_side(
        &self,
        net: ValueId,
        from: Cell,
        to: Cell,
        side: Side,
    ) -> Option<Vec<(Across, Down)>> {
        let towards = match side {
            Side::Left => from.column < to.column,
            Side::Right => from.column > to.column,
        };
        let between = match side {
            Side::Left => [2 * from.column + 2, 2 * to.column],
            Side::Right => [2 * to.column + 2, 2 * from.column],
        };
        if towards
            && self.clear(net, from.column, 2 * from.row + 1, 2 * to.row)
            && self.level(net, to.row, between)
        {
            return Some(vec![(Across::Column(from.column), Down::Middle(to.row))]);
        }
        let (gutter, last) = (gutter(to, side), to.row - 1);
        if !self.level(net, to.row, [2 * gutter, 2 * gutter]) {
            return None;
        }
        let late = self.clear(net, from.column, 2 * from.row + 1, 2 * last + 1);
        let channel = if late { last } else { from.row };
        Some(by_gutter(from, channel, gutter, to.row).to_vec())
    }

    fn claim(&mut self, edge: &Edge, corners: &[(Across, Down)]) {
        let to = self.cells[&edge.to];
        let side = match corners.last() {
            Some((Across::Side(side), _)) => Some(*side),
            _ => None,
        };
        self.entered.insert((edge.to, side));
        for pair in corners.windows(2) {
            match (pair[0], pair[1]) {
                ((Across::Column(a), from), (Across::Column(b), down)) if a == b => {
                    for half in half_row(from)..=half_row(down) {
                        self.columns.entry((a, half)).or_insert(edge.from);
                    }
                }
                ((Across::Column(column), Down::Middle(row)), (Across::Side(side), _)) => {
                    let [low, high] = match side {
                        Side::Left => [2 * column + 2, 2 * to.column],
                        Side::Right => [2 * to.column + 2, 2 * column],
                    };
                    for half in low..=high {
                        self.rows.entry((row, half)).or_insert(edge.from);
                    }
                }
                ((Across::Gutter(gutter), Down::Middle(row)), _) => {
                    self.rows.entry((row, 2 * gutter)).or_insert(edge.from);
                }
                _ => {}
            }
        }
    }
}

fn gutter(to: Cell, side: Side) -> usize {
    match side {
        Side::Left => to.column,
        Side::Right => to.column + 1,
    }
}

/// Through a gutter, reached in a channel, to a row.
fn by_gutter(from: Cell, channel: usize, gutter: usize, row: usize) -> [(Across, Down); 3] {
    let down = Down::Channel(channel);
    [
        (Across::Column(from.column), down),
        (Across::Gutter(gutter), down),
        (Across::Gutter(gutter), Down::Middle(row)),
    ]
}

/// Where a corner stands in half rows; a box's edges are in the channels beside it.
pub fn half_row(down: Down) -> usize {
    match down {
        Down::Top(row) => 2 * row - 1,
        Down::Middle(row) => 2 * row,
        Down::Bottom(row) | Down::Channel(row) => 2 * row + 1,
    }
}
