enable f16;
enable wgpu_cooperative_matrix;

// A contraction as a matrix product by tiles: rows × DEPTH times DEPTH × channels. A workgroup
// stages DEPTH_STEP columns of the left side and as many rows of the right side at a time; each
// thread accumulates a few rows of one group of channels in registers. `load_a` and `load_b`
// evaluate what the operands are made of, `epilogue` what becomes of the result. With SPLITS
// above one, each range of DEPTH is a workgroup of its own.

alias V = vec4<f32>;
const ROWS = 256u;
const COLS = 16u;
const WIDTH = 4u;
const LANES = 4u;
const STRIPS = 16u;
const TILE_ROWS = 128u;
const ROW_TILES = 2u;
const COL_TILES = 1u;
const GROUPS = 2u;
const DEPTH = 27u;
const DEPTH_STEP = 16u;
const SPLIT_DEPTH = 27u;

@group(0) @binding(0) var<storage, read> b0: array<f32>;
@group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<vec4<f16>>;
@group(0) @binding(3) var<storage, read_write> b3: array<vec4<f32>>;
@group(0) @binding(4) var<uniform> starts: array<vec4<u32>, 1>;
fn read1_b0(i: u32) -> f32 {
    return b0[i];
}
fn read4_b1(i: u32) -> vec4<f32> {
    return b1[i / 4u];
}
fn write4_b2(i: u32, v: vec4<f32>) {
    b2[i / 4u] = narrow4(v);
}
fn write4_b3(i: u32, v: vec4<f32>) {
    b3[i / 4u] = v;
}
fn number(bits: u32) -> f32 {
    return bitcast<f32>(bits);
}
fn narrow1(x: f32) -> f16 {
    return f16(select(x, number(0x7f800000u), abs(x) > 65504.0));
}
fn narrow4(x: vec4<f32>) -> vec4<f16> {
    let infinity = vec4<f32>(number(0x7f800000u));
    return vec4<f16>(select(x, infinity, abs(x) > vec4<f32>(65504.0)));
}

const TILE_COLS = LANES * WIDTH;
var<workgroup> tile_a: array<f16, DEPTH_STEP * TILE_ROWS>;
var<workgroup> tile_b: array<f16, DEPTH_STEP * TILE_COLS>;
var<workgroup> tile_c: array<f32, TILE_ROWS * TILE_COLS>;

fn product(row: u32, lane: u32) -> vec4<f32> {
    let at = row * TILE_COLS + lane * WIDTH;
    return vec4<f32>(tile_c[at + 0u], tile_c[at + 1u], tile_c[at + 2u], tile_c[at + 3u]);
}

var<workgroup> lane_sums: array<vec4<f32>, 64>;
var<workgroup> lane_means: array<vec4<f32>, 4>;

fn load_a(row: u32, k: u32, end: u32, first_col: u32) -> f32 {
    var result = f32(0.0);
    if (row < ROWS && k < end) {
        let t0 = k % 3u;
        let t1 = k / 3u;
        let t2 = t1 / 3u;
        let t3 = t1 % 3u;
        let t4 = row / 64u;
        let t5 = row / 8u % 8u;
        let t6 = row % 8u;
        let t7 = (t5) * 1u + t2 - 1u;
        let t8 = (t6) * 1u + t3 - 1u;
        if (t7 < 8u && t8 < 8u) {
            let t9 = (((t4) * 8u + t7) * 8u + t8) * 3u + t0;
            let t10 = read1_b0(t9);
            result = t10;
        }
    }
    return result;
}

fn load_b(k: u32, col: u32, end: u32) -> vec4<f32> {
    var result = vec4<f32>(0.0);
    if (k < end && col < COLS) {
        let t0 = k % 3u;
        let t1 = k / 3u;
        let t2 = t1 / 3u;
        let t3 = t1 % 3u;
        let t4 = (((t2) * 3u + t3) * 3u + t0) * 16u + col;
        let t5 = read4_b1(starts[0].x + t4);
        result = t5;
    }
    return result;
}

struct Sums {
    v0: vec4<f32>,
}

fn epilogue(row: u32, col: u32, raw0: vec4<f32>) -> Sums {
    var sums = Sums(vec4<f32>(0.0));
    if (row < ROWS && col < COLS) {
        let n = row / 64u;
        let y = row / 8u % 8u;
        let x = row % 8u;
        let t0 = (((n) * 8u + y) * 8u + x) * 16u + col;
        write4_b2(t0, raw0);
        sums.v0 = raw0;
    }
    return sums;
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
    let matrix_row = subgroup / 1u * 64u;
    let matrix_col = subgroup % 1u * 16u;
    var acc0_0 = coop_mat16x16<f32, C>();
    var acc1_0 = coop_mat16x16<f32, C>();
    var acc2_0 = coop_mat16x16<f32, C>();
    var acc3_0 = coop_mat16x16<f32, C>();
    for (var k = begin; k < end; k += DEPTH_STEP) {
        for (var e = thread; e < 2048u; e += 64u) {
            let r = e / 16u;
            let i = e % 16u * 1u;
            let v = load_a(first_row + r, k + i, end, first_col);
            tile_a[i * TILE_ROWS + r + 0u * TILE_ROWS] = narrow1(v);
        }
        for (var e = thread; e < DEPTH_STEP * LANES; e += 64u) {
            let v = load_b(k + e / LANES, first_col + e % LANES * WIDTH, end);
            tile_b[e * WIDTH + 0u] = narrow1(v.x);
            tile_b[e * WIDTH + 1u] = narrow1(v.y);
            tile_b[e * WIDTH + 2u] = narrow1(v.z);
            tile_b[e * WIDTH + 3u] = narrow1(v.w);
        }
        workgroupBarrier();
        let a0_0 = coopLoad<coop_mat16x16<f16, A>>(&tile_a[0u * TILE_ROWS + matrix_row + 0u], TILE_ROWS);
        let a0_1 = coopLoad<coop_mat16x16<f16, A>>(&tile_a[0u * TILE_ROWS + matrix_row + 16u], TILE_ROWS);
        let a0_2 = coopLoad<coop_mat16x16<f16, A>>(&tile_a[0u * TILE_ROWS + matrix_row + 32u], TILE_ROWS);
        let a0_3 = coopLoad<coop_mat16x16<f16, A>>(&tile_a[0u * TILE_ROWS + matrix_row + 48u], TILE_ROWS);
        let b0_0 = coopLoadT<coop_mat16x16<f16, B>>(&tile_b[0u * TILE_COLS + matrix_col + 0u], TILE_COLS);
        acc0_0 = coopMultiplyAdd(a0_0, b0_0, acc0_0);
        acc1_0 = coopMultiplyAdd(a0_1, b0_0, acc1_0);
        acc2_0 = coopMultiplyAdd(a0_2, b0_0, acc2_0);
        acc3_0 = coopMultiplyAdd(a0_3, b0_0, acc3_0);
        workgroupBarrier();
    }
    coopStoreT(acc0_0, &tile_c[(matrix_row + 0u) * TILE_COLS + matrix_col + 0u], TILE_COLS);
    coopStoreT(acc1_0, &tile_c[(matrix_row + 16u) * TILE_COLS + matrix_col + 0u], TILE_COLS);
    coopStoreT(acc2_0, &tile_c[(matrix_row + 32u) * TILE_COLS + matrix_col + 0u], TILE_COLS);
    coopStoreT(acc3_0, &tile_c[(matrix_row + 48u) * TILE_COLS + matrix_col + 0u], TILE_COLS);
    workgroupBarrier();
    let s0 = epilogue(row + 0u * STRIPS, col, product(strip + 0u * STRIPS, lane));
    let s1 = epilogue(row + 1u * STRIPS, col, product(strip + 1u * STRIPS, lane));
    let s2 = epilogue(row + 2u * STRIPS, col, product(strip + 2u * STRIPS, lane));
    let s3 = epilogue(row + 3u * STRIPS, col, product(strip + 3u * STRIPS, lane));
    let s4 = epilogue(row + 4u * STRIPS, col, product(strip + 4u * STRIPS, lane));
    let s5 = epilogue(row + 5u * STRIPS, col, product(strip + 5u * STRIPS, lane));
    let s6 = epilogue(row + 6u * STRIPS, col, product(strip + 6u * STRIPS, lane));
    let s7 = epilogue(row + 7u * STRIPS, col, product(strip + 7u * STRIPS, lane));
    let count = f32(min(128u, 256u - tile * 128u));
    let joined = max(size / LANES, 1u);
    {
        var own = s0.v0 + s1.v0 + s2.v0 + s3.v0 + s4.v0 + s5.v0 + s6.v0 + s7.v0;
        for (var distance = LANES; distance < size; distance *= 2u) {
            own += subgroupShuffleXor(own, distance);
        }
        if (strip % joined == 0u) {
            lane_sums[strip / joined * LANES + lane] = own;
        }
    }
    workgroupBarrier();
    if (strip == 0u && col < COLS) {
        var total = lane_sums[lane];
        for (var i = 1u; i < STRIPS / joined; i++) {
            total += lane_sums[i * LANES + lane];
        }
        write4_b3((tile * 2u + 0u) * 16u + col, total);
        lane_means[lane] = total / count;
    }
    workgroupBarrier();
    var squares0 = vec4<f32>(0.0);
    if (row + 0u * STRIPS < ROWS) {
        let d = s0.v0 - lane_means[lane];
        squares0 += d * d;
    }
    if (row + 1u * STRIPS < ROWS) {
        let d = s1.v0 - lane_means[lane];
        squares0 += d * d;
    }
    if (row + 2u * STRIPS < ROWS) {
        let d = s2.v0 - lane_means[lane];
        squares0 += d * d;
    }
    if (row + 3u * STRIPS < ROWS) {
        let d = s3.v0 - lane_means[lane];
        squares0 += d * d;
    }
    if (row + 4u * STRIPS < ROWS) {
        let d = s4.v0 - lane_means[lane];
        squares0 += d * d;
    }
    if (row + 5u * STRIPS < ROWS) {
        let d = s5.v0 - lane_means[lane];
        squares0 += d * d;
    }
    if (row + 6u * STRIPS < ROWS) {
        let d = s6.v0 - lane_means[lane];
        squares0 += d * d;
    }
    if (row + 7u * STRIPS < ROWS) {
        let d = s7.v0 - lane_means[lane];
        squares0 += d * d;
    }
    {
        var own = squares0;
        for (var distance = LANES; distance < size; distance *= 2u) {
            own += subgroupShuffleXor(own, distance);
        }
        if (strip % joined == 0u) {
            lane_sums[strip / joined * LANES + lane] = own;
        }
    }
    workgroupBarrier();
    if (strip == 0u && col < COLS) {
        var total = lane_sums[lane];
        for (var i = 1u; i < STRIPS / joined; i++) {
            total += lane_sums[i * LANES + lane];
        }
        write4_b3((tile * 2u + 1u) * 16u + col, total);
        
    }
    workgroupBarrier();
}
