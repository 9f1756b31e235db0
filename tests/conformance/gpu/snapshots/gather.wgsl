// A domain of rows × channels, walked by tiles: each thread has PER_THREAD rows of one group of
// channels, and hands every element to `epilogue`. Sums over the tile are left by `columns`.

alias V = vec4<f32>;
const ROWS = 864u;
const COLS = 96u;
const WIDTH = 4u;
const LANES = 32u;
const STRIPS = 2u;
const TILE_ROWS = 8u;
const ROW_TILES = 108u;
const COL_TILES = 1u;
const GROUPS = 108u;

@group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> b3: array<f32>;
@group(0) @binding(4) var<uniform> starts: array<vec4<u32>, 1>;
fn read4_b0(i: u32) -> vec4<f32> {
    return b0[i / 4u];
}
fn read4_b1(i: u32) -> vec4<f32> {
    return b1[i / 4u];
}
fn write4_b1(i: u32, v: vec4<f32>) {
    b1[i / 4u] = v;
}
fn read4_b2(i: u32) -> vec4<f32> {
    return b2[i / 4u];
}
fn write4_b2(i: u32, v: vec4<f32>) {
    b2[i / 4u] = v;
}
fn read1_b3(i: u32) -> f32 {
    return b3[i];
}


fn epilogue(row: u32, col: u32) {
    if (row < ROWS && col < COLS) {
        let n = row / 288u;
        let y = row / 96u % 3u;
        let x = row % 96u;
        let t0 = (((n) * 3u + y) * 96u + x) * 96u + col;
        var raw0 = vec4<f32>(0.0);
        for (var split = 0u; split < 1u + row / ROWS; split++) {
            raw0 += read4_b0(t0 + split * 82944u);
        }
        let t1 = read4_b1(t0);
        let t2 = 0.0001f;
        let t3 = vec4<f32>(t2);
        let t4 = t1 * t3;
        let t5 = raw0 + t4;
        let t6 = read4_b2(t0);
        let t7 = 0.9f;
        let t8 = vec4<f32>(t7);
        let t9 = t6 * t8;
        let t10 = t5 + t9;
        let t11 = 0u;
        let t12 = read1_b3(starts[0].x + t11);
        let t13 = vec4<f32>(t12);
        let t14 = t10 * t13;
        let t15 = -t14;
        let t16 = t1 + t15;
        write4_b2(t0, t10);
        write4_b1(t0, t16);
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
