//! The sum of all that lies side by side.

use crate::engine::wgpu::kernel::KernelId;

use super::epilogue::{epilogue, raw_arguments};
use super::template::{TOTAL, fill};
use super::writer::Writer;

/// The module.
pub(super) fn total(writer: &mut Writer, id: KernelId) -> String {
    let results = writer.kernel.raw_values(&writer.plan.kernels.list);
    let text = epilogue(writer, &raw_arguments(&results, 1), &mut |_, _| {});
    let Some(&(place, entries)) = writer.plan.memory.totals.get(&id) else {
        results.iter().for_each(|&node| writer.refuse(node));
        return String::new();
    };
    let load = writer.bindings.load(place, "e", 1);
    let hooks = [
        ("constants", format!("const ROWS = 1u;\nconst COLS = 1u;\nconst ENTRIES = {entries}u;\n")),
        ("functions", format!("fn entry(e: u32) -> f32 {{\n    return {load};\n}}\n")),
        ("epilogue", text),
    ];
    fill(TOTAL, &hooks)
}
