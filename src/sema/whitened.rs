//! Convolutions whose filters start as those that whiten the pictures' patches.

use crate::diagnostic::{Code, Diagnostic};
use crate::network::Chw;
use crate::source::Span;

/// Most numbers of a patch: its covariances are that many squared.
const MOST_PATCH: usize = 512;

/// What matters of such a convolution.
pub struct WhitenedConv {
    pub kernel: [usize; 2],
    pub dilation: [usize; 2],
    pub width: usize,
    pub groups: usize,
}

impl WhitenedConv {
    /// Whether there are filters for what it reads.
    pub fn reads(&self, input: Chw, pictures: bool, span: Span) -> Result<(), Diagnostic> {
        if !pictures {
            let message = "filters that whiten are made of the training pictures";
            return Err(misplaced(message, "this convolution reads no pictures", span));
        }
        let [rows, columns] = self.kernel;
        let patch = rows * columns * input.c;
        let wrong = |message: String, hint: String| {
            Err(Diagnostic::error(Code::ArgumentRange, span, message)
                .label(format!("reads {input}"))
                .hint(hint))
        };
        if self.groups > 1 {
            let message = "a patch is whitened whole, not by groups of channels".to_owned();
            return wrong(message, "leave groups out".to_owned());
        }
        if self.dilation != [1, 1] {
            let message = "a patch that is whitened has all pixels of its rectangle".to_owned();
            return wrong(message, "leave dilation out".to_owned());
        }
        if rows > input.h || columns > input.w {
            let message = format!("there is no {rows}×{columns} patch in {input}");
            return wrong(message, "use a kernel within the picture".to_owned());
        }
        if patch > MOST_PATCH {
            let message =
                format!("a {rows}×{columns} patch of {input} has {patch} numbers to whiten");
            return wrong(message, format!("use a kernel of at most {MOST_PATCH} numbers"));
        }
        if self.width > 2 * patch {
            let message = format!(
                "a {rows}×{columns} patch of {} channels has {patch} directions and their negatives, and \
                 this is a width of {}",
                input.c, self.width
            );
            return wrong(message, format!("write a width of {}, or fewer", 2 * patch));
        }
        Ok(())
    }
}

/// A linear layer reads no patches.
pub fn of_no_patches(span: Span) -> Diagnostic {
    let message = "filters that whiten are those of a convolution that reads the pictures";
    misplaced(message, "a linear layer has none", span)
}

fn misplaced(message: &str, label: &str, span: Span) -> Diagnostic {
    Diagnostic::error(Code::NetStructure, span, message)
        .label(label)
        .hint("use init: whiten in the net's first convolution, behind input(…)")
}
