// A contraction as a matrix product by tiles: rows × DEPTH times DEPTH × channels. A workgroup
// stages DEPTH_STEP columns of the left side and as many rows of the right side at a time; each
// thread accumulates a few rows of one group of channels in registers. `load_a` and `load_b`
// evaluate what the operands are made of, `epilogue` what becomes of the result. With SPLITS
// above one, each range of DEPTH is a workgroup of its own.

alias V = vec4<f32>;
const ROWS = 4u;
const COLS = 4u;
const WIDTH = 4u;
const LANES = 4u;
const STRIPS = 16u;
const TILE_ROWS = 64u;
const ROW_TILES = 1u;
const COL_TILES = 1u;
const GROUPS = 1u;
const DEPTH = 10u;
const DEPTH_STEP = 16u;
const SPLIT_DEPTH = 10u;

@group(0) @binding(0) var<storage, read> b0: array<f32>;
@group(0) @binding(1) var<storage, read> b1: array<f32>;
@group(0) @binding(2) var<storage, read> b2: array<f32>;
@group(0) @binding(3) var<storage, read> b3: array<f32>;
@group(0) @binding(4) var<storage, read> b4: array<f32>;
@group(0) @binding(5) var<storage, read_write> b5: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> b6: array<vec4<f32>>;
@group(0) @binding(7) var<uniform> starts: array<vec4<u32>, 1>;
fn read1_b0(i: u32) -> f32 {
    return b0[i];
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
fn read4_b4(i: u32) -> vec4<f32> {
    return vec4<f32>(b4[i], b4[i + 1u], b4[i + 2u], b4[i + 3u]);
}
fn write4_b5(i: u32, v: vec4<f32>) {
    b5[i / 4u] = v;
}
fn write4_b6(i: u32, v: vec4<f32>) {
    b6[i / 4u] = v;
}

var<workgroup> tile_a: array<f32, DEPTH_STEP * TILE_ROWS>;
var<workgroup> tile_b: array<V, DEPTH_STEP * LANES>;


fn load_a(row: u32, k: u32, end: u32, first_col: u32) -> f32 {
    var result = f32(0.0);
    if (row < ROWS && k < end) {
        let t0 = k % 10u;
        let t1 = k / 10u;
        let t2 = t1 / 1u;
        let t3 = t1 % 1u;
        let t4 = row / 1u;
        let t5 = row / 1u % 1u;
        let t6 = row % 1u;
        let t7 = t5 + 0u - t2;
        let t8 = t6 + 0u - t3;
        let t9 = t7 / 1u;
        let t10 = t8 / 1u;
        if (t9 < 1u && t10 < 1u) {
            let t11 = (t4) * 10u + t0;
            let t12 = read1_b0(t11);
            let t13 = 0.25f;
            let t14 = 1.0f;
            let t15 = -t14;
            let t16 = t13 * t15;
            let t17 = t12 * t16;
            let t18 = read1_b1(t11);
            let t19 = t4;
            let t20 = read1_b2(t19);
            let t21 = t18 - t20;
            let t22 = exp(t21);
            let t23 = read1_b3(t19);
            let t24 = t22 * t23;
            let t25 = t17 + t24;
            result = t25;
        }
    }
    return result;
}

fn load_b(k: u32, col: u32, end: u32) -> vec4<f32> {
    var result = vec4<f32>(0.0);
    if (k < end && col < COLS) {
        let t0 = k % 10u;
        let t1 = k / 10u;
        let t2 = t1 / 1u;
        let t3 = t1 % 1u;
        let t4 = (col) * 10u + t0;
        let t5 = read1_b4(starts[0].x + t4);
        let t6 = ((col + 1u)) * 10u + t0;
        let t7 = read1_b4(starts[0].x + t6);
        let t8 = ((col + 2u)) * 10u + t0;
        let t9 = read1_b4(starts[0].x + t8);
        let t10 = ((col + 3u)) * 10u + t0;
        let t11 = read1_b4(starts[0].x + t10);
        result = vec4<f32>(t5, t7, t9, t11);
    }
    return result;
}

fn epilogue(row: u32, col: u32, raw0: vec4<f32>) {
    if (row < ROWS && col < COLS) {
        let n = row;
        let t0 = 0.25f;
        let t1 = vec4<f32>(t0);
        let t2 = raw0 * t1;
        let t3 = col;
        let t4 = read4_b4(starts[0].y + t3);
        let t5 = raw0 * t4;
        let t6 = (n) * 4u + col;
        write4_b5(t6, t2);
        write4_b6(t6, t5);
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
        for (var e = thread; e < 1024u; e += 64u) {
            let r = e / 16u;
            let i = e % 16u * 1u;
            let v = load_a(first_row + r, k + i, end, first_col);
            tile_a[i * TILE_ROWS + r + 0u * TILE_ROWS] = v;
        }
        for (var e = thread; e < DEPTH_STEP * LANES; e += 64u) {
            tile_b[e] = load_b(k + e / LANES, first_col + e % LANES * WIDTH, end);
        }
        workgroupBarrier();
        for (var i = 0u; i < DEPTH_STEP; i++) {
        let b = tile_b[i * LANES + lane];
        acc0 += tile_a[i * TILE_ROWS + 0u + strip] * b;
        acc1 += tile_a[i * TILE_ROWS + 16u + strip] * b;
        acc2 += tile_a[i * TILE_ROWS + 32u + strip] * b;
        acc3 += tile_a[i * TILE_ROWS + 48u + strip] * b;
        }
        workgroupBarrier();
    }
    let row0 = row + 0u * STRIPS;
    epilogue(row0, col, acc0);
    let row1 = row + 1u * STRIPS;
    epilogue(row1, col, acc1);
    let row2 = row + 2u * STRIPS;
    epilogue(row2, col, acc2);
    let row3 = row + 3u * STRIPS;
    epilogue(row3, col, acc3);
}
