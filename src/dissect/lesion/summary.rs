//! What a lesion study found: an outcome a lesion, a row an amount; as CSV and JSON.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::measure::Tally;
use super::plan::{Item, Lesion};
use super::rewire::tau;
use crate::chart::quantiles::{Five, median};

/// One lesion.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Units deleted, or pairs swapped.
    pub amount: usize,
    /// The units that were deleted, counted from 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deleted: Vec<usize>,
    /// The order of the units after swaps, counted from 1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<usize>,
    /// Kendall's τ between that order and the net's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tau: Option<f64>,
    /// Pictures.
    pub count: usize,
    /// Of them wrong.
    pub wrong: usize,
    /// Test error, %.
    pub test_error_percent: f64,
    /// Mean cross-entropy; null if it is not a number.
    pub test_loss: Option<f64>,
}

/// Outcomes of all lesions of a plan, in its order; the blocks of each are added up.
pub fn outcomes(items: &[Item], done: &HashMap<(usize, usize), Tally>) -> Vec<Outcome> {
    let mut sums: BTreeMap<usize, (usize, usize, Option<f64>)> = BTreeMap::new();
    let mut tallies: Vec<&Tally> = done.values().collect();
    tallies.sort_by_key(|tally| (tally.lesion, tally.block));
    for tally in tallies {
        let sum = sums.entry(tally.lesion).or_insert((0, 0, Some(0.0)));
        sum.0 += tally.count;
        sum.1 += tally.wrong;
        sum.2 = sum.2.zip(tally.loss).map(|(a, b)| a + b);
    }
    let of = |(at, sum): (usize, (usize, usize, Option<f64>))| Some(outcome(items.get(at)?, sum));
    sums.into_iter().filter_map(of).collect()
}

fn outcome(item: &Item, (count, wrong, loss): (usize, usize, Option<f64>)) -> Outcome {
    let from_one = |sites: &[usize]| sites.iter().map(|site| site + 1).collect();
    let (deleted, order, tau) = match &item.lesion {
        Lesion::None => (Vec::new(), Vec::new(), None),
        Lesion::Delete(sites) => (from_one(sites), Vec::new(), None),
        Lesion::Reorder(order) => (Vec::new(), from_one(order), Some(tau(order))),
    };
    let pictures = count.max(1) as f64;
    Outcome {
        amount: item.amount,
        deleted,
        order,
        tau,
        count,
        wrong,
        test_error_percent: 100.0 * wrong as f64 / pictures,
        test_loss: loss.map(|loss| loss / pictures),
    }
}

/// The lesions of one amount.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Units deleted, or pairs swapped.
    pub amount: usize,
    /// How many lesions.
    pub samples: usize,
    /// Test error, %.
    pub test_error_percent: Five,
    /// Median of Kendall's τ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tau: Option<f64>,
}

/// A row an amount, the baseline left out.
pub fn rows(outcomes: &[Outcome]) -> Vec<Row> {
    let mut amounts: Vec<usize> = outcomes.iter().map(|o| o.amount).filter(|&n| n > 0).collect();
    amounts.sort_unstable();
    amounts.dedup();
    let row = |amount: usize| {
        let of: Vec<&Outcome> = outcomes.iter().filter(|o| o.amount == amount).collect();
        let errors: Vec<f64> = of.iter().map(|o| o.test_error_percent).collect();
        let taus: Vec<f64> = of.iter().filter_map(|o| o.tau).collect();
        Some(Row {
            amount,
            samples: of.len(),
            test_error_percent: Five::of(&errors)?,
            tau: median(&taus),
        })
    };
    amounts.into_iter().filter_map(row).collect()
}

/// What an earlier study left in its JSON file, as far as figures take it.
#[derive(Debug, Deserialize)]
pub struct Recorded {
    /// Its units; none where an older rnetc made it.
    #[serde(default)]
    pub units: Vec<Unit>,
    /// All of its lesions.
    pub lesions: Vec<Outcome>,
}

/// A unit that may be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Counted from 1.
    pub unit: usize,
    /// What the spec calls it.
    pub name: String,
    /// The shape that it reads.
    pub reads: String,
    /// The shape that it writes.
    pub writes: String,
}

/// Numbers of the units that change the shape.
pub fn reshaping(units: &[Unit]) -> Vec<usize> {
    units.iter().filter(|unit| unit.reads != unit.writes).map(|unit| unit.unit).collect()
}

/// The error without a lesion, %.
pub fn baseline(outcomes: &[Outcome]) -> Option<f64> {
    outcomes.iter().find(|o| o.amount == 0).map(|o| o.test_error_percent)
}

/// Outcomes as CSV; lists within a field are separated by spaces.
pub fn csv(outcomes: &[Outcome]) -> String {
    let list = |units: &[usize]| units.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
    let mut text =
        "amount,deleted,order,tau,count,wrong,test_error_percent,test_loss\n".to_string();
    for o in outcomes {
        let number = |value: Option<f64>| value.map_or(String::new(), |v| format!("{v:.6}"));
        text += &format!(
            "{},{},{},{},{},{},{:.4},{}\n",
            o.amount,
            list(&o.deleted),
            list(&o.order),
            number(o.tau),
            o.count,
            o.wrong,
            o.test_error_percent,
            number(o.test_loss)
        );
    }
    text
}
