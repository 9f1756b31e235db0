//! How contractions get their operands.

use crate::graph::{Graph, NodeId};

use super::window::Window;

/// How contractions get their operands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Through workgroup memory, inner loops written out, for GPUs.
    #[default]
    Staged,
    /// Where the shape allows, from memory into registers, each thread for a few neighbouring
    /// pixels, for software adapters: they read memory of any kind an element at a time, so that
    /// what counts is how often a number is used once it is there. Else through workgroup memory,
    /// in loops, which they compile three times as fast.
    Sliding,
}

impl Style {
    /// What suits an adapter.
    pub fn suited(software: bool) -> Self {
        if software { Style::Sliding } else { Style::Staged }
    }

    /// How a contraction slides, if it does. It then does nothing else: it reads tensors as they are,
    /// and stores its result. It loads a number several times, in text that is written out, and would
    /// compute it as often; and so most have the same text, which is compiled once.
    pub(super) fn window(self, graph: &Graph, node: NodeId) -> Option<Window> {
        match self {
            Style::Staged => None,
            Style::Sliding => Window::of(graph, node),
        }
    }
}
