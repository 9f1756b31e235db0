// A domain of rows × channels, walked by tiles: each thread has PER_THREAD rows of one group of
// channels, and hands every element to `epilogue`. Sums over the tile are left by `columns`.

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

@group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> starts: array<vec4<u32>, 1>;
fn read4_b0(i: u32) -> vec4<f32> {
    return b0[i / 4u];
}
fn read4_b1(i: u32) -> vec4<f32> {
    return b1[i / 4u];
}
fn write4_b2(i: u32, v: vec4<f32>) {
    b2[i / 4u] = v;
}
fn relu4(x: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(x);
    let negative = (bits ^ vec4<u32>(0x80000000u)) <= vec4<u32>(0x7f800000u);
    return bitcast<vec4<f32>>(select(bits, vec4<u32>(0u), negative));
}


fn epilogue(row: u32, col: u32) {
    if (row < ROWS && col < COLS) {
        let n = row;
        var raw0 = vec4<f32>(0.0);
        for (var ry = 0u; ry < 4u + row / ROWS; ry++) {
            for (var rx = 0u; rx < 4u; rx++) {
                let t0 = (((n) * 4u + ry) * 4u + rx) * 16u + col;
                let t1 = read4_b0(t0);
                let t2 = col;
                let t3 = read4_b1(starts[0].x + t2);
                let t4 = t1 - t3;
                let t5 = read4_b1(starts[0].y + t2);
                let t6 = t4 * t5;
                let t7 = read4_b1(starts[0].z + t2);
                let t8 = t6 + t7;
                let t9 = relu4(t8);
                raw0 += t9;
            }
        }
        let t10 = (n) * 16u + col;
        write4_b2(t10, raw0);
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
