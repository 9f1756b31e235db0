// A domain of rows × channels, walked by tiles: each thread has PER_THREAD rows of one group of
// channels, and hands every element to `epilogue`. Sums over the tile are left by `columns`.

alias V = f32;
const ROWS = 4u;
const COLS = 10u;
const WIDTH = 1u;
const LANES = 16u;
const STRIPS = 4u;
const TILE_ROWS = 16u;
const ROW_TILES = 1u;
const COL_TILES = 1u;
const GROUPS = 1u;

@group(0) @binding(0) var<storage, read> b0: array<f32>;
@group(0) @binding(1) var<storage, read> b1: array<f32>;
@group(0) @binding(2) var<storage, read> b2: array<f32>;
@group(0) @binding(3) var<storage, read> b3: array<f32>;
@group(0) @binding(4) var<storage, read_write> b4: array<f32>;
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
fn write1_b4(i: u32, v: f32) {
    b4[i] = v;
}

var<workgroup> lane_sums: array<f32, 64>;
var<workgroup> lane_means: array<f32, 16>;

struct Sums {
    v0: f32,
}

fn epilogue(row: u32, col: u32) -> Sums {
    var sums = Sums(f32(0.0));
    if (row < ROWS && col < COLS) {
        let n = row;
        let t0 = (n) * 10u + col;
        let t1 = read1_b0(t0);
        let t2 = 0.25f;
        let t3 = 1.0f;
        let t4 = -t3;
        let t5 = t2 * t4;
        let t6 = t1 * t5;
        let t7 = read1_b1(t0);
        let t8 = n;
        let t9 = read1_b2(t8);
        let t10 = t7 - t9;
        let t11 = exp(t10);
        let t12 = read1_b3(t8);
        let t13 = t11 * t12;
        let t14 = t6 + t13;
        sums.v0 = t14;
    }
    return sums;
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
    let tile = id / COL_TILES;
    let col = (id % COL_TILES * LANES + lane) * WIDTH;
    let row = tile * TILE_ROWS + strip;
    let row0 = row + 0u * STRIPS;
    let s0 = epilogue(row0, col);
    let row1 = row + 1u * STRIPS;
    let s1 = epilogue(row1, col);
    let row2 = row + 2u * STRIPS;
    let s2 = epilogue(row2, col);
    let row3 = row + 3u * STRIPS;
    let s3 = epilogue(row3, col);
    let count = f32(min(16u, 4u - tile * 16u));
    lane_sums[thread] = s0.v0 + s1.v0 + s2.v0 + s3.v0;
    workgroupBarrier();
    if (strip == 0u && col < COLS) {
        var total = lane_sums[lane];
        for (var i = 1u; i < STRIPS; i++) {
            total += lane_sums[i * LANES + lane];
        }
        write1_b4((tile * 1u + 0u) * 10u + col, total);
        
    }
    workgroupBarrier();
}
