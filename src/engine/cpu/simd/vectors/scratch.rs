//! Memory of a thread's own.

/// Numbers of a cache line.
pub const LINE: usize = 16;

/// Two parts of a buffer, each beginning on a cache line.
pub fn two_of(buffer: &mut Vec<f32>, [first, second]: [usize; 2]) -> (&mut [f32], &mut [f32]) {
    let second_at = first.next_multiple_of(LINE);
    let len = second_at + second + LINE;
    if buffer.len() < len {
        buffer.resize(len, 0.0);
    }
    let skip = buffer.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
    let (d, rest) = buffer[skip..].split_at_mut(second_at);
    (&mut d[..first], &mut rest[..second])
}
