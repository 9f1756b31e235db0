//! What `rnetc run --eval` prints for other programs.

use std::path::Path;

use serde::Serialize;

use crate::api::{Judged, Model, OpenEngine};
use crate::cli::args::PartArg;
use crate::cli::show::classes::{self, Class, confusion};
use crate::cli::show::mistakes::{self, Named};
use crate::data::Dataset;
use crate::engine::Precision;
use crate::text::csv_cell;
use crate::train::tally::Tally;

/// What was tested on what.
pub struct On<'a> {
    /// As they were named.
    pub weights: &'a Path,
    /// The weights with their net.
    pub model: &'a Model,
    /// The set.
    pub data: &'a Dataset,
    /// What computed.
    pub engine: &'a OpenEngine,
    /// Pictures at once.
    pub batch: usize,
    /// Of which part of the set.
    pub part: PartArg,
}

/// One object of a whole set; what is not a number is null.
#[derive(Serialize)]
pub struct Report<'a> {
    net: &'a str,
    params: usize,
    weights: String,
    engine: &'static str,
    device: String,
    precision: Precision,
    batch: usize,
    data: &'a str,
    count: usize,
    wrong: usize,
    part: &'static str,
    /// Of each picture, whose scores before softmax are averaged.
    views: &'static str,
    /// Where they are the test pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    test_error_percent: Option<f64>,
    /// The same, by the name that it was given here first.
    error_percent: f64,
    top5_error_percent: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    test_loss: Option<f64>,
    /// The same, by the name that it was given here first.
    loss: f64,
    images_per_s: f64,
    classes: Vec<Class<'a>>,
    /// A row a class, a column for what it was taken for.
    confusion: Vec<&'a [u64]>,
    /// Pictures that were wrong, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    mistakes: Option<Vec<Named<'a>>>,
}

/// How it did; with so many of the pictures that were wrong, if they are asked for.
pub fn report<'a>(judged: &'a Judged, on: &On<'a>, wrong: Option<usize>) -> Report<'a> {
    let (Judged { score, tally, mistakes: all }, data) = (judged, on.data);
    let named =
        |most| mistakes::named(all, &data.classes, (on.part.name(), data.test.as_ref()), most);
    let is_test = on.part == PartArg::Test;
    let device = on.engine.device();
    Report {
        net: &on.model.network.name,
        params: on.model.network.parameters(),
        weights: on.weights.display().to_string(),
        engine: device.engine,
        device: device.to_string(),
        precision: on.engine.precision,
        batch: on.batch,
        data: &data.name,
        count: score.count,
        wrong: score.wrong,
        part: on.part.name(),
        views: on.model.views.name(),
        test_error_percent: is_test.then(|| score.error_percent()),
        error_percent: score.error_percent(),
        top5_error_percent: tally.top5_error_percent(),
        test_loss: is_test.then(|| score.mean_loss()),
        loss: score.mean_loss(),
        images_per_s: score.images_per_s(),
        classes: classes::of(tally, &data.classes).collect(),
        confusion: confusion(tally).collect(),
        mistakes: wrong.map(named),
    }
}

/// A line a class, with a column for each that it was taken for.
pub fn csv(tally: &Tally, names: &[String]) -> Vec<String> {
    let cells: Vec<String> = names.iter().map(|name| csv_cell(&format!("as {name}"))).collect();
    let head = format!("class,count,correct,precision,recall,top5,{}", cells.join(","));
    let share = |share: Option<f64>| share.map_or(String::new(), |share| format!("{share:.6}"));
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
    [head].into_iter().chain(classes::of(tally, names).zip(confusion(tally)).map(line)).collect()
}
