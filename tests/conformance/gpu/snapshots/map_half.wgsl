// A domain of rows × channels, walked by tiles: each thread has PER_THREAD rows of one group of
// channels, and hands every element to `epilogue`. Sums over the tile are left by `columns`.

alias V = f32;
const ROWS = 1u;
const COLS = 1u;
const WIDTH = 1u;
const LANES = 1u;
const STRIPS = 64u;
const TILE_ROWS = 256u;
const ROW_TILES = 1u;
const COL_TILES = 1u;
const GROUPS = 1u;

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<uniform> starts: array<vec4<u32>, 1>;
fn write1_b0(i: u32, v: f32) {
    b0[i] = v;
}


fn epilogue(row: u32, col: u32) {
    if (row < ROWS && col < COLS) {
        let t0 = 0.25f;
        let t1 = 1.0f;
        let t2 = -t1;
        let t3 = t0 * t2;
        let t4 = 0u;
        write1_b0(starts[0].x + t4, t3);
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
    epilogue(row + 0u * STRIPS, col);
    epilogue(row + 1u * STRIPS, col);
    epilogue(row + 2u * STRIPS, col);
    epilogue(row + 3u * STRIPS, col);
}
