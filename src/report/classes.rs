//! What became of each class's pictures, as a table.

use std::fmt::Write;

use crate::text::escape;
use crate::train::tally::Tally;

/// The table: a row a class, with its pictures, precision and recall.
pub fn table(classes: &[String], tally: &Tally) -> String {
    let mut body = String::from(
        "<table><tr><th>class</th><th class=n>pictures</th><th class=n>precision, %</th>\
         <th class=n>recall, %</th></tr>\n",
    );
    let shown =
        |share: Option<f64>| share.map_or("–".to_owned(), |s| format!("{:.1}", 100.0 * s));
    for (class, name) in classes.iter().enumerate().take(tally.counts.len()) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            body,
            "<tr><td>{}</td><td class=n>{}</td><td class=n>{}</td><td class=n>{}</td></tr>",
            escape(name),
            tally.counts[class],
            shown(tally.precision(class)),
            shown(tally.recall(class))
        );
    }
    body + "</table>\n"
}
