// The sum of numbers that lie side by side, by one workgroup: each thread takes every 256th, eight at a
// time, then a tree.

//@ begin constants
const ROWS = 1u;
const COLS = 1u;
const ENTRIES = 1000u;
//@ end

//@ begin bindings
@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read_write> destination: array<f32>;
//@ end

var<workgroup> sums: array<f32, 256>;

//@ begin functions
fn entry(e: u32) -> f32 {
    return source[e];
}
//@ end

//@ begin epilogue
fn epilogue(row: u32, col: u32, raw0: f32) {
    destination[col] = raw0;
}
//@ end

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) thread: u32) {
    var part = 0.0;
    var e = thread;
    for (; e + 1792u < ENTRIES; e += 2048u) {
        let first = (entry(e) + entry(e + 256u)) + (entry(e + 512u) + entry(e + 768u));
        let second = (entry(e + 1024u) + entry(e + 1280u)) + (entry(e + 1536u) + entry(e + 1792u));
        part += first + second;
    }
    for (; e < ENTRIES; e += 256u) {
        part += entry(e);
    }
    sums[thread] = part;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half /= 2u) {
        if (thread < half) {
            sums[thread] += sums[thread + half];
        }
        workgroupBarrier();
    }
    if (thread == 0u) {
        epilogue(0u, 0u, sums[0]);
    }
}
