//! What `rnetc run --eval` prints for other programs.

use serde::Serialize;

use crate::data::Dataset;
use crate::text::csv_cell;
use crate::train::evaluate::Score;
use crate::train::tally::Tally;

#[derive(Serialize)]
struct Report<'a> {
    data: &'a str,
    count: usize,
    wrong: usize,
    error_percent: f64,
    top5_error_percent: f64,
    loss: f64,
    images_per_s: f64,
    classes: Vec<Class<'a>>,
    /// A row a class, a column for what it was taken for.
    confusion: Vec<&'a [u64]>,
}

#[derive(Serialize)]
struct Class<'a> {
    class: &'a str,
    count: u64,
    correct: u64,
    precision: Option<f64>,
    recall: Option<f64>,
    top5: u64,
}

/// One object of a whole set; what is not a number is null.
pub fn json(score: &Score, tally: &Tally, data: &Dataset) -> String {
    let report = Report {
        data: &data.name,
        count: score.count,
        wrong: score.wrong,
        error_percent: score.error_percent(),
        top5_error_percent: tally.top5_error_percent(),
        loss: score.mean_loss(),
        images_per_s: score.images_per_s(),
        classes: classes(tally, &data.classes).collect(),
        confusion: tally.confusion.chunks_exact(data.classes.len().max(1)).collect(),
    };
    // Nothing in it can fail to be JSON: strings, numbers, lists.
    serde_json::to_string(&report).unwrap_or_default()
}

/// A line a class, with a column for each that it was taken for.
pub fn csv(tally: &Tally, names: &[String]) -> Vec<String> {
    let cells: Vec<String> = names.iter().map(|name| csv_cell(&format!("as {name}"))).collect();
    let head = format!("class,count,correct,precision,recall,top5,{}", cells.join(","));
    let share = |share: Option<f64>| share.map_or(String::new(), |share| format!("{share:.6}"));
    let rows = tally.confusion.chunks_exact(names.len().max(1));
    let line = |(class, row): (Class, &[u64])| {
        let row: Vec<String> = row.iter().map(u64::to_string).collect();
        format!(
            "{},{},{},{},{},{},{}",
            csv_cell(class.class),
            class.count,
            class.correct,
            share(class.precision),
            share(class.recall),
            class.top5,
            row.join(",")
        )
    };
    [head].into_iter().chain(classes(tally, names).zip(rows).map(line)).collect()
}

fn classes<'a>(tally: &'a Tally, names: &'a [String]) -> impl Iterator<Item = Class<'a>> {
    names.iter().enumerate().map(|(at, name)| Class {
        class: name,
        count: tally.counts[at],
        correct: tally.correct(at),
        precision: tally.precision(at),
        recall: tally.recall(at),
        top5: tally.top5[at],
    })
}
