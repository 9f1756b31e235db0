//! `rnetc check --summary`: layer by layer, what a network writes, holds and computes.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::cli::Failure;
use crate::cli::show::output::say;
use crate::drawing;
use crate::engine::cpu::explain;
use crate::export::{BuildOptions, Mode};
use crate::lower;
use crate::network::{self, Layer, ModuleId, Network, UnitId, UnitInstance, Value};
use crate::text::thousands;
use crate::train::updates;

/// A net in a few numbers.
#[derive(Serialize)]
pub struct Brief {
    /// Its spec, as it was named.
    pub spec: String,
    /// Its name.
    pub net: String,
    settings: BTreeMap<String, f64>,
    units: usize,
    #[serde(flatten, serialize_with = "by_both_names")]
    params: usize,
    macs: u64,
}

/// A net in numbers.
#[derive(Serialize)]
pub struct Summary {
    #[serde(flatten)]
    brief: Brief,
    /// In order of evaluation; of equal units one after the other, the first.
    layers: Vec<Row>,
    batch: usize,
    /// Bytes that the CPU engine keeps of a batch in f32, in training and in inference.
    training_bytes: usize,
    inference_bytes: usize,
}

/// A layer, or a run of equal units.
#[derive(Serialize)]
struct Row {
    /// The path of its weights, or the unit's name.
    name: String,
    what: String,
    /// Channels, rows, columns of what it writes.
    writes: [usize; 3],
    #[serde(flatten, serialize_with = "by_both_names")]
    params: usize,
    macs: u64,
    /// The unit that it stands in, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<usize>,
    /// Of a unit: how many equal ones stand here; parameters and products are those of all.
    #[serde(skip_serializing_if = "Option::is_none")]
    times: Option<usize>,
}

/// `params`, as everything that reports calls it, and `parameters`, as it was called here first.
fn by_both_names<S: Serializer>(params: &usize, to: S) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(Some(2))?;
    map.serialize_entry("params", params)?;
    map.serialize_entry("parameters", params)?;
    map.end()
}

impl Brief {
    /// Of a spec's network.
    pub fn of(spec: &str, network: &Network) -> Self {
        Self {
            spec: spec.to_string(),
            net: network.name.clone(),
            settings: network.settings.iter().cloned().collect(),
            units: network.units.len(),
            params: network.parameters(),
            macs: network.macs(),
        }
    }

    /// In words.
    pub fn counts(&self) -> String {
        format!(
            "{} units, {} parameters, {} multiply-adds an image",
            self.units,
            thousands(self.params),
            thousands(self.macs)
        )
    }
}

impl Summary {
    /// Of a spec's network, for a batch.
    pub fn of(spec: &str, network: &Network, batch: usize) -> Result<Self, Failure> {
        updates::check_ghosts(batch, network)?;
        let bytes = |mode| -> Result<usize, Failure> {
            let options = BuildOptions { mode, batch, ..BuildOptions::default() };
            Ok(explain::explain(&lower::program(network, batch, options.goal()))?.arena)
        };
        Ok(Self {
            brief: Brief::of(spec, network),
            layers: rows(network),
            batch,
            training_bytes: bytes(Mode::Train)?,
            inference_bytes: bytes(Mode::Infer)?,
        })
    }

    /// As a table.
    pub fn print(&self) {
        let settings = self.brief.settings.iter().map(|(name, value)| format!("{name} = {value}"));
        say(format_args!("{} ({})", self.brief.net, settings.collect::<Vec<_>>().join(", ")));
        let cells: Vec<[String; 5]> = std::iter::once(HEAD.map(String::from))
            .chain(self.layers.iter().map(Row::cells))
            .collect();
        let width = |at: usize| cells.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
        let [w0, w1, w2, w3, w4] = std::array::from_fn(width);
        for [name, what, writes, parameters, macs] in &cells {
            let line =
                format!("{name:w0$}  {what:w1$}  {writes:>w2$}  {parameters:>w3$}  {macs:>w4$}");
            say(line.trim_end());
        }
        say(self.brief.counts());
        let mib = |bytes: usize| bytes as f64 / f64::from(1 << 20);
        say(format_args!(
            "tensors of a batch of {} on the CPU in f32: {:.1} MiB in training, {:.1} MiB in inference",
            self.batch,
            mib(self.training_bytes),
            mib(self.inference_bytes)
        ));
    }
}

const HEAD: [&str; 5] = ["layer", "what", "writes", "parameters", "multiply-adds"];

impl Row {
    fn cells(&self) -> [String; 5] {
        let [c, h, w] = self.writes;
        let count = |n: u64| if n == 0 { String::new() } else { thousands(n) };
        let name = match (self.unit, self.times) {
            (Some(_), None) => format!("  {}", self.name),
            (_, _) => self.name.clone(),
        };
        let writes = format!("{c}×{h}×{w}");
        [name, self.what.clone(), writes, count(self.params as u64), count(self.macs)]
    }
}

/// Layers outside units, and units; of equal units one after the other only the first is opened.
fn rows(network: &Network) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut last: Option<(Vec<String>, usize)> = None;
    let mut counted = vec![false; network.modules.len()];
    let mut at = 0;
    while at < network.values.len() {
        let unit = network.values[at].unit;
        let end = at + network.values[at..].iter().take_while(|value| value.unit == unit).count();
        let values = network.values[at..end].iter();
        let layers: Vec<Row> =
            values.filter_map(|value| layer(network, value, &mut counted)).collect();
        match unit {
            None => {
                rows.extend(layers);
                last = None;
            }
            Some(unit) => {
                let looks: Vec<String> = layers.iter().map(Row::looks).collect();
                match &last {
                    Some((same, head)) if *same == looks => {
                        rows[*head].again(&network.units[unit.index()], &layers)
                    }
                    Some(_) | None => {
                        last = Some((looks, rows.len()));
                        rows.push(head(network, unit, &layers));
                        rows.extend(layers);
                    }
                }
            }
        }
        at = end;
    }
    rows
}

impl Row {
    /// What equal units have in common.
    fn looks(&self) -> String {
        format!("{} {:?} {}", self.what, self.writes, self.params)
    }

    /// One more equal unit.
    fn again(&mut self, unit: &UnitInstance, layers: &[Row]) {
        self.params += layers.iter().map(|row| row.params).sum::<usize>();
        self.macs += layers.iter().map(|row| row.macs).sum::<u64>();
        let times = self.times.unwrap_or(0) + 1;
        self.times = Some(times);
        self.name = format!("{} × {times}", unit.definition);
        self.what = format!("units {} to {}", unit.index + 1 - times, unit.index);
    }
}

fn head(network: &Network, unit: UnitId, layers: &[Row]) -> Row {
    let instance = &network.units[unit.index()];
    let shape = network.value(instance.output).shape;
    Row {
        name: instance.definition.clone(),
        what: format!("unit {}", instance.index),
        writes: [shape.c, shape.h, shape.w],
        params: layers.iter().map(|row| row.params).sum(),
        macs: layers.iter().map(|row| row.macs).sum(),
        unit: Some(instance.index),
        times: Some(1),
    }
}

/// A value that holds weights or changes its input's shape. Weights that several layers share are
/// `counted` at the first.
fn layer(network: &Network, value: &Value, counted: &mut [bool]) -> Option<Row> {
    let module = value.layer.module();
    let reads = value.args.first().map(|arg| network.value(*arg).shape);
    if module.is_none() && !matches!(value.layer, Layer::Input) && reads == Some(value.shape) {
        return None;
    }
    if matches!(value.layer, Layer::Const(_) | Layer::Binary(_)) {
        return None;
    }
    let shape = value.shape;
    let held = |module: ModuleId| match std::mem::replace(&mut counted[module.index()], true) {
        true => 0,
        false => network.module(module).kind.parameters(),
    };
    let params = module.map_or(0, held);
    Some(Row {
        name: module.map_or(String::new(), |module| network.module(module).name.clone()),
        what: drawing::label(network, value),
        writes: [shape.c, shape.h, shape.w],
        params,
        macs: network::macs(&network.modules, &value.layer, shape),
        unit: value.unit.map(|unit| unit.index() + 1),
        times: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_add_up_to_the_net_and_equal_units_stand_once() {
        let specs = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/specs")).unwrap();
        let specs = specs.map(|entry| entry.unwrap().path());
        for path in specs.filter(|path| path.extension().is_some_and(|ending| ending == "rnet")) {
            let spec = crate::api::Spec::new("a.rnet", std::fs::read_to_string(&path).unwrap());
            let network = spec.compile().unwrap();
            let rows = rows(&network);
            let whole = || rows.iter().filter(|row| row.unit.is_none() || row.times.is_some());
            let name = path.display();
            let parameters: usize = whole().map(|row| row.params).sum();
            assert_eq!(parameters, network.parameters(), "{name}");
            assert_eq!(whole().map(|row| row.macs).sum::<u64>(), network.macs(), "{name}");
            let units: usize = whole().filter_map(|row| row.times).sum();
            assert_eq!(units, network.units.len(), "{name}");
            let mut before = None;
            for part in rows.chunk_by(|_, row| row.unit.is_some() && row.times.is_none()) {
                let looks: Vec<String> = part.iter().skip(1).map(Row::looks).collect();
                let unit = part[0].times.map(|_| looks);
                assert!(unit.is_none() || unit != before, "{name}: {} again", part[0].what);
                before = unit;
            }
        }
    }

    #[test]
    fn shared_weights_are_counted_once() {
        let text =
            "net n(classes = 2) { input(4, 4, 4) -> u * 2 -> global_avg_pool -> linear(classes) }
            unit u { c = conv(1x1, 4)  F = c -> relu -> c  y = x + F(x) }";
        let network = crate::api::Spec::new("a.rnet", text).compile().unwrap();
        let rows = rows(&network);
        let unit = rows.iter().find(|row| row.times.is_some()).unwrap();
        assert_eq!((unit.times, unit.params, unit.macs), (Some(2), 32, 4 * 16 * 16));
        assert_eq!(unit.name, "u × 2");
    }
}
