//! How work on data that takes a while is followed.

/// What takes a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// An archive comes; counted in bytes.
    Fetching,
    /// Pictures are decoded; counted in pictures.
    Decoding,
}

/// Is told how work goes, and may stop it.
pub trait Progress {
    /// So much of the total is done, where the total is known.
    fn report(&self, work: Work, done: u64, total: Option<u64>);

    /// Something that the user should know.
    fn note(&self, text: &str);

    /// Something that makes results other than they seem.
    fn warn(&self, text: &str) {
        self.note(&format!("warning: {text}"));
    }

    /// Whether the user wants it to end.
    fn interrupted(&self) -> bool;
}

/// Shows nothing and never stops.
pub struct Silent;

impl Progress for Silent {
    fn report(&self, _work: Work, _done: u64, _total: Option<u64>) {}

    fn note(&self, _text: &str) {}

    fn interrupted(&self) -> bool {
        false
    }
}
