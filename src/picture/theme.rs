//! Colours by role, on light paper and on dark.

/// What something is, which decides its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Paint {
    /// What everything stands on.
    Paper,
    /// Words.
    Ink,
    /// Words beside others.
    Muted,
    /// Edges of boxes, and wires.
    Edge,
    /// Lines that are many.
    Faint,
    /// Behind curves.
    Grid,
    /// The box of a layer.
    Layer,
    /// The box of a unit.
    Unit,
    /// The box of a unit's input.
    Input,
    /// Sums and products.
    Sum,
    /// Around a stage.
    Group,
    /// A box of a box plot.
    Quartiles,
    /// A curve: colours that people with any colour vision tell apart (Okabe and Ito), round and
    /// round.
    Series(usize),
}

/// Colours of curves.
const SERIES: usize = 7;

/// On which paper.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "cli", derive(clap::ValueEnum))]
pub enum Theme {
    /// Light, and in SVG dark where the reader's screen is
    #[default]
    Auto,
    /// Light
    Light,
    /// Dark
    Dark,
}

impl Paint {
    /// As #rrggbb.
    pub fn colour(self, dark: bool) -> &'static str {
        let [light, dark_one] = match self {
            Paint::Paper => ["#ffffff", "#16181c"],
            Paint::Ink => ["#1b1b1b", "#e8e8e8"],
            Paint::Muted => ["#555555", "#a9adb5"],
            Paint::Edge => ["#444444", "#9aa0aa"],
            Paint::Faint => ["#999999", "#6f757f"],
            Paint::Grid => ["#e4e4e4", "#32363d"],
            Paint::Layer => ["#ffffff", "#22262c"],
            Paint::Unit => ["#dfeaf7", "#1f3a57"],
            Paint::Input => ["#f1f1f1", "#31353c"],
            Paint::Sum => ["#fbe8c8", "#5a4420"],
            Paint::Group => ["#f6f7f9", "#1c1f24"],
            Paint::Quartiles => ["#cfdef3", "#1f4468"],
            Paint::Series(n) => match n % SERIES {
                0 => ["#0072b2", "#4db2ee"],
                1 => ["#d55e00", "#ff8a3c"],
                2 => ["#009e73", "#33c79c"],
                3 => ["#cc79a7", "#e39cc4"],
                4 => ["#e69f00", "#ffc04d"],
                5 => ["#56b4e9", "#8fd0f5"],
                _ => ["#555555", "#b4b4b4"],
            },
        };
        if dark { dark_one } else { light }
    }

    /// Red, green and blue, from 0 to 255.
    #[cfg(feature = "cli")]
    pub fn rgb(self, dark: bool) -> [u8; 3] {
        let colour = self.colour(dark);
        [1, 3, 5].map(|at| u8::from_str_radix(&colour[at..at + 2], 16).unwrap_or(0))
    }

    /// In a style sheet.
    pub(super) fn class(self) -> String {
        match self {
            Paint::Series(n) => format!("series{}", n % SERIES),
            other => format!("{other:?}").to_lowercase(),
        }
    }
}
