//! Pointwise kernels, kernels that loop for each element, and sums of parts that one thread an
//! element adds up.

use crate::engine::wgpu::cut::TileCut;
use crate::engine::wgpu::kernel::Body;

use super::columns::{columns, workgroup_memory};
use super::epilogue::{elements, epilogue};
use super::fold::{fold, open_loop};
use super::scalar::type_name;
use super::template::{MAP, fill, threads};
use super::writer::{At, Writer};

/// The module.
pub(super) fn map(writer: &mut Writer) -> String {
    let body = writer.kernel.body.clone();
    let text = epilogue(writer, "", &mut |writer, at| match body {
        Body::Fold(ref nodes) => {
            nodes.iter().enumerate().for_each(|(number, &node)| fold(writer, node, number, at));
        }
        Body::Gather(_) => gather(writer, at),
        Body::Map
        | Body::Contract(_)
        | Body::Weights(_)
        | Body::Merge { .. }
        | Body::Total { .. }
        | Body::Ranks(_) => {}
    });
    let mut hooks = vec![
        ("constants", constants(writer)),
        ("functions", workgroup_memory(writer)),
        ("epilogue", text),
        ("elements", elements(writer, &|_| String::new())),
        ("columns", columns(writer)),
    ];
    hooks.extend(threads(writer));
    fill(MAP, &hooks)
}

/// The constants that both tiled skeletons have.
pub(super) fn constants(writer: &Writer) -> String {
    let (tile, groups) = (writer.cut, writer.cut.workgroups(writer.kernel));
    let TileCut { rows, cols, width, lanes, strips, .. } = tile;
    format!(
        "alias V = {};
const ROWS = {rows}u;
const COLS = {cols}u;
const WIDTH = {width}u;
const LANES = {lanes}u;
const STRIPS = {strips}u;
const TILE_ROWS = {}u;
const ROW_TILES = {}u;
const COL_TILES = {}u;
const GROUPS = {groups}u;
",
        type_name(width),
        tile.tile_rows(),
        tile.row_tiles(),
        tile.col_tiles(),
    )
}

/// Adds the parts of a split contraction in order.
fn gather(writer: &mut Writer, at: &At) {
    let Some(source) = writer.kernel.source() else { return };
    let Some(place) = writer.plan.memory.partials[source.index()] else { return };
    let parts = writer.cut.parts.map_or(1, |parts| parts.count);
    let shape = writer.kernel.domain.shape;
    let address = writer.address(shape, at);
    let v = type_name(at.width);
    let part = format!("{address} + split * {}u", shape.len());
    let load = writer.bindings.load(place, &part, at.width);
    writer.line(format!("var raw0 = {v}(0.0);"));
    open_loop(writer, "split", parts, false);
    writer.line(format!("raw0 += {load};"));
    writer.close();
}
