// The gradient with respect to its weights of a convolution whose groups are single channels: each
// thread has a few rows of the kernel for one group of neighbouring channels, and every SLICES-th block
// of pixels of the workgroup's range. `products` adds up what a block gives; slices are then added up in
// order, and `results` keeps the part that the range has.

//@ begin constants
alias V = f32;
const COLS = 16u;
const WIDTH = 1u;
const LANES = 16u;
const PARTS = 1u;
const SLICES = 4u;
const COL_TILES = 1u;
const GROUPS = 4u;
const BLOCKS = 256u;
const SPLIT_BLOCKS = 64u;
//@ end

//@ begin bindings
@group(0) @binding(0) var<storage, read> left: array<f32>;
@group(0) @binding(1) var<storage, read> right: array<f32>;
@group(0) @binding(2) var<storage, read_write> parts: array<f32>;
//@ end

var<workgroup> sums: array<V, LANES * PARTS * SLICES>;

@compute @workgroup_size(LANES * PARTS * SLICES)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let id = group.x + group.y * 65535u;
    if (id >= GROUPS) {
        return;
    }
    let lane = thread % LANES;
    let part = thread / LANES % PARTS;
    let slice = thread / LANES / PARTS;
    let split = id / COL_TILES;
    let col = (id % COL_TILES * LANES + lane) * WIDTH;
    let channel = min(col, COLS - WIDTH);
    //@ begin accumulators
    var acc0 = V(0.0);
    //@ end
    let end = min((split + 1u) * SPLIT_BLOCKS, BLOCKS);
    for (var block = split * SPLIT_BLOCKS + slice; block < end; block += SLICES) {
        //@ begin products
        acc0 += V(left[block * COLS + channel] * right[block * COLS + channel]);
        //@ end
    }
    //@ begin results
    sums[thread] = acc0;
    workgroupBarrier();
    if (slice == 0u && col < COLS) {
        for (var s = 1u; s < SLICES; s++) {
            acc0 += sums[s * LANES * PARTS + thread];
        }
        parts[split * COLS + col] = acc0;
    }
    workgroupBarrier();
    //@ end
}
