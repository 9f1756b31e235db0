// Functions that generated expressions call. `sigmoid`, `tanh` and `erf` never overflow; `uniform` is
// the counter-based generator of the graph, the same bits in every engine. What must keep a NaN
// (`relu`, `step`, `larger`) or see one (`finite`) looks at the bits, since WGSL may take every
// comparison to be one of finite numbers: a NaN has larger ones than infinity behind its sign.

fn number(bits: u32) -> f32 {
    return bitcast<f32>(bits);
}

fn relu1(x: f32) -> f32 {
    let bits = bitcast<u32>(x);
    return bitcast<f32>(select(bits, 0u, (bits ^ 0x80000000u) <= 0x7f800000u));
}

fn relu4(x: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(x);
    let negative = (bits ^ vec4<u32>(0x80000000u)) <= vec4<u32>(0x7f800000u);
    return bitcast<vec4<f32>>(select(bits, vec4<u32>(0u), negative));
}

fn step1(x: f32) -> f32 {
    let bits = bitcast<u32>(x);
    return select(1.0, 0.0, bits == 0u || (bits ^ 0x80000000u) <= 0x7f800000u);
}

fn step4(x: vec4<f32>) -> vec4<f32> {
    return vec4<f32>(step1(x.x), step1(x.y), step1(x.z), step1(x.w));
}

fn nan1(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

fn beats1(x: f32, largest: f32) -> bool {
    return !nan1(largest) && (nan1(x) || x > largest);
}

fn beats4(x: vec4<f32>, largest: vec4<f32>) -> vec4<bool> {
    return vec4<bool>(
        beats1(x.x, largest.x),
        beats1(x.y, largest.y),
        beats1(x.z, largest.z),
        beats1(x.w, largest.w),
    );
}

fn larger1(x: f32, y: f32) -> f32 {
    return bitcast<f32>(select(bitcast<u32>(y), bitcast<u32>(x), beats1(x, y)));
}

fn larger4(x: vec4<f32>, y: vec4<f32>) -> vec4<f32> {
    let bits = bitcast<vec4<u32>>(x);
    return bitcast<vec4<f32>>(select(bitcast<vec4<u32>>(y), bits, beats4(x, y)));
}

fn sigmoid1(x: f32) -> f32 {
    let e = exp(-abs(x));
    return select(e, 1.0, x >= 0.0) / (1.0 + e);
}

fn sigmoid4(x: vec4<f32>) -> vec4<f32> {
    let e = exp(-abs(x));
    return select(e, vec4<f32>(1.0), x >= vec4<f32>(0.0)) / (1.0 + e);
}

fn tanh1(x: f32) -> f32 {
    let e = exp(-2.0 * abs(x));
    let s = x * x;
    let small = x * (1.0 - s * (1.0 / 3.0 - s * (2.0 / 15.0 - s * (17.0 / 315.0))));
    return select(sign(x) * (1.0 - e) / (1.0 + e), small, abs(x) < 0.15);
}

fn tanh4(x: vec4<f32>) -> vec4<f32> {
    return vec4<f32>(tanh1(x.x), tanh1(x.y), tanh1(x.z), tanh1(x.w));
}

fn erf1(x: f32) -> f32 {
    // Minimax polynomials (N. Juffa): of x² near 0, and of ln(1 - |erf x|) beyond; from 4 on it
    // is 1 to the last bit.
    let bits = bitcast<u32>(abs(x));
    let far = bits > 0x40800000u && bits <= 0x7f800000u;
    let t = bitcast<f32>(select(bits, 0x40800000u, far));
    let s = t * t;
    var p = -1.7285347e-5 * t + 3.8319726e-4;
    p = p * t - 3.8839644e-3;
    p = p * t + 2.4254622e-2;
    p = p * t - 1.0677788e-1;
    p = p * t - 6.348467e-1;
    p = p * t - 1.2871751e-1;
    var q = -5.967617e-4 * s + 4.9911942e-3;
    q = q * s - 2.6768135e-2;
    q = q * s + 1.12819925e-1;
    q = q * s - 3.7612534e-1;
    q = q * s + 1.28379166e-1;
    return select(sign(x) * (1.0 - exp(p * t - t)), q * x + x, t <= 0.9277344);
}

fn erf4(x: vec4<f32>) -> vec4<f32> {
    return vec4<f32>(erf1(x.x), erf1(x.y), erf1(x.z), erf1(x.w));
}

fn finite1(x: f32) -> f32 {
    return select(0.0, x, (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u);
}

fn finite4(x: vec4<f32>) -> vec4<f32> {
    return vec4<f32>(finite1(x.x), finite1(x.y), finite1(x.z), finite1(x.w));
}

fn scramble(bits: u32) -> u32 {
    var x = bits;
    x ^= x >> 16u;
    x *= 0x7feb352du;
    x ^= x >> 15u;
    x *= 0x846ca68bu;
    return x ^ (x >> 16u);
}

fn uniform1(seed: f32, stream: u32, i: u32) -> f32 {
    return f32(scramble(i ^ scramble(stream ^ scramble(u32(seed)))) >> 8u) / 16777216.0;
}

fn uniform4(seed: f32, stream: u32, i: u32) -> vec4<f32> {
    return vec4<f32>(
        uniform1(seed, stream, i),
        uniform1(seed, stream, i + 1u),
        uniform1(seed, stream, i + 2u),
        uniform1(seed, stream, i + 3u),
    );
}
