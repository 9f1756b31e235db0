// A contraction as a matrix product by tiles: rows × DEPTH times DEPTH × channels. A workgroup
// stages DEPTH_STEP columns of the left side and as many rows of the right side at a time; each
// thread accumulates a few rows of one group of channels in registers. `load_a` and `load_b`
// evaluate what the operands are made of, `epilogue` what becomes of the result. With SPLITS
// above one, each range of DEPTH is a workgroup of its own.

alias V = f32;
const ROWS = 4u;
const COLS = 10u;
const WIDTH = 1u;
const LANES = 8u;
const STRIPS = 8u;
const TILE_ROWS = 32u;
const ROW_TILES = 1u;
const COL_TILES = 2u;
const GROUPS = 8u;
const DEPTH = 4u;
const DEPTH_STEP = 16u;
const SPLIT_DEPTH = 1u;

@group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> b1: array<f32>;
@group(0) @binding(2) var<storage, read> b2: array<f32>;
@group(0) @binding(3) var<storage, read> b3: array<f32>;
@group(0) @binding(4) var<storage, read> b4: array<f32>;
@group(0) @binding(5) var<storage, read_write> b5: array<f32>;
@group(0) @binding(6) var<uniform> starts: array<vec4<u32>, 1>;
fn read4_b0(i: u32) -> vec4<f32> {
    return b0[i / 4u];
}
fn read1_b1(i: u32) -> f32 {
    return b1[i];
}
fn read1_b2(i: u32) -> f32 {
    return b2[i];
}
fn read1_b3(i: u32) -> f32 {
    return b3[i];
}
fn read1_b4(i: u32) -> f32 {
    return b4[i];
}
fn write1_b5(i: u32, v: f32) {
    b5[i] = v;
}

var<workgroup> tile_a: array<f32, DEPTH_STEP * TILE_ROWS>;
var<workgroup> tile_b: array<V, DEPTH_STEP * LANES>;


fn load_a(row: u32, k: u32, end: u32, first_col: u32) -> vec4<f32> {
    var result = vec4<f32>(0.0);
    if (row < ROWS && k < end) {
        let window = row;
        let pixel = k;
        let t0 = window % 4u;
        let t1 = window / 4u;
        let t2 = t1 / 1u;
        let t3 = t1 % 1u;
        let t4 = pixel / 1u;
        let t5 = pixel / 1u % 1u;
        let t6 = pixel % 1u;
        let t7 = (t5) * 1u + t2 - 0u;
        let t8 = (t6) * 1u + t3 - 0u;
        if (t7 < 1u && t8 < 1u) {
            let t9 = (t4) * 4u + t0;
            let t10 = read4_b0(t9);
            let t11 = 0.25f;
            let t12 = vec4<f32>(t11);
            let t13 = t10 * t12;
            result = t13;
        }
    }
    return result;
}

fn load_b(k: u32, col: u32, end: u32) -> f32 {
    var result = f32(0.0);
    if (k < end && col < COLS) {
        let row = k;
        let n = row;
        let t0 = (n) * 10u + col;
        let t1 = read1_b1(t0);
        let t2 = 0.25f;
        let t3 = 1.0f;
        let t4 = -t3;
        let t5 = t2 * t4;
        let t6 = t1 * t5;
        let t7 = read1_b2(t0);
        let t8 = n;
        let t9 = read1_b3(t8);
        let t10 = t7 - t9;
        let t11 = exp(t10);
        let t12 = read1_b4(t8);
        let t13 = t11 * t12;
        let t14 = t6 + t13;
        result = t14;
    }
    return result;
}

fn epilogue(row: u32, col: u32, split: u32, raw0: f32) {
    if (row < ROWS && col < COLS) {
        write1_b5(starts[0].x + (split * 4u + row) * 10u + col, raw0);
    }
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let id = group.x + group.y * 65535u;
    if (id >= GROUPS) {
        return;
    }
    let lane = thread % LANES;
    let strip = thread / LANES;
    let tile = id / COL_TILES % ROW_TILES;
    let split = id / COL_TILES / ROW_TILES;
    let first_col = id % COL_TILES * LANES * WIDTH;
    let col = first_col + lane * WIDTH;
    let first_row = tile * TILE_ROWS;
    let row = first_row + strip;
    let begin = split * SPLIT_DEPTH;
    let end = min(begin + SPLIT_DEPTH, DEPTH);
    var acc0 = V(0.0);
    var acc1 = V(0.0);
    var acc2 = V(0.0);
    var acc3 = V(0.0);
    for (var k = begin; k < end; k += DEPTH_STEP) {
        for (var e = thread; e < 128u; e += 64u) {
            let r = e % 8u * 4u;
            let i = e / 8u;
            let v = load_a(first_row + r, k + i, end, first_col);
            tile_a[i * TILE_ROWS + r + 0u * 1u] = v.x;
            tile_a[i * TILE_ROWS + r + 1u * 1u] = v.y;
            tile_a[i * TILE_ROWS + r + 2u * 1u] = v.z;
            tile_a[i * TILE_ROWS + r + 3u * 1u] = v.w;
        }
        for (var e = thread; e < DEPTH_STEP * LANES; e += 64u) {
            tile_b[e] = load_b(k + e / LANES, first_col + e % LANES * WIDTH, end);
        }
        workgroupBarrier();
        for (var i = 0u; i < DEPTH_STEP; i++) {
        let b = tile_b[i * LANES + lane];
        acc0 += tile_a[i * TILE_ROWS + 0u + strip] * b;
        acc1 += tile_a[i * TILE_ROWS + 8u + strip] * b;
        acc2 += tile_a[i * TILE_ROWS + 16u + strip] * b;
        acc3 += tile_a[i * TILE_ROWS + 24u + strip] * b;
        }
        workgroupBarrier();
    }
    let row0 = row + 0u * STRIPS;
    epilogue(row0, col, split, acc0);
    let row1 = row + 1u * STRIPS;
    epilogue(row1, col, split, acc1);
    let row2 = row + 2u * STRIPS;
    epilogue(row2, col, split, acc2);
    let row3 = row + 3u * STRIPS;
    epilogue(row3, col, split, acc3);
}
