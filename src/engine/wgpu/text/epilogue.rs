//! The function that each element goes through: stores, and values for per-tile sums.

use crate::engine::wgpu::cut::Style;
use crate::engine::wgpu::kernel::{Body, Column, Moment};
use crate::graph::NodeId;

use super::columns::sums_type;
use super::scalar::type_name;
use super::template::rolled;
use super::writer::{At, Writer};

/// Statements that give `n`, `y`, `x` for a row of a tensor with these extents.
pub(super) fn split_row(
    writer: &mut Writer,
    [n, h, w]: [usize; 3],
    names: [&str; 3],
) -> [String; 3] {
    let parts = [
        (n, format!("row / {}u", h * w)),
        (h, format!("row / {w}u % {h}u")),
        (w, format!("row % {w}u")),
    ];
    let mut out: [String; 3] = Default::default();
    for (axis, ((extent, text), name)) in parts.into_iter().zip(names).enumerate() {
        let plain = text.replace("row / 1u", "row");
        out[axis] = if extent == 1 { "0u".to_owned() } else { name.to_owned() };
        if extent > 1 {
            writer.line(format!("let {name} = {plain};"));
        }
    }
    out
}

/// The domain's own index, from `row` and `col`.
pub(super) fn own_index(writer: &mut Writer) -> At {
    let [n, h, w, _] = writer.kernel.domain.shape.0;
    let [n, y, x] = split_row(writer, [n, h, w], ["n", "y", "x"]);
    At { axes: [n, y, x, "col".to_owned()], width: writer.cut.width }
}

/// The function `epilogue`, with the type of what it returns. `raw` writes the statements that
/// compute the anchor where it is not handed over as an argument.
pub(super) fn epilogue(
    writer: &mut Writer,
    arguments: &str,
    raw: &mut dyn FnMut(&mut Writer, &At),
) -> String {
    let kernel = writer.kernel;
    let summed = kernel.summed();
    let v = type_name(writer.cut.width);
    if !summed.is_empty() {
        let zeros = vec![format!("{v}(0.0)"); summed.len()].join(", ");
        writer.line(format!("var sums = Sums({zeros});"));
    }
    writer.open("if (row < ROWS && col < COLS)");
    let at = own_index(writer);
    raw(writer, &at);
    let sums: Vec<_> = summed.iter().map(|&node| writer.value(node, &at)).collect();
    store_all(writer, &at);
    for (index, name) in sums.iter().enumerate() {
        writer.line(format!("sums.v{index} = {name};"));
    }
    writer.close();
    let result = if summed.is_empty() { "" } else { " -> Sums" };
    if !summed.is_empty() {
        writer.line("return sums;");
    }
    let body = writer.take();
    format!(
        "{}fn epilogue(row: u32, col: u32{arguments}){result} {{\n{body}}}\n",
        sums_type(&summed, v)
    )
}

/// Every value first, then every store: a store may overwrite what a value was read from.
pub(super) fn store_all(writer: &mut Writer, at: &At) {
    let mut stores = writer.kernel.stores.clone();
    stores.retain(|store| store.at == Moment::Epilogue);
    let values: Vec<_> = stores.iter().map(|s| writer.value(s.value, at)).collect();
    for (store, value) in stores.iter().zip(values) {
        let own = writer.plan.memory.nodes[store.value.index()];
        let place = match store.into {
            Some(input) => Some(writer.plan.memory.inputs[input.index()]),
            None => own,
        };
        if let Some(place) = place {
            let shape = writer.program.graph.node(store.value).ty.shape;
            writer.store(place, shape, at, &value);
        }
    }
}

/// The declaration of raw values as further arguments.
pub(super) fn raw_arguments(raw: &[NodeId], width: usize) -> String {
    let v = type_name(width);
    (0..raw.len()).map(|i| format!(", raw{i}: {v}")).collect()
}

/// The calls of `epilogue` for each row of a thread, `row0` and so on, keeping what is to be summed.
/// Rows that only what multiplies knows have their names before.
pub(super) fn elements(writer: &Writer, argument: &dyn Fn(usize) -> String) -> String {
    let per_thread = writer.cut.per_thread;
    let keeps = writer.kernel.columns.iter().any(|c| matches!(c, Column::Sum(_)));
    let contracts = matches!(writer.kernel.body, Body::Contract(_) | Body::Weights(_));
    if writer.plan.target.style == Style::Sliding && !contracts && !keeps && per_thread > 1 {
        let bound = rolled(&format!("{per_thread}u"), ["id", "GROUPS"]);
        return format!(
            "for (var r = 0u; r < {bound}; r++) {{
    epilogue(row + r * STRIPS, col);
}}
"
        );
    }
    let named = writer.cut.names_rows();
    (0..per_thread)
        .map(|r| {
            let keep = if keeps { format!("let s{r} = ") } else { String::new() };
            let row =
                if named { String::new() } else { format!("let row{r} = row + {r}u * STRIPS;\n") };
            format!("{row}{keep}epilogue(row{r}, col{});\n", argument(r))
        })
        .collect()
}
