//! What a JPEG file holds, read without decoding a pixel (ITU-T T.81): whether every scan has all
//! of its blocks, where the picture ends, what its colours are.
//!
//! A decoder fills up with grey what is missing, and does not say so: here blocks are counted.

mod bits;
mod colour;
mod frame;
mod huffman;
mod markers;
mod scan;

use bits::Bits;
use colour::Signs;
use frame::{Frame, MOST_COMPONENTS};
use huffman::{LONGEST, Table};
use scan::{Band, Part};

/// Scans of a picture; more only cost time.
const MOST_SCANS: usize = 128;

/// Why a file is no whole picture, or is not judged here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Coded data, or the file, end too early.
    Cut,
    /// Bits that are no code.
    Code,
    /// Decoding would take so many bytes, which are too many.
    Large(u64),
    /// Something that is left to the decoder.
    Unread,
}

/// What is odd about a picture that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// The marker at its end is missing.
    NoEnd,
    /// Scans of a progressive picture are missing that would make it finer.
    Coarse,
    /// Coded data go on behind the last block.
    Surplus,
}

impl std::fmt::Display for Doubt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Doubt::NoEnd => "the marker at the end of the file is missing",
            Doubt::Coarse => "the last scans are missing, which would make it finer",
            Doubt::Surplus => "its coded data go on behind its last block, as damaged ones do",
        })
    }
}

/// A picture that is whole, or nearly so.
#[derive(Debug)]
pub struct Whole {
    /// The file up to the picture's end, its colours told as a decoder takes them.
    pub bytes: Vec<u8>,
    /// What is odd about it.
    pub doubt: Option<Doubt>,
    /// Bytes that decoding takes.
    pub memory: u64,
}

/// Reads a file whose decoding may take `most` bytes.
///
/// # Errors
/// It is no whole picture, too large, or not one that can be judged here.
pub fn read(bytes: &[u8], most: u64) -> Result<Whole, Fault> {
    let mut reader = Reader { most, ..Reader::default() };
    let mut at = 2;
    let (end, unended) = loop {
        let Some((code, behind)) = markers::next(bytes, at) else { break (bytes.len(), true) };
        if code == markers::END {
            break (behind, false);
        }
        at = reader.marker(bytes, code, behind)?;
    };
    let frame = reader.frame.as_ref().ok_or(Fault::Cut)?;
    let doubt = match (frame.begun(), frame.finished(), unended) {
        (true, true, true) => Some(Doubt::NoEnd),
        (true, true, false) => reader.surplus.then_some(Doubt::Surplus),
        (true, false, false) => Some(Doubt::Coarse),
        (true, false, true) | (false, ..) => return Err(Fault::Cut),
    };
    let mut whole = reader.told(bytes, end, frame);
    if unended {
        whole.extend([0xff, markers::END]);
    }
    Ok(Whole { bytes: whole, doubt, memory: frame.memory() })
}

/// What has been read of a file.
#[derive(Default)]
struct Reader {
    most: u64,
    frame: Option<Frame>,
    dc: [Option<Table>; MOST_COMPONENTS],
    ac: [Option<Table>; MOST_COMPONENTS],
    /// Units between restart markers; 0 without them.
    interval: usize,
    scans: usize,
    /// Whether coded data went on behind a last block.
    surplus: bool,
    signs: Signs,
    /// Adobe's segments, with their markers.
    adobe: Vec<std::ops::Range<usize>>,
    /// Where components are named, in frame and scans.
    names: Vec<usize>,
}

impl Reader {
    /// Reads what belongs to a marker, which begins at byte `at`; returns where it ends.
    fn marker(&mut self, bytes: &[u8], code: u8, at: usize) -> Result<usize, Fault> {
        if markers::stands_alone(code) {
            return Ok(at);
        }
        let segment = markers::segment(bytes, at)?;
        let end = at + 2 + segment.len();
        match code {
            markers::TABLES => self.tables(segment)?,
            markers::INTERVAL => {
                let &[high, low, ..] = segment else { return Err(Fault::Unread) };
                self.interval = usize::from(u16::from_be_bytes([high, low]));
            }
            markers::JFIF => self.signs.jfif |= segment.starts_with(b"JFIF\0"),
            markers::ADOBE => {
                if let Some(transform) = colour::adobe(segment) {
                    self.signs.adobe = Some(transform);
                    self.adobe.push(at - 2..end);
                }
            }
            0xc0..=0xc2 if self.frame.is_none() => {
                let frame = Frame::parse(segment, code == 0xc2)?;
                if frame.memory() > self.most {
                    return Err(Fault::Large(frame.memory()));
                }
                self.names.extend((0..frame.components.len()).map(|k| at + 8 + 3 * k));
                self.frame = Some(frame);
            }
            // Arithmetic coding, lossless, hierarchical; a second frame.
            0xc0..=0xcf if code != 0xc8 => return Err(Fault::Unread),
            markers::SCAN => return self.scan(bytes, segment, end),
            _ => {}
        }
        Ok(end)
    }

    fn tables(&mut self, mut segment: &[u8]) -> Result<(), Fault> {
        while let Some((head, rest)) = segment.split_first_chunk::<{ 1 + LONGEST as usize }>() {
            let [class_and_place, counts @ ..] = head;
            let count = counts.iter().map(|&count| usize::from(count)).sum();
            let symbols = rest.get(..count).ok_or(Fault::Unread)?;
            let tables = if class_and_place >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            let place = tables.get_mut(usize::from(class_and_place & 15)).ok_or(Fault::Unread)?;
            *place = Some(Table::new(counts, symbols)?);
            segment = &rest[count..];
        }
        Ok(())
    }

    fn scan(&mut self, bytes: &[u8], segment: &[u8], at: usize) -> Result<usize, Fault> {
        let frame = self.frame.as_mut().ok_or(Fault::Unread)?;
        self.scans += 1;
        let (&count, rest) = segment.split_first().ok_or(Fault::Unread)?;
        let count = usize::from(count);
        let Some((own, &[first, last, bits, ..])) = rest.split_at_checked(2 * count) else {
            return Err(Fault::Unread);
        };
        let progressive = frame.progressive;
        let [first, last] = if progressive { [first, last] } else { [0, 63] };
        let band = Band { first, last, progressive, refines: progressive && bits >> 4 != 0 };
        let alone = !progressive || first == 0 || count == 1;
        if self.scans > MOST_SCANS || first > last || last > 63 || !alone {
            return Err(Fault::Unread);
        }
        self.names.extend((0..count).map(|k| at - rest.len() + 2 * k));
        let mut parts = Vec::new();
        for &[id, tables] in own.as_chunks::<2>().0 {
            let component = frame.components.iter().position(|known| known.id == id);
            let component = component.ok_or(Fault::Unread)?;
            let band = usize::from(first)..=usize::from(last);
            frame.components[component].missing[band].fill(Some(if progressive {
                bits & 15
            } else {
                0
            }));
            frame.remember(component);
            let dc = self.dc.get(usize::from(tables >> 4)).and_then(Option::as_ref);
            let ac = self.ac.get(usize::from(tables & 15)).and_then(Option::as_ref);
            parts.push(Part { component, dc, ac });
        }
        if parts.is_empty() || parts.len() > MOST_COMPONENTS {
            return Err(Fault::Unread);
        }
        let mut bits = Bits::new(bytes, at);
        self.surplus |= scan::read(&mut bits, bytes, frame, &parts, band, self.interval)?;
        Ok(bits.at())
    }

    /// The file up to `end`, with its colours told by Adobe's segment and by nothing else.
    fn told(&self, bytes: &[u8], end: usize, frame: &Frame) -> Vec<u8> {
        let mut told = bytes[..2].to_vec();
        let transform = self.signs.transform(&frame.components);
        told.extend(transform.map(colour::segment).unwrap_or_default());
        // Their names would tell the decoder that they are red, green and blue.
        let renamed = transform == Some(1)
            && frame.components.iter().map(|component| component.id).eq(colour::RGB);
        let mut from = 2;
        let mut rest = bytes[..end].to_vec();
        for &at in self.names.iter().filter(|_| renamed) {
            rest[at] = 1 + colour::RGB.iter().position(|&id| id == rest[at]).unwrap_or(0) as u8;
        }
        for own in &self.adobe {
            told.extend(&rest[from..own.start]);
            from = own.end;
        }
        told.extend(&rest[from..]);
        told
    }
}

#[cfg(test)]
mod tests;
