// Adds up partial sums in a fixed order. A workgroup has a tile of LANES × STRIPS elements, and SLICES
// threads for each, which share its PARTS; then the slices are joined. Second moments are merged as
// Chan, Golub and LeVeque do (1983): each part carries its count, its sum and its squared distances
// from its own mean.

alias V = f32;
const ROWS = 1u;
const COLS = 1u;
const WIDTH = 1u;
const LANES = 1u;
const STRIPS = 1u;
const TILE_ROWS = 1u;
const ROW_TILES = 1u;
const COL_TILES = 1u;
const GROUPS = 1u;
const PARTS = 112u;
const SLICES = 64u;
const ACROSS = LANES * STRIPS;
const THREADS = ACROSS * SLICES;

@group(0) @binding(0) var<storage, read_write> b0: array<f32>;
@group(0) @binding(1) var<storage, read> b1: array<f32>;
@group(0) @binding(2) var<uniform> starts: array<vec4<u32>, 7>;
fn read1_b0(i: u32) -> f32 {
    return b0[i];
}
fn write1_b0(i: u32, v: f32) {
    b0[i] = v;
}
fn read1_b1(i: u32) -> f32 {
    return b1[i];
}
fn step1(x: f32) -> f32 {
    let bits = bitcast<u32>(x);
    return select(1.0, 0.0, bits == 0u || (bits ^ 0x80000000u) <= 0x7f800000u);
}
fn finite1(x: f32) -> f32 {
    return select(0.0, x, (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u);
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

fn part0(part: u32, row: u32, col: u32) -> V {
    let at = min(part, PARTS - 1u);
    let tile = at / 16u;
    let channel = at % 16u;
    return select(0.0, read1_b1((tile * 1u + 0u) * 16u + channel), part < PARTS);
}

fn epilogue(row: u32, col: u32, raw0: f32) {
    if (row < ROWS && col < COLS) {
        let t0 = 1.0f;
        let t1 = 0u;
        let t2 = read1_b0(starts[0].x + t1);
        let t3 = 1.0 / t2;
        let t4 = t3 * raw0;
        let t5 = t4 * t4;
        let t6 = t0 + t5;
        let t7 = read1_b0(starts[0].y + t1);
        let t8 = t3 * t7;
        let t9 = t8 * t8;
        let t10 = t6 + t9;
        let t11 = read1_b0(starts[0].z + t1);
        let t12 = t3 * t11;
        let t13 = t12 * t12;
        let t14 = t10 + t13;
        let t15 = read1_b0(starts[0].w + t1);
        let t16 = t3 * t15;
        let t17 = t16 * t16;
        let t18 = t14 + t17;
        let t19 = read1_b0(starts[1].x + t1);
        let t20 = t3 * t19;
        let t21 = t20 * t20;
        let t22 = t18 + t21;
        let t23 = read1_b0(starts[1].y + t1);
        let t24 = t3 * t23;
        let t25 = t24 * t24;
        let t26 = t22 + t25;
        let t27 = read1_b0(starts[1].z + t1);
        let t28 = t3 * t27;
        let t29 = t28 * t28;
        let t30 = t26 + t29;
        let t31 = read1_b0(starts[1].w + t1);
        let t32 = t3 * t31;
        let t33 = t32 * t32;
        let t34 = t30 + t33;
        let t35 = read1_b0(starts[2].x + t1);
        let t36 = t3 * t35;
        let t37 = t36 * t36;
        let t38 = t34 + t37;
        let t39 = read1_b0(starts[2].y + t1);
        let t40 = t3 * t39;
        let t41 = t40 * t40;
        let t42 = t38 + t41;
        let t43 = read1_b0(starts[2].z + t1);
        let t44 = t3 * t43;
        let t45 = t44 * t44;
        let t46 = t42 + t45;
        let t47 = read1_b0(starts[2].w + t1);
        let t48 = t3 * t47;
        let t49 = t48 * t48;
        let t50 = t46 + t49;
        let t51 = read1_b0(starts[3].x + t1);
        let t52 = t3 * t51;
        let t53 = t52 * t52;
        let t54 = t50 + t53;
        let t55 = read1_b0(starts[3].y + t1);
        let t56 = t3 * t55;
        let t57 = t56 * t56;
        let t58 = t54 + t57;
        let t59 = read1_b0(starts[3].z + t1);
        let t60 = t3 * t59;
        let t61 = t60 * t60;
        let t62 = t58 + t61;
        let t63 = read1_b0(starts[3].w + t1);
        let t64 = t3 * t63;
        let t65 = t64 * t64;
        let t66 = t62 + t65;
        let t67 = read1_b0(starts[4].x + t1);
        let t68 = t3 * t67;
        let t69 = t68 * t68;
        let t70 = t66 + t69;
        let t71 = read1_b0(starts[4].y + t1);
        let t72 = t3 * t71;
        let t73 = t72 * t72;
        let t74 = t70 + t73;
        let t75 = read1_b0(starts[4].z + t1);
        let t76 = t3 * t75;
        let t77 = t76 * t76;
        let t78 = t74 + t77;
        let t79 = read1_b0(starts[4].w + t1);
        let t80 = t3 * t79;
        let t81 = t80 * t80;
        let t82 = t78 + t81;
        let t83 = read1_b0(starts[5].x + t1);
        let t84 = t3 * t83;
        let t85 = t84 * t84;
        let t86 = t82 + t85;
        let t87 = read1_b0(starts[5].y + t1);
        let t88 = t3 * t87;
        let t89 = t88 * t88;
        let t90 = t86 + t89;
        let t91 = read1_b0(starts[5].z + t1);
        let t92 = t3 * t91;
        let t93 = t92 * t92;
        let t94 = t90 + t93;
        let t95 = finite1(t94);
        let t96 = step1(t95);
        write1_b0(starts[5].w + t1, t66);
        write1_b0(starts[6].x + t1, t96);
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
    var own0_0 = V(0.0);
    var own0_1 = V(0.0);
    for (var part = slice; part < PARTS; part += 2u * SLICES) {
        let next0_0 = part0(part, read_row, read_col);
        let next0_1 = part0(part + 1u * SLICES, read_row, read_col);
        own0_0 = own0_0 + next0_0;
        own0_1 = own0_1 + next0_1;
    }
    var sum0 = (own0_0 + own0_1);
    sums[thread] = sum0;
    workgroupBarrier();
    for (var half = SLICES / 2u; half > 0u; half /= 2u) {
        if (slice < half) {
            sums[thread] = sums[thread] + sums[thread + half * ACROSS];
        }
        workgroupBarrier();
    }
    sum0 = sums[thread % ACROSS];
    let raw0 = sum0;
    let row = select(ROWS, own_row, slice == 0u);
    epilogue(row + 0u * STRIPS, col, raw0);
}
