// A contraction as a matrix product by tiles: rows × DEPTH times DEPTH × channels. A workgroup
// stages DEPTH_STEP columns of the left side and as many rows of the right side at a time; each
// thread accumulates a few rows of one group of channels in registers. `load_a` and `load_b`
// evaluate what the operands are made of, `epilogue` what becomes of the result. With SPLITS
// above one, each range of DEPTH is a workgroup of its own.

alias V = vec4<f32>;
const ROWS = 4u;
const COLS = 16u;
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
        let t0 = 0.0625f;
        let t1 = vec4<f32>(t0);
        let t2 = raw0 * t1;
        let t3 = col;
        let t4 = read4_b4(starts[0].y + t3);
        let t5 = raw0 * t4;
        let t6 = (n) * 16u + col;
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
        let b0 = tile_b[0u + lane];
        acc0 += tile_a[0u + strip] * b0;
        acc1 += tile_a[16u + strip] * b0;
        acc2 += tile_a[32u + strip] * b0;
        acc3 += tile_a[48u + strip] * b0;
        let b1 = tile_b[4u + lane];
        acc0 += tile_a[64u + strip] * b1;
        acc1 += tile_a[80u + strip] * b1;
        acc2 += tile_a[96u + strip] * b1;
        acc3 += tile_a[112u + strip] * b1;
        let b2 = tile_b[8u + lane];
        acc0 += tile_a[128u + strip] * b2;
        acc1 += tile_a[144u + strip] * b2;
        acc2 += tile_a[160u + strip] * b2;
        acc3 += tile_a[176u + strip] * b2;
        let b3 = tile_b[12u + lane];
        acc0 += tile_a[192u + strip] * b3;
        acc1 += tile_a[208u + strip] * b3;
        acc2 += tile_a[224u + strip] * b3;
        acc3 += tile_a[240u + strip] * b3;
        let b4 = tile_b[16u + lane];
        acc0 += tile_a[256u + strip] * b4;
        acc1 += tile_a[272u + strip] * b4;
        acc2 += tile_a[288u + strip] * b4;
        acc3 += tile_a[304u + strip] * b4;
        let b5 = tile_b[20u + lane];
        acc0 += tile_a[320u + strip] * b5;
        acc1 += tile_a[336u + strip] * b5;
        acc2 += tile_a[352u + strip] * b5;
        acc3 += tile_a[368u + strip] * b5;
        let b6 = tile_b[24u + lane];
        acc0 += tile_a[384u + strip] * b6;
        acc1 += tile_a[400u + strip] * b6;
        acc2 += tile_a[416u + strip] * b6;
        acc3 += tile_a[432u + strip] * b6;
        let b7 = tile_b[28u + lane];
        acc0 += tile_a[448u + strip] * b7;
        acc1 += tile_a[464u + strip] * b7;
        acc2 += tile_a[480u + strip] * b7;
        acc3 += tile_a[496u + strip] * b7;
        let b8 = tile_b[32u + lane];
        acc0 += tile_a[512u + strip] * b8;
        acc1 += tile_a[528u + strip] * b8;
        acc2 += tile_a[544u + strip] * b8;
        acc3 += tile_a[560u + strip] * b8;
        let b9 = tile_b[36u + lane];
        acc0 += tile_a[576u + strip] * b9;
        acc1 += tile_a[592u + strip] * b9;
        acc2 += tile_a[608u + strip] * b9;
        acc3 += tile_a[624u + strip] * b9;
        let b10 = tile_b[40u + lane];
        acc0 += tile_a[640u + strip] * b10;
        acc1 += tile_a[656u + strip] * b10;
        acc2 += tile_a[672u + strip] * b10;
        acc3 += tile_a[688u + strip] * b10;
        let b11 = tile_b[44u + lane];
        acc0 += tile_a[704u + strip] * b11;
        acc1 += tile_a[720u + strip] * b11;
        acc2 += tile_a[736u + strip] * b11;
        acc3 += tile_a[752u + strip] * b11;
        let b12 = tile_b[48u + lane];
        acc0 += tile_a[768u + strip] * b12;
        acc1 += tile_a[784u + strip] * b12;
        acc2 += tile_a[800u + strip] * b12;
        acc3 += tile_a[816u + strip] * b12;
        let b13 = tile_b[52u + lane];
        acc0 += tile_a[832u + strip] * b13;
        acc1 += tile_a[848u + strip] * b13;
        acc2 += tile_a[864u + strip] * b13;
        acc3 += tile_a[880u + strip] * b13;
        let b14 = tile_b[56u + lane];
        acc0 += tile_a[896u + strip] * b14;
        acc1 += tile_a[912u + strip] * b14;
        acc2 += tile_a[928u + strip] * b14;
        acc3 += tile_a[944u + strip] * b14;
        let b15 = tile_b[60u + lane];
        acc0 += tile_a[960u + strip] * b15;
        acc1 += tile_a[976u + strip] * b15;
        acc2 += tile_a[992u + strip] * b15;
        acc3 += tile_a[1008u + strip] * b15;
        workgroupBarrier();
    }
    epilogue(row + 0u * STRIPS, col, acc0);
    epilogue(row + 1u * STRIPS, col, acc1);
    epilogue(row + 2u * STRIPS, col, acc2);
    epilogue(row + 3u * STRIPS, col, acc3);
}
