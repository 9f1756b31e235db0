// A contraction by strips: some rows and columns of pixels of some images, with a block of channels.
// What the strip sees of the left side is staged once, CHUNK channels at a time, with its halo, and
// the weights of these channels beside it; all places of the kernel read it there. `fetch_left` asks
// for what the left side is made of, `left` makes it; `epilogue` is what becomes of the result at a
// row of the domain, of which `pixel` finds the row of the strip's tile.

//@ begin constants
alias V = f32;
const ROWS = 256u;
const COLS = 16u;
const WIDTH = 1u;
const LANES = 16u;
const STRIPS = 4u;
const COL_TILES = 1u;
const GROUPS = 16u;
const INNER = 16u;
const CHUNK = 16u;
//@ end

//@ begin bindings
@group(0) @binding(0) var<storage, read> left_side: array<f32>;
@group(0) @binding(1) var<storage, read> right_side: array<f32>;
@group(0) @binding(2) var<storage, read_write> destination: array<f32>;
//@ end

//@ begin memory
var<workgroup> tile_a: array<f32, 256>;
var<workgroup> tile_b: array<f32, 256>;
//@ end

//@ begin functions
//@ end

//@ begin left
fn left(row: u32, k: u32) -> f32 {
    return left_side[row * INNER + k];
}
//@ end

//@ begin right
fn right(k: u32, col: u32) -> f32 {
    return right_side[k * COLS + col];
}
//@ end

//@ begin pixel
fn pixel(row: u32, tile: u32) -> u32 {
    return min(tile * 16u + row, ROWS);
}
//@ end

//@ begin epilogue
fn epilogue(row: u32, col: u32, raw0: V) {
    if (row < ROWS && col < COLS) {
        destination[row * COLS + col] = raw0;
    }
}
//@ end

//@ begin entry
@compute @workgroup_size(64)
//@ end
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
    //@ begin channels
    let first_col = id % COL_TILES * LANES * WIDTH;
    let col = first_col + lane * WIDTH;
    //@ end
    //@ begin places
    //@ end
    //@ begin accumulators
    var acc0 = V(0.0);
    //@ end
    //@ begin body
    for (var k = 0u; k < INNER; k += CHUNK) {
        tile_a[thread] = left(pixel(thread / CHUNK, tile), k + thread % CHUNK);
        tile_b[thread] = right(k + thread / LANES, col);
        workgroupBarrier();
        for (var i = 0u; i < 4u; i++) {
            acc0 += tile_a[strip * CHUNK + i] * tile_b[i * LANES + lane];
        }
        workgroupBarrier();
    }
    //@ end
    //@ begin elements
    epilogue(pixel(strip, tile), col, acc0);
    //@ end
    //@ begin columns
    //@ end
}
