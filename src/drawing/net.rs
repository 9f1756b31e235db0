//! `graph.svg`: the net from top to bottom, and each kind of unit as the papers draw it, the
//! shortcut as the straight spine, the branches beside it, the addition, f after it.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use super::cells::{Cell, Cells};
use super::figure::{BOX_HEIGHT, BOX_WIDTH, COLUMN, Figure, ROW};
use crate::network::{BinaryOp, Layer, Network, PoolKind, UnitId, UnitInstance, Value, ValueId};

/// Between a layer and its shape: an em space, since pages join plain ones.
const GAP: char = '\u{2003}';
/// Room for a unit's title.
const TITLE: f64 = 330.0;

/// Draws a network.
pub fn svg(network: &Network) -> String {
    let mut figure = Figure::new();
    let kinds = kinds(network);
    let bottom = net(&mut figure, network, &kinds);
    let mut left = 2.0 * COLUMN;
    let mut lowest = bottom;
    for kind in &kinds {
        let (width, height) = unit(&mut figure, network, kind, left);
        left += width + 0.6 * COLUMN;
        lowest = lowest.max(height);
    }
    figure.finish(left, lowest + ROW, &network.name)
}

/// Units that look alike: same definition, same layers, same shapes.
struct Kind {
    title: String,
    members: Vec<UnitId>,
}

fn kinds(network: &Network) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    let mut by_look: HashMap<String, usize> = HashMap::new();
    for (at, unit) in network.units.iter().enumerate() {
        let id = UnitId(at as u32);
        let mut look = format!("{} {}", unit.definition, network.value(unit.input).shape);
        for value in network.values.iter().filter(|v| v.unit == Some(id)) {
            // Position-dependent numbers (stochastic depth) do not make another kind.
            let _ = write!(look, " {} {}", name(value), value.shape);
        }
        let next = kinds.len();
        let index = *by_look.entry(look).or_insert(next);
        if index == next {
            let (from, to) = (network.value(unit.input).shape, network.value(unit.output).shape);
            let title = format!("{}: {from} → {to}", unit.definition);
            kinds.push(Kind { title, members: Vec::new() });
        }
        kinds[index].members.push(id);
    }
    kinds
}

/// The net as one column: stem, runs of equal units, head. Returns the lowest point.
fn net(figure: &mut Figure, network: &Network, kinds: &[Kind]) -> f64 {
    let kind_of = |unit: UnitId| kinds.iter().position(|k| k.members.contains(&unit));
    let mut labels: Vec<(String, bool)> = Vec::new();
    let mut run: Option<(Option<usize>, UnitId, usize)> = None;
    let close = |run: &mut Option<(Option<usize>, UnitId, usize)>, labels: &mut Vec<_>| {
        if let Some((_, unit, count)) = run.take() {
            let instance = &network.units[unit.index()];
            let shape = network.value(instance.output).shape;
            let times = if count > 1 { format!(" × {count}") } else { String::new() };
            labels.push((format!("{}{times}{GAP}{shape}", instance.definition), true));
        }
    };
    let mut seen = None;
    for value in &network.values {
        match value.unit {
            Some(unit) if seen != Some(unit) => {
                seen = Some(unit);
                match &mut run {
                    Some((kind, _, count)) if *kind == kind_of(unit) => *count += 1,
                    _ => {
                        close(&mut run, &mut labels);
                        run = Some((kind_of(unit), unit, 1));
                    }
                }
            }
            Some(_) => {}
            None => {
                close(&mut run, &mut labels);
                labels.push((format!("{}{GAP}{}", label(network, value), value.shape), false));
            }
        }
    }
    close(&mut run, &mut labels);
    figure.title(0.0, &format!("{}: {} parameters", network.name, network.parameters()));
    let wide = 1.6 * COLUMN;
    for (row, (text, unit)) in labels.iter().enumerate() {
        let y = (row + 1) as f64 * ROW;
        if row > 0 {
            figure.arrow(&[(wide / 2.0, y - ROW + BOX_HEIGHT), (wide / 2.0, y)]);
        }
        figure.boxed((0.0, y), wide, text, if *unit { "unit" } else { "layer" });
    }
    (labels.len() + 1) as f64 * ROW
}

/// One kind of unit, at `left`. Returns its width and its lowest point.
fn unit(figure: &mut Figure, network: &Network, kind: &Kind, left: f64) -> (f64, f64) {
    let id = kind.members[0];
    let instance = &network.units[id.index()];
    let cells = Cells::new(network, id, instance);
    let [columns, rows] = cells.size();
    let count = match kind.members.len() {
        1 => String::new(),
        n => format!(" ({n} of them)"),
    };
    figure.title(left, &format!("{}{count}", kind.title));
    for (value, &to) in &cells.of {
        let args = network.value(*value).args.iter().filter(|_| *value != instance.input);
        for &from in args.filter_map(|argument| cells.of.get(argument)) {
            figure.arrow(&route(&cells, from, to, left));
        }
    }
    for (&value, &cell) in &cells.of {
        let class = match (value == instance.input, &network.value(value).layer) {
            (true, _) => "input",
            (false, Layer::Binary(_)) => "sum",
            (false, _) => "layer",
        };
        let text = if value == instance.input {
            format!("x{GAP}{}", network.value(value).shape)
        } else {
            label(network, network.value(value))
        };
        figure.boxed(corner(cell, left), BOX_WIDTH, &text, class);
    }
    for (value, names) in names(instance) {
        if let Some(&cell) = cells.of.get(&value) {
            let (x, y) = corner(cell, left);
            figure.note((x + BOX_WIDTH + 4.0, y + BOX_HEIGHT), &names);
        }
    }
    let width = columns as f64 * COLUMN;
    (width.max(TITLE), (rows + 1) as f64 * ROW)
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

fn corner(cell: Cell, left: f64) -> (f64, f64) {
    (left + cell.column as f64 * COLUMN, (cell.row + 1) as f64 * ROW)
}

/// Corners of an arrow that meets no box: down one of the two columns, or between columns.
fn route(cells: &Cells, from: Cell, to: Cell, left: f64) -> Vec<(f64, f64)> {
    let middle = |cell| {
        let (x, y) = corner(cell, left);
        (x + BOX_WIDTH / 2.0, y)
    };
    let ((x, y), (to_x, to_y)) = (middle(from), middle(to));
    let (start, end) = ((x, y + BOX_HEIGHT), (to_x, to_y));
    let (below, above) = (y + BOX_HEIGHT + 6.0, to_y - 9.0);
    let between = from.row + 1..to.row;
    let own = cells.clear(from.column, between.clone());
    match (from.column == to.column, own, cells.clear(to.column, between)) {
        (true, true, _) => vec![start, end],
        // What leaves the shortcut leaves it at once.
        (false, _, true) if from.column < to.column => {
            vec![start, (x, below), (to_x, below), end]
        }
        (false, true, _) => vec![start, (x, above), (to_x, above), end],
        (false, false, true) => vec![start, (x, below), (to_x, below), end],
        (true, false, _) | (false, false, false) => {
            let lane = x + COLUMN / 2.0;
            vec![start, (x, below), (lane, below), (lane, above), (to_x, above), end]
        }
    }
}

fn name(value: &Value) -> &'static str {
    match value.layer {
        Layer::Input => "input",
        Layer::Const(_) => "number",
        Layer::Conv { .. } => "conv",
        Layer::Linear { .. } => "linear",
        Layer::BatchNorm { .. } => "BN",
        Layer::Activation(activation) => activation.shown(),
        Layer::Dropout { .. } => "dropout",
        Layer::DropPath { .. } => "drop path",
        Layer::Live { .. } => "live",
        Layer::Binary(BinaryOp::Add) => "+",
        Layer::Binary(BinaryOp::Sub) => "−",
        Layer::Binary(BinaryOp::Mul) => "×",
        Layer::Binary(BinaryOp::Div) => "÷",
        Layer::GlobalAvgPool => "global avg pool",
        Layer::Pool { kind: PoolKind::Max, .. } => "max pool",
        Layer::Pool { kind: PoolKind::Avg, .. } => "avg pool",
        Layer::Subsample { .. } => "subsample",
        Layer::PadChannels { .. } => "pad channels",
    }
}

/// A layer with its numbers, and the constant operand of arithmetic.
pub fn label(network: &Network, value: &Value) -> String {
    use crate::network::ModuleKind;
    match value.layer {
        Layer::Conv { module, stride, .. } => match network.module(module).kind {
            ModuleKind::Conv { kernel: [h, w], outputs, .. } => {
                let stride = if stride > 1 { format!(" /{stride}") } else { String::new() };
                format!("{h}×{w} conv, {outputs}{stride}")
            }
            ModuleKind::BatchNorm { .. } | ModuleKind::Linear { .. } => name(value).to_string(),
        },
        Layer::Linear { .. } => format!("linear, {}", value.shape.c),
        Layer::Dropout { p, .. } | Layer::DropPath { p } => format!("{} {p:.2}", name(value)),
        Layer::Live { units, of, .. } => format!("{units} of {of} live"),
        Layer::Pool { window, stride, .. } => {
            format!("{window}×{window} {}, /{stride}", name(value))
        }
        Layer::Subsample { stride } => format!("subsample /{stride}"),
        Layer::PadChannels { channels } => format!("pad to {channels}"),
        Layer::Binary(_) => {
            let constant =
                value.args.iter().enumerate().find_map(|(side, &a)| match network.value(a).layer {
                    Layer::Const(number) => Some((side, number)),
                    _ => None,
                });
            match constant {
                Some((0, number)) => format!("{} {} ·", short(number), name(value)),
                Some((_, number)) => format!("· {} {}", name(value), short(number)),
                None => name(value).to_string(),
            }
        }
        Layer::Input
        | Layer::Const(_)
        | Layer::BatchNorm { .. }
        | Layer::Activation(_)
        | Layer::GlobalAvgPool => name(value).to_string(),
    }
}

fn short(number: f64) -> String {
    format!("{number:.3}").trim_end_matches('0').trim_end_matches('.').to_owned()
}
