//! Kernels that add up partial sums: the parts of a weight gradient, and per-tile sums into
//! reductions.

use crate::engine::wgpu::cut::{Parts, TileCut};
use crate::engine::wgpu::kernel::{Body, Column, KernelId};
use crate::graph::{NodeId, Op, ReduceKind};

use super::columns::{columns, partial_at, workgroup_memory};
use super::epilogue::{elements, epilogue, raw_arguments};
use super::map::constants;
use super::template::{SUMS, fill, threads};
use super::writer::Writer;

/// The module.
pub(super) fn sums(writer: &mut Writer) -> String {
    let kernel = writer.kernel;
    let (Some(of), Some(parts)) = (kernel.source(), writer.cut.parts) else {
        return String::new();
    };
    let results = kernel.raw_values(&writer.plan.kernels.list);
    let raw = raw_arguments(&results, writer.cut.width);
    let epilogue = epilogue(writer, &raw, &mut |_, _| {});
    let quantities = match kernel.body {
        Body::Merge { .. } => merged(writer, of, parts, &results),
        Body::Map
        | Body::Contract(_)
        | Body::Fold(_)
        | Body::Weights(_)
        | Body::Gather(_)
        | Body::Total { .. }
        | Body::Ranks(_) => {
            vec![gathered(writer, of, parts)]
        }
    };
    let arguments: String = (0..results.len()).map(|i| format!(", raw{i}")).collect();
    let mut hooks = vec![
        ("constants", constants(writer) + &more_constants(parts)),
        ("memory", memory(writer, parts)),
        ("functions", quantities.iter().map(|q| q.function.as_str()).collect()),
        ("epilogue", epilogue),
        ("sums", all(writer, parts, &quantities)),
        ("elements", elements(writer, &|_| arguments.clone())),
        ("columns", columns(writer)),
    ];
    if let Body::Gather(_) = kernel.body {
        hooks.push(("moments", String::new()));
    }
    hooks.extend(threads(writer));
    fill(SUMS, &hooks)
}

fn more_constants(Parts { count, slices, .. }: Parts) -> String {
    format!(
        "const PARTS = {count}u;
const SLICES = {slices}u;
const ACROSS = LANES * STRIPS;
const THREADS = ACROSS * SLICES;
"
    )
}

fn memory(writer: &Writer, parts: Parts) -> String {
    let joined = match writer.kernel.body {
        _ if parts.slices == 1 => "",
        Body::Merge { .. } => {
            "var<workgroup> sums: array<V, THREADS>;
var<workgroup> moments: array<Moments, THREADS>;
"
        }
        Body::Map
        | Body::Contract(_)
        | Body::Fold(_)
        | Body::Weights(_)
        | Body::Gather(_)
        | Body::Total { .. }
        | Body::Ranks(_) => "var<workgroup> sums: array<V, THREADS>;\n",
    };
    joined.to_owned() + &workgroup_memory(writer)
}

/// What is added up for each element.
struct Quantity {
    /// Its own number.
    number: usize,
    /// Whether it is a count, a sum and squared distances, rather than a sum.
    moments: bool,
    /// The function `part…` of a part's number and an element.
    function: String,
    /// The results that it holds, by their number, and where it holds them.
    results: Vec<(usize, &'static str)>,
}

/// The parts of a weight gradient.
fn gathered(writer: &mut Writer, of: KernelId, parts: Parts) -> Quantity {
    let TileCut { rows, cols, width, .. } = writer.cut;
    let load = match writer.plan.memory.partials[of.index()] {
        Some(place) => {
            let at = format!("at * {}u + row * {cols}u + col", rows * cols);
            writer.bindings.load(place, &at, width)
        }
        None => "V(0.0)".to_owned(),
    };
    let function = function(parts, 0, "V", "", &|inside| inside("V(0.0)", &load));
    Quantity { number: 0, moments: false, function, results: vec![(0, "")] }
}

/// The reductions of each value: with its second moment, its sum is known.
fn merged(writer: &mut Writer, of: KernelId, parts: Parts, results: &[NodeId]) -> Vec<Quantity> {
    let graph = &writer.program.graph;
    let squares = |result: NodeId| matches!(graph.node(result).op, Op::Reduce(ReduceKind::M2, _));
    let mut values: Vec<NodeId> = Vec::new();
    for value in results.iter().map(|result| graph.node(*result).args[0]) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    let one = |(number, value): (usize, NodeId)| {
        let own = results.iter().enumerate().filter(|(_, r)| graph.node(**r).args[0] == value);
        let moments = own.clone().any(|(_, result)| squares(*result));
        let field = |result: NodeId| match (moments, squares(result)) {
            (false, _) => "",
            (true, false) => ".sum",
            (true, true) => ".squares",
        };
        let results = own.map(|(at, result)| (at, field(*result))).collect();
        let function = of_tile(writer, of, parts, (number, value), moments);
        Quantity { number, moments, function, results }
    };
    values.into_iter().enumerate().map(one).collect()
}

/// What a tile has left of a value.
fn of_tile(
    writer: &mut Writer,
    of: KernelId,
    parts: Parts,
    (number, value): (usize, NodeId),
    moments: bool,
) -> String {
    let (source, tile) = (&writer.plan.kernels.list[of.index()], writer.plan.cuts[of.index()]);
    let partials = writer.plan.memory.partials[of.index()];
    let mut load = |column: Column| {
        let Some((place, column)) = partials.zip(source.column_index(column)) else {
            return "0.0".to_owned();
        };
        let at = format!("{} + channel", partial_at(&tile, source, column));
        writer.bindings.load(place, &at, 1)
    };
    let sum = load(Column::Sum(value));
    // A reduction that also takes in the channels has a part for each tile and channel.
    let channels = tile.cols / writer.cut.cols;
    let place = if channels > 1 {
        format!("    let tile = at / {channels}u;\n    let channel = at % {channels}u;\n")
    } else {
        "    let tile = at;\n    let channel = col;\n".to_owned()
    };
    if !moments {
        return function(parts, number, "V", &place, &|inside| inside("0.0", &sum));
    }
    let second = load(Column::Squares(value));
    let all = [tile.rows_of("tile"), sum, second];
    function(parts, number, "Moments", &place, &|inside| {
        format!("Moments({})", all.each_ref().map(|field| inside("0.0", field)).join(", "))
    })
}

/// A zero, and what is loaded instead of it where there is such a part.
type OrZero<'a> = &'a dyn Fn(&str, &str) -> String;

/// The function of a part. Where threads do not all have as many, those beyond the last are zero,
/// and read the last: a branch would have loads wait for each other.
fn function(
    parts: Parts,
    number: usize,
    of: &str,
    place: &str,
    value: &dyn Fn(OrZero) -> String,
) -> String {
    let (at, value) = if parts.is_even() {
        ("part", value(&|_, load| load.to_owned()))
    } else {
        let inside = |zero: &str, load: &str| format!("select({zero}, {load}, part < PARTS)");
        ("min(part, PARTS - 1u)", value(&inside))
    };
    format!(
        "fn part{number}(part: u32, row: u32, col: u32) -> {of} {{
    let at = {at};
{place}    return {value};
}}
"
    )
}

/// Every thread's share of every quantity, then the slices of one after the other.
fn all(writer: &Writer, parts: Parts, quantities: &[Quantity]) -> String {
    let mut out = String::new();
    for quantity in quantities {
        for own in quantity.shares(parts) {
            out += &format!("var {own} = {};\n", quantity.zero());
        }
    }
    let (mut loads, mut sums) = (String::new(), String::new());
    for quantity in quantities {
        for (way, own) in quantity.shares(parts).iter().enumerate() {
            let number = quantity.number;
            let part = if way == 0 { "part".into() } else { format!("part + {way}u * SLICES") };
            let next = format!("next{number}_{way}");
            loads += &format!("    let {next} = part{number}({part}, read_row, read_col);\n");
            sums += &format!("    {own} = {};\n", quantity.joined(own, &next));
        }
    }
    let step = parts.ways;
    out += &format!(
        "for (var part = slice; part < PARTS; part += {step}u * SLICES) {{\n{loads}{sums}}}\n"
    );
    let subgroups = writer.plan.target.capabilities.subgroups;
    for quantity in quantities {
        let shares = quantity.shares(parts);
        out += &format!("var sum{} = {};\n", quantity.number, quantity.pairs(&shares));
        match (parts.slices, subgroups) {
            (1, _) => {}
            (_, false) => out += &quantity.in_memory(),
            (_, true) => out += &quantity.in_subgroups(),
        }
        for (result, field) in &quantity.results {
            out += &format!("let raw{result} = sum{}{field};\n", quantity.number);
        }
    }
    out
}

impl Quantity {
    /// The sums of a thread, one for each part that is under way.
    fn shares(&self, parts: Parts) -> Vec<String> {
        (0..parts.ways).map(|way| format!("own{}_{way}", self.number)).collect()
    }

    fn zero(&self) -> &'static str {
        if self.moments { "Moments(0.0, 0.0, 0.0)" } else { "V(0.0)" }
    }

    fn memory(&self) -> &'static str {
        if self.moments { "moments" } else { "sums" }
    }

    fn joined(&self, a: &str, b: &str) -> String {
        if self.moments { format!("join({a}, {b})") } else { format!("{a} + {b}") }
    }

    /// A tree over a few of them.
    fn pairs(&self, all: &[String]) -> String {
        match all {
            [] => self.zero().to_owned(),
            [one] => one.clone(),
            more => {
                let (left, right) = more.split_at(more.len().div_ceil(2));
                let [left, right] = [left, right].map(|half| self.pairs(half));
                if self.moments {
                    self.joined(&left, &right)
                } else {
                    format!("({left} + {right})")
                }
            }
        }
    }

    /// The same of the thread of the subgroup at a distance.
    fn other(&self, own: &str) -> String {
        let of = |value: &str| format!("subgroupShuffleXor({value}, distance)");
        if !self.moments {
            return of(own);
        }
        let fields = ["count", "sum", "squares"].map(|field| of(&format!("{own}.{field}")));
        format!("Moments({})", fields.join(", "))
    }

    /// What keeps the memory that the quantity before has gone through.
    fn wait(&self) -> &'static str {
        if self.number > 0 { "workgroupBarrier();\n" } else { "" }
    }

    /// A tree over the slices through workgroup memory.
    fn in_memory(&self) -> String {
        let (sum, memory) = (format!("sum{}", self.number), self.memory());
        let [one, other] = ["thread", "thread + half * ACROSS"].map(|at| format!("{memory}[{at}]"));
        format!(
            "{}{memory}[thread] = {sum};
workgroupBarrier();
for (var half = SLICES / 2u; half > 0u; half /= 2u) {{
    if (slice < half) {{
        {memory}[thread] = {};
    }}
    workgroupBarrier();
}}
{sum} = {memory}[thread % ACROSS];
",
            self.wait(),
            self.joined(&one, &other)
        )
    }

    /// The same of a tree in each subgroup, whose results go through memory.
    fn in_subgroups(&self) -> String {
        let (sum, memory) = (format!("sum{}", self.number), self.memory());
        format!(
            "for (var distance = ACROSS; distance < size; distance *= 2u) {{
    {sum} = {};
}}
{}if (slice % max(size / ACROSS, 1u) == 0u) {{
    {memory}[slice / max(size / ACROSS, 1u) * ACROSS + thread % ACROSS] = {sum};
}}
workgroupBarrier();
{sum} = {memory}[thread % ACROSS];
for (var i = 1u; i < SLICES / max(size / ACROSS, 1u); i++) {{
    {sum} = {};
}}
",
            self.joined(&sum, &self.other(&sum)),
            self.wait(),
            self.joined(&sum, &format!("{memory}[i * ACROSS + thread % ACROSS]")),
        )
    }
}
