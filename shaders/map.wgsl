// A domain of rows × channels, walked by tiles: each thread has PER_THREAD rows of one group of
// channels, and hands every element to `epilogue`. Sums over the tile are left by `columns`.

//@ begin constants
alias V = f32;
const ROWS = 256u;
const COLS = 16u;
const WIDTH = 1u;
const LANES = 16u;
const STRIPS = 4u;
const TILE_ROWS = 16u;
const COL_TILES = 1u;
const GROUPS = 16u;
//@ end

//@ begin bindings
@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read_write> destination: array<f32>;
//@ end

//@ begin functions
//@ end

//@ begin epilogue
fn epilogue(row: u32, col: u32) {
    if (row < ROWS && col < COLS) {
        destination[row * COLS + col] = source[row * COLS + col];
    }
}
//@ end

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    //@ begin builtins
    @builtin(local_invocation_index) thread: u32,
    //@ end
) {
    //@ begin thread
    //@ end
    let id = group.x + group.y * 65535u;
    if (id >= GROUPS) {
        return;
    }
    let lane = thread % LANES;
    let strip = thread / LANES;
    let tile = id / COL_TILES;
    let col = (id % COL_TILES * LANES + lane) * WIDTH;
    let row = tile * TILE_ROWS + strip;
    //@ begin elements
    epilogue(row, col);
    epilogue(row + STRIPS, col);
    epilogue(row + 2u * STRIPS, col);
    epilogue(row + 3u * STRIPS, col);
    //@ end
    //@ begin columns
    //@ end
}
