//! Which blockings of a weight gradient are worth trying, the most promising first.

use std::collections::HashMap;

use super::blocking::Blocking;
use super::candidates::{self, MOST, spread};
use super::contraction::Contraction;
use super::sight::Sight;
use super::target::Target;
use super::weights::{Unit, WeightBlocking, Weights};

/// Blocks of sums of a subgroup: a thread of 32 then has 72 numbers of 16 × 16.
const MOST_MATRICES: usize = 9;
/// Sums of four channels of a thread.
const MOST_SUMS: usize = 32;
/// Most channels of a workgroup.
const MOST_INPUTS: usize = 32;
const MOST_OUTPUTS: usize = 64;
/// Fewest threads of a workgroup.
const LEAST_THREADS: usize = 64;
/// Units of the same sums.
const SLICES: [usize; 5] = [1, 2, 4, 8, 16];
/// Pixels of a strip, if there are as many.
const LEAST_PIXELS: usize = 32;
const MOST_PIXELS: usize = 1024;
/// Workgroups that are too few, and too many for their parts to be gathered in no time.
const GROUPS: [usize; 2] = [96, 1100];

/// Strips that fit, the cheapest first; by matrices wherever there are some.
pub(super) fn ranked(it: &Contraction, target: &Target) -> Vec<Blocking> {
    let sights = [0, 1].map(|axis| Sight::of(it, axis));
    let mut all: Vec<(f64, WeightBlocking)> = Vec::new();
    for blocking in shapes(it, &sights, target) {
        let Some(once) = Weights::of(it, &sights, blocking, target) else { continue };
        if !fits(&once, target) {
            continue;
        }
        for each in turns(&once) {
            for ahead in [false, true] {
                let blocking = WeightBlocking { each, ahead, ..blocking };
                let cut = Weights { blocking, ..once };
                if !ahead || each > 1 {
                    all.push((cost(&cut), blocking));
                }
            }
        }
    }
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let all: Vec<_> = all.into_iter().map(|(_, blocking)| blocking).collect();
    several_units(&all).into_iter().map(Blocking::Weights).collect()
}

/// The first of each kind of unit, then the others: what registers cost, no estimate knows.
fn several_units(ranked: &[WeightBlocking]) -> Vec<WeightBlocking> {
    let mut taken = HashMap::new();
    let (mut first, mut later) = (Vec::new(), Vec::new());
    for blocking in ranked {
        let count: &mut usize = taken.entry(blocking.unit).or_default();
        *count += 1;
        if *count <= MOST / 3 { &mut first } else { &mut later }.push(*blocking);
    }
    first.into_iter().chain(later).take(MOST).collect()
}

/// Every strip that could be cut.
fn shapes(it: &Contraction, sights: &[Sight; 2], target: &Target) -> Vec<WeightBlocking> {
    let capabilities = target.capabilities;
    let (edge, each) = capabilities.matrices.map_or((4, 1), |m| (m.edge, m.subgroup));
    let mut all = Vec::new();
    for unit in units(it, capabilities.matrices.is_some()) {
        for inputs in channels(it.inner, edge, MOST_INPUTS) {
            for outputs in channels(it.channels, edge, MOST_OUTPUTS) {
                let blocks = [inputs / (unit.down * edge), outputs / (unit.across * edge)];
                let threads =
                    it.geometry.kernel[0] / unit.kernel_rows * blocks[0] * blocks[1] * each;
                for slices in SLICES {
                    let threads = threads * slices;
                    if !(LEAST_THREADS.max(each)..=capabilities.threads).contains(&threads) {
                        continue;
                    }
                    all.extend(pixels(it, sights).into_iter().map(|[images, rows, columns]| {
                        let (each, ahead) = (1, false);
                        WeightBlocking {
                            images,
                            rows,
                            columns,
                            inputs,
                            outputs,
                            each,
                            ahead,
                            unit,
                            slices,
                        }
                    }));
                }
            }
        }
    }
    all
}

/// The fewest blocks that hold so many channels, a half and a quarter of them.
fn channels(all: usize, block: usize, most: usize) -> impl Iterator<Item = usize> {
    let whole = all.next_power_of_two().clamp(block, most);
    let least = block.max(8).min(whole);
    [whole, whole / 2, whole / 4].into_iter().filter(move |channels| *channels >= least)
}

/// Images, rows and columns of strips of some pixels.
fn pixels(it: &Contraction, sights: &[Sight; 2]) -> Vec<[usize; 3]> {
    let all = candidates::pixels(it, sights, &[1, 2, 4, 8, 16, 32, 64]);
    let count = |pixels: &[usize; 3]| pixels.iter().product::<usize>();
    let least = all.iter().map(count).max().unwrap_or(1).min(LEAST_PIXELS);
    all.into_iter().filter(|pixels| (least..=MOST_PIXELS).contains(&count(pixels))).collect()
}

/// What a unit may add up.
fn units(it: &Contraction, by_matrices: bool) -> Vec<Unit> {
    let [kh, kw] = it.geometry.kernel;
    let blocks = [[1, 1], [1, 2], [2, 1], [2, 2], [4, 2], [2, 4]];
    let of = |kernel_rows: usize, pixels: Option<usize>| {
        blocks.map(|[down, across]| Unit { kernel_rows, down, across, pixels })
    };
    if !by_matrices {
        let few = |unit: &Unit| 4 * kw * unit.down * unit.across <= MOST_SUMS;
        return [4, 8].into_iter().flat_map(|p| of(1, Some(p))).filter(few).collect();
    }
    let few = |unit: &Unit| unit.kernel_rows * kw * unit.down * unit.across <= MOST_MATRICES;
    let rows = if kh > 1 { vec![kh, 1] } else { vec![1] };
    rows.into_iter().flat_map(|rows| of(rows, None)).filter(few).collect()
}

/// Whether a workgroup can have such a strip.
fn fits(cut: &Weights, target: &Target) -> bool {
    let WeightBlocking { inputs, outputs, unit, slices, .. } = cut.blocking;
    let capabilities = target.capabilities;
    let whole = inputs.is_multiple_of(unit.down * cut.block)
        && outputs.is_multiple_of(unit.across * cut.block);
    whole && slices <= cut.strip.class_runs() && cut.memory() <= capabilities.memory
}

/// Strips one after the other for which there are enough workgroups, and not too many.
fn turns(once: &Weights) -> Vec<usize> {
    let tiles = once.tiles().iter().product::<usize>() * once.groups;
    let [least, most] = GROUPS;
    let groups = |each: &usize| once.tasks.div_ceil(*each) * tiles;
    let all = [1, 2, 4, 8, 16, 32, 64].into_iter().filter(|each| *each <= once.tasks);
    let enough: Vec<_> = all.filter(|each| (least..=most).contains(&groups(each))).collect();
    if !enough.is_empty() {
        return enough;
    }
    // Few strips, or so many channels that there are too many workgroups in any case.
    if groups(&1) < least { vec![1] } else { vec![once.tasks] }
}

/// What a weight gradient costs, in turns of a multiprocessor.
fn cost(cut: &Weights) -> f64 {
    let WeightBlocking { inputs, outputs, each, ahead, unit, slices, images, .. } = cut.blocking;
    let [kernel_rows, down, across] = [unit.kernel_rows, unit.down, unit.across].map(|v| v as f64);
    let kw = cut.kernel[1] as f64;
    let turns = cut.strip.class_runs().div_ceil(slices) as f64;
    let threads = cut.threads() as f64;
    let (multiply, subgroups) = match unit.pixels {
        None => {
            let subgroups = threads / cut.strip.subgroup as f64;
            let parts = cut.strip.parts as f64;
            let products = kernel_rows * kw * down * across * cut.strip.products().len() as f64;
            let loads = parts * (kernel_rows * kw * down + across);
            (turns * subgroups * (2.0 * products + 1.5 * loads) * 4.0, subgroups)
        }
        Some(pixels) => {
            let pixels = pixels as f64;
            let loads = (pixels + kw - 1.0) * down + pixels * across;
            let products = kw * 16.0 * down * across * pixels;
            (turns * threads * (products + 4.0 * loads) / 128.0, threads / 32.0)
        }
    };
    let staged = cut.strip.staged.iter().product::<usize>() * images;
    let left = staged as f64 * inputs as f64 / 4.0 * 0.5;
    let right = cut.pixels() as f64 * outputs as f64 / 4.0 * 0.3;
    let waiting = if each == 1 {
        400.0
    } else if ahead {
        160.0
    } else {
        500.0
    };
    let results = (inputs * outputs * cut.kernel[0] * cut.kernel[1] * slices) as f64 * 0.1
        + 60.0 * cut.sums() as f64;
    let workgroup = each as f64 * (multiply + left + right + waiting) + results;
    let [rows, columns] = cut.tiles();
    let workgroups = (cut.splits() * rows * columns * cut.groups) as f64;
    // Parts are written, and read by the kernel that gathers.
    let weights = cut.channels[0] * cut.channels[1] * cut.kernel[0] * cut.kernel[1] * cut.groups;
    let parts = (cut.splits() * weights) as f64 * 0.02;
    spread(workgroup, workgroups, cut.memory(), [threads, subgroups]) + parts
}
