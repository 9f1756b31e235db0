//! `rnetc paths check`.

use serde::Serialize;

use crate::cli::Failure;
use crate::cli::args::{PathsCheckArgs, ResultFormat};
use crate::cli::session::signals::Signals;
use crate::cli::session::trained::{self, Basis, Trained};
use crate::cli::show::output;
use crate::data::batches::As;
use crate::dissect::paths::check::{Check, Report};
use crate::dissect::paths::figure;
use crate::train::record::atomic;

/// Checks the equations of He et al. (2016) on a trained net.
pub fn check(args: &PathsCheckArgs, signals: &Signals) -> Result<(), Failure> {
    let trained = trained::open(&args.run, &args.study, signals)?;
    if trained.sites.is_empty() {
        return Err(Failure::Usage(format!(
            "{} has neither units nor convolutions, so there is nothing to check",
            trained.network.name
        )));
    }
    let (report, pictures) = measured(args, &trained, signals)?;
    output::note(format_args!("over the first {pictures} of these pictures"));
    let told = Told {
        run: trained::called(&args.run),
        net: &trained.network.name,
        params: trained.network.parameters(),
        study: trained.basis(&args.study, args.batch),
        count: pictures,
        report: &report,
    };
    match args.study.format {
        ResultFormat::Text => print(&report),
        ResultFormat::Csv => output::say(csv(&report).trim_end()),
        ResultFormat::Json => output::json(&told)?,
    }
    let (folder, _lock) = trained.subfolder("paths")?;
    let json = serde_json::to_string_pretty(&told)
        .map_err(|error| Failure::io("writing", &folder, error))?;
    atomic::write(&folder.join("check.json"), json.as_bytes())?;
    atomic::write(&folder.join("check.csv"), csv(&report).as_bytes())?;
    let drawn = figure::equations(&report, &trained.title());
    atomic::write(&folder.join("check.svg"), drawn.as_bytes())?;
    output::note(format_args!("written: {}/check.{{csv,json,svg}}", folder.display()));
    Ok(())
}

/// What was found, for programs.
#[derive(Serialize)]
struct Told<'a> {
    run: String,
    net: &'a str,
    params: usize,
    study: Basis,
    /// Pictures that it was taken over.
    count: usize,
    #[serde(flatten)]
    report: &'a Report,
}

/// The report, and over how many pictures: those asked for, else one batch.
fn measured(
    args: &PathsCheckArgs,
    trained: &Trained,
    signals: &Signals,
) -> Result<(Report, usize), Failure> {
    let loading = trained.loading(args.batch);
    let (network, engine) = (&trained.network, trained.opened.engine.as_ref());
    let mut check = Check::new(engine, network, &trained.sites, &trained.values, loading.batch)?;
    let mut batches = loading.evaluation(As::Numbers).map_err(|e| Failure::File(e.to_string()))?;
    let mut pictures = 0;
    while let Some(batch) = batches.next_item() {
        if let Some(failure) = signals.failure() {
            return Err(failure);
        }
        check.add((&batch.images.numbers(), &batch.targets), batch.labels.len())?;
        pictures += batch.labels.len();
        batches.recycle(batch);
        if args.study.pictures.is_none() {
            break;
        }
    }
    if pictures == 0 {
        return Err(Failure::Wrong("the data set has no test pictures".into()));
    }
    Ok((check.report(), pictures))
}

fn cell(value: Option<f64>) -> String {
    match value {
        Some(value) if value == 0.0 || (1e-3..1e4).contains(&value.abs()) => format!("{value:.4}"),
        Some(value) => format!("{value:.2e}"),
        None => "–".into(),
    }
}

/// Columns of the table after the unit's number: head, width, and what stands there.
const COLUMNS: [(&str, usize, &str); 8] = [
    ("F added/x", 10, "‖F‖ / ‖x‖: what F adds to y, beside what the unit reads"),
    ("y<0 cut", 9, "share of y below 0, which a ReLU after the addition cuts off"),
    ("λ", 9, "⟨h, x⟩ / ⟨x, x⟩: 1 where the shortcut carries x as it is"),
    ("‖∂E/∂x‖", 10, "norm of the gradient that the unit passes on to its input"),
    ("through F", 10, "the same where gradients go through F only, and no shortcut"),
    (
        "(5) chain",
        10,
        "what equation (5) leaves over at this unit, relative: 0 where it holds exactly",
    ),
    (
        "weighted",
        10,
        "norm of equation (5)'s weighted term; its direct term stands below, by stage",
    ),
    ("cosine", 10, "between the direct and the weighted term: −1 where they cancel"),
];

fn print(report: &Report) {
    for (head, _, meaning) in COLUMNS {
        output::say(format_args!("{head:>10}  {meaning}"));
    }
    output::say("         –  there is none: no shortcut, no ReLU after it, or another shape");
    let heads: String = COLUMNS.iter().map(|(head, width, _)| format!(" {head:>width$}")).collect();
    output::say(format_args!("unit{heads}"));
    for unit in &report.units {
        output::say(format_args!(
            "{:>4} {:>10} {:>9} {:>9} {:>10} {:>10} {:>10} {:>10} {:>10}",
            unit.unit,
            cell(unit.residual_ratio),
            cell(unit.cut_off),
            cell(unit.lambda),
            cell(Some(unit.gradient)),
            cell(Some(unit.gradient_through_residuals)),
            cell(unit.chain_error),
            cell(unit.weighted_term),
            cell(unit.cosine)
        ));
    }
    if report.units.iter().any(|unit| unit.gate.is_some()) {
        output::say("unit   gate: mean        sd   share above ½");
    }
    for (unit, [mean, deviation, above]) in
        report.units.iter().filter_map(|unit| Some((unit.unit, unit.gate?)))
    {
        output::say(format_args!(
            "{unit:>4} {:>12} {:>9} {:>12.1} %",
            cell(Some(mean)),
            cell(Some(deviation)),
            100.0 * above
        ));
    }
    for stage in &report.stages {
        output::say(format_args!(
            "units {}–{}: (4) off by {:.1e}; (6) with λ off by {:.1e}, ∏λ = {}; (5) direct term {}",
            stage.units[0],
            stage.units[1],
            stage.sum_error,
            stage.scaled_sum_error,
            cell(Some(stage.lambda_product)),
            cell(Some(stage.direct_term))
        ));
    }
    if let Some(product) = report.initial_gates {
        output::say(format_args!(
            "(8) gates: ∏(1 − σ(b)) at the start of training is {}",
            cell(Some(product))
        ));
    }
    output::say(format_args!(
        "(9) {} of {} units have x itself on the shortcut and nothing after the addition: there \
         activation on F's side alone is pre-activation",
        report.clean,
        report.units.len()
    ));
}

fn csv(report: &Report) -> String {
    let number = |value: Option<f64>| value.map_or(String::new(), |v| format!("{v:.6e}"));
    let mut text = "unit,residual_ratio,cut_off,lambda,gate_mean,gate_sd,gate_above_half,gradient,gradient_through_residuals,\
                    chain_error,weighted_term,cosine\n"
        .to_string();
    for unit in &report.units {
        let cells = [
            unit.residual_ratio,
            unit.cut_off,
            unit.lambda,
            unit.gate.map(|gate| gate[0]),
            unit.gate.map(|gate| gate[1]),
            unit.gate.map(|gate| gate[2]),
            Some(unit.gradient),
            Some(unit.gradient_through_residuals),
            unit.chain_error,
            unit.weighted_term,
            unit.cosine,
        ];
        text += &format!("{},{}\n", unit.unit, cells.map(number).join(","));
    }
    text
}
