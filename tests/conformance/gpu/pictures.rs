//! Pictures that become numbers on the device: as on the host, to the bit where each byte has a number
//! of its own.

use std::sync::Arc;

use rnetc::data::augment::{Augmentation, Erasing, Flip, Mixing};
use rnetc::data::batches::As;
use rnetc::engine::wgpu::WgpuEngine;
use rnetc::engine::{Device, Engine, EngineError, Executable, Pending, Precision};
use rnetc::graph::builder::Builder;
use rnetc::graph::{InputId, Output, Program, Role, Shape, Type, Unary};
use rnetc::pixels::{Batch, Border, Crop, Extent, Hole, Mix, Table};

use rnetc::train::init::initial;

use crate::runs::session;
use crate::support::{cpu, gpu};

const IMAGES: InputId = InputId(0);

/// −x of pictures.
fn negated(shape: [usize; 4]) -> Program {
    let mut b = Builder::new();
    let x = b.input("images", Role::Images, Type { shape: Shape(shape), batched: true });
    let y = b.unary(Unary::Neg, x);
    let outputs = Output::quantities([y]);
    Program { graph: b.finish(), outputs, updates: Vec::new(), batch: shape[0] }
}

fn by_channel(channels: usize) -> Table {
    let value = |channel: usize, byte: usize| (byte as f32 - 99.5) / (channel as f32 + 3.7);
    let row = |channel| std::array::from_fn(|byte| value(channel, byte));
    Table::Channels((0..channels).map(row).collect())
}

fn by_pixel(extent: Extent) -> Table {
    let mean = (0..extent.bytes()).map(|k| (k * 29 % 211) as f32 + 0.3).collect();
    let std = (0..extent.channels).map(|channel| channel as f32 * 11.3 + 50.1).collect();
    Table::Pixels { mean, std }
}

/// Pictures of bytes that differ, each with its own crop.
fn batch(count: usize, extent: Extent, table: Table, crop: impl Fn(usize) -> Crop) -> Batch {
    let mut batch = Batch::black(count, extent, Arc::new(table));
    batch.bytes.iter_mut().enumerate().for_each(|(k, byte)| *byte = (k * 37 % 253) as u8);
    batch.crops = (0..count).map(crop).collect();
    batch
}

/// How near two numbers must be.
#[derive(Clone, Copy)]
enum Near {
    Equal,
    /// WGSL's quotients lie within 2.5 units in the last place.
    Quotient,
    /// A blend's products may be fused with its sum, which may be small where they are not.
    Blend,
}

impl Near {
    fn of(batch: &Batch) -> Self {
        match (&*batch.table, batch.mix) {
            (_, Mix::Blend { .. }) => Near::Blend,
            (Table::Pixels { .. }, _) => Near::Quotient,
            (Table::Channels(_), Mix::None | Mix::Patch(_)) => Near::Equal,
        }
    }
}

fn close(have: &[f32], want: &[f32], near: Near) {
    assert_eq!(have.len(), want.len());
    let largest = want.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
    for (at, (have, want)) in have.iter().zip(want).enumerate() {
        // f32 has 24 places.
        let unit = 1.0 / (1 << 23) as f32;
        let room = match near {
            Near::Equal => 0.0,
            Near::Quotient => want.abs() * 3.0 * unit,
            Near::Blend => largest * 8.0 * unit,
        };
        assert!((have - want).abs() <= room, "number {at}: {have}, not {want}");
    }
}

/// What the input holds, before and after a run that reads it.
fn agrees(executable: &mut dyn Executable, batch: &Batch) {
    let near = Near::of(batch);
    let want = batch.expanded();
    executable.write_pictures(IMAGES, batch).expect("they fit");
    close(&executable.state(IMAGES).expect("numbers"), &want, near);
    executable.write_pictures(IMAGES, batch).expect("they fit");
    let outputs = executable.begin(&[0]).and_then(|begun| begun.wait()).expect("runs");
    let negated: Vec<f32> = outputs[0].iter().map(|x| -x).collect();
    close(&negated, &want, near);
}

/// Each kind of augmentation of pictures whose shorter side this is, and several at once.
fn kinds(side: usize) -> Vec<Augmentation> {
    let plain = Augmentation::default();
    let flipped = Augmentation { flip: Flip::Random, ..plain };
    let erasing = Some(Erasing { probability: 1.0, area: [0.05, 0.6], ratio: [0.3, 3.0] });
    let mixup = Mixing { mixup: 1.0, ..Mixing::default() };
    let cutmix = Mixing { cutmix: 1.0, ..Mixing::default() };
    let reflected = Augmentation { pad: side - 1, border: Border::Reflect, ..plain };
    vec![
        plain,
        Augmentation { pad: 1, ..plain },
        flipped,
        Augmentation { pad: side - 1, ..flipped },
        Augmentation { pad: 1, cutout: 3, ..flipped },
        reflected,
        Augmentation { flip: Flip::Alternate, erasing, ..reflected },
        Augmentation { mixing: mixup, ..plain },
        Augmentation { mixing: cutmix, ..plain },
        Augmentation { mixing: cutmix, erasing, flip: Flip::Random, ..reflected },
        Augmentation { mixing: mixup, pad: 1, erasing, ..flipped },
    ]
}

#[test]
fn every_augmentation_is_the_hosts() {
    let Some(engine) = gpu() else { return };
    for [count, rows, columns, channels] in
        [[3, 5, 7, 1], [2, 5, 3, 3], [1, 9, 5, 2], [5, 3, 3, 4], [4, 16, 16, 3], [7, 1, 19, 1]]
    {
        let extent = Extent { rows, columns, channels };
        let program = negated([count, rows, columns, channels]);
        let mut executable = engine.compile(&program).expect("compiles");
        assert!(executable.standardises(IMAGES));
        let side = rows.min(columns);
        for augmentation in kinds(side) {
            for table in [by_channel(channels), by_pixel(extent)] {
                let crop = |index| augmentation.draw(extent, (1, 2, index));
                let plain = batch(count, extent, table, crop);
                for step in 0..4 {
                    let mix = augmentation.mixing.draw(extent, 1, step);
                    agrees(executable.as_mut(), &Batch { mix, ..plain.clone() });
                    if mix == Mix::None {
                        break;
                    }
                }
            }
        }
    }
}

#[test]
fn borders_and_holes_reach_as_far_as_they_may() {
    let Some(engine) = gpu() else { return };
    let extent = Extent { rows: 5, columns: 6, channels: 3 };
    let far = [i32::MIN, -7, -5, -1, 0, 1, 4, 6, i32::MAX];
    let crops =
        far.iter().flat_map(|&down| far.map(|right| [false, true].map(|f| (down, right, f))));
    let crops: Vec<Crop> = crops
        .flatten()
        .map(|(down, right, flip)| Crop { down, right, flip, ..Crop::default() })
        .chain([[0, 5], [4, 5], [2, 2], [0, 1]].map(|[first, end]| Crop {
            hole: Hole { rows: [first, end], columns: [first, end + 1] },
            flip: end == 5,
            ..Crop::default()
        }))
        .collect();
    let count = crops.len();
    let mut executable = engine.compile(&negated([count, 5, 6, 3])).expect("compiles");
    agrees(executable.as_mut(), &batch(count, extent, by_channel(3), |at| crops[at]));
}

/// What is written before a run.
type Write<'a> = &'a dyn Fn(&mut dyn Executable);

#[test]
fn the_last_that_was_written_counts() {
    let Some(engine) = gpu() else { return };
    let extent = Extent { rows: 4, columns: 4, channels: 3 };
    let mut executable = engine.compile(&negated([2, 4, 4, 3])).expect("compiles");
    let flipped = Crop { flip: true, ..Crop::default() };
    let first = batch(2, extent, by_channel(3), |_| Crop::default());
    let second = Batch { crops: vec![flipped; 2], ..first.clone() };
    let other = Batch { table: Arc::new(by_pixel(extent)), ..first.clone() };
    let ones = vec![1.0; 96];
    let mut result = |written: &[Write]| {
        written.iter().for_each(|write| write(executable.as_mut()));
        executable.begin(&[0]).expect("runs")
    };
    let pictures = |batch| move |e: &mut dyn Executable| e.write_pictures(IMAGES, batch).unwrap();
    let numbers = |e: &mut dyn Executable| e.write(IMAGES, &ones).unwrap();
    let negated = |batch: &Batch| batch.expanded().into_iter().map(|x| -x).collect::<Vec<f32>>();
    // Each is waited for when the next has begun.
    let begun = [
        (result(&[&pictures(&first)]), negated(&first)),
        (result(&[&pictures(&second)]), negated(&second)),
        (result(&[&pictures(&first), &numbers]), vec![-1.0; 96]),
        (result(&[]), vec![-1.0; 96]),
        (result(&[&numbers, &pictures(&second)]), negated(&second)),
        (result(&[]), negated(&second)),
        (result(&[&pictures(&first), &pictures(&other)]), negated(&other)),
        (result(&[&pictures(&first)]), negated(&first)),
    ];
    for (pending, want) in begun {
        close(&pending.wait().expect("runs")[0], &want, Near::Quotient);
    }
}

#[test]
fn what_does_not_fit_is_refused_and_what_does_not_suit_is_done_here() {
    let extent = Extent { rows: 4, columns: 4, channels: 1 };
    let wrong = batch(3, extent, by_channel(1), |_| Crop::default());
    let engines = [Some(cpu()), crate::support::wgpu()];
    for engine in engines.into_iter().flatten() {
        let mut executable = engine.compile(&negated([2, 4, 4, 1])).expect("compiles");
        let error = executable.write_pictures(IMAGES, &wrong).unwrap_err();
        assert_eq!(error, EngineError::WrongLength { input: IMAGES, elements: 32, given: 48 });
        agrees(executable.as_mut(), &batch(2, extent, by_channel(1), |_| Crop::default()));
        // Too small to gain anything.
        let extent = Extent { rows: 1, columns: 3, channels: 1 };
        let mut executable = engine.compile(&negated([5, 1, 3, 1])).expect("compiles");
        assert!(!executable.standardises(IMAGES));
        let flip = |at| Crop { flip: at % 2 == 0, ..Crop::default() };
        agrees(executable.as_mut(), &batch(5, extent, by_channel(1), flip));
    }
}

#[test]
fn a_snapshot_is_not_changed_by_what_comes_later() {
    let Some(engine) = gpu() else { return };
    let mut executable = engine.compile(&negated([2, 4, 4, 1])).expect("compiles");
    executable.write(IMAGES, &[1.0; 32]).expect("fits");
    let snapshot = executable.snapshot(&[IMAGES, IMAGES]).expect("copied");
    executable.write(IMAGES, &[2.0; 32]).expect("fits");
    executable.run().expect("runs");
    // Wherever it is waited for.
    let waited = std::thread::spawn(move || snapshot.wait()).join().expect("no panic");
    assert_eq!(waited.expect("numbers"), vec![vec![1.0; 32]; 2]);
    assert!(executable.snapshot(&[]).and_then(|none| none.wait()).expect("nothing").is_empty());
}

/// The engine, with pictures standardised on the host.
struct OnHost(WgpuEngine);

struct OnHostProgram(Box<dyn Executable>);

impl Engine for OnHost {
    fn device(&self) -> Device {
        self.0.device()
    }

    fn compile(&self, program: &Program) -> Result<Box<dyn Executable>, EngineError> {
        Ok(Box::new(OnHostProgram(self.0.compile(program)?)))
    }
}

impl Executable for OnHostProgram {
    fn write(&mut self, input: InputId, data: &[f32]) -> Result<(), EngineError> {
        self.0.write(input, data)
    }

    fn run(&mut self) -> Result<(), EngineError> {
        self.0.run()
    }

    fn begin(&mut self, outputs: &[usize]) -> Result<Pending, EngineError> {
        self.0.begin(outputs)
    }

    fn output(&mut self, index: usize) -> Result<Vec<f32>, EngineError> {
        self.0.output(index)
    }

    fn state(&mut self, input: InputId) -> Result<Vec<f32>, EngineError> {
        self.0.state(input)
    }

    fn memory(&self) -> usize {
        self.0.memory()
    }
}

#[test]
fn a_run_ends_with_the_same_bytes_wherever_pictures_are_standardised() {
    let Some(engine) = gpu() else { return };
    let weights = |engine: &dyn Engine| {
        let folder = tempfile::tempdir().expect("a folder");
        let mut session = session(engine, Precision::F32, folder.path());
        let takes = session.training.takes();
        let first = initial(&session.tensors, 0);
        session.run(&first, 0, &mut ()).expect("runs");
        (takes, std::fs::read(folder.path().join("final.safetensors")).expect("the last weights"))
    };
    let (device, host) = (weights(&engine), weights(&OnHost(engine.clone())));
    assert_eq!((device.0, host.0), (As::Bytes, As::Numbers));
    assert!(device.1 == host.1, "other weights");
}
