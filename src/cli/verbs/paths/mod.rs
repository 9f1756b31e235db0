//! `rnetc paths`.

mod check;

use std::path::Path;

use serde::Serialize;

use crate::cli::Failure;
use crate::cli::args::{PathsArgs, PathsVerb, ResultFormat};
use crate::cli::session::engine;
use crate::cli::session::signals::Signals;
use crate::cli::session::trained::{self, Basis, Trained};
use crate::cli::show::output;
use crate::cli::show::study_progress::StudyProgress;
use crate::dissect::journal::Journal;
use crate::dissect::paths::exact::{self, Exact, MOST_UNITS};
use crate::dissect::paths::gradient::{Gradients, forks};
use crate::dissect::paths::sampled::{self, Effective, Length};
use crate::dissect::paths::{figure, lengths};
use crate::graph::{OutputKind, Role};
use crate::lower;
use crate::lower::probes::{NONE, Part};
use crate::train::record::atomic;
use crate::train::runner::Runner;

/// Follows paths.
pub fn paths(args: &PathsArgs) -> Result<(), Failure> {
    let study = match &args.verb {
        Some(PathsVerb::Check(args)) => &args.study,
        None => &args.study,
    };
    engine::check_unscaled(&study.engine)?;
    let signals = Signals::catch()?;
    match (&args.verb, &args.run) {
        (Some(PathsVerb::Check(args)), _) => check::check(args, &signals),
        (None, Some(run)) => follow(args, run, &signals),
        (None, None) => Err(Failure::Usage("say which run: rnetc paths RUN".into())),
    }
}

/// What a journal begins with.
#[derive(Serialize)]
struct Header {
    study: &'static str,
    samples: u32,
    #[serde(flatten)]
    basis: Basis,
}

fn follow(args: &PathsArgs, run: &Path, signals: &Signals) -> Result<(), Failure> {
    let of = &args.study;
    let trained = trained::open(run, of, signals)?;
    let n = forks(&trained.sites).len();
    if n == 0 {
        return Err(Failure::Usage(format!(
            "no unit of {} has a shortcut, so there is one path only; rnetc lesion deletes its \
             layers",
            trained.network.name
        )));
    }
    let reads = of.format == ResultFormat::Text;
    if reads {
        say_lengths(n);
    }
    let header = Header {
        study: "gradient-by-length",
        samples: args.samples,
        basis: trained.basis(of, args.batch),
    };
    let (folder, _lock) = trained.subfolder("paths")?;
    let (journal, found) =
        Journal::open::<Length>(&folder.join("gradient.jsonl"), &header, of.again)?;
    trained::tell_unreadable(&journal);
    let mut gradients = Gradients::new(
        trained.opened.engine.as_ref(),
        &trained.network,
        &trained.sites,
        &trained.values,
        (trained.pictures.as_ref(), &trained.normalisation),
        args.batch,
    )?;
    gradients.calibrate(of.seed)?;
    let lengths = sample(&mut gradients, journal, found, args, signals)?;
    let effective = sampled::effective(n, &lengths);
    if reads {
        say_gradients(n, &lengths, effective.as_ref());
    }
    let enumerated = match n <= MOST_UNITS {
        true => Some(enumerate(&trained, &mut gradients, signals)?),
        false => None,
    };
    if reads {
        say_enumerated(n, enumerated.as_ref());
    }
    let report = Report {
        run: trained::called(run),
        net: &trained.network.name,
        params: trained.network.parameters(),
        study: &header,
        units: n,
        effective,
        lengths: rows(n, &lengths),
        enumerated,
    };
    match of.format {
        ResultFormat::Text => {}
        ResultFormat::Csv => output::say(csv(&report.lengths).trim_end()),
        ResultFormat::Json => output::json(&report)?,
    }
    write(&folder, &report, &lengths, &trained.title())?;
    output::note(format_args!(
        "written: {}/{{gradient.svg,deletions.svg,paths.csv,paths.json}}",
        folder.display()
    ));
    Ok(())
}

fn sample(
    gradients: &mut Gradients,
    mut journal: Journal,
    found: Vec<Length>,
    args: &PathsArgs,
    signals: &Signals,
) -> Result<Vec<Length>, Failure> {
    let n = gradients.forks();
    let mut lengths = found;
    let mut progress = StudyProgress::new(n + 1, lengths.len());
    let interrupted = || signals.came();
    for length in 0..=n {
        if lengths.iter().any(|l| l.length == length) {
            continue;
        }
        let asked = (length, args.samples as usize);
        let measured = sampled::measure(gradients, asked, args.study.seed, &interrupted);
        let Some(measured) = measured? else {
            progress.end();
            output::note(format_args!(
                "stopped after {} of {} lengths; the same command goes on",
                lengths.len(),
                n + 1
            ));
            return Err(signals.failure().unwrap_or(Failure::Signal(2)));
        };
        journal.add(&measured)?;
        progress.piece(&format!("length {length}: log₁₀ ‖g‖ {}", log(measured.log10_mean)));
        lengths.push(measured);
    }
    progress.end();
    lengths.sort_by_key(|l| l.length);
    Ok(lengths)
}

fn log(value: Option<f64>) -> String {
    value.map_or_else(|| "−∞".into(), |value| format!("{value:.2}"))
}

fn say_lengths(n: usize) {
    let [mean, deviation] = lengths::moments(n);
    let [low, high] = [mean - 8.0, mean + 8.0].map(|x| x.clamp(0.0, n as f64));
    let (low, high) = (low.ceil() as usize, high.floor() as usize);
    output::say(format_args!(
        "{} paths through {n} units; length {mean} ± {deviation:.2}; {:.1} % are {low} to {high} long",
        lengths::paths(n),
        100.0 * lengths::share_between(n, low..=high)
    ));
    output::say("share of paths left after deletions, by length, and of all paths");
    let mut shown = vec![n / 10, n / 5, n * 3 / 10, n / 2];
    // Of a small net several of them are the same.
    shown.dedup();
    let head: String = shown.iter().map(|x| format!("  length {x:>3}")).collect();
    output::say(format_args!("  deleted{head}         all"));
    for deleted in figure::DELETED.into_iter().filter(|d| *d <= n) {
        let cells: String =
            shown.iter().map(|&x| format!("  {:>10.2e}", lengths::left(n, deleted, x))).collect();
        output::say(format_args!(
            "  {deleted:>7}{cells}  {:>10.2e}",
            lengths::left_of_all(deleted)
        ));
    }
}

fn say_gradients(n: usize, found: &[Length], effective: Option<&Effective>) {
    output::say("gradient at the input by path length (log₁₀ of the mean norm; times paths)");
    for length in found {
        output::say(format_args!(
            "  {:>4}  {:>8}  {:>8}",
            length.length,
            log(length.log10_mean),
            log(sampled::log10_total(n, length))
        ));
    }
    if let Some(e) = effective {
        output::say(format_args!(
            "effective paths: lengths {} to {} carry {:.1} % of the gradient and are {:.3} % of \
             all paths; mean length by what they carry {:.1}",
            e.first,
            e.last,
            100.0 * e.of_gradient,
            100.0 * e.of_paths,
            e.mean
        ));
    }
}

/// The exact sums.
#[derive(Serialize)]
struct Enumerated {
    gradient: Exact,
    forward_relative_error: Option<f64>,
}

fn enumerate(
    trained: &Trained,
    gradients: &mut Gradients,
    signals: &Signals,
) -> Result<Enumerated, Failure> {
    let interrupted = || signals.came();
    let stopped = || signals.failure().unwrap_or(Failure::Signal(2));
    gradients.boost(0);
    let exact = exact::gradient(gradients, 0, &interrupted)?.ok_or_else(stopped)?;
    let forward = exact::forward(
        trained.opened.engine.as_ref(),
        &trained.network,
        &trained.sites,
        &trained.values,
        &first_input(trained)?,
        &interrupted,
    )?;
    if signals.came() {
        return Err(stopped());
    }
    Ok(Enumerated { gradient: exact, forward_relative_error: forward })
}

fn say_enumerated(n: usize, found: Option<&Enumerated>) {
    let Some(Enumerated { gradient, forward_relative_error }) = found else {
        return output::say(format_args!(
            "(the exact sum over all paths takes at most {MOST_UNITS} units; here are {n})"
        ));
    };
    output::say(format_args!(
        "all {} paths of one picture: their sum is the gradient to {:.1e} (‖gradient‖ {:.3e})",
        lengths::paths(n),
        gradient.relative_error,
        gradient.norm
    ));
    for (length, [sum, of_sum]) in gradient.by_length.iter().enumerate() {
        output::say(format_args!("  length {length:>2}  Σ‖g‖ {sum:>10.3e}  ‖Σg‖ {of_sum:>10.3e}"));
    }
    if let Some(error) = forward_relative_error {
        output::say(format_args!(
            "the forward pass as a sum over paths is off by {error:.1e} (zero where every F is \
             linear and f the identity)"
        ));
    }
}

/// What the first unit reads for the first picture.
fn first_input(trained: &Trained) -> Result<Vec<f32>, Failure> {
    let bytes = trained.pictures.extent().bytes();
    let (mut pixels, mut image) = (vec![0; bytes], vec![0.0; bytes]);
    trained.pictures.picture(0, 0, &mut pixels);
    trained.normalisation.table().apply(0, &pixels, &mut image, false);
    let to = trained.sites.first().map(|site| site.input);
    if to == Some(trained.network.input) {
        return Ok(image);
    }
    let program = lower::part(&trained.network, 1, Part { from: None, to }, &NONE);
    let mut program = Runner::new(trained.opened.engine.as_ref(), &program)?;
    program.load(&trained.values)?;
    program.write(Role::Images, &image)?;
    program.run()?;
    Ok(program.output(OutputKind::Cut)?)
}

/// What was found, for programs.
#[derive(Serialize)]
struct Report<'a> {
    run: String,
    net: &'a str,
    params: usize,
    study: &'a Header,
    units: usize,
    effective: Option<Effective>,
    lengths: Vec<Row>,
    enumerated: Option<Enumerated>,
}

#[derive(Serialize)]
struct Row {
    length: usize,
    share_of_paths: f64,
    log10_mean: Option<f64>,
    log10_quartiles: [Option<f64>; 3],
    log10_total: Option<f64>,
    /// Left after 1, 10 and 20 deletions.
    left: [f64; 3],
}

fn rows(n: usize, found: &[Length]) -> Vec<Row> {
    let row = |l: &Length| Row {
        length: l.length,
        share_of_paths: lengths::share(n, l.length),
        log10_mean: l.log10_mean,
        log10_quartiles: l.log10_quartiles,
        log10_total: sampled::log10_total(n, l),
        left: figure::DELETED.map(|d| lengths::left(n, d, l.length)),
    };
    found.iter().map(row).collect()
}

fn csv(rows: &[Row]) -> String {
    let mut csv = "length,share_of_paths,log10_mean,log10_q1,log10_median,log10_q3,log10_total,\
                   left_after_1,left_after_10,left_after_20\n"
        .to_string();
    for row in rows {
        let number = |v: Option<f64>| v.map_or(String::new(), |v| format!("{v:.6}"));
        let quartiles: Vec<String> = row.log10_quartiles.iter().map(|q| number(*q)).collect();
        csv += &format!(
            "{},{:.6e},{},{},{},{:.6e},{:.6e},{:.6e}\n",
            row.length,
            row.share_of_paths,
            number(row.log10_mean),
            quartiles.join(","),
            number(row.log10_total),
            row.left[0],
            row.left[1],
            row.left[2]
        );
    }
    csv
}

fn write(folder: &Path, report: &Report, found: &[Length], title: &str) -> Result<(), Failure> {
    let n = report.units;
    let json = serde_json::to_string_pretty(report)
        .map_err(|error| Failure::io("writing", folder, error))?;
    atomic::write(&folder.join("paths.json"), json.as_bytes())?;
    atomic::write(&folder.join("paths.csv"), csv(&report.lengths).as_bytes())?;
    atomic::write(&folder.join("gradient.svg"), figure::gradients(n, found, title).as_bytes())?;
    atomic::write(&folder.join("deletions.svg"), figure::deletions(n, title).as_bytes())?;
    Ok(())
}
