//! The modules in `shaders/`, and how generated text takes the place of their hooks.
//!
//! A hook is what stands between `//@ begin NAME` and `//@ end`. Each module is valid as it is;
//! its hooks then do the simplest thing.

use super::writer::Writer;

/// Pointwise kernels, and those that loop for each element.
pub(super) const MAP: &str = include_str!("../../../../shaders/map.wgsl");
/// Convolutions and their gradients, through workgroup memory.
pub(super) const CONTRACT: &str = include_str!("../../../../shaders/contract.wgsl");
/// Convolutions and their gradients with respect to pictures, in registers.
pub(super) const SLIDE: &str = include_str!("../../../../shaders/slide.wgsl");
/// Weight gradients in registers.
pub(super) const SLIDE_WEIGHTS: &str = include_str!("../../../../shaders/slide_weights.wgsl");
/// Convolutions of single channels, and their gradients with respect to pictures.
pub(super) const DEPTHWISE: &str = include_str!("../../../../shaders/depthwise.wgsl");
/// Weight gradients of such convolutions.
pub(super) const DEPTHWISE_WEIGHTS: &str =
    include_str!("../../../../shaders/depthwise_weights.wgsl");
/// Pictures from bytes to numbers.
pub(super) const EXPAND: &str = include_str!("../../../../shaders/expand.wgsl");
/// Sums of partial sums.
pub(super) const SUMS: &str = include_str!("../../../../shaders/sums.wgsl");
/// Kernels that are alike, element by element.
pub(super) const FLAT: &str = include_str!("../../../../shaders/flat.wgsl");
/// A sum of all that lies side by side.
pub(super) const TOTAL: &str = include_str!("../../../../shaders/total.wgsl");
/// Convolutions, and their gradients with respect to pictures, by strips that are staged once.
pub(super) const STRIP: &str = include_str!("../../../../shaders/strip.wgsl");
/// Weight gradients by such strips.
pub(super) const STRIP_WEIGHTS: &str = include_str!("../../../../shaders/strip_weights.wgsl");

/// The module with these hooks replaced. Other hooks keep what they have, and stay hooks.
pub(super) fn fill(module: &str, hooks: &[(&str, String)]) -> String {
    let mut out = String::with_capacity(module.len() * 2);
    let mut replaced = false;
    for line in module.split_inclusive('\n') {
        let text = line.trim_start();
        let indent = &line[..line.len() - text.len()];
        let hook = text.strip_prefix("//@ begin ").map(str::trim_end);
        match hook.and_then(|name| hooks.iter().find(|(known, _)| *known == name)) {
            Some((_, body)) => {
                replaced = true;
                body.lines().for_each(|line| out.extend([indent, line, "\n"]));
            }
            None if text.starts_with("//@ end") && replaced => replaced = false,
            None if !replaced => out.push_str(line),
            None => {}
        }
    }
    out
}

/// The finished text: the hook for bindings, which are known last, is filled, what marks hooks is
/// left out, and extensions are enabled that it uses.
pub(super) fn finish(module: &str, declarations: String) -> String {
    let text = fill(module, &[("bindings", declarations)]);
    let extensions = [("f16", "f16"), ("coop_mat", "wgpu_cooperative_matrix")];
    let used = extensions.iter().filter(|(word, _)| text.contains(word));
    let mut enabled: String = used.map(|(_, name)| format!("enable {name};\n")).collect();
    if !enabled.is_empty() {
        enabled.push('\n');
    }
    let lines = text.split_inclusive('\n').filter(|line| !line.trim_start().starts_with("//@"));
    std::iter::once(enabled.as_str()).chain(lines).collect()
}

/// The hooks that number a workgroup's threads, so that those of a subgroup are neighbours where
/// it matters.
pub(super) fn threads(writer: &Writer) -> Vec<(&'static str, String)> {
    let sums = !writer.kernel.columns.is_empty() || writer.cut.slices() > 1;
    let adds = sums && writer.plan.target.capabilities.subgroups;
    if !adds && !writer.cut.by_matrices() {
        return Vec::new();
    }
    let builtins = "@builtin(subgroup_id) subgroup: u32,
@builtin(subgroup_size) widest: u32,
@builtin(subgroup_invocation_id) invocation: u32,
";
    // A subgroup may have room for more threads than there are.
    let thread = format!(
        "let size = min(widest, {}u);
let thread = subgroup * size + invocation;
",
        writer.cut.threads()
    );
    vec![("builtins", builtins.to_owned()), ("thread", thread)]
}

/// A loop's bound that keeps it a loop: drivers write out some thirty turns of one whose number
/// they know, and compile them all. `index` lies below `extent`, so that the quotient is zero.
pub(super) fn rolled(turns: &str, [index, extent]: [&str; 2]) -> String {
    format!("{turns} + {index} / {extent}")
}

/// Functions that expressions may call.
const LIBRARY: &str = include_str!("../../../../shaders/library.wgsl");
/// Functions that write half precision.
const HALF: &str = include_str!("../../../../shaders/half.wgsl");

/// The library's functions that `text` needs, those that they call themselves included.
pub(super) fn library(text: &str) -> String {
    let parts = LIBRARY.split("\n\n").chain(HALF.split("\n\n"));
    let functions: Vec<&str> = parts.filter(|f| f.starts_with("fn ")).collect();
    let name = |function: &str| function[3..].split('(').next().unwrap_or_default().to_owned();
    let mut needed: Vec<&str> = Vec::new();
    // A function calls only what stands before it.
    for function in functions.into_iter().rev() {
        let call = format!("{}(", name(function));
        if text.contains(&call) || needed.iter().any(|caller| caller.contains(&call)) {
            needed.push(function);
        }
    }
    needed.reverse();
    needed.iter().map(|f| format!("{}\n", f.trim_end())).collect()
}
