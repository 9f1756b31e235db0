// Adds up partial sums in a fixed order. A workgroup has a tile of LANES × STRIPS elements, and SLICES
// threads for each, which share its PARTS; then the slices are joined. Second moments are merged as
// Chan, Golub and LeVeque do (1983): each part carries its count, its sum and its squared distances
// from its own mean.

//@ begin constants
alias V = f32;
const ROWS = 1u;
const COLS = 16u;
const WIDTH = 1u;
const LANES = 16u;
const STRIPS = 1u;
const TILE_ROWS = 1u;
const ROW_TILES = 1u;
const COL_TILES = 1u;
const GROUPS = 1u;
const PARTS = 100u;
const SLICES = 4u;
const ACROSS = LANES * STRIPS;
const THREADS = ACROSS * SLICES;
//@ end

//@ begin bindings
@group(0) @binding(0) var<storage, read> partials: array<f32>;
@group(0) @binding(1) var<storage, read_write> destination: array<f32>;
//@ end

//@ begin moments
struct Moments {
    count: f32,
    sum: f32,
    squares: f32,
}

fn join(a: Moments, b: Moments) -> Moments {
    let count = a.count + b.count;
    let distance = b.sum / max(b.count, 1.0) - a.sum / max(a.count, 1.0);
    let between = distance * (a.count * b.count / max(count, 1.0)) * distance;
    return Moments(count, a.sum + b.sum, a.squares + b.squares + between);
}
//@ end

//@ begin memory
var<workgroup> sums: array<V, THREADS>;
//@ end

//@ begin functions
fn part0(part: u32, row: u32, col: u32) -> V {
    return partials[(part * ROWS + row) * COLS + col];
}
//@ end

//@ begin epilogue
fn epilogue(row: u32, col: u32, raw0: V) {
    if (row < ROWS && col < COLS) {
        destination[row * COLS + col] = raw0;
    }
}
//@ end

@compute @workgroup_size(THREADS)
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
    let slice = thread / ACROSS;
    let tile = id / COL_TILES;
    let col = (id % COL_TILES * LANES + lane) * WIDTH;
    let own_row = tile * TILE_ROWS + strip % STRIPS;
    // Who has no element adds up another's, and writes nothing.
    let read_row = min(own_row, ROWS - 1u);
    let read_col = min(col, COLS - WIDTH);
    //@ begin sums
    var sum0 = V(0.0);
    for (var part = slice; part < PARTS; part += SLICES) {
        sum0 += part0(part, read_row, read_col);
    }
    sums[thread] = sum0;
    workgroupBarrier();
    for (var half = SLICES / 2u; half > 0u; half /= 2u) {
        if (slice < half) {
            sums[thread] += sums[thread + half * ACROSS];
        }
        workgroupBarrier();
    }
    let raw0 = sums[thread % ACROSS];
    //@ end
    let row = select(ROWS, own_row, slice == 0u);
    //@ begin elements
    epilogue(row, col, raw0);
    //@ end
    //@ begin columns
    //@ end
}
