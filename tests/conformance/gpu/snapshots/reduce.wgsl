// A domain of rows × channels, walked by tiles: each thread has PER_THREAD rows of one group of
// channels, and hands every element to `epilogue`. Sums over the tile are left by `columns`.

alias V = f32;
const ROWS = 4u;
const COLS = 1u;
const WIDTH = 1u;
const LANES = 1u;
const STRIPS = 64u;
const TILE_ROWS = 256u;
const ROW_TILES = 1u;
const COL_TILES = 1u;
const GROUPS = 1u;

@group(0) @binding(0) var<storage, read> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
fn read1_b0(i: u32) -> f32 {
    return b0[i];
}
fn write1_b1(i: u32, v: f32) {
    b1[i] = v;
}


fn epilogue(row: u32, col: u32) {
    if (row < ROWS && col < COLS) {
        let n = row;
        var raw0 = f32(0.0);
        for (var rc = 0u; rc < 10u; rc++) {
            let t0 = (n) * 10u + rc;
            let t1 = read1_b0(t0);
            raw0 += t1;
        }
        let t2 = n;
        write1_b1(t2, raw0);
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
    let row0 = row + 0u * STRIPS;
    epilogue(row0, col);
    let row1 = row + 1u * STRIPS;
    epilogue(row1, col);
    let row2 = row + 2u * STRIPS;
    epilogue(row2, col);
    let row3 = row + 3u * STRIPS;
    epilogue(row3, col);
}
