//! Bits of entropy-coded data, up to the next marker (T.81, F.2.2.5).

use super::Fault;
use super::huffman::{LONGEST, Table};

/// A place in coded data.
pub struct Bits<'a> {
    bytes: &'a [u8],
    /// The next byte to take; at the end of the data, the marker that ends it.
    at: usize,
    /// Bits that have been taken, the next one highest.
    held: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    /// Coded data that begin at byte `at`.
    pub fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, held: 0, count: 0 }
    }

    /// The first byte that has not been taken.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Whether more is left than what fills up a byte: ones (F.1.2.3), or zeros as some have it.
    pub fn has_more(&self) -> bool {
        let filling = self.held.checked_shr(64 - self.count.min(8)).unwrap_or(0);
        let is_filling = filling == 0 || filling == (1 << self.count.min(8)) - 1;
        let next = self.bytes.get(self.at..).unwrap_or_default();
        let at_marker =
            matches!(next, [] | [0xff]) || matches!(next, [0xff, code, ..] if *code != 0);
        self.count >= 8 || !is_filling || !at_marker
    }

    /// Begins again at byte `at`, behind a restart marker.
    pub fn restart(&mut self, at: usize) {
        *self = Self::new(self.bytes, at);
    }

    /// Takes bytes while they fit, `FF 00` as FF; a marker ends the data.
    fn fill(&mut self) {
        while self.count <= 56 {
            let (byte, length) = match self.bytes.get(self.at..) {
                Some([0xff, 0x00, ..]) => (0xff, 2),
                Some([0xff, ..] | []) | None => return,
                Some([byte, ..]) => (*byte, 1),
            };
            self.at += length;
            self.held |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// The next `count` bits, at most 16.
    pub fn take(&mut self, count: u32) -> Result<u32, Fault> {
        if self.count < count {
            self.fill();
        }
        self.count = self.count.checked_sub(count).ok_or(Fault::Cut)?;
        // Shifted in two steps, since none may be wanted.
        let bits = (self.held >> 1) >> (63 - count);
        self.held <<= count;
        Ok(bits as u32)
    }

    /// The next symbol.
    pub fn symbol(&mut self, table: &Table) -> Result<u8, Fault> {
        if self.count < LONGEST {
            self.fill();
        }
        let found = table.find((self.held >> (64 - LONGEST)) as u16);
        let Some((length, symbol)) = found else {
            return Err(if self.count < LONGEST { Fault::Cut } else { Fault::Code });
        };
        self.take(length)?;
        Ok(symbol)
    }
}
