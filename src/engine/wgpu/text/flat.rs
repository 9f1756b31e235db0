//! Dispatches of many kernels that are alike.

use crate::engine::EngineError;
use crate::engine::wgpu::cut::dispatch;
use crate::engine::wgpu::dispatch::FlatCut;
use crate::engine::wgpu::kernel::{Body, KernelId};
use crate::engine::wgpu::plan::GpuPlan;
use crate::graph::Program;

use super::bindings::Binding;
use super::epilogue::store_all;
use super::template::{FLAT, fill, finish, library};
use super::writer::{At, Writer};
use super::{KernelCode, bindings};

/// Numbers of a uniform buffer that every adapter binds.
const MOST_NUMBERS: usize = (64 << 10) / 4;

/// One kernel's text, but for what the number of instances decides, and its own numbers.
struct Instance {
    id: KernelId,
    text: String,
    declarations: String,
    bindings: Vec<Binding>,
    /// Whole groups of four.
    numbers: Vec<u32>,
    workgroups: usize,
}

impl Instance {
    fn fits(&self, other: &Self) -> bool {
        self.text == other.text
            && self.declarations == other.declarations
            && self.bindings == other.bindings
    }
}

/// Writes kernels that are planned as one dispatch: one for all that have equal text, which is one
/// unless there are more instances than a uniform buffer has room for.
pub(super) fn write(
    program: &Program,
    plan: &GpuPlan,
    ids: &[KernelId],
    cut: FlatCut,
) -> Result<Vec<KernelCode>, EngineError> {
    let mut all: Vec<Vec<Instance>> = Vec::new();
    for &id in ids {
        let new = instance(program, plan, id, cut)?;
        let room = |known: &&mut Vec<Instance>| {
            known[0].fits(&new) && (known.len() + 1) * new.numbers.len() <= MOST_NUMBERS
        };
        match all.iter_mut().find(room) {
            Some(known) => known.push(new),
            None => all.push(vec![new]),
        }
    }
    Ok(all.into_iter().map(|instances| together(instances, cut)).collect())
}

fn instance(
    program: &Program,
    plan: &GpuPlan,
    id: KernelId,
    cut: FlatCut,
) -> Result<Instance, EngineError> {
    let mut writer = Writer::new(program, plan, id);
    let elements = writer.kernel.domain.shape.len();
    let parts = match writer.kernel.body {
        Body::Gather(of) => plan.cuts[of.index()].splits,
        Body::Map
        | Body::Contract(_)
        | Body::Fold(_)
        | Body::Weights(_)
        | Body::Merge { .. }
        | Body::Total { .. }
        | Body::Ranks(_) => 0,
    };
    writer.bindings.instance([0, elements as u32, parts as u32]);
    let mut hooks = vec![("epilogue", epilogue(&mut writer))];
    hooks.push(("functions", memory(cut)));
    hooks.push(("parts", if parts > 0 { added(&mut writer, cut) } else { String::new() }));
    let raw = if parts > 0 { ", raw0" } else { "" };
    let keep = if cut.sums { "value = " } else { "" };
    hooks.push(("element", format!("{keep}epilogue(instance, col{raw});")));
    if cut.sums {
        hooks.push(("value", "var value = 0.0;".to_owned()));
        hooks.push(("sums", summed(&mut writer)));
    }
    if let Some(fault) = writer.fault() {
        return Err(EngineError::Internal(fault));
    }
    let text = fill(FLAT, &hooks);
    let declarations = writer.bindings.declare(&text);
    let (bindings, mut numbers) = writer.bindings.finish();
    numbers.resize(numbers.len().next_multiple_of(4), 0);
    let workgroups = cut.workgroups(elements);
    Ok(Instance { id, text, declarations, bindings, numbers, workgroups })
}

/// What becomes of an element.
fn epilogue(writer: &mut Writer) -> String {
    let at = At::new(["0u", "0u", "0u", "col"], 1);
    let sums: Vec<_> = writer.kernel.summed().iter().map(|&n| writer.value(n, &at)).collect();
    store_all(writer, &at);
    let mut result = "";
    for sum in sums {
        result = " -> f32";
        writer.line(format!("return {sum};"));
    }
    let raw = if writer.kernel.source().is_some() { ", raw0: f32" } else { "" };
    format!("fn epilogue(instance: u32, col: u32{raw}){result} {{\n{}}}\n", writer.take())
}

/// Adds the parts of an element: each slice every so many of them, four at a time; then slice by slice.
fn added(writer: &mut Writer, FlatCut { slices, .. }: FlatCut) -> String {
    let Some(place) = writer.kernel.source().and_then(|of| writer.plan.memory.partials[of.index()])
    else {
        return String::new();
    };
    let mut part = |k: &str| writer.bindings.load(place, &format!("({k}) * own.y + col"), 1);
    let [a, b, c, d] = ["k", "k + SLICES", "k + 2u * SLICES", "k + 3u * SLICES"].map(&mut part);
    let (name, join) = match slices {
        1 => ("raw0", ""),
        _ => (
            "part",
            "sums[thread] = part;
workgroupBarrier();
var raw0 = part;
for (var i = 1u; i < SLICES; i++) {
    raw0 += sums[(thread + i * ACROSS) % THREADS];
}
",
        ),
    };
    format!(
        "var {name} = 0.0;
if (col < own.y) {{
    var k = slice;
    for (; k + 3u * SLICES < own.z; k += 4u * SLICES) {{
        {name} += ({a} + {b}) + ({c} + {d});
    }}
    for (; k < own.z; k += SLICES) {{
        {name} += {a};
    }}
}}
{join}"
    )
}

/// Leaves the sum of the values of a workgroup, added up in a tree.
fn summed(writer: &mut Writer) -> String {
    let Some(place) = writer.partials else { return String::new() };
    let store = writer.bindings.store(place, "id - own.x", "sums[0]", 1);
    format!(
        "workgroupBarrier();
sums[thread] = value;
workgroupBarrier();
for (var half = ACROSS / 2u; half > 0u; half /= 2u) {{
    if (thread < half) {{
        sums[thread] += sums[thread + half];
    }}
    workgroupBarrier();
}}
if (thread == 0u) {{
    {store}
}}
"
    )
}

/// The memory through which slices and sums are joined.
fn memory(cut: FlatCut) -> String {
    if cut.workgroup_memory() == 0 {
        return String::new();
    }
    "var<workgroup> sums: array<f32, THREADS>;\n".to_owned()
}

/// Instances with equal text as one.
fn together(mut instances: Vec<Instance>, cut: FlatCut) -> KernelCode {
    let mut groups = 0;
    for instance in &mut instances {
        instance.numbers[0] = groups as u32;
        groups += instance.workgroups;
    }
    let Instance { text, declarations, bindings, numbers, .. } = &instances[0];
    let (count, stride) = (instances.len(), numbers.len() / 4);
    let constants = format!(
        "const INSTANCES = {count}u;
const HALF = {}u;
const STRIDE = {stride}u;
const GROUPS = {groups}u;
const ACROSS = {}u;
const SLICES = {}u;
const THREADS = {}u;
",
        count.next_power_of_two() / 2,
        cut.across,
        cut.slices,
        cut.threads()
    );
    let size = format!("@compute @workgroup_size({})", cut.threads());
    let text = fill(text, &[("constants", constants), ("size", size)]);
    let starts = bindings::starts(bindings.len() - 1, count * stride);
    let declarations = starts + declarations;
    let library = library(&(text.clone() + &declarations));
    KernelCode {
        kernels: instances.iter().map(|instance| instance.id).collect(),
        wgsl: finish(&text, declarations + &library),
        bindings: bindings.clone(),
        starts: instances.iter().flat_map(|instance| instance.numbers.clone()).collect(),
        workgroups: dispatch(groups),
    }
}
