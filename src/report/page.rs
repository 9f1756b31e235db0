//! The page: HTML with its figures and pictures inside it.

use std::fmt::Write;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::measure::{Measured, SAMPLE};
use super::{Run, classes, confusion, wrong};
use crate::chart::quantiles::median;
use crate::chart::{self, Axis, Mark, Panel, Side, Size, Stroke};
use crate::drawing;
use crate::engine::cpu;
use crate::text::escape;
use crate::train::config::Config;
use crate::train::part::Part;

/// Mistakes whose pictures are shown.
const SHOWN: usize = 24;

/// Points of a curve of losses; more cannot be told apart.
const POINTS: usize = 400;

/// What only a run's weights and pictures give.
const CONFUSION: &str = "<h3>Confusion</h3>\n";

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:15px/1.45 system-ui,sans-serif;color:#1b1b1b;background:#fff;max-width:60em;\
margin:2em auto;padding:0 1em;overflow-wrap:anywhere}\
h1{font-size:1.6em}h2{font-size:1.3em;margin-top:2em;border-bottom:1px solid #ccc}\
h3{font-size:1.05em;margin-top:1.6em}\
table{border-collapse:collapse;overflow-wrap:normal}\
th,td{padding:.25em .7em;text-align:left;border-bottom:1px solid #e4e4e4}\
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}td.n{white-space:nowrap}\
figure{margin:1em 0}figcaption{color:#555;font-size:.9em;max-width:52em}\
.wide{overflow-x:auto}.wide svg,.wide img{display:block;max-width:none}\
.mistakes{display:flex;flex-wrap:wrap;gap:12px}.mistakes figure{margin:0;width:96px}\
.mistakes img{width:96px;height:96px;image-rendering:pixelated}\
.mistakes figcaption{font-size:.75em;line-height:1.25}details{margin:1em 0}\
pre{background:#f5f5f5;padding:.8em;overflow-x:auto;font-size:.85em}\
.bar{background:#0072b2;height:.7em;display:inline-block}\
@media(max-width:40em){body{margin:1em auto;padding:0 .6em}h1{font-size:1.3em}th,td{padding:.2em .4em}}\
@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#16181c}h2{border-color:#4a4f58}\
th,td{border-color:#32363d}figcaption{color:#a9adb5}pre{background:#22262c}.bar{background:#4db2ee}}";

/// How many runs of a page were measured with their weights and pictures.
pub fn measured(page: &str) -> usize {
    page.matches(CONFUSION).count()
}

/// Makes the page.
pub fn page(runs: &[Run]) -> String {
    let names: Vec<&str> = runs.iter().map(|run| run.name.as_str()).collect();
    let title = escape(&format!("rnetc: {}", names.join(", ")));
    let mut body = format!("<h1>{title}</h1>\n");
    summary(&mut body, runs);
    body += "<h2>Training</h2>\n";
    figure(
        &mut body,
        &training(runs),
        "Training loss (dashed, left, logarithmic; means of neighbouring steps); training error, \
         each epoch's own mean (dotted, right), validation error and test error (solid, right).",
    );
    figure(&mut body, &rates(runs), "Learning rate.");
    for run in runs {
        details(&mut body, run);
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}</title>\n<style>{STYLE}</style></head>\n<body>\n{body}</body>\n</html>\n"
    )
}

// Writing to a String cannot fail, here and below.
fn figure(body: &mut String, svg: &str, caption: &str) {
    let caption = escape(caption);
    // As large as it is, so that its words stay readable; where there is no room, it scrolls.
    let _ = writeln!(
        body,
        "<figure><div class=wide>{svg}</div><figcaption>{caption}</figcaption></figure>"
    );
}

fn summary(body: &mut String, runs: &[Run]) {
    *body += "<div class=wide><table><tr><th>run</th><th>net</th><th>data</th><th>computed in</th>\
        <th class=n>steps</th><th class=n>last test error, %</th><th class=n>lowest</th>\
        <th>chosen on</th><th class=n>images/s</th></tr>\n";
    for run in runs {
        let part = run.config.chosen_on();
        let lowest = run.errors(part).map(|[_, error]| error).min_by(f64::total_cmp);
        let shown = |error: Option<f64>| error.map_or("".into(), |e| format!("{e:.2}"));
        let done = run.history.steps.last().map_or(0, |step| step.step);
        let speeds: Vec<f64> = run.history.steps.iter().map(|step| step.images_per_s).collect();
        let _ = writeln!(
            body,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td class=n>{done} of {}</td>\
             <td class=n>{}</td><td class=n>{}</td><td>{}</td><td class=n>{:.0}</td></tr>",
            escape(&run.name),
            escape(&net(&run.config)),
            escape(&run.config.data),
            escape(&computed_in(&run.config)),
            run.config.steps,
            shown(run.errors(Part::Test).next_back().map(|[_, error]| error)),
            shown(lowest),
            part,
            median(&speeds).unwrap_or(0.0),
        );
    }
    *body += "</table></div>\n";
    if runs.iter().any(|run| run.config.chosen_on() == Part::Test) {
        *body += "<p>The lowest error of a run without a validation part is chosen on the test pictures, \
                  and so optimistic: its last test error is not.</p>\n";
    }
}

/// The precision and the device, and what was multiplied in where that is another.
pub fn computed_in(config: &Config) -> String {
    let Config { precision, device, .. } = config;
    let isa = device.strip_prefix("cpu (").and_then(|rest| rest.strip_suffix(')'));
    let products = isa.and_then(|isa| cpu::products(isa, *precision));
    let products = products.map_or(String::new(), |products| format!(", products in {products}"));
    format!("{precision}, {device}{products}")
}

/// The spec with its settings.
fn net(config: &Config) -> String {
    let setting = |(name, value): (&String, &String)| format!(" {name}={value}");
    format!("{}{}", config.spec, config.settings.iter().map(setting).collect::<String>())
}

fn training(runs: &[Run]) -> String {
    // One run's curves differ by colour, too; of several, the colour is the run.
    let alone = runs.len() == 1;
    let marks = runs.iter().enumerate().flat_map(|(at, run)| {
        let colour = |curve: usize| if alone { curve } else { at };
        let loss: Vec<[f64; 2]> =
            run.history.steps.iter().map(|step| [step.step as f64, f64::from(step.loss)]).collect();
        let epochs = run.history.epochs.iter().map(|e| [e.step as f64, e.train_error_percent]);
        let label = format!("{}: training loss", run.name);
        let errors = |what: &str, stroke, points: Vec<[f64; 2]>| {
            let label = format!("{}: {what}", run.name);
            let is_there = !points.is_empty();
            is_there.then_some(Mark::Line { points, stroke, side: Side::Right, label })
        };
        [
            Some(Mark::line(&label, Stroke::dashed(colour(0)), thinned(&loss))),
            errors("training error by epoch", Stroke::dotted(colour(2)), epochs.collect()),
            errors(
                "validation error",
                Stroke::solid(colour(3)),
                run.errors(Part::Validation).collect(),
            ),
            errors("test error", Stroke::solid(colour(1)), run.errors(Part::Test).collect()),
        ]
    });
    let marks = marks.flatten();
    let error = Axis::linear("error, %").from_zero();
    page_wide("steps", Axis::log("training loss"), Some(error), marks.collect())
}

fn rates(runs: &[Run]) -> String {
    let marks = runs.iter().enumerate().map(|(colour, run)| {
        let points: Vec<[f64; 2]> =
            run.history.steps.iter().map(|step| [step.step as f64, step.lr]).collect();
        // Where it does not change, its first and last steps say everything.
        let kept = (0..points.len()).filter(|&k| {
            let same = |other: Option<&[f64; 2]>| other.is_some_and(|o| o[1] == points[k][1]);
            !(k > 0 && same(points.get(k - 1)) && same(points.get(k + 1)))
        });
        let points: Vec<[f64; 2]> = kept.map(|k| points[k]).collect();
        let points = if points.len() > 4 * POINTS { thinned(&points) } else { points };
        Mark::line(&run.name, Stroke::solid(colour), points)
    });
    page_wide("steps", Axis::log("learning rate"), None, marks.collect())
}

/// One panel as wide as the page.
fn page_wide(x: &str, y: Axis, right: Option<Axis>, marks: Vec<Mark>) -> String {
    let panel = Panel { title: String::new(), x: Axis::count(x).exact(), y, right, marks };
    chart::svg(&[panel], Size::PAGE)
}

/// Means of neighbours, so that few points are left.
fn thinned(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mean = |part: &[[f64; 2]]| {
        let n = part.len() as f64;
        let sum = part.iter().fold([0.0, 0.0], |sum, p| [sum[0] + p[0], sum[1] + p[1]]);
        sum.map(|sum| sum / n)
    };
    points.chunks(points.len().div_ceil(POINTS).max(1)).map(mean).collect()
}

fn details(body: &mut String, run: &Run) {
    let _ = writeln!(body, "<h2>{}</h2>", escape(&run.name));
    if let Some(measured) = &run.measured {
        units(body, measured);
        mistakes(body, run, measured);
        kernels(body, measured);
    }
    studies(body, run);
    let drawing = STANDARD.encode(drawing::svg(&run.network));
    let _ = writeln!(
        body,
        "<h3>Network</h3>\n<div class=wide><img alt=\"drawing of the network\" \
         src=\"data:image/svg+xml;base64,{drawing}\"></div>\n<pre>{}</pre>",
        escape(&run.config.spec_text)
    );
    let mut config = run.config.clone();
    // Shown above; and thousands of means tell nobody anything.
    config.spec_text.clear();
    config.normalisation.mean.truncate(config.normalisation.std.len());
    let config = serde_yaml::to_string(&config).unwrap_or_default();
    let _ = writeln!(body, "<h3>Configuration</h3>\n<pre>{}</pre>", escape(&config));
}

fn units(body: &mut String, measured: &Measured) {
    if measured.units.is_empty() {
        return;
    }
    let of = |value: fn(&super::measure::UnitSize) -> Option<f64>| -> Vec<[f64; 2]> {
        // Where a unit has no value, a gap.
        let units = measured.units.iter();
        units.map(|unit| [unit.index as f64, value(unit).unwrap_or(f64::NAN)]).collect()
    };
    let marks = vec![
        Mark::line("‖F‖ / ‖x‖, F as it is added to y", Stroke::solid(0), of(|unit| unit.residual)),
        Mark::line(
            "norm of the gradient of the unit's parameters",
            Stroke::solid(1),
            of(|unit| Some(unit.gradient)),
        ),
    ];
    let svg = page_wide("unit", Axis::log(""), None, marks);
    *body += "<h3>Units</h3>\n";
    let caption = format!(
        "What F adds to y, with all that scales it, beside what the unit reads, over the first {} \
         test pictures with running statistics; and norm of the loss's gradient, over training pictures.",
        SAMPLE.min(measured.pictures.count())
    );
    figure(body, &svg, &caption);
}

fn mistakes(body: &mut String, run: &Run, measured: &Measured) {
    let names = &run.config.classes;
    let shape = run.network.value(run.network.input).shape;
    *body += CONFUSION;
    let caption = "Test pictures: rows are what they show, columns what they were taken for.";
    figure(body, &confusion::svg(names, &measured.tally.confusion), caption);
    let _ = writeln!(
        body,
        "<h3>Classes</h3>\n<p>Precision: of the pictures taken for a class, the share that show it. \
         Recall: of its own pictures, the share taken for it.</p>\n<div class=wide>{}</div>",
        classes::table(names, &measured.tally)
    );
    *body += "<h3>Surest mistakes</h3>\n<div class=mistakes>\n";
    let mut pixels = vec![0; measured.pictures.extent().bytes()];
    for mistake in measured.mistakes.iter().take(SHOWN) {
        let name = |class: usize| names.get(class).map_or("", String::as_str);
        measured.pictures.picture(0, mistake.index, &mut pixels);
        if let Some(picture) = png(shape.w, shape.h, &pixels) {
            let _ = writeln!(
                body,
                "<figure><img alt=\"{0}\" src=\"data:image/png;base64,{picture}\"><figcaption>{0}, \
                 taken for {1} ({2:.0} %)</figcaption></figure>",
                escape(name(mistake.label)),
                escape(name(mistake.taken_for)),
                100.0 * mistake.probability
            );
        }
    }
    *body += "</div>\n";
    *body += &wrong::list(run, measured);
}

/// A picture, grey or in colour, as PNG in base 64.
fn png(width: usize, height: usize, pixels: &[u8]) -> Option<String> {
    let (wide, high) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    let pixels = pixels.to_vec();
    let picture: image::DynamicImage = if pixels.len() == width * height {
        image::GrayImage::from_raw(wide, high, pixels)?.into()
    } else {
        image::RgbImage::from_raw(wide, high, pixels)?.into()
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).ok()?;
    Some(STANDARD.encode(bytes.into_inner()))
}

fn studies(body: &mut String, run: &Run) {
    if !run.studies.is_empty() {
        *body += "<h3>Lesions and paths</h3>\n";
    }
    for study in &run.studies {
        let image = format!(
            "<img alt=\"{}\" src=\"data:image/svg+xml;base64,{}\">",
            escape(study.caption),
            STANDARD.encode(&study.svg)
        );
        figure(body, &image, study.caption);
    }
}

fn kernels(body: &mut String, measured: &Measured) {
    if measured.kernels.is_empty() {
        return;
    }
    let total: f64 = measured.kernels.iter().map(|kernel| kernel.seconds).sum();
    let _ = writeln!(
        body,
        "<h3>Kernel times</h3>\n<p>A training step of {} pictures, all threads together.</p>\n\
         <div class=wide><table><tr><th>kernel</th><th class=n>calls</th><th class=n>ms</th><th>share</th></tr>",
        measured.batch
    );
    for kernel in measured.kernels.iter().take(30) {
        let share = 100.0 * kernel.seconds / total.max(1e-12);
        let _ = writeln!(
            body,
            "<tr><td>{}</td><td class=n>{}</td><td class=n>{:.3}</td><td>\
             <span class=bar style=\"width:{:.1}em\"></span> {share:.1} %</td></tr>",
            escape(&kernel.name),
            kernel.calls,
            kernel.seconds * 1e3,
            share / 6.0
        );
    }
    *body += "</table></div>\n";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_grey_or_in_colour() {
        for channels in [1, 3] {
            let pixels: Vec<u8> = (0..6 * channels).collect();
            let bytes = STANDARD.decode(png(3, 2, &pixels).unwrap()).unwrap();
            let read = image::load_from_memory(&bytes).unwrap();
            assert_eq!((read.width(), read.height()), (3, 2));
            assert_eq!(read.color().channel_count(), channels);
            assert_eq!(read.into_bytes(), pixels);
        }
        assert_eq!(png(3, 2, &[0; 7]), None);
    }
}
