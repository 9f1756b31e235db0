//! Anchors that one thread computes with a loop: reductions inside an image, pooling windows and
//! their adjoint. Number 0 leaves its result in `raw0`, as a window does.

use crate::graph::PoolKind;
use crate::graph::{Axes, NodeId, Op, PoolGeometry, ReduceKind};

use super::scalar::type_name;
use super::template::rolled;
use super::writer::{At, Writer};

/// −∞, of which WGSL knows no literal.
const LOWEST: &str = "number(0xff800000u)";

/// Writes the statements that compute `node` at an index, as the kernel's anchor of this number.
pub(super) fn fold(writer: &mut Writer, node: NodeId, number: usize, at: &At) {
    let node = writer.program.graph.node(node);
    match node.op {
        Op::Reduce(kind, axes) => reduce(writer, node.args[0], (kind, axes), number, at),
        Op::Pool(geometry) => pool(writer, node.args[0], &geometry, at),
        Op::PoolDx(geometry) => pool_dx(writer, [node.args[0], node.args[1]], &geometry, at),
        Op::Input(_)
        | Op::Const(_)
        | Op::Unary(_)
        | Op::Binary(_)
        | Op::Broadcast
        | Op::Random { .. }
        | Op::Index
        | Op::Conv(_)
        | Op::ConvDx(_)
        | Op::ConvDw(_)
        | Op::Remap(_)
        | Op::Reshape
        | Op::Total
        | Op::Detach
        | Op::After => {}
    }
}

fn reduce(
    writer: &mut Writer,
    arg: NodeId,
    (kind, axes): (ReduceKind, Axes),
    number: usize,
    at: &At,
) {
    let (v, raw) = (type_name(at.width), format!("raw{number}"));
    match kind {
        ReduceKind::Sum => {
            writer.line(format!("var {raw} = {v}(0.0);"));
            over(writer, arg, axes, at, &format!("{raw} += VALUE;"));
        }
        ReduceKind::Max => {
            writer.line(format!("var {raw} = {v}({LOWEST});"));
            over(writer, arg, axes, at, &format!("{raw} = larger{}(VALUE, {raw});", at.width));
        }
        ReduceKind::M2 => {
            let extents = writer.program.graph.node(arg).ty.shape.0;
            let count: usize = (0..4).filter(|&a| axes.0[a]).map(|a| extents[a]).product();
            let (total, mean) = (format!("total{number}"), format!("mean{number}"));
            writer.line(format!("var {total} = {v}(0.0);"));
            over(writer, arg, axes, at, &format!("{total} += VALUE;"));
            writer.line(format!("let {mean} = {total} / {count}.0;"));
            writer.line(format!("var {raw} = {v}(0.0);"));
            let square = format!("{raw} += (VALUE - {mean}) * (VALUE - {mean});");
            over(writer, arg, axes, at, &square);
        }
    }
}

/// A loop over the reduced axes, with `VALUE` standing for the argument.
fn over(writer: &mut Writer, arg: NodeId, axes: Axes, at: &At, statement: &str) {
    let extents = writer.program.graph.node(arg).ty.shape.0;
    let reduced: Vec<usize> = (0..4).filter(|&a| axes.0[a] && extents[a] > 1).collect();
    let mut source = at.clone();
    for &a in &reduced {
        let name = ["rn", "ry", "rx", "rc"][a];
        open_loop(writer, name, extents[a], Some(&a) == reduced.last());
        source.axes[a] = name.to_owned();
    }
    let value = writer.value(arg, &source);
    writer.line(statement.replace("VALUE", &value));
    reduced.iter().for_each(|_| writer.close());
}

/// A loop, of which the driver may write out the turns if it is an innermost one.
pub(super) fn open_loop(writer: &mut Writer, name: &str, turns: usize, innermost: bool) {
    let turns = format!("{turns}u");
    let bound = if innermost { turns } else { rolled(&turns, ["row", "ROWS"]) };
    writer.open(format!("for (var {name} = 0u; {name} < {bound}; {name}++)"));
}

/// Loops over a window; inside, `iy` and `ix` are valid input indices.
fn open_window(writer: &mut Writer, geometry: &PoolGeometry, [y, x]: [&str; 2], prefix: &str) {
    for (a, axis, at) in [(0, "y", y), (1, "x", x)] {
        let [extent, stride, before] =
            [geometry.input[a], geometry.stride[a], geometry.padding[a][0]];
        let i = format!("{prefix}w{axis}");
        open_loop(writer, &i, geometry.window[a], axis == "x");
        writer.line(format!("let {prefix}i{axis} = {at} * {stride}u + {i} - {before}u;"));
        writer.open(format!("if ({prefix}i{axis} < {extent}u)"));
    }
}

fn close_window(writer: &mut Writer) {
    (0..4).for_each(|_| writer.close());
}

fn pool(writer: &mut Writer, arg: NodeId, geometry: &PoolGeometry, at: &At) {
    let v = type_name(at.width);
    let [n, y, x, c] = &at.axes;
    let start = match geometry.kind {
        PoolKind::Max => LOWEST,
        PoolKind::Avg => "0.0",
    };
    writer.line(format!("var window = {v}({start});"));
    let [y, x] = [y, x].map(|axis| variable(writer, axis));
    open_window(writer, geometry, [&y, &x], "");
    let value = writer.value(arg, &At::new([n, "iy", "ix", c], at.width));
    writer.line(match geometry.kind {
        PoolKind::Max => format!("window = larger{}({value}, window);", at.width),
        PoolKind::Avg => format!("window += {value};"),
    });
    close_window(writer);
    let area = geometry.area();
    writer.line(match geometry.kind {
        PoolKind::Max => "let raw0 = window;".to_owned(),
        PoolKind::Avg => format!("let raw0 = window / {area}.0;"),
    });
}

/// A literal zero as a value that is not folded, so that `0u - padding` wraps instead of being
/// refused.
fn variable(writer: &mut Writer, axis: &str) -> String {
    if axis != "0u" {
        return axis.to_owned();
    }
    writer.bind("row * 0u")
}

fn pool_dx(writer: &mut Writer, [arg, g]: [NodeId; 2], geometry: &PoolGeometry, at: &At) {
    let (wide, output) = (geometry.window[1], geometry.output());
    let v = type_name(at.width);
    let [n, y, x, c] = &at.axes;
    writer.line(format!("var raw0 = {v}(0.0);"));
    let [y, x] = [y, x].map(|axis| variable(writer, axis));
    for (a, axis, own) in [(0, "y", &y), (1, "x", &x)] {
        let [extent, stride, before] = [output[a], geometry.stride[a], geometry.padding[a][0]];
        let innermost = axis == "x" && geometry.kind == PoolKind::Avg;
        open_loop(writer, &format!("k{axis}"), geometry.window[a], innermost);
        writer.line(format!("let at{axis} = {own} + {before}u - k{axis};"));
        writer.line(format!("let o{axis} = at{axis} / {stride}u;"));
        writer.open(format!("if (at{axis} % {stride}u == 0u && o{axis} < {extent}u)"));
    }
    let out = At::new([n, "oy", "ox", c], at.width);
    match geometry.kind {
        PoolKind::Avg => {
            let gradient = writer.value(g, &out);
            writer.line(format!("raw0 += {gradient} / {}.0;", geometry.area()));
        }
        PoolKind::Max => {
            let index = if at.width == 4 { "vec4<u32>" } else { "u32" };
            writer.line(format!("var best = {v}({LOWEST});"));
            writer.line(format!("var first = {index}(0u);"));
            open_window(writer, geometry, ["oy", "ox"], "m");
            let value = writer.value(arg, &At::new([n, "miy", "mix", c], at.width));
            let width = at.width;
            writer.line(format!("let beats = beats{width}({value}, best);"));
            writer.line(format!("first = select(first, {index}(mwy * {wide}u + mwx), beats);"));
            writer.line(format!("best = larger{width}({value}, best);"));
            close_window(writer);
            let gradient = writer.value(g, &out);
            writer.line(format!(
                "raw0 += select({v}(0.0), {gradient}, first == {index}(ky * {wide}u + kx));"
            ));
        }
    }
    (0..4).for_each(|_| writer.close());
}
