//! Shapes of layers' results, and quotes from the spec for messages about them.

use crate::diagnostic::{Code, Diagnostic};
use crate::network::Chw;
use crate::source::Span;
use crate::text::series;

/// Most elements of one image's value.
const MAX_ELEMENTS: usize = 1 << 28;

/// The text of a place on one line, shortened.
pub fn quote(text: &str, span: Span) -> String {
    const LONGEST: usize = 48;
    let words = text.get(span.range()).unwrap_or("");
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(LONGEST) {
        None => line,
        Some((at, _)) => format!("{}…", &line[..at]),
    }
}

/// Refuses values that no machine has memory for.
pub fn bounded(shape: Chw, span: Span) -> Result<Chw, Diagnostic> {
    let elements = shape.c.checked_mul(shape.h).and_then(|n| n.checked_mul(shape.w));
    match elements {
        Some(n) if n <= MAX_ELEMENTS => Ok(shape),
        Some(_) | None => Err(Diagnostic::error(
            Code::TooLarge,
            span,
            format!("a value of {shape} has more than {MAX_ELEMENTS} elements for one image"),
        )
        .label("too large")
        .hint("use fewer channels or smaller pictures")),
    }
}

/// Refuses kernels that no machine has memory for with the zeros between their elements.
pub fn spread(reach: [usize; 2], channels: [usize; 2], span: Span) -> Result<(), Diagnostic> {
    let factors = [reach[0], reach[1], channels[0], channels[1]];
    let elements = factors.into_iter().try_fold(1usize, |all, n| all.checked_mul(n));
    if elements.is_some_and(|all| all <= MAX_ELEMENTS) {
        return Ok(());
    }
    let [rows, columns] = reach;
    let message = format!(
        "with its dilation the kernel spans {rows}×{columns}, more than {MAX_ELEMENTS} numbers with \
         its channels"
    );
    let error = Diagnostic::error(Code::TooLarge, span, message).label("too large");
    Err(error.hint("use a smaller dilation or kernel, or fewer channels"))
}

/// Of windows that do not fit, not even once.
pub fn windowless(
    input: Chw,
    [rows, columns]: [usize; 2],
    padding: [[usize; 2]; 2],
    span: Span,
) -> Diagnostic {
    let [more, wider] = padding.map(|sides| sides.iter().sum::<usize>());
    let padded = match [more, wider] {
        [0, 0] => String::new(),
        _ => format!(", padded to {}×{}", input.h + more, input.w + wider),
    };
    let message = format!("a {rows}×{columns} window does not fit on {input}{padded}");
    Diagnostic::error(Code::ShapeMismatch, span, message)
        .label(format!("reads {input}"))
        .hint("use a smaller window, more padding, or fewer strides before it")
}

/// Whether pixels mirrored at the border are there for a blur of `size`.
pub fn mirrored(input: Chw, size: usize, span: Span) -> Result<(), Diagnostic> {
    if input.h.min(input.w) > size / 2 {
        return Ok(());
    }
    let message = format!("{input} has no {} pixels to mirror at its border", size / 2);
    let error = Diagnostic::error(Code::ShapeMismatch, span, message);
    Err(error
        .label(format!("reads {input}"))
        .hint("use a smaller size, or fewer strides before it"))
}

/// Whether a convolution from `input` to `width` channels has equal parts in so many groups.
pub fn grouped(input: Chw, width: usize, groups: usize, span: Span) -> Result<(), Diagnostic> {
    let divides = |channels: usize| channels.is_multiple_of(groups);
    if divides(input.c) && divides(width) {
        return Ok(());
    }
    let common = |n: &usize| input.c.is_multiple_of(*n) && width.is_multiple_of(*n);
    let hint = if divides(input.c) {
        let below = width / groups * groups;
        let near = [below, below + groups].into_iter().filter(|n| *n > 0);
        let near: Vec<String> = near.map(|n| n.to_string()).collect();
        format!("a width of {} has {groups} equal parts", near.join(" or "))
    } else {
        let all: Vec<usize> = (1..=groups.min(input.c)).rev().filter(common).collect();
        let near: Vec<String> = all.iter().take(4).map(usize::to_string).collect();
        let which = if all.len() > near.len() { "the largest below are" } else { "there are" };
        format!("groups that divide both {} and {width}: {which} {}", input.c, near.join(", "))
    };
    let message = format!(
        "{groups} groups have no equal parts of the {} channels read and the {width} written",
        input.c
    );
    let error = Diagnostic::error(Code::ShapeMismatch, span, message);
    Err(error.label(format!("reads {input}")).hint(hint))
}

/// Whether a group norm's groups are equal parts of the channels.
pub fn normalised(input: Chw, groups: usize, span: Span) -> Result<(), Diagnostic> {
    if input.c.is_multiple_of(groups) {
        return Ok(());
    }
    let divides = |n: &usize| input.c.is_multiple_of(*n);
    let below = (1..=groups.min(input.c)).rev().filter(divides).take(3);
    let above = (groups + 1..=input.c).find(divides);
    let mut near: Vec<usize> = below.chain(above).collect();
    near.sort_unstable();
    let message = format!("{groups} groups have no equal parts of {} channels", input.c);
    let near = series(&near, "or");
    let hint = match input.c {
        1 => "one channel is a group by itself: groups: 1".to_owned(),
        c => format!("{c} channels have equal parts in {near} groups"),
    };
    let error = Diagnostic::error(Code::ShapeMismatch, span, message);
    Err(error.label(format!("reads {input}")).hint(hint))
}

/// Option A's subsampling: every `stride`-th pixel from the first.
pub fn subsampled(input: Chw, stride: usize) -> Chw {
    Chw { c: input.c, h: (input.h - 1) / stride + 1, w: (input.w - 1) / stride + 1 }
}

/// Shape with rows and columns around it, or without some of its own.
pub fn around(input: Chw, padding: [[isize; 2]; 2], span: Span) -> Result<Chw, Diagnostic> {
    let extents = [input.h, input.w];
    for (axis, what) in ["rows", "columns"].into_iter().enumerate() {
        let cut: isize = padding[axis].iter().map(|side| side.min(&0)).sum();
        if cut.unsigned_abs() >= extents[axis] {
            let (cut, there) = (cut.unsigned_abs(), extents[axis]);
            let message = format!("{cut} {what} are to be cut off, and {input} has {there}");
            let error = Diagnostic::error(Code::ShapeMismatch, span, message);
            return Err(error.label(format!("reads {input}")).hint("one must be left"));
        }
    }
    let [h, w] = [0, 1].map(|a| extents[a].saturating_add_signed(padding[a].iter().sum()));
    Ok(Chw { c: input.c, h, w })
}

/// Shape after zero channels were added up to `channels`, `before` of them in front.
pub fn padded(input: Chw, channels: usize, before: usize, span: Span) -> Result<Chw, Diagnostic> {
    let (message, hint) = match channels.checked_sub(input.c) {
        Some(zeros) if before <= zeros => return Ok(Chw { c: channels, ..input }),
        Some(zeros) => (
            format!(
                "{input} takes {zeros} zero channels to have {channels}, and {before} of them \
                 are to stand in front"
            ),
            format!("`before` is at most {zeros} here; {} is the half", zeros / 2),
        ),
        None => (
            format!("{input} has more than {channels} channels; zeros can only be added"),
            format!("use a width of {} or more, or a 1x1 convolution (kind: project)", input.c),
        ),
    };
    let error = Diagnostic::error(Code::ShapeMismatch, span, message);
    Err(error.label(format!("reads {input}")).hint(hint))
}

/// Shape of the channels from `start` up to and without `end`, or to the last.
pub fn sliced(input: Chw, start: usize, end: Option<usize>, span: Span) -> Result<Chw, Diagnostic> {
    let last = end.unwrap_or(input.c);
    if start < last && last <= input.c {
        return Ok(Chw { c: last - start, ..input });
    }
    let message = match end {
        Some(end) if start < input.c && start < end => {
            format!("{input} has no channel {}", end - 1)
        }
        Some(_) | None => format!("{input} has no channel {start}"),
    };
    let hint = match (input.c, end) {
        (1, _) => "channels are counted from 0, and it has one alone".to_owned(),
        (all, Some(_)) => format!(
            "channels are counted from 0 to {} here, and end is the one behind the last: at most {all}",
            all - 1
        ),
        (all, None) => format!(
            "channels are counted from 0 to {} here: the second half is slice_channels({})",
            all - 1,
            all / 2
        ),
    };
    let error = Diagnostic::error(Code::ShapeMismatch, span, message);
    Err(error.label(format!("reads {input}")).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_one_short_line() {
        assert_eq!(quote("a ->\n   b", Span::new(0, 9)), "a -> b");
        let long = "x".repeat(100);
        assert_eq!(quote(&long, Span::new(0, 100)).chars().count(), 49);
        assert_eq!(quote("abc", Span::new(2, 9)), "");
    }

    #[test]
    fn subsampling_begins_with_the_first_pixel() {
        let input = Chw { c: 1, h: 7, w: 5 };
        assert_eq!(subsampled(input, 2), Chw { c: 1, h: 4, w: 3 });
    }
}
