// Kernels that are alike, element by element: the instances of one dispatch, one behind the other,
// each with workgroups of its own. `starts` has STRIDE times four numbers for each: its first
// workgroup, its elements, the parts of an element that are added up, and where values begin.

//@ begin constants
const INSTANCES = 2u;
const HALF = 1u;
const STRIDE = 1u;
const GROUPS = 8u;
const ACROSS = 32u;
const SLICES = 2u;
//@ end

//@ begin bindings
@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read_write> destination: array<f32>;
@group(0) @binding(2) var<uniform> starts: array<vec4<u32>, 2>;
//@ end

//@ begin functions
//@ end

//@ begin epilogue
fn epilogue(instance: u32, col: u32, raw0: f32) {
    destination[col] = source[col] + raw0;
}
//@ end

//@ begin size
@compute @workgroup_size(64)
//@ end
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
    //@ begin parts
    let raw0 = 0.0;
    //@ end
    //@ begin value
    //@ end
    if (slice == 0u && col < own.y) {
        //@ begin element
        epilogue(instance, col, raw0);
        //@ end
    }
    //@ begin sums
    //@ end
}
