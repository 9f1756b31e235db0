//! The text form of a plan, for a person who looks at a stage: its kernels, its memory.

use std::fmt::Write as _;

use crate::graph::{NodeId, Program};

use super::cut::{
    Blocking, DepthwiseBlocking, Multiply, Parts, Share, StripBlocking, TileBlocking, TileCut,
    Unit, WeightBlocking,
};
use super::dispatch::{Dispatch, FlatCut};
use super::kernel::{Body, Column, Kernel, KernelId, Moment, name};
use super::memory::live::{LiveRange, LiveRanges};
use super::memory::{BufferPlace, Slot};
use super::numbers::NumberFormat;
use super::plan::GpuPlan;

/// Every kernel in order of execution: its number and kind, its domain, what it computes; what it
/// reads (`.` after what each thread reads at its own index only), stores (`^` after what a prologue
/// stores) and sums for a merging kernel; how it is cut, or with which others it is one dispatch.
pub fn kernels(program: &Program, plan: &GpuPlan) -> String {
    let mut out = String::new();
    let each =
        plan.dispatches.iter().flat_map(|all| all.kernels().iter().map(move |id| (all, *id)));
    for (dispatch, id) in each {
        let kernel = &plan.kernels.list[id.index()];
        let title = name(program, &plan.kernels, id);
        let _ = writeln!(out, "{title}  {}{}", kernel.domain.shape, body(kernel));
        for (what, values) in [
            ("reads", reads(kernel)),
            ("stores", stores(program, kernel)),
            ("sums", sums(kernel)),
            (
                "cut",
                match dispatch {
                    Dispatch::One(_) => cut(kernel, &plan.cuts[id.index()]),
                    Dispatch::Flat(ids, flat) => flat_cut(plan, ids, flat, id),
                    Dispatch::Ranks(ids) => ranks(plan, ids, id),
                },
            ),
        ] {
            if !values.is_empty() {
                let _ = writeln!(out, "    {what:<7}{values}");
            }
        }
    }
    out
}

/// How kernels that are one dispatch are cut, in a line, which stands with the first.
pub fn flat_cut(plan: &GpuPlan, ids: &[KernelId], cut: &FlatCut, id: KernelId) -> String {
    if ids[0] != id {
        return format!("with {}", ids[0]);
    }
    let elements = ids.iter().map(|id| plan.kernels.list[id.index()].domain.shape.len());
    let groups: usize = elements.clone().map(|elements| cut.workgroups(elements)).sum();
    format!(
        "{} elements of {} kernels, {} a workgroup, {} threads for an element's parts; {groups} workgroups",
        elements.sum::<usize>(),
        ids.len(),
        cut.across,
        cut.slices
    )
}

/// How many numbers cross to other ranks together, in a line, which stands with the first.
pub fn ranks(plan: &GpuPlan, ids: &[KernelId], id: KernelId) -> String {
    if ids[0] != id {
        return format!("with {}", ids[0]);
    }
    let elements = ids.iter().map(|id| plan.kernels.list[id.index()].domain.shape.len());
    format!("{} numbers of {} values", elements.sum::<usize>(), ids.len())
}

fn body(kernel: &Kernel) -> String {
    match &kernel.body {
        Body::Map => String::new(),
        Body::Contract(node) | Body::Weights(node) => format!("  {node}"),
        Body::Fold(nodes) => format!("  {}", joined(nodes)),
        Body::Ranks(node) => format!("  {node}, of all ranks"),
        Body::Gather(of) => format!("  the parts of {of}"),
        Body::Merge { of, results } => format!("  {} from {of}", joined(results)),
        Body::Total { node, vectors, of } => {
            format!("  {node}, all of {} {}", joined(vectors), joined(of))
        }
    }
}

fn joined<T: std::fmt::Display>(all: &[T]) -> String {
    all.iter().map(T::to_string).collect::<Vec<_>>().join(" ")
}

fn reads(kernel: &Kernel) -> String {
    let read = kernel.reads.iter();
    let read = read.map(|r| format!("{}{}", r.value, if r.pointwise { "." } else { "" }));
    joined(&read.collect::<Vec<_>>())
}

fn stores(program: &Program, kernel: &Kernel) -> String {
    let one = |store: &super::kernel::KernelStore| {
        let at = match store.at {
            Moment::Prologue => "^",
            Moment::Epilogue => "",
        };
        let into = store.into.map(|input| format!(" into {}", program.graph.input(input).name));
        format!("{}{at}{}", store.value, into.unwrap_or_default())
    };
    joined(&kernel.stores.iter().map(one).collect::<Vec<_>>())
}

fn sums(kernel: &Kernel) -> String {
    let one = |column: &Column| match column {
        Column::Sum(node) => node.to_string(),
        Column::Squares(node) => format!("({node} - mean)²"),
    };
    joined(&kernel.columns.iter().map(one).collect::<Vec<_>>())
}

/// How a kernel is cut, in a line.
pub fn cut(kernel: &Kernel, cut: &TileCut) -> String {
    let TileCut { rows, cols, width, lanes, strips, per_thread, splits, .. } = *cut;
    let tiles = format!(
        "tiles of {}×{}, {strips}×{lanes} threads of {per_thread}×{width}",
        cut.tile_rows(),
        cut.tile_cols()
    );
    let how = match cut.multiply {
        _ if matches!(kernel.body, Body::Total { .. }) => "a workgroup".to_owned(),
        Multiply::Scalars => tiles,
        Multiply::Matrices(share) => format!(
            "{tiles}; {}×{} matrices of {edge}×{edge} a subgroup, {} side by side",
            share.down,
            share.across,
            share.side,
            edge = share.edge
        ),
        Multiply::Strips(strip) => {
            format!("{}, {} threads", blocked(&strip.blocking, strip.width), cut.threads())
        }
        Multiply::Weights(weights) => {
            format!("{}, {} threads", of_weights(&weights.blocking), cut.threads())
        }
        Multiply::Depthwise(depthwise) => {
            format!("{}, {} threads", of_blocks(&depthwise.blocking, kernel), cut.threads())
        }
        Multiply::Sliding(window) => format!(
            "{}×{} pixels a thread, {} times four channels, {}×{} threads side by side",
            window.down, window.across, window.blocks, window.side[0], window.side[1]
        ),
    };
    let mut out = format!("{rows}×{cols} in {how}");
    if splits > 1 {
        let _ = write!(out, "; {splits} ranges of images");
    }
    if let Some(Parts { count, slices, ways }) = cut.parts {
        let _ = write!(out, "; {count} parts an element for {slices} threads, {ways} at a time");
    }
    let _ = write!(out, "; {} workgroups", cut.workgroups(kernel));
    let counted = [
        (cut.workgroup_memory(kernel), "B of workgroup memory"),
        (cut.partials(kernel), "partial sums"),
    ];
    for (count, what) in counted.into_iter().filter(|(count, _)| *count > 0) {
        let _ = write!(out, ", {count} {what}");
    }
    out
}

/// A form of a contraction that tuning chooses among.
pub fn blocking(blocking: Blocking, kernel: &Kernel) -> String {
    match blocking {
        Blocking::Tile(TileBlocking { rows, lanes, matrices }) => {
            let by = if matrices { ", by matrices" } else { "" };
            format!("tiles of {rows} rows a thread, up to {lanes} threads side by side{by}")
        }
        Blocking::Strip(blocking) => {
            let width = if kernel.domain.shape.0[3].is_multiple_of(4) { 4 } else { 1 };
            blocked(&blocking, width)
        }
        Blocking::Weights(blocking) => of_weights(&blocking),
        Blocking::Depthwise(blocking) => of_blocks(&blocking, kernel),
    }
}

fn of_blocks(DepthwiseBlocking { rows, columns }: &DepthwiseBlocking, kernel: &Kernel) -> String {
    match kernel.body {
        Body::Weights(_) => {
            format!("single channels, {rows} rows of the kernel by {columns} pixels a thread")
        }
        Body::Map
        | Body::Contract(_)
        | Body::Fold(_)
        | Body::Gather(_)
        | Body::Merge { .. }
        | Body::Total { .. }
        | Body::Ranks(_) => format!("single channels, {rows}×{columns} pixels a thread"),
    }
}

fn of_weights(blocking: &WeightBlocking) -> String {
    let WeightBlocking { images, rows, columns, inputs, outputs, each, ahead, unit, slices } =
        blocking;
    let Unit { kernel_rows, down, across, pixels } = unit;
    let sums = match pixels {
        Some(pixels) => format!("{down}×{across} times 4×4 channels a thread, {pixels} pixels"),
        None => format!("{down}×{across} matrices a subgroup"),
    };
    let early = if *ahead { " ahead" } else { "" };
    format!(
        "{each} strips of {images}×{rows}×{columns} pixels{early} by {inputs}×{outputs} channels, {sums} at a time, {kernel_rows} rows of the kernel, {slices} slices"
    )
}

fn blocked(blocking: &StripBlocking, width: usize) -> String {
    let StripBlocking { images, rows, columns, channels, chunk, whole, ahead, share } = blocking;
    let share = match share {
        Share::Pixels(pixels) => format!("{pixels}×{width} a thread"),
        Share::Matrices { down, across } => format!("{down}×{across} matrices a subgroup"),
    };
    let early = if *ahead { " ahead" } else { "" };
    let weights = if *whole { "" } else { ", weights row by row" };
    format!(
        "strips of {images}×{rows}×{columns} pixels by {channels} channels, {chunk} at a time{early}{weights}, {share}"
    )
}

/// Every slot with its size and format, and who lives there from which kernel to which; then the
/// vectors, which begin where it is said in one buffer.
pub fn memory(program: &Program, plan: &GpuPlan) -> String {
    let mut tenants = tenants(program, plan);
    tenants.sort_by_key(|tenant| tenant.begins);
    let mut out = String::new();
    let living = |place: &dyn Fn(BufferPlace) -> bool| {
        let here = tenants.iter().filter(|tenant| place(tenant.place));
        here.map(Tenant::to_string).collect::<Vec<_>>().join(", ")
    };
    for (at, &slot) in plan.memory.slots.iter().enumerate() {
        let here = living(
            &|place| matches!(place, BufferPlace::Slot(slot) | BufferPlace::Part(slot, _) if slot.0 as usize == at),
        );
        let _ = writeln!(out, "slot{at}  {}: {here}", size(slot));
    }
    let vectors = Slot { len: plan.memory.vectors, format: NumberFormat::F32 };
    let _ = writeln!(out, "vectors  {}", size(vectors));
    let mut starts: Vec<usize> = tenants
        .iter()
        .filter_map(|tenant| match tenant.place {
            BufferPlace::Vector(start) => Some(start),
            BufferPlace::Slot(_) | BufferPlace::Part(..) => None,
        })
        .collect();
    starts.sort_unstable();
    starts.dedup();
    for start in starts {
        let _ = writeln!(out, "    {start}: {}", living(&|p| p == BufferPlace::Vector(start)));
    }
    out
}

fn size(Slot { len, format }: Slot) -> String {
    let kib = (len * format.bytes()) as f64 / 1024.0;
    let format = match format {
        NumberFormat::F32 => "f32",
        NumberFormat::F16 => "f16",
    };
    format!("{len} × {format}, {kib:.1} KiB")
}

/// What lives somewhere for a while, or throughout.
struct Tenant {
    who: String,
    place: BufferPlace,
    /// The place of the first dispatch, none of what lives throughout.
    begins: Option<usize>,
    /// The first and the last dispatch, by their first kernels.
    from: Option<KernelId>,
    until: Option<KernelId>,
}

impl std::fmt::Display for Tenant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.who)?;
        match (self.from, self.until) {
            (None, _) => Ok(()),
            (Some(from), Some(until)) => write!(f, " {from}–{until}"),
            (Some(from), None) => write!(f, " {from}–"),
        }
    }
}

fn tenants(program: &Program, plan: &GpuPlan) -> Vec<Tenant> {
    let live = LiveRanges::of(program, &plan.kernels, &plan.dispatches);
    let tenant = |who, place, live: Option<LiveRange>| {
        let kernel = |at: usize| plan.dispatches[at].kernels()[0];
        let from = live.map(|live| kernel(live.from));
        let until = live.and_then(|live| live.until).map(kernel);
        Tenant { who, place, begins: live.map(|live| live.from), from, until }
    };
    let inputs = plan.memory.inputs.iter().zip(&program.graph.inputs);
    let inputs = inputs.map(|(&place, input)| tenant(input.name.clone(), place, None));
    let nodes = plan.memory.nodes.iter().zip(&live.nodes).enumerate();
    let nodes = nodes.filter_map(|(at, (&place, &live))| {
        let who = NodeId(at as u32).to_string();
        Some(tenant(who, place?, Some(live?)))
    });
    let partials = plan.memory.partials.iter().zip(&live.partials).enumerate();
    let partials = partials.filter_map(|(at, (&place, &live))| {
        let who = format!("sums of k{at}");
        Some(tenant(who, place?, Some(live?)))
    });
    inputs.chain(nodes).chain(partials).collect()
}
