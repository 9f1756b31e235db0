//! Which blockings of a contraction are worth trying, the most promising first.
//!
//! Strips that fit into a workgroup are ranked by what they would cost on a device of many
//! multiprocessors: products with the loads from workgroup memory that they need, staging with its
//! halo, and workgroups that wait for nobody. The ranking only has to find a dozen among which the
//! best is; `tune` times them.

use std::collections::HashSet;

use crate::engine::wgpu::numbers::NumberFormat;

use super::blocking::{Blocking, TileBlocking};
use super::capabilities::Capabilities;
use super::contraction::{Contraction, ContractionKind};
use super::depthwise::{self, Depthwise};
use super::sight::Sight;
use super::strip::{Share, Strip, StripBlocking};
use super::style::Style;
use super::target::Target;

/// Blockings of one contraction that are timed at most.
pub const MOST: usize = 12;
/// Multiprocessors of the device for which blockings are ranked.
const PROCESSORS: f64 = 132.0;
/// Workgroup memory of such a multiprocessor, in bytes.
const PROCESSOR_MEMORY: f64 = 200_000.0;
/// Subgroups at work on a multiprocessor from which on none waits.
const BUSY: f64 = 8.0;
/// Neighbouring pixels of a strip, images included.
const MOST_ACROSS: usize = 64;
/// Rows of a strip that are worth a try.
const ROWS: [usize; 7] = [1, 2, 4, 7, 8, 14, 16];
/// Channels up to which the kernel's window is taken as depth too: a chunk would be mostly padding.
const FEW_CHANNELS: usize = 8;

/// The blockings of a contraction; `sums` says how many bytes its columns need beside it.
pub(super) fn candidates(it: &Contraction, target: &Target, sums: usize) -> Vec<Blocking> {
    if Depthwise::suits(it) {
        let all = depthwise::ranked(it, target).into_iter().take(MOST);
        return all.map(Blocking::Depthwise).collect();
    }
    let half = target.activations == NumberFormat::F16;
    let matrices = target.capabilities.matrices.is_some();
    let tiles = || TileBlocking::all(matrices && half).map(Blocking::Tile);
    if target.style == Style::Sliding {
        // Software adapters would compile long what is written out.
        return tiles().collect();
    }
    let strips = |target: &Target| -> Vec<Blocking> {
        match it.kind {
            ContractionKind::WeightGradient => super::weight_candidates::ranked(it, target),
            ContractionKind::Forward | ContractionKind::PictureGradient => {
                ranked(it, target, sums).into_iter().map(Blocking::Strip).collect()
            }
        }
    };
    let mut found = strips(target);
    if found.is_empty() && matrices {
        // Operands in two parts need room that a small workgroup may not have.
        let capabilities = Capabilities { matrices: None, ..target.capabilities };
        found = strips(&Target { capabilities, ..*target });
    }
    found.truncate(MOST);
    if found.is_empty() {
        return tiles().collect();
    }
    if it.inner < FEW_CHANNELS {
        found.truncate(MOST - 4);
        found.extend(tiles().take(4));
    }
    found
}

/// Strips that fit, the cheapest first; by matrices wherever there are some.
fn ranked(it: &Contraction, target: &Target, sums: usize) -> Vec<StripBlocking> {
    let sights = [0, 1].map(|axis| Sight::of(it, axis));
    let mut all: Vec<(f64, StripBlocking)> = Vec::new();
    let mut keep = |blocking| {
        let strip = target.strip(it, &sights, blocking);
        let strip = strip.filter(|strip| fits(strip, target, sums));
        all.extend(strip.iter().map(|strip| (cost(it, &sights, strip), blocking)));
        strip.is_some()
    };
    for blocking in shapes(it, &sights, target) {
        // Weights row by row cost barriers, and are for what has no room for all.
        let rows = StripBlocking { whole: false, ..blocking };
        let ahead = |blocking| StripBlocking { ahead: true, ..blocking };
        let blocking = if keep(blocking) { blocking } else { rows };
        let fits = blocking.whole || it.geometry.kernel[0] > 1 && keep(blocking);
        if fits && blocking.chunk < it.inner {
            keep(ahead(blocking));
        }
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    // Pixels of more images instead of rows are tried once.
    let mut seen = HashSet::new();
    let alike = |b: &StripBlocking| StripBlocking { images: b.images * b.rows, rows: 0, ..*b };
    all.retain(|(_, blocking)| seen.insert(alike(blocking)));
    all.into_iter().map(|(_, blocking)| blocking).collect()
}

/// Every strip that could be cut, with all weights of a chunk at once.
fn shapes(it: &Contraction, sights: &[Sight; 2], target: &Target) -> Vec<StripBlocking> {
    let edge = target.capabilities.matrices.map(|matrices| matrices.edge);
    let pixels = pixels(it, sights, &[1, 2, 4, 8, 16, 32]);
    let channels = [16, 32, 64, 128].into_iter().filter(|c| *c < 2 * it.channels.max(9));
    let chunks = chunks(it, edge);
    let channels = channels.flat_map(|c| chunks.iter().map(move |&chunk| [c, chunk]));
    let mut all = Vec::new();
    for [channels, chunk] in channels {
        for &[images, rows, columns] in &pixels {
            let (whole, ahead) = (true, false);
            all.extend(shares(edge).into_iter().map(|share| StripBlocking {
                images,
                rows,
                columns,
                channels,
                chunk,
                whole,
                ahead,
                share,
            }));
        }
    }
    all
}

/// Images, rows and columns of strips that are not too wide, and whose last row wastes little.
pub(super) fn pixels(it: &Contraction, sights: &[Sight; 2], images: &[usize]) -> Vec<[usize; 3]> {
    let [h, w] = [sights[0].grid, sights[1].grid];
    let columns = w.div_ceil(w.div_ceil(MOST_ACROSS));
    let images = images.iter().copied().filter(|&images| {
        images == 1 || columns * images <= MOST_ACROSS && images <= it.images.next_power_of_two()
    });
    let rows =
        ROWS.into_iter().filter(|&rows| rows <= h && 4 * (h.next_multiple_of(rows) - h) <= h);
    images.flat_map(|images| rows.clone().map(move |rows| [images, rows, columns])).collect()
}

/// Channels staged at a time.
fn chunks(it: &Contraction, edge: Option<usize>) -> Vec<usize> {
    let single = it.geometry.kernel == [1, 1];
    let all: &[usize] = match (edge, single) {
        (None, _) if it.inner <= 4 => &[4],
        (None, false) => &[8, 16],
        (_, true) => &[16, 32, 64],
        (Some(_), false) => &[16],
    };
    all.iter().copied().filter(|chunk| *chunk < 2 * it.inner.max(9)).collect()
}

fn shares(edge: Option<usize>) -> Vec<Share> {
    if edge.is_none() {
        return [4, 8].map(Share::Pixels).to_vec();
    }
    let down = [1, 2, 4, 8].into_iter();
    let all = down.flat_map(|down| [1, 2, 4].map(|across| Share::Matrices { down, across }));
    all.collect()
}

/// Whether a workgroup can have such a strip, and its threads share it evenly.
fn fits(strip: &Strip, target: &Target, sums: usize) -> bool {
    let capabilities = target.capabilities;
    let StripBlocking { channels, share, .. } = strip.blocking;
    let classes = strip.classes * strip.classes;
    let even = match share {
        Share::Pixels(pixels) => classes * pixels <= 16,
        Share::Matrices { down, across } => {
            channels.is_multiple_of(strip.run * across)
                && strip.class_runs().is_multiple_of(down)
                && classes * down * across <= 8
        }
    };
    if !even || strip.side() == 0 {
        return false;
    }
    let (threads, lanes) = (strip.threads(), channels / strip.width);
    let whole = threads.is_multiple_of(lanes)
        && (strip.tile_rows() * lanes).is_multiple_of(threads)
        && lanes.is_power_of_two();
    whole
        && threads <= capabilities.threads
        && strip.memory() + sums * (threads + lanes) <= capabilities.memory
}

/// What a contraction costs, in turns of a multiprocessor.
fn cost(it: &Contraction, sights: &[Sight; 2], strip: &Strip) -> f64 {
    let StripBlocking { chunk, channels, images, ahead, whole, share, .. } = strip.blocking;
    let threads = strip.threads() as f64;
    let chunks = it.inner.div_ceil(chunk) as f64;
    let taps = (sights[0].taps.len() * sights[1].taps.len()) as f64;
    let classes = (strip.classes * strip.classes) as f64;
    let runs = strip.class_runs() as f64;
    let (multiply, subgroups) = match share {
        Share::Pixels(pixels) => {
            let lanes = (channels / strip.width) as f64;
            let [pixels, kw] = [pixels, it.geometry.kernel[1]].map(|v| v as f64);
            // A thread's loads of a row of the kernel, for four channels, and its products.
            let loads = pixels + kw - 1.0 + 4.0 * kw;
            let products = 4.0 * strip.width as f64 * pixels * kw;
            let each = taps / kw / classes * (chunk as f64 / 4.0) * (products + 4.0 * loads);
            (chunks * classes * runs * lanes * each / 128.0, threads / 32.0)
        }
        Share::Matrices { down, across } => {
            let subgroups = threads / strip.subgroup as f64;
            let [down, across, parts] = [down, across, strip.parts].map(|v| v as f64);
            let products = down * across * strip.products().len() as f64;
            let each = 2.0 * products + 2.0 * parts * (down + across);
            let steps = chunk.div_ceil(strip.run) as f64;
            (chunks * steps * taps * subgroups * each * 4.0, subgroups)
        }
    };
    let filled = chunk.min(it.inner.next_multiple_of(4)) as f64 / 4.0;
    let pixels = strip.staged.iter().product::<usize>() as f64 * images as f64;
    let left = chunks * filled * pixels * 0.5;
    let all = (it.geometry.kernel[0] * it.geometry.kernel[1]) as f64;
    let right = chunks * filled * all * channels as f64 * 0.15;
    let barriers = chunks * if whole { 60.0 } else { 60.0 * it.geometry.kernel[0] as f64 };
    let waiting = if ahead || chunks == 1.0 { 1.0 } else { 1.15 };
    let results = classes * runs * (strip.run * channels) as f64 * 0.1;
    let workgroup = (multiply + left + right + results) * waiting + barriers;
    let tiles: usize = strip.tiles().iter().product();
    let workgroups = (tiles * it.groups * it.channels.div_ceil(channels)) as f64;
    spread(workgroup, workgroups, strip.memory(), [threads, subgroups])
}

/// What so many workgroups of a cost, with so much memory and so many threads in subgroups, cost on all
/// multiprocessors.
pub(super) fn spread(
    workgroup: f64,
    workgroups: f64,
    memory: usize,
    [threads, subgroups]: [f64; 2],
) -> f64 {
    let at_once = (PROCESSOR_MEMORY / memory as f64).floor().clamp(1.0, 2048.0 / threads);
    let resident = at_once.min((workgroups / PROCESSORS).ceil());
    let busy = (resident * subgroups / BUSY).min(1.0);
    (workgroups / PROCESSORS).ceil() * workgroup / busy
}
