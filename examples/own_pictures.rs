//! Trains on pictures of one's own until they are told apart, and asks about new ones.

use std::error::Error;
use std::sync::Arc;

use rnetc::{
    Dataset, EngineOptions, Evaluation, Extent, Length, Observer, Pictures, Recipe, Spec, Training,
};

const SIDE: usize = 8;

/// Grey pictures of stripes: class 0 lies, class 1 stands. Each is made when it is asked for.
struct Stripes {
    count: usize,
    first: usize,
}

impl Pictures for Stripes {
    fn count(&self) -> usize {
        self.count
    }

    fn extent(&self) -> Extent {
        Extent { rows: SIDE, columns: SIDE, channels: 1 }
    }

    fn picture(&self, _epoch: u32, index: usize, pixels: &mut [u8]) -> u8 {
        let number = self.first + index;
        let (class, phase) = (number % 2, number / 2);
        for (at, pixel) in pixels.iter_mut().enumerate() {
            let along = if class == 0 { at / SIDE } else { at % SIDE };
            let noise = (number * 7919 + at * 104_729) % 64;
            *pixel = ((along + phase) % 4 / 2 * 160 + noise) as u8;
        }
        class as u8
    }
}

/// Stops as soon as nothing is told wrongly any more.
#[derive(Default)]
struct UntilRight {
    right: bool,
}

impl Observer for UntilRight {
    fn evaluation(&mut self, evaluation: &Evaluation) {
        let error = evaluation.test.map_or(f64::NAN, |test| test.error_percent);
        println!("epoch {}: {error:.1} % wrong", evaluation.epoch);
        self.right = error == 0.0;
    }

    fn interrupted(&self) -> bool {
        self.right
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let spec = Spec::new(
        "stripes.rnet",
        "unit basic(width) { F = conv(3x3, width) -> bn -> relu -> conv(3x3, width)  y = x + F(x) }
         net stripes(classes = 2) {
             input(1, 8, 8) -> conv(3x3, 8) -> bn -> relu -> basic(8)
             -> global_avg_pool -> linear(classes)
         }",
    );
    let data = Dataset {
        name: "stripes".into(),
        classes: vec!["lying".into(), "standing".into()],
        resize: None,
        train: Arc::new(Stripes { count: 64, first: 0 }),
        validation: None,
        test: Arc::new(Stripes { count: 64, first: 1000 }),
    };
    let mut recipe = Recipe { batch: 16, ..Recipe::he2016()? };
    recipe.augmentation.pad = 0.into();
    let training = Training::new(&spec, spec.compile()?, recipe)?.length(Length::Epochs(20.into()));

    let engine = EngineOptions::cpu().open()?;
    let mut run = training.prepare(&data, &engine)?;
    run.train(&mut UntilRight::default())?;

    let model = run.model()?;
    let mut predictor = model.predictor(&engine, 4)?;
    let new = Stripes { count: 4, first: 5000 };
    let mut pictures = vec![vec![0; SIDE * SIDE]; 4];
    let truth: Vec<u8> =
        pictures.iter_mut().enumerate().map(|(at, pixels)| new.picture(0, at, pixels)).collect();
    for (probabilities, truth) in predictor.classify(&pictures)?.iter().zip(truth) {
        let classes = predictor.classes();
        let sure = 100.0 * probabilities[usize::from(truth)];
        println!("{}: {sure:.0} % sure", classes[usize::from(truth)]);
    }
    Ok(())
}
