//! The words that stand for options' values.

use super::slots::{DRAWN, DRAWS, EACH, FLAG, KINDS, OVER, RESIZES};

/// A word that stands for an option's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Option A.
    Pad,
    /// Option B.
    Project,
    /// Without.
    None,
    /// Yes.
    True,
    /// No.
    False,
    /// As much padding as keeps the size.
    Same,
    /// The nearest pixel.
    Nearest,
    /// Between pixels.
    Bilinear,
    /// Normal by fan-out.
    FanOut,
    /// Normal by fan-in.
    FanIn,
    /// Uniform by fan-in.
    Uniform,
    /// Zeros.
    Zero,
    /// Identity kernels.
    Dirac,
    /// Filters that whiten the pictures.
    Whiten,
    /// The channels of each pixel.
    Channels,
    /// One draw an image; all of an image.
    Image,
    /// One draw a mini-batch.
    Batch,
    /// One number a channel.
    Channel,
    /// One number in all.
    Tensor,
}

impl Word {
    /// All of them.
    pub const ALL: [Word; 19] = [
        Word::Pad,
        Word::Project,
        Word::None,
        Word::True,
        Word::False,
        Word::Same,
        Word::Nearest,
        Word::Bilinear,
        Word::FanOut,
        Word::FanIn,
        Word::Uniform,
        Word::Zero,
        Word::Dirac,
        Word::Whiten,
        Word::Channels,
        Word::Image,
        Word::Batch,
        Word::Channel,
        Word::Tensor,
    ];

    /// As written in a spec.
    pub fn text(self) -> &'static str {
        match self {
            Word::Pad => "pad",
            Word::Project => "project",
            Word::None => "none",
            Word::True => "true",
            Word::False => "false",
            Word::Same => "same",
            Word::Nearest => "nearest",
            Word::Bilinear => "bilinear",
            Word::FanOut => "fan_out",
            Word::FanIn => "fan_in",
            Word::Uniform => "uniform",
            Word::Zero => "zero",
            Word::Dirac => "dirac",
            Word::Whiten => "whiten",
            Word::Channels => "channels",
            Word::Image => "image",
            Word::Batch => "batch",
            Word::Channel => "channel",
            Word::Tensor => "tensor",
        }
    }

    /// Whether a definition may take it: specs that did were written before it was a word.
    pub fn may_be_defined(self) -> bool {
        match self {
            Word::Pad | Word::Project | Word::None | Word::True | Word::False => false,
            Word::FanOut
            | Word::FanIn
            | Word::Uniform
            | Word::Zero
            | Word::Dirac
            | Word::Whiten
            | Word::Channels
            | Word::Image
            | Word::Batch
            | Word::Same
            | Word::Nearest
            | Word::Bilinear
            | Word::Channel
            | Word::Tensor => true,
        }
    }

    /// The words that may stand where this one does.
    pub fn beside(self) -> &'static [Word] {
        match self {
            Word::Pad | Word::Project => KINDS,
            Word::True | Word::False => FLAG,
            Word::None => &[Word::None],
            Word::Same => &[Word::Same],
            Word::Nearest | Word::Bilinear => RESIZES,
            Word::FanOut
            | Word::FanIn
            | Word::Uniform
            | Word::Zero
            | Word::Dirac
            | Word::Whiten => DRAWS,
            Word::Channels => OVER,
            Word::Image | Word::Batch => DRAWN,
            Word::Channel | Word::Tensor => EACH,
        }
    }

    /// The word written so.
    pub fn find(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|word| word.text() == text)
    }
}
