//! Runs whose pictures have another size for a part of the way.

use std::collections::BTreeMap;
use std::sync::Arc;

use rnetc::engine::wgpu::DeviceLimits;
use rnetc::pixels::{Area, Window};
use rnetc::train::recipe::{Size, Stage};
use rnetc::{
    Dataset, End, EngineOptions, Evaluation, Extent, Observer, OpenEngine, Pictures, Recipe, Run,
    Spec, Step, Stored, Training,
};

use crate::support::gpu;

type Values = BTreeMap<String, Vec<f32>>;

/// Rows and columns of the net's own pictures.
const SIDE: usize = 12;
/// Steps of a run, and the ends of its parts.
const STEPS: u64 = 15;
const ENDS: [u64; 3] = [5, 10, STEPS];
/// Rows and columns in each part.
const SIDES: [usize; 3] = [6, 9, SIDE];

fn spec(side: usize) -> Spec {
    let text = format!(
        "net n {{ input(3, {side}, {side}) -> conv(3x3, 6) -> bn -> relu -> dropout(0.25) -> conv(3x3, 4, stride: 2)\n\
         -> bn -> relu -> global_avg_pool -> linear(3) }}"
    );
    Spec::new("n", text)
}

fn split(count: usize, side: usize) -> Arc<dyn Pictures> {
    let of = |side| Extent { rows: side, columns: side, channels: 3 };
    let whole: Vec<u8> =
        (0..count * of(SIDE).bytes()).map(|k| (k * k * 7 % 251 + k % 5) as u8).collect();
    let labels = (0..count).map(|k| (k % 3) as u8).collect();
    let mut pixels = vec![0; count * of(side).bytes()];
    let pictures = whole.chunks(of(SIDE).bytes()).zip(pixels.chunks_mut(of(side).bytes()));
    for (from, to) in pictures {
        Area::whole(of(SIDE)).scaled(of(SIDE), from, &Window::whole([side, side]), to);
    }
    Arc::new(Stored::new(of(side), pixels, labels).expect("pictures"))
}

fn data(side: usize) -> Dataset {
    Dataset {
        name: "pixels".into(),
        classes: ["a", "b", "c"].map(String::from).to_vec(),
        resize: None,
        train: split(40, side),
        validation: None,
        test: split(8, side),
    }
}

fn recipe(sizes: Vec<Stage>) -> Recipe {
    let text = "batch: 8\nepochs: 3\noptimiser: { momentum: 0.9, weight_decay: 0.0005, decay: all, nesterov: false }\n\
        schedule: { lr: 0.1, cosine: { to: 0 } }\naugmentation: { pad: 2, flip: true, cutout: 2 }\n\
        normalise: imagenet\nseed: 3\nema: 0.9\n";
    Recipe { sizes, ..Recipe::parse("r", text).expect("a recipe") }
}

/// The first epoch at 6×6 pixels, the second at 9×9.
fn progressive() -> Recipe {
    recipe(vec![
        Stage { size: Size::Square(SIDES[0]), until: 1.into() },
        Stage { size: Size::Sides([SIDES[1]; 2]), until: 2.into() },
    ])
}

fn prepared(recipe: Recipe, side: usize, engine: &OpenEngine) -> Run {
    let spec = spec(side);
    let training = Training::new(&spec, spec.compile().expect("a net"), recipe).expect("fits");
    training.prepare(&data(side), engine).expect("compiles")
}

/// Leaves a run after so many steps, and notes at which it was at which size.
struct Leaving {
    after: u64,
    done: u64,
    sizes: Vec<Option<[usize; 2]>>,
    turns: Vec<(u64, [usize; 2])>,
}

impl Observer for Leaving {
    fn step(&mut self, step: &Step, _: f64) {
        self.done = step.step;
        self.sizes.push(step.size);
    }
    fn resized(&mut self, step: u64, sides: [usize; 2]) {
        self.turns.push((step, sides));
    }
    fn evaluation(&mut self, _: &Evaluation) {}
    fn interrupted(&self) -> bool {
        self.done >= self.after
    }
}

/// What a run has after some steps, from what it had before.
fn after(mut run: Run, from: Option<(&Values, u64)>, steps: u64) -> (Values, Leaving) {
    let mut seen = Leaving { after: steps, done: 0, sizes: Vec::new(), turns: Vec::new() };
    let end = match from {
        Some((values, done)) => run.train_from(values, done, &mut seen),
        None => run.train(&mut seen),
    };
    match end.expect("trains") {
        // A device may have begun another step, but of no other part.
        End::Interrupted(step) => {
            assert!(step == steps || (step == steps + 1 && !ENDS.contains(&steps)), "{step}");
            seen.after = step;
        }
        End::Finished(_) | End::Stopped(_) => assert_eq!(steps, STEPS),
    }
    (run.model().expect("its weights").values, seen)
}

fn engines() -> Vec<OpenEngine> {
    let mut all = vec![EngineOptions::cpu().threads(2)];
    if gpu().is_some() {
        let mut on_gpu = EngineOptions::gpu();
        on_gpu.limits = DeviceLimits::WebGpuDefault;
        all.push(on_gpu);
    }
    all.into_iter().map(|options| options.open().expect("opens")).collect()
}

/// What one run does is what three do, each on a set of pictures of its size, by a net written for them, from
/// what the one before left.
#[test]
fn each_part_of_a_run_is_one_at_its_size_from_what_the_one_before_left() {
    for engine in engines() {
        let (whole, seen) = after(prepared(progressive(), SIDE, &engine), None, STEPS);
        let (mut values, mut done) = (None, 0);
        for (end, side) in ENDS.into_iter().zip(SIDES) {
            let run = prepared(recipe(Vec::new()), side, &engine);
            let (there, _) = after(run, values.as_ref().map(|values| (values, done)), end);
            (values, done) = (Some(there), end);
        }
        let names: Vec<&String> = whole.keys().collect();
        for kept in ["layers.conv1.weight.momentum", "layers.conv1.weight.fast"] {
            assert!(names.iter().any(|name| *name == kept), "{kept} in {names:?}");
        }
        assert!(values.as_ref() == Some(&whole), "{}", engine.device());
        assert_eq!(seen.turns, [(6, [9, 9]), (11, [12, 12])]);
        let sizes = SIDES.iter().flat_map(|&side| [Some([side, side]); 5]);
        assert!(seen.sizes.iter().copied().eq(sizes), "{:?}", seen.sizes);
    }
}

/// From the middle of any part, and from its end.
#[test]
fn a_run_goes_on_to_the_same_weights_from_any_part() {
    for engine in engines() {
        let run = || prepared(progressive(), SIDE, &engine);
        let (whole, _) = after(run(), None, STEPS);
        for done in [2, 5, 7, 10, 12] {
            let (there, Leaving { after: done, .. }) = after(run(), None, done);
            let (end, seen) = after(run(), Some((&there, done)), STEPS);
            assert!(end == whole, "{}, from step {done} on", engine.device());
            let first = SIDES[ENDS.iter().position(|end| done < *end).expect("a part")];
            assert_eq!(seen.sizes[0], Some([first, first]));
        }
    }
}
