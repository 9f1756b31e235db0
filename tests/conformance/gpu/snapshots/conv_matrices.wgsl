enable f16;
enable wgpu_cooperative_matrix;

// A contraction by strips: some rows and columns of pixels of some images, with a block of channels.
// What the strip sees of the left side is staged once, CHUNK channels at a time, with its halo, and
// the weights of these channels beside it; all places of the kernel read it there. `fetch_left` asks
// for what the left side is made of, `left` makes it; `epilogue` is what becomes of the result at a
// row of the domain, of which `pixel` finds the row of the strip's tile.

alias V = vec4<f32>;
const ROWS = 256u;
const COLS = 16u;
const WIDTH = 4u;
const LANES = 4u;
const STRIPS = 64u;
const TILE_ROWS = 128u;
const ROW_TILES = 4u;
const COL_TILES = 1u;
const GROUPS = 4u;
const INNER = 3u;
const CHUNK = 16u;
const IMAGES = 4u;
const SOURCE_ROWS = 8u;
const SOURCE_COLUMNS = 8u;

@group(0) @binding(0) var<storage, read> b0: array<f32>;
@group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> b2: array<vec4<f16>>;
@group(0) @binding(3) var<storage, read_write> b3: array<vec4<f32>>;
@group(0) @binding(4) var<uniform> starts: array<vec4<u32>, 1>;
fn stored1_b0(i: u32) -> f32 {
    return b0[i];
}
fn stored4_b1(i: u32) -> vec4<f32> {
    return b1[i / 4u];
}
fn write4_b2(i: u32, v: vec4<f32>) {
    b2[i / 4u] = narrow4(v);
}
fn write4_b3(i: u32, v: vec4<f32>) {
    b3[i / 4u] = v;
}
fn number(bits: u32) -> f32 {
    return bitcast<f32>(bits);
}
fn narrow4(x: vec4<f32>) -> vec4<f16> {
    let infinity = vec4<f32>(number(0x7f800000u));
    return vec4<f16>(select(x, infinity, abs(x) > vec4<f32>(65504.0)));
}

var<workgroup> tile_a: array<vec4<f16>, 648>;
var<workgroup> tile_b: array<vec4<f16>, 864>;
var<workgroup> tile_c: array<vec4<f32>, 512>;

fn product(row: u32, lane: u32) -> V {
    let block = row / 16u * 1u + lane * WIDTH / 16u;
    return tile_c[block * 64u + row % 16u * 4u + lane * WIDTH % 16u / 4u];
}

var<workgroup> lane_sums: array<vec4<f32>, 256>;
var<workgroup> lane_means: array<vec4<f32>, 4>;

struct Ahead_left {
    v0: f32,
    v1: f32,
    v2: f32,
    v3: f32,
}

fn fetch_left(n: u32, y: u32, x: u32, c: u32) -> Ahead_left {
    let c0 = min(c + 0u, 2u);
    let c1 = min(c + 1u, 2u);
    let c2 = min(c + 2u, 2u);
    let c3 = min(c + 3u, 2u);
    let t0 = (((n) * 8u + y) * 8u + x) * 3u + c0;
    let t1 = (((n) * 8u + y) * 8u + x) * 3u + c1;
    let t2 = (((n) * 8u + y) * 8u + x) * 3u + c2;
    let t3 = (((n) * 8u + y) * 8u + x) * 3u + c3;
    return Ahead_left(stored1_b0(t0), stored1_b0(t1), stored1_b0(t2), stored1_b0(t3));
}

struct Left {
    v0: vec4<f32>,
}

fn left(n: u32, y: u32, x: u32, c: u32, ahead: Ahead_left) -> Left {
    let c0 = min(c + 0u, 2u);
    let c1 = min(c + 1u, 2u);
    let c2 = min(c + 2u, 2u);
    let c3 = min(c + 3u, 2u);
    let t0 = ahead.v0;
    let t1 = ahead.v1;
    let t2 = ahead.v2;
    let t3 = ahead.v3;
    return Left(vec4<f32>(select(0.0, t0, c + 0u < INNER), select(0.0, t1, c + 1u < INNER), select(0.0, t2, c + 2u < INNER), select(0.0, t3, c + 3u < INNER)));
}

fn put_left(at: u32, v: vec4<f32>) {
    let high = narrow4(v);
    tile_a[at] = high;
}

struct Ahead_right {
    v0: vec4<f32>,
}

fn fetch_right(i: u32, j: u32, k: u32, col: u32) -> Ahead_right {
    let k0 = min(k + 0u, 2u);
    let col0 = min(col + 0u, 12u);
    let t0 = (((i) * 3u + j) * 3u + k0) * 16u + col0;
    return Ahead_right(stored4_b1(starts[0].x + t0));
}

fn right(i: u32, j: u32, k: u32, col: u32, ahead: Ahead_right) -> vec4<f32> {
    let k0 = min(k + 0u, 2u);
    let col0 = min(col + 0u, 12u);
    let t0 = ahead.v0;
    return select(vec4<f32>(0.0), t0, k < INNER && col < COLS);
}

fn put_right(at: u32, v: vec4<f32>) {
    let high = narrow4(v);
    tile_b[at] = high;
}

fn pixel(row: u32, first_image: u32, first_row: u32, first_column: u32) -> u32 {
    let run = row / 16u;
    let place = run % 1u * 16u + row % 16u;
    let n = first_image + place % 1u;
    let y = first_row + run / 1u % 8u;
    let x = first_column + place / 1u;
    let inside = n < 4u && y < 8u && x < 8u && place < 8u;
    return select(ROWS, (n * 8u + y) * 8u + x, inside);
}

struct Sums {
    v0: vec4<f32>,
}

fn epilogue(row: u32, col: u32, raw0: vec4<f32>) -> Sums {
    var sums = Sums(vec4<f32>(0.0));
    if (row < ROWS && col < COLS) {
        let n = row / 64u;
        let y = row / 8u % 8u;
        let x = row % 8u;
        let t0 = (((n) * 8u + y) * 8u + x) * 16u + col;
        write4_b2(t0, raw0);
        sums.v0 = raw0;
    }
    return sums;
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_size) widest: u32,
    @builtin(subgroup_invocation_id) invocation: u32,
) {
    let size = min(widest, 256u);
    let thread = subgroup * size + invocation;
    let id = group.x + group.y * 65535u;
    if (id >= GROUPS) {
        return;
    }
    let lane = thread % LANES;
    let strip = thread / LANES;
    let tile = id / COL_TILES;
    let first_col = id % COL_TILES * LANES * WIDTH;
    let col = first_col + lane * WIDTH;
    let first_image = tile / 1u * 1u;
    let first_row = tile / 1u % 1u * 8u;
    let first_column = tile % 1u * 8u;
    let unit_a0 = thread + 0u;
    let pixel_a0 = unit_a0 / 1u;
    let row_a0 = pixel_a0 / 10u;
    let column_a0 = pixel_a0 / 1u % 10u;
    let n_a0 = first_image + pixel_a0 % 1u;
    let y_a0 = (first_row * 1u + row_a0) * 1u - 1u;
    let x_a0 = (first_column * 1u + column_a0) * 1u - 1u;
    let some_a0 = unit_a0 < 100u;
    let in_a0 = some_a0 && n_a0 < IMAGES && y_a0 < SOURCE_ROWS && x_a0 < SOURCE_COLUMNS;
    let from_a0 = select(vec3<u32>(0u), vec3<u32>(n_a0, y_a0, x_a0), in_a0);
    let channel_a0 = unit_a0 % 1u * 4u;
    let at_a0 = ((row_a0 * 10u + column_a0) * 1u + pixel_a0 % 1u) * 6u + channel_a0 / 4u;
    let matrix_run = subgroup / 1u * 1u;
    let matrix_col = subgroup % 1u * 16u;
    let run0 = matrix_run + 0u;
    let base0 = (run0 / 1u * 10u + run0 % 1u * 16u) * 6u;
    var acc0_0_0 = coop_mat16x16<f32, C>();
    for (var e = thread; e < 648u; e += 256u) {
        tile_a[e] = vec4<f16>();
    }
    for (var e = thread; e < 864u; e += 256u) {
        tile_b[e] = vec4<f16>();
    }
    workgroupBarrier();
    let k = 0u;
    var ahead_a0 = fetch_left(from_a0.x, from_a0.y, from_a0.z, k + channel_a0);
    var ahead_b0: Ahead_right;
    {
    let unit = min(thread + 0u, 143u);
    let place = unit / 16u;
    let i = place / 3u;
    let j = place % 3u;
    let depth = unit / 4u % 4u;
    let column = unit % 4u * 4u;
    let at = (place * 16u + depth) * 6u + column / 4u;
    ahead_b0 = fetch_right(i, j, k + depth, first_col + column);
    }
    if (some_a0) {
        let made = left(from_a0.x, from_a0.y, from_a0.z, k + channel_a0, ahead_a0);
        put_left(at_a0 + 0u, select(vec4<f32>(0.0), made.v0, in_a0));
    }
    if (thread + 0u < 144u) {
    let unit = min(thread + 0u, 143u);
    let place = unit / 16u;
    let i = place / 3u;
    let j = place % 3u;
    let depth = unit / 4u % 4u;
    let column = unit % 4u * 4u;
    let at = (place * 16u + depth) * 6u + column / 4u;
    put_right(at, right(i, j, k + depth, first_col + column, ahead_b0));
    }
    workgroupBarrier();
    let row0 = pixel(strip + 0u * STRIPS, first_image, first_row, first_column);
    let row1 = pixel(strip + 1u * STRIPS, first_image, first_row, first_column);
    {
        let b0_0_0 = coopLoadT<coop_mat16x16<f16, B>>(&tile_b[0u + matrix_col / 4u], 6u);
        let a0_0_0 = coopLoadT<coop_mat16x16<f16, A>>(&tile_a[base0 + 0u], 6u);
        acc0_0_0 = coopMultiplyAdd(a0_0_0, b0_0_0, acc0_0_0);
    }
    {
        let b0_0_0 = coopLoadT<coop_mat16x16<f16, B>>(&tile_b[96u + matrix_col / 4u], 6u);
        let a0_0_0 = coopLoadT<coop_mat16x16<f16, A>>(&tile_a[base0 + 6u], 6u);
        acc0_0_0 = coopMultiplyAdd(a0_0_0, b0_0_0, acc0_0_0);
    }
    {
        let b0_0_0 = coopLoadT<coop_mat16x16<f16, B>>(&tile_b[192u + matrix_col / 4u], 6u);
        let a0_0_0 = coopLoadT<coop_mat16x16<f16, A>>(&tile_a[base0 + 12u], 6u);
        acc0_0_0 = coopMultiplyAdd(a0_0_0, b0_0_0, acc0_0_0);
    }
    {
        let b0_0_0 = coopLoadT<coop_mat16x16<f16, B>>(&tile_b[288u + matrix_col / 4u], 6u);
        let a0_0_0 = coopLoadT<coop_mat16x16<f16, A>>(&tile_a[base0 + 60u], 6u);
        acc0_0_0 = coopMultiplyAdd(a0_0_0, b0_0_0, acc0_0_0);
    }
    {
        let b0_0_0 = coopLoadT<coop_mat16x16<f16, B>>(&tile_b[384u + matrix_col / 4u], 6u);
        let a0_0_0 = coopLoadT<coop_mat16x16<f16, A>>(&tile_a[base0 + 66u], 6u);
        acc0_0_0 = coopMultiplyAdd(a0_0_0, b0_0_0, acc0_0_0);
    }
    {
        let b0_0_0 = coopLoadT<coop_mat16x16<f16, B>>(&tile_b[480u + matrix_col / 4u], 6u);
        let a0_0_0 = coopLoadT<coop_mat16x16<f16, A>>(&tile_a[base0 + 72u], 6u);
        acc0_0_0 = coopMultiplyAdd(a0_0_0, b0_0_0, acc0_0_0);
    }
    {
        let b0_0_0 = coopLoadT<coop_mat16x16<f16, B>>(&tile_b[576u + matrix_col / 4u], 6u);
        let a0_0_0 = coopLoadT<coop_mat16x16<f16, A>>(&tile_a[base0 + 120u], 6u);
        acc0_0_0 = coopMultiplyAdd(a0_0_0, b0_0_0, acc0_0_0);
    }
    {
        let b0_0_0 = coopLoadT<coop_mat16x16<f16, B>>(&tile_b[672u + matrix_col / 4u], 6u);
        let a0_0_0 = coopLoadT<coop_mat16x16<f16, A>>(&tile_a[base0 + 126u], 6u);
        acc0_0_0 = coopMultiplyAdd(a0_0_0, b0_0_0, acc0_0_0);
    }
    {
        let b0_0_0 = coopLoadT<coop_mat16x16<f16, B>>(&tile_b[768u + matrix_col / 4u], 6u);
        let a0_0_0 = coopLoadT<coop_mat16x16<f16, A>>(&tile_a[base0 + 132u], 6u);
        acc0_0_0 = coopMultiplyAdd(a0_0_0, b0_0_0, acc0_0_0);
    }
    coopStoreT(acc0_0_0, &tile_c[((0u + run0) * 1u + matrix_col / 16u + 0u) * 64u], 4u);
    workgroupBarrier();
    let s0 = epilogue(row0, col, product(strip + 0u * STRIPS, lane));
    let s1 = epilogue(row1, col, product(strip + 1u * STRIPS, lane));
    let count = f32(1u * 8u * 8u);
    let joined = max(size / LANES, 1u);
    {
        var own = s0.v0 + s1.v0;
        for (var distance = LANES; distance < size; distance *= 2u) {
            own += subgroupShuffleXor(own, distance);
        }
        if (strip % joined == 0u) {
            lane_sums[strip / joined * LANES + lane] = own;
        }
    }
    workgroupBarrier();
    if (strip == 0u && col < COLS) {
        var total = lane_sums[lane];
        for (var i = 1u; i < STRIPS / joined; i++) {
            total += lane_sums[i * LANES + lane];
        }
        write4_b3((tile * 2u + 0u) * 16u + col, total);
        lane_means[lane] = total / count;
    }
    workgroupBarrier();
    var squares0 = vec4<f32>(0.0);
    if (row0 < ROWS) {
        let d = s0.v0 - lane_means[lane];
        squares0 += d * d;
    }
    if (row1 < ROWS) {
        let d = s1.v0 - lane_means[lane];
        squares0 += d * d;
    }
    {
        var own = squares0;
        for (var distance = LANES; distance < size; distance *= 2u) {
            own += subgroupShuffleXor(own, distance);
        }
        if (strip % joined == 0u) {
            lane_sums[strip / joined * LANES + lane] = own;
        }
    }
    workgroupBarrier();
    if (strip == 0u && col < COLS) {
        var total = lane_sums[lane];
        for (var i = 1u; i < STRIPS / joined; i++) {
            total += lane_sums[i * LANES + lane];
        }
        write4_b3((tile * 2u + 1u) * 16u + col, total);
        
    }
    workgroupBarrier();
}
