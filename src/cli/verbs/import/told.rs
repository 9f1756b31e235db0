//! What an import says: what is which and why, what is doubtful, what was assumed.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::cli::args::ImportArgs;
use crate::cli::show::output;
use crate::network::Network;
use crate::text::counted;
use crate::train::check::Outcome;
use crate::train::foreign::{Pair, Pairing, Why};
use crate::train::record::checkpoint::{Foreign, Imported};

/// All of it, for programs.
#[derive(Serialize)]
pub struct Report<'a> {
    spec: String,
    net: &'a str,
    params: usize,
    path: String,
    /// Tensors that were written.
    tensors: usize,
    modules: Vec<Module<'a>>,
    doubts: Vec<String>,
    /// The comparison of logits; null without --check.
    check: Option<Checked>,
    data: Option<&'a str>,
    classes: Option<&'a [String]>,
    /// Of bytes, by channel.
    mean: Option<&'a [f64]>,
    std: Option<&'a [f64]>,
    /// The shorter side of a picture before its middle is taken.
    resize: Option<usize>,
}

#[derive(Serialize)]
struct Module<'a> {
    net: &'a str,
    file: &'a str,
    shape: &'a str,
    because_of: String,
}

#[derive(Serialize)]
struct Checked {
    inputs: usize,
    largest_difference: f64,
    /// What rounding explains.
    allowed_difference: f64,
    /// Inputs for which the same class is first.
    agree: usize,
}

impl<'a> Report<'a> {
    /// What was written, and why so.
    pub fn of(
        args: &ImportArgs,
        network: &'a Network,
        foreign: &'a Foreign,
        checked: Option<Outcome>,
        imported: &'a Imported,
    ) -> Self {
        let normalisation = imported.normalisation.as_ref();
        let module = |pair: &'a Pair| Module {
            net: &pair.own,
            file: &pair.theirs,
            shape: &pair.shape,
            because_of: because_of(pair),
        };
        let checked = checked.map(|outcome| Checked {
            inputs: outcome.count,
            largest_difference: outcome.largest,
            allowed_difference: outcome.allowed,
            agree: outcome.agree,
        });
        Self {
            spec: args.spec.display().to_string(),
            net: &network.name,
            params: network.parameters(),
            path: args.out.display().to_string(),
            tensors: foreign.values.len(),
            modules: foreign.pairing.pairs.iter().map(module).collect(),
            doubts: foreign.pairing.doubts.iter().map(ToString::to_string).collect(),
            check: checked,
            data: imported.data.as_deref(),
            classes: imported.classes.as_deref(),
            mean: normalisation.map(|known| &known.mean[..]),
            std: normalisation.map(|known| &known.std[..]),
            resize: imported.resize,
        }
    }
}

fn because_of(pair: &Pair) -> String {
    match pair.block {
        Some(block) if block != pair.why => format!("block: {block}; in it: {}", pair.why),
        Some(why) => format!("block and in it: {why}"),
        None => pair.why.to_string(),
    }
}

/// The whole pairing as a table.
pub fn table(pairing: &Pairing) {
    let rows = pairing
        .pairs
        .iter()
        .map(|pair| [pair.own.clone(), pair.theirs.clone(), pair.shape.clone(), because_of(pair)]);
    let head = ["net", "file", "shape", "because of"].map(str::to_owned);
    let rows: Vec<[String; 4]> = std::iter::once(head).chain(rows).collect();
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths = [0, 1, 2].map(width);
    for [own, theirs, shape, why] in &rows {
        let [a, b, c] = widths;
        output::say(format_args!("{own:a$}  {theirs:b$}  {shape:c$}  {why}"));
    }
}

/// What was converted, what decided, what is doubtful.
pub fn notes(foreign: &Foreign) {
    for (from, count) in &foreign.converted {
        output::note(format_args!("{} of {from} converted to f32", counted(*count, "tensor")));
    }
    let mut reasons: BTreeMap<Why, usize> = BTreeMap::new();
    for pair in &foreign.pairing.pairs {
        *reasons.entry(pair.block.map_or(pair.why, |block| block.max(pair.why))).or_default() += 1;
    }
    let reasons: Vec<String> =
        reasons.into_iter().map(|(why, count)| format!("{why} ({count})")).collect();
    output::note(format_args!("paired by: {}; --explain prints each", reasons.join(", ")));
    for doubt in &foreign.pairing.doubts {
        output::warn(doubt);
    }
}

/// That a file of weights does not tell what a net computes.
pub fn assumptions(network: &Network) {
    output::note(format_args!(
        "names and shapes alone were compared. What they cannot tell is as the spec has it: {}, \
         zero padding of the same width on both sides, where ReLUs and pools stand, where option A's \
         zero channels stand. --check FILE compares logits with PyTorch's (ten lines of Python: see \
         docs/src/own-weights.md)",
        epsilons(network)
    ));
}

/// The ε of a net's normalisations: `eps 1e-5`.
pub fn epsilons(network: &Network) -> String {
    let mut each: Vec<f64> = Vec::new();
    for value in &network.values {
        if let Some(epsilon) = value.layer.epsilon()
            && !each.contains(&epsilon)
        {
            each.push(epsilon);
        }
    }
    match each.as_slice() {
        [] => "no normalisation".to_owned(),
        all => format!(
            "eps {}",
            all.iter().map(|e| format!("{e:e}")).collect::<Vec<_>>().join(" and ")
        ),
    }
}

/// What a comparison of logits gave.
pub fn outcome(outcome: &Outcome) -> String {
    let Outcome { count, largest, at: [input, class], allowed, size, agree } = *outcome;
    format!(
        "logits of {}: the largest difference is {largest:.2e} (input {input}, class {class}; logits up \
         to {size:.3}); rounding in f32 explains {allowed:.1e}; the same class is first for {agree}",
        counted(count, "input")
    )
}
