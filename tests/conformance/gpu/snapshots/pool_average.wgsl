// A domain of rows × channels, walked by tiles: each thread has PER_THREAD rows of one group of
// channels, and hands every element to `epilogue`. Sums over the tile are left by `columns`.

alias V = vec4<f32>;
const ROWS = 50u;
const COLS = 8u;
const WIDTH = 4u;
const LANES = 2u;
const STRIPS = 32u;
const TILE_ROWS = 128u;
const ROW_TILES = 1u;
const COL_TILES = 1u;
const GROUPS = 1u;

@group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
fn read4_b0(i: u32) -> vec4<f32> {
    return b0[i / 4u];
}
fn write4_b1(i: u32, v: vec4<f32>) {
    b1[i / 4u] = v;
}


fn epilogue(row: u32, col: u32) {
    if (row < ROWS && col < COLS) {
        let n = row / 25u;
        let y = row / 5u % 5u;
        let x = row % 5u;
        var window = vec4<f32>(0.0);
        for (var wy = 0u; wy < 3u + row / ROWS; wy++) {
            let iy = y * 2u + wy - 1u;
            if (iy < 9u) {
                for (var wx = 0u; wx < 3u; wx++) {
                    let ix = x * 2u + wx - 1u;
                    if (ix < 9u) {
                        let t0 = (((n) * 9u + iy) * 9u + ix) * 8u + col;
                        let t1 = read4_b0(t0);
                        window += t1;
                    }
                }
            }
        }
        let raw0 = window / 9.0;
        let t2 = (((n) * 5u + y) * 5u + x) * 8u + col;
        write4_b1(t2, raw0);
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
