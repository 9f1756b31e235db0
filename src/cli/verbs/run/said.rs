//! What is said of a run before it begins.

use std::ops::Range;
use std::path::Path;

use crate::cli::session;
use crate::cli::show::output;
use crate::graph::EndId;
use crate::lower::Updates;
use crate::network::Network;
use crate::ranks::Ranks;
use crate::text::{counted, short, thousands};
use crate::train::TrainError;
use crate::train::epochs::Epochs;
use crate::train::recipe::{Kind, Recipe};
use crate::train::schedule::{Sides, StepPlan};
use crate::train::sharing::Sharing;
use crate::train::updates;

/// What a recipe does to weights that is not the usual: those that stay as they are, have one of two optimisers, are
/// trained for a while, or are averaged.
pub fn of_weights(recipe: &Recipe, network: &Network) -> Vec<String> {
    // What is wrong with them ends the run before.
    let updates = updates::of(recipe, network).ok();
    let mut said = Vec::new();
    if let Some(updates) = &updates {
        said.extend(frozen(updates, network));
        said.extend(shared(recipe, updates, network));
        said.extend(ending(recipe, updates, network));
    }
    said.extend(averaged(recipe));
    said
}

/// Who trains together, and what their batch norms see.
pub fn ranks(ranks: &Ranks, sharing: Sharing, is_exact: bool) -> String {
    let changes = if is_exact { "changes no result" } else { "changes rounding alone" };
    let how = match sharing {
        Sharing::Alone | Sharing::AsOne(_) => format!("as one: their number {changes}"),
        Sharing::ByRank(_) => format!(
            "batch norms take each rank's own pictures; with sync_bn: true those of all, and the number of \
             ranks {changes}"
        ),
    };
    format!("{} ({} on this machine), {how}", counted(ranks.count(), "rank"), ranks.here())
}

/// Says which spec a bundled recipe is made for, whose patterns match nothing in another.
pub fn made_for(error: &TrainError, recipe: Option<&Path>) {
    if let (TrainError::NoParameter { .. }, Some(path)) = (error, recipe)
        && let Some(spec) = session::recipe::spec_of(path)
    {
        output::note(format_args!("recipe: {} is made for the spec {spec}", path.display()));
    }
}

/// What a change of the kind of optimiser leaves as it was: the rate and the decay, unless they are given.
pub fn kept(before: &Recipe, now: &Recipe, changes: &[(String, String)]) -> Option<String> {
    let [was, is] = [before, now].map(|recipe| recipe.optimiser.kind.name());
    let of = |recipe: &Recipe| {
        let (rate, decay) = (recipe.schedule.lr, recipe.optimiser.weight_decay);
        [("rate", "schedule.lr", rate), ("decay", "optimiser.weight_decay", decay)]
    };
    let given = |path: &str| changes.iter().any(|(key, _)| key == path);
    let kept = of(before).into_iter().zip(of(now));
    let kept = kept.filter(|((_, path, was), (.., is))| was == is && !given(path));
    let (told, flags): (Vec<_>, Vec<_>) = kept
        .map(|(_, (name, path, is))| {
            (format!("the {name} of {was}, {}", short(is)), format!("--with {path}=…"))
        })
        .unzip();
    (was != is && !told.is_empty()).then(|| {
        format!("optimiser: {is} has {}; {} gives another", told.join(" and "), flags.join(" "))
    })
}

/// What a recipe leaves as it is.
fn frozen(updates: &Updates, network: &Network) -> Option<String> {
    let (frozen, all) = (updates::frozen(updates, network), network.parameters());
    let norms = match updates.still.len() {
        0 => String::new(),
        norms => format!(
            "; {} normalise by running statistics, which stay too",
            counted(norms, "batch norm")
        ),
    };
    (frozen > 0 || !norms.is_empty()).then(|| {
        format!(
            "frozen: {} of {} parameters stay as they are{norms}",
            thousands(frozen),
            thousands(all)
        )
    })
}

/// What Muon trains, and what the optimiser beside it.
fn shared(recipe: &Recipe, updates: &Updates, network: &Network) -> Option<String> {
    let other = recipe.optimiser.otherwise.as_ref()?;
    let [own, others] = updates::shared(updates, network).map(thousands);
    let [kind, otherwise] = [recipe.optimiser.kind, other.kind].map(Kind::name);
    Some(format!("optimisers: {kind} trains {own} parameters, {otherwise} {others}"))
}

/// What a recipe trains for a part of the run.
fn ending(recipe: &Recipe, updates: &Updates, network: &Network) -> Vec<String> {
    let all = thousands(network.parameters());
    let told = |(at, end): (usize, &Epochs)| {
        let some = thousands(updates::until(updates, network, EndId(at as u32)));
        let epochs = if end.0 == 1.0 { "epoch" } else { "epochs" };
        format!("trained for {end} {epochs}: {some} of {all} parameters")
    };
    recipe.ends().iter().enumerate().map(told).collect()
}

/// What training pictures are stretched to on the way, where it is not always what the net reads.
pub fn sizes(plan: &StepPlan, [rows, columns]: [usize; 2]) -> Option<String> {
    let stages = plan.stages(0);
    let at = |(steps, sides): &(Range<u64>, Sides)| {
        let [rows, columns] = sides.unwrap_or([rows, columns]);
        format!("{rows}×{columns} up to step {}", steps.end)
    };
    let whole = match stages.last() {
        Some((_, Some(_))) => format!("never {rows}×{columns}, at which it is measured"),
        Some((_, None)) if stages.len() > 1 => format!("measured at {rows}×{columns}"),
        Some((_, None)) | None => return None,
    };
    let all = stages.iter().map(at).collect::<Vec<_>>().join(", ");
    Some(format!("training pictures: {all}; {whole}"))
}

/// Which weights of a run that averages them are measured and kept.
fn averaged(recipe: &Recipe) -> Option<String> {
    let what = match (recipe.ema, recipe.lookahead) {
        (Some(ema), _) => format!("the moving average of the weights (ema: {})", ema.decay),
        (None, Some(lookahead)) => {
            format!("the slow weights of Lookahead (every {} steps)", lookahead.every)
        }
        (None, None) => return None,
    };
    Some(format!(
        "measured, saved under the weights' names and exported: {what}, running statistics too"
    ))
}
