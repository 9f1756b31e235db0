//! Huffman tables (T.81, annex C and F.2.2.3).

use super::Fault;

/// Bits of the longest code.
pub const LONGEST: u32 = 16;
/// Bits of codes that are looked up.
const SHORT: u32 = 9;

/// A table: which symbol each code means.
#[derive(Clone)]
pub struct Table {
    /// Length and symbol by the next [`SHORT`] bits; length 0 where the code is longer.
    short: Box<[(u8, u8)]>,
    /// For each length, one more than its largest code, shifted to [`LONGEST`] bits; and what is
    /// added to a code for its place in `symbols`.
    lengths: [(u32, i32); LONGEST as usize + 1],
    symbols: Vec<u8>,
}

impl Table {
    /// From how many codes there are of each length, and their symbols in order.
    pub fn new(counts: &[u8; LONGEST as usize], symbols: &[u8]) -> Result<Self, Fault> {
        let mut table = Self {
            short: vec![(0, 0); 1 << SHORT].into(),
            lengths: [(0, 0); LONGEST as usize + 1],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut place) = (0_u32, 0_usize);
        for (length, &count) in (1..=LONGEST).zip(counts) {
            let of_length = symbols.get(place..place + usize::from(count)).ok_or(Fault::Unread)?;
            let first = code;
            for &symbol in of_length {
                if length <= SHORT {
                    let free = SHORT - length;
                    let from = (code << free) as usize;
                    let to = table.short.get_mut(from..from + (1 << free)).ok_or(Fault::Unread)?;
                    to.fill((length as u8, symbol));
                }
                code += 1;
            }
            let end = if count == 0 { 0 } else { code << (LONGEST - length) };
            table.lengths[length as usize] = (end, place as i32 - first as i32);
            place += usize::from(count);
            code <<= 1;
        }
        Ok(table)
    }

    /// Length and symbol of the code that the next bits begin with, if it is one.
    pub fn find(&self, next: u16) -> Option<(u32, u8)> {
        let (length, symbol) = self.short[usize::from(next >> (LONGEST - SHORT))];
        if length > 0 {
            return Some((u32::from(length), symbol));
        }
        let next = u32::from(next);
        let length = (SHORT + 1..=LONGEST).find(|&n| next < self.lengths[n as usize].0)?;
        let code = (next >> (LONGEST - length)) as i32;
        let place = usize::try_from(code + self.lengths[length as usize].1).ok()?;
        self.symbols.get(place).map(|&symbol| (length, symbol))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_codes_by_hand() {
        // 0, 10, then eight codes of 11 bits from 110_0000_0000 on.
        let mut counts = [0; 16];
        (counts[0], counts[1], counts[10]) = (1, 1, 8);
        let symbols: Vec<u8> = (1..=10).collect();
        let table = Table::new(&counts, &symbols).ok().unwrap();
        assert_eq!(table.find(0b0111_1111_1111_1111), Some((1, 1)));
        assert_eq!(table.find(0b1011_1111_1111_1111), Some((2, 2)));
        assert_eq!(table.find(0b1100_0000_0001_1111), Some((11, 3)));
        assert_eq!(table.find(0b1100_0000_1110_0000), Some((11, 10)));
        assert_eq!(table.find(0b1100_0001_0000_0000), None);
        assert_eq!(table.find(0xffff), None);
        // More codes than there are symbols, or than fit.
        assert!(Table::new(&counts, &symbols[..9]).is_err());
        counts[0] = 3;
        assert!(Table::new(&counts, &[0; 12]).is_err());
    }
}
