//! Batches of pictures with their targets, prepared ahead by threads of their own.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::num::NonZero;
use std::ops::Range;
use std::sync::Arc;

use super::Pictures;
use super::augment::Augmentation;
use super::normalise::Normalisation;
use super::order::Sampling;
use super::prefetch::Prefetch;
use super::targets::{self, Targets};
use crate::pixels::{self, Area, Crop, Extent, Mix, Table};

/// Most threads that prepare batches.
const MOST_THREADS: usize = 4;

/// Pictures and targets as an engine takes them.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// The pictures.
    pub images: Images,
    /// Batch × classes; each row sums to 1, unless classes have weights.
    pub targets: Vec<f32>,
    /// The classes; shorter than the batch where the set ended before it was full (the rest of
    /// the batch repeats the last picture).
    pub labels: Vec<u8>,
}

/// The pictures of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum Images {
    /// Batch × rows × columns × channels, standardised.
    Numbers(Vec<f32>),
    /// What whoever reads them standardises.
    Bytes(pixels::Batch),
}

/// As what pictures are handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum As {
    /// [`Images::Numbers`], for those that compute here.
    Numbers,
    /// [`Images::Bytes`], a quarter of the memory, for devices that standardise them.
    Bytes,
}

impl As {
    /// Threads that prepare them: one beside those that compute here, several for a device that wants
    /// a batch every millisecond, since pictures may be drawn first.
    fn threads(self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        match self {
            As::Numbers => 1,
            As::Bytes => (cores / 2).clamp(1, MOST_THREADS),
        }
    }
}

impl Images {
    /// Batch × rows × columns × channels, standardised.
    pub fn numbers(&self) -> Cow<'_, [f32]> {
        match self {
            Images::Numbers(numbers) => Cow::Borrowed(numbers),
            Images::Bytes(batch) => Cow::Owned(batch.expanded()),
        }
    }

    /// Has another part of each picture seen; numbers stay as they are.
    pub fn crop(&mut self, crop: Crop) {
        match self {
            Images::Numbers(_) => {}
            Images::Bytes(batch) => batch.crops.fill(crop),
        }
    }

    /// Some of the pictures, standardised.
    fn part(&self, places: Range<usize>, extent: Extent) -> Images {
        let len = extent.bytes();
        Images::Numbers(self.numbers()[places.start * len..places.end * len].to_vec())
    }

    fn mixed(&mut self, mix: Mix, extent: Extent) {
        match self {
            Images::Numbers(numbers) => mix.apply(extent, numbers),
            Images::Bytes(batch) => batch.mix = mix,
        }
    }
}

/// A stream of batches.
pub type Batches = Prefetch<Batch>;

/// How pictures are shown in training.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Showing {
    /// What is done to them.
    pub augmentation: Augmentation,
    /// What the net is to say of them.
    pub targets: Targets,
    /// How often an epoch visits each.
    pub sampling: Sampling,
    /// Rows and columns that they are stretched to, before colours change and crops wander; those that the net
    /// itself reads, unless given.
    pub sides: Option<[usize; 2]>,
    /// Seed of the order and of the augmentation.
    pub seed: u32,
    /// Which part of each batch is handed out; all of it, unless given.
    pub share: Option<Share>,
}

/// One of equal parts of a batch, by the places of its pictures there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Which part, from 0.
    pub number: usize,
    /// How many there are; they divide the batch.
    pub of: usize,
}

impl Share {
    /// Its places in a batch.
    fn places(self, batch: usize) -> Range<usize> {
        let each = batch / self.of;
        self.number * each..(self.number + 1) * each
    }
}

/// What batches are made from.
#[derive(Clone)]
pub struct Loading {
    /// The split.
    pub pictures: Arc<dyn Pictures>,
    /// Standardisation.
    pub normalisation: Normalisation,
    /// Pictures a batch.
    pub batch: usize,
    /// Classes, the width of a target.
    pub classes: usize,
}

impl Loading {
    /// Whole batches in an epoch; the rest is left out.
    pub fn steps_per_epoch(&self) -> u64 {
        (self.pictures.count() / self.batch) as u64
    }

    /// Training batches number `steps.start..steps.end`, counted from 0 over all epochs: each
    /// epoch in its own order, each picture augmented in its own way. What a batch holds depends
    /// on its number and the seed only. Of mixed pictures, `labels` are those with the larger share.
    pub fn training(
        self,
        showing: Showing,
        steps: Range<u64>,
        images: As,
    ) -> std::io::Result<Batches> {
        let Showing { augmentation, targets, sampling, sides, seed, share } = showing;
        let per_epoch = self.steps_per_epoch().max(1);
        let mut writer = self.writer(sides);
        let mut order = (u32::MAX, Vec::new());
        let (held, seen) = (self.pictures.extent(), self.pictures.seen());
        let mut whole = vec![0; held.bytes()];
        let mut scratch = Vec::new();
        let extent = writer.extent;
        let share = share.unwrap_or(Share { number: 0, of: 1 });
        let places = share.places(self.batch);
        // Pictures that are mixed, and classes that are weighed, hang on those of the whole batch.
        let mixes = augmentation.mixing.mixup > 0.0 || augmentation.mixing.cutmix > 0.0;
        let is_apart = share.of > 1 && !mixes && targets.weights.is_empty();
        let shown = if is_apart { places.clone() } else { 0..self.batch };
        let empty = self.buffers(shown.len(), &writer, images);
        let classes = self.classes;
        let fill = move |step: u64, batch: &mut Batch| {
            let epoch = (step / per_epoch) as u32;
            if order.0 != epoch {
                order = (epoch, sampling.visits(self.pictures.as_ref(), seed, epoch));
            }
            let first = (step % per_epoch) as usize * self.batch;
            batch.labels.clear();
            for (at, visit) in order.1[first + shown.start..first + shown.end].iter().enumerate() {
                let index = visit.picture;
                let (extent, seed) = (writer.extent, visit.seed(seed));
                let key = (seed, epoch, index);
                let crop = augmentation.draw(extent, key);
                let mut show = |pixels: &mut [u8]| {
                    let stretched = || (held != extent).then(|| Area::whole(held));
                    let place = augmentation.place(held, seen, key).or_else(stretched);
                    let Some(place) = place else {
                        return self.pictures.picture(epoch, index, pixels);
                    };
                    let label = self.pictures.picture(epoch, index, &mut whole);
                    place.show(held, &whole, extent, pixels);
                    label
                };
                let read = |pixels: &mut [u8]| {
                    let label = show(pixels);
                    augmentation.paint(extent, key, pixels, &mut scratch);
                    label
                };
                batch.labels.push(writer.put(&mut batch.images, at, crop, read));
            }
            let mix = augmentation.mixing.draw(writer.extent, seed, step);
            batch.images.mixed(mix, writer.extent);
            targets.write(&batch.labels, (mix, writer.extent), &mut batch.targets);
            targets::larger(&mut batch.labels, mix.share(writer.extent));
        };
        if share.of == 1 || is_apart {
            return Prefetch::start(steps, images.threads(), empty, fill);
        }
        let mut whole = empty();
        let mut fill = fill;
        let cut = move |step: u64, batch: &mut Batch| {
            fill(step, &mut whole);
            batch.images = whole.images.part(places.clone(), extent);
            batch.targets = whole.targets[places.start * classes..places.end * classes].to_vec();
            batch.labels = whole.labels[places.clone()].to_vec();
        };
        Prefetch::start(steps, images.threads(), empty, cut)
    }

    /// The whole split once, in order, as it is seen where nothing is varied; the last batch may be short.
    pub fn evaluation(self, images: As) -> std::io::Result<Batches> {
        let count = self.pictures.count();
        let mut writer = self.writer(None);
        let empty = self.buffers(self.batch, &writer, images);
        let batches = count.div_ceil(self.batch) as u64;
        let targets = Targets { classes: self.classes, ..Targets::default() };
        let fill = move |number: u64, batch: &mut Batch| {
            let first = number as usize * self.batch;
            batch.labels.clear();
            for at in 0..self.batch {
                let index = (first + at).min(count - 1);
                let read = |pixels: &mut [u8]| self.pictures.seen_picture(0, index, pixels);
                let label = writer.put(&mut batch.images, at, Crop::default(), read);
                batch.labels.extend((first + at < count).then_some(label));
            }
            targets.write(&batch.labels, (Mix::None, writer.extent), &mut batch.targets);
        };
        Prefetch::start(0..batches, images.threads(), empty, fill)
    }

    fn writer(&self, sides: Option<[usize; 2]>) -> Writer {
        let (seen, table) = (self.pictures.seen(), Arc::new(self.normalisation.table()));
        let extent = sides.map_or(seen, |[rows, columns]| Extent { rows, columns, ..seen });
        Writer { bytes: vec![0; extent.bytes()], extent, table }
    }

    fn buffers(&self, batch: usize, writer: &Writer, images: As) -> impl Fn() -> Batch + use<> {
        let classes = self.classes;
        let (extent, table) = (writer.extent, writer.table.clone());
        move || Batch {
            images: match images {
                As::Numbers => Images::Numbers(vec![0.0; batch * extent.bytes()]),
                As::Bytes => Images::Bytes(pixels::Batch::black(batch, extent, table.clone())),
            },
            targets: vec![0.0; batch * classes],
            labels: Vec::with_capacity(batch),
        }
    }
}

/// Puts pictures into batches.
#[derive(Clone)]
struct Writer {
    extent: Extent,
    table: Arc<Table>,
    /// A picture that is standardised here.
    bytes: Vec<u8>,
}

impl Writer {
    /// Makes the picture that `read` writes number `at` of a batch; what `read` returns.
    fn put<T>(
        &mut self,
        images: &mut Images,
        at: usize,
        crop: Crop,
        read: impl FnOnce(&mut [u8]) -> T,
    ) -> T {
        let len = self.bytes.len();
        let place = at * len..(at + 1) * len;
        match images {
            Images::Numbers(all) => {
                let told = read(&mut self.bytes);
                crop.apply(&self.table, self.extent, &self.bytes, &mut all[place]);
                told
            }
            Images::Bytes(batch) => {
                batch.crops[at] = crop;
                read(&mut batch.bytes[place])
            }
        }
    }
}
