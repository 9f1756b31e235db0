// Merges per-tile sums in a fixed order: one workgroup an element, each thread takes every 64th
// tile, then a tree. Second moments are merged as Chan, Golub and LeVeque do (1983): each part
// carries its count, its sum and its squared distances from its own mean.

const ROWS = 1u;
const COLS = 16u;
const GROUPS = 16u;
const ENTRIES = 4u;

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read> b1: array<f32>;
@group(0) @binding(2) var<uniform> starts: array<vec4<u32>, 2>;
fn read1_b0(i: u32) -> f32 {
    return b0[i];
}
fn write1_b0(i: u32, v: f32) {
    b0[i] = v;
}
fn read1_b1(i: u32) -> f32 {
    return b1[i];
}

struct Moments {
    count: f32,
    sum: f32,
    squares: f32,
}

fn join(a: Moments, b: Moments) -> Moments {
    let count = a.count + b.count;
    let distance = b.sum / max(b.count, 1.0) - a.sum / max(a.count, 1.0);
    let between = distance * distance * (a.count * b.count / max(count, 1.0));
    return Moments(count, a.sum + b.sum, a.squares + b.squares + between);
}

var<workgroup> sums: array<f32, 64>;
var<workgroup> moments: array<Moments, 64>;

fn sum0(entry: u32, col: u32) -> f32 {
    let tile = entry;
    let channel = col;
    return read1_b1((tile * 2u + 0u) * 16u + channel);
}
fn moments1(entry: u32, col: u32) -> Moments {
    let tile = entry;
    let channel = col;
    return Moments(f32(min(64u, 256u - tile * 64u)), read1_b1((tile * 2u + 0u) * 16u + channel), read1_b1((tile * 2u + 1u) * 16u + channel));
}

fn epilogue(row: u32, col: u32, raw0: f32, raw1: f32) {
    if (row < ROWS && col < COLS) {
        let t0 = 0.00390625f;
        let t1 = raw0 * t0;
        let t2 = col;
        let t3 = read1_b0(starts[0].x + t2);
        let t4 = raw1 * t0;
        let t5 = 1e-5f;
        let t6 = t4 + t5;
        let t7 = sqrt(t6);
        let t8 = 1.0 / t7;
        let t9 = t3 * t8;
        let t10 = read1_b0(starts[0].y + t2);
        let t11 = 0.9f;
        let t12 = t10 * t11;
        let t13 = 0.000390625f;
        let t14 = raw0 * t13;
        let t15 = t12 + t14;
        let t16 = read1_b0(starts[0].z + t2);
        let t17 = t16 * t11;
        let t18 = 0.00039215686f;
        let t19 = raw1 * t18;
        let t20 = t17 + t19;
        write1_b0(starts[0].w + t2, t1);
        write1_b0(starts[1].x + t2, t9);
        write1_b0(starts[0].y + t2, t15);
        write1_b0(starts[0].z + t2, t20);
        write1_b0(starts[1].y + t2, raw1);
    }
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_size) widest: u32,
    @builtin(subgroup_invocation_id) invocation: u32,
) {
    let size = min(widest, 64u);
    let thread = subgroup * size + invocation;
    let col = group.x + group.y * 65535u;
    if (col >= GROUPS) {
        return;
    }
    var part0 = 0.0;
    for (var e = thread; e < ENTRIES; e += 64u) {
        part0 = part0 + sum0(e, col);
    }
    for (var distance = 1u; distance < size; distance *= 2u) {
        part0 = part0 + subgroupShuffleXor(part0, distance);
    }
    if (invocation == 0u) {
        sums[subgroup] = part0;
    }
    workgroupBarrier();
    part0 = sums[0];
    for (var i = 1u; i < 64u / size; i++) {
        part0 = part0 + sums[i];
    }
    let raw0 = part0;
    workgroupBarrier();
    var part1 = Moments(0.0, 0.0, 0.0);
    for (var e = thread; e < ENTRIES; e += 64u) {
        part1 = join(part1, moments1(e, col));
    }
    for (var distance = 1u; distance < size; distance *= 2u) {
        part1 = join(part1, Moments(subgroupShuffleXor(part1.count, distance), subgroupShuffleXor(part1.sum, distance), subgroupShuffleXor(part1.squares, distance)));
    }
    if (invocation == 0u) {
        moments[subgroup] = part1;
    }
    workgroupBarrier();
    part1 = moments[0];
    for (var i = 1u; i < 64u / size; i++) {
        part1 = join(part1, moments[i]);
    }
    let raw1 = part1.squares;
    workgroupBarrier();
    if (thread == 0u) {
        epilogue(0u, col, raw0, raw1);
    }
}
