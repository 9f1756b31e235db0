// The gradient of a convolution with respect to its weights, in registers: each thread has every
// place of the kernel for INPUTS input channels and BLOCKS groups of four output channels, and
// goes over the pixels of one range of images. `products` adds up what a few neighbouring pixels
// give, `stores` leaves the part of the sum that the range has.

//@ begin constants
alias V = vec4<f32>;
const INPUTS = 1u;
const BLOCKS = 1u;
const SIDE = 4u;
const SPLITS = 4u;
const SPLIT_THREADS = 16u;
const STEPS = 32u;
const SPLIT_STEPS = 8u;
const GROUPS = 1u;
//@ end

//@ begin bindings
@group(0) @binding(0) var<storage, read> left: array<f32>;
@group(0) @binding(1) var<storage, read> right: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> destination: array<vec4<f32>>;
//@ end

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let id = group.x + group.y * 65535u;
    if (id >= GROUPS) {
        return;
    }
    let thread = id * 64u + local;
    let split = thread / SPLIT_THREADS;
    if (split >= SPLITS) {
        return;
    }
    let col = thread % SIDE * (4u * BLOCKS);
    let channel = thread % SPLIT_THREADS / SIDE * INPUTS;
    //@ begin accumulators
    var acc = V(0.0);
    //@ end
    for (var step = split * SPLIT_STEPS; step < min((split + 1u) * SPLIT_STEPS, STEPS); step++) {
        //@ begin products
        acc += left[step * 4u + channel] * right[(step * 4u * SIDE + col) / 4u];
        //@ end
    }
    //@ begin stores
    destination[((split * 4u + channel) * 4u * SIDE + col) / 4u] = acc;
    //@ end
}
