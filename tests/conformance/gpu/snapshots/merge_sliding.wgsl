// Adds up partial sums in a fixed order. A workgroup has a tile of LANES × STRIPS elements, and SLICES
// threads for each, which share its PARTS; then the slices are joined. Second moments are merged as
// Chan, Golub and LeVeque do (1983): each part carries its count, its sum and its squared distances
// from its own mean.

alias V = f32;
const ROWS = 1u;
const COLS = 16u;
const WIDTH = 1u;
const LANES = 1u;
const STRIPS = 1u;
const TILE_ROWS = 1u;
const ROW_TILES = 1u;
const COL_TILES = 16u;
const GROUPS = 16u;
const PARTS = 8u;
const SLICES = 8u;
const ACROSS = LANES * STRIPS;
const THREADS = ACROSS * SLICES;

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read> b1: array<f32>;
@group(0) @binding(2) var<uniform> starts: array<vec4<u32>, 2>;
fn read1_b0(i: u32) -> f32 {
    return b0[i];
}
fn write1_b0(i: u32, v: f32) {
    b0[i] = v;
}
fn read1_b1(i: u32) -> f32 {
    return b1[i];
}

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

var<workgroup> sums: array<V, THREADS>;
var<workgroup> moments: array<Moments, THREADS>;

fn part0(part: u32, row: u32, col: u32) -> Moments {
    let at = part;
    let tile = at;
    let channel = col;
    return Moments(f32(min(32u, 256u - tile * 32u)), read1_b1((tile * 2u + 0u) * 16u + channel), read1_b1((tile * 2u + 1u) * 16u + channel));
}

fn epilogue(row: u32, col: u32, raw0: f32, raw1: f32) {
    if (row < ROWS && col < COLS) {
        let t0 = 0.00390625f;
        let t1 = raw0 * t0;
        let t2 = col;
        let t3 = read1_b0(starts[0].x + t2);
        let t4 = raw1 * t0;
        let t5 = 1e-5f;
        let t6 = t4 + t5;
        let t7 = sqrt(t6);
        let t8 = 1.0 / t7;
        let t9 = t3 * t8;
        let t10 = read1_b0(starts[0].y + t2);
        let t11 = 0.9f;
        let t12 = t10 * t11;
        let t13 = 0.000390625f;
        let t14 = raw0 * t13;
        let t15 = t12 + t14;
        let t16 = read1_b0(starts[0].z + t2);
        let t17 = t16 * t11;
        let t18 = 0.00039215686f;
        let t19 = raw1 * t18;
        let t20 = t17 + t19;
        write1_b0(starts[0].w + t2, t1);
        write1_b0(starts[1].x + t2, t9);
        write1_b0(starts[0].y + t2, t15);
        write1_b0(starts[0].z + t2, t20);
        write1_b0(starts[1].y + t2, raw1);
    }
}

@compute @workgroup_size(THREADS)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
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
    var own0_0 = Moments(0.0, 0.0, 0.0);
    for (var part = slice; part < PARTS; part += 1u * SLICES) {
        let next0_0 = part0(part, read_row, read_col);
        own0_0 = join(own0_0, next0_0);
    }
    var sum0 = own0_0;
    moments[thread] = sum0;
    workgroupBarrier();
    for (var half = SLICES / 2u; half > 0u; half /= 2u) {
        if (slice < half) {
            moments[thread] = join(moments[thread], moments[thread + half * ACROSS]);
        }
        workgroupBarrier();
    }
    sum0 = moments[thread % ACROSS];
    let raw0 = sum0.sum;
    let raw1 = sum0.squares;
    let row = select(ROWS, own_row, slice == 0u);
    let row0 = row + 0u * STRIPS;
    epilogue(row0, col, raw0, raw1);
}
