// Pictures from bytes to numbers: cropped out of a border, mirrored, standardised, with a hole of zeros,
// mixed with the picture before. Each thread writes four neighbouring numbers. `pictures` begins with a
// vector for all: 0, or 1 and the share of a picture's own, or 2 and the rows and columns (16 bits each)
// of the patch that shows the other; then two vectors a picture: how far down and right its crop lies,
// whether it is mirrored and whether its border is; the hole's rows and columns, the first and the one
// after the last. Their bytes follow. `table` has the number of each byte by channel, or the mean of
// each byte of a picture and then each channel's deviation.

//@ begin constants
const IMAGES = 2u;
const ROWS = 4u;
const COLUMNS = 4u;
const CHANNELS = 3u;
const BY_PIXEL = false;
//@ end
const ROW = COLUMNS * CHANNELS;
const PICTURE = ROWS * ROW;
const LEN = IMAGES * PICTURE;
const QUADS = (LEN + 3u) / 4u;

@group(0) @binding(0) var<storage, read> pictures: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> table: array<f32>;
@group(0) @binding(2) var<storage, read_write> destination: array<vec4<f32>>;

fn byte(at: u32) -> u32 {
    let word = pictures[1u + 2u * IMAGES + at / 16u][at / 4u % 4u];
    return extractBits(word, at % 4u * 8u, 8u);
}

fn standardised(byte: u32, place: u32, channel: u32) -> f32 {
    if (BY_PIXEL) {
        return (f32(byte) - table[place]) / table[PICTURE + channel];
    }
    return table[channel * 256u + byte];
}

/// Where a place is in a row of pixels that mirrors continue.
fn reflected(at: i32, len: i32) -> u32 {
    if (len == 1) {
        return 0u;
    }
    let period = 2 * (len - 1);
    let within = (at % period + period) % period;
    return u32(min(within, period - within));
}

/// A number of a picture that is not mixed.
fn seen(image: u32, row: u32, column: u32, channel: u32) -> f32 {
    let crop = pictures[1u + 2u * image];
    let hole = pictures[2u + 2u * image];
    // What lies above or left of the picture is a large number here.
    var from_row = row + crop.x;
    var from_column = select(column, COLUMNS - 1u - column, crop.z != 0u) + crop.y;
    if (crop.w != 0u) {
        from_row = reflected(bitcast<i32>(from_row), i32(ROWS));
        from_column = reflected(bitcast<i32>(from_column), i32(COLUMNS));
    }
    let cut = row >= hole.x && row < hole.y && column >= hole.z && column < hole.w;
    if (from_row >= ROWS || from_column >= COLUMNS || cut) {
        return 0.0;
    }
    let place = from_row * ROW + from_column * CHANNELS + channel;
    return standardised(byte(image * PICTURE + place), place, channel);
}

fn number(at: u32) -> f32 {
    if (at >= LEN) {
        return 0.0;
    }
    let image = at / PICTURE;
    let row = at % PICTURE / ROW;
    let column = at % ROW / CHANNELS;
    let channel = at % CHANNELS;
    let mix = pictures[0];
    let other = (image + IMAGES - 1u) % IMAGES;
    if (mix.x == 1u) {
        let share = bitcast<f32>(mix.y);
        return share * seen(image, row, column, channel)
            + (1.0 - share) * seen(other, row, column, channel);
    }
    let below = row >= (mix.z & 0xffffu) && row < (mix.z >> 16u);
    let within = below && column >= (mix.w & 0xffffu) && column < (mix.w >> 16u);
    return seen(select(image, other, mix.x == 2u && within), row, column, channel);
}

@compute @workgroup_size(64)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
) {
    let quad = (group.x + group.y * 65535u) * 64u + thread;
    if (quad < QUADS) {
        let at = quad * 4u;
        destination[quad] =
            vec4<f32>(number(at), number(at + 1u), number(at + 2u), number(at + 3u));
    }
}
