// A convolution whose groups are single channels, or its gradient with respect to the pictures: each
// thread has a block of pixels of one group of neighbouring channels, and in registers what the block
// sees. `products` adds up, `epilogue` is what becomes of the result at a row of the domain.

//@ begin constants
alias V = f32;
const ROWS = 256u;
const COLS = 16u;
const WIDTH = 1u;
const LANES = 16u;
const STRIPS = 4u;
const COL_TILES = 1u;
const GROUPS = 64u;
const BLOCKS = 256u;
//@ end

//@ begin bindings
@group(0) @binding(0) var<storage, read> left: array<f32>;
@group(0) @binding(1) var<storage, read> right: array<f32>;
@group(0) @binding(2) var<storage, read_write> destination: array<f32>;
//@ end

//@ begin functions
//@ end

//@ begin epilogue
fn epilogue(row: u32, col: u32, raw0: V) {
    if (row < ROWS && col < COLS) {
        destination[row * COLS + col] = raw0;
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
    // Who has no block computes another's, which it drops.
    let own_block = tile * STRIPS + strip;
    let has = own_block < BLOCKS && col < COLS;
    let block = min(own_block, BLOCKS - 1u);
    let channel = min(col, COLS - WIDTH);
    //@ begin products
    let acc0 = V(left[block * COLS + channel] * right[channel]);
    //@ end
    //@ begin rows
    let row0 = select(ROWS, block, has);
    //@ end
    //@ begin elements
    epilogue(row0, col, acc0);
    //@ end
    //@ begin columns
    //@ end
}
