//! The pictures that were wrong, by the files that they are in.

use std::fmt::Write;
use std::path::Path;

use super::Run;
use super::measure::Measured;
use crate::text::{counted, escape};

/// A table of them, which the reader opens.
pub fn list(run: &Run, measured: &Measured) -> String {
    let (shown, all) = (measured.mistakes.len(), wrong(measured));
    if shown == 0 {
        return String::new();
    }
    let which = match all > shown as u64 {
        true => format!("the {shown} surest of {all} wrong pictures"),
        false => counted(shown, "wrong picture"),
    };
    let mut body = format!(
        "<details><summary>All by name: {which}</summary>\n<div class=wide><table><tr>\
         <th>picture</th><th>shows</th><th>taken for</th><th class=n>sure, %</th></tr>\n"
    );
    let names = &run.config.classes;
    let name = |class: usize| names.get(class).map_or("", String::as_str);
    for mistake in &measured.mistakes {
        let file = measured.pictures.file(mistake.index);
        let which = file.map_or_else(
            || format!("test picture {} (from 0)", mistake.index),
            |file| within(file, &run.config.data),
        );
        // Writing to a String cannot fail.
        let _ = writeln!(
            body,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td class=n>{:.1}</td></tr>",
            escape(&which),
            escape(name(mistake.label)),
            escape(name(mistake.taken_for)),
            100.0 * mistake.probability
        );
    }
    body + "</table></div></details>\n"
}

/// Pictures that were taken for another class.
fn wrong(measured: &Measured) -> u64 {
    let tally = &measured.tally;
    let right: u64 = (0..tally.counts.len()).map(|class| tally.correct(class)).sum();
    tally.confusion.iter().sum::<u64>() - right
}

/// A file's path from the set's folder on.
fn within(file: &Path, data: &str) -> String {
    file.strip_prefix(data).unwrap_or(file).display().to_string()
}
