//! Pixels by their number.

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
