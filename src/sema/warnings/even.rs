//! Warnings about even kernels that make the picture larger.

use std::collections::HashSet;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::network::{Layer, ModuleKind, Network};

/// Each convolution whose kernel is even and whose padding, half of it, adds a row or a column.
pub fn warnings(network: &Network) -> Vec<Diagnostic> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for value in &network.values {
        let Layer::Conv { module, .. } = value.layer else { continue };
        let ModuleKind::Conv { kernel: [rows, columns], .. } = network.module(module).kind else {
            continue;
        };
        let Some(&read) = value.args.first() else { continue };
        let (before, after) = (network.value(read).shape, value.shape);
        let grows = after.h > before.h && rows % 2 == 0 || after.w > before.w && columns % 2 == 0;
        if !grows || !seen.insert(value.span) {
            continue;
        }
        let text = format!(
            "a {rows}×{columns} kernel makes {}×{} pixels {}×{}",
            before.h, before.w, after.h, after.w
        );
        let warning = Diagnostic::error(Code::EvenKernel, value.span, text)
            .label("half an even kernel is padded on each side")
            .hint("an odd kernel keeps the size; with padding: 0 an even one makes it smaller");
        found.push(Diagnostic { severity: Severity::Warning, ..warning });
    }
    found
}
