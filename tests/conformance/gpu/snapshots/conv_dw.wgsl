// A contraction as a matrix product by tiles: rows × DEPTH times DEPTH × channels. A workgroup
// stages DEPTH_STEP columns of the left side and as many rows of the right side at a time; each
// thread accumulates a few rows of one group of channels in registers. `load_a` and `load_b`
// evaluate what the operands are made of, `epilogue` what becomes of the result. With SPLITS
// above one, each range of DEPTH is a workgroup of its own.

alias V = f32;
const ROWS = 16u;
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
        let t0 = window % 16u;
        let t1 = window / 16u;
        let t2 = t1 / 1u;
        let t3 = t1 % 1u;
        let t4 = pixel / 1u;
        let t5 = pixel / 1u % 1u;
        let t6 = pixel % 1u;
        let t7 = (t5) * 1u + t2 - 0u;
        let t8 = (t6) * 1u + t3 - 0u;
        if (t7 < 1u && t8 < 1u) {
            let t9 = (t4) * 16u + t0;
            let t10 = read4_b0(t9);
            let t11 = 0.0625f;
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
        write1_b5(starts[0].x + (split * 16u + row) * 10u + col, raw0);
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
        let b0 = tile_b[0u + lane];
        acc0 += tile_a[0u + strip] * b0;
        acc1 += tile_a[8u + strip] * b0;
        acc2 += tile_a[16u + strip] * b0;
        acc3 += tile_a[24u + strip] * b0;
        let b1 = tile_b[8u + lane];
        acc0 += tile_a[32u + strip] * b1;
        acc1 += tile_a[40u + strip] * b1;
        acc2 += tile_a[48u + strip] * b1;
        acc3 += tile_a[56u + strip] * b1;
        let b2 = tile_b[16u + lane];
        acc0 += tile_a[64u + strip] * b2;
        acc1 += tile_a[72u + strip] * b2;
        acc2 += tile_a[80u + strip] * b2;
        acc3 += tile_a[88u + strip] * b2;
        let b3 = tile_b[24u + lane];
        acc0 += tile_a[96u + strip] * b3;
        acc1 += tile_a[104u + strip] * b3;
        acc2 += tile_a[112u + strip] * b3;
        acc3 += tile_a[120u + strip] * b3;
        let b4 = tile_b[32u + lane];
        acc0 += tile_a[128u + strip] * b4;
        acc1 += tile_a[136u + strip] * b4;
        acc2 += tile_a[144u + strip] * b4;
        acc3 += tile_a[152u + strip] * b4;
        let b5 = tile_b[40u + lane];
        acc0 += tile_a[160u + strip] * b5;
        acc1 += tile_a[168u + strip] * b5;
        acc2 += tile_a[176u + strip] * b5;
        acc3 += tile_a[184u + strip] * b5;
        let b6 = tile_b[48u + lane];
        acc0 += tile_a[192u + strip] * b6;
        acc1 += tile_a[200u + strip] * b6;
        acc2 += tile_a[208u + strip] * b6;
        acc3 += tile_a[216u + strip] * b6;
        let b7 = tile_b[56u + lane];
        acc0 += tile_a[224u + strip] * b7;
        acc1 += tile_a[232u + strip] * b7;
        acc2 += tile_a[240u + strip] * b7;
        acc3 += tile_a[248u + strip] * b7;
        let b8 = tile_b[64u + lane];
        acc0 += tile_a[256u + strip] * b8;
        acc1 += tile_a[264u + strip] * b8;
        acc2 += tile_a[272u + strip] * b8;
        acc3 += tile_a[280u + strip] * b8;
        let b9 = tile_b[72u + lane];
        acc0 += tile_a[288u + strip] * b9;
        acc1 += tile_a[296u + strip] * b9;
        acc2 += tile_a[304u + strip] * b9;
        acc3 += tile_a[312u + strip] * b9;
        let b10 = tile_b[80u + lane];
        acc0 += tile_a[320u + strip] * b10;
        acc1 += tile_a[328u + strip] * b10;
        acc2 += tile_a[336u + strip] * b10;
        acc3 += tile_a[344u + strip] * b10;
        let b11 = tile_b[88u + lane];
        acc0 += tile_a[352u + strip] * b11;
        acc1 += tile_a[360u + strip] * b11;
        acc2 += tile_a[368u + strip] * b11;
        acc3 += tile_a[376u + strip] * b11;
        let b12 = tile_b[96u + lane];
        acc0 += tile_a[384u + strip] * b12;
        acc1 += tile_a[392u + strip] * b12;
        acc2 += tile_a[400u + strip] * b12;
        acc3 += tile_a[408u + strip] * b12;
        let b13 = tile_b[104u + lane];
        acc0 += tile_a[416u + strip] * b13;
        acc1 += tile_a[424u + strip] * b13;
        acc2 += tile_a[432u + strip] * b13;
        acc3 += tile_a[440u + strip] * b13;
        let b14 = tile_b[112u + lane];
        acc0 += tile_a[448u + strip] * b14;
        acc1 += tile_a[456u + strip] * b14;
        acc2 += tile_a[464u + strip] * b14;
        acc3 += tile_a[472u + strip] * b14;
        let b15 = tile_b[120u + lane];
        acc0 += tile_a[480u + strip] * b15;
        acc1 += tile_a[488u + strip] * b15;
        acc2 += tile_a[496u + strip] * b15;
        acc3 += tile_a[504u + strip] * b15;
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
