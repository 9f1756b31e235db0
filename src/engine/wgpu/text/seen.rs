//! Pixels by their number, and what a sliding contraction's window sees of them, as text.

use crate::engine::wgpu::cut::WindowReach;
use crate::graph::ConvGeometry;

use super::writer::Writer;

/// Statements that take a pixel's number apart. All three are variables, even where an extent is
/// one, so that index arithmetic on them is left to run time.
pub(super) fn pixel(writer: &mut Writer, name: &str, [_, h, w]: [usize; 3]) -> [String; 3] {
    [
        writer.bind(format!("{name} / {}u", h * w)),
        writer.bind(format!("{name} / {w}u % {h}u")),
        writer.bind(format!("{name} % {w}u")),
    ]
}

/// A row or a pixel that may lie outside: an index that can be read in any case, and the name of
/// the condition that what is read counts. Branches around loads cost as much as the loads.
pub(super) struct Seen {
    pub index: String,
    pub inside: String,
}

impl WindowReach {
    /// A name for the column from which a thread whose first pixel is `x` counts.
    pub(super) fn first(&self, writer: &mut Writer, x: &str) -> String {
        let stride = self.geometry.stride;
        writer.bind(if self.adjoint {
            format!("{x} / {stride}u")
        } else {
            format!("{x} * {stride}u")
        })
    }

    /// The row that row `y` sees at place `i` of the kernel, zero if there is none, and the
    /// condition that there is one.
    pub(super) fn row(&self, writer: &mut Writer, y: &str, i: &str) -> Seen {
        let ConvGeometry { stride, padding: [padding, _], .. } = self.geometry;
        // Unsigned wrap-around turns what lies before the first row into what lies after the last.
        let (row, mut condition) = if self.adjoint {
            let from = writer.bind(format!("{y} + {padding}u - {i}"));
            let exact = (stride > 1).then(|| format!("{from} % {stride}u == 0u && "));
            (writer.bind(format!("{from} / {stride}u")), exact.unwrap_or_default())
        } else {
            (writer.bind(format!("{y} * {stride}u + {i} - {padding}u")), String::new())
        };
        condition += &format!("{row} < {}u", self.source[0]);
        let inside = writer.bind(condition);
        let index = writer.bind(format!("select(0u, {row}, {inside})"));
        Seen { index, inside }
    }

    /// Column `column` of a thread that counts from `first`, in a row that it sees.
    pub(super) fn pixel(
        &self,
        writer: &mut Writer,
        first: &str,
        column: isize,
        row: &Seen,
    ) -> Seen {
        let sign = if column < 0 { '-' } else { '+' };
        let index = writer.bind(format!("{first} {sign} {}u", column.unsigned_abs()));
        if self.is_inside(column) {
            return Seen { index, inside: row.inside.clone() };
        }
        let inside = writer.bind(format!("{} && {index} < {}u", row.inside, self.source[1]));
        Seen { index: writer.bind(format!("select(0u, {index}, {inside})")), inside }
    }
}
