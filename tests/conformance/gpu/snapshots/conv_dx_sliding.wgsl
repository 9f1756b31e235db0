// A contraction by strips: some rows and columns of pixels of some images, with a block of channels.
// What the strip sees of the left side is staged once, CHUNK channels at a time, with its halo, and
// the weights of these channels beside it; all places of the kernel read it there. `fetch_left` asks
// for what the left side is made of, `left` makes it; `epilogue` is what becomes of the result at a
// row of the domain, of which `pixel` finds the row of the strip's tile.

alias V = vec4<f32>;
const ROWS = 4u;
const COLS = 4u;
const WIDTH = 4u;
const LANES = 4u;
const STRIPS = 1u;
const TILE_ROWS = 4u;
const ROW_TILES = 4u;
const COL_TILES = 1u;
const GROUPS = 4u;
const INNER = 10u;
const CHUNK = 16u;
const IMAGES = 4u;
const SOURCE_ROWS = 1u;
const SOURCE_COLUMNS = 1u;

@group(0) @binding(0) var<storage, read> b0: array<f32>;
@group(0) @binding(1) var<storage, read> b1: array<f32>;
@group(0) @binding(2) var<storage, read> b2: array<f32>;
@group(0) @binding(3) var<storage, read> b3: array<f32>;
@group(0) @binding(4) var<storage, read> b4: array<f32>;
@group(0) @binding(5) var<storage, read_write> b5: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> b6: array<vec4<f32>>;
@group(0) @binding(7) var<uniform> starts: array<vec4<u32>, 1>;
fn stored1_b0(i: u32) -> f32 {
    return b0[i];
}
fn stored1_b1(i: u32) -> f32 {
    return b1[i];
}
fn read1_b2(i: u32) -> f32 {
    return b2[i];
}
fn read1_b3(i: u32) -> f32 {
    return b3[i];
}
fn read4_b4(i: u32) -> vec4<f32> {
    return vec4<f32>(b4[i], b4[i + 1u], b4[i + 2u], b4[i + 3u]);
}
fn stored1_b4(i: u32) -> f32 {
    return b4[i];
}
fn write4_b5(i: u32, v: vec4<f32>) {
    b5[i / 4u] = v;
}
fn write4_b6(i: u32, v: vec4<f32>) {
    b6[i / 4u] = v;
}

var<workgroup> tile_a: array<vec4<f32>, 20>;
var<workgroup> tile_b: array<V, 64>;


struct Ahead_left {
    v0: f32,
    v1: f32,
    v2: f32,
    v3: f32,
    v4: f32,
    v5: f32,
    v6: f32,
    v7: f32,
}

fn fetch_left(n: u32, y: u32, x: u32, c: u32) -> Ahead_left {
    let c0 = min(c + 0u, 9u);
    let c1 = min(c + 1u, 9u);
    let c2 = min(c + 2u, 9u);
    let c3 = min(c + 3u, 9u);
    let t0 = (n) * 10u + c0;
    let t1 = (n) * 10u + c1;
    let t2 = (n) * 10u + c2;
    let t3 = (n) * 10u + c3;
    return Ahead_left(stored1_b0(t0), stored1_b1(t0), stored1_b0(t1), stored1_b1(t1), stored1_b0(t2), stored1_b1(t2), stored1_b0(t3), stored1_b1(t3));
}

struct Left {
    v0: vec4<f32>,
}

fn left(n: u32, y: u32, x: u32, c: u32, ahead: Ahead_left) -> Left {
    let c0 = min(c + 0u, 9u);
    let c1 = min(c + 1u, 9u);
    let c2 = min(c + 2u, 9u);
    let c3 = min(c + 3u, 9u);
    let t0 = ahead.v0;
    let t1 = ahead.v1;
    let t2 = ahead.v2;
    let t3 = ahead.v3;
    let t4 = ahead.v4;
    let t5 = ahead.v5;
    let t6 = ahead.v6;
    let t7 = ahead.v7;
    let t8 = 0.25f;
    let t9 = 1.0f;
    let t10 = -t9;
    let t11 = t8 * t10;
    let t12 = t0 * t11;
    let t13 = n;
    let t14 = read1_b2(t13);
    let t15 = t1 - t14;
    let t16 = exp(t15);
    let t17 = read1_b3(t13);
    let t18 = t16 * t17;
    let t19 = t12 + t18;
    let t20 = t2 * t11;
    let t21 = t3 - t14;
    let t22 = exp(t21);
    let t23 = t22 * t17;
    let t24 = t20 + t23;
    let t25 = t4 * t11;
    let t26 = t5 - t14;
    let t27 = exp(t26);
    let t28 = t27 * t17;
    let t29 = t25 + t28;
    let t30 = t6 * t11;
    let t31 = t7 - t14;
    let t32 = exp(t31);
    let t33 = t32 * t17;
    let t34 = t30 + t33;
    return Left(vec4<f32>(select(0.0, t19, c + 0u < INNER), select(0.0, t24, c + 1u < INNER), select(0.0, t29, c + 2u < INNER), select(0.0, t34, c + 3u < INNER)));
}

fn put_left(at: u32, v: vec4<f32>) {
    tile_a[at] = v;
}

struct Ahead_right {
    v0: f32,
    v1: f32,
    v2: f32,
    v3: f32,
}

fn fetch_right(i: u32, j: u32, k: u32, col: u32) -> Ahead_right {
    let k0 = min(k + 0u, 9u);
    let col0 = min(col + 0u, 3u);
    let col1 = min(col + 1u, 3u);
    let col2 = min(col + 2u, 3u);
    let col3 = min(col + 3u, 3u);
    let t0 = (col0) * 10u + k0;
    let t1 = (col1) * 10u + k0;
    let t2 = (col2) * 10u + k0;
    let t3 = (col3) * 10u + k0;
    return Ahead_right(stored1_b4(starts[0].x + t0), stored1_b4(starts[0].x + t1), stored1_b4(starts[0].x + t2), stored1_b4(starts[0].x + t3));
}

fn right(i: u32, j: u32, k: u32, col: u32, ahead: Ahead_right) -> vec4<f32> {
    let k0 = min(k + 0u, 9u);
    let col0 = min(col + 0u, 3u);
    let col1 = min(col + 1u, 3u);
    let col2 = min(col + 2u, 3u);
    let col3 = min(col + 3u, 3u);
    let t0 = ahead.v0;
    let t1 = ahead.v1;
    let t2 = ahead.v2;
    let t3 = ahead.v3;
    return select(vec4<f32>(0.0), vec4<f32>(select(0.0, t0, col + 0u < COLS), select(0.0, t1, col + 1u < COLS), select(0.0, t2, col + 2u < COLS), select(0.0, t3, col + 3u < COLS)), k < INNER && col < COLS);
}

fn put_right(at: u32, v: V) {
    tile_b[at] = v;
}

fn pixel(row: u32, first_image: u32, first_row: u32, first_column: u32) -> u32 {
    let run = row / 4u;
    let place = run % 1u * 4u + row % 4u;
    let n = first_image + place % 1u;
    let y = first_row + run / 1u % 1u;
    let x = first_column + place / 1u;
    let inside = n < 4u && y < 1u && x < 1u && place < 1u;
    return select(ROWS, (n * 1u + y) * 1u + x, inside);
}

fn epilogue(row: u32, col: u32, raw0: vec4<f32>) {
    if (row < ROWS && col < COLS) {
        let n = row;
        let t0 = 0.25f;
        let t1 = vec4<f32>(t0);
        let t2 = raw0 * t1;
        let t3 = col;
        let t4 = read4_b4(starts[0].y + t3);
        let t5 = raw0 * t4;
        let t6 = (n) * 4u + col;
        write4_b5(t6, t2);
        write4_b6(t6, t5);
    }
}

@compute @workgroup_size(4)
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
    let first_image = tile / 1u * 1u;
    let first_row = tile / 1u % 1u * 1u;
    let first_column = tile % 1u * 1u;
    let unit_a0 = thread + 0u;
    let pixel_a0 = unit_a0 / 3u;
    let row_a0 = pixel_a0 / 1u;
    let column_a0 = pixel_a0 / 1u % 1u;
    let n_a0 = first_image + pixel_a0 % 1u;
    let y_a0 = (first_row * 1u + row_a0) * 1u + 0u;
    let x_a0 = (first_column * 1u + column_a0) * 1u + 0u;
    let some_a0 = unit_a0 < 3u;
    let in_a0 = some_a0 && n_a0 < IMAGES && y_a0 < SOURCE_ROWS && x_a0 < SOURCE_COLUMNS;
    let from_a0 = select(vec3<u32>(0u), vec3<u32>(n_a0, y_a0, x_a0), in_a0);
    let channel_a0 = unit_a0 % 3u * 4u;
    let at_a0 = ((row_a0 * 1u + column_a0) * 1u + pixel_a0 % 1u) * 5u + channel_a0 / 4u;
    let base = (strip / 1u * 1u + strip % 1u * 4u) * 5u;
    var acc0_0 = V(0.0);
    var acc0_1 = V(0.0);
    var acc0_2 = V(0.0);
    var acc0_3 = V(0.0);
    for (var e = thread; e < 20u; e += 4u) {
        tile_a[e] = vec4<f32>();
    }
    for (var e = thread; e < 64u; e += 4u) {
        tile_b[e] = V();
    }
    workgroupBarrier();
    let k = 0u;
    var ahead_a0 = fetch_left(from_a0.x, from_a0.y, from_a0.z, k + channel_a0);
    var ahead_b0: Ahead_right;
    {
    let unit = min(thread + 0u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    ahead_b0 = fetch_right(i, j, k + depth, first_col + column);
    }
    var ahead_b1: Ahead_right;
    {
    let unit = min(thread + 4u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    ahead_b1 = fetch_right(i, j, k + depth, first_col + column);
    }
    var ahead_b2: Ahead_right;
    {
    let unit = min(thread + 8u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    ahead_b2 = fetch_right(i, j, k + depth, first_col + column);
    }
    var ahead_b3: Ahead_right;
    {
    let unit = min(thread + 12u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    ahead_b3 = fetch_right(i, j, k + depth, first_col + column);
    }
    var ahead_b4: Ahead_right;
    {
    let unit = min(thread + 16u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    ahead_b4 = fetch_right(i, j, k + depth, first_col + column);
    }
    var ahead_b5: Ahead_right;
    {
    let unit = min(thread + 20u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    ahead_b5 = fetch_right(i, j, k + depth, first_col + column);
    }
    var ahead_b6: Ahead_right;
    {
    let unit = min(thread + 24u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    ahead_b6 = fetch_right(i, j, k + depth, first_col + column);
    }
    var ahead_b7: Ahead_right;
    {
    let unit = min(thread + 28u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    ahead_b7 = fetch_right(i, j, k + depth, first_col + column);
    }
    var ahead_b8: Ahead_right;
    {
    let unit = min(thread + 32u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    ahead_b8 = fetch_right(i, j, k + depth, first_col + column);
    }
    var ahead_b9: Ahead_right;
    {
    let unit = min(thread + 36u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    ahead_b9 = fetch_right(i, j, k + depth, first_col + column);
    }
    var ahead_b10: Ahead_right;
    {
    let unit = min(thread + 40u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    ahead_b10 = fetch_right(i, j, k + depth, first_col + column);
    }
    var ahead_b11: Ahead_right;
    {
    let unit = min(thread + 44u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    ahead_b11 = fetch_right(i, j, k + depth, first_col + column);
    }
    if (some_a0) {
        let made = left(from_a0.x, from_a0.y, from_a0.z, k + channel_a0, ahead_a0);
        put_left(at_a0 + 0u, select(vec4<f32>(0.0), made.v0, in_a0));
    }
    {
    let unit = min(thread + 0u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    put_right(at, right(i, j, k + depth, first_col + column, ahead_b0));
    }
    {
    let unit = min(thread + 4u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    put_right(at, right(i, j, k + depth, first_col + column, ahead_b1));
    }
    {
    let unit = min(thread + 8u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    put_right(at, right(i, j, k + depth, first_col + column, ahead_b2));
    }
    {
    let unit = min(thread + 12u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    put_right(at, right(i, j, k + depth, first_col + column, ahead_b3));
    }
    {
    let unit = min(thread + 16u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    put_right(at, right(i, j, k + depth, first_col + column, ahead_b4));
    }
    {
    let unit = min(thread + 20u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    put_right(at, right(i, j, k + depth, first_col + column, ahead_b5));
    }
    {
    let unit = min(thread + 24u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    put_right(at, right(i, j, k + depth, first_col + column, ahead_b6));
    }
    {
    let unit = min(thread + 28u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    put_right(at, right(i, j, k + depth, first_col + column, ahead_b7));
    }
    {
    let unit = min(thread + 32u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    put_right(at, right(i, j, k + depth, first_col + column, ahead_b8));
    }
    {
    let unit = min(thread + 36u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    put_right(at, right(i, j, k + depth, first_col + column, ahead_b9));
    }
    {
    let unit = min(thread + 40u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    put_right(at, right(i, j, k + depth, first_col + column, ahead_b10));
    }
    {
    let unit = min(thread + 44u, 47u);
    let place = unit / 48u;
    let i = place / 1u;
    let j = place % 1u;
    let depth = unit % 12u;
    let column = unit / 12u % 4u * 4u;
    let at = (place * 16u + depth) * 4u + column / 4u;
    put_right(at, right(i, j, k + depth, first_col + column, ahead_b11));
    }
    workgroupBarrier();
    let row0 = pixel(0u + strip * 4u, first_image, first_row, first_column);
    let row1 = pixel(1u + strip * 4u, first_image, first_row, first_column);
    let row2 = pixel(2u + strip * 4u, first_image, first_row, first_column);
    let row3 = pixel(3u + strip * 4u, first_image, first_row, first_column);
    for (var q = 0u; q < 4u; q++) {
        {
            let a0 = tile_a[base + 0u + q];
            let a1 = tile_a[base + 5u + q];
            let a2 = tile_a[base + 10u + q];
            let a3 = tile_a[base + 15u + q];
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
        }
    }
    epilogue(row0, col, acc0_0);
    epilogue(row1, col, acc0_1);
    epilogue(row2, col, acc0_2);
    epilogue(row3, col, acc0_3);
}
