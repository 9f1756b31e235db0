// A contraction as a matrix product by tiles: rows × DEPTH times DEPTH × channels. A workgroup
// stages DEPTH_STEP columns of the left side and as many rows of the right side at a time; each
// thread accumulates a few rows of one group of channels in registers. `load_a` and `load_b`
// evaluate what the operands are made of, `epilogue` what becomes of the result. With SPLITS
// above one, each range of DEPTH is a workgroup of its own.

//@ begin constants
alias V = f32;
const ROWS = 256u;
const COLS = 16u;
const WIDTH = 1u;
const LANES = 16u;
const STRIPS = 4u;
const TILE_ROWS = 16u;
const ROW_TILES = 16u;
const COL_TILES = 1u;
const GROUPS = 16u;
const DEPTH = 32u;
const DEPTH_STEP = 16u;
const SPLIT_DEPTH = 32u;
//@ end

//@ begin bindings
@group(0) @binding(0) var<storage, read> left: array<f32>;
@group(0) @binding(1) var<storage, read> right: array<f32>;
@group(0) @binding(2) var<storage, read_write> destination: array<f32>;
//@ end

//@ begin memory
var<workgroup> tile_a: array<f32, DEPTH_STEP * TILE_ROWS>;
var<workgroup> tile_b: array<V, DEPTH_STEP * LANES>;
//@ end

//@ begin functions
//@ end

//@ begin load_a
fn load_a(row: u32, k: u32, end: u32, first_col: u32) -> f32 {
    if (row < ROWS && k < end) {
        return left[row * DEPTH + k];
    }
    return 0.0;
}
//@ end

//@ begin load_b
fn load_b(k: u32, col: u32, end: u32) -> V {
    if (k < end && col < COLS) {
        return right[k * COLS + col];
    }
    return 0.0;
}
//@ end

//@ begin epilogue
fn epilogue(row: u32, col: u32, split: u32, raw0: V) {
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
    let tile = id / COL_TILES % ROW_TILES;
    let split = id / COL_TILES / ROW_TILES;
    //@ begin channels
    let first_col = id % COL_TILES * LANES * WIDTH;
    let col = first_col + lane * WIDTH;
    //@ end
    let first_row = tile * TILE_ROWS;
    let row = first_row + strip;
    let begin = split * SPLIT_DEPTH;
    let end = min(begin + SPLIT_DEPTH, DEPTH);
    //@ begin accumulators
    var acc0 = V(0.0);
    var acc1 = V(0.0);
    var acc2 = V(0.0);
    var acc3 = V(0.0);
    //@ end
    for (var k = begin; k < end; k += DEPTH_STEP) {
        //@ begin stage_a
        for (var e = thread; e < DEPTH_STEP * TILE_ROWS; e += 64u) {
            tile_a[e % DEPTH_STEP * TILE_ROWS + e / DEPTH_STEP] =
                load_a(first_row + e / DEPTH_STEP, k + e % DEPTH_STEP, end, first_col);
        }
        //@ end
        //@ begin stage_b
        for (var e = thread; e < DEPTH_STEP * LANES; e += 64u) {
            tile_b[e] = load_b(k + e / LANES, first_col + e % LANES * WIDTH, end);
        }
        //@ end
        workgroupBarrier();
        //@ begin products
        for (var i = 0u; i < DEPTH_STEP; i++) {
            let b = tile_b[i * LANES + lane];
            acc0 += tile_a[i * TILE_ROWS + strip] * b;
            acc1 += tile_a[i * TILE_ROWS + strip + STRIPS] * b;
            acc2 += tile_a[i * TILE_ROWS + strip + 2u * STRIPS] * b;
            acc3 += tile_a[i * TILE_ROWS + strip + 3u * STRIPS] * b;
        }
        //@ end
        workgroupBarrier();
    }
    //@ begin gather
    //@ end
    //@ begin elements
    epilogue(row, col, split, acc0);
    epilogue(row + STRIPS, col, split, acc1);
    epilogue(row + 2u * STRIPS, col, split, acc2);
    epilogue(row + 3u * STRIPS, col, split, acc3);
    //@ end
    //@ begin columns
    //@ end
}
