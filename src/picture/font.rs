//! The font that words are measured and drawn with: Arimo, as subsets (`fonts/make.sh`) under the SIL
//! Open Font License (`fonts/OFL.txt`).

use std::sync::OnceLock;

use ttf_parser::GlyphId;

/// How far letters reach above their line, in sizes of the font.
pub const ASCENT: f64 = 0.74;
/// How far they reach below it.
pub const DESCENT: f64 = 0.22;

/// A face of the font.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Face {
    /// Upright.
    Regular,
    /// Heavy.
    Bold,
    /// Slanted.
    Italic,
}

impl Face {
    /// All of them.
    pub const ALL: [Face; 3] = [Face::Regular, Face::Bold, Face::Italic];

    /// Its file.
    pub fn file(self) -> &'static [u8] {
        match self {
            Face::Regular => include_bytes!("../../fonts/regular.ttf"),
            Face::Bold => include_bytes!("../../fonts/bold.ttf"),
            Face::Italic => include_bytes!("../../fonts/italic.ttf"),
        }
    }

    /// The face, read; none if the file were none, which a test excludes.
    pub fn parsed(self) -> Option<&'static ttf_parser::Face<'static>> {
        static PARSED: [OnceLock<Option<ttf_parser::Face<'static>>>; 3] =
            [const { OnceLock::new() }; 3];
        PARSED[self as usize].get_or_init(|| ttf_parser::Face::parse(self.file(), 0).ok()).as_ref()
    }

    /// Glyphs of a text with their widths at size 1; a box stands for what the font has not.
    pub fn glyphs(self, words: &str) -> Vec<(char, GlyphId, f64)> {
        let Some(face) = self.parsed() else { return Vec::new() };
        let em = f64::from(face.units_per_em());
        let glyph = |c: char| {
            let id = face.glyph_index(c).unwrap_or(GlyphId(0));
            (c, id, f64::from(face.glyph_hor_advance(id).unwrap_or(0)) / em)
        };
        words.chars().map(glyph).collect()
    }

    /// How long a text is.
    pub fn width(self, size: f64, words: &str) -> f64 {
        self.glyphs(words).iter().map(|(_, _, width)| width * size).sum()
    }
}
