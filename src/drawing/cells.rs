//! Where the values of a unit are drawn: rows by longest path from x, the shortcut as column 0,
//! each branch beside it in a column that is free from its first row to where it joins, that row
//! included, since it is where the branch turns to what it joins.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use crate::network::anatomy::{self, Site};
use crate::network::{Layer, Network, UnitId, UnitInstance, ValueId};

/// Where a value of a unit is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// 0 is the shortcut's.
    pub column: usize,
    /// 0 is x's.
    pub row: usize,
}

/// The cells of one unit.
#[derive(Debug)]
pub struct Cells {
    /// By value.
    pub of: BTreeMap<ValueId, Cell>,
    taken: BTreeSet<Cell>,
}

impl Cells {
    /// Lays out a unit.
    pub fn new(network: &Network, id: UnitId, instance: &UnitInstance) -> Self {
        let drawn = |v: &ValueId| !matches!(network.value(*v).layer, Layer::Const(_));
        let own: Vec<ValueId> = (instance.input.0 + 1..=instance.output.0)
            .map(ValueId)
            .filter(|&v| network.value(v).unit == Some(id))
            .filter(drawn)
            .collect();
        let mut rows = BTreeMap::from([(instance.input, 0)]);
        for &value in &own {
            let above = network.value(value).args.iter().filter_map(|a| rows.get(a)).max();
            let row = above.map_or(0, |&row: &usize| row + 1);
            rows.insert(value, row);
        }
        let mut cells = Self { of: BTreeMap::new(), taken: BTreeSet::new() };
        for chain in chains(network, instance, &own, &rows) {
            cells.place(&chain, &rows);
        }
        cells
    }

    /// Puts a chain into the first column that is free for all of it.
    fn place(&mut self, chain: &Chain, rows: &BTreeMap<ValueId, usize>) {
        let first = usize::from(!self.of.is_empty());
        let free = |column: &usize| self.free(*column, chain.from..chain.to);
        let column = (first..).find(free).unwrap_or(first);
        for value in &chain.values {
            self.of.insert(*value, Cell { column, row: rows[value] });
        }
        self.taken.extend((chain.from..chain.to).map(|row| Cell { column, row }));
    }

    /// Whether nothing stands in these rows of a column.
    fn free(&self, column: usize, rows: std::ops::Range<usize>) -> bool {
        let [from, to] = [rows.start, rows.end].map(|row| Cell { column, row });
        from >= to || self.taken.range(from..to).next().is_none()
    }

    /// Columns and rows.
    pub fn size(&self) -> [usize; 2] {
        let most = |of: fn(&Cell) -> usize| self.of.values().map(of).max().unwrap_or(0) + 1;
        [most(|cell| cell.column), most(|cell| cell.row)]
    }
}

/// Values under each other, and the rows that are theirs: to where they join others, included.
struct Chain {
    values: Vec<ValueId>,
    from: usize,
    to: usize,
}

/// The shortcut's chain, then all others as they join it from the bottom up.
fn chains(
    network: &Network,
    instance: &UnitInstance,
    own: &[ValueId],
    rows: &BTreeMap<ValueId, usize>,
) -> Vec<Chain> {
    let mut seen = HashSet::new();
    let below = own.iter().chain([&instance.input]).map(|v| rows[v] + 1).max().unwrap_or(1);
    let args = |value: ValueId| {
        let args = network.value(value).args.iter().copied();
        args.filter(move |a| value != instance.input && rows.contains_key(a))
    };
    // f, then the way of x: the shortcut's, where there is one.
    let Site { way, after, input, sum, .. } = anatomy::site(network, instance);
    let mut spine: Vec<ValueId> =
        after.into_iter().rev().chain(way.iter().rev().copied()).collect();
    spine.extend((input == sum || !way.is_empty()).then_some(input));
    seen.extend(spine.iter().copied());
    let mut found = vec![Chain { values: spine.clone(), from: 0, to: below }];
    let mut open = VecDeque::from(spine);
    while let Some(joined) = open.pop_front() {
        for start in args(joined) {
            let mut values = Vec::new();
            let mut at = start;
            // A branch goes up by its longest way.
            while seen.insert(at) {
                values.push(at);
                match args(at).max_by_key(|a| rows[a]) {
                    Some(next) => at = next,
                    None => break,
                }
            }
            if let (Some(first), Some(_)) = (values.last(), values.first()) {
                let from = rows[first].min(rows[&at] + 1);
                found.push(Chain { from, to: rows[&joined] + 1, values: values.clone() });
                open.extend(values);
            }
        }
    }
    found
}
