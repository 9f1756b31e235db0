//! Why a net cannot be trained on pictures of another size for a while.

use crate::network::Chw;
use crate::pixels::Extent;

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SizeMisfit {
    /// One number, of pictures that are no squares.
    #[error(
        "recipe: sizes: {side} is of square pictures, and the net reads {}×{}; write [rows, columns]",
        .reads.h, .reads.w
    )]
    NoSquare {
        /// Of the recipe.
        side: usize,
        /// What the net reads.
        reads: Chw,
    },
    /// The net cannot be made for such pictures.
    #[error("recipe: sizes: the net cannot be made for pictures of {}×{}:\n{what}", .sides[0], .sides[1])]
    Unbuilt {
        /// Rows and columns.
        sides: [usize; 2],
        /// What is wrong with its spec then, with the place.
        what: String,
    },
    /// Its weights are others then.
    #[error(
        "recipe: sizes: {tensor} is {there:?} for pictures of {}×{}, and {whole:?} for the net's own {}×{}, \
         so that it cannot go on from one to the other; a net whose linear layer stands behind \
         global_avg_pool can",
        .sides[0], .sides[1], .reads.h, .reads.w
    )]
    OtherTensors {
        /// Rows and columns.
        sides: [usize; 2],
        /// The first that differs.
        tensor: String,
        /// Its shape then.
        there: Vec<usize>,
        /// Its shape in the net.
        whole: Vec<usize>,
        /// What the net reads.
        reads: Chw,
    },
    /// There is a mean for each pixel of whole pictures only.
    #[error(
        "recipe: sizes: pictures are standardised by a mean of each pixel, which those of {}×{} have not; \
         write normalise: per_channel", .0.rows, .0.columns
    )]
    Pixels(Extent),
}
