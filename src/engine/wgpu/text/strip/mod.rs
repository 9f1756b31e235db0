//! Contractions by strips (see [`Strip`]): `stage` brings operands into workgroup memory, `products`
//! multiplies them there, `pixels` says which pixel of the result a row of the tile is.

use crate::engine::wgpu::cut::{Contraction, Strip};
use crate::engine::wgpu::kernel::Moment;

use super::ahead::Ahead;
use super::columns::{columns, workgroup_memory};
use super::epilogue::{elements, epilogue, own_index, raw_arguments};
use super::groups;
use super::map::constants;
use super::template::{STRIP, fill, threads};
use super::writer::Writer;

pub(super) mod fours;
pub(super) mod left;
pub(super) mod pixels;
pub(super) mod products;
pub(super) mod stage;

use stage::Operands;

/// The module.
pub(super) fn strip(writer: &mut Writer, it: &Contraction, strip: &Strip) -> String {
    let operands = Operands::new(writer, it, strip);
    let left = operands.left.functions(writer);
    let right = operands.right_functions(writer, it);
    let results = Results::new(writer, strip);
    let (results_text, columns) = (results.functions(writer, it), columns(writer));
    let elements = elements(writer, &|r| results.arguments(strip, r));
    let mut hooks = vec![
        ("constants", constants(writer) + &stage::constants(writer, it, strip)),
        ("memory", products::memory(strip)),
        ("functions", workgroup_memory(writer)),
        ("left", left),
        ("right", right),
        ("pixel", pixels::pixel(strip)),
        ("epilogue", results_text),
        ("entry", format!("@compute @workgroup_size({})\n", writer.cut.threads())),
        ("places", pixels::places(strip) + &operands.left.places()),
        ("accumulators", products::accumulators(strip)),
        ("body", operands.body(it, &results.asked(writer, strip))),
        ("elements", products::gather(strip) + results.barrier(writer, strip) + &elements),
        ("columns", columns),
    ];
    let channels = groups::channels(&writer.cut);
    hooks.extend(channels.map(|(hook, text)| (hook, text + groups::LEFT)));
    hooks.extend(threads(writer));
    fill(STRIP, &hooks)
}

/// What becomes of the sums, and what that reads, which subgroups ask for before the last products.
struct Results {
    ahead: Ahead,
}

impl Results {
    fn new(writer: &mut Writer, strip: &Strip) -> Self {
        let kernel = writer.kernel;
        let stored = kernel.stores.iter().filter(|s| s.at == Moment::Epilogue);
        let roots: Vec<_> = stored.map(|s| s.value).chain(kernel.summed()).collect();
        let at = own_index(writer);
        writer.take();
        // Threads that multiply have no registers to spare.
        let roots = if strip.by_matrices() { roots } else { Vec::new() };
        Self { ahead: Ahead::of(writer, "results", &roots, &[at]) }
    }

    fn functions(&self, writer: &mut Writer, it: &Contraction) -> String {
        let raw = raw_arguments(&[it.node], writer.cut.width);
        if !self.ahead.is_empty() {
            own_index(writer);
        }
        let clamped =
            "    let row = min(any_row, ROWS - 1u);\n    let col = min(any_col, COLS - WIDTH);\n";
        let fetch = self.ahead.declaration(writer, "any_row: u32, any_col: u32", clamped);
        let arguments = raw + &self.ahead.parameter();
        fetch + &epilogue(writer, &arguments, &mut |writer, _| self.ahead.know(writer))
    }

    /// The rows of a thread's elements, and what they read. Who has no element reads the strip's
    /// first, which may be overwritten by its own workgroup alone, after a barrier.
    fn asked(&self, writer: &Writer, strip: &Strip) -> String {
        let row = |r| {
            format!("let row{r} = pixel({}, {});\n", products::tile_row(strip, r), pixels::FIRST)
        };
        let all = 0..writer.cut.per_thread;
        let rows: String = all.clone().map(row).collect();
        if self.ahead.is_empty() {
            return rows;
        }
        if !is_ragged(writer, strip) {
            let ask = |r| format!("let ahead{r} = fetch_results(row{r}, col);\n");
            return rows + &all.map(ask).collect::<String>();
        }
        let first = format!(
            "let strip_row = pixel(0u, {});\nlet strip_col = select(first_col, col, col < COLS);\n",
            pixels::FIRST
        );
        let ask = |r| {
            format!(
                "let ahead{r} = fetch_results(select(strip_row, row{r}, row{r} < ROWS), strip_col);\n"
            )
        };
        rows + &first + &all.map(ask).collect::<String>()
    }

    /// The barrier behind which what somebody without an element has read is overwritten.
    fn barrier(&self, writer: &Writer, strip: &Strip) -> &'static str {
        let reads = !self.ahead.is_empty() && is_ragged(writer, strip);
        if reads { "storageBarrier();\n" } else { "" }
    }

    /// What `epilogue` is given of element `r`.
    fn arguments(&self, strip: &Strip, r: usize) -> String {
        let ahead = self.ahead.argument(&format!("ahead{r}"));
        format!(", {}{ahead}", products::sum(strip, r))
    }
}

/// Whether some threads of some workgroups have no element.
fn is_ragged(writer: &Writer, strip: &Strip) -> bool {
    let cut = &writer.cut;
    let rows = strip.tiles().iter().product::<usize>() * strip.tile_rows();
    rows != cut.rows || !cut.group_cols().is_multiple_of(cut.tile_cols())
}
