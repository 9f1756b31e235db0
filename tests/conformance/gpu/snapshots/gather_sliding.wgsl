// A domain of rows × channels, walked by tiles: each thread has PER_THREAD rows of one group of
// channels, and hands every element to `epilogue`. Sums over the tile are left by `columns`.

alias V = f32;
const ROWS = 16u;
const COLS = 10u;
const WIDTH = 1u;
const LANES = 16u;
const STRIPS = 4u;
const TILE_ROWS = 16u;
const ROW_TILES = 1u;
const COL_TILES = 1u;
const GROUPS = 1u;

@group(0) @binding(0) var<storage, read> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
@group(0) @binding(2) var<storage, read_write> b2: array<f32>;
@group(0) @binding(3) var<uniform> starts: array<vec4<u32>, 1>;
fn read1_b0(i: u32) -> f32 {
    return b0[i];
}
fn read1_b1(i: u32) -> f32 {
    return b1[i];
}
fn write1_b1(i: u32, v: f32) {
    b1[i] = v;
}
fn read1_b2(i: u32) -> f32 {
    return b2[i];
}
fn write1_b2(i: u32, v: f32) {
    b2[i] = v;
}


fn epilogue(row: u32, col: u32) {
    if (row < ROWS && col < COLS) {
        let x = row % 16u;
        let t0 = (x) * 10u + col;
        var raw0 = f32(0.0);
        for (var split = 0u; split < 4u + row / ROWS; split++) {
            raw0 += read1_b0(t0 + split * 160u);
        }
        let t1 = read1_b1(starts[0].x + t0);
        let t2 = 0.0001f;
        let t3 = t1 * t2;
        let t4 = raw0 + t3;
        let t5 = read1_b2(starts[0].y + t0);
        let t6 = 0.9f;
        let t7 = t5 * t6;
        let t8 = t4 + t7;
        let t9 = 0u;
        let t10 = read1_b1(starts[0].z + t9);
        let t11 = t8 * t10;
        let t12 = -t11;
        let t13 = t1 + t12;
        write1_b2(starts[0].y + t0, t8);
        write1_b1(starts[0].x + t0, t13);
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
    let tile = id / COL_TILES;
    let col = (id % COL_TILES * LANES + lane) * WIDTH;
    let row = tile * TILE_ROWS + strip;
    for (var r = 0u; r < 4u + id / GROUPS; r++) {
        epilogue(row + r * STRIPS, col);
    }
}
