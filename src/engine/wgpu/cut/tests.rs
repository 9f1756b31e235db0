//! Every cut covers its domain exactly once, within what every adapter offers: for typical shapes and
//! whatever a device may have, without a device and without text.

use std::cell::Cell;
use std::collections::HashSet;

use super::*;
use crate::engine::wgpu::kernel::{Body, Column, Kernel};
use crate::engine::wgpu::numbers::NumberFormat;
use crate::graph::builder::Builder;
use crate::graph::{ConvGeometry, Role, Shape, Type};

/// Images, rows and columns of a picture, channels read and written, kernel, stride.
type Layer = [usize; 6];

/// ResNet-20's convolutions and its linear head, then strides, ragged channels, odd pictures.
const LAYERS: [Layer; 17] = [
    [32, 3, 16, 3, 1, 1],
    [32, 16, 16, 3, 1, 1],
    [32, 16, 32, 3, 2, 1],
    [16, 32, 32, 3, 1, 1],
    [16, 32, 64, 3, 2, 1],
    [8, 64, 64, 3, 1, 1],
    [1, 64, 10, 1, 1, 0],
    [32, 16, 64, 1, 1, 0],
    [32, 64, 128, 1, 2, 0],
    [8, 1, 1, 3, 1, 1],
    [9, 7, 6, 3, 2, 1],
    [9, 5, 20, 3, 1, 1],
    [9, 12, 72, 5, 3, 2],
    [8, 3, 130, 7, 2, 3],
    [7, 64, 256, 1, 1, 0],
    [56, 3, 64, 7, 2, 3],
    [14, 256, 260, 3, 1, 1],
];

/// Convolutions by groups: whole and ragged ones, few channels a group, single ones, strides.
const GROUPED: [(Layer, usize); 10] = [
    ([32, 64, 64, 3, 1, 1], 8),
    ([32, 512, 512, 3, 2, 1], 8),
    ([16, 128, 128, 3, 1, 1], 32),
    ([9, 24, 36, 3, 2, 1], 12),
    ([8, 40, 20, 3, 1, 1], 4),
    ([7, 12, 30, 1, 1, 0], 6),
    ([32, 32, 32, 3, 1, 1], 32),
    ([9, 37, 37, 5, 2, 2], 37),
    ([14, 144, 144, 7, 1, 3], 144),
    ([8, 8, 16, 3, 1, 1], 8),
];

/// The kernels of a layer without groups.
fn layer(images: usize, shape: Layer) -> (Graph, Vec<Kernel>) {
    by_groups(images, shape, 1)
}

/// The kernels of a layer: forward with the sums that a batch norm needs, and both gradients; then
/// those that add up what these leave, for each channel and for all.
fn by_groups(
    images: usize,
    [pixels, from, to, kernel, stride, padding]: Layer,
    groups: usize,
) -> (Graph, Vec<Kernel>) {
    let [input, kernel, padding] = [[pixels; 2], [kernel; 2], [padding; 2]];
    let geometry = ConvGeometry { input, kernel, stride, padding, groups };
    let batched = |[h, w]: [usize; 2], channels| Type {
        shape: Shape([images, h, w, channels]),
        batched: true,
    };
    let mut b = Builder::new();
    let x = b.input("images", Role::Images, batched(input, from));
    let ty = Type { shape: Shape([kernel[0], kernel[1], from / groups, to]), batched: false };
    let weight = b.input("weight", Role::Parameter, ty);
    let g = b.input("gradient", Role::Images, batched(geometry.output(), to));
    let forward = b.conv(geometry, x, weight);
    let [pictures, weights] = [b.conv_dx(geometry, g, weight), b.conv_dw(geometry, x, g)];
    let graph = b.finish();
    let one = |body, node, columns| {
        let domain = graph.node(node).ty;
        Kernel { body, domain, stores: Vec::new(), columns, reads: Vec::new() }
    };
    let columns = vec![Column::Sum(forward), Column::Squares(forward)];
    let kernels = vec![
        one(Body::Contract(forward), forward, columns.clone()),
        one(Body::Contract(pictures), pictures, Vec::new()),
        one(Body::Weights(weights), weights, Vec::new()),
        one(Body::Map, forward, columns),
        one(Body::Map, weight, Vec::new()),
        one(Body::Gather(KernelId(2)), weight, vec![Column::Sum(weights)]),
    ];
    let vector = |to| Type { shape: Shape([1, 1, 1, to]), batched: false };
    let merge = |to| Kernel {
        domain: vector(to),
        ..one(Body::Merge { of: KernelId(0), results: Vec::new() }, weight, Vec::new())
    };
    let merges = [merge(to), merge(1)];
    (graph, kernels.into_iter().chain(merges).collect())
}

/// Every style on devices without and with subgroups, and with matrices of 8 and of 16
/// in subgroups of all sizes.
fn targets() -> Vec<Target> {
    let sizes = [2, 4, 8, 16, 32, 64, 128];
    let matrices = [8, 16]
        .into_iter()
        .flat_map(|edge| sizes.map(|subgroup| Some(Matrices { edge, subgroup })));
    let core = Capabilities::default();
    let devices = [false, true].map(|subgroups| Capabilities { subgroups, ..core });
    let with_matrices = matrices.map(|matrices| Capabilities { subgroups: true, matrices, ..core });
    let large = |it| Capabilities { memory: 48 << 10, threads: 512, ..it };
    let all: Vec<_> = devices.into_iter().chain(with_matrices).collect();
    let mut targets = Vec::new();
    for capabilities in all.iter().copied().chain(all.iter().copied().map(large)) {
        for style in [Style::Staged, Style::Sliding] {
            for activations in [NumberFormat::F32, NumberFormat::F16] {
                targets.push(Target { style, activations, capabilities, ..Target::default() });
            }
        }
    }
    targets
}

/// As [`cut`] has it: a kernel that adds up after its source.
fn cut_of(
    graph: &Graph,
    kernels: &[Kernel],
    kernel: &Kernel,
    target: Target,
    blocking: Option<Blocking>,
) -> TileCut {
    let Some(of) = kernel.source() else { return TileCut::of(graph, kernel, target, blocking) };
    let source = TileCut::of(graph, &kernels[of.index()], target, None);
    TileCut::of_sums(graph, kernel, target, &source)
}

/// Each of the layers' kernels in each cut that a target gives it.
fn all(check: impl Fn(&Graph, &Kernel, &TileCut, Target)) {
    let layers = LAYERS.map(|shape| (shape, 1)).into_iter().chain(GROUPED);
    for (images, (shape, groups)) in layers.flat_map(|layer| [(1, layer), (128, layer)]) {
        let (graph, kernels) = by_groups(images, shape, groups);
        for kernel in &kernels {
            let mut seen = HashSet::new();
            for target in targets() {
                let candidates = TileCut::candidates(&graph, kernel, target);
                let none = candidates.is_empty().then_some(None);
                for blocking in candidates.into_iter().map(Some).chain(none) {
                    let cut = cut_of(&graph, &kernels, kernel, target, blocking);
                    if seen.insert((cut, target.capabilities)) {
                        check(&graph, kernel, &cut, target);
                    }
                }
            }
        }
    }
}

/// Whether numbers are those below `end`, each once; what lies beyond is left out by a comparison.
fn once(numbers: impl Iterator<Item = usize>, end: usize) -> bool {
    let mut seen = vec![false; end];
    let mut first = |at: usize| at >= end || !std::mem::replace(&mut seen[at], true);
    let distinct = numbers.into_iter().all(&mut first);
    distinct && seen.iter().all(|seen| *seen)
}

/// As `shaders/map.wgsl`, `shaders/contract.wgsl` and `shaders/sums.wgsl` number workgroups and
/// threads.
fn tiles_cover(cut: &TileCut, kernel: &Kernel) {
    let rows = (0..cut.row_tiles()).flat_map(|tile| {
        let strips = (0..cut.strips).map(move |strip| tile * cut.tile_rows() + strip);
        strips.flat_map(|row| (0..cut.per_thread).map(move |r| row + r * cut.strips))
    });
    assert!(once(rows, cut.rows), "rows of {cut:?}");
    let cols = (0..cut.col_tiles()).flat_map(|tile| {
        let (group, tile) = (tile / cut.group_tiles(), tile % cut.group_tiles());
        let [first, end] = [group, group + 1].map(|group| group * cut.group_cols());
        let lanes = (0..cut.lanes).map(move |lane| first + (tile * cut.lanes + lane) * cut.width);
        // A thread's channels are all of the group, if its first is.
        lanes.filter(move |col| *col < end).flat_map(|col| col..col + cut.width)
    });
    let cols: Vec<usize> = cols.collect();
    assert!(cols.iter().all(|col| *col < cut.cols) && once(cols.into_iter(), cut.cols));
    let numbers = (0..cut.workgroups(kernel)).map(|id| {
        let [tile, col] = [id / cut.col_tiles() % cut.row_tiles(), id % cut.col_tiles()];
        [tile, col, id / cut.col_tiles() / cut.row_tiles()]
    });
    let distinct: HashSet<_> =
        numbers.inspect(|[_, _, split]| assert!(*split < cut.splits)).collect();
    assert_eq!(distinct.len(), cut.row_tiles() * cut.col_tiles() * cut.splits);
}

/// The threads of an element add up each of its parts once, and where all have as many, they ask for
/// none beyond.
fn parts_cover(parts: Parts) {
    let Parts { count, slices, ways } = parts;
    assert!(slices.is_power_of_two() && slices <= count, "{parts:?}");
    let turns = (0..slices).flat_map(|slice| (slice..count).step_by(ways * slices));
    let asked = turns.flat_map(|part| (0..ways).map(move |way| part + way * slices));
    assert!(!parts.is_even() || asked.clone().all(|part| part < count), "{parts:?}");
    assert!(once(asked, count), "{parts:?}");
}

/// The ranges of a weight gradient, which are of whole images, hold each product once, and none is
/// empty.
fn splits_cover(cut: &TileCut, it: &Contraction) {
    let [all, part] = [it.depth(), cut.split_depth(it)];
    assert!(part * cut.splits >= all && part * (cut.splits - 1) < all, "{cut:?}");
    match it.kind {
        ContractionKind::WeightGradient => assert_eq!(part % (all / it.images), 0),
        ContractionKind::Forward | ContractionKind::PictureGradient => assert_eq!(cut.splits, 1),
    }
}

/// As `shaders/slide.wgsl` and `shaders/slide_weights.wgsl` number workgroups and threads.
fn windows_cover(cut: &TileCut, window: Window, it: &Contraction, kernel: &Kernel) {
    let groups = cut.workgroups(kernel);
    let [_, h, w] = it.pixels();
    assert!(w.is_multiple_of(window.across) && h.is_multiple_of(window.down));
    assert!(window.down == 1 || window.across == w, "whole rows in {window:?}");
    assert_eq!(window.side[0] * window.blocks * 4, it.channels);
    match it.kind {
        ContractionKind::WeightGradient => {
            assert_eq!(window.side[1] * it.a_width, it.inner);
            let threads = window.weight_threads() * cut.splits;
            assert!(groups * THREADS >= threads && (groups - 1) * THREADS < threads);
            assert!(
                window.down == 1
                    && cut.rows == it.geometry.kernel.iter().product::<usize>() * it.inner
            );
        }
        ContractionKind::Forward | ContractionKind::PictureGradient => {
            let threads = cut.rows / window.pixels();
            let all = (0..groups).flat_map(|id| (0..THREADS).map(move |local| (id, local)));
            let places =
                all.map(|(id, local)| (id / window.side[0] * THREADS + local, id % window.side[0]));
            let inside = places.filter(|(thread, _)| *thread < threads);
            assert!(once(
                inside.map(|(t, side)| t * window.side[0] + side),
                threads * window.side[0]
            ));
            assert_eq!(threads * window.pixels(), cut.rows);
        }
    }
}

/// As `text/strip` numbers the pixels of strips.
fn strips_cover(cut: &TileCut, strip: &Strip) {
    assert_eq!(cut.threads(), strip.threads());
    let StripBlocking { images, rows, columns, channels, .. } = strip.blocking;
    let [n, h, w] = strip.pixels;
    let [deep, down, across] = strip.tiles();
    let (run, runs, classes) = (strip.run, strip.runs(), strip.classes);
    let pixel = |[image, top, left]: [usize; 3], row: usize| {
        let (run_of, place) = (row / run, row / run % runs * run + row % run);
        let class = run_of / strip.class_runs();
        let y = (top * rows + run_of / runs % rows) * classes + class / classes;
        let x = (left * columns + place / images) * classes + class % classes;
        let image = image * images + place % images;
        let inside = image < n && y < h && x < w && place < columns * images;
        if inside { (image * h + y) * w + x } else { cut.rows }
    };
    let tiles =
        (0..deep).flat_map(|i| (0..down).flat_map(move |y| (0..across).map(move |x| [i, y, x])));
    let all = tiles.flat_map(|tile| (0..cut.tile_rows()).map(move |row| pixel(tile, row)));
    assert!(once(all, cut.rows), "{cut:?}");
    assert_eq!(cut.row_tiles(), deep * down * across);
    assert!(cut.lanes * cut.width == channels && cut.col_tiles() * channels >= cut.cols);
}

/// As `text/weights` numbers strips, runs of pixels and units: every product of a weight gradient is
/// added up once.
fn weights_cover(cut: &TileCut, weights: &Weights, it: &Contraction, target: Target) {
    let WeightBlocking { inputs, outputs, each, unit, slices, .. } = weights.blocking;
    assert_eq!(cut.threads(), weights.threads());
    assert!(cut.threads() <= target.capabilities.threads && weights.sums() > 0, "{cut:?}");
    let tasks = (0..cut.splits).flat_map(|split| (split..weights.tasks).step_by(cut.splits));
    assert!(once(tasks, weights.tasks), "{cut:?}");
    assert!((0..cut.splits).all(|s| (s..weights.tasks).step_by(cut.splits).count() <= each));
    let runs = weights.strip.class_runs();
    assert!(once((0..slices).flat_map(|slice| (slice..runs).step_by(slices)), runs), "{cut:?}");
    let [rows, down, across] = weights.units();
    let places = it.geometry.kernel[0] * it.geometry.kernel[1];
    let Unit { down: of_inputs, across: of_outputs, .. } = unit;
    assert_eq!(rows * unit.kernel_rows * it.geometry.kernel[1], places);
    assert_eq!(down * of_inputs * weights.block, inputs);
    assert_eq!(across * of_outputs * weights.block, outputs);
    let [row_tiles, col_tiles] = [cut.row_tiles(), cut.group_tiles()];
    assert!(row_tiles * inputs >= it.inner && (row_tiles - 1) * inputs < it.inner);
    assert!(col_tiles * outputs >= it.channels && (col_tiles - 1) * outputs < it.channels);
    assert_eq!(cut.groups * it.channels, cut.cols);
    let strip = weights.strip;
    let [images, columns] = [strip.blocking.images, strip.blocking.columns];
    assert!(strip.runs() * strip.run >= images * columns, "{cut:?}");
}

/// As `text/depthwise` and `text/depthwise_weights` number blocks, channels and pixels.
fn blocks_cover(cut: &TileCut, depthwise: &Depthwise, it: &Contraction) {
    let Depthwise { blocking: DepthwiseBlocking { rows, columns }, parts, slices, .. } = *depthwise;
    let ([down, across], all) = (depthwise.blocks(), depthwise.all_blocks());
    assert!(cut.threads() <= 256 && cut.col_tiles() * cut.lanes * cut.width >= cut.cols, "{cut:?}");
    assert_eq!(all * depthwise.rows() * columns, it.pixels().iter().product::<usize>(), "{cut:?}");
    if depthwise.weights {
        assert_eq!((parts * rows, cut.strips), (it.geometry.kernel[0], parts * slices));
        let each = all.div_ceil(cut.splits);
        let ends = |split: usize| (split * each + each).min(all);
        let blocks = (0..cut.splits).flat_map(|split| {
            (0..slices).flat_map(move |slice| (split * each + slice..ends(split)).step_by(slices))
        });
        assert!(once(blocks, all), "{cut:?}");
        return;
    }
    let [_, h, w] = it.pixels();
    let pixels = (0..cut.row_tiles() * cut.strips).filter(|block| *block < all).flat_map(|block| {
        let first = (block / (down * across) * h + block / across % down * rows) * w
            + block % across * columns;
        (0..rows * columns).map(move |at| first + at / columns * w + at % columns)
    });
    assert!(once(pixels, cut.rows), "{cut:?}");
}

/// The subgroups of a workgroup hold each matrix of its tile once.
fn matrices_cover(cut: &TileCut, share: MatrixShare, matrices: Matrices) {
    let subgroups = THREADS / matrices.subgroup;
    let places = (0..subgroups).flat_map(|subgroup| {
        let [above, left] =
            [subgroup / share.side * share.down, subgroup % share.side * share.across];
        let down = (0..share.down).map(move |i| above + i);
        down.flat_map(move |i| (0..share.across).map(move |j| [i, left + j]))
    });
    let across = cut.tile_cols() / share.edge;
    let whole = cut.tile_rows() / share.edge * across;
    assert!(once(places.map(|[i, j]| i * across + j), whole), "{cut:?}");
    assert_eq!([cut.tile_rows() % share.edge, cut.tile_cols() % share.edge], [0, 0]);
    assert_eq!(DEPTH_STEP % share.edge, 0);
}

#[test]
fn every_element_is_computed_once() {
    let depthwise = Cell::new(0);
    all(|graph, kernel, cut, target| match (&kernel.body, cut.multiply) {
        (Body::Total { .. }, _) => assert_eq!(cut.workgroups(kernel), 1),
        (Body::Ranks(_), _) => unreachable!("it is no dispatch"),
        (Body::Map | Body::Fold(_) | Body::Gather(_) | Body::Merge { .. }, multiply) => {
            assert_eq!((multiply, cut.splits), (Multiply::Scalars, 1));
            assert!(cut.threads() <= 256 && cut.threads().is_power_of_two(), "{cut:?}");
            tiles_cover(cut, kernel);
        }
        (Body::Contract(node) | Body::Weights(node), multiply) => {
            let it = Contraction::of(graph, *node).expect("a contraction");
            if !matches!(multiply, Multiply::Weights(_) | Multiply::Depthwise(_)) {
                splits_cover(cut, &it);
            }
            match multiply {
                Multiply::Scalars => tiles_cover(cut, kernel),
                Multiply::Matrices(share) => {
                    tiles_cover(cut, kernel);
                    let matrices = target.capabilities.matrices.expect("where there are matrices");
                    matrices_cover(cut, share, matrices);
                }
                Multiply::Strips(strip) => strips_cover(cut, &strip),
                Multiply::Weights(weights) => weights_cover(cut, &weights, &it, target),
                Multiply::Depthwise(cuts) => {
                    depthwise.set(depthwise.get() + 1);
                    blocks_cover(cut, &cuts, &it);
                }
                Multiply::Sliding(window) => windows_cover(cut, window, &it, kernel),
            }
        }
    });
    assert!(depthwise.get() > 0);
}

#[test]
fn every_partial_sum_is_added_up_once() {
    let layers = LAYERS.map(|shape| (shape, 1)).into_iter().chain(GROUPED);
    for (images, (shape, groups)) in layers.flat_map(|layer| [(1, layer), (128, layer)]) {
        let (graph, kernels) = by_groups(images, shape, groups);
        let mut seen = HashSet::new();
        for (kernel, of) in kernels.iter().filter_map(|kernel| Some((kernel, kernel.source()?))) {
            let source = &kernels[of.index()];
            for target in targets() {
                let cut = cut_of(&graph, &kernels, kernel, target, None);
                let parts = cut.parts.expect("parts");
                let left = TileCut::of(&graph, source, target, None).partials(source);
                let own = kernel.domain.shape.len() * source.columns.len().max(1);
                assert_eq!(parts.count * own, left, "{cut:?}");
                if seen.insert((parts.count, parts.slices)) {
                    parts_cover(parts);
                }
            }
        }
    }
}

#[test]
fn sums_of_a_residual_net_take_few_turns_in_many_workgroups() {
    let parts = |cut: TileCut| cut.parts.expect("parts");
    for shape in [[32, 16, 16, 3, 1, 1], [16, 32, 32, 3, 1, 1], [8, 64, 64, 3, 1, 1]] {
        let (graph, kernels) = layer(128, shape);
        let [gather, merge] = [5, 6].map(|at| {
            let cut = cut_of(&graph, &kernels, &kernels[at], Target::default(), None);
            let Parts { count, slices, ways } = parts(cut);
            assert!(cut.threads() == 256 || count < 2 * slices, "{cut:?}");
            let turns = count.div_ceil(slices * ways);
            assert!(turns <= 4, "{turns} turns in {cut:?}");
            cut.workgroups(&kernels[at])
        });
        assert!((128..=1024).contains(&gather), "{gather} of {shape:?}");
        assert!((1..=16).contains(&merge), "{merge} of {shape:?}");
    }
}

/// In the memory of every adapter and in more, by threads and by matrices.
#[test]
fn weight_gradients_of_a_residual_net_stage_once_in_enough_workgroups() {
    let matrices = Some(Matrices { edge: 16, subgroup: 32 });
    let core = Capabilities::default();
    let large = Capabilities { memory: 48 << 10, ..core };
    let all = [core, large, Capabilities { matrices, ..core }, Capabilities { matrices, ..large }];
    for (shape, capabilities) in LAYERS[..6].iter().flat_map(|shape| all.map(|it| (shape, it))) {
        let (graph, kernels) = layer(128, *shape);
        let target = Target { capabilities, ..Target::default() };
        let cut = TileCut::of(&graph, &kernels[2], target, None);
        assert!(matches!(cut.multiply, Multiply::Weights(_)), "{shape:?} in {cut:?}");
        assert!((96..=1100).contains(&cut.workgroups(&kernels[2])), "{shape:?} in {cut:?}");
    }
}

#[test]
fn cuts_keep_within_what_every_adapter_offers() {
    all(|_, kernel, cut, target| {
        let memory = cut.workgroup_memory(kernel);
        assert!(memory <= target.capabilities.memory, "{memory} bytes in {cut:?} for {target:?}");
        let [x, y, z] = dispatch(cut.workgroups(kernel)).map(|n| n as usize);
        assert!(x * y * z >= cut.workgroups(kernel), "{cut:?}");
        assert!([x, y, z].iter().all(|n| (1..=65_535).contains(n)), "{cut:?}");
    });
}

#[test]
fn partial_sums_are_one_a_tile_or_range() {
    let (graph, kernels) = layer(128, [32, 16, 32, 3, 1, 1]);
    let cuts: Vec<_> =
        kernels.iter().map(|kernel| TileCut::of(&graph, kernel, Target::default(), None)).collect();
    let [rows, pixels] = [3 * 3 * 16, 128 * 32 * 32];
    // Two columns of 32 channels for each tile of 32 rows, and of 32 in the pointwise kernel.
    assert_eq!(cuts[0].partials(&kernels[0]), pixels / cuts[0].tile_rows() * 2 * 32);
    assert_eq!(cuts[1].partials(&kernels[1]), 0);
    assert_eq!(cuts[2].partials(&kernels[2]), cuts[2].splits * rows * 32);
    assert!(cuts[2].splits * cuts[2].row_tiles() * cuts[2].col_tiles() >= 128);
    assert_eq!(cuts[3].partials(&kernels[3]), pixels / cuts[3].tile_rows() * 2 * 32);
}

#[test]
fn a_device_without_whole_matrices_multiplies_scalars() {
    let (graph, kernels) = layer(128, [32, 16, 16, 3, 1, 1]);
    let with = |edge, subgroup| {
        let matrices = Some(Matrices { edge, subgroup });
        let capabilities = Capabilities { subgroups: true, matrices, ..Capabilities::default() };
        let target = Target { capabilities, ..Target::default() };
        let blocking = TileBlocking { rows: 8, lanes: 16, matrices: true };
        TileCut::of(&graph, &kernels[0], target, Some(Blocking::Tile(blocking))).share()
    };
    let nvidia = MatrixShare { edge: 16, down: 4, across: 1, side: 1 };
    assert_eq!(with(16, 32), Some(nvidia));
    assert_eq!(with(16, 128), None, "no subgroup fits into a workgroup");
}
