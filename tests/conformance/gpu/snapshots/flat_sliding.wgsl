// Kernels that are alike, element by element: the instances of one dispatch, one behind the other,
// each with workgroups of its own. `starts` has STRIDE times four numbers for each: its first
// workgroup, its elements, the parts of an element that are added up, and where values begin.

const INSTANCES = 4u;
const HALF = 2u;
const STRIDE = 3u;
const GROUPS = 21u;
const ACROSS = 256u;
const SLICES = 1u;
const THREADS = 256u;

@group(0) @binding(3) var<uniform> starts: array<vec4<u32>, 12>;
@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read_write> b1: array<f32>;
@group(0) @binding(2) var<storage, read> b2: array<f32>;
fn read1_b0(i: u32) -> f32 {
    return b0[i];
}
fn write1_b0(i: u32, v: f32) {
    b0[i] = v;
}
fn read1_b1(i: u32) -> f32 {
    return b1[i];
}
fn write1_b1(i: u32, v: f32) {
    b1[i] = v;
}
fn read1_b2(i: u32) -> f32 {
    return b2[i];
}


fn epilogue(instance: u32, col: u32, raw0: f32) {
    let t0 = col;
    let t1 = read1_b0(starts[instance * STRIDE + 0u].w + t0);
    let t2 = bitcast<f32>(starts[instance * STRIDE + 1u].x);
    let t3 = t1 * t2;
    let t4 = raw0 + t3;
    let t5 = read1_b1(starts[instance * STRIDE + 1u].y + t0);
    let t6 = bitcast<f32>(starts[instance * STRIDE + 1u].z);
    let t7 = t5 * t6;
    let t8 = t4 + t7;
    let t9 = 0u;
    let t10 = read1_b0(starts[instance * STRIDE + 1u].w + t9);
    let t11 = t8 * t10;
    let t12 = -t11;
    let t13 = t1 + t12;
    write1_b1(starts[instance * STRIDE + 1u].y + t0, t8);
    write1_b0(starts[instance * STRIDE + 0u].w + t0, t13);
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let id = group.x + group.y * 65535u;
    if (id >= GROUPS) {
        return;
    }
    var instance = 0u;
    for (var step = HALF; step > 0u; step /= 2u) {
        let next = instance + step;
        if (next < INSTANCES) {
            if (starts[next * STRIDE].x <= id) {
                instance = next;
            }
        }
    }
    let own = starts[instance * STRIDE];
    let col = (id - own.x) * ACROSS + thread % ACROSS;
    let slice = thread / ACROSS;
    var raw0 = 0.0;
    if (col < own.y) {
        var k = slice;
        for (; k + 3u * SLICES < own.z; k += 4u * SLICES) {
            raw0 += (read1_b2(starts[instance * STRIDE + 2u].x + (k) * own.y + col) + read1_b2(starts[instance * STRIDE + 2u].x + (k + SLICES) * own.y + col)) + (read1_b2(starts[instance * STRIDE + 2u].x + (k + 2u * SLICES) * own.y + col) + read1_b2(starts[instance * STRIDE + 2u].x + (k + 3u * SLICES) * own.y + col));
        }
        for (; k < own.z; k += SLICES) {
            raw0 += read1_b2(starts[instance * STRIDE + 2u].x + (k) * own.y + col);
        }
    }
    if (slice == 0u && col < own.y) {
        epilogue(instance, col, raw0);
    }
}
