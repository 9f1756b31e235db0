//! Markers and the segments behind them (T.81, annex B).

use super::Fault;

pub const START: u8 = 0xd8;
pub const END: u8 = 0xd9;
pub const SCAN: u8 = 0xda;
pub const TABLES: u8 = 0xc4;
pub const INTERVAL: u8 = 0xdd;
pub const JFIF: u8 = 0xe0;
pub const ADOBE: u8 = 0xee;

/// The first marker from byte `at` on, and where what belongs to it begins. `FF 00` is data, and
/// more than one FF may stand before a code.
pub fn next(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == 0xff)?;
        at += bytes[at..].iter().position(|&byte| byte != 0xff)?;
        at += 1;
        match bytes[at - 1] {
            0 => {}
            code => return Some((code, at)),
        }
    }
}

/// Whether a marker divides coded data.
pub fn is_restart(code: u8) -> bool {
    (0xd0..=0xd7).contains(&code)
}

/// Whether nothing belongs to a marker.
pub fn stands_alone(code: u8) -> bool {
    code == 0x01 || code == START || is_restart(code)
}

/// The segment whose length stands at byte `at`, without the length.
pub fn segment(bytes: &[u8], at: usize) -> Result<&[u8], Fault> {
    let &[high, low] = bytes.get(at..at + 2).ok_or(Fault::Cut)? else { return Err(Fault::Cut) };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length < 2 {
        return Err(Fault::Unread);
    }
    bytes.get(at + 2..at + length).ok_or(Fault::Cut)
}
