//! The blocks of a scan, counted without decoding one (T.81, A.2, F.2.2, G.1).

use super::Fault;
use super::bits::Bits;
use super::frame::{Component, Frame};
use super::huffman::Table;
use super::markers;

/// What a scan codes of each block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Band {
    /// First and last coefficient, in zigzag order.
    pub first: u8,
    pub last: u8,
    /// Whether it is of a progressive frame.
    pub progressive: bool,
    /// Whether it adds a bit to what earlier scans coded.
    pub refines: bool,
}

/// A component in a scan, with its tables.
pub struct Part<'a> {
    /// Which of the frame's.
    pub component: usize,
    pub dc: Option<&'a Table>,
    pub ac: Option<&'a Table>,
}

/// Most bits of a difference of first coefficients, and of another coefficient, of samples of
/// eight bits (F.1.2.1 and F.1.2.2).
const MOST_DC: u8 = 11;
const MOST_AC: u8 = 10;

/// Where a block stands among those of its component.
type Place = usize;

/// Reads a whole scan; returns whether its data go on where none should.
///
/// # Errors
/// The data end before the last block, hold what is no code, or a table is missing.
pub fn read(
    bits: &mut Bits,
    bytes: &[u8],
    frame: &mut Frame,
    parts: &[Part],
    band: Band,
    interval: usize,
) -> Result<bool, Fault> {
    let (mut skipped, mut surplus) = (0, false);
    let mut each = |number: usize, frame: &mut Frame, blocks: &[(usize, Place)]| {
        if interval > 0 && number > 0 && number.is_multiple_of(interval) {
            surplus |= bits.has_more();
            let (code, behind) = markers::next(bytes, bits.at()).ok_or(Fault::Cut)?;
            if !markers::is_restart(code) {
                return Err(Fault::Cut);
            }
            if usize::from(code & 7) != (number / interval - 1) % 8 {
                return Err(Fault::Code);
            }
            bits.restart(behind);
            skipped = 0;
        }
        for &(part, place) in blocks {
            let part = &parts[part];
            let set = &mut frame.components[part.component].set;
            block(bits, part, band, &mut skipped, set.get_mut(place))?;
        }
        Ok(())
    };
    match parts {
        [part] => {
            let (columns, rows, stride) = frame.components[part.component].alone(frame.size);
            for number in 0..columns * rows {
                each(number, frame, &[(0, number / columns * stride + number % columns)])?;
            }
        }
        _ => {
            let (columns, rows) = frame.units();
            let mut blocks = Vec::new();
            for number in 0..columns * rows {
                let unit = (number % columns, number / columns);
                blocks.clear();
                for (part, known) in parts.iter().enumerate() {
                    let component = &frame.components[known.component];
                    blocks.extend(together(component, unit).map(|place| (part, place)));
                }
                each(number, frame, &blocks)?;
            }
        }
    }
    Ok(surplus || bits.has_more())
}

/// The blocks of a component in a unit of several components.
fn together(
    component: &Component,
    (column, row): (usize, usize),
) -> impl Iterator<Item = Place> + use<> {
    let ([across, down], stride) = (component.sampling, component.stride);
    (0..down).flat_map(move |y| {
        (0..across).map(move |x| (row * down + y) * stride + column * across + x)
    })
}

/// Reads a block. `skipped` counts blocks that are empty from here on; `set` has a bit for each
/// coefficient that is not zero, where later scans need it.
fn block(
    bits: &mut Bits,
    part: &Part,
    band: Band,
    skipped: &mut u32,
    set: Option<&mut u64>,
) -> Result<(), Fault> {
    let Band { first, last, progressive, refines } = band;
    if first == 0 {
        if refines {
            return bits.take(1).map(drop);
        }
        let size = bits.symbol(part.dc.ok_or(Fault::Unread)?)?;
        sized(bits, size, MOST_DC)?;
        if progressive {
            return Ok(());
        }
    }
    let table = part.ac.ok_or(Fault::Unread)?;
    match (progressive, set) {
        (false, _) => sequential(bits, table),
        (true, Some(set)) if refines => refined(bits, table, [first, last], skipped, set),
        (true, Some(set)) => banded(bits, table, [first, last], skipped, set),
        (true, None) => Err(Fault::Unread),
    }
}

/// The 63 coefficients behind the first (F.2.2.2).
fn sequential(bits: &mut Bits, table: &Table) -> Result<(), Fault> {
    let mut k = 1;
    while k < 64 {
        let symbol = bits.symbol(table)?;
        match (symbol >> 4, symbol & 15) {
            (15, 0) => k += 16,
            (_, 0) => break,
            (run, size) => {
                sized(bits, size, MOST_AC)?;
                k += run + 1;
                within(k - 1, 63)?;
            }
        }
    }
    Ok(())
}

/// Takes the bits of a coefficient.
fn sized(bits: &mut Bits, size: u8, most: u8) -> Result<(), Fault> {
    within(size, most)?;
    bits.take(u32::from(size)).map(drop)
}

/// Whether a coefficient is one of its band, or a number of bits one that there can be.
fn within(k: u8, last: u8) -> Result<(), Fault> {
    if k <= last { Ok(()) } else { Err(Fault::Code) }
}

/// How many blocks follow that are empty, this one among them (G.1.2.2).
fn empty(bits: &mut Bits, run: u8) -> Result<u32, Fault> {
    Ok((1 << run) + bits.take(u32::from(run))?)
}

/// Coefficients of a band for the first time (G.1.2.2).
fn banded(
    bits: &mut Bits,
    table: &Table,
    [first, last]: [u8; 2],
    skipped: &mut u32,
    set: &mut u64,
) -> Result<(), Fault> {
    if *skipped > 0 {
        *skipped -= 1;
        return Ok(());
    }
    let mut k = first;
    while k <= last {
        let symbol = bits.symbol(table)?;
        match (symbol >> 4, symbol & 15) {
            (15, 0) => k += 16,
            (run, 0) => {
                *skipped = empty(bits, run)? - 1;
                break;
            }
            (run, size) => {
                sized(bits, size, MOST_AC)?;
                within(k + run, last)?;
                *set |= bit(k + run);
                k += run + 1;
            }
        }
    }
    Ok(())
}

/// One more bit of coefficients that are set, and new ones among them (G.1.2.3).
fn refined(
    bits: &mut Bits,
    table: &Table,
    [first, last]: [u8; 2],
    skipped: &mut u32,
    set: &mut u64,
) -> Result<(), Fault> {
    let mut k = first;
    while *skipped == 0 && k <= last {
        let symbol = bits.symbol(table)?;
        let (mut zeros, new) = (symbol >> 4, symbol & 15 != 0);
        if new {
            bits.take(1)?;
        } else if zeros < 15 {
            *skipped = empty(bits, zeros)?;
            break;
        }
        while k <= last {
            if *set & bit(k) != 0 {
                bits.take(1)?;
            } else if zeros == 0 {
                break;
            } else {
                zeros -= 1;
            }
            k += 1;
        }
        if new {
            within(k, last)?;
            *set |= bit(k);
        }
        k += 1;
    }
    if *skipped > 0 {
        let rest = (k..=last).filter(|&k| *set & bit(k) != 0).count();
        (0..rest).try_for_each(|_| bits.take(1).map(drop))?;
        *skipped -= 1;
    }
    Ok(())
}

/// The bit of a coefficient; none beyond the last.
fn bit(k: u8) -> u64 {
    1_u64.checked_shl(u32::from(k)).unwrap_or(0)
}
