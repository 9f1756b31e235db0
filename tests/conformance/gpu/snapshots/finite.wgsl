// The sum of numbers that lie side by side, by one workgroup: each thread takes every 256th, eight at a
// time, then a tree.

const ROWS = 1u;
const COLS = 1u;
const ENTRIES = 796u;

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<uniform> starts: array<vec4<u32>, 2>;
fn read1_b0(i: u32) -> f32 {
    return b0[i];
}
fn write1_b0(i: u32, v: f32) {
    b0[i] = v;
}
fn step1(x: f32) -> f32 {
    let bits = bitcast<u32>(x);
    return select(1.0, 0.0, bits == 0u || (bits ^ 0x80000000u) <= 0x7f800000u);
}
fn nan1(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}
fn beats1(x: f32, largest: f32) -> bool {
    return !nan1(largest) && (nan1(x) || x > largest);
}
fn larger1(x: f32, y: f32) -> f32 {
    return bitcast<f32>(select(bitcast<u32>(y), bitcast<u32>(x), beats1(x, y)));
}
fn finite1(x: f32) -> f32 {
    return select(0.0, x, (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u);
}

var<workgroup> sums: array<f32, 256>;

fn entry(e: u32) -> f32 {
    return read1_b0(starts[1].x + e);
}

fn epilogue(row: u32, col: u32, raw0: f32) {
    if (row < ROWS && col < COLS) {
        let t0 = 1.0f;
        let t1 = raw0 * raw0;
        let t2 = t0 + t1;
        let t3 = finite1(t2);
        let t4 = step1(t3);
        let t5 = 0u;
        let t6 = read1_b0(starts[0].x + t5);
        let t7 = t6 + t0;
        let t8 = 1999.5f;
        let t9 = t7 - t8;
        let t10 = step1(t9);
        let t11 = 1.2676506e30f;
        let t12 = read1_b0(starts[0].y + t5);
        let t13 = t11 - t12;
        let t14 = step1(t13);
        let t15 = t10 * t14;
        let t16 = 2.0f;
        let t17 = t12 * t16;
        let t18 = t15 * t17;
        let t19 = t0 - t15;
        let t20 = t12 * t19;
        let t21 = t18 + t20;
        let t22 = t4 * t21;
        let t23 = t0 - t4;
        let t24 = 0.5f;
        let t25 = t12 * t24;
        let t26 = larger1(t25, t0);
        let t27 = t23 * t26;
        let t28 = t22 + t27;
        let t29 = t7 * t19;
        let t30 = t4 * t29;
        write1_b0(starts[0].z + t5, raw0);
        write1_b0(starts[0].w + t5, t4);
        write1_b0(starts[0].y + t5, t28);
        write1_b0(starts[0].x + t5, t30);
    }
}

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
