// Kernels that are alike, element by element: the instances of one dispatch, one behind the other,
// each with workgroups of its own. `starts` has STRIDE times four numbers for each: its first
// workgroup, its elements, the parts of an element that are added up, and where values begin.

const INSTANCES = 1u;
const HALF = 0u;
const STRIDE = 2u;
const GROUPS = 1u;
const ACROSS = 32u;
const SLICES = 1u;
const THREADS = 32u;

@group(0) @binding(1) var<uniform> starts: array<vec4<u32>, 2>;
@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
fn write1_b0(i: u32, v: f32) {
    b0[i] = v;
}


fn epilogue(instance: u32, col: u32) {
    let t0 = bitcast<f32>(starts[instance * STRIDE + 0u].w);
    let t1 = bitcast<f32>(starts[instance * STRIDE + 1u].x);
    let t2 = -t1;
    let t3 = t0 * t2;
    let t4 = 0u;
    write1_b0(starts[instance * STRIDE + 1u].y + t4, t3);
}

@compute @workgroup_size(32)
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
    if (slice == 0u && col < own.y) {
        epilogue(instance, col);
    }
}
