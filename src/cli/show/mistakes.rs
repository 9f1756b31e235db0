//! Pictures that were wrong, by the files that they are in.

use serde::Serialize;

use crate::data::Pictures;
use crate::text::csv_cell;
use crate::train::mistakes::Mistake;

/// The columns of [`Named::csv`].
pub const COLUMNS: &str = "index,file,class,taken_for,probability";

/// A picture that was wrong, in names.
#[derive(Serialize)]
pub struct Named<'a> {
    #[serde(skip)]
    part: &'static str,
    /// Its number among the pictures of its part, from 0.
    index: usize,
    /// Null where pictures are not in files of their own.
    file: Option<String>,
    /// What it shows.
    class: &'a str,
    taken_for: &'a str,
    /// How probable the net thought that.
    probability: f64,
}

/// As many of them as are asked for, in their order.
pub fn named<'a>(
    mistakes: &[Mistake],
    classes: &'a [String],
    (part, pictures): (&'static str, &dyn Pictures),
    most: usize,
) -> Vec<Named<'a>> {
    let class = |number: usize| classes.get(number).map_or("", String::as_str);
    let named = |mistake: &Mistake| Named {
        part,
        index: mistake.index,
        file: pictures.file(mistake.index).map(|file| file.display().to_string()),
        class: class(mistake.label),
        taken_for: class(mistake.taken_for),
        probability: mistake.probability,
    };
    mistakes.iter().take(most).map(named).collect()
}

impl Named<'_> {
    /// To read.
    pub fn line(&self) -> String {
        let Self { part, index, file, class, taken_for, probability } = self;
        let which = file.clone().unwrap_or_else(|| format!("{part} picture {index} (from 0)"));
        format!("wrong: {which}: {class}, taken for {taken_for} ({:.1} %)", 100.0 * probability)
    }

    /// A row of a table.
    pub fn csv(&self) -> String {
        let Self { part: _, index, file, class, taken_for, probability } = self;
        let file = csv_cell(file.as_deref().unwrap_or_default());
        format!("{index},{file},{},{},{probability:.6}", csv_cell(class), csv_cell(taken_for))
    }
}
