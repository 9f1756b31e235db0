// From single to half precision where a tensor is stored in 16 bits. What is too large becomes an
// infinity by its bits, whatever way the device rounds, so that an overflow shows in every sum
// that takes it in.

enable f16;

fn narrow1(x: f32) -> f16 {
    return f16(select(x, number(0x7f800000u), abs(x) > 65504.0));
}

fn narrow4(x: vec4<f32>) -> vec4<f16> {
    let infinity = vec4<f32>(number(0x7f800000u));
    return vec4<f16>(select(x, infinity, abs(x) > vec4<f32>(65504.0)));
}
