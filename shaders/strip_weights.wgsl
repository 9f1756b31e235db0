// A weight gradient by strips of output pixels: a workgroup has CHUNK input channels, OUTPUTS output
// channels, and every SPLITS-th strip. What a strip sees of the pictures is staged once, and its
// gradient beside it; all places of the kernel read both there, and add up in registers from strip to
// strip. `left` and `gradient` make the operands, `store` keeps a part, to be gathered.

//@ begin constants
alias V = f32;
const COLS = 16u;
const INNER = 16u;
const CHUNK = 16u;
const OUTPUTS = 16u;
const TASKS = 4u;
const SPLITS = 2u;
const ROW_TILES = 1u;
const COL_TILES = 1u;
const GROUPS = 2u;
//@ end

//@ begin bindings
@group(0) @binding(0) var<storage, read> left_side: array<f32>;
@group(0) @binding(1) var<storage, read> right_side: array<f32>;
@group(0) @binding(2) var<storage, read_write> parts: array<f32>;
//@ end

//@ begin memory
var<workgroup> tile_a: array<f32, 256>;
var<workgroup> tile_b: array<f32, 256>;
//@ end

//@ begin left
fn left(pixel: u32, channel: u32) -> f32 {
    return left_side[pixel * INNER + channel];
}
//@ end

//@ begin gradient
fn gradient(pixel: u32, col: u32) -> f32 {
    return right_side[pixel * COLS + col];
}
//@ end

//@ begin store
fn store(split: u32, channel: u32, col: u32, v: V) {
    parts[(split * INNER + channel) * COLS + col] = v;
}
//@ end

//@ begin entry
@compute @workgroup_size(256)
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
    //@ begin channels
    let first_col = id % COL_TILES * OUTPUTS;
    //@ end
    let k = id / COL_TILES % ROW_TILES * CHUNK;
    let split = id / COL_TILES / ROW_TILES;
    //@ begin accumulators
    var acc0 = V(0.0);
    //@ end
    //@ begin body
    for (var task = split; task < TASKS; task += SPLITS) {
        tile_a[thread] = left(task * 16u + thread / CHUNK, k + thread % CHUNK);
        tile_b[thread] = gradient(task * 16u + thread / OUTPUTS, first_col + thread % OUTPUTS);
        workgroupBarrier();
        for (var q = 0u; q < 16u; q++) {
            acc0 += tile_a[q * CHUNK + thread / OUTPUTS] * tile_b[q * OUTPUTS + thread % OUTPUTS];
        }
        workgroupBarrier();
    }
    //@ end
    //@ begin results
    store(split, k + thread / OUTPUTS, first_col + thread % OUTPUTS, acc0);
    //@ end
}
