// Merges per-tile sums in a fixed order: one workgroup an element, each thread takes every 64th
// tile, then a tree. Second moments are merged as Chan, Golub and LeVeque do (1983): each part
// carries its count, its sum and its squared distances from its own mean.

//@ begin constants
const COLS = 16u;
const GROUPS = 16u;
const ENTRIES = 100u;
//@ end

//@ begin bindings
@group(0) @binding(0) var<storage, read> partials: array<f32>;
@group(0) @binding(1) var<storage, read_write> destination: array<f32>;
//@ end

struct Moments {
    count: f32,
    sum: f32,
    squares: f32,
}

fn join(a: Moments, b: Moments) -> Moments {
    let count = a.count + b.count;
    let distance = b.sum / max(b.count, 1.0) - a.sum / max(a.count, 1.0);
    let between = distance * distance * (a.count * b.count / max(count, 1.0));
    return Moments(count, a.sum + b.sum, a.squares + b.squares + between);
}

var<workgroup> sums: array<f32, 64>;
var<workgroup> moments: array<Moments, 64>;

//@ begin functions
fn sum0(entry: u32, col: u32) -> f32 {
    return partials[entry * COLS + col];
}
//@ end

//@ begin epilogue
fn epilogue(row: u32, col: u32, raw0: f32) {
    destination[col] = raw0;
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
    let col = group.x + group.y * 65535u;
    if (col >= GROUPS) {
        return;
    }
    //@ begin merges
    var part0 = 0.0;
    for (var e = thread; e < ENTRIES; e += 64u) {
        part0 += sum0(e, col);
    }
    sums[thread] = part0;
    workgroupBarrier();
    for (var half = 32u; half > 0u; half /= 2u) {
        if (thread < half) {
            sums[thread] += sums[thread + half];
        }
        workgroupBarrier();
    }
    let raw0 = sums[0];
    workgroupBarrier();
    //@ end
    if (thread == 0u) {
        //@ begin element
        epilogue(0u, col, raw0);
        //@ end
    }
}
