// A convolution in registers: each thread has PIXELS neighbouring pixels and BLOCKS groups of four
// channels. `products` adds up what its windows see, `stores` writes the sums.

//@ begin constants
alias V = vec4<f32>;
const THREADS = 256u;
const PIXELS = 1u;
const BLOCKS = 1u;
const SIDE = 4u;
const GROUPS = 16u;
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
    let thread = id / SIDE * 64u + local;
    if (thread >= THREADS) {
        return;
    }
    let row = thread * PIXELS;
    let col = id % SIDE * (4u * BLOCKS);
    //@ begin accumulators
    var acc0 = V(0.0);
    //@ end
    //@ begin products
    for (var k = 0u; k < 32u; k++) {
        acc0 += left[row * 32u + k] * right[(k * 4u * SIDE + col) / 4u];
    }
    //@ end
    //@ begin stores
    destination[(row * 4u * SIDE + col) / 4u] = acc0;
    //@ end
}
