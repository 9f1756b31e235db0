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
const STRIPS = 32u;
const TILE_ROWS = 128u;
const ROW_TILES = 2u;
const COL_TILES = 1u;
const GROUPS = 2u;
const INNER = 16u;
const CHUNK = 8u;
const IMAGES = 4u;
const SOURCE_ROWS = 8u;
const SOURCE_COLUMNS = 8u;

@group(0) @binding(0) var<storage, read> b0: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> b1: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> b2: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> b3: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> b4: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> b5: array<vec4<f32>>;
@group(0) @binding(6) var<uniform> starts: array<vec4<u32>, 1>;
fn stored4_b0(i: u32) -> vec4<f32> {
    return b0[i / 4u];
}
fn stored4_b1(i: u32) -> vec4<f32> {
    return b1[i / 4u];
}
fn read4_b2(i: u32) -> vec4<f32> {
    return b2[i / 4u];
}
fn stored4_b2(i: u32) -> vec4<f32> {
    return b2[i / 4u];
}
fn write4_b3(i: u32, v: vec4<f32>) {
    b3[i / 4u] = v;
}
fn write4_b4(i: u32, v: vec4<f32>) {
    b4[i / 4u] = v;
}
fn write4_b5(i: u32, v: vec4<f32>) {
    b5[i / 4u] = v;
}
fn relu4(x: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(x);
    let negative = (bits ^ vec4<u32>(0x80000000u)) <= vec4<u32>(0x7f800000u);
    return bitcast<vec4<f32>>(select(bits, vec4<u32>(0u), negative));
}

var<workgroup> tile_a: array<vec4<f32>, 600>;
var<workgroup> tile_b: array<V, 288>;

var<workgroup> lane_sums: array<vec4<f32>, 128>;
var<workgroup> lane_means: array<vec4<f32>, 4>;

struct Ahead_left {
    v0: vec4<f32>,
    v1: vec4<f32>,
    v2: vec4<f32>,
    v3: vec4<f32>,
}

fn fetch_left(n: u32, y: u32, x: u32, c: u32) -> Ahead_left {
    let c0 = min(c + 0u, 12u);
    let c1 = min(c + 4u, 12u);
    let t0 = (((n) * 8u + y) * 8u + x) * 16u + c0;
    let t1 = (((n) * 8u + y) * 8u + x) * 16u + c1;
    return Ahead_left(stored4_b0(t0), stored4_b1(t0), stored4_b0(t1), stored4_b1(t1));
}

struct Left {
    v0: vec4<f32>,
    v1: vec4<f32>,
}

fn left(n: u32, y: u32, x: u32, c: u32, own: bool, ahead: Ahead_left) -> Left {
    let c0 = min(c + 0u, 12u);
    let c1 = min(c + 4u, 12u);
    let t0 = ahead.v0;
    let t1 = ahead.v1;
    let t2 = ahead.v2;
    let t3 = ahead.v3;
    let t4 = c0;
    let t5 = read4_b2(starts[0].x + t4);
    let t6 = t1 - t5;
    let t7 = read4_b2(starts[0].y + t4);
    let t8 = t6 * t7;
    let t9 = read4_b2(starts[0].z + t4);
    let t10 = t8 + t9;
    let t11 = t0 + t10;
    let t12 = relu4(t11);
    let t13 = c1;
    let t14 = read4_b2(starts[0].x + t13);
    let t15 = t3 - t14;
    let t16 = read4_b2(starts[0].y + t13);
    let t17 = t15 * t16;
    let t18 = read4_b2(starts[0].z + t13);
    let t19 = t17 + t18;
    let t20 = t2 + t19;
    let t21 = relu4(t20);
    if (own && c + 0u < INNER) {
        let t22 = (((n) * 8u + y) * 8u + x) * 16u + c0;
        write4_b3(t22, t11);
    }
    if (own && c + 4u < INNER) {
        let t23 = (((n) * 8u + y) * 8u + x) * 16u + c1;
        write4_b3(t23, t20);
    }
    return Left(t12, t21);
}

fn put_left(at: u32, v: vec4<f32>) {
    tile_a[at] = v;
}

struct Ahead_right {
    v0: vec4<f32>,
}

fn fetch_right(i: u32, j: u32, k: u32, col: u32) -> Ahead_right {
    let k0 = min(k + 0u, 15u);
    let col0 = min(col + 0u, 12u);
    let t0 = (((i) * 3u + j) * 16u + k0) * 16u + col0;
    return Ahead_right(stored4_b2(starts[0].w + t0));
}

fn right(i: u32, j: u32, k: u32, col: u32, ahead: Ahead_right) -> vec4<f32> {
    let k0 = min(k + 0u, 15u);
    let col0 = min(col + 0u, 12u);
    let t0 = ahead.v0;
    return select(vec4<f32>(0.0), t0, k < INNER && col < COLS);
}

fn put_right(at: u32, v: V) {
    tile_b[at] = v;
}

fn pixel(row: u32, first_image: u32, first_row: u32, first_column: u32) -> u32 {
    let run = row / 4u;
    let place = run % 4u * 4u + row % 4u;
    let n = first_image + place % 2u;
    let y = first_row + run / 4u % 8u;
    let x = first_column + place / 2u;
    let inside = n < 4u && y < 8u && x < 8u && place < 16u;
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
        write4_b4(t0, raw0);
        sums.v0 = raw0;
    }
    return sums;
}

@compute @workgroup_size(128)
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
    let tile = id / COL_TILES;
    let first_col = id % COL_TILES * LANES * WIDTH;
    let col = first_col + lane * WIDTH;
    let first_image = tile / 1u * 2u;
    let first_row = tile / 1u % 1u * 8u;
    let first_column = tile % 1u * 8u;
    let unit_a0 = thread + 0u;
    let pixel_a0 = unit_a0 / 1u;
    let row_a0 = pixel_a0 / 20u;
    let column_a0 = pixel_a0 / 2u % 10u;
    let n_a0 = first_image + pixel_a0 % 2u;
    let y_a0 = (first_row * 1u + row_a0) * 1u - 1u;
    let x_a0 = (first_column * 1u + column_a0) * 1u - 1u;
    let some_a0 = unit_a0 < 200u;
    let in_a0 = some_a0 && n_a0 < IMAGES && y_a0 < SOURCE_ROWS && x_a0 < SOURCE_COLUMNS;
    let from_a0 = select(vec3<u32>(0u), vec3<u32>(n_a0, y_a0, x_a0), in_a0);
    let channel_a0 = unit_a0 % 1u * 8u;
    let at_a0 = ((row_a0 * 10u + column_a0) * 2u + pixel_a0 % 2u) * 3u + channel_a0 / 4u;
    let own_a0 = in_a0 && first_col == 0u && y_a0 - first_row < 8u && x_a0 - first_column < 8u;
    let unit_a1 = thread + 128u;
    let pixel_a1 = unit_a1 / 1u;
    let row_a1 = pixel_a1 / 20u;
    let column_a1 = pixel_a1 / 2u % 10u;
    let n_a1 = first_image + pixel_a1 % 2u;
    let y_a1 = (first_row * 1u + row_a1) * 1u - 1u;
    let x_a1 = (first_column * 1u + column_a1) * 1u - 1u;
    let some_a1 = unit_a1 < 200u;
    let in_a1 = some_a1 && n_a1 < IMAGES && y_a1 < SOURCE_ROWS && x_a1 < SOURCE_COLUMNS;
    let from_a1 = select(vec3<u32>(0u), vec3<u32>(n_a1, y_a1, x_a1), in_a1);
    let channel_a1 = unit_a1 % 1u * 8u;
    let at_a1 = ((row_a1 * 10u + column_a1) * 2u + pixel_a1 % 2u) * 3u + channel_a1 / 4u;
    let own_a1 = in_a1 && first_col == 0u && y_a1 - first_row < 8u && x_a1 - first_column < 8u;
    let base = (strip / 4u * 20u + strip % 4u * 4u) * 3u;
    var acc0_0 = V(0.0);
    var acc0_1 = V(0.0);
    var acc0_2 = V(0.0);
    var acc0_3 = V(0.0);
    var ahead_a0 = fetch_left(from_a0.x, from_a0.y, from_a0.z, 0u + channel_a0);
    var ahead_a1 = fetch_left(from_a1.x, from_a1.y, from_a1.z, 0u + channel_a1);
    var ahead_b0: Ahead_right;
    {
    let unit = min(thread + 0u, 287u);
    let place = unit / 32u;
    let i = place / 3u;
    let j = place % 3u;
    let depth = unit / 4u % 8u;
    let column = unit % 4u * 4u;
    let at = (place * 8u + depth) * 4u + column / 4u;
    ahead_b0 = fetch_right(i, j, 0u + depth, first_col + column);
    }
    var ahead_b1: Ahead_right;
    {
    let unit = min(thread + 128u, 287u);
    let place = unit / 32u;
    let i = place / 3u;
    let j = place % 3u;
    let depth = unit / 4u % 8u;
    let column = unit % 4u * 4u;
    let at = (place * 8u + depth) * 4u + column / 4u;
    ahead_b1 = fetch_right(i, j, 0u + depth, first_col + column);
    }
    var ahead_b2: Ahead_right;
    {
    let unit = min(thread + 256u, 287u);
    let place = unit / 32u;
    let i = place / 3u;
    let j = place % 3u;
    let depth = unit / 4u % 8u;
    let column = unit % 4u * 4u;
    let at = (place * 8u + depth) * 4u + column / 4u;
    ahead_b2 = fetch_right(i, j, 0u + depth, first_col + column);
    }
    for (var k = 0u; k < INNER; k += CHUNK) {
    if (some_a0) {
        let made = left(from_a0.x, from_a0.y, from_a0.z, k + channel_a0, own_a0, ahead_a0);
        put_left(at_a0 + 0u, select(vec4<f32>(0.0), made.v0, in_a0));
        put_left(at_a0 + 1u, select(vec4<f32>(0.0), made.v1, in_a0));
    }
    if (some_a1) {
        let made = left(from_a1.x, from_a1.y, from_a1.z, k + channel_a1, own_a1, ahead_a1);
        put_left(at_a1 + 0u, select(vec4<f32>(0.0), made.v0, in_a1));
        put_left(at_a1 + 1u, select(vec4<f32>(0.0), made.v1, in_a1));
    }
    {
    let unit = min(thread + 0u, 287u);
    let place = unit / 32u;
    let i = place / 3u;
    let j = place % 3u;
    let depth = unit / 4u % 8u;
    let column = unit % 4u * 4u;
    let at = (place * 8u + depth) * 4u + column / 4u;
    put_right(at, right(i, j, k + depth, first_col + column, ahead_b0));
    }
    {
    let unit = min(thread + 128u, 287u);
    let place = unit / 32u;
    let i = place / 3u;
    let j = place % 3u;
    let depth = unit / 4u % 8u;
    let column = unit % 4u * 4u;
    let at = (place * 8u + depth) * 4u + column / 4u;
    put_right(at, right(i, j, k + depth, first_col + column, ahead_b1));
    }
    if (thread + 256u < 288u) {
    let unit = min(thread + 256u, 287u);
    let place = unit / 32u;
    let i = place / 3u;
    let j = place % 3u;
    let depth = unit / 4u % 8u;
    let column = unit % 4u * 4u;
    let at = (place * 8u + depth) * 4u + column / 4u;
    put_right(at, right(i, j, k + depth, first_col + column, ahead_b2));
    }
    workgroupBarrier();
    let next = min(k + CHUNK, (INNER - 1u) / CHUNK * CHUNK);
    ahead_a0 = fetch_left(from_a0.x, from_a0.y, from_a0.z, next + channel_a0);
    ahead_a1 = fetch_left(from_a1.x, from_a1.y, from_a1.z, next + channel_a1);
    {
    let unit = min(thread + 0u, 287u);
    let place = unit / 32u;
    let i = place / 3u;
    let j = place % 3u;
    let depth = unit / 4u % 8u;
    let column = unit % 4u * 4u;
    let at = (place * 8u + depth) * 4u + column / 4u;
    ahead_b0 = fetch_right(i, j, next + depth, first_col + column);
    }
    {
    let unit = min(thread + 128u, 287u);
    let place = unit / 32u;
    let i = place / 3u;
    let j = place % 3u;
    let depth = unit / 4u % 8u;
    let column = unit % 4u * 4u;
    let at = (place * 8u + depth) * 4u + column / 4u;
    ahead_b1 = fetch_right(i, j, next + depth, first_col + column);
    }
    {
    let unit = min(thread + 256u, 287u);
    let place = unit / 32u;
    let i = place / 3u;
    let j = place % 3u;
    let depth = unit / 4u % 8u;
    let column = unit % 4u * 4u;
    let at = (place * 8u + depth) * 4u + column / 4u;
    ahead_b2 = fetch_right(i, j, next + depth, first_col + column);
    }
    for (var q = 0u; q < 2u; q++) {
        {
            let a0 = tile_a[base + 0u + q];
            let a1 = tile_a[base + 3u + q];
            let a2 = tile_a[base + 6u + q];
            let a3 = tile_a[base + 9u + q];
            let a4 = tile_a[base + 12u + q];
            let a5 = tile_a[base + 15u + q];
            let a6 = tile_a[base + 18u + q];
            let a7 = tile_a[base + 21u + q];
            {
                let b0 = tile_b[(0u + q * 4u) * LANES + lane];
                acc0_0 += a0.x * b0;
                acc0_1 += a1.x * b0;
                acc0_2 += a2.x * b0;
                acc0_3 += a3.x * b0;
                let b1 = tile_b[(1u + q * 4u) * LANES + lane];
                acc0_0 += a0.y * b1;
                acc0_1 += a1.y * b1;
                acc0_2 += a2.y * b1;
                acc0_3 += a3.y * b1;
                let b2 = tile_b[(2u + q * 4u) * LANES + lane];
                acc0_0 += a0.z * b2;
                acc0_1 += a1.z * b2;
                acc0_2 += a2.z * b2;
                acc0_3 += a3.z * b2;
                let b3 = tile_b[(3u + q * 4u) * LANES + lane];
                acc0_0 += a0.w * b3;
                acc0_1 += a1.w * b3;
                acc0_2 += a2.w * b3;
                acc0_3 += a3.w * b3;
            }
            {
                let b0 = tile_b[(8u + q * 4u) * LANES + lane];
                acc0_0 += a2.x * b0;
                acc0_1 += a3.x * b0;
                acc0_2 += a4.x * b0;
                acc0_3 += a5.x * b0;
                let b1 = tile_b[(9u + q * 4u) * LANES + lane];
                acc0_0 += a2.y * b1;
                acc0_1 += a3.y * b1;
                acc0_2 += a4.y * b1;
                acc0_3 += a5.y * b1;
                let b2 = tile_b[(10u + q * 4u) * LANES + lane];
                acc0_0 += a2.z * b2;
                acc0_1 += a3.z * b2;
                acc0_2 += a4.z * b2;
                acc0_3 += a5.z * b2;
                let b3 = tile_b[(11u + q * 4u) * LANES + lane];
                acc0_0 += a2.w * b3;
                acc0_1 += a3.w * b3;
                acc0_2 += a4.w * b3;
                acc0_3 += a5.w * b3;
            }
            {
                let b0 = tile_b[(16u + q * 4u) * LANES + lane];
                acc0_0 += a4.x * b0;
                acc0_1 += a5.x * b0;
                acc0_2 += a6.x * b0;
                acc0_3 += a7.x * b0;
                let b1 = tile_b[(17u + q * 4u) * LANES + lane];
                acc0_0 += a4.y * b1;
                acc0_1 += a5.y * b1;
                acc0_2 += a6.y * b1;
                acc0_3 += a7.y * b1;
                let b2 = tile_b[(18u + q * 4u) * LANES + lane];
                acc0_0 += a4.z * b2;
                acc0_1 += a5.z * b2;
                acc0_2 += a6.z * b2;
                acc0_3 += a7.z * b2;
                let b3 = tile_b[(19u + q * 4u) * LANES + lane];
                acc0_0 += a4.w * b3;
                acc0_1 += a5.w * b3;
                acc0_2 += a6.w * b3;
                acc0_3 += a7.w * b3;
            }
        }
        {
            let a20 = tile_a[base + 60u + q];
            let a21 = tile_a[base + 63u + q];
            let a22 = tile_a[base + 66u + q];
            let a23 = tile_a[base + 69u + q];
            let a24 = tile_a[base + 72u + q];
            let a25 = tile_a[base + 75u + q];
            let a26 = tile_a[base + 78u + q];
            let a27 = tile_a[base + 81u + q];
            {
                let b0 = tile_b[(24u + q * 4u) * LANES + lane];
                acc0_0 += a20.x * b0;
                acc0_1 += a21.x * b0;
                acc0_2 += a22.x * b0;
                acc0_3 += a23.x * b0;
                let b1 = tile_b[(25u + q * 4u) * LANES + lane];
                acc0_0 += a20.y * b1;
                acc0_1 += a21.y * b1;
                acc0_2 += a22.y * b1;
                acc0_3 += a23.y * b1;
                let b2 = tile_b[(26u + q * 4u) * LANES + lane];
                acc0_0 += a20.z * b2;
                acc0_1 += a21.z * b2;
                acc0_2 += a22.z * b2;
                acc0_3 += a23.z * b2;
                let b3 = tile_b[(27u + q * 4u) * LANES + lane];
                acc0_0 += a20.w * b3;
                acc0_1 += a21.w * b3;
                acc0_2 += a22.w * b3;
                acc0_3 += a23.w * b3;
            }
            {
                let b0 = tile_b[(32u + q * 4u) * LANES + lane];
                acc0_0 += a22.x * b0;
                acc0_1 += a23.x * b0;
                acc0_2 += a24.x * b0;
                acc0_3 += a25.x * b0;
                let b1 = tile_b[(33u + q * 4u) * LANES + lane];
                acc0_0 += a22.y * b1;
                acc0_1 += a23.y * b1;
                acc0_2 += a24.y * b1;
                acc0_3 += a25.y * b1;
                let b2 = tile_b[(34u + q * 4u) * LANES + lane];
                acc0_0 += a22.z * b2;
                acc0_1 += a23.z * b2;
                acc0_2 += a24.z * b2;
                acc0_3 += a25.z * b2;
                let b3 = tile_b[(35u + q * 4u) * LANES + lane];
                acc0_0 += a22.w * b3;
                acc0_1 += a23.w * b3;
                acc0_2 += a24.w * b3;
                acc0_3 += a25.w * b3;
            }
            {
                let b0 = tile_b[(40u + q * 4u) * LANES + lane];
                acc0_0 += a24.x * b0;
                acc0_1 += a25.x * b0;
                acc0_2 += a26.x * b0;
                acc0_3 += a27.x * b0;
                let b1 = tile_b[(41u + q * 4u) * LANES + lane];
                acc0_0 += a24.y * b1;
                acc0_1 += a25.y * b1;
                acc0_2 += a26.y * b1;
                acc0_3 += a27.y * b1;
                let b2 = tile_b[(42u + q * 4u) * LANES + lane];
                acc0_0 += a24.z * b2;
                acc0_1 += a25.z * b2;
                acc0_2 += a26.z * b2;
                acc0_3 += a27.z * b2;
                let b3 = tile_b[(43u + q * 4u) * LANES + lane];
                acc0_0 += a24.w * b3;
                acc0_1 += a25.w * b3;
                acc0_2 += a26.w * b3;
                acc0_3 += a27.w * b3;
            }
        }
        {
            let a40 = tile_a[base + 120u + q];
            let a41 = tile_a[base + 123u + q];
            let a42 = tile_a[base + 126u + q];
            let a43 = tile_a[base + 129u + q];
            let a44 = tile_a[base + 132u + q];
            let a45 = tile_a[base + 135u + q];
            let a46 = tile_a[base + 138u + q];
            let a47 = tile_a[base + 141u + q];
            {
                let b0 = tile_b[(48u + q * 4u) * LANES + lane];
                acc0_0 += a40.x * b0;
                acc0_1 += a41.x * b0;
                acc0_2 += a42.x * b0;
                acc0_3 += a43.x * b0;
                let b1 = tile_b[(49u + q * 4u) * LANES + lane];
                acc0_0 += a40.y * b1;
                acc0_1 += a41.y * b1;
                acc0_2 += a42.y * b1;
                acc0_3 += a43.y * b1;
                let b2 = tile_b[(50u + q * 4u) * LANES + lane];
                acc0_0 += a40.z * b2;
                acc0_1 += a41.z * b2;
                acc0_2 += a42.z * b2;
                acc0_3 += a43.z * b2;
                let b3 = tile_b[(51u + q * 4u) * LANES + lane];
                acc0_0 += a40.w * b3;
                acc0_1 += a41.w * b3;
                acc0_2 += a42.w * b3;
                acc0_3 += a43.w * b3;
            }
            {
                let b0 = tile_b[(56u + q * 4u) * LANES + lane];
                acc0_0 += a42.x * b0;
                acc0_1 += a43.x * b0;
                acc0_2 += a44.x * b0;
                acc0_3 += a45.x * b0;
                let b1 = tile_b[(57u + q * 4u) * LANES + lane];
                acc0_0 += a42.y * b1;
                acc0_1 += a43.y * b1;
                acc0_2 += a44.y * b1;
                acc0_3 += a45.y * b1;
                let b2 = tile_b[(58u + q * 4u) * LANES + lane];
                acc0_0 += a42.z * b2;
                acc0_1 += a43.z * b2;
                acc0_2 += a44.z * b2;
                acc0_3 += a45.z * b2;
                let b3 = tile_b[(59u + q * 4u) * LANES + lane];
                acc0_0 += a42.w * b3;
                acc0_1 += a43.w * b3;
                acc0_2 += a44.w * b3;
                acc0_3 += a45.w * b3;
            }
            {
                let b0 = tile_b[(64u + q * 4u) * LANES + lane];
                acc0_0 += a44.x * b0;
                acc0_1 += a45.x * b0;
                acc0_2 += a46.x * b0;
                acc0_3 += a47.x * b0;
                let b1 = tile_b[(65u + q * 4u) * LANES + lane];
                acc0_0 += a44.y * b1;
                acc0_1 += a45.y * b1;
                acc0_2 += a46.y * b1;
                acc0_3 += a47.y * b1;
                let b2 = tile_b[(66u + q * 4u) * LANES + lane];
                acc0_0 += a44.z * b2;
                acc0_1 += a45.z * b2;
                acc0_2 += a46.z * b2;
                acc0_3 += a47.z * b2;
                let b3 = tile_b[(67u + q * 4u) * LANES + lane];
                acc0_0 += a44.w * b3;
                acc0_1 += a45.w * b3;
                acc0_2 += a46.w * b3;
                acc0_3 += a47.w * b3;
            }
        }
    }
    workgroupBarrier();
    }
    let row0 = pixel(0u + strip * 4u, first_image, first_row, first_column);
    let row1 = pixel(1u + strip * 4u, first_image, first_row, first_column);
    let row2 = pixel(2u + strip * 4u, first_image, first_row, first_column);
    let row3 = pixel(3u + strip * 4u, first_image, first_row, first_column);
    let s0 = epilogue(row0, col, acc0_0);
    let s1 = epilogue(row1, col, acc0_1);
    let s2 = epilogue(row2, col, acc0_2);
    let s3 = epilogue(row3, col, acc0_3);
    let count = f32(2u * 8u * 8u);
    lane_sums[thread] = s0.v0 + s1.v0 + s2.v0 + s3.v0;
    workgroupBarrier();
    if (strip == 0u && col < COLS) {
        var total = lane_sums[lane];
        for (var i = 1u; i < STRIPS; i++) {
            total += lane_sums[i * LANES + lane];
        }
        write4_b5((tile * 2u + 0u) * 16u + col, total);
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
    if (row2 < ROWS) {
        let d = s2.v0 - lane_means[lane];
        squares0 += d * d;
    }
    if (row3 < ROWS) {
        let d = s3.v0 - lane_means[lane];
        squares0 += d * d;
    }
    lane_sums[thread] = squares0;
    workgroupBarrier();
    if (strip == 0u && col < COLS) {
        var total = lane_sums[lane];
        for (var i = 1u; i < STRIPS; i++) {
            total += lane_sums[i * LANES + lane];
        }
        write4_b5((tile * 2u + 1u) * 16u + col, total);
        
    }
    workgroupBarrier();
}
