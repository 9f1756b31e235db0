// Adds up partial sums in a fixed order. A workgroup has a tile of LANES × STRIPS elements, and SLICES
// threads for each, which share its PARTS; then the slices are joined. Second moments are merged as
// Chan, Golub and LeVeque do (1983): each part carries its count, its sum and its squared distances
// from its own mean.

alias V = vec4<f32>;
const ROWS = 864u;
const COLS = 96u;
const WIDTH = 4u;
const LANES = 32u;
const STRIPS = 1u;
const TILE_ROWS = 1u;
const ROW_TILES = 864u;
const COL_TILES = 1u;
const GROUPS = 864u;
const PARTS = 2u;
const SLICES = 2u;
const ACROSS = LANES * STRIPS;
const THREADS = ACROSS * SLICES;

@group(0) @binding(0) var<storage, read_write> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> b2: array<f32>;
@group(0) @binding(3) var<storage, read> b3: array<vec4<f32>>;
@group(0) @binding(4) var<uniform> starts: array<vec4<u32>, 1>;
fn read4_b0(i: u32) -> vec4<f32> {
    return b0[i / 4u];
}
fn write4_b0(i: u32, v: vec4<f32>) {
    b0[i / 4u] = v;
}
fn read4_b1(i: u32) -> vec4<f32> {
    return b1[i / 4u];
}
fn write4_b1(i: u32, v: vec4<f32>) {
    b1[i / 4u] = v;
}
fn read1_b2(i: u32) -> f32 {
    return b2[i];
}
fn read4_b3(i: u32) -> vec4<f32> {
    return b3[i / 4u];
}


var<workgroup> sums: array<V, THREADS>;

fn part0(part: u32, row: u32, col: u32) -> V {
    let at = part;
    return read4_b3(at * 82944u + row * 96u + col);
}

fn epilogue(row: u32, col: u32, raw0: vec4<f32>) {
    if (row < ROWS && col < COLS) {
        let n = row / 288u;
        let y = row / 96u % 3u;
        let x = row % 96u;
        let t0 = (((n) * 3u + y) * 96u + x) * 96u + col;
        let t1 = read4_b0(t0);
        let t2 = 0.0001f;
        let t3 = vec4<f32>(t2);
        let t4 = t1 * t3;
        let t5 = raw0 + t4;
        let t6 = read4_b1(t0);
        let t7 = 0.9f;
        let t8 = vec4<f32>(t7);
        let t9 = t6 * t8;
        let t10 = t5 + t9;
        let t11 = 0u;
        let t12 = read1_b2(starts[0].x + t11);
        let t13 = vec4<f32>(t12);
        let t14 = t10 * t13;
        let t15 = -t14;
        let t16 = t1 + t15;
        write4_b1(t0, t10);
        write4_b0(t0, t16);
    }
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_size) widest: u32,
    @builtin(subgroup_invocation_id) invocation: u32,
) {
    let size = min(widest, 64u);
    let thread = subgroup * size + invocation;
    let id = group.x + group.y * 65535u;
    if (id >= GROUPS) {
        return;
    }
    let lane = thread % LANES;
    let strip = thread / LANES;
    let slice = thread / ACROSS;
    let tile = id / COL_TILES;
    let col = (id % COL_TILES * LANES + lane) * WIDTH;
    let own_row = tile * TILE_ROWS + strip % STRIPS;
    // Who has no element adds up another's, and writes nothing.
    let read_row = min(own_row, ROWS - 1u);
    let read_col = min(col, COLS - WIDTH);
    var own0_0 = V(0.0);
    for (var part = slice; part < PARTS; part += 1u * SLICES) {
        let next0_0 = part0(part, read_row, read_col);
        own0_0 = own0_0 + next0_0;
    }
    var sum0 = own0_0;
    for (var distance = ACROSS; distance < size; distance *= 2u) {
        sum0 = sum0 + subgroupShuffleXor(sum0, distance);
    }
    if (slice % max(size / ACROSS, 1u) == 0u) {
        sums[slice / max(size / ACROSS, 1u) * ACROSS + thread % ACROSS] = sum0;
    }
    workgroupBarrier();
    sum0 = sums[thread % ACROSS];
    for (var i = 1u; i < SLICES / max(size / ACROSS, 1u); i++) {
        sum0 = sum0 + sums[i * ACROSS + thread % ACROSS];
    }
    let raw0 = sum0;
    let row = select(ROWS, own_row, slice == 0u);
    let row0 = row + 0u * STRIPS;
    epilogue(row0, col, raw0);
}
