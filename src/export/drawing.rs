//! `graph.svg`: the net from top to bottom, and each kind of unit as the papers draw it, the
//! shortcut as the straight spine, the branches beside it, the addition, f after it.

use std::collections::HashMap;
use std::fmt::Write;

use super::figure::{BOX_HEIGHT, BOX_WIDTH, COLUMN, Figure, ROW};
use crate::sema::network::{BinaryOp, Layer, Network, UnitId, UnitInstance, Value, ValueId};

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
            labels.push((format!("{}{times}  {shape}", instance.definition), true));
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
                labels.push((format!("{}  {}", label(network, value), value.shape), false));
            }
        }
    }
    close(&mut run, &mut labels);
    figure.title(0.0, &format!("{}: {} parameters", network.name, network.parameters()));
    let wide = 1.6 * COLUMN;
    for (row, (text, unit)) in labels.iter().enumerate() {
        let y = (row + 1) as f64 * ROW;
        if row > 0 {
            figure.arrow((wide / 2.0, y - ROW + BOX_HEIGHT), (wide / 2.0, y));
        }
        figure.boxed((0.0, y), wide, text, if *unit { "unit" } else { "layer" });
    }
    (labels.len() + 1) as f64 * ROW
}

/// Where a value of a unit is drawn.
#[derive(Clone, Copy)]
struct Cell {
    column: usize,
    row: usize,
}

/// One kind of unit, at `left`. Returns its width and its lowest point.
fn unit(figure: &mut Figure, network: &Network, kind: &Kind, left: f64) -> (f64, f64) {
    let id = kind.members[0];
    let instance = &network.units[id.index()];
    let cells = layout(network, id, instance);
    let columns = cells.values().map(|c| c.column).max().unwrap_or(0) + 1;
    let rows = cells.values().map(|c| c.row).max().unwrap_or(0) + 1;
    let width = columns as f64 * COLUMN;
    let at = |cell: Cell| (left + cell.column as f64 * COLUMN, (cell.row + 1) as f64 * ROW);
    let count = match kind.members.len() {
        1 => String::new(),
        n => format!(" ({n} of them)"),
    };
    figure.title(left, &format!("{}{count}", kind.title));
    for (&value, &cell) in &cells {
        let to = at(cell);
        for argument in &network.value(value).args {
            if let Some(&from) = cells.get(argument) {
                let (x, y) = at(from);
                let start = (x + BOX_WIDTH / 2.0, y + BOX_HEIGHT);
                figure.arrow(start, (to.0 + BOX_WIDTH / 2.0, to.1));
            }
        }
    }
    for (&value, &cell) in &cells {
        let class = match (value == instance.input, &network.value(value).layer) {
            (true, _) => "input",
            (false, Layer::Binary(_)) => "sum",
            (false, _) => "layer",
        };
        let text = if value == instance.input {
            format!("x  {}", network.value(value).shape)
        } else {
            label(network, network.value(value))
        };
        figure.boxed(at(cell), BOX_WIDTH, &text, class);
    }
    for (name, value) in &instance.bindings {
        if let Some(&cell) = cells.get(value) {
            let (x, y) = at(cell);
            figure.note((x + BOX_WIDTH + 4.0, y + BOX_HEIGHT), name);
        }
    }
    (width, (rows + 1) as f64 * ROW)
}

/// Rows by longest path from x; the shortcut's chain and what joins chains in column 0, each
/// further binding's chain in a column of its own.
fn layout(
    network: &Network,
    id: UnitId,
    instance: &UnitInstance,
) -> std::collections::BTreeMap<ValueId, Cell> {
    let mut cells = std::collections::BTreeMap::new();
    cells.insert(instance.input, Cell { column: 0, row: 0 });
    let own: Vec<ValueId> = (0..network.values.len() as u32)
        .map(ValueId)
        .filter(|&v| network.value(v).unit == Some(id))
        .filter(|&v| !matches!(network.value(v).layer, Layer::Const(_)))
        .collect();
    let columns = columns(network, instance, &own);
    for &value in &own {
        let row = network
            .value(value)
            .args
            .iter()
            .filter_map(|a| cells.get(a))
            .map(|c: &Cell| c.row + 1)
            .max()
            .unwrap_or(0);
        cells.insert(value, Cell { column: columns.get(&value).copied().unwrap_or(0), row });
    }
    cells
}

fn columns(network: &Network, instance: &UnitInstance, own: &[ValueId]) -> HashMap<ValueId, usize> {
    let mut columns = HashMap::new();
    let mut next = 1;
    for (name, end) in &instance.bindings {
        if name == "h" || name == "y" || name == "f" || *end == instance.sum {
            continue;
        }
        let mut at = *end;
        let mut used = false;
        while own.contains(&at) && !columns.contains_key(&at) {
            columns.insert(at, next);
            used = true;
            match network.value(at).args.as_slice() {
                [one] => at = *one,
                _ => break,
            }
        }
        next += usize::from(used);
    }
    columns
}

fn name(value: &Value) -> &'static str {
    match value.layer {
        Layer::Input => "input",
        Layer::Const(_) => "number",
        Layer::Conv { .. } => "conv",
        Layer::Linear { .. } => "linear",
        Layer::BatchNorm { .. } => "BN",
        Layer::Relu => "ReLU",
        Layer::Sigmoid => "sigmoid",
        Layer::Tanh => "tanh",
        Layer::Dropout { .. } => "dropout",
        Layer::DropPath { .. } => "drop path",
        Layer::Binary(BinaryOp::Add) => "+",
        Layer::Binary(BinaryOp::Sub) => "−",
        Layer::Binary(BinaryOp::Mul) => "×",
        Layer::Binary(BinaryOp::Div) => "÷",
        Layer::GlobalAvgPool => "global average pool",
        Layer::Pool { .. } => "pool",
        Layer::Subsample { .. } => "subsample",
        Layer::PadChannels { .. } => "pad channels",
    }
}

/// A layer with its numbers, and the constant operand of arithmetic.
fn label(network: &Network, value: &Value) -> String {
    use crate::sema::network::ModuleKind;
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
        Layer::Subsample { stride } => format!("subsample /{stride}"),
        Layer::PadChannels { channels } => format!("pad to {channels}"),
        Layer::Binary(_) => {
            let constant =
                value.args.iter().enumerate().find_map(|(side, &a)| match network.value(a).layer {
                    Layer::Const(number) => Some((side, number)),
                    _ => None,
                });
            match constant {
                Some((0, number)) => format!("{number} {} ·", name(value)),
                Some((_, number)) => format!("· {} {number}", name(value)),
                None => name(value).to_string(),
            }
        }
        Layer::Input
        | Layer::Const(_)
        | Layer::BatchNorm { .. }
        | Layer::Relu
        | Layer::Sigmoid
        | Layer::Tanh
        | Layer::GlobalAvgPool
        | Layer::Pool { .. } => name(value).to_string(),
    }
}
